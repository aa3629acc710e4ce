//! A lock that dies with its holders: flock(2).

use super::check;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// Tries to take the lock on this open file. It is held until every copy of the descriptor is closed, also by death.
/// False when somebody else has it.
pub fn try_lock(file: &impl AsFd) -> io::Result<bool> {
    // SAFETY: flock takes a descriptor, which is open here, and a number.
    match check(unsafe { libc::flock(file.as_fd().as_raw_fd(), libc::LOCK_EX | libc::LOCK_NB) }) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
        Err(error) => Err(error),
    }
}
