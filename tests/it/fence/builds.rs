//! What cargo does to get to the tests is no test: it compiles and links, runs build scripts, and starts doctests in its own way.

use super::{FENCED, Ran, Yard};
use crate::support::room::daemon_test;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// A package of edition 2024, whose doctests are one program that executes itself for each of them.
const PACKAGE: [(&str, &str); 4] = [
    (
        "Cargo.toml",
        "[package]\nname = \"kaval\"\nedition = \"2024\"\n[workspace]\n",
    ),
    (
        "build.rs",
        "fn main() { assert!(std::process::Command::new(\"sh\").args([\"-c\", \"uname\"]).status().unwrap().success()) }\n",
    ),
    (
        "src/lib.rs",
        "/// ```\n/// std::net::TcpListener::bind(\"127.0.0.1:0\").unwrap();\n/// ```\npub fn one() {}\n\
         /// ```\n/// std::net::TcpListener::bind(\"127.0.0.1:0\").unwrap();\n/// ```\npub fn other() {}\n",
    ),
    (
        "tests/it.rs",
        "#[test] fn listens() { std::net::TcpListener::bind(\"127.0.0.1:0\").unwrap(); }\n\
         #[test] fn starts() { if std::env::var_os(\"STARTS\").is_some() { std::process::Command::new(\"true\").status().unwrap(); } }\n",
    ),
];

fn package(yard: &Yard) -> PathBuf {
    let root = yard.policy.with_file_name("kaval");
    for (name, text) in PACKAGE {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a directory")).expect("a directory");
        fs::write(path, text).expect("a file");
    }
    root
}

/// `cargo test` of it, with the toolchain that has built this.
fn cargo_test(yard: &Yard, root: &PathBuf, starts: bool) -> Ran {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let mut command: Command = yard.command(&[], &[&cargo, "test", "--offline"]);
    for name in [
        "PATH",
        "HOME",
        "CARGO_HOME",
        "RUSTUP_HOME",
        "RUSTUP_TOOLCHAIN",
    ] {
        if let Some(value) = std::env::var_os(name) {
            command.env(name, value);
        }
    }
    if starts {
        command.env("STARTS", "1");
    }
    Ran::of(
        &command
            .current_dir(root)
            .output()
            .expect("guardrun can be started"),
    )
}

#[test]
fn a_package_is_built_and_its_tests_and_doctests_may_listen() {
    daemon_test(|| {
        for class in ["daemons", "processes"] {
            let yard = Yard::with(&format!("fence = \"{class}\""));
            let root = package(&yard);
            let ran = cargo_test(&yard, &root, false);
            assert_eq!(ran.code, Some(0), "{class}: {ran:?}");
            assert!(
                ran.out.contains("test src/lib.rs - other"),
                "{class}: {ran:?}"
            );
        }
    });
}

#[test]
fn under_processes_the_tests_of_a_package_start_nothing_though_its_build_does() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"processes\"");
        let root = package(&yard);
        let ran = cargo_test(&yard, &root, true);
        assert_eq!(ran.code, Some(FENCED), "{ran:?}");
        // The one that there is, and not the places in which it was looked for.
        assert!(
            ran.err.contains("/bin/true: refused with EACCES"),
            "{ran:?}"
        );
        assert!(!ran.err.contains("/cc"), "{ran:?}");
    });
}
