//! Hostile and broken directories: a lock that cannot be taken is never done without, and a record that cannot be written
//! changes nothing about the run.

use super::ground::{Ground, lay_over};
use crate::support::bench::User;
use crate::support::gate;
use crate::support::room::daemon_test;
use nix::unistd::{Gid, Uid, chown};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

const POLICY: &str = r#"
    [suite.locked]
    command = ["touch", "ran"]
    lock = { name = "one", scope = "repository" }
    [suite.free]
    command = ["true"]
"#;

const RUN: &str = "/run";
const OURS: &str = "/run/guardrun";

/// What may be wrong with the directory, how it comes about, and what is said.
type Wrong = (&'static str, fn(), &'static str);

const WRONG: [Wrong; 7] = [
    (
        "a link",
        || symlink("/tmp", OURS).expect("a link"),
        "is a symbolic link",
    ),
    (
        "a file",
        || fs::write(OURS, "").expect("a file"),
        "is not a directory",
    ),
    (
        "somebody else's",
        || {
            fs::create_dir(OURS).expect("a directory");
            chown(OURS, Some(Uid::from_raw(4242)), Some(Gid::from_raw(4242))).expect("chown");
        },
        "belongs to user 4242",
    ),
    (
        "open to all",
        || {
            fs::create_dir(OURS).expect("a directory");
            fs::set_permissions(OURS, fs::Permissions::from_mode(0o777)).expect("a mode");
        },
        "can be written by others",
    ),
    (
        "a link below",
        || {
            fs::create_dir(OURS).expect("a directory");
            symlink("/tmp", Path::new(OURS).join("locks")).expect("a link");
        },
        "is a symbolic link",
    ),
    (
        "a file below",
        || {
            fs::create_dir(OURS).expect("a directory");
            fs::write(Path::new(OURS).join("locks"), "").expect("a file");
        },
        "is not a directory",
    ),
    (
        "a full disk",
        || {
            fs::create_dir(OURS).expect("a directory");
            let _ = fs::write(Path::new(RUN).join("stuffing"), vec![1; 1 << 20]);
        },
        "No space left",
    ),
];

#[test]
fn a_lock_that_cannot_be_taken_is_not_done_without() {
    daemon_test(|| {
        if User::present() != User::Root {
            return gate::skip("hostile lock directories", "it takes root to lay one out");
        }
        for (what, make, said) in WRONG {
            assert!(
                lay_over(Path::new(RUN), "64k"),
                "a filesystem can be laid over"
            );
            make();
            let ground = Ground::among_the_machines_own(POLICY);
            let done = ground.run(&["run", "locked"]);
            let err = String::from_utf8_lossy(&done.stderr);
            assert_eq!(done.status.code(), Some(43), "{what}: {err}");
            assert!(err.contains(said), "{what}: {err}");
            assert!(err.contains("hint: "), "{what}: {err}");
            assert!(
                !ground.work().join("ran").exists(),
                "{what}: it ran unlocked"
            );
            // A suite without a lock runs all the same.
            let done = ground.run(&["run", "free"]);
            assert_eq!(done.status.code(), Some(0), "{what}: {done:?}");
        }
    });
}

/// The twin: where nothing is wrong the lock is there, below a directory that did not exist.
#[test]
fn a_lock_makes_its_directory() {
    daemon_test(|| {
        if User::present() != User::Root {
            return gate::skip("a new lock directory", "it takes root to lay one out");
        }
        assert!(lay_over(Path::new(RUN), "64k"));
        let ground = Ground::among_the_machines_own(POLICY);
        assert_eq!(ground.run(&["run", "locked"]).status.code(), Some(0));
        let mode = fs::metadata(Path::new(OURS).join("locks"))
            .expect("it is there")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700);
    });
}

/// Two runs with different environments look in one place.
#[test]
fn another_runtime_directory_is_no_way_round_a_lock() {
    daemon_test(|| {
        let ground = Ground::new(
            "[suite.s]\ncommand=['ACTOR','alone','WITNESS','60000','--life','LIFE']\nlock={scope='repository'}",
        );
        let _holder = ground.start(&["run", "s"]);
        ground.wait_until_noted("in", 1);
        let elsewhere = ground.runtime().join("elsewhere");
        fs::create_dir(&elsewhere).expect("a directory");
        for runtime in [Some(elsewhere.as_path()), None] {
            let mut second = ground.guardrun(&["run", "s"]);
            match runtime {
                Some(path) => second.env("XDG_RUNTIME_DIR", path),
                None => second.env_remove("XDG_RUNTIME_DIR"),
            };
            let done = second.output().expect("guardrun can be run");
            assert_eq!(done.status.code(), Some(43), "{done:?}");
        }
        assert_eq!(ground.noted("overlap"), 0);
    });
}
