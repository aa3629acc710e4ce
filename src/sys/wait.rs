//! Waiting for children: waitid(2), in the shapes that this program needs.

use super::check;
use crate::values::{Status, Usage};
use std::io;
use std::time::Duration;

/// What a child did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It ended.
    Ended(Status),
    /// This signal stopped it.
    Stopped(i32),
    /// It was continued.
    Continued,
}

/// Which child, and what it did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Child {
    /// Its pid.
    pub pid: i32,
    /// What it did.
    pub change: Change,
}

/// The answer to `any_child`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Children {
    /// This one changed, and is reaped if it ended.
    Changed(Child),
    /// There are children, and none of them has anything to say.
    Unchanged,
    /// There are no children at all.
    None,
}

/// Asks, without waiting, for any child that ended, stopped or continued; one that ended is reaped.
/// Only for a process whose children are all its own business.
pub fn any_child() -> io::Result<Children> {
    match waitid(
        libc::P_ALL,
        0,
        libc::WEXITED | libc::WSTOPPED | libc::WCONTINUED | libc::WNOHANG,
    ) {
        Ok(Some(child)) => Ok(Children::Changed(child)),
        Ok(None) => Ok(Children::Unchanged),
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(Children::None),
        Err(error) => Err(error),
    }
}

/// The same for ends alone. What a tracee of this process stands still for is not taken from whoever traces it: it is
/// only looked at first, for a tracee's stop is told whatever is asked for.
pub fn any_end() -> io::Result<Children> {
    let looked = waitid(
        libc::P_ALL,
        0,
        libc::WEXITED | libc::WNOHANG | libc::WNOWAIT,
    );
    match looked {
        Ok(Some(child)) if matches!(child.change, Change::Ended(_)) => {
            try_reap(child.pid)?;
            Ok(Children::Changed(child))
        }
        Ok(_) => Ok(Children::Unchanged),
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(Children::None),
        Err(error) => Err(error),
    }
}

/// Whether this process has any child, reaping nothing.
pub fn have_children() -> bool {
    !matches!(
        waitid(libc::P_ALL, 0, libc::WEXITED | libc::WNOHANG | libc::WNOWAIT),
        Err(error) if error.raw_os_error() == Some(libc::ECHILD)
    )
}

/// Reaps this child if it has ended; None while it lives.
pub fn try_reap(pid: i32) -> io::Result<Option<Status>> {
    ended(waitid(libc::P_PID, pid, libc::WEXITED | libc::WNOHANG)?)
}

/// Reaps this child, which has ended, and answers with what it and all that it had waited for have used (wait4(2); the sum is
/// that of getrusage(2)). None when it has not ended, or is not ours.
pub fn reap_with_usage(pid: i32) -> Option<Usage> {
    // SAFETY: rusage is plain old data for which all zeroes is a valid value.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: a null status is not written to, and `used` is valid for writing for the whole call.
    let got = unsafe { libc::wait4(pid, std::ptr::null_mut(), libc::WNOHANG, &mut used) };
    (got == pid).then(|| Usage {
        user: duration(used.ru_utime),
        system: duration(used.ru_stime),
        // In KiB on Linux.
        largest_resident_bytes: u64::try_from(used.ru_maxrss).unwrap_or(0) * 1024,
    })
}

fn duration(time: libc::timeval) -> Duration {
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::from_secs(seconds) + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}

/// Waits until this child has ended, and reaps it. May wait for ever: use it where the end is certain.
pub fn reap(pid: i32) -> io::Result<Status> {
    loop {
        match waitid(libc::P_PID, pid, libc::WEXITED) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(child) => {
                if let Some(status) = ended(child)? {
                    return Ok(status);
                }
            }
        }
    }
}

fn ended(child: Option<Child>) -> io::Result<Option<Status>> {
    Ok(child.and_then(|child| match child.change {
        Change::Ended(status) => Some(status),
        Change::Stopped(_) | Change::Continued => None,
    }))
}

fn waitid(kind: libc::idtype_t, id: i32, options: i32) -> io::Result<Option<Child>> {
    // SAFETY: siginfo_t is plain old data for which all zeroes is a valid value; waitid(2) leaves it so when
    // WNOHANG finds nothing, which is how that case is told apart below.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: `info` is valid for writing for the whole call; ids and options are plain numbers.
    check(unsafe { libc::waitid(kind, id as libc::id_t, &mut info, options) })?;
    // SAFETY: waitid(2) has filled in the SIGCHLD members of the union, or left them zero.
    let pid = unsafe { info.si_pid() };
    // SAFETY: as above.
    let value = unsafe { info.si_status() };
    if pid == 0 {
        return Ok(None);
    }
    let change = match info.si_code {
        libc::CLD_EXITED => Change::Ended(Status::Exited((value & 0xff) as u8)),
        libc::CLD_KILLED | libc::CLD_DUMPED => Change::Ended(Status::Signaled(value)),
        libc::CLD_STOPPED | libc::CLD_TRAPPED => Change::Stopped(value),
        _ => Change::Continued,
    };
    Ok(Some(Child { pid, change }))
}
