//! A pseudoterminal that stands between a program and a terminal: pty(7), ioctl_tty(2).
//!
//! It is nobody's controlling terminal. Nothing is ever typed into it, and it changes nothing of what is written to it: the
//! terminal behind it does that, as it would have done.

use super::terminal;
use super::{check, fds};
use nix::sys::termios::{OutputFlags, SetArg, tcgetattr, tcsetattr};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

/// Both sides of a pseudoterminal, close-on-exec; the program's side does not become anybody's controlling terminal.
#[derive(Debug)]
pub struct Pty {
    /// What the program writes is read here. Never waits.
    pub master: OwnedFd,
    /// What the program gets.
    pub slave: OwnedFd,
}

impl Pty {
    /// Opens one that is set like this terminal, with its size.
    pub fn like(terminal: BorrowedFd<'_>) -> io::Result<Pty> {
        let flags = libc::O_RDWR | libc::O_NOCTTY | libc::O_CLOEXEC;
        // SAFETY: posix_openpt takes a number and touches no memory.
        let master = check(unsafe { libc::posix_openpt(flags) })?;
        // SAFETY: the kernel has just made it for us.
        let master = unsafe { OwnedFd::from_raw_fd(master) };
        let unlocked: libc::c_int = 0;
        // SAFETY: TIOCSPTLCK reads one int, which outlives the call.
        check(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCSPTLCK, &raw const unlocked) })?;
        // Not by its path: /dev/pts may be another one here.
        // SAFETY: TIOCGPTPEER takes open flags as a number and answers with a descriptor.
        let slave = check(unsafe { libc::ioctl(master.as_raw_fd(), libc::TIOCGPTPEER, flags) })?;
        // SAFETY: the kernel has just made it for us.
        let slave = unsafe { OwnedFd::from_raw_fd(slave) };
        fds::never_wait(&master)?;
        let mut modes = tcgetattr(terminal)?;
        // The terminal behind it turns line ends into what it needs; done twice, each would be one too many.
        modes.output_flags.remove(OutputFlags::OPOST);
        tcsetattr(&slave, SetArg::TCSANOW, &modes)?;
        take_size_of(terminal, slave.as_fd());
        Ok(Pty { master, slave })
    }
}

/// Gives a pseudoterminal the size of this terminal. A terminal that is gone has none to give.
pub fn take_size_of(terminal: BorrowedFd<'_>, pty: BorrowedFd<'_>) {
    if let Some(size) = terminal::size(terminal) {
        // SAFETY: TIOCSWINSZ reads one winsize, which outlives the call.
        unsafe { libc::ioctl(pty.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    }
}
