//! Who holds a lock: what the holder has written into the lock's file, for those who are refused, and for the next holder,
//! who has to know whether the one before came to its end.

use super::{Moment, Scope};
use crate::sys::identity::PidFd;
use crate::sys::procfs;
use crate::values::ProcessId;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::PathBuf;
use std::time::Duration;

/// The most that is read of a lock's file.
const LARGEST: u64 = 64 * 1024;
/// How many parents are asked. Real chains are shorter.
const DEEPEST: usize = 64;

/// One holder. Fields that an older or newer guardrun does not know are passed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Holder {
    /// The run's id: of the attempt that goes on now, where a suite is tried again.
    pub run: String,
    /// Different for every time that a lock is taken.
    pub nonce: String,
    /// Where its processes can be found.
    #[serde(flatten)]
    pub scope: Scope,
    /// The front.
    pub front: ProcessId,
    /// The number of the user.
    pub user: u32,
    /// The machine, or container.
    pub host: String,
    /// The suite's name, if it has one.
    pub suite: Option<String>,
    /// The command, for people.
    pub command: String,
    /// Its record, if there is one.
    pub record: Option<PathBuf>,
    /// The lock's own file.
    pub path: PathBuf,
    /// How long its suite may take to end when it is asked to.
    pub grace_seconds: f64,
    /// Since when it has the lock.
    pub since: Moment,
    /// When the first of the runs was started that this one has replaced, each the one before; its own start where it has
    /// replaced nobody.
    pub first: Moment,
    /// Its keepers, one for each attempt and each level that was tried, and the leader of its suite where that can be seen from outside.
    #[serde(skip)]
    pub others: Vec<ProcessId>,
}

/// What is added while the lock is held. Never in place of what the file says already: a disk that has become full meanwhile
/// must not leave a lock of which nobody knows who has it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Added {
    /// By a keeper: a process that is to have ended before anybody else starts.
    Process { process: ProcessId },
    /// By the front: the suite is tried again, as a run of its own, and nothing is left of the last one.
    Attempt {
        run: String,
        record: Option<PathBuf>,
    },
}

impl Holder {
    /// What this file says; None when it says nothing, or not all of it yet.
    pub(super) fn read(mut file: &File) -> Option<Holder> {
        file.rewind().ok()?;
        let mut text = String::new();
        file.take(LARGEST).read_to_string(&mut text).ok()?;
        let mut lines = text.lines();
        let mut holder: Holder = serde_json::from_str(lines.next()?).ok()?;
        for added in lines.filter_map(|line| serde_json::from_str(line).ok()) {
            match added {
                Added::Process { process } => holder.others.push(process),
                Added::Attempt { run, record } => (holder.run, holder.record) = (run, record),
            }
        }
        Some(holder)
    }

    /// Puts this in place of whatever the file says.
    pub(super) fn write(&self, mut file: &File) -> io::Result<()> {
        file.set_len(0)?;
        let mut text = serde_json::to_vec(self).map_err(io::Error::from)?;
        text.push(b'\n');
        file.write_all(&text)
    }

    /// Adds to what the file says.
    pub(super) fn add(mut file: &File, added: &Added) -> io::Result<()> {
        let mut text = serde_json::to_vec(added).map_err(io::Error::from)?;
        text.push(b'\n');
        file.write_all(&text)
    }

    /// Whether its pids mean anything here.
    pub fn can_be_seen(&self) -> bool {
        self.scope == Scope::here()
    }

    /// Front, keepers and leader, held, as far as they are alive and can be seen. When all have ended, so has the run: the end of a
    /// keeper that is process 1 of a pid namespace is told only when everybody in it is gone (pid_namespaces(7)).
    pub fn processes(&self) -> Vec<PidFd> {
        if !self.can_be_seen() {
            return Vec::new();
        }
        let ids = std::iter::once(&self.front).chain(&self.others);
        ids.filter_map(|id| PidFd::open_exactly(*id).ok().flatten())
            .filter(|fd| !fd.has_ended())
            .collect()
    }

    /// The front, if it is alive and can be seen.
    pub fn live_front(&self) -> Option<PidFd> {
        let front = PidFd::open_exactly(self.front).ok().flatten();
        front.filter(|fd| self.can_be_seen() && !fd.has_ended())
    }

    /// Whether the calling process is one of the holder's own suite: its ids are among `runs_above`, or its front or keeper is
    /// among the calling process's ancestors.
    pub fn is_above(&self, runs_above: &[String]) -> bool {
        if runs_above.contains(&self.run) {
            return true;
        }
        let mut next = std::process::id() as i32;
        for _ in 0..DEEPEST {
            let Some(stat) = procfs::stat(next) else {
                return false;
            };
            if self.can_be_seen() && (stat.id == self.front || self.others.contains(&stat.id)) {
                return true;
            }
            next = stat.parent;
        }
        false
    }

    /// How long it has had the lock, if that was in this boot.
    pub fn age(&self) -> Duration {
        self.since.age()
    }
}
