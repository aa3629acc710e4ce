//! A lock that dies with its holders: flock(2).

use super::check;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Tries to take the lock on this open file. It is held until every copy of the descriptor is closed, also by death.
/// False when somebody else has it.
pub fn try_lock(file: &impl AsFd) -> io::Result<bool> {
    attempt(file, libc::LOCK_EX)
}

/// Whether nobody has the lock: takes it together with whoever else only looks, for as long as the file is open.
pub fn is_free(file: &impl AsFd) -> io::Result<bool> {
    attempt(file, libc::LOCK_SH)
}

fn attempt(file: &impl AsFd, kind: libc::c_int) -> io::Result<bool> {
    // SAFETY: flock takes a descriptor, which is open here, and a number.
    match check(unsafe { libc::flock(file.as_fd().as_raw_fd(), kind | libc::LOCK_NB) }) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
