//! guardrun.toml: "an unknown key, a bad value, an unreadable file is an error with the line, a caret and the nearest
//! valid name, and nothing runs" (docs/guardrun.toml.5.md).

mod environment;
mod files;
mod locks;
mod loosening;
mod matching;
mod refused;
mod schema;

use guardrun::policy::{self, Policy, PolicyError};
use jiff::civil::{Date, date};
use std::path::Path;

/// The day on which the tests take place.
pub(crate) const TODAY: Date = date(2026, 6, 15);

/// The policy that this text is.
pub(crate) fn read(text: &str) -> Result<Policy, PolicyError> {
    policy::from_text(
        text,
        Path::new("/repo/guardrun.toml"),
        Path::new("guardrun.toml"),
        TODAY,
    )
}

/// The policy that this good text is.
#[track_caller]
pub(crate) fn good(text: &str) -> Policy {
    read(text).unwrap_or_else(|error| panic!("this policy is good, and was refused:\n{error}"))
}

/// The whole message that this bad text earns.
#[track_caller]
pub(crate) fn bad(text: &str) -> String {
    match read(text) {
        Ok(_) => panic!("this policy is bad, and was accepted:\n{text}"),
        Err(error) => error.to_string(),
    }
}

/// The example of docs/guardrun.toml.5.md.
pub(crate) const DAEMON: &str = r#"
[gate.daemon]
env   = "KOLU_DAEMON_TESTS"
why   = "forks real daemons and PTY shells"
where = "CI, or a disposable box: just test-daemon"

[suite.unit]
command = ["cargo", "test"]
match   = ["cargo test *", "cargo nextest run *"]

[suite.daemon]
gate    = "daemon"
command = ["cargo", "test", "--test", "daemon"]
match   = ["cargo test --test daemon *"]
timeout = "10m"
"#;

#[test]
fn the_example_of_the_manual_reads_as_it_says() {
    let policy = good(DAEMON);
    assert_eq!(policy.gates["daemon"].env, "KOLU_DAEMON_TESTS");
    assert_eq!(policy.gates["daemon"].place.to_string(), "guardrun.toml:2");
    let daemon = policy.suite("daemon").unwrap();
    assert_eq!(daemon.place.line, 11);
    assert_eq!(daemon.hold.timeout.unwrap().as_secs(), 600);
    assert_eq!(daemon.patterns[0].place.line, 14);
    assert!(policy.notes.is_empty());
}

#[test]
fn the_manual_page_has_a_good_example_and_every_key() {
    let page = include_str!("../../docs/guardrun.toml.5.md");
    let example = page.split("```toml\n").nth(1).unwrap();
    good(example.split("```").next().unwrap());

    let tables = ["x=1", "[defaults]\nx=1", "[gate.g]\nx=1", "[suite.s]\nx=1"];
    for table in tables {
        let error = bad(table);
        let keys = error.split("the keys known here are ").nth(1).unwrap();
        for key in keys.split(", ") {
            let marks =
                ["**", "[", "[[suite.NAME.", "[suite.NAME."].map(|mark| format!("{mark}{key}"));
            assert!(
                marks.iter().any(|mark| page.contains(mark)),
                "{key} of {table}"
            );
        }
    }
}

#[test]
fn an_empty_file_is_a_policy_that_says_nothing() {
    let policy = good("");
    assert!(policy.suites.is_empty() && policy.gates.is_empty());
    assert_eq!(policy.defaults, Policy::built_in().defaults);
}

#[test]
fn suites_keep_the_order_of_the_file() {
    let policy =
        good("[suite.b]\ncommand=['b']\n[suite.a]\ncommand=['a']\n[suite.c]\ncommand=['c']\n");
    let names: Vec<&str> = policy
        .suites
        .iter()
        .map(|suite| suite.name.as_str())
        .collect();
    assert_eq!(names, ["b", "a", "c"]);
}
