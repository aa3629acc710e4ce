//! "Nothing lost against an independent count": the suite itself counts, and so does strace where there is one.

use super::{Hall, Seen};
use crate::escape::matrix::{can_hold, users};
use crate::support::bench::Bench;
use crate::support::gate;
use crate::support::room::{daemon_test, daemon_test_within};
use crate::support::run::{LEVELS, Run};
use crate::support::scene::Ended;
use std::collections::BTreeSet;
use std::time::Duration;

/// Each of 4 × 150 subshells, and each child of every third of them, leaves a byte; others only execute something.
const FORKS: &str = "for w in 1 2 3 4; do ( i=0; while [ $i -lt 150 ]; do \
    ( printf . >> count; if [ $((i % 3)) = 0 ]; then ( printf . >> count ) & fi; if [ $((i % 5)) = 0 ]; then /bin/true; fi; wait ) & \
    if [ $((i % 10)) = 9 ]; then wait; fi; i=$((i+1)); done; wait ) & done; wait; exit 3";
/// Those that leave a byte, and those that do not: the leader, the four, and who executes `true`.
const BYTES: usize = 4 * (150 + 50);
const OTHERS: usize = 1 + 4 + 4 * 30;

#[test]
fn nothing_is_lost_of_a_suite_that_forks_a_lot_at_any_level() {
    daemon_test(|| {
        let bench = Bench::new();
        for user in users() {
            for level in LEVELS {
                if !can_hold(&bench, user, level) {
                    continue;
                }
                let run = Run::held(&bench, user, level).audited();
                let mut scene = run.suite(["sh", "-c", FORKS]).start();
                let ended = scene.wait_for_end();
                assert_eq!(ended, Some(Ended::Exited(3)), "{}", scene.report(level));
                let work = scene.place().join("work");
                let bytes = std::fs::read(work.join("count")).expect("the count").len();
                let seen = Seen::of(&work.join("events"));
                assert_eq!(bytes, BYTES, "{level} as {user:?}");
                for event in ["start", "exit"] {
                    assert_eq!(
                        seen.count(event),
                        BYTES + OTHERS,
                        "{event} at {level} as {user:?}"
                    );
                }
                assert_eq!(seen.count("exec"), 1 + 4 * 30, "{level} as {user:?}");
                let pids: BTreeSet<u64> = seen
                    .all("start")
                    .filter_map(|it| it["id"].as_u64())
                    .collect();
                assert_eq!(pids.len(), BYTES + OTHERS, "numbers are used once");
                let orphans = seen
                    .all("start")
                    .filter(|it| it["parent"].is_null())
                    .count();
                assert_eq!(orphans, 1, "everybody but the first has a parent");
            }
        }
    });
}

#[test]
fn strace_sees_as_many() {
    daemon_test(|| {
        let hall = Hall::new();
        let ran = hall.audit(&[], &["sh", "-c", FORKS]);
        let trace = hall.place.join("trace");
        let traced = std::process::Command::new("strace")
            .args(["-f", "-qq", "-e", "trace=process", "-o"])
            .arg(&trace)
            .args(["sh", "-c", FORKS])
            .current_dir(hall.place.join("tmp"))
            .status();
        if !traced.is_ok_and(|status| status.code() == Some(3)) {
            return gate::skip(
                "strace_sees_as_many",
                "there is no strace here, or it may not trace",
            );
        }
        let text = std::fs::read_to_string(trace).expect("a trace");
        let pids: BTreeSet<&str> = text
            .lines()
            .filter_map(|line| line.split(' ').next())
            .collect();
        assert_eq!(ran.seen.count("start"), pids.len());
    });
}

#[test]
fn five_thousand_processes_are_seen_each_with_its_end() {
    daemon_test_within(Duration::from_secs(900), || {
        let hall = Hall::new();
        let script = "i=0; while [ $i -lt 5000 ]; do (:) & if [ $((i % 50)) = 49 ]; then wait; fi; i=$((i+1)); done; wait";
        let ran = hall.audit(&["-q"], &["sh", "-c", script]);
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        assert_eq!(
            (ran.seen.count("start"), ran.seen.count("exit")),
            (5001, 5001)
        );
    });
}

/// A guardrun that was executed in place of a shell with a child of its own has that one's zombie among its children for ever.
#[test]
fn somebody_elses_dead_child_hides_nothing() {
    daemon_test(|| {
        let hall = Hall::new();
        let events = hall.place.join("work/events");
        let line = "/bin/true & exec \"$GUARDRUN\" audit -q --events events -- sh -c \"$FORKS\"";
        let status = std::process::Command::new("sh")
            .args(["-c", line])
            .env("GUARDRUN", hall.bench.guardrun())
            .env("FORKS", FORKS)
            .env("XDG_RUNTIME_DIR", hall.place.join("runtime"))
            .current_dir(hall.place.join("work"))
            .status();
        assert_eq!(status.expect("a shell").code(), Some(3));
        let seen = Seen::of(&events);
        for event in ["start", "exit"] {
            assert_eq!(seen.count(event), BYTES + OTHERS, "{event}");
        }
    });
}
