//! Reading the records: which runs there are, whether they live, and what was noted about each.

use super::dead::first_line;
use super::{ENDING, Entry, Scope, files, finished, place};
use crate::contain::{Leaf, tree};
use crate::sys::lock;
use crate::sys::procfs::{self, Stat};
use serde::Serialize;
use std::ffi::OsString;
use std::fs::File;
use std::path::PathBuf;

/// guardrun's own processes in a run, by the names that they give themselves. Only for counting.
const OWN: [&str; 2] = ["guardrun-keeper", "guardrun-ear"];

/// Where this user's records are.
#[derive(Debug)]
pub struct Shelf {
    directories: Vec<PathBuf>,
}

/// One record.
#[derive(Debug)]
pub struct Shelved {
    /// What it says first.
    pub entry: Entry,
    /// Whether its run lives.
    pub life: Life,
    /// The file.
    pub path: PathBuf,
}

/// Whether a run lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Life {
    /// Front or keeper is there: somebody holds the record's lock.
    Live,
    /// Both are gone, and nobody has looked after what they left.
    Dead,
    /// It is over.
    Finished,
}

/// What a live run uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Use {
    /// How many processes it has, guardrun's own left out.
    pub processes: usize,
    /// Their memory in bytes: what the cgroup is charged where there is one, else what each has resident, added up.
    pub memory_bytes: u64,
}

impl Shelf {
    /// Wherever records may be, for this value of XDG_RUNTIME_DIR.
    pub fn here(runtime: Option<OsString>) -> Shelf {
        Shelf {
            directories: place::all(runtime),
        }
    }

    /// Where they are.
    pub fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// Runs that are not over, the oldest first.
    pub fn open(&self) -> Vec<Shelved> {
        let records = self.directories.iter().flat_map(|it| files::records(it));
        in_order(records.filter_map(|path| shelved(path, None)).collect())
    }

    /// Runs that are over, the oldest first.
    pub fn finished(&self) -> Vec<Shelved> {
        let below = self.directories.iter().map(|it| it.join(finished::NAME));
        let records = below.flat_map(|it| files::records(&it).collect::<Vec<_>>());
        in_order(
            records
                .filter_map(|path| shelved(path, Some(Life::Finished)))
                .collect(),
        )
    }

    /// Every run whose id begins like this, the oldest first.
    pub fn beginning_with(&self, prefix: &str) -> Vec<Shelved> {
        let is_it = |path: &PathBuf| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.is_some_and(|name| {
                name.strip_suffix(ENDING)
                    .is_some_and(|id| id.starts_with(prefix))
            })
        };
        let mut found = Vec::new();
        for directory in &self.directories {
            let open = files::records(directory).filter(is_it);
            found.extend(open.filter_map(|path| shelved(path, None)));
            let over = files::records(&directory.join(finished::NAME))
                .filter(is_it)
                .collect::<Vec<_>>();
            found.extend(
                over.into_iter()
                    .filter_map(|path| shelved(path, Some(Life::Finished))),
            );
        }
        in_order(found)
    }
}

fn in_order(mut found: Vec<Shelved>) -> Vec<Shelved> {
    let here = Scope::here();
    // What was before this boot was before everything.
    found.sort_by_key(|it| (it.entry.scope.boot == here.boot, it.entry.started.boot_ms));
    found
}

fn shelved(path: PathBuf, life: Option<Life>) -> Option<Shelved> {
    let file = File::open(&path).ok()?;
    let entry = first_line(&file)?;
    let life = life.unwrap_or_else(|| match lock::is_free(&file) {
        Ok(true) => Life::Dead,
        _ => Life::Live,
    });
    Some(Shelved { entry, life, path })
}

impl Shelved {
    /// What it uses now; None where its processes cannot be seen from here.
    pub fn uses(&self) -> Option<Use> {
        if self.life != Life::Live || self.entry.scope != Scope::here() {
            return None;
        }
        let leaf = self
            .entry
            .cgroup
            .as_deref()
            .and_then(|path| Leaf::open(path).ok());
        let mut found: Vec<Stat> = tree::below(self.entry.front.pid);
        found.retain(|stat| !OWN.contains(&stat.name.as_str()));
        let inside = leaf.as_ref().map(Leaf::members).unwrap_or_default();
        found.extend(inside.into_iter().filter_map(procfs::stat));
        found.sort_by_key(|stat| stat.id);
        found.dedup_by_key(|stat| stat.id);
        let charged = leaf.and_then(|leaf| {
            let text = std::fs::read_to_string(leaf.path().join("memory.current")).ok()?;
            text.trim().parse().ok()
        });
        let resident = || found.iter().map(|stat| stat.resident).sum::<u64>() * procfs::page_size();
        Some(Use {
            processes: found.len(),
            memory_bytes: charged.unwrap_or_else(resident),
        })
    }
}
