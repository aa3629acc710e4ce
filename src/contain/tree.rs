//! The tree below a process: finding it, and ending it one process at a time.
//!
//! This is what is left where neither a pid namespace nor a cgroup can be had, and what catches a process that moved
//! out of its cgroup. It rests on subreapers (prctl(2)): an orphan does not leave the tree, it moves up in it.
//! A tree that changes while it is read can only be caught by repetition: each round stops everything that it finds,
//! looks again until nothing new turns up, and kills what it holds. What it cannot do: end a process that it may not
//! signal (a setuid program, for an ordinary user); such a one is left and named by the caller.

use crate::sys::identity::PidFd;
use crate::sys::procfs::{self, Stat};
use crate::sys::{fds, signal};
use std::collections::{BTreeMap, BTreeSet};

/// How often one round looks again for processes that appeared while it was stopping the others.
const LOOKS: usize = 32;

/// Everything below `root`, without it, dead entries left out. Parents come before their children.
pub fn below(root: i32) -> Vec<Stat> {
    let Some(root) = procfs::stat(root) else {
        return Vec::new();
    };
    match procfs::children(&root) {
        Some(first) => walk(first),
        None => search(root.id.pid),
    }
}

fn walk(first: Vec<i32>) -> Vec<Stat> {
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    let mut next = first;
    while let Some(pid) = next.pop() {
        // A dead entry has no children: they went up the tree when it died.
        if seen.insert(pid)
            && let Some(stat) = procfs::stat(pid).filter(|stat| !stat.is_dead())
        {
            next.extend(procfs::children(&stat).unwrap_or_default());
            found.push(stat);
        }
    }
    found
}

/// The same from the parent fields of all processes, for kernels without /proc/PID/task/TID/children.
fn search(root: i32) -> Vec<Stat> {
    let mut by_parent: BTreeMap<i32, Vec<Stat>> = BTreeMap::new();
    for stat in procfs::all_pids().into_iter().filter_map(procfs::stat) {
        by_parent.entry(stat.parent).or_default().push(stat);
    }
    let mut found = Vec::new();
    let mut next = by_parent.remove(&root).unwrap_or_default();
    while let Some(stat) = next.pop() {
        next.extend(by_parent.remove(&stat.id.pid).unwrap_or_default());
        if !stat.is_dead() {
            found.push(stat);
        }
    }
    found
}

/// Sends each of these a signal, and nobody who has one of their numbers since. Refusals are left to the next look.
pub fn signal_each(processes: &[Stat], signals: &[i32]) {
    for process in processes {
        if let Ok(Some(fd)) = PidFd::open_exactly(process.id) {
            for signal in signals {
                let _ = fd.signal(*signal);
            }
        }
    }
}

/// One round of killing: stops and then kills everything that `look` finds. Answers whether it found anything.
pub fn kill_round(mut look: impl FnMut() -> Vec<Stat>) -> bool {
    let mut held = Vec::new();
    let mut seen = BTreeSet::new();
    fds::allow_as_many_as_possible();
    for _ in 0..LOOKS {
        let new: Vec<Stat> = look()
            .into_iter()
            .filter(|stat| seen.insert(stat.id))
            .collect();
        if new.is_empty() {
            break;
        }
        for process in new {
            // With thousands the descriptors may run out; what cannot be held is left to the next round.
            if let Ok(Some(fd)) = PidFd::open_exactly(process.id) {
                let _ = fd.signal(signal::STOP);
                held.push(fd);
            }
        }
    }
    for fd in &held {
        let _ = fd.signal(signal::KILL);
    }
    !seen.is_empty()
}
