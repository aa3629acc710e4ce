//! A suite that is tried again keeps its locks from the first attempt to the end of the last.

use super::death::{kill_both, strike};
use super::ground::{Ended, Ground};
use crate::support::PATIENCE;
use crate::support::room::daemon_test;
use serde_json::Value;
use std::fs;
use std::time::{Duration, Instant};

/// A suite that fails at once and lasts when it is tried again, one that fails after a while, and one that ends at once.
const POLICY: &str = r#"
    [suite.heavy]
    command = ["sh", "-c", "test -e seen || { touch seen; exit 4; }; exec ACTOR alone WITNESS 60000 --mebibytes 256 --life LIFE"]
    lock = { name = "one", scope = "repository" }
    retry = { times = 1, on = ["failed"] }
    [suite.slow]
    command = ["sh", "-c", "sleep 1; exit 4"]
    lock = { name = "one", scope = "repository", when-busy = "replace", expires-after = "2500ms" }
    retry = { times = 5, on = ["failed"] }
    [suite.next]
    command = ["ACTOR", "alone", "WITNESS", "1", "--life", "LIFE"]
    lock = { name = "one", scope = "repository", when-busy = "wait", wait = "1m" }
    [suite.replaces]
    command = ["ACTOR", "alone", "WITNESS", "2", "--life", "LIFE"]
    lock = { name = "one", scope = "repository", when-busy = "replace" }
"#;

/// Whoever is refused is told of the attempt that goes on, in the record of its report too, and whoever replaces it ends the
/// attempts for good.
#[test]
fn the_lock_is_the_second_attempts_too() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        let holder = ground.start(&["run", "heavy"]);
        ground.wait_until_noted("in", 1);
        let refused = ["--json", "run", "--lock", "refuse", "--report", "r.json"];
        let told = ground.run(&[&refused[..], &["next"]].concat());
        assert_eq!(told.status.code(), Some(43), "{told:?}");
        let told: Value = serde_json::from_slice(&told.stderr).expect("one line of JSON");
        let alive: Value =
            serde_json::from_slice(&ground.run(&["--json", "ps"]).stdout).expect("JSON");
        assert_eq!(told["holder"]["run"], alive[0]["run"], "{told} {alive}");
        assert!(!alive[0]["run"].is_null(), "{alive}");
        let report = fs::read(ground.work().join("r.json")).expect("a report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        assert_eq!(report["verdicts"][0], "busy", "{report}");
        assert_eq!(report["end"]["name"], "not-run", "{report}");
        let (ended, said) = ground.start(&["run", "replaces"]).end();
        assert_eq!(ended, Ended::Exited(0), "{said}");
        assert_eq!(ground.noted("overlap"), 0);
        let (ended, said) = holder.end();
        assert_eq!(ended, Ended::Killed(libc::SIGTERM), "{said}");
        assert_eq!(ground.noted("in"), 2, "there was no third attempt: {said}");
    });
}

/// Whoever it is that ends what the second attempt has left, the next one starts after that.
#[test]
fn nobody_starts_beside_a_second_attempt_whose_front_and_keeper_were_killed() {
    daemon_test(|| {
        strike(POLICY, kill_both);
    });
}

/// The limit of a lock is one for all attempts.
#[test]
fn attempts_share_the_time_of_their_lock() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        let start = Instant::now();
        let (ended, said) = ground.start(&["run", "--grace", "0s", "slow"]).end();
        assert_eq!(ended, Ended::Exited(48), "{said}");
        assert!(said.contains("attempt 2 of 6 begins"), "{said}");
        assert!(
            start.elapsed() >= Duration::from_millis(2500),
            "not before its time"
        );
        assert!(start.elapsed() < PATIENCE, "{said}");
    });
}
