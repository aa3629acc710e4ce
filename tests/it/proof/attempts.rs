//! Proof beside retries, and beside the JUnit report that guardrun itself writes. Nothing here outlives its test.

use super::prove::{expect, repository};
use std::fs;

const WRITE: &str = "mkdir -p out; cat SAMPLES/nextest.xml > out/junit.xml";
const RETRY: &str = "{ report = 'out/junit.xml' }\nretry = { times = 2 }";

/// Counts the attempts in the file `attempts`, and does this at the first and that at every other.
fn first_and_then(first: &str, then: &str) -> String {
    format!("echo . >> attempts; if [ $(wc -l < attempts) = 1 ]; then {first}; else {then}; fi")
}

#[test]
fn a_run_that_is_unproven_is_not_tried_again() {
    let scratch = repository(RETRY, "echo . >> attempts");
    expect(&scratch, 47, &["the report out/junit.xml is not there"]);
    let attempts = fs::read_to_string(scratch.path().join("attempts")).unwrap();
    assert_eq!(attempts, ".\n");
}

#[test]
fn each_attempt_has_to_prove_itself() {
    let stale = repository(RETRY, &first_and_then(&format!("{WRITE}; exit 1"), "true"));
    expect(&stale, 47, &["it is as it was before the run"]);
    let proved = repository(RETRY, &first_and_then("exit 1", WRITE));
    expect(&proved, 0, &["is flaky", " · 5 executed"]);
    let line = r#"printf '{"v":1,"run":"%s","event":"ran","test":"moors"}\n' $GUARDRUN_RUN_ID >> $GUARDRUN_LEDGER"#;
    let ledger = "{ format = 'ledger' }\nretry = { times = 2 }";
    let of_the_first = first_and_then(&format!("{line}; exit 1"), "true");
    let of_the_first = repository(ledger, &of_the_first);
    expect(&of_the_first, 47, &["no gate inside the suite wrote"]);
    let of_the_second = repository(ledger, &first_and_then("exit 1", line));
    expect(&of_the_second, 0, &[" · 1 executed"]);
}

/// What guardrun writes in the place of a missing report is no report of the suite, neither of this run nor of the next.
#[test]
fn a_report_that_guardrun_wrote_itself_is_not_judged() {
    let scratch = repository(
        "{ report = 'out/*.xml' }\njunit = 'out/junit.xml'",
        "[ ! -e write ] || cat SAMPLES/nextest.xml > out/junit.xml",
    );
    expect(&scratch, 47, &["the report out/*.xml is not there"]);
    let written = fs::read_to_string(scratch.path().join("out/junit.xml")).unwrap();
    assert!(written.contains("unproven"), "{written}");
    expect(&scratch, 47, &["it is as it was before the run"]);
    scratch.file("write", "");
    expect(&scratch, 0, &[" · 5 executed"]);
}
