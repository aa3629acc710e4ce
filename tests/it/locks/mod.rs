//! One at a time: locks of suites.

mod attempts;
mod crowd;
mod death;
pub(crate) mod ground;
mod places;

use crate::support::PATIENCE;
use crate::support::room::daemon_test;
use ground::{Ended, Ground};
use serde_json::Value;
use std::time::{Duration, Instant};

/// A suite that lasts until it is ended, one that ends at once, and one of another lock.
const POLICY: &str = r#"
    [suite.long]
    command = ["ACTOR", "alone", "WITNESS", "60000", "--life", "LIFE"]
    lock = { name = "one", scope = "repository" }
    [suite.short]
    command = ["ACTOR", "alone", "WITNESS", "1", "--life", "LIFE"]
    lock = { name = "one", scope = "repository", when-busy = "replace", wait = "1s" }
    [suite.other]
    command = ["true"]
    lock = { name = "two", scope = "repository" }
    [suite.nested]
    command = ["sh", "-c", "\"$0\" run --lock wait nested; echo inner $?", "GUARDRUN"]
    lock = { name = "one", scope = "repository" }
"#;

const BUSY: Ended = Ended::Exited(43);

/// "Refuse (43, naming pid, suite, age, how to see it)."
#[test]
fn who_is_refused_is_told_who_has_the_lock_and_starts_nothing() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        let holder = ground.start(&["run", "long"]);
        ground.wait_until_noted("in", 1);
        let (ended, said) = ground.start(&["run", "--lock", "refuse", "short"]).end();
        assert_eq!(ended, BUSY, "{said}");
        let pid = format!("pid {}:", holder.front.pid);
        for part in [
            "busy: the lock `one`",
            "held for",
            "suite `long`",
            &pid,
            "guardrun ps",
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert_eq!(ground.noted("overlap"), 0);
        let told = ground.run(&["--json", "run", "--lock", "refuse", "short"]);
        let told: Value = serde_json::from_slice(&told.stderr).expect("one line of JSON");
        assert_eq!(told["verdicts"][0], "busy");
        assert_eq!(told["holder"]["front"]["pid"], holder.front.pid);
        for field in ["run", "nonce", "host", "user", "path", "suite"] {
            assert!(!told["holder"][field].is_null(), "{field}: {told}");
        }
        assert!(!told["holder"]["since"]["wall"].is_null());
    });
}

/// "Different keys do not wait for each other."
#[test]
fn a_run_with_another_lock_does_not_wait() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        let _holder = ground.start(&["run", "long"]);
        ground.wait_until_noted("in", 1);
        assert_eq!(ground.start(&["run", "other"]).end().0, Ended::Exited(0));
    });
}

/// "Wait with progress and a bound."
#[test]
fn who_waits_says_for_whom_and_gives_up_in_the_end() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        let _holder = ground.start(&["run", "long"]);
        ground.wait_until_noted("in", 1);
        let before = Instant::now();
        let (ended, said) = ground.start(&["run", "--lock", "wait", "short"]).end();
        assert_eq!(ended, BUSY, "{said}");
        assert!(before.elapsed() >= Duration::from_secs(1), "it has waited");
        assert!(said.contains("waiting for the lock `one`"), "{said}");
        assert!(said.contains("was not free within 1s"), "{said}");
    });
}

/// "Ctrl-C ends the wait."
#[test]
fn who_waits_is_ended_by_an_interrupt_and_starts_nothing() {
    daemon_test(|| {
        let ground = Ground::new(&POLICY.replace("wait = \"1s\"", "wait = \"10m\""));
        let _holder = ground.start(&["run", "long"]);
        ground.wait_until_noted("in", 1);
        let waiting = ground.start(&["run", "--lock", "wait", "short"]);
        waiting.wait_until_said("waiting for the lock");
        waiting.front.signal(libc::SIGINT);
        assert_eq!(waiting.end().0, Ended::Killed(libc::SIGINT));
        assert_eq!(ground.noted("overlap"), 0);
    });
}

