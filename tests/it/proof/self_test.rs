//! "`guardrun self-test` feeds hollow, missing and doctored reports and must go red for each." Nothing here outlives its test.

use crate::cli::guardrun;
use crate::scratch::Scratch;
use crate::support::gate;
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::process::Command;

fn self_test(words: &[&str], path: Option<&std::path::Path>) -> (Option<i32>, String) {
    let scratch = Scratch::new();
    let mut command = guardrun(scratch.path());
    command
        .args(words)
        .arg("self-test")
        .env("TMPDIR", scratch.path());
    if let Some(path) = path {
        command.env("PATH", path);
    }
    let output = command.output().expect("guardrun");
    assert_eq!(
        fs::read_dir(scratch.path()).unwrap().count(),
        0,
        "it leaves nothing"
    );
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output.status.code(), text)
}

#[test]
fn every_answer_is_right_and_there_are_both_kinds() {
    if Command::new("git").arg("--version").output().is_err() {
        return gate::skip("self-test", "git is not installed");
    }
    let (code, text) = self_test(&["--json"], None);
    let tested: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(code, Some(0), "{tested:#}");
    assert_eq!(tested["right"], true);
    let fed = tested["fed"].as_array().unwrap();
    let green = fed.iter().filter(|fed| fed["expected"].is_null()).count();
    assert!(
        green >= 5 && fed.len() - green >= 60,
        "{green} of {}",
        fed.len()
    );
    let mut names: Vec<_> = fed
        .iter()
        .map(|fed| fed["what"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), fed.len(), "no row is there twice");
}

/// Every answer that the tables of docs/proof.md have is brought about.
#[test]
fn every_problem_in_the_document_is_brought_about() {
    if Command::new("git").arg("--version").output().is_err() {
        return gate::skip("self-test", "git is not installed");
    }
    let (_, text) = self_test(&["--json"], None);
    let tested: Value = serde_json::from_str(&text).expect("JSON");
    let expected: Vec<_> = tested["fed"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|fed| fed["expected"].as_str())
        .collect();
    let document = include_str!("../../../docs/proof.md");
    let rows = document.lines().filter(|line| line.starts_with("| `"));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let names: Vec<&str> = cells
        .flat_map(|cell| cell.split('`').skip(1).step_by(2))
        .collect();
    assert!(names.len() > 25, "{names:?}");
    for name in names {
        assert!(expected.contains(&name), "{name}");
    }
}

/// "And says which was not": without git, receipts cannot be tried, and that is no right answer.
#[test]
fn what_cannot_be_tried_is_no_right_answer() {
    let programs = Scratch::new();
    for program in ["sh", "mkdir", "cat", "touch", "mv", "true"] {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|directory| directory.join(program))
            .find(|path| path.exists());
        symlink(found.expect("a program"), programs.path().join(program)).unwrap();
    }
    let (code, text) = self_test(&[], Some(programs.path()));
    assert_eq!(code, Some(47), "{text}");
    assert!(
        text.contains("WRONG   a repository with a commit"),
        "{text}"
    );
    assert!(text.contains("git is not installed here"), "{text}");
    assert!(
        text.ends_with("this guardrun is not to be relied on\n"),
        "{text}"
    );
}
