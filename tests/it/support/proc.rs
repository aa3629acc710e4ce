//! What /proc says of processes. Used to find them and to name survivors, never to prove a death.

use std::fs;

/// The children of every thread of `pid`, the oldest first.
pub(crate) fn children(pid: i32) -> Vec<i32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    threads
        .flatten()
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|line| {
            line.split_whitespace()
                .filter_map(|pid| pid.parse().ok())
                .collect::<Vec<i32>>()
        })
        .collect()
}

/// Everything below `pid`.
pub(crate) fn descendants(pid: i32) -> Vec<i32> {
    let mut found = children(pid);
    let mut next = 0;
    while next < found.len() && found.len() < 10_000 {
        let more = children(found[next]);
        found.extend(more);
        next += 1;
    }
    found
}

/// The state letter of proc_pid_stat(5); None for who is not there any more.
pub(crate) fn state(pid: i32) -> Option<char> {
    stat_field(pid, 0)?.chars().next()
}

/// The process group.
pub(crate) fn group(pid: i32) -> Option<i32> {
    stat_field(pid, 2)?.parse().ok()
}

/// The session.
pub(crate) fn session(pid: i32) -> Option<i32> {
    stat_field(pid, 3)?.parse().ok()
}

/// A field of proc_pid_stat(5), counted from the state, which follows the name.
fn stat_field(pid: i32, index: usize) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(index).map(str::to_owned)
}

/// The pid that a process has in its own pid namespace.
pub(crate) fn own_pid(pid: i32) -> Option<i32> {
    pids(pid)?.last().copied()
}

/// The pid that a process has for `other`, which is in a pid namespace further out.
pub(crate) fn pid_as_seen_by(other: i32, pid: i32) -> Option<i32> {
    pids(pid)?.get(pids(other)?.len() - 1).copied()
}

/// Its pids, from the test's pid namespace inwards.
fn pids(pid: i32) -> Option<Vec<i32>> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("NSpid:"))?;
    line.split_whitespace()
        .map(|pid| pid.parse().ok())
        .collect()
}

/// A line about a process for the report of a leak.
pub(crate) fn portrait(pid: i32) -> String {
    let state = state(pid).unwrap_or('?');
    format!("{pid} {state} {}", command(pid))
}

/// Its command line; empty for who has none any more.
pub(crate) fn command(pid: i32) -> String {
    let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let words = String::from_utf8_lossy(&words).replace('\0', " ");
    words.trim().to_owned()
}

/// The parent.
pub(crate) fn parent(pid: i32) -> Option<i32> {
    stat_field(pid, 1)?.parse().ok()
}

/// The name that the kernel has for it, at most 15 bytes of it.
pub(crate) fn name(pid: i32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).ok()?;
    Some(name.trim_end_matches('\n').to_owned())
}
