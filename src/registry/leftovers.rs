//! What is alive of dead runs, and ending it: members of the run's cgroup, and carriers of its mark.
//!
//! Nobody is judged by name, age, parent or load. Each one is proved again after a pidfd has pinned its number and right
//! before the signal, so a number that has been given to somebody else meanwhile hits nobody.

use super::{Entry, MARK};
use crate::contain::Leaf;
use crate::sys::identity::PidFd;
use crate::sys::procfs::{self, Stat};
use crate::sys::{poll, signal};
use crate::values::Level;
use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;
use std::time::Instant;

/// How often one looks, for more in one round and for anybody at all.
const LOOKS: usize = 32;

/// Every living process that was started with this run's mark.
pub(crate) fn marked(run: &str) -> Vec<Stat> {
    let mut found = by_mark(&BTreeSet::from([run]));
    found.remove(run).unwrap_or_default()
}

/// The same for many runs, in one look at all processes.
fn by_mark<'r>(runs: &BTreeSet<&'r str>) -> BTreeMap<&'r str, Vec<Stat>> {
    let mut found: BTreeMap<&str, Vec<Stat>> = BTreeMap::new();
    if runs.is_empty() {
        return found;
    }
    let own = std::process::id() as i32;
    for pid in procfs::all_pids() {
        if pid > 1
            && pid != own
            && let Some(run) = mark_of(pid).and_then(|mark| runs.get(mark.as_str()).copied())
            && let Some(stat) = procfs::stat(pid).filter(|stat| !stat.is_dead())
        {
            found.entry(run).or_default().push(stat);
        }
    }
    found
}

/// The run whose mark a process was started with.
fn mark_of(pid: i32) -> Option<String> {
    let all = procfs::environment(pid)?;
    all.split(|byte| *byte == 0).find_map(|pair| {
        let value = pair.strip_prefix(MARK.as_bytes())?.strip_prefix(b"=")?;
        Some(String::from_utf8_lossy(value).into_owned())
    })
}

/// The cgroup of a dead run, if it is still there.
fn leaf(entry: &Entry) -> Option<Leaf> {
    Leaf::open(entry.cgroup.as_deref()?).ok()
}

/// Whether the cgroup of a dead run is still there.
pub(super) fn has_leaf(entry: &Entry) -> bool {
    entry.cgroup.as_deref().is_some_and(std::path::Path::exists)
}

/// What is alive of each of these runs, in their order. Where only looking can tell, one looks more than once before one
/// believes that nobody is: a process that forks and leaves again and again may be between two lives at any one look.
pub(super) fn of(entries: &[&Entry]) -> Vec<Vec<Stat>> {
    let mut found = look(entries);
    for _ in 1..LOOKS {
        let unsure: Vec<usize> = (0..entries.len())
            .filter(|at| found[*at].is_empty() && entries[*at].level == Level::Subreaper)
            .collect();
        if unsure.is_empty() {
            break;
        }
        let again: Vec<&Entry> = unsure.iter().map(|at| entries[*at]).collect();
        for (at, seen) in unsure.into_iter().zip(look(&again)) {
            found[at] = seen;
        }
    }
    found
}

/// The same at one look.
fn look(entries: &[&Entry]) -> Vec<Vec<Stat>> {
    let runs = entries.iter().map(|entry| entry.run.as_str()).collect();
    let mut marked = by_mark(&runs);
    let with_members = |entry: &&Entry| {
        let mut found = marked.remove(entry.run.as_str()).unwrap_or_default();
        let inside = leaf(entry).map(|leaf| leaf.members()).unwrap_or_default();
        let inside = inside.into_iter().filter_map(procfs::stat);
        found.extend(inside.filter(|stat| !stat.is_dead()));
        found.sort_by_key(|stat| stat.id);
        found.dedup_by_key(|stat| stat.id);
        found
    };
    entries.iter().map(with_members).collect()
}

/// Ends what is alive of one dead run, by the deadline. Answers with what is still there.
pub(super) fn end(entry: &Entry, deadline: Instant) -> Vec<Stat> {
    let leaf = leaf(entry);
    loop {
        if let Some(leaf) = &leaf {
            leaf.kill();
        }
        let mut dying = stop_all(entry, leaf.as_ref());
        // What may not be signalled, such as a setuid program, does not die of waiting for it.
        dying.retain(|held| held.signal(signal::KILL).is_ok());
        // One that is dying has no environment to be known by any more, and still has all its files.
        for held in &dying {
            let time = deadline.saturating_duration_since(Instant::now());
            poll::readable_within(held.as_fd(), time);
        }
        let left = of(&[entry]).pop().unwrap_or_default();
        let hopeless = dying.is_empty() && left.iter().all(may_not_signal);
        if left.is_empty() || hopeless || Instant::now() >= deadline {
            if let Some(leaf) = leaf.filter(|_| left.is_empty()) {
                leaf.wait_until_empty(deadline);
                let _ = leaf.remove();
            }
            return left;
        }
    }
}

/// Stops and holds everything of the run, until nothing new turns up: what forks is caught by repetition.
fn stop_all(entry: &Entry, leaf: Option<&Leaf>) -> Vec<PidFd> {
    let (mut held, mut seen) = (Vec::new(), BTreeSet::new());
    for _ in 0..LOOKS {
        let found = look(&[entry]).pop().unwrap_or_default();
        let new: Vec<Stat> = found
            .into_iter()
            .filter(|stat| seen.insert(stat.id))
            .collect();
        if new.is_empty() {
            break;
        }
        for stat in new {
            if let Ok(Some(fd)) = PidFd::open_exactly(stat.id)
                && is_of(entry, leaf, stat.id.pid)
            {
                let _ = fd.signal(signal::STOP);
                held.push(fd);
            }
            // With thousands the descriptors run out, and their limit is the suite's too, so it is not raised here; what cannot
            // be held is left to the next round.
        }
    }
    held
}

/// Whether the process with this number, which is pinned, is one of the run's.
fn is_of(entry: &Entry, leaf: Option<&Leaf>, pid: i32) -> bool {
    mark_of(pid).is_some_and(|mark| mark == entry.run)
        || leaf.is_some_and(|leaf| leaf.members().contains(&pid))
}

/// Whether the kernel refuses a signal of ours to it.
fn may_not_signal(stat: &Stat) -> bool {
    // Signal 0 asks and does nothing (kill(2)).
    matches!(PidFd::open_exactly(stat.id), Ok(Some(fd)) if fd.signal(0).is_err())
}
