//! What the tests that start real processes stand on.
//!
//! A test is `daemon_test(|| …)`: it asks the gate, then runs its body in a *room*, a pid namespace of its own that ends
//! with the test (`room.rs`). In it, a `Run` puts a command on a stage, each in a smaller room of its own, and gives a
//! `Scene` to watch, to signal, and to wait for (`run.rs`, `scene.rs`).

pub(crate) mod bench;
pub(crate) mod delegation;
pub(crate) mod gate;
pub(crate) mod kernel;
pub(crate) mod news;
pub(crate) mod proc;
pub(crate) mod pty;
pub(crate) mod room;
pub(crate) mod run;
pub(crate) mod scene;

use std::io::Write;
use std::time::Duration;

/// How long anything may take that is certain to happen. Nobody waits that long for what works; it is generous, so that a
/// slow machine does not look like a broken promise.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Says a line past the test harness's capture, for what a person has to see of a test that passed.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
