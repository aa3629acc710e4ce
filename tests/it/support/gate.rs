//! May this test start real processes? The gate, and skipping by name.

use super::say;
use guardrun::ledger::{self, Entry, Event};
use std::path::Path;

/// The variable that opens the gate, by being exactly `1`.
const GATE: &str = "GUARDRUN_DAEMON_TESTS";
/// The variable that turns every skip into a failure, for the place that is there to run these tests.
const REQUIRE: &str = "GUARDRUN_REQUIRE";

/// Whether the gate is open; if not, the test is skipped by its name.
pub(crate) fn is_open(name: &str) -> bool {
    if is_one(GATE) {
        return true;
    }
    skip(
        name,
        &format!("starts real processes; runs with {GATE}=1 (just test-daemon)"),
    );
    false
}

/// Notes in the ledger of the run, if there is one, that this test's body was run: docs/gate-contract.md.
pub(crate) fn note(name: &str) {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let (run, path) = (variable("GUARDRUN_RUN_ID"), variable(ledger::PATH));
    if run.is_empty() || path.is_empty() {
        return;
    }
    let entry = Entry {
        v: 1,
        run,
        gate: GATE.to_owned(),
        event: Event::Ran,
        test: name.to_owned(),
        reason: String::new(),
        pid: std::process::id().into(),
        lang: "rust".to_owned(),
    };
    if let Err(error) = ledger::append(Path::new(&path), &entry) {
        say(&format!("cannot write the ledger {path}: {error}"));
    }
}

/// Skips the test, or the part of it, that is called `name`; fails it where skipping is not allowed.
pub(crate) fn skip(name: &str, why: &str) {
    say(&format!("skipped: {name}: {why}"));
    assert!(
        !is_one(REQUIRE),
        "{REQUIRE}=1, and yet skipped: {name}: {why}"
    );
}

fn is_one(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}
