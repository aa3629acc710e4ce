//! A dead run: a record whose lock nobody holds, of this boot and this pid namespace.

use super::{Entry, Event, Scope, Swept, append, finished, leftovers, private};
use crate::sys::clear::Cleared;
use crate::sys::procfs::Stat;
use crate::sys::{fds, lock};
use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// One whose leftovers are ours to end, held by its lock so that nobody else does so at the same time.
#[derive(Debug)]
pub struct Dead {
    /// What the record says first.
    pub entry: Entry,
    path: PathBuf,
    file: File,
}

/// What came of ending what is alive of a dead run.
#[derive(Debug)]
pub struct Ended {
    /// What is still there.
    pub left: Vec<Stat>,
    /// What was in its private directories, if those were still there.
    pub cleared: Option<Cleared>,
}

/// How long removing the private directories of one run may take.
const REMOVAL: Duration = Duration::from_secs(10);

/// Removes the run's private directories. None when there are none: never made, or removed already.
fn clear(entry: &Entry) -> Option<Cleared> {
    private::remove(entry.private.as_ref()?, REMOVAL, || true)
}

/// Whether nothing is left to be removed by the next one.
fn is_finished(cleared: &Option<Cleared>) -> bool {
    cleared.as_ref().is_none_or(|cleared| cleared.finished)
}

/// What a record turned out to be.
pub(super) enum Found {
    /// A dead run's.
    Dead(Box<Dead>),
    /// Somebody has its lock: its run is alive, or another guardrun is ending what it left.
    Locked,
    /// Its processes cannot be seen from here.
    OutOfSight,
    /// It was about nobody any more, and has been put away; what was removed with it, if there was anything.
    PutAway(Option<Box<Swept>>),
}

/// Looks at the record at this path.
pub(super) fn look(path: &Path, here: &Scope) -> Option<Found> {
    // Written to as well, when it is found dead; an ordinary append cannot harm whoever else has it open.
    let file = OpenOptions::new().read(true).append(true).open(path).ok()?;
    if !matches!(lock::try_lock(&file), Ok(true)) {
        return Some(Found::Locked);
    }
    if !is_still_there(path, &file) {
        // Its run has finished while one looked.
        return None;
    }
    let Some(entry) = first_line(&file) else {
        // A record that cannot be read says nothing about anybody: it goes, and nobody is touched.
        let _ = fs::remove_file(path);
        return Some(Found::PutAway(None));
    };
    if entry.scope.boot != here.boot {
        let restarted = Event::FoundDead {
            ended: 0,
            left: 0,
            restarted: true,
        };
        // Nobody has lived through a boot; directories have.
        let cleared = clear(&entry);
        if is_finished(&cleared) {
            let _ = append(&file, &restarted, true);
            finished::put(path);
        }
        let swept = cleared.map(|cleared| Swept {
            run: entry.run,
            command: entry.command,
            ended: 0,
            left: 0,
            cleared: Some(cleared),
        });
        return Some(Found::PutAway(swept.map(Box::new)));
    }
    if entry.scope.pid_namespace != here.pid_namespace {
        // Whoever can see them needs the record.
        return Some(Found::OutOfSight);
    }
    Some(Found::Dead(Box::new(Dead {
        entry,
        path: path.to_owned(),
        file,
    })))
}

/// Whether this open file is the one at this path.
pub(super) fn is_still_there(path: &Path, file: &File) -> bool {
    match (fs::symlink_metadata(path), file.metadata()) {
        (Ok(there), Ok(open)) => (there.dev(), there.ino()) == (open.dev(), open.ino()),
        _ => false,
    }
}

/// The entry, which is the first line.
pub(super) fn first_line(file: &File) -> Option<Entry> {
    let mut line = Vec::new();
    BufReader::new(file).read_until(b'\n', &mut line).ok()?;
    serde_json::from_slice(&line).ok()
}

impl Dead {
    /// Every dead run in this directory, and what is alive of each.
    pub fn all(directory: &Path) -> Vec<(Dead, Vec<Stat>)> {
        // Each is held by a descriptor, and whoever calls this starts no suite that would inherit the limit.
        fds::allow_as_many_as_possible();
        let dead = all(directory);
        let entries: Vec<&Entry> = dead.iter().map(|dead| &dead.entry).collect();
        let alive = leftovers::of(&entries);
        dead.into_iter().zip(alive).collect()
    }

    /// Ends what is alive of it, removes its private directories, and puts the record away when nothing is left.
    pub fn end(self, alive: usize, deadline: Instant) -> Ended {
        let left = match alive {
            // Its cgroup may still be there, empty.
            0 if !leftovers::has_leaf(&self.entry) => Vec::new(),
            _ => leftovers::end(&self.entry, deadline),
        };
        let found = Event::FoundDead {
            ended: alive.saturating_sub(left.len()),
            left: left.len(),
            restarted: false,
        };
        // Whoever is still there may be writing in them.
        let cleared = left.is_empty().then(|| clear(&self.entry)).flatten();
        if left.is_empty() && is_finished(&cleared) {
            // Also ends a line that the run has died in the middle of.
            let _ = append(&self.file, &found, true);
            finished::put(&self.path);
        } else if alive > left.len() {
            let _ = append(&self.file, &found, true);
        }
        Ended { left, cleared }
    }
}

/// Every dead run's record in this directory.
fn all(directory: &Path) -> Vec<Dead> {
    let here = Scope::here();
    let dead = |path: PathBuf| match look(&path, &here) {
        Some(Found::Dead(dead)) => Some(*dead),
        _ => None,
    };
    super::files::records(directory).filter_map(dead).collect()
}
