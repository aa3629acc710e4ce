//! Asking another program: started with nothing to read, waited for until it ends or its time is over, and what it said.
//!
//! Only for the front, before its run's first fork or after everything of the run is gone: nobody else waits for children then.
//! What it says goes into memory (memfd_create(2)), so nothing has to be read while it runs.

use super::child::Command;
use super::clone::{self, Birth};
use super::{fds, poll, signal, wait};
use crate::values::Status;
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::path::Path;
use std::time::Duration;

/// What a shell answers with when there is no such program.
const NOT_FOUND: u8 = 127;

/// Whom to ask, and how long.
#[derive(Debug)]
pub struct Question<'a> {
    /// The program, looked up in PATH, and its arguments.
    pub words: Vec<OsString>,
    /// Its environment.
    pub environment: Vec<(OsString, OsString)>,
    /// Its working directory.
    pub directory: &'a Path,
    /// How long it may take before it is killed.
    pub limit: Duration,
    /// How much is kept of each of its two streams, in bytes.
    pub most: u64,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    /// How it ended.
    pub status: Status,
    /// What it wrote to standard output.
    pub out: Vec<u8>,
    /// What it wrote to standard error.
    pub err: Vec<u8>,
}

/// Asks. An error is that it could not be started, or did not end in time (`TimedOut`); a program that is not there is `NotFound`.
pub fn ask(question: Question<'_>) -> io::Result<Answer> {
    let command = Command::new(question.words, question.environment)?;
    let (out, err) = (memory()?, memory()?);
    let directory = question.directory;
    let child = clone::child(Birth::default(), || {
        signal::set_mask(&signal::Set::of(&[]));
        let ready = || -> io::Result<()> {
            std::env::set_current_dir(directory)?;
            let null = File::open("/dev/null")?;
            for (file, stream) in [(&null, 0), (&out, 1), (&err, 2)] {
                fds::put_in_place(file.as_fd(), stream)?;
            }
            command.exec().map(|never| match never {})
        };
        match ready() {
            Err(error) if error.kind() != io::ErrorKind::NotFound => i32::from(NOT_FOUND - 1),
            _ => i32::from(NOT_FOUND),
        }
    })?;
    if !poll::readable_within(child.fd.as_fd(), question.limit) {
        let _ = child.fd.signal(signal::KILL);
        let _ = wait::reap(child.pid);
        return Err(io::ErrorKind::TimedOut.into());
    }
    match wait::reap(child.pid)? {
        Status::Exited(NOT_FOUND) => Err(io::ErrorKind::NotFound.into()),
        status => Ok(Answer {
            status,
            out: kept(out, question.most)?,
            err: kept(err, question.most)?,
        }),
    }
}

fn memory() -> io::Result<File> {
    Ok(memfd_create(c"guardrun", MFdFlags::MFD_CLOEXEC)?.into())
}

fn kept(mut file: File, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Question, ask};
    use crate::values::Status;
    use std::io::ErrorKind;
    use std::path::Path;
    use std::time::Duration;

    fn question(script: &str) -> Question<'static> {
        Question {
            words: ["sh", "-c", script].map(Into::into).to_vec(),
            environment: std::env::vars_os().collect(),
            directory: Path::new("/"),
            limit: Duration::from_secs(20),
            most: 5,
        }
    }

    #[test]
    fn both_streams_and_the_status_come_back_and_no_more_than_was_asked_for() {
        let answer = ask(question("pwd; printf 1234567890 >&2; exit 3")).unwrap();
        assert_eq!(answer.status, Status::Exited(3));
        assert_eq!(
            (answer.out.as_slice(), answer.err.as_slice()),
            (&b"/\n"[..], &b"12345"[..])
        );
    }

    #[test]
    fn one_that_is_not_there_and_one_that_does_not_end_are_told_apart() {
        let missing = Question {
            words: vec!["no-such-program-anywhere".into()],
            ..question("")
        };
        assert_eq!(ask(missing).unwrap_err().kind(), ErrorKind::NotFound);
        let slow = Question {
            limit: Duration::from_millis(50),
            ..question("exec sleep 30")
        };
        assert_eq!(ask(slow).unwrap_err().kind(), ErrorKind::TimedOut);
    }
}
