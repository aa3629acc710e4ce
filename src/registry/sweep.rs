//! The sweep: ends what runs have left whose front and keeper were both killed at once.
//!
//! Where a pid namespace held the run, the kernel has ended it and there is nothing to do. Otherwise the run's cgroup is
//! killed as one, and below it whatever carries the run's mark in the environment that it was started with
//! (`leftovers.rs`). A process that had cleared its environment and left a run held at `subreaper` is out of reach.
//! All processes are looked at once, however many dead runs there are, and not at all where there is none.

use super::dead::{Dead, Ended, Found, look};
use super::files::records;
use super::{Scope, finished};
use crate::sys::clear::Cleared;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the leftovers of all dead runs may take to die.
const LIMIT: Duration = Duration::from_secs(5);
/// How often one looks whether somebody else is done with ending a run.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);
/// So many dead runs at once are worth a look at how many finished ones there are by now.
const MANY: usize = 16;
/// How many dead runs are held at the same time: each takes a descriptor.
const AT_ONCE: usize = 500;

/// What was left of one dead run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swept {
    /// The run's id.
    pub run: String,
    /// Its command.
    pub command: String,
    /// How many processes were ended.
    pub ended: usize,
    /// How many are still there.
    pub left: usize,
    /// What was in its private directories, if those were still there, and how much of it could not be removed.
    pub cleared: Option<Cleared>,
}

/// Sweeps what dead runs have left. Answers with those that had left something.
pub fn sweep(directory: &Path) -> Vec<Swept> {
    let here = Scope::here();
    let deadline = Instant::now() + LIMIT;
    let paths: Vec<PathBuf> = records(directory).collect();
    let (mut swept, mut put_away) = (Vec::new(), 0);
    for paths in paths.chunks(AT_ONCE) {
        let mut dead = Vec::new();
        for path in paths {
            match look(path, &here) {
                Some(Found::Dead(found)) => dead.push(*found),
                Some(Found::PutAway(cleared)) => {
                    put_away += 1;
                    swept.extend(cleared.map(|swept| *swept));
                }
                Some(Found::Locked | Found::OutOfSight) | None => {}
            }
        }
        put_away += dead.len();
        swept.extend(end_all(dead, deadline));
    }
    if put_away >= MANY {
        finished::rotate(directory);
    }
    swept
}

/// Sweeps one record, and answers how many of its run's processes are still there. For whoever has to know about one run
/// before it starts another; waits while somebody else is ending it.
pub(super) fn sweep_one(record: &Path) -> usize {
    let here = Scope::here();
    let deadline = Instant::now() + LIMIT;
    loop {
        match look(record, &here) {
            Some(Found::Dead(dead)) => {
                return end_all(vec![*dead], deadline)
                    .iter()
                    .map(|swept| swept.left)
                    .sum();
            }
            Some(Found::PutAway(_) | Found::OutOfSight) | None => return 0,
            // Whoever is ending it has not come to an end, so neither has the run.
            Some(Found::Locked) if Instant::now() >= deadline => return 1,
            Some(Found::Locked) => std::thread::sleep(BETWEEN_LOOKS),
        }
    }
}

fn end_all(dead: Vec<Dead>, deadline: Instant) -> Vec<Swept> {
    let entries: Vec<_> = dead.iter().map(|dead| &dead.entry).collect();
    let alive: Vec<usize> = super::leftovers::of(&entries)
        .iter()
        .map(Vec::len)
        .collect();
    let mut swept = Vec::new();
    for (dead, alive) in dead.into_iter().zip(alive) {
        let (run, command) = (dead.entry.run.clone(), dead.entry.command.clone());
        let Ended { left, cleared } = dead.end(alive, deadline);
        let left = left.len();
        if alive + left > 0 || cleared.is_some() {
            swept.push(Swept {
                run,
                command,
                ended: alive.saturating_sub(left),
                left,
                cleared,
            });
        }
    }
    swept
}
