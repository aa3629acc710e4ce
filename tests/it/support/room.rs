//! The room of a whole test: a pid namespace of its own, so that nothing a test starts can outlive it.
//!
//! The test starts *itself* again, by name, through `guardrun-actor room`; the second time it finds itself in the room
//! and runs its body. The room's standard input is a pipe that only the first process holds: however that ends, the
//! room ends, and the kernel kills what is in it.

use super::{bench, gate};
use crate::scratch::Scratch;
use std::any::type_name;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Set to the test's name in its room.
const ROOM: &str = "GUARDRUN_TEST_ROOM";
/// The file that says that the body has run to its end.
const PROOF: &str = "GUARDRUN_TEST_PROOF";
/// The longest that an ordinary test lasts.
const USUAL_LIFE: Duration = Duration::from_secs(900);
/// What `guardrun-actor room` exits with where no room can be made.
const NO_ROOM: i32 = 77;

/// A test that starts real processes.
pub(crate) fn daemon_test<Body: FnOnce()>(body: Body) {
    daemon_test_within(USUAL_LIFE, body);
}

/// The same, for a test that lasts longer.
pub(crate) fn daemon_test_within<Body: FnOnce()>(life: Duration, body: Body) {
    let name = name_of::<Body>();
    if !gate::is_open(&name) {
        return;
    }
    if std::env::var_os(ROOM).is_some_and(|room| room == *name) {
        body();
        std::fs::write(std::env::var_os(PROOF).expect("the room's proof"), "").expect("a proof");
        return;
    }
    // A name that no test has would be a room in which nothing happened, and green.
    let scratch = Scratch::new();
    let proof = scratch.path().join("proof");
    let mut room = Command::new(bench::ACTOR)
        .args(["room", "--life", &life.as_secs().to_string(), "--"])
        .arg(std::env::current_exe().expect("a test knows its own program"))
        .args(["--exact", &name, "--nocapture", "--test-threads", "1"])
        .env(ROOM, &name)
        .env(PROOF, &proof)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("guardrun-actor can be started");
    // `wait` would close the leash first, for a child that waits for the end of its input.
    let leash = room.stdin.take();
    let status = room.wait().expect("a child can be waited for");
    drop(leash);
    if status.code() == Some(NO_ROOM) {
        return gate::skip(&name, "no pid namespace can be made here");
    }
    // Out here: in an ordinary user's room the ledger of the run that the tests are in is out of sight.
    gate::note(&name);
    assert!(status.success(), "{name} failed in its room: {status}");
    assert!(
        proof.exists(),
        "the body of {name} did not run: is its closure in the test itself?"
    );
}

/// The name by which libtest knows the test whose body this is: the path of the closure without crate and closure.
fn name_of<Body>() -> String {
    let path = type_name::<Body>();
    path.split("::")
        .skip(1)
        .filter(|part| !part.starts_with('{'))
        .collect::<Vec<_>>()
        .join("::")
}
