//! The few system calls that have no safe name elsewhere: pidfds, which name one process for ever (pidfd_open(2)).

#![allow(unsafe_code)]

use super::proc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};
use std::time::{Duration, Instant};

/// One process, by pid and pidfd.
#[derive(Debug)]
pub(crate) struct Process {
    /// Its pid as seen from the test.
    pub(crate) pid: i32,
    fd: OwnedFd,
}

impl Process {
    /// Takes hold of a live process.
    pub(crate) fn open(pid: i32) -> io::Result<Process> {
        // SAFETY: pidfd_open takes two integers and gives a new descriptor or -1.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
        if fd == -1 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the kernel has just made this descriptor, and nobody else owns it.
        let fd = unsafe { OwnedFd::from_raw_fd(fd as i32) };
        Ok(Process { pid, fd })
    }

    /// Sends it a signal; to one that is dead already that is no error.
    pub(crate) fn signal(&self, signal: i32) {
        // SAFETY: the descriptor is a pidfd; no details are given.
        let done = unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.fd.as_raw_fd(),
                signal,
                std::ptr::null::<libc::siginfo_t>(),
                0,
            )
        };
        let error = io::Error::last_os_error();
        assert!(
            done == 0 || error.raw_os_error() == Some(libc::ESRCH),
            "signal {signal} to {}: {error}",
            self.pid
        );
    }

    /// Waits until it has died; whether it has.
    pub(crate) fn dies_within(&self, time: Duration) -> bool {
        readable_within(&self.fd, time)
    }

    /// Waits until it is stopped, which only /proc can tell of who is not its parent; whether it is.
    pub(crate) fn stops_within(&self, time: Duration) -> bool {
        let until = Instant::now() + time;
        loop {
            match proc::state(self.pid) {
                Some('T') => return true,
                None | Some('Z') => return false,
                _ if Instant::now() > until => return false,
                _ => std::thread::yield_now(),
            }
        }
    }
}

/// Waits until `fd` can be read or its other end is closed; whether that came within `time`.
pub(crate) fn readable_within(fd: &impl AsFd, time: Duration) -> bool {
    let until = Instant::now() + time;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        let mut fds = [PollFd::new(fd.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout) {
            Ok(0) if left.is_zero() => return false,
            Ok(0) | Err(nix::errno::Errno::EINTR) => {}
            Ok(_) => return true,
            Err(error) => panic!("poll: {error}"),
        }
    }
}

/// Sends a signal to every process of a group that the test made.
pub(crate) fn signal_group(group: i32, signal: i32) {
    assert!(group > 1, "{group} is not a group of a test's own");
    // SAFETY: takes and gives plain integers.
    unsafe { libc::kill(-group, signal) };
}

/// Gives a terminal this size (TIOCSWINSZ).
pub(crate) fn set_size(terminal: &impl AsRawFd, rows: u16, columns: u16) {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: the kernel reads one winsize, which outlives the call.
    unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
}
