//! "A refusal reads well": what, by whom, below which test, under which rule and line, and what to do about it; and the run
//! ends with 45 whatever the suite made of it.

use super::{FENCED, Yard};
use crate::endings::agrees_with_the_schema;
use crate::support::room::daemon_test;
use serde_json::Value;

const BELOW: [&str; 7] = ["ACTOR", "start-by", "spawn", "--", "ACTOR", "try", "listen"];

#[test]
fn a_refusal_says_what_by_whom_below_which_test_and_what_to_do() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        let ran = yard.run(&[], &BELOW);
        for part in [
            "fenced: pid ",
            "tried to listen on tcp 127.0.0.1:",
            "refused with EPERM",
            "guardrun-actor try listen, in /",
            "tests    pid ",
            "guardrun-actor start-by spawn",
            "rule     a program that a test has started may not listen (fence `daemons`, ",
            "guardrun.toml:3",
            "hint: a suite that starts real processes is better gated",
            "dangerously-allow-fenced",
            "yard failed with exit code 1, and its fence refused 1 thing",
        ] {
            assert!(ran.err.contains(part), "{part:?} is missing: {}", ran.err);
        }
    });
}

#[test]
fn the_run_is_fenced_whatever_the_suite_makes_of_the_error() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        for end in ["exit 0", "exit 3", "kill -SEGV $$"] {
            let script = format!("\"$ACTOR\" start-by spawn -- \"$ACTOR\" try listen; {end}");
            let ran = yard.run(&[], &["sh", "-c", &script]);
            assert_eq!(ran.code, Some(FENCED), "{end}: {ran:?}");
        }
    });
}

#[test]
fn many_of_a_kind_are_counted_and_not_printed() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        let script = "import os, subprocess
for n in range(20):
    subprocess.run([os.environ['ACTOR'], 'try', 'listen'])";
        let ran = yard.run(&["--json"], &["python3", "-c", script]);
        let report: Value = serde_json::from_str(ran.err.trim()).expect("one line of JSON");
        agrees_with_the_schema(&report);
        assert_eq!(report["fence"]["refused"], 20);
        let refusals = report["fence"]["refusals"].as_array().expect("a list");
        assert_eq!(refusals.len(), 1, "{report}");
        let one = &refusals[0];
        assert_eq!(
            (one["times"].as_u64(), one["deed"].as_str()),
            (Some(20), Some("listen"))
        );
        assert!(
            one["by"]["command"]
                .as_str()
                .unwrap()
                .ends_with("try listen")
        );
        assert!(one["host"]["command"].as_str().unwrap().contains("python3"));
        assert_eq!(report["verdicts"][0], "fenced");

        let ran = yard.run(&[], &["python3", "-c", script]);
        assert_eq!(ran.err.matches("tried to listen").count(), 1, "{}", ran.err);
        assert!(
            ran.err.contains("fenced: 19 more of the same (listen)"),
            "{}",
            ran.err
        );
    });
}

#[test]
fn the_test_is_named_where_its_runner_says_which_it_is() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        let mut command = yard.command(&[], &BELOW);
        command.env("PYTEST_CURRENT_TEST", "tests/test_it.py::test_serve (call)");
        let output = command.output().expect("guardrun can be started");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(
            err.contains("in tests/test_it.py::test_serve (call)"),
            "{err}"
        );
    });
}

#[test]
fn what_is_started_is_counted_where_it_is_seen() {
    daemon_test(|| {
        let yard = Yard::with(
            "[suite.yard.dangerously-fence-weaker]\nfence = \"observe\"\nreason = \"to count\"",
        );
        // A search through PATH is one start.
        let ran = yard.run(&[], &["sh", "-c", "true; ls / > /dev/null; /bin/true"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.err.contains("3 programs started"), "{}", ran.err);
        let ran = yard.run(&[], &BELOW);
        assert_eq!(
            (ran.code, ran.out.as_str()),
            (Some(0), "listen done\n"),
            "nothing is refused"
        );
    });
}
