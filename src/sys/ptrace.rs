//! Tracing: ptrace(2), by PTRACE_SEIZE, under which a process stops, goes on and dies as it would untraced, and its tracer
//! is told of every fork, exec and exit.
//!
//! What is told is taken in by waitid(2), and only what is about tracees: a tracer may have children of its own, whose ends
//! others of its functions wait for. A tracee that has been told about stands still until it is let go on.

use super::check_long;
use crate::values::Status;
use std::io;

/// What the tracer wants to hear of. EXITKILL: when the tracer ends, in whatever way, the kernel kills every tracee.
const OPTIONS: libc::c_int = libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_TRACEEXIT
    | libc::PTRACE_O_EXITKILL;

/// Why a tracee stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// It has made a process (fork, clone with SIGCHLD), which `message` names.
    Forked,
    /// The same by vfork(2): it goes on when the new one has executed or ended.
    VForked,
    /// It has made a thread, or a process that ends with another signal than SIGCHLD.
    Cloned,
    /// It has executed a program. `message` is the id that the calling thread had before.
    Executed,
    /// This thread is about to end; its memory is still there.
    Exiting,
    /// This signal is about to be delivered to it.
    Signal(i32),
    /// The whole process has been stopped, by this signal.
    Group(i32),
    /// It has just been born, or has been woken from a stop of its group.
    Trap,
}

/// What there is to be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// This tracee stands still, for this reason.
    Stop(i32, Stop),
    /// This child has ended, which may be a tracee or not: a zombie, which for the first thread of a process means that all of
    /// it has ended. It is only looked at, so that /proc still has the dead; `bury` takes it in.
    End(i32, Status),
}

/// Traces this process from now on, and everything that it starts. It is not stopped by that. Needs the right to trace it:
/// the same user, and what Yama asks for (ptrace(2), "/proc/sys/kernel/yama/ptrace_scope").
pub fn seize(process: i32) -> io::Result<()> {
    request(libc::PTRACE_SEIZE, process, OPTIONS as u64)
}

/// Lets a tracee go on that stands still, with this signal if it was about to get one, 0 for none. One that was killed
/// meanwhile is no error.
pub fn go_on(tracee: i32, signal: i32) {
    let _ = request(libc::PTRACE_CONT, tracee, signal as u64);
}

/// Leaves a tracee in the stop of its whole group, so that SIGCONT ends it as ever.
pub fn stay(tracee: i32) {
    let _ = request(libc::PTRACE_LISTEN, tracee, 0);
}

/// The number that came with a stop (PTRACE_GETEVENTMSG), a pid in the pid namespace of the caller. None when the tracee has
/// been killed meanwhile.
pub fn message(tracee: i32) -> Option<i32> {
    let mut number: libc::c_ulong = 0;
    request(
        libc::PTRACE_GETEVENTMSG,
        tracee,
        (&raw mut number) as usize as u64,
    )
    .ok()?;
    i32::try_from(number).ok()
}

fn request(what: impl TryInto<i64>, tracee: i32, data: u64) -> io::Result<()> {
    // The type of the request differs between C libraries; all numbers are small.
    let what = what.try_into().unwrap_or_default();
    // SAFETY: PTRACE_SEIZE, CONT and LISTEN take numbers and touch no memory of the caller's. PTRACE_GETEVENTMSG writes one
    // unsigned long at `data`, which `message` has pointing at a variable that outlives the call.
    let answer = unsafe { libc::syscall(libc::SYS_ptrace, what, i64::from(tracee), 0u64, data) };
    check_long(answer).map(drop)
}

/// The next thing that a tracee or child did, without waiting.
pub fn next() -> Option<Next> {
    loop {
        let found = waitid(
            libc::P_ALL,
            0,
            libc::WEXITED | libc::WSTOPPED | libc::WNOWAIT,
        )?;
        if let Some(status) = found.end() {
            return Some(Next::End(found.process, status));
        }
        // An untraced child that was stopped is nobody's business here; a tracee may be killed between the two looks.
        let stopped = waitid(libc::P_PID, found.process, libc::WSTOPPED);
        if let Some(stop) = stopped.and_then(|found| found.stop()) {
            return Some(Next::Stop(found.process, stop));
        }
    }
}

