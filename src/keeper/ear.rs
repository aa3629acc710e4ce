//! The ear: a process in the suite's own group that hears Ctrl-C.
//!
//! While the suite has the terminal's foreground, the terminal sends Ctrl-C to the suite's group and to nobody else, so
//! the front would never know that the user has pressed it, and a second time. The ear is one small process in that
//! group that reports SIGINT and SIGQUIT to the front, and SIGWINCH, of which the front would not know either. It exists only while a terminal was handed over, ends with the
//! keeper, and does nothing else; should the suite kill its own group, only this hearing is lost.

use super::message::News;
use crate::sys::clone::{self, Birth, Child};
use crate::sys::poll::{self, Interest};
use crate::sys::signal::{self, Set, SignalFd};
use crate::sys::socket::Line;
use crate::sys::{fds, prctl, title};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// Starts the ear in this group. The caller has every signal blocked, and so has the ear. The last copy of `ready` closes
/// when the ear hears, or when it never will.
pub(super) fn open(group: i32, line: &Line, ready: OwnedFd) -> io::Result<Child> {
    clone::child(Birth::default(), || {
        listen(group, line, &ready).map_or(1, |()| 0)
    })
}

fn listen(group: i32, line: &Line, ready: &OwnedFd) -> io::Result<()> {
    prctl::set_parent_death_signal(signal::KILL)?;
    prctl::set_name(c"guardrun-ear");
    title::set("guardrun: ear");
    // Fails once the leader has ended: then there is nothing to hear.
    clone::join_group(group)?;
    let signals = SignalFd::new(&Set::of(&[signal::INT, signal::QUIT, signal::WINCH]))?;
    fds::close_copy(ready);
    loop {
        poll::wait([Some((signals.as_fd(), Interest::Readable))], None)?;
        while let Some(arrived) = signals.next() {
            // A signal that the front passed on, or that the suite sends to its own group, is not the user's key.
            if arrived.from_kernel {
                News::FromTerminal(arrived.signal).send(line);
            }
        }
    }
}
