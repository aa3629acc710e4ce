//! "`guardrun ratchet SUITE` rewrites the list keeping comments, only shrinking unless it is given a reason."

use super::sample;
use crate::cli::guardrun;
use crate::scratch::Scratch;
use std::fs;
use std::process::Output;

const POLICY: &str =
    "[suite.s]\ncommand = ['true']\nproof = { report = 'junit.xml', ratchet = 'skips.toml' }\n";
const LIST: &str = "# Ours.\n\n# The tide.\n[[skip]]\ntest   = \"test_harbour::test_tide\"\nreason = \"needs a tide table\"\n\n[[skip]]\ntest = \"test_harbour::test_anchor_holds\"\n";

fn repository(list: Option<&str>) -> Scratch {
    let scratch = Scratch::new();
    scratch.file("guardrun.toml", POLICY);
    scratch.file(".git/HEAD", "");
    scratch.file("junit.xml", fs::read(sample("pytest-xunit2.xml")).unwrap());
    if let Some(list) = list {
        scratch.file("skips.toml", list);
    }
    scratch
}

fn ratchet(scratch: &Scratch, more: &[&str]) -> (Option<i32>, String) {
    let output: Output = guardrun(scratch.path())
        .args(["ratchet", "s"])
        .args(more)
        .output()
        .unwrap();
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

fn list(scratch: &Scratch) -> String {
    fs::read_to_string(scratch.path().join("skips.toml")).unwrap_or_default()
}

#[test]
fn it_does_not_grow_by_itself() {
    let scratch = repository(Some(LIST));
    let (code, said) = ratchet(&scratch, &[]);
    assert_eq!(code, Some(47), "{said}");
    assert!(
        said.contains("2 tests are skipped and not in the list"),
        "{said}"
    );
    assert!(
        said.contains("test_harbour::test_buoy (the buoy drifts)"),
        "{said}"
    );
    assert_eq!(list(&scratch), LIST, "nothing was written");
}

#[test]
fn with_a_reason_it_grows_and_shrinks_and_then_holds() {
    let scratch = repository(Some(LIST));
    let (code, said) = ratchet(&scratch, &["--allow-growth", "until spring"]);
    assert_eq!(code, Some(0), "{said}");
    let text = list(&scratch);
    assert!(text.starts_with("# Ours.\n\n# The tide.\n[[skip]]\ntest   = \"test_harbour::test_tide\"\nreason = \"needs a tide table\"\n"), "{text}");
    assert!(!text.contains("anchor"), "what runs needs no entry: {text}");
    assert_eq!(
        text.matches("reason = \"until spring\"").count(),
        2,
        "{text}"
    );
    assert_eq!(ratchet(&scratch, &["--check"]).0, Some(0));
    assert_eq!(ratchet(&scratch, &[]).0, Some(0));
    assert_eq!(list(&scratch), text);
}

#[test]
fn a_check_changes_nothing_and_says_what_would() {
    let text = "[[skip]]\ntest='test_harbour::test_tide'\n[[skip]]\ntest='test_harbour::test_buoy'\n[[skip]]\ntest='test_harbour.TestPilot::test_boards'\n[[skip]]\ntest='test_harbour::test_anchor_holds'\n";
    let scratch = repository(Some(text));
    let (code, said) = ratchet(&scratch, &["--check"]);
    assert_eq!(code, Some(47), "{said}");
    assert!(
        said.contains("without test_harbour::test_anchor_holds"),
        "{said}"
    );
    assert_eq!(list(&scratch), text);
    let (code, said) = ratchet(&scratch, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(list(&scratch).matches("[[skip]]").count(), 3);
}

#[test]
fn a_hollow_or_broken_report_empties_no_list() {
    for report in [
        "",
        "<testsuites/>",
        "<testsuite><testcase name='a'/>",
        "<testsuite><testcase name='a'><skipped/></testcase></testsuite>",
    ] {
        let scratch = repository(Some(LIST));
        scratch.file("junit.xml", report);
        let (code, said) = ratchet(&scratch, &["--allow-growth", "x1"]);
        assert_eq!(code, Some(47), "{report}: {said}");
        assert!(said.contains("the list stays as it is"), "{said}");
        assert_eq!(list(&scratch), LIST, "{report}");
    }
}

#[test]
fn a_test_that_is_not_in_the_report_stays_in_the_list() {
    let text = "[[skip]]\ntest = \"of another platform\"\n";
    let scratch = repository(Some(text));
    let (code, said) = ratchet(&scratch, &["--allow-growth", "new"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(list(&scratch).starts_with(text), "{}", list(&scratch));
}

#[test]
fn the_first_list_is_made_with_a_reason() {
    let scratch = repository(None);
    assert_eq!(ratchet(&scratch, &[]).0, Some(47));
    assert_eq!(
        ratchet(&scratch, &["--allow-growth", " … "]).0,
        Some(2),
        "a reason that says nothing"
    );
    assert_eq!(
        ratchet(&scratch, &["--allow-growth", "as it is today"]).0,
        Some(0)
    );
    assert_eq!(list(&scratch).matches("[[skip]]").count(), 3);
}

#[test]
fn a_suite_without_a_list_is_told_how_to_have_one() {
    let scratch = repository(None);
    scratch.file("guardrun.toml", "[suite.s]\ncommand=['true']");
    let (code, said) = ratchet(&scratch, &[]);
    assert_eq!(code, Some(2));
    assert!(said.contains("ratchet = \"tests/skips.toml\""), "{said}");
    scratch.file("guardrun.toml", POLICY);
    scratch.file("skips.toml", "nonsense");
    assert!(
        ratchet(&scratch, &[])
            .1
            .contains("cannot use the list skips.toml: line 1")
    );
}
