//! The controlling terminal: who is in its foreground, and how it is set.

pub use nix::sys::termios::Termios as Modes;

use super::check;
use super::signal::{self, Set};
use nix::sys::termios::{SetArg, tcgetattr, tcsetattr};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The controlling terminal of this process.
#[derive(Debug)]
pub struct Terminal(File);

impl Terminal {
    /// Opens it; None for a process that has none.
    pub fn open() -> Option<Terminal> {
        OpenOptions::new()
            .read(true)
            .write(true)
            .open("/dev/tty")
            .ok()
            .map(Terminal)
    }

    /// Whether this process's group is the one in the foreground.
    pub fn is_ours(&self) -> bool {
        // SAFETY: tcgetpgrp takes an open descriptor and touches no memory.
        let foreground = unsafe { libc::tcgetpgrp(self.0.as_raw_fd()) };
        foreground == own_group()
    }

    /// Puts this process's group into the foreground. SIGTTOU must be blocked: a background process that does this is
    /// stopped otherwise (tcsetpgrp(3)).
    pub fn take(&self) -> io::Result<()> {
        self.give_to(own_group())
    }

    /// Returns at once if this process's group is in the foreground. Otherwise the kernel stops the group, as it stops
    /// everybody who sets a terminal from the background, until it is brought into the foreground; in a group that nobody
    /// could do that for, it returns (tcsetpgrp(3), SIGTTOU). Asking the kernel leaves no moment between looking and stopping.
    /// The SIGCONT that ended the stop, which must be blocked, is used up by it.
    pub fn stop_until_ours(&self) {
        let was = signal::unblock(&Set::of(&[signal::TTOU]));
        let _ = self.take();
        signal::set_mask(&was);
        signal::take_continuation();
    }

    /// Puts this group of the session into the foreground. SIGTTOU must be blocked.
    pub fn give_to(&self, group: i32) -> io::Result<()> {
        // SAFETY: tcsetpgrp takes an open descriptor and a number.
        check(unsafe { libc::tcsetpgrp(self.0.as_raw_fd(), group) }).map(drop)
    }

    /// How the terminal is set now.
    pub fn modes(&self) -> Option<Modes> {
        tcgetattr(&self.0).ok()
    }

    /// Sets the terminal so, if it is not; a terminal that is gone cannot be set and needs none of it. Does not wait for
    /// output to drain: behind a Ctrl-S it never would.
    pub fn set_modes(&self, modes: &Modes) {
        if self.modes().as_ref() != Some(modes) {
            let _ = tcsetattr(&self.0, SetArg::TCSANOW, modes);
        }
    }
}

/// The size of a terminal (TIOCGWINSZ); None for what is none.
pub fn size(fd: BorrowedFd<'_>) -> Option<libc::winsize> {
    // SAFETY: winsize is plain old data for which all zeroes is a valid value.
    let mut size: libc::winsize = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes one winsize, which outlives the call.
    let known = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCGWINSZ, &raw mut size) } == 0;
    known.then_some(size)
}

/// How many columns this terminal has; None for what is none, or does not know.
pub fn columns(fd: BorrowedFd<'_>) -> Option<usize> {
    size(fd)
        .map(|size| usize::from(size.ws_col))
        .filter(|columns| *columns > 0)
}

fn own_group() -> i32 {
    nix::unistd::getpgrp().as_raw()
}
