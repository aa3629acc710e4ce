//! The two system calls that have no safe name elsewhere.

#![allow(unsafe_code)]

use std::io;

/// Whose life goes on after a fork.
pub(crate) enum Side {
    Parent,
    Child,
}

/// fork(2), for a program with one thread.
pub(crate) fn fork() -> io::Result<Side> {
    // SAFETY: this process has one thread, so no lock is held by somebody who does not exist in the copy, and the child
    // may do whatever the parent may.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Side::Child),
        _ => Ok(Side::Parent),
    }
}

/// Makes the next child of this process the first process of a new pid namespace (unshare(2)).
pub(crate) fn next_child_in_own_namespace() -> io::Result<()> {
    // SAFETY: takes a number and touches no memory.
    match unsafe { libc::unshare(libc::CLONE_NEWPID) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}
