//! "What a runner only prints": `report = "stdout"`. The same bytes are passed on and read, and the one changes nothing about the other.

use super::prove::{expect, repository};
use super::sample;
use crate::cli::guardrun;
use crate::policy::bad;
use crate::support::pty::Pty;
use std::fs::{self, File, OpenOptions};
use std::process::Stdio;

const STDOUT: &str = "{ report = 'stdout' }";

#[test]
fn what_is_printed_is_proved_in_each_format_that_is_printed() {
    for (name, counted) in [
        ("libtest-both.txt", "6 executed, 2 skipped"),
        ("libtest-colour.txt", "6 executed, 2 skipped"),
        ("libtest-json.txt", " executed"),
        ("go.json", " executed"),
        ("node.tap", " executed"),
    ] {
        let scratch = repository(STDOUT, &format!("cat SAMPLES/{name}"));
        expect(&scratch, 0, &["s passed in ", counted]);
    }
    let named = "{ report = 'stdout', format = 'libtest', min-executed = 5, must-run = ['tests::moors', 's*s'], max-skipped = 2 }";
    expect(&repository(named, "cat SAMPLES/libtest-both.txt"), 0, &[]);
}

#[test]
fn what_is_not_proved_by_it_is_said() {
    for (script, words) in [
        ("true", "the report stdout is empty"),
        (
            "echo hello",
            "the report stdout is written in no format that guardrun knows",
        ),
        (
            "head -n 5 SAMPLES/libtest.txt",
            "the report stdout ends in the middle",
        ),
        ("cat SAMPLES/libtest.txt >&2", "the report stdout is empty"),
        ("exec >&-; true", "the report stdout is empty"),
        (
            "printf 'running 0 tests\\n\\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.00s\\n'",
            "all 3 tests were filtered out",
        ),
        ("cat SAMPLES/libtest-failed.txt", "failed"),
    ] {
        expect(&repository(STDOUT, script), 47, &[words]);
    }
    // A suite that failed keeps its status.
    expect(
        &repository(STDOUT, "cat SAMPLES/libtest-failed.txt; exit 101"),
        101,
        &[],
    );
}

#[test]
fn a_guardrun_without_stdout_has_heard_nothing_and_says_so() {
    let scratch = repository(STDOUT, "cat SAMPLES/libtest.txt || true");
    let line = format!("exec '{}' run s >&-", env!("CARGO_BIN_EXE_guardrun"));
    let mut shell = std::process::Command::new("/bin/sh");
    let output = shell
        .args(["-c", &line])
        .current_dir(scratch.path())
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(47), "{told}");
    assert!(told.contains("the report stdout is not there"), "{told}");
}

/// "Never changes the stream": every byte arrives, in order, whatever it is.
#[test]
fn the_stream_is_what_it_was_to_the_last_byte() {
    let mut bytes: Vec<u8> = (0..3_000_000_u32)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    bytes.extend(b"\n\r\n\x1b[31m\0no end");
    let scratch = repository(STDOUT, "cat noise; cat SAMPLES/libtest.txt; cat noise >&2");
    scratch.file("noise", &bytes);
    let (out, err) = (scratch.path().join("out"), scratch.path().join("err"));
    let mut command = guardrun(scratch.path());
    command.args(["--quiet", "run", "s"]);
    let status = command
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(0));
    let mut expected = bytes.clone();
    expected.extend(fs::read(sample("libtest.txt")).unwrap());
    assert!(fs::read(&out).unwrap() == expected, "stdout is another");
    assert!(fs::read(&err).unwrap() == bytes, "stderr is another");
}

/// "Where both streams go to one place": cargo's own words on stderr stand between, as in a file of both.
#[test]
fn both_streams_in_one_place_are_read_as_one() {
    let scratch = repository(
        STDOUT,
        "sed -n '1,11p' SAMPLES/libtest-both.txt; echo '     Running tests/storm.rs (target/x)' >&2; sed -n '13,$p' SAMPLES/libtest-both.txt",
    );
    let both = File::create(scratch.path().join("both")).unwrap();
    let mut command = guardrun(scratch.path());
    let status = command
        .args(["run", "s"])
        .stdout(both.try_clone().unwrap())
        .stderr(both)
        .status()
        .unwrap();
    let told = fs::read_to_string(scratch.path().join("both")).unwrap();
    assert_eq!(status.code(), Some(0), "{told}");
    assert!(told.contains("6 executed, 2 skipped"), "{told}");
}

