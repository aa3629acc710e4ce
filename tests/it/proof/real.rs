//! Real runners, where they are installed: their reports of today are counted as the samples are. They start processes of
//! their own, so the gate is asked.

use crate::cli::guardrun;
use crate::scratch::Scratch;
use crate::support::gate::{is_open, skip};
use std::process::{Command, Stdio};

/// Whether this program can be had.
fn has(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// A repository whose one suite is this command line, and what guardrun says of it.
#[track_caller]
fn expect(scratch: &Scratch, command: &str, proof: &str, code: i32, words: &[&str]) {
    scratch.file(
        "guardrun.toml",
        format!("[suite.s]\ncommand = ['sh', '-c', '''{command}''']\nproof = {proof}\n"),
    );
    scratch.file(".git/HEAD", "");
    let output = guardrun(scratch.path())
        .args(["run", "s"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    for word in words {
        assert!(told.contains(word), "{word:?} is missing:\n{told}");
    }
}

/// "Open: executed, counted, proved", with `node --test`.
#[test]
fn a_project_of_node_is_proved_by_junit_and_by_tap() {
    if !is_open("a_project_of_node_is_proved_by_junit_and_by_tap") {
        return;
    }
    if !has("node", &["--test-reporter=junit", "--eval", "0"]) {
        return skip("node --test", "there is no node that writes junit");
    }
    let scratch = Scratch::new();
    scratch.file(
        "harbour.test.mjs",
        "import { describe, it } from 'node:test';\n\
         describe('harbour', () => { it('moors', () => {}); it('tide', { skip: 'no table' }, () => {}); });\n\
         describe('hollow', () => { it.skip('one', () => {}); });\n",
    );
    for reporter in ["junit", "tap"] {
        let command = format!("node --test --test-reporter={reporter} harbour.test.mjs > out");
        let proof = |must: &str| format!("{{ report = 'out', must-run = '{must}' }}");
        let counted = "1 executed, 2 skipped";
        expect(&scratch, &command, &proof("harbour::moors"), 0, &[counted]);
        let words = ["`hollow::*` did not run: it was skipped", counted];
        expect(&scratch, &command, &proof("hollow::*"), 47, &words);
    }
    let printed = "node --test --test-reporter=tap harbour.test.mjs";
    let proof = "{ report = 'stdout', must-run = 'harbour::moors' }";
    expect(&scratch, printed, proof, 0, &["1 executed, 2 skipped"]);
    let hollow =
        "node --test --test-reporter=tap --test-name-pattern=nothing harbour.test.mjs > out";
    expect(
        &scratch,
        hollow,
        "{ report = 'out' }",
        47,
        &["nothing was executed"],
    );
}

/// "A cargo project": by the harness's own words, and by nextest's report where that is installed.
#[test]
fn a_project_of_cargo_is_proved() {
    if !is_open("a_project_of_cargo_is_proved") {
        return;
    }
    if !has("cargo", &["--version"]) {
        return skip("cargo test", "there is no cargo");
    }
    let scratch = Scratch::new();
    scratch.file(
        "Cargo.toml",
        "[package]\nname = \"harbour\"\nversion = \"0.1.0\"\nedition = \"2021\"\n[workspace]\n",
    );
    scratch.file(
        "src/lib.rs",
        "#[test] fn moors() {}\n#[test] #[ignore = \"no table\"] fn tide() {}\n",
    );
    scratch.file("tests/storm.rs", "#[test] fn sails() {}\n");
    scratch.file(
        ".config/nextest.toml",
        "[profile.ci.junit]\npath = \"junit.xml\"\n",
    );
    let cargo = "CARGO_TERM_COLOR=always cargo test --offline > out.txt 2>&1";
    let proof = "{ report = 'out.txt', must-run = ['sails', 'moors'] }";
    expect(&scratch, cargo, proof, 0, &["2 executed, 1 skipped"]);
    let filtered = "cargo test --offline no_test_is_called_so > out.txt 2>&1";
    expect(
        &scratch,
        filtered,
        proof,
        47,
        &["all 3 tests were filtered out"],
    );
    let printed = "{ report = 'stdout', must-run = ['sails', 'moors'] }";
    let cargo = "CARGO_TERM_COLOR=always cargo test --offline";
    expect(&scratch, cargo, printed, 0, &["2 executed, 1 skipped"]);
    let filtered = "cargo test --offline no_test_is_called_so";
    expect(
        &scratch,
        filtered,
        printed,
        47,
        &["all 3 tests were filtered out"],
    );
    if !has("cargo", &["nextest", "--version"]) {
        return skip("cargo nextest", "it is not installed");
    }
    let nextest = "cargo nextest run --offline --profile ci";
    let proof = "{ report = 'target/nextest/ci/junit.xml', must-run = 'harbour::storm::sails' }";
    expect(&scratch, nextest, proof, 0, &["2 executed"]);
    // A filter that matches nothing writes no report, and leaves the old one: it passes for itself, and proves nothing.
    let nothing = "cargo nextest run --offline --profile ci --no-tests pass no_test_is_called_so";
    expect(&scratch, nothing, proof, 47, &["guardrun: unproven: "]);
}

#[test]
fn a_project_of_python_is_proved() {
    if !is_open("a_project_of_python_is_proved") {
        return;
    }
    if !has("python3", &["-m", "pytest", "--version"]) {
        return skip("pytest", "it is not installed");
    }
    let scratch = Scratch::new();
    scratch.file(
        "test_harbour.py",
        "import pytest\ndef test_moors(): pass\n@pytest.mark.skip(reason='no table')\ndef test_tide(): pass\n",
    );
    let command = "python3 -m pytest -p no:cacheprovider --junitxml=out.xml";
    let proof = "{ report = 'out.xml', must-run = 'test_harbour::test_moors' }";
    expect(&scratch, command, proof, 0, &["1 executed, 1 skipped"]);
    let hollow = "python3 -m pytest -p no:cacheprovider --junitxml=out.xml -k tide";
    expect(
        &scratch,
        hollow,
        proof,
        47,
        &["the only test was skipped (no table)"],
    );
}

#[test]
fn a_project_of_go_is_proved() {
    if !is_open("a_project_of_go_is_proved") {
        return;
    }
    if !has("go", &["version"]) {
        return skip("go test", "there is no go");
    }
    let scratch = Scratch::new();
    scratch.file("go.mod", "module example.com/harbour\n\ngo 1.19\n");
    scratch.file(
        "harbour_test.go",
        "package harbour\nimport \"testing\"\nfunc TestMoors(t *testing.T) {}\nfunc TestHollow(t *testing.T) { t.Run(\"a\", func(t *testing.T) { t.Skip(\"no table\") }) }\n",
    );
    let home = scratch.directory("home");
    let go = |more: &str| {
        format!(
            "HOME={} go test {more} -json ./... > out.json",
            home.display()
        )
    };
    let proof = "{ report = 'out.json', must-run = 'TestMoors' }";
    expect(
        &scratch,
        &go("-count=1"),
        proof,
        0,
        &["1 executed, 1 skipped"],
    );
    let hollow = "{ report = 'out.json', must-run = 'TestHollow' }";
    expect(
        &scratch,
        &go("-count=1"),
        hollow,
        47,
        &["`TestHollow` did not run: it was skipped"],
    );
    expect(&scratch, &go(""), proof, 0, &["1 executed"]);
    expect(
        &scratch,
        &go(""),
        proof,
        47,
        &["of an earlier run", "-count=1"],
    );
}
