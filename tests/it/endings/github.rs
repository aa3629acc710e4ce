//! "GitHub step summary and at most one annotation per verdict", on stderr: stdout is the suite's.

use crate::cli::{guardrun, with_policy};
use crate::scratch::Scratch;
use std::fs;
use std::process::{Command, Output};

/// A suite that passes, and leaves a process with words that could do harm.
const LEAVES: &str =
    "sleep 30 >/dev/null 2>&1 & exec -a '::error::x|`y' sleep 30 >/dev/null 2>&1 & exit 0";

fn in_actions(scratch: &Scratch) -> Command {
    let mut command = guardrun(scratch.path());
    command
        .env("GITHUB_ACTIONS", "true")
        .env("GITHUB_STEP_SUMMARY", scratch.path().join("summary"));
    command
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn annotations(output: &Output) -> Vec<String> {
    let is_one = |line: &&str| line.starts_with("::");
    told(output)
        .lines()
        .filter(is_one)
        .map(str::to_owned)
        .collect()
}

#[test]
fn a_verdict_makes_one_annotation_and_a_summary_with_the_survivors() {
    let scratch = with_policy();
    let summary = scratch.file("summary", "before\n");
    let output = in_actions(&scratch)
        .args(["-q", "--grace", "200ms", "--", "bash", "-c", LEAVES])
        .output()
        .expect("guardrun");
    assert_eq!(output.status.code(), Some(46), "{}", told(&output));
    assert!(output.stdout.is_empty());
    let lines = annotations(&output);
    assert_eq!(
        lines,
        [
            "::error title=guardrun%3A the command%3A leaked::the command passed, and left 2 live processes behind"
        ]
    );
    let text = fs::read_to_string(&summary).expect("a summary");
    assert!(
        text.starts_with("before\n### guardrun: ` the command ` leaked\n"),
        "{text}"
    );
    for row in [
        "| verdict | leaked |",
        "left over, and ended (2):",
        "| status | exit code 46 |",
    ] {
        assert!(text.contains(row), "{row} is missing: {text}");
    }
    assert!(
        text.contains("`` ::error::x\\|`y 30 ``"),
        "in a code span, bar escaped: {text}"
    );
}

#[test]
fn a_run_that_is_well_has_a_summary_and_no_annotation() {
    let scratch = with_policy();
    let summary = scratch.file("summary", "");
    let output = in_actions(&scratch)
        .args(["--", "true"])
        .output()
        .expect("guardrun");
    assert_eq!(annotations(&output), [""; 0]);
    let text = fs::read_to_string(&summary).expect("a summary");
    assert!(text.contains("| verdict | none |"), "{text}");
    // The suite's own failure is for the suite to annotate.
    let output = in_actions(&scratch)
        .args(["--", "false"])
        .output()
        .expect("guardrun");
    assert_eq!(annotations(&output), [""; 0]);
}

/// "Each problem an annotation line, at most one annotation per verdict."
#[test]
fn what_is_not_proved_is_in_the_one_annotation_and_in_the_summary() {
    let scratch = with_policy();
    let summary = scratch.file("summary", "");
    let proof = "proof = { report = ['a|b.xml', 'c.xml'] }";
    scratch.file(
        "guardrun.toml",
        format!("[suite.s]\ncommand = ['true']\n{proof}\n"),
    );
    let output = in_actions(&scratch)
        .args(["run", "s"])
        .output()
        .expect("guardrun");
    assert_eq!(output.status.code(), Some(47), "{}", told(&output));
    assert_eq!(
        annotations(&output),
        [
            "::error title=guardrun%3A s%3A unproven::s passed, and is unproven%0Amissing-report: the report a|b.xml is not there%0Amissing-report: the report c.xml is not there"
        ]
    );
    let text = fs::read_to_string(&summary).expect("a summary");
    assert!(
        text.contains("| ` s ` | missing-report | ` the report a\\|b.xml is not there ` | "),
        "{text}"
    );
    assert_eq!(text.matches("| missing-report |").count(), 2, "{text}");
}

#[test]
fn a_refusal_is_annotated() {
    let scratch = with_policy();
    let output = in_actions(&scratch)
        .args(["run", "daemon"])
        .output()
        .expect("guardrun");
    assert_eq!(output.status.code(), Some(40));
    let lines = annotations(&output);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("::error title=guardrun%3A daemon%3A refused::"),
        "{lines:?}"
    );
}

#[test]
fn outside_of_actions_and_where_it_is_not_wanted_nothing_is_said() {
    let scratch = with_policy();
    let summary = scratch.file("summary", "");
    let leaves = ["--grace", "200ms", "--", "bash", "-c", LEAVES];
    let mut outside = in_actions(&scratch);
    outside.env_remove("GITHUB_ACTIONS").args(leaves);
    let mut flag = in_actions(&scratch);
    flag.arg("--no-github").args(leaves);
    let mut variable = in_actions(&scratch);
    variable.env("GUARDRUN_NO_GITHUB", "1").args(leaves);
    for mut command in [outside, flag, variable] {
        let output = command.output().expect("guardrun");
        assert_eq!(output.status.code(), Some(46));
        assert_eq!(annotations(&output), [""; 0]);
        assert_eq!(fs::read_to_string(&summary).expect("a file"), "");
    }
}

#[test]
fn with_json_there_is_no_annotation_and_the_summary() {
    let scratch = with_policy();
    let summary = scratch.file("summary", "");
    let output = in_actions(&scratch)
        .args(["--json", "--timeout", "200ms", "--", "sleep", "30"])
        .output()
        .expect("guardrun");
    // The processes as the limit found them, and how it ended.
    let told = told(&output);
    let lines = told
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"));
    let lines: Vec<serde_json::Value> = lines.collect();
    assert_eq!(lines.len(), 2, "{told}");
    assert_eq!(lines[1]["verdicts"][0], "timed-out");
    assert!(
        fs::read_to_string(&summary)
            .expect("a summary")
            .contains("timed-out")
    );
}

#[test]
fn a_summary_that_cannot_be_written_changes_nothing() {
    let scratch = with_policy();
    let pipe = scratch.path().join("summary");
    let run = || {
        let output = in_actions(&scratch)
            .args(["--", "sh", "-c", "exit 3"])
            .output();
        let output = output.expect("guardrun");
        assert_eq!(output.status.code(), Some(3));
        assert!(
            told(&output).contains("could not write the step summary"),
            "{}",
            told(&output)
        );
    };
    run();
    assert!(!pipe.exists(), "it is the runner's to make");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::from_bits_truncate(0o600)).expect("a fifo");
    run();
}
