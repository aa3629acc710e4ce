//! Records of runs, and the locks of suites.
//!
//! A record is a file of lines, each a JSON object: first the `Entry`, on disk before the first fork, then one `Event` for
//! whatever was worth noting, each written in one go, so that all of it can be read after a KILL of everybody. Front and
//! keeper hold a lock (flock(2)) on it for as long as either lives. One that can be locked therefore belongs to a dead run;
//! whatever still carries that run's mark, or is in its cgroup, is its leftover. When a run is over its record moves to
//! `finished/`, where `guardrun logs` finds it until it is one of too many.

mod dead;
mod entry;
mod event;
mod files;
mod finished;
mod holder;
mod leftovers;
mod lock;
mod place;
mod private;
mod shelf;
mod sweep;

pub use dead::{Dead, Ended};
pub use entry::{Entry, Moment, Scope};
pub use event::{Event, Limit, bytes, tell};
pub use holder::Holder;
pub(crate) use leftovers::marked;
pub use lock::{Attempt, Held, Key, LockError};
pub use place::{directory, locks};
pub use private::{Private, PrivatePlace};
pub use shelf::{Life, Shelf, Shelved, Use};
pub use sweep::{Swept, sweep};

use crate::sys::{clock, lock as flock};
use serde::Serialize;
use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The environment variable that marks every process of a run.
pub const MARK: &str = "GUARDRUN_RUN_ID";

/// How the names of records end.
const ENDING: &str = ".jsonl";

/// This run's record.
#[derive(Debug)]
pub struct Record {
    path: PathBuf,
    /// Open, and locked, until both front and keeper are gone.
    file: File,
    trouble: RefCell<Trouble>,
}

/// What went wrong with writing.
#[derive(Debug, Default)]
struct Trouble {
    /// The first error.
    first: Option<io::Error>,
    /// Whether the last line was cut short, so that the next one must not go on in it.
    cut: bool,
}

/// A line.
#[derive(Serialize)]
struct Line<'a> {
    /// Milliseconds since boot.
    at_ms: u64,
    #[serde(flatten)]
    event: &'a Event,
}

impl Record {
    /// Writes the record. It appears under its name complete and locked, so no sweep can take it for a dead one.
    pub fn create(directory: &Path, entry: &Entry) -> io::Result<Record> {
        let path = Record::place(directory, &entry.run);
        let unfinished = directory.join(format!(".{}", entry.run));
        let mut file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)?;
        let mut text = serde_json::to_vec(entry).map_err(io::Error::from)?;
        text.push(b'\n');
        let written = flock::try_lock(&file.as_fd())
            .and_then(|_| file.write_all(&text))
            .and_then(|()| fs::rename(&unfinished, &path));
        if let Err(error) = written {
            let _ = fs::remove_file(&unfinished);
            return Err(error);
        }
        Ok(Record {
            path,
            file,
            trouble: RefCell::default(),
        })
    }

    /// Adds an event. That it cannot be written, as on a full disk, changes nothing about the run; `trouble` tells it.
    pub fn note(&self, event: &Event) {
        let mut trouble = self.trouble.borrow_mut();
        if let Err(error) = append(&self.file, event, trouble.cut) {
            trouble.cut = true;
            trouble.first.get_or_insert(error);
        } else {
            trouble.cut = false;
        }
    }

    /// Why the record is not complete, if it is not.
    pub fn trouble(&self) -> Option<String> {
        self.trouble
            .borrow()
            .first
            .as_ref()
            .map(io::Error::to_string)
    }

    /// Removes it: the run did not come about.
    pub fn remove(&self) {
        let _ = fs::remove_file(&self.path);
    }

    /// Puts it with the finished ones: the run has left nothing.
    pub fn finish(&self) {
        finished::put(&self.path);
        finished::rotate_by_chance(&self.path);
    }

    /// Where the record of this run is while it lives.
    pub fn place(directory: &Path, run: &str) -> PathBuf {
        directory.join(format!("{run}{ENDING}"))
    }
}

/// Writes one event at the end of a record, in one go: whoever reads sees all of it or nothing.
fn append(mut file: &File, event: &Event, after_a_cut_line: bool) -> io::Result<()> {
    let line = Line {
        at_ms: clock::since_boot().as_millis() as u64,
        event,
    };
    let mut text = Vec::new();
    if after_a_cut_line {
        text.push(b'\n');
    }
    serde_json::to_writer(&mut text, &line).map_err(io::Error::from)?;
    text.push(b'\n');
    match file.write(&text)? {
        written if written == text.len() => Ok(()),
        _ => Err(io::ErrorKind::StorageFull.into()),
    }
}
