//! Making a process: clone3(2), in the shapes that this program needs.
//!
//! Without CLONE_VM the child gets a copy of everything, as with fork(2). This program never has a second thread, so
//! no lock can be held by somebody who does not exist in the copy, and the child may do whatever the parent may.

use super::identity::PidFd;
use super::{check, check_long};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::panic::{AssertUnwindSafe, catch_unwind};

// The libc crate gives these two as 0 in the type that it has for them, so they are written out (linux/sched.h).
const CLONE_INTO_CGROUP: u64 = 0x2_0000_0000;
const CLONE_PIDFD: u64 = libc::CLONE_PIDFD as u64;

/// What the child is to be made with.
#[derive(Clone, Copy, Default)]
pub struct Birth<'a> {
    /// Namespaces to make for it.
    pub namespaces: Namespaces,
    /// The cgroup v2 directory to be born in.
    pub cgroup: Option<BorrowedFd<'a>>,
}

/// Namespaces that a child is born into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Namespaces {
    /// The parent's.
    #[default]
    Same,
    /// A pid and a mount namespace of its own; needs CAP_SYS_ADMIN.
    PidMount,
    /// The same inside a user namespace of its own; needs no privilege where the host allows it.
    UserPidMount,
}

impl Namespaces {
    fn flags(self) -> u64 {
        let own = (libc::CLONE_NEWPID | libc::CLONE_NEWNS) as u64;
        match self {
            Namespaces::Same => 0,
            Namespaces::PidMount => own,
            Namespaces::UserPidMount => own | libc::CLONE_NEWUSER as u64,
        }
    }
}

/// A child that was made.
#[derive(Debug)]
pub struct Child {
    /// Its pid, as the parent sees it.
    pub pid: i32,
    /// The same, held.
    pub fd: PidFd,
}

/// Makes a child that runs `body` and ends with the code that it returns; it never returns into the caller's frames,
/// not even by a panic, and runs none of the caller's destructors.
pub fn child(birth: Birth<'_>, body: impl FnOnce() -> i32) -> io::Result<Child> {
    match clone(birth)? {
        Some(child) => Ok(child),
        None => {
            let code = catch_unwind(AssertUnwindSafe(body)).unwrap_or(101);
            // SAFETY: _exit ends the process at once, without the handlers that belong to the parent.
            unsafe { libc::_exit(code) }
        }
    }
}

/// None in the child.
fn clone(birth: Birth<'_>) -> io::Result<Option<Child>> {
    let mut pidfd: RawFd = -1;
    // SAFETY: clone_args is plain old data for which all zeroes is a valid value.
    let mut args: libc::clone_args = unsafe { std::mem::zeroed() };
    args.flags = CLONE_PIDFD | birth.namespaces.flags();
    args.pidfd = (&raw mut pidfd) as u64;
    args.exit_signal = libc::SIGCHLD as u64;
    if let Some(cgroup) = birth.cgroup {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = cgroup.as_raw_fd() as u64;
    }
    let size = size_of::<libc::clone_args>();
    // SAFETY: `args` and `pidfd` outlive the call. There is no CLONE_VM, so the child has its own copy of this stack
    // and goes on from here as after fork(2); with one thread in the process that is sound (see the head of this file).
    let mut answer = check_long(unsafe { libc::syscall(libc::SYS_clone3, &raw const args, size) })
        .map(|pid| pid as i32);
    if birth.cgroup.is_none()
        && matches!(&answer, Err(error) if error.raw_os_error() == Some(libc::ENOSYS))
    {
        answer = old_clone(args.flags, &mut pidfd);
    }
    match answer? {
        0 => Ok(None),
        pid => {
            // SAFETY: CLONE_PIDFD has stored a new descriptor, close-on-exec, that nobody else knows.
            let fd = unsafe { OwnedFd::from_raw_fd(pidfd) };
            Ok(Some(Child {
                pid,
                fd: PidFd::from_clone(fd),
            }))
        }
    }
}

/// clone(2), for containers whose filter answers clone3 with ENOSYS because it cannot look at its arguments.
fn old_clone(flags: u64, pidfd: &mut RawFd) -> io::Result<i32> {
    let flags = flags as libc::c_ulong | libc::SIGCHLD as libc::c_ulong;
    let (stack, none) = (std::ptr::null_mut::<libc::c_void>(), 0 as libc::c_ulong);
    // SAFETY: a null stack without CLONE_VM means "a copy of this one"; the pidfd is stored where the third argument
    // points (clone(2), CLONE_PIDFD), which outlives the call. The order of the last two differs between machines, and both are 0.
    check_long(unsafe { libc::syscall(libc::SYS_clone, flags, stack, &raw mut *pidfd, none, none) })
        .map(|pid| pid as i32)
}

/// Makes the calling process the leader of a process group of its own (setpgid(2)).
pub fn lead_own_group() -> io::Result<()> {
    // SAFETY: setpgid takes two numbers; 0, 0 means the caller.
    check(unsafe { libc::setpgid(0, 0) }).map(drop)
}

/// Makes the calling process the leader of a session of its own (setsid(2)).
pub fn lead_own_session() -> io::Result<()> {
    // SAFETY: setsid takes nothing and touches no memory.
    check(unsafe { libc::setsid() }).map(drop)
}

/// Makes a child the leader of a process group of its own, as long as it has not executed another program (setpgid(2)).
pub fn make_group_leader(child: i32) -> io::Result<()> {
    // SAFETY: setpgid takes two numbers and touches no memory.
    check(unsafe { libc::setpgid(child, child) }).map(drop)
}

/// Moves the calling process into this group of its session (setpgid(2)).
pub fn join_group(group: i32) -> io::Result<()> {
    // SAFETY: setpgid takes two numbers and touches no memory.
    check(unsafe { libc::setpgid(0, group) }).map(drop)
}
