//! Signals: blocking them, reading them from a descriptor, sending them, and dying of them.

use super::{check, start};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

pub use libc::{
    SIGCHLD as CHLD, SIGCONT as CONT, SIGHUP as HUP, SIGINT as INT, SIGKILL as KILL,
    SIGPIPE as PIPE, SIGQUIT as QUIT, SIGSTOP as STOP, SIGTERM as TERM, SIGTSTP as TSTP,
    SIGTTIN as TTIN, SIGTTOU as TTOU, SIGUSR1 as USR1, SIGUSR2 as USR2, SIGWINCH as WINCH,
};

/// A set of signals.
#[derive(Clone, Copy)]
pub struct Set(libc::sigset_t);

impl Set {
    /// The set of exactly these.
    pub fn of(signals: &[i32]) -> Set {
        let mut set = Set::empty();
        for signal in signals {
            // SAFETY: the set was initialised by sigemptyset; an invalid number only gives EINVAL.
            unsafe { libc::sigaddset(&mut set.0, *signal) };
        }
        set
    }

    /// The set of all.
    pub fn all() -> Set {
        let mut set = Set::empty();
        // SAFETY: the set is valid for writing.
        unsafe { libc::sigfillset(&mut set.0) };
        set
    }

    fn empty() -> Set {
        // SAFETY: sigset_t is plain old data for which all zeroes is a valid value.
        let mut set: libc::sigset_t = unsafe { std::mem::zeroed() };
        // SAFETY: the set is valid for writing.
        unsafe { libc::sigemptyset(&mut set) };
        Set(set)
    }
}

/// Adds these to the blocked signals; answers with the mask as it was.
pub fn block(set: &Set) -> Set {
    change_mask(libc::SIG_BLOCK, set)
}

/// Takes these from the blocked signals, which delivers those that are pending; answers with the mask as it was.
pub fn unblock(set: &Set) -> Set {
    change_mask(libc::SIG_UNBLOCK, set)
}

/// Makes this the mask.
pub fn set_mask(set: &Set) {
    change_mask(libc::SIG_SETMASK, set);
}

fn change_mask(how: i32, set: &Set) -> Set {
    let mut old = Set::empty();
    // SAFETY: both sets are valid and outlive the call, and `how` is one of the three that sigprocmask(2) knows,
    // so it cannot fail. This program has one thread, which is what sigprocmask asks for.
    unsafe { libc::sigprocmask(how, &set.0, &mut old.0) };
    old
}

/// A descriptor from which blocked signals are read (signalfd(2)).
#[derive(Debug)]
pub struct SignalFd(OwnedFd);

impl SignalFd {
    /// Opens one for these signals, which the caller has blocked. Close-on-exec, never waits.
    pub fn new(set: &Set) -> io::Result<SignalFd> {
        // SAFETY: `set` is valid and outlives the call.
        let fd =
            check(unsafe { libc::signalfd(-1, &set.0, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK) })?;
        // SAFETY: the kernel has just made it for us.
        Ok(SignalFd(unsafe { OwnedFd::from_raw_fd(fd) }))
    }

    /// The next signal that has arrived, if any.
    pub fn next(&self) -> Option<Arrived> {
        // SAFETY: signalfd_siginfo is plain old data for which all zeroes is a valid value.
        let mut info: libc::signalfd_siginfo = unsafe { std::mem::zeroed() };
        let size = size_of::<libc::signalfd_siginfo>();
        // SAFETY: the kernel writes at most `size` bytes into `info`, which is that large.
        let got = unsafe { libc::read(self.0.as_raw_fd(), (&raw mut info).cast(), size) };
        (got == size as isize).then_some(Arrived {
            signal: info.ssi_signo as i32,
            from_kernel: info.ssi_code == libc::SI_KERNEL,
        })
    }
}

/// A signal that has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its number.
    pub signal: i32,
    /// Whether the kernel sent it of itself, as it does for the terminal's keys, and not some process by kill(2).
    pub from_kernel: bool,
}

impl AsFd for SignalFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

/// What guardrun was given in the way of signals, to be handed on to the suite as it was.
#[derive(Clone, Copy)]
pub struct Inherited {
    mask: Set,
    chld_ignored: bool,
}

/// Notes the inherited mask and dispositions, blocks `set`, and sees to it that ended children can be waited for,
/// whatever the parent has set (with SIGCHLD ignored the kernel reaps them itself, wait(2)).
pub fn take_over(set: &Set) -> Inherited {
    let chld_ignored = is_ignored(libc::SIGCHLD);
    if chld_ignored {
        set_disposition(libc::SIGCHLD, libc::SIG_DFL);
    }
    Inherited {
        mask: block(set),
        chld_ignored,
    }
}

