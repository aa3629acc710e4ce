//! A whole run: what it has to prove, and how it ends if it does not. Nothing here outlives its test.

use super::sample;
use crate::cli::guardrun;
use crate::scratch::Scratch;
use serde_json::Value;
use std::fs::{self, File};
use std::path::Path;
use std::process::Output;
use std::time::{Duration, SystemTime};

/// A repository whose one suite runs this script and owes this proof.
pub(super) fn repository(proof: &str, script: &str) -> Scratch {
    let scratch = Scratch::new();
    let script = script.replace("SAMPLES", &sample("").to_string_lossy());
    scratch.file(
        "guardrun.toml",
        format!("[suite.s]\ncommand = ['sh', '-c', '''{script}''']\nproof = {proof}\n"),
    );
    scratch.file(".git/HEAD", "");
    scratch
}

fn run(scratch: &Scratch) -> Output {
    guardrun(scratch.path())
        .args(["run", "s"])
        .output()
        .unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs it, and expects this code and these words.
#[track_caller]
pub(super) fn expect(scratch: &Scratch, code: i32, words: &[&str]) {
    let output = run(scratch);
    let told = told(&output);
    assert_eq!(output.status.code(), Some(code), "{told}");
    for word in words {
        assert!(told.contains(word), "{word:?} is missing:\n{told}");
    }
}

const JUNIT: &str = "{ report = 'out/junit.xml' }";
const WRITE: &str = "mkdir -p out; cat SAMPLES/nextest.xml > out/junit.xml";

/// "Under guardrun, open: executed, counted, proved."
#[test]
fn a_run_with_a_good_report_passes_and_says_how_much_was_executed() {
    let scratch = repository(JUNIT, WRITE);
    expect(&scratch, 0, &["s passed in ", " · 5 executed, 1 flaky · "]);
    let below = scratch.directory("some/where/below");
    let output = guardrun(&below).args(["run", "s"]).output().unwrap();
    assert_eq!(
        output.status.code(),
        Some(47),
        "it was written below, and is looked for at the policy's root"
    );
}

/// "From the directory of guardrun.toml (from the directory above, for `.config/guardrun.toml`)."
#[test]
fn a_policy_in_dot_config_is_about_the_directory_above() {
    let scratch = repository(JUNIT, WRITE);
    scratch.directory(".config");
    let policy = scratch.path().join("guardrun.toml");
    fs::rename(policy, scratch.path().join(".config/guardrun.toml")).unwrap();
    expect(&scratch, 0, &[" · 5 executed"]);
}

#[test]
fn the_same_is_in_json() {
    let scratch = repository("{ report = 'out/junit.xml', min-executed = 6 }", WRITE);
    let output = guardrun(scratch.path())
        .args(["--json", "run", "s"])
        .output()
        .unwrap();
    let value: Value = serde_json::from_slice(&output.stderr).expect("one object");
    assert_eq!(value["verdicts"], serde_json::json!(["unproven"]));
    assert_eq!(value["exit"]["code"], 47);
    assert_eq!(value["proof"][0]["suite"], "s");
    assert_eq!(value["proof"][0]["executed"], 5);
    assert_eq!(value["proof"][0]["problems"][0]["name"], "too-few");
}

/// "A report from yesterday": neither left as it was, nor copied during the run with its old time.
#[test]
fn a_report_from_yesterday_proves_nothing() {
    let scratch = repository(JUNIT, "true");
    expect(
        &scratch,
        47,
        &[
            "the report out/junit.xml is not there",
            "unproven: s passed, and is unproven",
        ],
    );

    let report = scratch.file("out/junit.xml", fs::read(sample("nextest.xml")).unwrap());
    expect(
        &scratch,
        47,
        &["is not of this run: it is as it was before the run"],
    );
    let yesterday = SystemTime::now() - Duration::from_secs(86_400);
    set_time(&report, yesterday);
    expect(&scratch, 47, &["written 1day before its start"]);

    let copied = repository(
        JUNIT,
        "cp -p kept.xml new.xml; mkdir -p out; mv new.xml out/junit.xml",
    );
    let kept = copied.file("kept.xml", fs::read(sample("nextest.xml")).unwrap());
    set_time(&kept, yesterday);
    expect(
        &copied,
        47,
        &["it came during the run, and was written 1day before its start"],
    );
}

/// The twin: a report that is written again with the very same bytes, as often as one likes and as fast as one can.
#[test]
fn a_report_that_is_written_again_is_of_the_run() {
    let scratch = repository(JUNIT, WRITE);
    for _ in 0..5 {
        expect(&scratch, 0, &["5 executed"]);
    }
}

#[test]
fn what_a_glob_finds_of_earlier_runs_is_not_counted_and_told() {
    let script = "mkdir -p out/a; cat SAMPLES/nextest.xml > out/a/TEST-new.xml";
    let scratch = repository("{ report = 'out/**/TEST-*.xml' }", script);
    expect(&scratch, 0, &["5 executed"]);
    scratch.file("out/TEST-old.xml", fs::read(sample("vitest.xml")).unwrap());
    expect(
        &scratch,
        0,
        &[
            "5 executed",
            "the report out/TEST-old.xml is not counted: it is as it was",
        ],
    );
    let nothing_new = repository("{ report = ['out/*.xml'] }", "true");
    nothing_new.file("out/TEST-old.xml", fs::read(sample("vitest.xml")).unwrap());
    expect(
        &nothing_new,
        47,
        &["the report out/TEST-old.xml is not of this run"],
    );
    nothing_new.directory("out/x.xml");
    fs::remove_file(nothing_new.path().join("out/TEST-old.xml")).unwrap();
    expect(&nothing_new, 47, &["the report out/*.xml is not there"]);
}

#[test]
fn hollow_truncated_and_unknown_reports_prove_nothing() {
    for (content, words) in [
        ("", "is empty"),
        ("<testsuites tests=\"0\"/>", "the report has no test in it"),
        (
            "<testsuites><testsuite name=\"s\"><testcase name=\"a\"/>",
            "ends in the middle: 2 of its elements",
        ),
        ("PASS: 0 / 0\n", "is written in no format"),
        (
            "<testsuite><testcase name='a'><skipped message='no docker'/></testcase></testsuite>",
            "the only test was skipped (no docker)",
        ),
        (
            "1..0 # SKIP no harbour\n",
            "the only test was skipped (no harbour)",
        ),
        (
            "running 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out\n",
            "all 3 tests were filtered out",
        ),
        (
            "<testsuite name='s' tests='9'><testcase name='a'/></testsuite>",
            "`s` says tests=\"9\" and has 1",
        ),
        (
            "1..2\nok 1\nnot ok 2\n",
            "the report has 1 failed, and the suite's exit status says that it passed",
        ),
    ] {
        let scratch = repository(JUNIT, "mkdir -p out; cat content > out/junit.xml");
        scratch.file("content", content);
        expect(&scratch, 47, &[words, "hint: "]);
    }
}

/// "A report that is no file": a FIFO would be waited for.
#[test]
fn a_fifo_or_a_directory_is_no_report() {
    let scratch = repository(
        JUNIT,
        "mkdir -p out; rm -rf out/junit.xml; mkfifo out/junit.xml",
    );
    expect(&scratch, 47, &["the report out/junit.xml is no file"]);
    let scratch = repository(JUNIT, "mkdir -p out/junit.xml");
    expect(&scratch, 47, &["the report out/junit.xml is no file"]);
}

/// "The suite's own failure status stands; but say what else."
#[test]
fn a_suite_that_fails_keeps_its_status_and_the_rest_is_told() {
    let scratch = repository(JUNIT, "exit 3");
    expect(
        &scratch,
        3,
        &[
            "the report out/junit.xml is not there",
            "s failed with exit code 3",
        ],
    );
    let green = repository(
        JUNIT,
        "mkdir -p out; cat SAMPLES/libtest.txt > out/junit.xml; exit 3",
    );
    expect(
        &green,
        3,
        &[
            "says that it failed, and no test in the report did",
            "6 executed, 2 skipped",
        ],
    );
}

/// "A limit": a suite that was ended had no chance to write its report, and is not blamed for that too.
#[test]
fn a_suite_that_was_ended_is_not_judged() {
    let scratch = repository(JUNIT, "sleep 60");
    let output = guardrun(scratch.path())
        .args(["run", "--timeout", "200ms", "--grace", "0s", "s"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(48));
    assert!(!told(&output).contains("the report"), "{}", told(&output));
}

#[test]
fn must_run_and_ratchet_are_looked_up_in_the_report() {
    let proof = "{ report = 'junit.xml', must-run = ['test_sounding[1]', 'test_tide', 'test_gone'], ratchet = 'skips.toml' }";
    let scratch = repository(proof, "cat SAMPLES/pytest-xunit2.xml > junit.xml");
    expect(
        &scratch,
        47,
        &[
            "`test_tide` did not run: it was skipped",
            "`test_gone` did not run: no test of that name",
            "3 tests were skipped that are not in the list of what may be",
            "guardrun ratchet s --allow-growth 'REASON'",
        ],
    );
}

/// "Mode required: a closed gate, a skip, or nothing executed is a failure."
#[test]
fn a_required_run_accepts_no_skip_and_the_suite_is_told() {
    let script = "echo \"<$GUARDRUN_REQUIRE>\"; cat SAMPLES/pytest-xunit2.xml > junit.xml";
    let scratch = repository("{ report = 'junit.xml' }", script);
    let bare = run(&scratch);
    assert_eq!(
        (bare.status.code(), bare.stdout.as_slice()),
        (Some(0), b"<>\n".as_slice())
    );
    let required = guardrun(scratch.path())
        .args(["run", "--require", "s"])
        .output()
        .unwrap();
    assert_eq!(required.status.code(), Some(47), "{}", told(&required));
    assert!(told(&required).contains("3 tests were skipped, and at most 0 may be"));
    assert_eq!(required.stdout, b"<1>\n");
    let by_variable = guardrun(scratch.path())
        .args(["run", "s"])
        .env("GUARDRUN_REQUIRE", "1")
        .output()
        .unwrap();
    assert_eq!(
        by_variable.status.code(),
        Some(47),
        "{}",
        told(&by_variable)
    );
    let off = guardrun(scratch.path())
        .args(["run", "s"])
        .env("GUARDRUN_REQUIRE", "0")
        .output()
        .unwrap();
    assert_eq!(off.status.code(), Some(0), "{}", told(&off));
}

#[test]
fn a_gated_suite_that_is_required_and_owes_no_proof_is_unproven() {
    let scratch = crate::cli::with_policy();
    let run = |suite: &str, more: &[&str]| {
        let output = guardrun(scratch.path())
            .args(["run"])
            .args(more)
            .arg(suite)
            .env("KOLU_DAEMON_TESTS", "1")
            .output()
            .unwrap();
        (output.status.code(), told(&output))
    };
    let (code, said) = run("daemon", &["--require"]);
    assert_eq!(code, Some(47), "{said}");
    assert!(
        said.contains("nothing shows that a test of it was executed"),
        "{said}"
    );
    assert_eq!(run("daemon", &[]).0, Some(0));
    let (code, said) = run("unit", &["--require"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(
        said.contains("nothing shows that a test of it was executed"),
        "{said}"
    );
}

#[test]
fn a_refusal_is_a_failure_in_required_mode_too() {
    let scratch = crate::cli::with_policy();
    let output = guardrun(scratch.path())
        .args(["run", "--require", "daemon"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(40));
}

/// "Another suite's name takes no proof away": the command's own suite and the named one both have to show theirs.
#[test]
fn a_command_that_is_two_suites_owes_both_proofs() {
    let scratch = Scratch::new();
    scratch.file(
        "guardrun.toml",
        "[suite.a]\ncommand=['true']\nproof={report='a.xml'}\n[suite.b]\nmatch=['other']\n",
    );
    scratch.file(".git/HEAD", "");
    let output = guardrun(scratch.path())
        .args(["--suite", "b", "--", "true"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(47), "{}", told(&output));
}

fn set_time(file: &Path, time: SystemTime) {
    File::options()
        .write(true)
        .open(file)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[test]
fn explain_and_dry_run_say_what_is_asked_for() {
    let proof = "{ report = ['a.xml', 'b.xml'], min-executed = 3, max-skipped = 1, must-run = 'x', ratchet = 's.toml', strict = 'counts' }";
    let scratch = repository(proof, "true");
    let expected = "a.xml and 1 more, at least 3 executed, at most 1 skipped, 1 that must run, skips as in s.toml; judged: counts";
    let explained = guardrun(scratch.path())
        .args(["explain", "--suite", "s", "--", "x"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&explained.stdout).into_owned();
    assert!(
        text.contains(&format!("proof      {expected}  (guardrun.toml:3)")),
        "{text}"
    );
    let dry = guardrun(scratch.path())
        .args(["run", "--dry-run", "--require", "s"])
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&dry.stdout).into_owned();
    assert!(
        text.contains(&format!("proof      s: {expected}; required")),
        "{text}"
    );
}
