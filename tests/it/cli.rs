//! What is typed and what is answered: exit codes, messages, streams. Nothing here outlives its test.

use crate::scratch::Scratch;
use std::fs::File;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A policy with a gated suite and an open one.
const POLICY: &str = r#"
[gate.daemon]
env   = "KOLU_DAEMON_TESTS"
why   = "forks real daemons"
where = "CI, or a disposable box: just test-daemon"

[suite.daemon]
gate    = "daemon"
command = ["sh", "-c", "echo ran"]
timeout = "10s"

[suite.unit]
command = ["true"]
"#;

pub(crate) fn guardrun(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guardrun"));
    command.current_dir(directory).stdin(Stdio::null());
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GUARDRUN_") {
            command.env_remove(name);
        }
    }
    command.env_remove("KOLU_DAEMON_TESTS");
    command
}

pub(crate) fn with_policy() -> Scratch {
    let scratch = Scratch::new();
    scratch.file("guardrun.toml", POLICY);
    scratch.file(".git/HEAD", "");
    scratch
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_closed_gate_refuses_with_40_and_four_lines() {
    let scratch = with_policy();
    let output = guardrun(scratch.path())
        .args(["run", "daemon"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(40));
    let told = told(&output);
    for part in [
        "refused: the suite `daemon`",
        "why: forks real daemons (guardrun.toml:2)",
        "at risk: ",
        "instead: CI",
    ] {
        assert!(told.contains(part), "{part:?} is missing:\n{told}");
    }
    assert!(output.stdout.is_empty());
}

#[test]
fn exactly_1_opens_it_and_the_origin_is_told() {
    let scratch = with_policy();
    let output = guardrun(scratch.path())
        .args(["run", "daemon"])
        .env("KOLU_DAEMON_TESTS", "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "ran\n");
    assert!(told(&output).contains("the gate `daemon` is open"));
}

#[test]
fn ci_opens_nothing() {
    let scratch = with_policy();
    let mut command = guardrun(scratch.path());
    for name in ["CI", "GITHUB_ACTIONS", "NODE_ENV", "ACT"] {
        command.env(name, "1");
    }
    assert_eq!(
        command
            .args(["run", "daemon"])
            .output()
            .unwrap()
            .status
            .code(),
        Some(40)
    );
}

#[test]
fn a_refusal_in_json_is_one_object() {
    let scratch = with_policy();
    let output = guardrun(scratch.path())
        .args(["--json", "run", "daemon"])
        .output()
        .unwrap();
    let value: serde_json::Value = serde_json::from_slice(&output.stderr).expect("one JSON object");
    assert_eq!(value["verdict"], "refused");
}

#[test]
fn the_variable_of_another_suites_gate_does_not_reach_the_suite() {
    let scratch = with_policy();
    let output = guardrun(scratch.path())
        .args(["--", "env"])
        .env("KOLU_DAEMON_TESTS", "1")
        .output()
        .unwrap();
    assert!(!String::from_utf8_lossy(&output.stdout).contains("KOLU_DAEMON_TESTS"));
    assert!(String::from_utf8_lossy(&output.stdout).contains("GUARDRUN_RUN_ID="));
}

#[test]
fn a_flag_that_would_loosen_is_a_usage_error() {
    let scratch = with_policy();
    let run = |limit: &str| {
        let mut command = guardrun(scratch.path());
        command
            .args(["run", "--timeout", limit, "daemon"])
            .env("KOLU_DAEMON_TESTS", "1")
            .output()
            .unwrap()
            .status
            .code()
    };
    assert_eq!(run("11s"), Some(2));
    assert_eq!(run("9s"), Some(0));
}

#[test]
fn another_policy_does_not_take_the_gates_away() {
    let scratch = with_policy();
    scratch.file("empty.toml", "");
    let run = |args: &[&str]| {
        guardrun(scratch.path())
            .args(["--policy", "empty.toml", "--"])
            .args(args)
            .output()
            .unwrap()
    };
    assert_eq!(run(&["sh", "-c", "echo ran"]).status.code(), Some(40));
    assert_eq!(run(&["true"]).status.code(), Some(0));
}

#[test]
fn a_broken_policy_runs_nothing_and_points_at_the_place() {
    let scratch = with_policy();
    scratch.file(
        "guardrun.toml",
        "[suite.unit]\ncommand = [\"true\"]\ntimeuot = \"1s\"\n",
    );
    let output = guardrun(scratch.path())
        .args(["--", "touch", "ran"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(41));
    let told = told(&output);
    assert!(
        told.contains("guardrun.toml:3") && told.contains("timeout") && told.contains('^'),
        "{told}"
    );
    assert!(!scratch.path().join("ran").exists());
}

#[test]
fn a_dry_run_prints_the_plan_and_runs_nothing() {
    let scratch = with_policy();
    let output = guardrun(scratch.path())
        .args(["--dry-run", "--", "touch", "ran"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stdout).contains("touch ran"));
    assert!(!scratch.path().join("ran").exists());
}

#[test]
fn a_command_that_is_not_there_is_127_and_one_that_may_not_be_executed_126() {
    let scratch = with_policy();
    scratch.file("plain", "no program");
    let run = |program: &str| {
        guardrun(scratch.path())
            .args(["--", program])
            .output()
            .unwrap()
    };
    let missing = run("no-such-program-anywhere");
    assert_eq!(missing.status.code(), Some(127));
    assert!(told(&missing).contains("it is not in PATH"));
    assert_eq!(run("./plain").status.code(), Some(126));
    assert_eq!(run("./not-there").status.code(), Some(127));
    assert_eq!(run("").status.code(), Some(127));
}

#[test]
fn a_report_that_cannot_be_made_stops_before_anything_runs() {
    let scratch = with_policy();
    let output = guardrun(scratch.path())
        .args(["--report", "no/such/dir/r.json", "--", "touch", "ran"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(!scratch.path().join("ran").exists());
    let output = guardrun(scratch.path())
        .args(["--report", "r.json", "--", "sh", "-c", "exit 3"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    let report: serde_json::Value =
        serde_json::from_reader(File::open(scratch.path().join("r.json")).unwrap()).unwrap();
    assert_eq!(report["status"]["exited"], 3);
    assert_eq!(report["exit"]["code"], 3);
}

#[test]
fn a_full_disk_does_not_change_how_the_run_ended() {
    let scratch = with_policy();
    let output = guardrun(scratch.path())
        .args(["--report", "/dev/full", "--", "sh", "-c", "exit 3"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).contains("could not write the report"));
}

#[test]
fn a_closed_stderr_does_not_change_how_the_run_ended() {
    let scratch = with_policy();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let status = guardrun(scratch.path())
        .args(["--", "sh", "-c", "exit 4"])
        .stderr(full)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(4));
}

#[test]
fn data_that_nobody_reads_ends_as_sigpipe_would() {
    use std::os::unix::process::ExitStatusExt;
    let scratch = with_policy();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = guardrun(scratch.path())
        .arg("schema")
        .stdout(writer)
        .status()
        .unwrap();
    assert_eq!(status.signal(), Some(13));
}

#[test]
fn an_option_of_a_run_before_a_subcommand_is_no_silent_nothing() {
    let scratch = with_policy();
    let output = guardrun(scratch.path())
        .args(["--timeout", "1s", "run", "unit"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(told(&output).contains("--timeout is an option of a run"));
    let output = guardrun(scratch.path())
        .args(["run", "--timeout", "1s", "unit"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
}

#[test]
fn without_a_policy_it_runs_held_and_says_so() {
    let scratch = Scratch::new();
    scratch.file(".git/HEAD", "");
    let output = guardrun(scratch.path())
        .args(["--", "true"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(
        told(&output).contains("no guardrun.toml here") && told(&output).contains("guardrun init")
    );
    let output = guardrun(scratch.path())
        .args(["-q", "--", "true"])
        .output()
        .unwrap();
    assert_eq!(told(&output), "", "quiet is quiet");
}

#[test]
fn what_is_quoted_cannot_steer_the_terminal() {
    let scratch = with_policy();
    let output = guardrun(scratch.path())
        .args(["--", "no\x1b[2Jsuch"])
        .output()
        .unwrap();
    assert!(!told(&output).contains('\x1b'));
}

#[test]
fn colour_is_only_where_it_is_wanted() {
    let scratch = with_policy();
    let run = |when: &str| {
        told(
            &guardrun(scratch.path())
                .args(["--color", when, "--", "true"])
                .output()
                .unwrap(),
        )
    };
    assert!(!run("auto").contains("\x1b["), "stderr is a pipe");
    assert!(run("always").contains("\x1b["));
    assert!(!run("never").contains("\x1b["));
}

#[test]
fn the_manual_page_and_the_completions_are_made_from_the_same_words() {
    let scratch = with_policy();
    let print = |args: &[&str]| {
        let output = guardrun(scratch.path()).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(print(&["man"]).contains("at\\-least"));
    for shell in ["bash", "zsh", "fish"] {
        assert!(
            print(&["completions", shell]).contains("at-least"),
            "{shell}"
        );
    }
    assert!(print(&["about", "exit-codes"]).contains("cannot-contain"));
    assert!(print(&["about", "levels"]).contains("subreaper"));
    assert!(print(&["doctor"]).contains("namespace"));
}
