//! An audit changes nothing about how a run ends: whoever dies, nothing of it is left, also where processes stand still because
//! they are traced.

use super::Seen;
use crate::escape::matrix::{at_every_level, can_hold};
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::gate;
use crate::support::proc;
use crate::support::room::daemon_test;
use crate::support::run::{LEVELS, Run};
use crate::support::scene::Ended;
use crate::terminal::{
    find, interactive_shell, leave, suite_line, wait_for_foreground, wait_until,
};
use std::time::Duration;

/// Forks, executes and dies for as long as it lives, with something deaf and something in a session of its own beside it.
const BUSY: &str = "(trap '' TERM INT; while :; do sleep 1; done) & setsid sh -c 'while :; do /bin/true; done' & \
    echo ready > ../news; i=0; while [ $i -lt 20000 ]; do (/bin/true); i=$((i+1)); done";

#[test]
fn a_suite_whose_front_is_killed_is_gone() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            for _ in 0..3 {
                let run = Run::held(bench, user, level).audited();
                let mut scene = run.suite(["sh", "-c", BUSY]).start();
                scene.wait_until_ready().expect("the suite is busy");
                scene.front().expect("the front").signal(libc::SIGKILL);
                scene.must_become_empty(&format!("{level} as {user:?}"));
            }
        });
    });
}

#[test]
fn a_suite_whose_keeper_is_killed_is_gone() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let run = Run::held(bench, user, level).audited();
            let mut scene = run.suite(["sh", "-c", BUSY]).start();
            scene.wait_until_ready().expect("the suite is busy");
            scene.keeper().expect("the keeper").signal(libc::SIGKILL);
            let ended = scene.wait_for_end();
            assert_eq!(ended, Some(Ended::Exited(52)), "{}", scene.report(level));
            scene.must_become_empty(&format!("{level} as {user:?}"));
        });
    });
}

/// A front that is stopped looks at nobody: the suite stands still where it was to be looked at, and dies with it.
#[test]
fn what_stands_still_before_a_front_that_is_stopped_dies_with_it() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let run = Run::held(bench, user, level).audited();
            let mut scene = run.suite(["sh", "-c", BUSY]).start();
            scene.wait_until_ready().expect("the suite is busy");
            let front = scene.front().expect("the front");
            front.signal(libc::SIGSTOP);
            assert!(front.stops_within(PATIENCE));
            assert_eq!(scene.wait_for_end_within(Duration::from_millis(300)), None);
            scene.front().expect("the front").signal(libc::SIGKILL);
            scene.must_become_empty(&format!("{level} as {user:?}"));
        });
    });
}

#[test]
fn a_limit_ends_what_is_traced_and_it_is_told_who_did_it() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let run = Run::held(bench, user, level).audited();
            let run = run.option(["--timeout", "500ms", "--grace", "100ms"]);
            let mut scene = run.suite(["sh", "-c", BUSY]).start();
            let ended = scene.wait_for_end();
            assert_eq!(ended, Some(Ended::Exited(48)), "{}", scene.report(level));
            scene.must_become_empty(&format!("{level} as {user:?}"));
            let seen = Seen::of(&scene.place().join("work/events"));
            assert_eq!(
                seen.count("start"),
                seen.count("exit"),
                "{level} as {user:?}"
            );
            let killed = seen.all("exit").filter(|it| it["by_guardrun"] == true);
            assert!(killed.count() >= 2, "{level} as {user:?}");
            assert_eq!(seen.0.last().unwrap()["verdicts"][0], "timed-out");
        });
    });
}

/// "The whole Ctrl-Z / fg / Ctrl-C cycle works", under a shell.
#[test]
fn ctrl_z_and_fg_and_ctrl_c_reach_a_suite_that_is_traced() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in LEVELS {
            if !can_hold(&bench, User::present(), level) {
                continue;
            }
            let Some((mut shell, mut pty)) = interactive_shell(&bench) else {
                return;
            };
            let suite = suite_line(&bench, &shell, "play nothing --then wait --life 100");
            let guardrun = bench.guardrun().display().to_string();
            pty.keys(&format!("{guardrun} audit -q --level {level} -- {suite}\n"));
            let ready = shell.news.wait_for(&["ready"], PATIENCE);
            assert_eq!(ready.as_deref(), Some("ready"), "{}", pty.text());
            let leader = find(&shell, " play nothing");
            for _ in 0..3 {
                pty.keys("\x1a");
                pty.wait_for("Stopped")
                    .expect("the shell sees its job stop");
                // One that is traced and stopped shows `t`.
                wait_until("the suite is stopped", || {
                    matches!(proc::state(leader), Some('T' | 't'))
                });
                pty.keys("fg\n");
                wait_for_foreground(&mut pty, leader);
                wait_until("it goes on", || proc::state(leader) == Some('S'));
            }
            pty.keys("\x03");
            pty.keys("echo status=$?\n");
            pty.wait_for("status=130").expect("it died of SIGINT");
            leave(shell, pty);
        }
    });
}

#[test]
fn a_command_that_cannot_be_executed_is_told_as_ever() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let run = Run::held(bench, user, level).audited();
            let mut scene = run.suite(["/nowhere/to/be/found"]).start();
            let ended = scene.wait_for_end();
            assert_eq!(ended, Some(Ended::Exited(127)), "{}", scene.report(level));
            // The front looks to the end, also when the run is none: else the keeper could not leave.
            let seen = Seen::of(&scene.place().join("work/events"));
            let ends: Vec<_> = seen.all("exit").map(|it| it["code"].clone()).collect();
            assert_eq!(ends, [127], "{level} as {user:?}: {seen:?}");
        });
    });
}

/// "Where tracing is forbidden … the audit is refused with 42 and a remedy, and nothing runs." Here a tracer has it already.
#[test]
fn where_it_cannot_trace_an_audit_is_refused_with_a_remedy_and_nothing_runs() {
    daemon_test(|| {
        let hall = super::Hall::new();
        let work = hall.place.join("work");
        let output = std::process::Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=execve"])
            .arg(hall.bench.guardrun())
            .args(["audit", "--events", "events", "--", "touch", "started"])
            .current_dir(&work)
            .env("XDG_RUNTIME_DIR", hall.place.join("runtime"))
            .output();
        let Ok(output) = output else {
            return gate::skip("an audit inside strace", "there is no strace here");
        };
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(42), "{err}");
        assert!(
            err.contains("trace the suite") && err.contains("hint: "),
            "{err}"
        );
        assert!(!work.join("started").exists(), "{err}");
        assert_eq!(Seen::of(&work.join("events")).0.len(), 0);
    });
}
