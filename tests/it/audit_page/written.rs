//! `guardrun audit --from EVENTS --html FILE`: the file that it writes, and what it says when it cannot.

use super::recording::suite;
use crate::cli::guardrun;
use crate::scratch::Scratch;
use crate::support::gate;
use crate::support::room::daemon_test;
use std::fs;

/// Runs it, and expects this code and these words.
#[track_caller]
fn expect(scratch: &Scratch, arguments: &[&str], code: i32, words: &[&str]) {
    let output = guardrun(scratch.path())
        .arg("audit")
        .args(arguments)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{told}");
    for word in words {
        assert!(told.contains(word), "{word:?} is missing:\n{told}");
    }
}

fn names(scratch: &Scratch) -> Vec<String> {
    let entries = fs::read_dir(scratch.path()).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_page_is_written_whole_and_over_an_earlier_one() {
    let scratch = Scratch::new();
    scratch.file("run.jsonl", suite(20));
    scratch.file("run.html", "of yesterday");
    expect(
        &scratch,
        &["--from", "run.jsonl", "--html", "run.html"],
        0,
        &["guardrun: wrote the page run.html"],
    );
    let page = fs::read_to_string(scratch.path().join("run.html")).unwrap();
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert_eq!(names(&scratch), ["run.html", "run.jsonl"]);
}

#[test]
fn what_cannot_be_read_is_named_with_its_line_and_leaves_an_earlier_page_alone() {
    let scratch = Scratch::new();
    let good = suite(20);
    let run = good.lines().next().unwrap();
    scratch.file("out.html", "of yesterday");
    for (text, words) in [
        (
            String::new(),
            "line 1: an audit begins with a line {\"event\":\"run\", …}",
        ),
        ("hello\n".to_owned(), "line 1: an audit begins"),
        (
            "{\"event\":\"start\",\"t\":0,\"id\":1}\n".to_owned(),
            "line 1: an audit begins",
        ),
        (
            run.replace("\"schema\":1", "\"schema\":9"),
            "line 1: it was written by a newer guardrun (schema 9; this one reads 1)",
        ),
        (
            format!("{run}\n{{\"event\":\n"),
            "line 2: EOF while parsing a value (column 0)",
        ),
        (
            format!("{run}\n\n{{\"event\":\"start\",\"id\":1}}\n"),
            "line 3: missing field `t`",
        ),
        (
            format!("{run}\n{{\"event\":\"start\",\"t\":-1,\"id\":1}}\n"),
            "line 2: the time -1 is none since the start of a run",
        ),
        (
            format!(
                "{run}\n{{\"event\":\"start\",\"t\":1,\"id\":1}}\n{{\"event\":\"start\",\"t\":1,\"id\":1}}\n"
            ),
            "line 3: the process 1 starts a second time",
        ),
        (format!("{good}{good}"), "a second run begins here"),
    ] {
        scratch.file("in.jsonl", &text);
        expect(
            &scratch,
            &["--from", "in.jsonl", "--html", "out.html"],
            2,
            &[
                "guardrun: cannot make a page of in.jsonl: ",
                words,
                "hint: ",
            ],
        );
        assert_eq!(
            fs::read_to_string(scratch.path().join("out.html")).unwrap(),
            "of yesterday"
        );
    }
}

#[test]
fn a_place_that_cannot_be_read_or_written_is_named_with_a_remedy() {
    let scratch = Scratch::new();
    scratch.file("run.jsonl", suite(20));
    let from = ["--from", "run.jsonl", "--html"];
    expect(
        &scratch,
        &["--from", "no.jsonl", "--html", "x.html"],
        2,
        &["cannot read the events in no.jsonl: ", "hint: "],
    );
    expect(
        &scratch,
        &[&from[..], &["no/such/x.html"]].concat(),
        2,
        &["cannot write the page no/such/x.html: ", "hint: "],
    );
    expect(
        &scratch,
        &[&from[..], &["."]].concat(),
        2,
        &["cannot write the page .: ", "hint: "],
    );
    expect(
        &scratch,
        &[&from[..], &["run.jsonl"]].concat(),
        2,
        &["over its own events", "hint: "],
    );
    assert_eq!(
        fs::read_to_string(scratch.path().join("run.jsonl")).unwrap(),
        suite(20)
    );
    assert_eq!(names(&scratch), ["run.jsonl"]);
}

/// "`--html FILE`: one self-contained page": of a run that is watched right now.
#[test]
fn a_run_leaves_its_page_and_nothing_else() {
    daemon_test(|| {
        let scratch = Scratch::new();
        scratch.file(".git/HEAD", "");
        let script = "for n in 1 2 3 4 5 6; do /bin/true; done; exit 7";
        let run = |arguments: &[&str]| {
            let output = guardrun(scratch.path())
                .args(["audit", "--html", "run.html"])
                .args(arguments)
                .args(["--", "sh", "-c", script])
                .output()
                .unwrap();
            let told = String::from_utf8_lossy(&output.stderr).into_owned();
            (output.status.code(), told)
        };
        let page = || fs::read_to_string(scratch.path().join("run.html")).unwrap();
        for arguments in [&[][..], &["--events", "run.jsonl"]] {
            let (code, told) = run(arguments);
            if code == Some(42) {
                return gate::skip("the page of a run", "nothing can be traced here");
            }
            assert_eq!(code, Some(7), "{told}");
            assert!(told.contains("wrote the page run.html"), "{told}");
            let page = page();
            assert!(page.contains("\"/bin/true\""), "its programs are in it");
            assert!(page.ends_with("</html>\n"));
            fs::remove_file(scratch.path().join("run.html")).unwrap();
        }
        assert_eq!(names(&scratch), [".git", "run.jsonl"]);
        // The events that were kept make the same page again.
        let from = ["--from", "run.jsonl", "--html", "again.html"];
        expect(&scratch, &from, 0, &["wrote the page again.html"]);
        let (code, told) = run(&["--events", "run.html"]);
        assert_eq!(code, Some(2), "{told}");
        let told = guardrun(scratch.path())
            .args(["audit", "--html", "no/such.html", "--", "touch", "started"])
            .output()
            .unwrap();
        assert_eq!(
            told.status.code(),
            Some(2),
            "found out before anything runs"
        );
        assert!(!scratch.path().join("started").exists());
    });
}
