//! Who a process is: pidfd_open(2), and pid with start time.

use super::{check_long, poll, procfs};
use crate::values::ProcessId;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// A process held by descriptor: whatever is done through it reaches this process or none.
#[derive(Debug)]
pub struct PidFd(OwnedFd);

impl PidFd {
    /// Opens whatever process has this pid now (pidfd_open(2), Linux 5.3).
    pub fn open(pid: i32) -> io::Result<PidFd> {
        // SAFETY: pidfd_open takes two numbers and touches no memory.
        let fd = check_long(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) })?;
        // SAFETY: the kernel has just made this descriptor for us, close-on-exec, and nobody else knows it.
        Ok(PidFd(unsafe { OwnedFd::from_raw_fd(fd as RawFd) }))
    }

    /// Opens the calling process.
    pub fn own() -> io::Result<PidFd> {
        PidFd::open(std::process::id() as i32)
    }

    /// Opens exactly this process, and nobody who has its number since: the start time is looked at *after* the
    /// descriptor pins the number. None when it is gone.
    pub fn open_exactly(who: ProcessId) -> io::Result<Option<PidFd>> {
        match PidFd::open(who.pid) {
            Ok(fd) if procfs::stat(who.pid).is_some_and(|stat| stat.id == who) => Ok(Some(fd)),
            Ok(_) => Ok(None),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes over a descriptor that clone has returned.
    pub(super) fn from_clone(fd: OwnedFd) -> PidFd {
        PidFd(fd)
    }

    /// Whether the process has ended (it may still be a zombie). For the first process of a pid namespace it means that
    /// the whole namespace is empty: the kernel reports the end only after all others are gone (pid_namespaces(7)).
    pub fn has_ended(&self) -> bool {
        poll::readable_within(self.as_fd(), Duration::ZERO)
    }

    /// A copy of one of its descriptors (pidfd_getfd(2), Linux 5.6). Needs the right to trace it.
    pub fn descriptor(&self, number: RawFd) -> io::Result<OwnedFd> {
        // SAFETY: pidfd_getfd takes three numbers and touches no memory.
        let fd = check_long(unsafe {
            libc::syscall(libc::SYS_pidfd_getfd, self.0.as_raw_fd(), number, 0)
        })?;
        // SAFETY: the kernel has just made this descriptor for us, close-on-exec, and nobody else knows it.
        Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
    }

    /// Sends a signal (pidfd_send_signal(2), Linux 5.1). Ok also when the process is gone already.
    pub fn signal(&self, signal: i32) -> io::Result<()> {
        let none = std::ptr::null::<libc::siginfo_t>();
        // SAFETY: a null siginfo asks for the same information as kill(2) gives; the fd is ours and open.
        let sent = check_long(unsafe {
            libc::syscall(
                libc::SYS_pidfd_send_signal,
                self.0.as_raw_fd(),
                signal,
                none,
                0,
            )
        });
        match sent {
            Err(error) if error.raw_os_error() != Some(libc::ESRCH) => Err(error),
            _ => Ok(()),
        }
    }
}

impl AsFd for PidFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}
