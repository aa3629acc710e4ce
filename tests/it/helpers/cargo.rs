//! A cargo project under libtest.

use super::project::{Project, Starts, holds};
use crate::support::bench::Bench;
use crate::support::gate;
use crate::support::room::daemon_test;
use std::path::Path;
use std::process::Command;

const MANIFEST: &str = r#"
[package]
name = "project"
version = "0.0.0"
edition = "2024"

[workspace]
"#;

const TESTS: &str = r#"
mod guardrun_gate;
use guardrun_gate::{assert_gate, gate, needs};
use std::process::Command;

fn start() {
    assert_gate("LIVE_TESTS");
    assert!(Command::new("@START@").status().unwrap().success());
}

#[test]
fn plain() {}

#[test]
fn answers() {
    gate!("LIVE_TESTS");
    start();
}

#[test]
fn answers_with_a_result() -> Result<(), String> {
    gate!("LIVE_TESTS", Ok(()));
    needs("sh");
    start();
    Ok(())
}
"#;

/// Tests that only run when they are asked for.
const IGNORED: &str = r#"
mod guardrun_gate;

#[test]
fn plain() {}

#[test]
#[ignore = "starts a real process: guardrun run live"]
fn serves() {
    guardrun_gate::require!("LIVE_TESTS");
    assert!(std::process::Command::new("@START@").status().unwrap().success());
}
"#;

/// A test that forgot the gate, one whose program is missing.
const WRONG: &str = r#"
mod guardrun_gate;

#[test]
fn forgot() {
    guardrun_gate::assert_gate("LIVE_TESTS");
    let _ = std::process::Command::new("@START@").status();
}

#[test]
fn lacks() {
    guardrun_gate::gate!("LIVE_TESTS");
    guardrun_gate::needs("no-such-program-anywhere");
    let _ = std::process::Command::new("@START@").status();
}
"#;

fn project<'b>(bench: &'b Bench, text: &str) -> Option<Project<'b>> {
    let cargo = Path::new(env!("CARGO"));
    if !cargo.exists() {
        gate::skip(
            "a cargo project",
            "cargo is not where it was when this was built",
        );
        return None;
    }
    let cargo = cargo.to_string_lossy().into_owned();
    let project = Project::new(
        bench,
        "rust",
        &[&cargo, "test", "--offline", "--quiet", "--test", "live"],
    );
    project.file("Cargo.toml", MANIFEST);
    project.file("src/lib.rs", "");
    project.file("tests/live.rs", text);
    let target = project
        .root
        .with_file_name("target")
        .to_string_lossy()
        .into_owned();
    Some(project.variable("CARGO_TARGET_DIR", target))
}

/// The test program that cargo has built.
fn program(project: &Project<'_>) -> String {
    let folder = project.root.with_file_name("target").join("debug/deps");
    let listing = Command::new("sh")
        .args(["-c", "ls -1 \"$1\"/live-* | grep -v '[.]d$'", "sh"])
        .arg(&folder)
        .output()
        .expect("a shell");
    let found = String::from_utf8_lossy(&listing.stdout).trim().to_owned();
    assert!(!found.is_empty() && !found.contains('\n'), "{found}");
    found
}

/// "Bare, closed: nothing is started. Under guardrun, closed: refused. Open: executed, counted."
#[test]
fn a_cargo_project_starts_nothing_unless_a_run_opened_its_gate() {
    daemon_test(|| {
        let bench = Bench::new();
        let Some(project) = project(&bench, TESTS) else {
            return;
        };
        let built = project.bare(&[]);
        assert_eq!(built.code, Some(0), "{}", built.text);
        let words = |all: &[&str]| {
            all.iter()
                .map(|word| (*word).to_owned())
                .collect::<Vec<_>>()
        };
        let (program, manifest) = (program(&project), project.root.join("Cargo.toml"));
        let manifest = manifest.to_string_lossy();
        let bypasses = [
            (project.root.as_path(), words(&[&program])),
            (
                Path::new("/"),
                words(&[&program, "--include-ignored", "--test-threads", "1"]),
            ),
            (
                Path::new("/"),
                words(&[
                    env!("CARGO"),
                    "test",
                    "--offline",
                    "--manifest-path",
                    &manifest,
                ]),
            ),
        ];
        holds(
            &project,
            Starts {
                processes: 2,
                tests: 2,
            },
            &bypasses,
        );
    });
}

/// "`--include-ignored`: still refused inside."
#[test]
fn ignored_tests_that_are_run_all_the_same_fail_and_start_nothing() {
    daemon_test(|| {
        let bench = Bench::new();
        let Some(project) = project(&bench, IGNORED) else {
            return;
        };
        let plain = project.bare(&[]);
        assert_eq!((plain.code, plain.starts), (Some(0), 0), "{}", plain.text);
        for flag in ["--include-ignored", "--ignored"] {
            let told = project.run(&[("LIVE_TESTS", "1")], &[&program(&project), flag]);
            assert_ne!(told.code, Some(0), "{}", told.text);
            assert_eq!(told.starts, 0, "{}", told.text);
            assert!(
                told.text.contains("no run of guardrun holds this process"),
                "{}",
                told.text
            );
        }
        if let Some((told, ledger)) = project.open("live", &["--", "--", "--include-ignored"]) {
            assert_eq!((told.code, told.starts), (Some(0), 1), "{}", told.text);
            assert_eq!(ledger["ran"], 1, "{ledger}");
        }
    });
}

/// "A leash that panics at the moment of a real start when the gate is closed. An open gate with a missing prerequisite fails."
#[test]
fn the_leash_stops_a_start_and_a_missing_program_is_a_failure() {
    daemon_test(|| {
        let bench = Bench::new();
        let Some(project) = project(&bench, WRONG) else {
            return;
        };
        let told = project.bare(&[]);
        assert_eq!((told.code, told.starts), (Some(101), 0), "{}", told.text);
        assert!(
            told.text
                .contains("guardrun: closed: LIVE_TESTS is not set"),
            "{}",
            told.text
        );
        if let Some((told, ledger)) = project.open("live", &["--", "lacks"]) {
            assert_eq!((told.code, told.starts), (Some(101), 0), "{}", told.text);
            assert!(
                told.text.contains("needs no-such-program-anywhere"),
                "{}",
                told.text
            );
            assert_eq!(ledger["failed_prerequisite"], 1, "{ledger}");
        }
    });
}
