//! Starting a program and waiting for its end, with a bound.

use crate::kernel::Process;
use std::ffi::OsString;
use std::io;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

/// How long one run of `true` may take before the whole measurement is given up.
pub(crate) const RUN: Duration = Duration::from_secs(30);

/// `words` in front of `command`, with nothing to read and nobody to talk to.
pub(crate) fn quiet(words: &[OsString], command: &[OsString]) -> Command {
    let mut all = words.iter().chain(command);
    let mut start = Command::new(all.next().expect("a command has a word"));
    start
        .args(all)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    start
}

/// Waits for its end. One that does not end in time is killed, and that is an error.
pub(crate) fn end_within(mut child: Child, time: Duration) -> io::Result<ExitStatus> {
    let ended = Process::open(child.id() as i32)?.dies_within(time);
    if !ended {
        child.kill()?;
    }
    let status = child.wait()?;
    match ended {
        true => Ok(status),
        false => Err(io::Error::other(format!("did not end within {time:?}"))),
    }
}
