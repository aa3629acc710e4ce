//! "Optional retry policy that never retries what ended on purpose, leaked, or was limited."

use super::record;
use crate::cli::guardrun;
use crate::escape::matrix::can_hold;
use crate::scratch::Scratch;
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::room::daemon_test;
use crate::support::run::{LEVELS, Run};
use crate::support::scene::Ended;
use serde_json::{Value, json};
use std::fs;
use std::process::Output;

fn policy(on: &str, script: &str) -> String {
    format!(
        "[suite.u]\nmatch = ['sh *']\ncommand = ['sh', '-c', '''echo $GUARDRUN_RUN_ID >>runs; {script}''']\n\
         retry = {{ times = 2, on = {on} }}\n"
    )
}

/// Runs the suite, and answers with what came of it, how many attempts there were, and the record.
fn attempts(on: &str, script: &str, options: &[&str]) -> (Output, usize, Value) {
    let scratch = Scratch::new();
    scratch.file(".git/HEAD", "");
    scratch.file("guardrun.toml", policy(on, script));
    let output = guardrun(scratch.path())
        .args(["run", "--report", "r.json", "--grace", "200ms"])
        .args(options)
        .arg("u")
        .output()
        .expect("guardrun");
    let runs = fs::read_to_string(scratch.path().join("runs")).expect("it ran");
    let mut ids: Vec<_> = runs.lines().map(str::to_owned).collect();
    let made = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), made, "each attempt is a run of its own: {runs}");
    (output, made, record(&scratch.path().join("r.json")))
}

const FAILED: &str = "['failed']";
const BOTH: &str = "['failed', 'crashed']";
/// Fails once and passes then.
const FLAKY: &str = "test -e seen || { touch seen; exit 4; }; exit 0";

#[test]
fn a_suite_that_passes_after_it_failed_gives_0_and_is_called_flaky() {
    let (output, made, told) = attempts(FAILED, FLAKY, &[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), made), (Some(0), 2), "{said}");
    assert!(said.contains("u failed with exit code 4 in"), "{said}");
    assert!(said.contains("attempt 2 of 3 begins"), "{said}");
    assert!(
        said.contains("u passed at attempt 2, and is flaky,"),
        "{said}"
    );
    assert_eq!(told["flaky"], true);
    assert_eq!(told["class"], "passed");
    let earlier = told["earlier_attempts"].as_array().expect("a list");
    assert_eq!(earlier.len(), 1);
    assert_eq!(earlier[0]["exit"], json!({ "code": 4 }));
    assert_ne!(earlier[0]["run"], told["run"]);
}

#[test]
fn a_suite_that_goes_on_failing_fails_with_its_last_status() {
    let (output, made, told) = attempts(FAILED, "exit 4", &[]);
    assert_eq!((output.status.code(), made), (Some(4), 3));
    assert_eq!(told["flaky"], false);
    assert_eq!(told["earlier_attempts"].as_array().map(Vec::len), Some(2));
}

#[test]
fn a_flag_tries_nothing_again_and_neither_does_a_policy_that_says_nothing() {
    let (output, made, told) = attempts(FAILED, FLAKY, &["--no-retry"]);
    assert_eq!((output.status.code(), made), (Some(4), 1));
    assert_eq!(told["earlier_attempts"], json!([]));
    let scratch = Scratch::new();
    scratch.file(
        "guardrun.toml",
        "[suite.u]\ncommand=['sh','-c','echo >>runs; exit 4']\n",
    );
    let status = guardrun(scratch.path()).args(["-q", "run", "u"]).status();
    assert_eq!(status.expect("guardrun").code(), Some(4));
    assert_eq!(
        fs::read_to_string(scratch.path().join("runs")).expect("text"),
        "\n"
    );
}

#[test]
fn a_crash_is_tried_again_only_if_the_policy_says_so() {
    let crash = "test -e seen || { touch seen; kill -SEGV $$; }; exit 0";
    let (output, made, _) = attempts(BOTH, crash, &[]);
    assert_eq!((output.status.code(), made), (Some(0), 2));
    let (output, made, _) = attempts(FAILED, crash, &[]);
    assert_eq!((output.status.code(), made), (None, 1));
}

#[test]
fn what_ended_on_purpose_was_killed_limited_or_left_something_is_not_tried_again() {
    for (script, options) in [
        ("exit 143", vec![]),
        ("exit 130", vec![]),
        ("kill -TERM $$", vec![]),
        ("kill -INT $$", vec![]),
        ("kill -KILL $$", vec![]),
        ("exit 137", vec![]),
        ("sleep 30", vec!["--timeout", "200ms"]),
        (
            "trap \"exit 4\" TERM; while :; do sleep 0.05; done",
            vec!["--timeout", "200ms"],
        ),
        ("sleep 30 >/dev/null 2>&1 & exit 4", vec![]),
        ("sleep 30 >/dev/null 2>&1 & exit 0", vec![]),
        ("exec /dev/null", vec!["--timeout", "20s"]),
    ] {
        let (output, made, _) = attempts(BOTH, script, &options);
        // The last one is a plain failure of the shell's: the twin that is tried again.
        let expected = if script == "exec /dev/null" { 3 } else { 1 };
        assert_eq!(made, expected, "{script}: {:?}", output.status);
    }
}

/// What guardrun was started with is what every attempt is started with. No shell here: it clears its mask itself.
#[test]
fn the_second_attempt_has_the_same_signals_as_the_first() {
    let scratch = Scratch::new();
    scratch.file(".git/HEAD", "");
    scratch.file(
        "guardrun.toml",
        "[suite.u]\ncommand=['cat', '/proc/self/status', 'absent']\nretry={times=1}\n",
    );
    let output = guardrun(scratch.path()).args(["-q", "run", "u"]).output();
    let output = output.expect("guardrun");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("text");
    let signals: Vec<_> = text
        .lines()
        .filter(|line| line.starts_with("SigBlk") || line.starts_with("SigIgn"))
        .collect();
    assert_eq!(signals.len(), 4, "{text}");
    assert_eq!(signals[..2], signals[2..]);
}

/// A signal to guardrun is for all attempts.
#[test]
fn a_signal_in_the_second_attempt_is_the_end_of_all() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in LEVELS {
            if !can_hold(&bench, User::present(), level) {
                continue;
            }
            let script =
                "test -e seen || { touch seen; exit 4; }; echo ready >\"$NEWS\"; exec sleep 120";
            let run = Run::held(&bench, User::present(), level)
                .option(["--report", "r.json"])
                .policy(&policy(FAILED, ""));
            let news = run.news().to_owned();
            let mut scene = run
                .variable("NEWS", news)
                .suite(["sh", "-c", script])
                .start();
            scene
                .wait_until_ready()
                .expect("the second attempt is ready");
            let keeper = scene.keeper().expect("the keeper of the second attempt");
            scene.front().expect("the front").signal(libc::SIGTERM);
            assert_eq!(
                scene.wait_for_end(),
                Some(Ended::Killed(15)),
                "{}",
                scene.report(level)
            );
            assert!(keeper.dies_within(PATIENCE));
            let work = scene.place().join("work");
            let told = record(&work.join("r.json"));
            assert_eq!(told["end"]["name"], "asked");
            assert_eq!(told["earlier_attempts"].as_array().map(Vec::len), Some(1));
            if let Err(left) = scene.empty_within(PATIENCE) {
                panic!("at {level}: {left:#?}");
            }
        }
    });
}