/// The next stop of a tracee, also where somebody who has ended stands before it.
pub fn next_stop() -> Option<(i32, Stop)> {
    loop {
        let found = waitid(libc::P_ALL, 0, libc::WSTOPPED)?;
        if let Some(stop) = found.stop() {
            return Some((found.process, stop));
        }
    }
}

/// How this tracee has ended, if it has; it is only looked at. To be asked after its stops were taken in: a stop is told whatever
/// is asked for (waitid(2) of a tracee).
pub fn end_of(tracee: i32) -> Option<Status> {
    waitid(libc::P_PID, tracee, libc::WEXITED | libc::WNOWAIT)?.end()
}

/// Takes in the end of this tracee, after which its parent is told of it.
pub fn bury(tracee: i32) {
    let _ = waitid(libc::P_PID, tracee, libc::WEXITED);
}

/// The stop that a status means: the event stands above the signal (ptrace(2)).
fn stop(status: i32) -> Stop {
    let signal = status & 0xff;
    match status >> 8 {
        0 => Stop::Signal(signal),
        libc::PTRACE_EVENT_FORK => Stop::Forked,
        libc::PTRACE_EVENT_VFORK => Stop::VForked,
        libc::PTRACE_EVENT_CLONE => Stop::Cloned,
        libc::PTRACE_EVENT_EXEC => Stop::Executed,
        libc::PTRACE_EVENT_EXIT => Stop::Exiting,
        _ if signal == libc::SIGTRAP => Stop::Trap,
        _ => Stop::Group(signal),
    }
}

/// What waitid(2) has found.
struct Found {
    process: i32,
    code: i32,
    status: i32,
}

impl Found {
    fn end(&self) -> Option<Status> {
        match self.code {
            libc::CLD_EXITED => Some(Status::Exited((self.status & 0xff) as u8)),
            libc::CLD_KILLED | libc::CLD_DUMPED => Some(Status::Signaled(self.status)),
            _ => None,
        }
    }

    fn stop(&self) -> Option<Stop> {
        (self.code == libc::CLD_TRAPPED).then(|| stop(self.status))
    }
}

fn waitid(kind: libc::idtype_t, id: i32, options: i32) -> Option<Found> {
    // SAFETY: siginfo_t is plain old data for which all zeroes is a valid value; waitid(2) leaves it so when WNOHANG finds
    // nothing, which is how that case is told apart below.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let options = options | libc::WNOHANG | libc::__WALL;
    // SAFETY: `info` is valid for writing for the whole call; ids and options are plain numbers.
    let done = unsafe { libc::waitid(kind, id as libc::id_t, &mut info, options) };
    // SAFETY: waitid(2) has filled in the SIGCHLD members of the union, or left them zero.
    let process = unsafe { info.si_pid() };
    // SAFETY: as above.
    let status = unsafe { info.si_status() };
    (done == 0 && process != 0).then_some(Found {
        process,
        code: info.si_code,
        status,
    })
}

#[cfg(test)]
mod tests {
    use super::{Stop, stop};

    #[test]
    fn a_status_says_why_somebody_stands_still() {
        let of = |event: i32, signal: i32| stop(event << 8 | signal);
        assert_eq!(of(0, libc::SIGTERM), Stop::Signal(libc::SIGTERM));
        assert_eq!(of(libc::PTRACE_EVENT_FORK, libc::SIGTRAP), Stop::Forked);
        assert_eq!(of(libc::PTRACE_EVENT_EXIT, libc::SIGTRAP), Stop::Exiting);
        assert_eq!(of(libc::PTRACE_EVENT_STOP, libc::SIGTRAP), Stop::Trap);
        assert_eq!(
            of(libc::PTRACE_EVENT_STOP, libc::SIGTSTP),
            Stop::Group(libc::SIGTSTP)
        );
    }
}
