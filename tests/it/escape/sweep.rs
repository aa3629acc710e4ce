//! "Front and keeper killed at once is closed by the next run's sweep": by the next one that can see what is left.

use super::endings::kill_both;
use super::matrix::can_hold;
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::room::daemon_test;
use crate::support::run::Run;
use crate::support::scene::{Ended, Scene};
use std::ffi::OsString;
use std::fs;
use std::process::{Command, Stdio};

/// Goes on from a run of which everything of guardrun's was killed, and a daemon is left, at the levels where that leaves it.
fn killed_at_each_level(go_on: impl Fn(&Bench, &str, &mut Scene)) {
    let bench = Bench::new();
    for level in ["cgroup", "subreaper"] {
        if !can_hold(&bench, User::present(), level) {
            continue;
        }
        let mut scene = Run::held(&bench, User::present(), level)
            .with_a_later_run()
            .plays("session", "wait", &[])
            .start();
        scene.wait_until_ready().expect("the suite is there");
        kill_both(&scene).expect("both can be killed");
        go_on(&bench, level, &mut scene);
    }
}

/// A guardrun in a container or in another run's pid namespace shares the directory of the records and sees none of the
/// processes that they are about. To forget a run that it cannot see would leave its processes for ever.
#[test]
fn a_guardrun_in_another_pid_namespace_does_not_forget_what_it_cannot_see() {
    daemon_test(|| {
        killed_at_each_level(|bench, level, scene| {
            let records = scene.place().join("runtime");
            let elsewhere = guardrun_in_a_room_of_its_own(bench, records.into_os_string());
            assert!(elsewhere, "the other guardrun passes");
            let ended = scene.run_again();
            assert_eq!(ended, Some(Ended::Exited(0)), "{}", scene.report(level));
            scene.must_become_empty(level);
        });
    });
}

/// The record goes with what it was about: a run that is swept is swept once.
#[test]
fn the_next_guardrun_says_what_it_has_ended_and_the_one_after_has_nothing_to_say() {
    daemon_test(|| {
        killed_at_each_level(|_, level, scene| {
            assert_eq!(scene.run_again(), Some(Ended::Exited(0)), "at {level}");
            let said = scene.text("err");
            assert!(
                said.contains("leftover processes of run") && said.contains("play session"),
                "at {level}: {said}"
            );
            scene.empty_within(PATIENCE).expect("nothing is left");
            let records = scene.place().join("runtime/guardrun");
            let left = fs::read_dir(records).expect("records").flatten();
            let left: Vec<_> = left.map(|entry| entry.file_name()).collect();
            assert_eq!(left, ["finished"], "at {level}");
        });
    });
}

/// Runs `guardrun -- true` in a pid namespace beside the run's, with the same records; whether it passed.
fn guardrun_in_a_room_of_its_own(bench: &Bench, records: OsString) -> bool {
    let mut room = Command::new(bench.actor())
        .args(["room", "--"])
        .arg(bench.guardrun())
        .args(["--quiet", "--", "true"])
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("XDG_RUNTIME_DIR", records)
        .stdin(Stdio::piped())
        .spawn()
        .expect("a room can be started");
    let leash = room.stdin.take();
    let status = room.wait().expect("a child can be waited for");
    drop(leash);
    status.success()
}

/// One that forks and leaves again and again may be between two lives at any one look; the sweep looks more than once.
#[test]
fn what_is_never_the_same_process_twice_is_swept_too() {
    daemon_test(|| {
        let bench = Bench::new();
        for _ in 0..12 {
            let mut scene = Run::held(&bench, User::present(), "subreaper")
                .with_a_later_run()
                .plays("moving-target", "wait", &[])
                .start();
            scene.wait_until_ready().expect("the suite is there");
            kill_both(&scene).expect("both can be killed");
            assert_eq!(scene.run_again(), Some(Ended::Exited(0)));
            if let Err(left) = scene.empty_within(PATIENCE) {
                panic!("{}", scene.report(&format!("left: {left:#?}")));
            }
        }
    });
}
