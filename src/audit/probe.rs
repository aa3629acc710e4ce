//! Whether an audit can be had here, found out by doing it: a child is traced.

use crate::sys::clone::{self, Birth};
use crate::sys::{fds, poll, ptrace, signal, wait};
use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How long a child that is killed may take to end.
const LIMIT: Duration = Duration::from_secs(10);

/// Traces a child that does nothing, and ends it; the error is that of the tracing.
pub fn probe() -> io::Result<()> {
    let (read, write) = fds::pipe()?;
    let child = clone::child(Birth::default(), || {
        fds::close_copy(&write);
        fds::wait_for_end(&read);
        0
    })?;
    let seized = ptrace::seize(child.pid);
    let _ = child.fd.signal(signal::KILL);
    drop(write);
    // It may stand still once more before it ends.
    let deadline = Instant::now() + LIMIT;
    loop {
        while let Some((stopped, _)) = ptrace::next_stop() {
            ptrace::go_on(stopped, 0);
        }
        if ptrace::end_of(child.pid).is_some() || Instant::now() >= deadline {
            break;
        }
        poll::readable_within(child.fd.as_fd(), Duration::from_millis(1));
    }
    wait::reap(child.pid)?;
    seized
}
