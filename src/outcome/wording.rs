//! What is said of an end, as it reads after the suite's name. Pure. It says what is known and no more.

use super::{Lack, OomCount, Survivor};
use crate::sys::signal;
use crate::values::Status;

/// A status that is the suite's own.
pub(super) fn status(status: Status, oom: OomCount) -> String {
    match status {
        Status::Exited(0) => format!("passed{}", counted(oom)),
        Status::Exited(137) => format!(
            "failed with exit code 137: something in it died of SIGKILL, {}",
            why_killed(oom)
        ),
        Status::Exited(code @ (130 | 143)) => {
            let name = signal::name(i32::from(code) - 128);
            format!(
                "failed with exit code {code}: something in it was ended on purpose by {name}{}",
                counted(oom)
            )
        }
        Status::Exited(code) => format!("failed with exit code {code}{}", counted(oom)),
        Status::Signaled(signal::KILL) => format!("was killed by SIGKILL, {}", why_killed(oom)),
        Status::Signaled(number @ (signal::TERM | signal::INT)) => {
            format!(
                "was ended on purpose by {}{}",
                signal::name(number),
                counted(oom)
            )
        }
        Status::Signaled(number) => {
            format!("was killed by {}{}", signal::name(number), counted(oom))
        }
    }
}

/// Why something may have died of SIGKILL. The word is the kernel's where it has counted, and a guess is called one.
fn why_killed(oom: OomCount) -> String {
    match (oom.suite, oom.machine) {
        (Some(0), _) => {
            "and not for want of memory: the kernel has counted no such kill in its cgroup"
                .to_owned()
        }
        (Some(n), _) => format!("out of memory: the kernel killed {} of it", processes(n)),
        (None, Some(n @ 1..)) => format!(
            "often out of memory: the kernel killed {} for want of memory on this machine meanwhile",
            processes(n)
        ),
        (None, _) => "often out of memory".to_owned(),
    }
}

/// What the kernel has counted, where the status itself does not speak of it.
fn counted(oom: OomCount) -> String {
    match oom.suite {
        None | Some(0) => String::new(),
        Some(n) => format!(
            "; the kernel killed {} of it for want of memory",
            processes(n)
        ),
    }
}

/// Why no level could be had.
pub(super) fn not_contained(lacks: &[Lack]) -> String {
    let each = lacks
        .iter()
        .map(|lack| format!("{}: {}", lack.level, lack.what));
    let all = each.collect::<Vec<_>>().join("; ");
    if all.is_empty() {
        return "could not be held".to_owned();
    }
    format!("could not be held: {all}")
}

/// Why the command could not be executed.
pub(super) fn not_executed(errno: i32) -> String {
    let why = nix::errno::Errno::from_raw(errno).desc();
    format!("could not be executed: {why} (errno {errno})")
}

/// What a green run has left.
pub(super) fn left_behind(survivors: &[Survivor]) -> String {
    let unexpected = survivors
        .iter()
        .filter(|survivor| survivor.expected.is_none());
    match unexpected.count() {
        0 => "left something behind that nobody could name and that had to be killed".to_owned(),
        1 => "left 1 live process behind".to_owned(),
        n => format!("left {n} live processes behind"),
    }
}

/// What a fence refused.
pub(super) fn fenced(refused: u64) -> String {
    match refused {
        1 => "its fence refused 1 thing".to_owned(),
        n => format!("its fence refused {n} things"),
    }
}

/// What cannot be killed.
pub(super) fn unkilled(unkilled: &[Survivor]) -> String {
    format!(
        "{} of it cannot be killed",
        processes(unkilled.len() as u64)
    )
}

fn processes(n: u64) -> String {
    match n {
        1 => "1 process".to_owned(),
        n => format!("{n} processes"),
    }
}