impl Inherited {
    /// Lets through again, in the front, what was let through when it was started.
    pub fn restore_mask(&self) {
        set_mask(&self.mask);
    }

    /// Puts everything back as it was, in the child that becomes the suite.
    pub fn restore(&self) {
        if self.chld_ignored {
            set_disposition(libc::SIGCHLD, libc::SIG_IGN);
        }
        let sigpipe = if start::sigpipe_was_ignored() {
            libc::SIG_IGN
        } else {
            libc::SIG_DFL
        };
        set_disposition(libc::SIGPIPE, sigpipe);
        set_mask(&self.mask);
    }
}

/// Whether the signal is ignored by this process.
pub fn is_ignored(signal: i32) -> bool {
    // SAFETY: sigaction is plain old data for which all zeroes is a valid value.
    let mut old: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: a null new action only asks; `old` outlives the call.
    let known = unsafe { libc::sigaction(signal, std::ptr::null(), &mut old) } == 0;
    known && old.sa_sigaction == libc::SIG_IGN
}

fn set_disposition(signal: i32, disposition: libc::sighandler_t) {
    // SAFETY: the dispositions used here are SIG_DFL and SIG_IGN only, which run no code of ours.
    unsafe { libc::signal(signal, disposition) };
}

/// Sends a signal to a process group. The number must be pinned: its leader is a child that has not been reaped.
/// Refuses every number that kill(2) takes to mean "everybody" or oneself.
pub fn send_to_group(group: i32, signal: i32) -> io::Result<()> {
    // SAFETY: getpgrp takes nothing and cannot fail.
    let own = unsafe { libc::getpgrp() };
    if group <= 1 || group == own {
        return Err(io::Error::other(format!(
            "refused to signal process group {group}"
        )));
    }
    // SAFETY: kill takes two numbers and touches no memory.
    check(unsafe { libc::kill(-group, signal) }).map(drop)
}

/// Whom a stop is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// This process only.
    Self_,
    /// This process and everyone in its process group, as the terminal would do it.
    OwnGroup,
}

/// Stops this process by its own signal and returns once it is continued. Returns at once where the kernel does not
/// stop it: in an orphaned process group TSTP, TTIN and TTOU have no effect (setpgid(2)). The SIGCONT that ended the stop, which
/// must be blocked, is used up by it.
pub fn stop(signal: i32, whom: Whom) {
    let target = match whom {
        Whom::Self_ => std::process::id() as i32,
        Whom::OwnGroup => 0,
    };
    // SAFETY: kill takes two numbers; pid 0 is this process's own group.
    unsafe { libc::kill(target, signal) };
    // Blocked until here, delivered now: when this returns, the stop is over.
    let was = unblock(&Set::of(&[signal]));
    set_mask(&was);
    take_continuation();
}

/// Takes a SIGCONT that is blocked and pending, so that nobody hears of it. One from before a stop is never meant: the kernel drops
/// it when a stop signal is sent (signal(7)).
pub(super) fn take_continuation() {
    let at_once = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    let set = Set::of(&[CONT]);
    // SAFETY: the set and the time outlive the call, which fills nothing in.
    unsafe { libc::sigtimedwait(&set.0, std::ptr::null_mut(), &at_once) };
}

/// Gives a signal its default effect in this process, and so in whatever it executes (execve(2) keeps what is ignored).
pub fn heed(signal: i32) {
    set_disposition(signal, libc::SIG_DFL);
}

/// Dies of this signal, so that the parent sees the same death as it would have seen without guardrun.
/// Returns only if the signal does not kill.
pub fn die_of(signal: i32) {
    super::prctl::forbid_core();
    set_disposition(signal, libc::SIG_DFL);
    // Not raise(3): the C library refuses to raise the two signals that it keeps for itself.
    // SAFETY: kill takes two numbers and touches no memory.
    unsafe { libc::kill(std::process::id() as i32, signal) };
    unblock(&Set::of(&[signal]));
}

/// Whether this is a signal by which a program dies of a fault of its own: what it did was illegal, or it gave itself up.
pub fn is_fault(signal: i32) -> bool {
    matches!(
        signal,
        libc::SIGILL
            | libc::SIGTRAP
            | libc::SIGABRT
            | libc::SIGBUS
            | libc::SIGFPE
            | libc::SIGSEGV
            | libc::SIGSYS
    )
}

/// The signal's name, such as `SIGTERM`.
pub fn name(signal: i32) -> String {
    match nix::sys::signal::Signal::try_from(signal) {
        Ok(known) => known.as_str().to_owned(),
        Err(_) => format!("signal {signal}"),
    }
}
