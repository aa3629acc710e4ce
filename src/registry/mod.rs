//! Records of runs, on disk before the first fork, and the sweep of what dead runs have left.
//!
//! A record is a small JSON file on which front and keeper hold a lock (flock(2)) for as long as either lives. One that
//! can be locked therefore belongs to a dead run; whatever still carries that run's mark is its leftover.

mod place;
mod private;
mod sweep;

pub use place::directory;
pub use private::{Private, PrivatePlace};
pub(crate) use sweep::marked;
pub use sweep::{Swept, sweep};

use crate::sys::lock;
use crate::values::{Level, ProcessId};
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The environment variable that marks every process of a run.
pub const MARK: &str = "GUARDRUN_RUN_ID";

/// What a record says. Fields that an older or newer guardrun does not know are passed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The run's id.
    pub run: String,
    /// The boot that process ids and start times belong to.
    pub boot: String,
    /// The pid namespace that they belong to: a directory of records can be shared between several, as with containers, or
    /// with a guardrun inside a run.
    pub pid_namespace: u64,
    /// The front.
    pub front: ProcessId,
    /// The suite's name, if it has one.
    pub suite: Option<String>,
    /// The command, for people.
    pub command: String,
    /// The level that it is held at.
    pub level: Level,
    /// The cgroup that the suite is held in at level `cgroup`.
    pub cgroup: Option<PathBuf>,
    /// Where its private directories are, if it has any.
    #[serde(default)]
    pub private: Option<PrivatePlace>,
}

/// This run's record.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    /// Open, and locked, until both front and keeper are gone.
    _locked: File,
}

impl Record {
    /// Writes the record. It appears under its name complete and locked, so no sweep can take it for a dead one.
    pub fn create(directory: &Path, entry: &Entry) -> io::Result<Record> {
        let path = directory.join(format!("{}.json", entry.run));
        let unfinished = directory.join(format!(".{}", entry.run));
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        let text = serde_json::to_vec_pretty(entry).map_err(io::Error::from)?;
        let written = lock::try_lock(&file.as_fd())
            .and_then(|_| file.write_all(&text))
            .and_then(|()| fs::rename(&unfinished, &path));
        if let Err(error) = written {
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        Ok(Record {
            path,
            _locked: file,
        })
    }

    /// Removes it: the run has left nothing.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }
}
