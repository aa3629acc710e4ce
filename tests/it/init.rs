//! "`guardrun init`: a policy for this repository", valid as it stands, and never in place of another.

use crate::policy::good;
use crate::scratch::Scratch;
use guardrun::commands::init::{Found, look, starter, write};
use std::fs;
use std::os::unix::fs::symlink;

fn every_finding() -> Vec<Found> {
    (0..64u32)
        .map(|bits| Found {
            name: ["kolu", "my-project.rs", "7up", "…", ""][bits as usize % 5].to_owned(),
            cargo: bits & 1 != 0,
            go: bits & 2 != 0,
            vitest: bits & 4 != 0,
            jest: bits & 8 != 0,
            pytest: bits & 16 != 0,
            just: bits & 32 != 0,
        })
        .collect()
}

#[test]
fn every_starter_is_a_valid_policy() {
    for found in every_finding() {
        let policy = good(&starter(&found));
        assert!(
            policy.gates.is_empty(),
            "nothing is gated before somebody says why"
        );
        let runners = [
            found.cargo,
            found.go,
            found.vitest,
            found.jest,
            found.pytest,
        ];
        assert_eq!(
            policy.suites.len(),
            runners.iter().filter(|is| **is).count()
        );
    }
}

#[test]
fn every_starter_is_valid_too_when_its_comments_are_taken_up() {
    for found in every_finding() {
        let text: Vec<String> = starter(&found)
            .lines()
            .map(|line| match line.strip_prefix('#') {
                Some(rest) if !rest.starts_with(' ') => rest.to_owned(),
                _ => line.to_owned(),
            })
            .collect();
        let policy = good(&text.join("\n"));
        assert_eq!(policy.gates.len(), 1);
        assert!(policy.suite("daemon").unwrap().gate.is_some());
    }
}

#[test]
fn a_directory_is_known_by_its_files() {
    let scratch = Scratch::new();
    assert!(!look(scratch.path()).cargo);
    scratch.file("Cargo.toml", "");
    scratch.file("package.json", r#"{"devDependencies": {"vitest": "1"}}"#);
    scratch.file("pyproject.toml", "[tool.pytest.ini_options]");
    scratch.file("justfile", "");
    let found = look(scratch.path());
    assert!(found.cargo && found.vitest && found.pytest && found.just);
    assert!(!found.jest && !found.go);
}

#[test]
fn a_policy_is_written_once_and_never_replaced() {
    let scratch = Scratch::new();
    let file = write(scratch.path(), "# mine\n").unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\n");
    let error = write(scratch.path(), "# other\n").unwrap_err().to_string();
    assert!(
        error.contains("is there already, and is not replaced"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), "# mine\n");
}

#[test]
fn no_policy_is_written_beside_another_or_through_a_link() {
    let scratch = Scratch::new();
    scratch.file("a/.config/guardrun.toml", "");
    assert!(write(&scratch.path().join("a"), "x").is_err());
    assert!(!scratch.path().join("a/guardrun.toml").exists());

    let directory = scratch.directory("b");
    symlink("elsewhere", directory.join("guardrun.toml")).unwrap();
    assert!(write(&directory, "x").is_err());
    assert!(!directory.join("elsewhere").exists());
}
