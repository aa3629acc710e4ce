//! A repository on disk, as files for the room `check`. Nothing in it is run, and nothing is followed out of it.
//!
//! Passed over are directories of version control, of packages and of builds, and repositories within the repository. Bounds keep a
//! tree of any size or shape from holding anybody up; what is beyond them is told as what it is.

use crate::check::{Content, Tree};
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The largest file that is read, in bytes. No file that people write for CI comes near it.
const LARGEST: u64 = 1024 * 1024;
/// How many files and directories are looked at.
const MOST_ENTRIES: usize = 300_000;
/// How deep directories are within each other.
const DEEPEST: usize = 40;
/// Directories that hold what others have written.
const PASSED_OVER: [&str; 10] = [
    ".git",
    ".hg",
    ".jj",
    "node_modules",
    ".venv",
    "venv",
    ".tox",
    ".nox",
    ".direnv",
    "vendor",
];

/// A repository on disk.
#[derive(Debug)]
pub struct Repository {
    root: PathBuf,
    paths: Vec<String>,
    /// Whether there are more files than were looked at.
    pub cut_short: bool,
}

impl Repository {
    /// The repository that this directory is in: the nearest one upwards that has a `.git`, or else the directory itself.
    pub fn around(directory: &Path) -> Repository {
        let has_git = |at: &&Path| at.join(".git").symlink_metadata().is_ok();
        let root = directory.ancestors().find(has_git).unwrap_or(directory);
        let mut repository = Repository {
            root: root.to_owned(),
            paths: Vec::new(),
            cut_short: false,
        };
        let mut looked_at = 0;
        repository.walk(Path::new(""), 0, &mut looked_at);
        repository.paths.sort_unstable();
        repository
    }

    /// Its root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn walk(&mut self, below: &Path, depth: usize, looked_at: &mut usize) {
        // What cannot be listed is a place where nobody finds a file either; what is named by its path is read all the same.
        let Ok(entries) = fs::read_dir(self.root.join(below)) else {
            return;
        };
        for entry in entries.flatten() {
            *looked_at += 1;
            if *looked_at > MOST_ENTRIES {
                self.cut_short = true;
                return;
            }
            let name = entry.file_name();
            let path = below.join(&name);
            // A link to a directory is not followed: it may lead back up, or out.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let full = self.root.join(&path);
                let foreign = PASSED_OVER.iter().any(|passed| name == *passed)
                    || full.join("CACHEDIR.TAG").exists()
                    || full.join(".git").symlink_metadata().is_ok();
                if foreign {
                    continue;
                }
                match depth + 1 < DEEPEST {
                    true => self.walk(&path, depth + 1, looked_at),
                    false => self.cut_short = true,
                }
            } else if let Some(path) = path.to_str() {
                self.paths.push(path.to_owned());
            }
        }
    }

    fn content(&self, path: &str) -> Result<Option<String>, String> {
        let full = self.root.join(path);
        let resolved = match full.canonicalize() {
            Ok(resolved) => resolved,
            // A link that leads nowhere is meant to be something.
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return match full.symlink_metadata() {
                    Ok(_) => Err("it is a link to what is not there".to_owned()),
                    Err(_) => Ok(None),
                };
            }
            Err(error) if error.kind() == ErrorKind::NotADirectory => return Ok(None),
            Err(error) => return Err(error.to_string()),
        };
        let root = self
            .root
            .canonicalize()
            .map_err(|error| error.to_string())?;
        if !resolved.starts_with(root) {
            return Err("it leads out of the repository".to_owned());
        }
        // Asked before it is opened: opening a FIFO waits for somebody to write.
        let metadata = fs::metadata(&resolved).map_err(|error| error.to_string())?;
        if metadata.is_dir() {
            return Ok(None);
        }
        if !metadata.is_file() {
            return Err("it is no regular file".to_owned());
        }
        let mut bytes = Vec::new();
        File::open(&resolved)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
            .map_err(|error| error.to_string())?;
        if bytes.len() as u64 > LARGEST {
            return Err("it is larger than 1 MiB".to_owned());
        }
        if bytes.contains(&0) {
            return Err("it is no text".to_owned());
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => Err("it is not UTF-8".to_owned()),
        }
    }
}

impl Tree for Repository {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, path: &str) -> Content {
        match self.content(path) {
            Ok(Some(text)) => Content::Text(text),
            Ok(None) => Content::Absent,
            Err(why) => Content::Unreadable(why),
        }
    }
}
