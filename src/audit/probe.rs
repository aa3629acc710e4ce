//! Whether an audit can be had here, found out by doing it: a child is traced.

use crate::sys::clone::{self, Birth};
use crate::sys::{fds, ptrace, signal, wait};
use std::io;

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
    // It may stand still once more before it ends; its own tracer reaps it then like any child.
    loop {
        match ptrace::next_of(child.pid) {
            ptrace::Next::Tracee(pid, _) => ptrace::go_on(pid, 0),
            ptrace::Next::Child(..) => break,
            ptrace::Next::Nothing => {
                if !crate::sys::poll::readable_within(
                    std::os::fd::AsFd::as_fd(&child.fd),
                    std::time::Duration::from_millis(1),
                ) {
                    continue;
                }
                break;
            }
        }
    }
    wait::reap(child.pid)?;
    seized
}
