//! Whether a fence can be had here, found out by doing it: a child asks, and is answered.

use super::enter::Entry;
use crate::sys::clone::{self, Birth};
use crate::sys::seccomp::{Answer, Call, Listener};
use crate::sys::{poll, signal, socket, wait};
use crate::values::{Fence, Status};
use nix::errno::Errno;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

/// How long a child that does nothing may take.
const LIMIT: Duration = Duration::from_secs(10);

/// Puts a child behind a fence and answers its question; the error is that of the step that failed.
pub fn probe() -> io::Result<()> {
    let (front, door) = socket::pair()?;
    front.want_senders()?;
    let entry = Entry::for_probe(Fence::Daemons, door);
    let child = clone::child(Birth::default(), || {
        // A child that leads nothing may lead a session; the answer is to come from the other side, not from the kernel.
        match entry.enter().and_then(|()| clone::lead_own_session()) {
            Err(error) if error.raw_os_error() == Some(ANSWER as i32) => 0,
            _ => 1,
        }
    })?;
    drop(entry);
    let heard = answer(&front);
    if heard.is_err() || !poll::readable_within(child.fd.as_fd(), LIMIT) {
        let _ = child.fd.signal(signal::KILL);
    }
    let status = wait::reap(child.pid)?;
    heard?;
    match status {
        Status::Exited(0) => Ok(()),
        _ => Err(io::Error::from(Errno::EIO)),
    }
}

/// An answer that setsid(2) never gives by itself.
const ANSWER: Errno = Errno::EXDEV;

fn answer(front: &socket::Line) -> io::Result<()> {
    let late = || io::Error::from(io::ErrorKind::TimedOut);
    if !poll::readable_within(front.as_fd(), LIMIT) {
        return Err(late());
    }
    let parcel = front.try_receive_parcel()?.ok_or_else(late)?;
    let Some(fd) = parcel.fd else {
        return Err(io::Error::from_raw_os_error(parcel.word));
    };
    let listener = Listener::from(fd);
    if !poll::readable_within(listener.as_fd(), LIMIT) {
        return Err(late());
    }
    match listener.next()? {
        Some(question) if question.call == Call::Session => {
            listener.answer(&question, Answer::Refuse(ANSWER as i32));
            Ok(())
        }
        _ => Err(io::Error::from(Errno::EIO)),
    }
}
