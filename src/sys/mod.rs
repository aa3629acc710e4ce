//! The kernel's door: every call into libc and nix, and all unsafe code, is in this room.
//!
//! Each file wraps one subject thinly and safely, named for people, with the man page it rests on.
//! Nothing here decides anything.

#![allow(unsafe_code)]

pub mod ask;
pub mod capture;
pub mod child;
pub mod clear;
pub mod clock;
pub mod clone;
pub mod epoll;
pub mod fds;
pub mod identity;
pub mod lock;
pub mod memory;
pub mod namespace;
pub mod poll;
pub mod prctl;
pub mod procfs;
pub mod ptrace;
pub mod pty;
pub mod seccomp;
pub mod share;
pub mod signal;
pub mod socket;
pub mod start;
pub mod stream;
pub mod terminal;
pub mod title;
pub mod wait;

use std::io;

/// Turns the -1 of a system call into the error that errno holds.
fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// The same for calls that answer with a long.
fn check_long(result: libc::c_long) -> io::Result<libc::c_long> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

/// A random number from the kernel (getrandom(2)).
pub fn random() -> io::Result<u64> {
    let mut bytes = [0; 8];
    // SAFETY: the kernel writes at most 8 bytes into an array of 8. Up to 256 bytes are never cut short (getrandom(2)).
    let got = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), bytes.len(), 0) };
    if got == 8 {
        Ok(u64::from_ne_bytes(bytes))
    } else {
        Err(io::Error::last_os_error())
    }
}