/// "On a terminal": the suite finds a terminal, with its colours and line ends, and is proved all the same.
#[test]
fn on_a_terminal_the_suite_finds_one_and_is_proved_all_the_same() {
    let scratch = repository(
        STDOUT,
        "test -t 1 && echo a terminal; cat SAMPLES/libtest-colour.txt",
    );
    let mut pty = Pty::open();
    let end = || {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open(pty.slave())
            .unwrap()
    };
    let (out, err) = (end(), end());
    let mut command = guardrun(scratch.path());
    let mut child = command
        .args(["run", "s"])
        .stdin(Stdio::null())
        .stdout(out)
        .stderr(err)
        .spawn()
        .unwrap();
    pty.wait_for("6 executed, 2 skipped")
        .unwrap_or_else(|told| panic!("{told}"));
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let text = pty.text();
    assert!(
        text.contains("a terminal\r\n") && text.contains("\u{1b}[32mok"),
        "{text}"
    );
    assert!(!text.contains("\r\r"), "{text}");
}

#[test]
fn each_attempt_is_heard_anew() {
    let policy = "{ report = 'stdout', min-executed = 5, must-run = 'sails' }";
    let scratch = repository(
        policy,
        "if [ -e once ]; then cat SAMPLES/libtest-both.txt; else touch once; cat SAMPLES/libtest-failed.txt; exit 1; fi",
    );
    let file = scratch.path().join("guardrun.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{text}retry = {{ times = 1 }}\n")).unwrap();
    expect(&scratch, 0, &["6 executed, 2 skipped"]);
}

#[test]
fn a_file_may_be_a_report_beside_it_and_each_test_counts_once() {
    let both = "{ report = ['stdout', 'out.tap'] }";
    let scratch = repository(
        both,
        "cat SAMPLES/libtest-both.txt; cat SAMPLES/node.tap > out.tap",
    );
    expect(&scratch, 0, &["s passed in "]);
    let missing = repository(both, "cat SAMPLES/libtest-both.txt");
    expect(&missing, 47, &["the report out.tap is not there"]);
}

#[test]
fn a_list_of_skips_is_compared_and_cannot_be_rewritten_from_what_is_gone() {
    let policy = "{ report = 'stdout', ratchet = 'skips.toml' }";
    let scratch = repository(policy, "cat SAMPLES/libtest-both.txt");
    scratch.file("skips.toml", "[[skip]]\ntest = 'tests::fog'\n");
    expect(
        &scratch,
        47,
        &["that is not in the list of what may be: `tests::tide`"],
    );
    scratch.file(
        "skips.toml",
        "[[skip]]\ntest = 'tests::fog'\n[[skip]]\ntest = 'tests::tide'\n",
    );
    expect(&scratch, 0, &[]);
    let output = guardrun(scratch.path())
        .args(["ratchet", "s"])
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    assert!(
        told.contains("is what it prints, and that is gone"),
        "{told}"
    );
}

/// A hundred thousand tests on their way, with what each of them prints.
#[test]
fn a_long_stream_is_counted_to_its_end() {
    let script = "echo 'running 100000 tests'; seq -f 'test tests::number_%.0f_of_very_many ... ok' 100000; echo; echo 'test result: ok. 100000 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s'";
    let scratch = repository("{ report = 'stdout', min-executed = 100000 }", script);
    expect(&scratch, 0, &["100000 executed"]);
}

#[test]
fn a_format_that_nobody_prints_line_by_line_is_a_bad_policy() {
    for format in ["junit", "ledger"] {
        let error = bad(&format!(
            "[suite.s]\ncommand=['a']\nproof={{report='stdout', format='{format}'}}"
        ));
        assert!(
            error.contains(&format!("{format} is not read from what a suite prints")),
            "{error}"
        );
    }
    crate::policy::good("[suite.s]\ncommand=['a']\nproof={report='./stdout', format='junit'}");
}

/// An audit passes on and listens as a run does; its own events have no place on a stdout that is the suite's report.
#[test]
fn an_audit_listens_as_a_run_does() {
    if !crate::support::gate::is_open("an_audit_listens_as_a_run_does") {
        return;
    }
    let scratch = repository(STDOUT, "cat SAMPLES/libtest-both.txt");
    let audit = |more: &[&str]| {
        let mut command = guardrun(scratch.path());
        let output = command.args(["audit", "--suite", "s"]).args(more).output();
        let output = output.unwrap();
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), told)
    };
    let (code, told) = audit(&[]);
    if code == Some(42) {
        return crate::support::gate::skip("an audit", &told);
    }
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("6 executed, 2 skipped"), "{told}");
    let (code, told) = audit(&["--json"]);
    assert_eq!(code, Some(2), "{told}");
    assert!(told.contains("with a proof that is printed"), "{told}");
}
