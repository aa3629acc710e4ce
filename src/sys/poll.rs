//! Waiting for several things at once: poll(2).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

/// What to wait for on one descriptor.
#[derive(Clone, Copy, Debug)]
pub enum Interest {
    /// Something to read, or the end of it.
    Readable,
    /// Room to write without waiting.
    Writable,
    /// Nothing but the other side's going away.
    Hangup,
    /// A change of a kernel file that announces itself as priority data, such as cgroup.events.
    Priority,
}

/// Waits until at least one of the descriptors has what is asked of it, a signal arrives, or the deadline is past.
/// Answers for each in order; all false when the time is up. A descriptor given as None is never ready.
pub fn wait<const N: usize>(
    wanted: [Option<(BorrowedFd<'_>, Interest)>; N],
    deadline: Option<Instant>,
) -> io::Result<[bool; N]> {
    let mut fds = wanted.map(|want| match want {
        Some((fd, interest)) => libc::pollfd {
            fd: fd.as_raw_fd(),
            events: events(interest),
            revents: 0,
        },
        // poll(2): a negative descriptor is ignored.
        None => libc::pollfd {
            fd: -1,
            events: 0,
            revents: 0,
        },
    });
    // SAFETY: `fds` is an array of N valid entries that outlives the call.
    let ready = unsafe {
        libc::poll(
            fds.as_mut_ptr(),
            N as libc::nfds_t,
            milliseconds_until(deadline),
        )
    };
    if ready < 0 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
        return Ok([false; N]);
    }
    Ok(fds.map(|fd| fd.revents != 0))
}

/// Whether the descriptor becomes readable within this time.
pub fn readable_within(fd: BorrowedFd<'_>, time: Duration) -> bool {
    within(fd, Interest::Readable, time)
}

/// What a descriptor has right now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ahead {
    /// Something to read.
    Something,
    /// Nothing yet.
    Nothing,
    /// Nothing, and nothing will come.
    End,
}

/// What the descriptor has right now, for those whose end may not be read: there a read waits for ever.
pub fn ahead(fd: BorrowedFd<'_>) -> Ahead {
    let mut entry = libc::pollfd {
        fd: fd.as_raw_fd(),
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: `entry` is one valid entry that outlives the call.
    let ready = unsafe { libc::poll(&raw mut entry, 1, 0) };
    match entry.revents {
        _ if ready <= 0 => Ahead::Nothing,
        events if events & libc::POLLIN != 0 => Ahead::Something,
        _ => Ahead::End,
    }
}

/// Whether the descriptor becomes writable within this time; true also when its reader goes away.
pub fn writable_within(fd: BorrowedFd<'_>, time: Duration) -> bool {
    within(fd, Interest::Writable, time)
}

fn within(fd: BorrowedFd<'_>, interest: Interest, time: Duration) -> bool {
    let deadline = Instant::now() + time;
    loop {
        match wait([Some((fd, interest))], Some(deadline)) {
            Ok([true]) => return true,
            Ok([false]) if Instant::now() < deadline => {}
            _ => return false,
        }
    }
}

fn events(interest: Interest) -> libc::c_short {
    match interest {
        Interest::Readable => libc::POLLIN,
        Interest::Writable => libc::POLLOUT,
        Interest::Hangup => 0,
        Interest::Priority => libc::POLLPRI,
    }
}

/// Milliseconds to wait, rounded up so that the deadline is past when poll returns; -1 for ever.
fn milliseconds_until(deadline: Option<Instant>) -> libc::c_int {
    let Some(deadline) = deadline else { return -1 };
    let left = deadline.saturating_duration_since(Instant::now());
    left.as_nanos().div_ceil(1_000_000).min(i32::MAX as u128) as libc::c_int
}
