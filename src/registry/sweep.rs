//! The sweep: ends what runs have left whose front and keeper were both killed at once.
//!
//! Where a pid namespace held the run, the kernel has ended it and there is nothing to do. Otherwise the run's cgroup is
//! killed as one, and below it whatever carries the run's mark in the environment that it was started with. Nobody is
//! judged by name, age or parent. A process that had cleared its environment and left a run held at `subreaper` is out of
//! reach.

use super::{Entry, MARK, private};
use crate::contain::{Leaf, tree};
use crate::sys::clear::Cleared;
use crate::sys::lock;
use crate::sys::procfs::{self, Stat};
use crate::values::Level;
use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long the leftovers of one run may take to die.
const LIMIT: Duration = Duration::from_secs(5);
/// How often one looks, where only looking can tell, before one believes that nobody is left: a process that forks and
/// leaves again and again may be between two lives at any one look.
const LOOKS: usize = 32;
/// How long removing the private directories of one run may take.
const REMOVAL: Duration = Duration::from_secs(10);
/// An unfinished record that is older was left by a front that died while writing it.
const UNFINISHED: Duration = Duration::from_secs(60);

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
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| sweep_one(&entry.path()))
        .filter(|swept| swept.ended + swept.left > 0 || swept.cleared.is_some())
        .collect()
}

fn sweep_one(path: &Path) -> Option<Swept> {
    let name = path.file_name()?.to_str()?;
    let file = File::open(path).ok()?;
    if name.starts_with('.') {
        let age = file.metadata().ok()?.modified().ok()?.elapsed().ok()?;
        if age > UNFINISHED && matches!(lock::try_lock(&file), Ok(true)) {
            let _ = fs::remove_file(path);
        }
        return None;
    }
    if !name.ends_with(".json") || !matches!(lock::try_lock(&file), Ok(true)) {
        return None;
    }
    // A record that cannot be read says nothing about anybody: it goes, and nobody is touched.
    let entry = serde_json::from_reader::<_, Entry>(&file).ok();
    let is_of_this_boot = |entry: &&Entry| entry.boot == procfs::boot_id();
    if entry
        .as_ref()
        .filter(is_of_this_boot)
        .is_some_and(|entry| entry.pid_namespace != procfs::pid_namespace())
    {
        // Its processes cannot be seen from here, and whoever can see them needs the record.
        return None;
    }
    let swept = entry.map(|entry| match is_of_this_boot(&&entry) {
        true => end_run(&entry),
        // Nobody has lived through a boot; directories have.
        false => Swept {
            run: entry.run.clone(),
            command: entry.command.clone(),
            ended: 0,
            left: 0,
            cleared: clear(&entry),
        },
    });
    if swept.as_ref().is_none_or(is_done) {
        let _ = fs::remove_file(path);
    }
    swept
}

/// Whether the next sweep would find nothing more to do.
fn is_done(swept: &Swept) -> bool {
    let finished = swept
        .cleared
        .as_ref()
        .is_none_or(|cleared| cleared.finished);
    swept.left == 0 && finished
}

/// Removes the run's private directories. None when there are none: never made, or removed already.
fn clear(entry: &Entry) -> Option<Cleared> {
    private::remove(entry.private.as_ref()?, REMOVAL, || true)
}

fn end_run(entry: &Entry) -> Swept {
    let leaf = entry
        .cgroup
        .as_deref()
        .and_then(|path| Leaf::open(path).ok());
    let left_over = || -> Vec<Stat> {
        let inside = leaf.as_ref().map(Leaf::members).unwrap_or_default();
        let mut found: Vec<Stat> = inside
            .into_iter()
            .filter_map(procfs::stat)
            .filter(|stat| !stat.is_dead())
            .collect();
        found.extend(marked(&entry.run));
        found.sort_by_key(|stat| stat.id);
        found.dedup_by_key(|stat| stat.id);
        found
    };
    let looks = match entry.level {
        Level::Namespace | Level::Cgroup => 1,
        Level::Subreaper => LOOKS,
    };
    let seen = || {
        let mut found = (0..looks).map(|_| left_over());
        found.find(|found| !found.is_empty()).unwrap_or_default()
    };
    let ended = seen().len();
    let limit = Instant::now() + LIMIT;
    while !seen().is_empty() && Instant::now() < limit {
        if let Some(leaf) = &leaf {
            leaf.kill();
            leaf.wait_until_empty(limit);
        }
        tree::kill_round(|| marked(&entry.run));
    }
    if let Some(leaf) = &leaf {
        let _ = leaf.remove();
    }
    let left = left_over().len();
    Swept {
        run: entry.run.clone(),
        command: entry.command.clone(),
        ended: ended - left.min(ended),
        left,
        // Whoever is still there may be writing in them.
        cleared: (left == 0).then(|| clear(entry)).flatten(),
    }
}

/// Every living process that was started with this run's mark.
pub(crate) fn marked(run: &str) -> Vec<Stat> {
    let mark = format!("{MARK}={run}");
    let carries = |pid: &i32| {
        procfs::environment(*pid).is_some_and(|all| {
            all.split(|byte| *byte == 0)
                .any(|pair| pair == mark.as_bytes())
        })
    };
    let own = std::process::id() as i32;
    procfs::all_pids()
        .into_iter()
        .filter(|pid| *pid > 1 && *pid != own)
        .filter(carries)
        .filter_map(procfs::stat)
        .filter(|stat| !stat.is_dead())
        .collect()
}