/// "A guardrun inside the suite that holds the lock must not deadlock."
#[test]
fn a_guardrun_inside_the_run_that_has_the_lock_is_refused_at_once() {
    daemon_test(|| {
        let bench = crate::support::bench::Bench::new();
        let inner = bench.guardrun();
        let ground = Ground::new(&POLICY.replace("GUARDRUN", &inner.to_string_lossy()));
        for level in crate::support::run::LEVELS {
            if !ground.can_hold(level) {
                continue;
            }
            let done = ground.run(&["run", "--level", level, "nested"]);
            let (out, said) = (
                String::from_utf8_lossy(&done.stdout).into_owned(),
                String::from_utf8_lossy(&done.stderr).into_owned(),
            );
            assert!(out.contains("inner 43"), "at {level}: {out} {said}");
            assert!(said.contains("wait for itself"), "at {level}: {said}");
        }
    });
}

/// "Replace ends the old one and waits for its observed exit before starting."
#[test]
fn a_run_that_replaces_another_starts_when_that_has_ended() {
    daemon_test(|| {
        for level in crate::support::run::LEVELS {
            let ground = Ground::new(POLICY);
            if !ground.can_hold(level) {
                continue;
            }
            let holder =
                ground.start(&["run", "--level", level, "long", "--", "--mebibytes", "256"]);
            ground.wait_until_noted("in", 1);
            let (ended, said) = ground.start(&["run", "--level", level, "short"]).end();
            assert_eq!(ended, Ended::Exited(0), "at {level}: {said}");
            assert_eq!(ground.noted("overlap"), 0, "at {level}");
            assert_eq!(ground.noted("out"), 1, "only the second came to its end");
            assert_eq!(holder.end().0, Ended::Killed(libc::SIGTERM), "at {level}");
        }
    });
}

/// The lock goes with the run that had it.
#[test]
fn a_lock_is_free_after_the_run_and_leaves_no_file() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        for _ in 0..3 {
            assert_eq!(ground.start(&["run", "short"]).end().0, Ended::Exited(0));
        }
        let holder = ground.start(&["run", "long"]);
        ground.wait_until_noted("in", 4);
        let told = ground.run(&["--json", "run", "--lock", "refuse", "short"]);
        let told: Value = serde_json::from_slice(&told.stderr).expect("one line of JSON");
        let path = told["holder"]["path"].as_str().expect("a path").to_owned();
        assert!(std::fs::exists(&path).expect("one can look"));
        holder.front.signal(libc::SIGTERM);
        assert_eq!(holder.end().0, Ended::Killed(libc::SIGTERM));
        assert!(!std::fs::exists(&path).expect("one can look"));
    });
}

/// "The age is taken from a persisted start time, so a restart does not reset it."
#[test]
fn runs_that_replace_each_other_share_one_deadline() {
    daemon_test(|| {
        let policy = POLICY.replace("lock = { name = \"one\", scope = \"repository\" }", "lock = { name = \"one\", scope = \"repository\", when-busy = \"replace\", expires-after = \"3s\" }");
        let ground = Ground::new(&policy);
        let start = Instant::now();
        let first = ground.start(&["run", "--grace", "0s", "long"]);
        ground.wait_until_noted("in", 1);
        std::thread::sleep(Duration::from_secs(1));
        let second = ground.start(&["run", "--grace", "0s", "long"]);
        let (ended, said) = second.end();
        assert_eq!(ended, Ended::Exited(48), "{said}");
        assert!(said.contains("`expires-after`"), "{said}");
        assert!(
            start.elapsed() >= Duration::from_secs(3),
            "not before its time"
        );
        assert!(start.elapsed() < PATIENCE, "its own minute is not over");
        drop(first);
        assert_eq!(ground.noted("overlap"), 0);
        // The lock is free now, so a new one begins anew.
        let third = ground.start(&["run", "long"]);
        ground.wait_until_noted("in", 3);
        third.front.signal(libc::SIGTERM);
        assert_eq!(third.end().0, Ended::Killed(libc::SIGTERM));
    });
}
