//! "A suite that writes nothing and does nothing for longer than its idle limit is ended", and everything that this must
//! not change: what comes out, in which order, and who notices when nobody reads it.

mod passing;
mod silence;
mod terminal;
mod tree;

use crate::support::PATIENCE;
use crate::support::kernel::Process;
use crate::support::proc;
use std::io::Read;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Instant;

/// The levels that can be had wherever the tests can run at all.
const LEVELS: [&str; 2] = ["namespace", "subreaper"];
/// An idle limit that nobody reaches.
const FAR: &str = "10m";

/// guardrun with these options and this suite, without a terminal; its streams are for the test to say.
fn guardrun(level: &str, options: &[&str], suite: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guardrun"));
    command
        .args(["--level", level])
        .args(options)
        .arg("--")
        .args(suite)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

/// A script as a suite.
fn script(text: &str) -> [&str; 3] {
    ["sh", "-c", text]
}

/// Waits for the end; it is an error if that does not come.
fn ended(run: &mut Child) -> ExitStatus {
    let process = Process::open(run.id() as i32).expect("an unreaped child has a pidfd");
    assert!(process.dies_within(2 * PATIENCE), "it goes on");
    run.wait().expect("a child can be waited for")
}

/// Runs to the end; exit status and stderr.
fn outcome(mut command: Command) -> (ExitStatus, String) {
    let mut run = command.stderr(Stdio::piped()).spawn().expect("it starts");
    let mut text = String::new();
    let mut err = run.stderr.take().expect("it is piped");
    err.read_to_string(&mut text).expect("it is text");
    (ended(&mut run), text)
}

/// Waits until there is a file here, which the suite makes when it has come so far.
fn wait_for_file(path: &Path) {
    wait_until(&format!("{} is there", path.display()), || path.exists());
}

fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + 2 * PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "not so: {what}");
        std::thread::yield_now();
    }
}

/// The suite's process whose command line begins so.
fn find(run: &Child, words: &str) -> i32 {
    let until = Instant::now() + PATIENCE;
    loop {
        let mut below = proc::descendants(run.id() as i32).into_iter();
        if let Some(found) = below.find(|pid| proc::command(*pid).starts_with(words)) {
            return found;
        }
        assert!(Instant::now() < until, "no {words:?}");
        std::thread::yield_now();
    }
}
