//! A record that cannot be written, or not to its end, changes nothing about the run, and is said once.

use super::{POLICY, records_in};
use crate::locks::ground::{Ground, lay_over};
use crate::support::bench::User;
use crate::support::gate;
use crate::support::room::daemon_test;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};

/// A disk that is full already, and one that becomes full while the suite runs.
#[test]
fn a_full_disk_changes_no_verdict_and_is_said_once() {
    daemon_test(|| {
        if User::present() != User::Root {
            return gate::skip("a full disk", "it takes root to lay one out");
        }
        let policy = format!(
            "{POLICY}
    [suite.filling]
    command = [\"sh\", \"-c\", \"cat /dev/zero > $XDG_RUNTIME_DIR/stuffing; exit 3\"]\n"
        );
        let ground = Ground::new(&policy);
        assert!(
            lay_over(&ground.runtime(), "64k"),
            "a disk can be laid over"
        );
        // Made so long that the record's first block ends in the middle of the last event.
        let long = |length: usize| "x".repeat(length);
        assert!(
            ground
                .run(&["run", "short", "--", &long(2_000)])
                .status
                .success()
        );
        let finished = ground.records().join("finished");
        let text =
            fs::read_to_string(finished.join(&records_in(finished.clone())[0])).expect("a record");
        let before_ending = text.find("{\"at_ms\":").map_or(0, |_| {
            text.lines()
                .take(3)
                .map(|line| line.len() + 1)
                .sum::<usize>()
        });
        let extra = "sh -c cat /dev/zero > $XDG_RUNTIME_DIR/stuffing; exit 3".len()
            + "filling".len()
            - "true".len()
            - "short".len();
        let done = ground.run(&[
            "run",
            "filling",
            "--",
            &long(2_000 + 4_096 - 80 - before_ending - extra),
        ]);
        let err = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(3), "{err}");
        assert_eq!(
            err.matches("the record of this run is not complete")
                .count(),
            1,
            "{err}"
        );
        let logs = ground.run(&["logs"]);
        assert!(logs.status.success(), "{logs:?}");
        let told = String::from_utf8_lossy(&logs.stdout);
        assert!(
            told.contains("held") && told.contains("cut-short"),
            "{told}"
        );
        let done = ground.run(&["run", "short"]);
        assert_eq!(done.status.code(), Some(0), "{done:?}");
    });
}

/// In a directory that is somebody's trap the record is not written, and nothing of the trap is touched.
#[test]
fn a_directory_of_records_that_is_a_trap_is_not_used() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        let (ours, trap) = (
            ground.runtime().join("guardrun"),
            ground.runtime().join("trap"),
        );
        fs::create_dir(&trap).expect("a directory");
        symlink(&trap, &ours).expect("a link");
        assert_eq!(ground.run(&["run", "short"]).status.code(), Some(0));
        assert_eq!(
            fs::read_dir(&trap).expect("the trap").count(),
            0,
            "a link was followed"
        );
        fs::remove_file(&ours).expect("the link");
        fs::write(&ours, "mine").expect("a file");
        assert_eq!(ground.run(&["run", "short"]).status.code(), Some(0));
        assert_eq!(fs::read(&ours).expect("the file"), b"mine");
        fs::remove_file(&ours).expect("the file");
        fs::create_dir(&ours).expect("a directory");
        fs::set_permissions(&ours, Permissions::from_mode(0o777)).expect("a mode");
        assert_eq!(ground.run(&["run", "short"]).status.code(), Some(0));
        assert_eq!(fs::read_dir(&ours).expect("the directory").count(), 0);
        // A record that is no record goes, and nobody is touched for it.
        fs::set_permissions(&ours, Permissions::from_mode(0o700)).expect("a mode");
        fs::write(
            ours.join("00ff00ff00ff.jsonl"),
            "{\"front\":{\"pid\":1,\"start\":0}}\n",
        )
        .expect("a file");
        assert_eq!(ground.run(&["run", "short"]).status.code(), Some(0));
        assert!(!ours.join("00ff00ff00ff.jsonl").exists());
    });
}
