//! The run's own ledger as proof: written by a suite as docs/gate-contract.md says. Nothing here outlives its test.

use super::prove::{expect, repository};
use crate::cli::guardrun;
use crate::scratch::Scratch;
use serde_json::{Value, json};
use std::fs;

const LEDGER: &str = "{ format = 'ledger' }";
const CULPRITS: [&str; 3] = [
    "no gate inside the suite wrote into the run's ledger (GUARDRUN_LEDGER)",
    "hint: usual culprits are sudo, env -i, nix develop -i",
    "unproven: s passed, and is unproven",
];

/// A shell command that notes this of a test, under this run's id.
fn note(event: &str, test: &str) -> String {
    note_of("$GUARDRUN_RUN_ID", event, test)
}

fn note_of(run: &str, event: &str, test: &str) -> String {
    let line = format!(
        r#"{{"v":1,"run":"%s","gate":"LIVE_TESTS","event":"{event}","test":"{test}","reason":"no harbour","pid":%d,"lang":"sh"}}\n"#
    );
    format!("printf '{line}' \"{run}\" $$ >> \"${{GUARDRUN_LEDGER:-/dev/null}}\"\n")
}

#[test]
fn gated_tests_that_began_prove_the_run_and_are_counted() {
    let script = note("open", "") + &note("ran", "moors") + &note("ran", "casts off");
    let scratch = repository(LEDGER, &(script + &note("ran", "moors")));
    expect(&scratch, 0, &[" · 2 executed · 2 gated tests ran · "]);
    let output = guardrun(scratch.path())
        .args(["run", "--report", "report.json", "s"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0));
    let report = fs::read(scratch.path().join("report.json")).unwrap();
    let report: Value = serde_json::from_slice(&report).unwrap();
    assert_eq!(report["proof"][0]["executed"], 2);
    assert_eq!(report["proof"][0]["problems"], json!([]));
    assert_eq!(report["ledger"]["ran"], 2);
    assert_eq!(report["ledger"]["open"], json!({ "LIVE_TESTS": 1 }));
}

/// The twin of the one above: the very same suite, behind a part of the chain that takes the environment away.
#[test]
fn a_suite_that_the_environment_does_not_reach_is_unproven_and_the_usual_culprits_are_named() {
    let scratch = Scratch::new();
    scratch.file(".git/HEAD", "");
    scratch.file("suite.sh", note("open", "") + &note("ran", "moors"));
    let policy = |words: &str| {
        let command = format!("command = [{words}'/bin/sh', 'suite.sh']");
        scratch.file(
            "guardrun.toml",
            format!("[suite.s]\n{command}\nproof = {LEDGER}\n"),
        );
    };
    policy("");
    expect(&scratch, 0, &[" · 1 executed · "]);
    policy("'env', '-i', ");
    expect(&scratch, 47, &CULPRITS);
    let output = guardrun(scratch.path())
        .args(["--json", "run", "s"])
        .output()
        .unwrap();
    let value: Value = serde_json::from_slice(&output.stderr).expect("one object");
    assert_eq!(value["verdicts"], json!(["unproven"]));
    assert_eq!(value["proof"][0]["counted"], false);
    assert_eq!(value["proof"][0]["problems"][0]["name"], "empty-ledger");
}

#[test]
fn a_ledger_that_is_gone_or_tells_of_another_run_is_as_good_as_empty() {
    for script in [
        "true".to_owned(),
        note_of("000000000000", "ran", "moors"),
        "echo 'moors ran' >> \"$GUARDRUN_LEDGER\"".to_owned(),
        note("ran", "moors") + "rm \"$GUARDRUN_LEDGER\"",
    ] {
        expect(&repository(LEDGER, &script), 47, &CULPRITS);
    }
}

#[test]
fn gates_that_were_asked_and_let_nothing_begin_prove_nothing() {
    let asked = repository(LEDGER, &note("open", ""));
    expect(&asked, 47, &["nothing was executed"]);
    let skipped = repository(LEDGER, &note("closed", "moors"));
    expect(&skipped, 47, &["the only test was skipped (no harbour)"]);
    let other = repository(
        "{ format = 'ledger', must-run = ['casts off'] }",
        &note("ran", "moors"),
    );
    expect(&other, 47, &["`casts off` did not run"]);
}
