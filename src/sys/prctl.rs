//! What a process asks of the kernel about itself: prctl(2).

use super::check;
use std::ffi::CStr;
use std::io;

/// Asks for `signal` when the thread that forked this process ends (PR_SET_PDEATHSIG, Linux 2.1.57).
///
/// Not inherited by children, cleared by a change of credentials, and not retroactive: whoever calls this must look
/// afterwards whether the parent is still there.
pub fn set_parent_death_signal(signal: i32) -> io::Result<()> {
    // SAFETY: PR_SET_PDEATHSIG takes a signal number and touches no memory.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal as libc::c_ulong, 0, 0, 0) })
        .map(drop)
}

/// Makes this process adopt the orphans among its descendants (PR_SET_CHILD_SUBREAPER, Linux 3.4).
pub fn become_subreaper() -> io::Result<()> {
    // SAFETY: PR_SET_CHILD_SUBREAPER takes a number and touches no memory.
    check(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1 as libc::c_ulong, 0, 0, 0) })
        .map(drop)
}

/// Sets the name that `ps -o comm` and `pkill` without `-f` see; at most 15 bytes of it are used.
pub fn set_name(name: &CStr) {
    // SAFETY: the kernel reads at most 16 bytes of a NUL-terminated string that outlives the call. It cannot fail otherwise.
    unsafe { libc::prctl(libc::PR_SET_NAME, name.as_ptr(), 0, 0, 0) };
}

/// Sees to it that this process leaves no core file when it dies of a signal, so that a death which only repeats
/// the suite's does not overwrite the suite's own core (core(5)).
pub fn forbid_core() {
    let none = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: `none` is a valid rlimit that outlives the call; lowering a limit is always allowed.
    unsafe { libc::setrlimit(libc::RLIMIT_CORE, &none) };
    // SAFETY: PR_SET_DUMPABLE takes a number and touches no memory. It also stops piped core handlers, which ignore the limit.
    unsafe { libc::prctl(libc::PR_SET_DUMPABLE, 0 as libc::c_ulong, 0, 0, 0) };
}
