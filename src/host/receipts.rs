//! Receipts on disk: where they are kept, how one gets there whole or not at all, and which there are.

use super::git::Repository;
use crate::policy::receipts::Receipts;
use crate::policy::text::shortened;
use crate::receipt::{Found, LARGEST, Receipt, Unusable, parse};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// How the name of a receipt ends, after the suite's name, a dot and the run's id.
const ENDING: &str = ".receipt.json";
/// How many are kept of each suite: enough to go back to another branch and find that it was tested.
const KEPT: usize = 50;
/// How much of a policy's name is kept, in characters.
const LONGEST_NAME: usize = 1000;
/// How many directories below a given one are looked into. Artefacts of several jobs come in one directory each.
const DEEPEST: usize = 6;
/// How many files and directories are looked at.
const MOST_ENTRIES: usize = 100_000;
/// How many receipts are read.
const MOST_RECEIPTS: usize = 10_000;

/// The directory of the receipts of a policy with this root; None where there is no place for them.
pub fn place(rules: &Receipts, root: &Path, repository: Option<&Repository>) -> Option<PathBuf> {
    match &rules.place {
        Some(place) => Some(root.join(place)),
        // Never part of a change, of no commit, and each working tree's own.
        None => Some(repository?.directory.join("guardrun/receipts")),
    }
}

/// The name by which receipts know a policy's file: as seen from the top of the repository, where it is in one.
pub fn name_of(policy: Option<&Path>, repository: Option<&Repository>) -> String {
    let file = policy.unwrap_or(Path::new(""));
    let below = repository.and_then(|repository| file.strip_prefix(&repository.top).ok());
    shortened(&below.unwrap_or(file).to_string_lossy(), LONGEST_NAME)
}

/// Writes a receipt, removes what is too many of the same suite, and answers with its file.
pub fn write(place: &Path, receipt: &Receipt) -> io::Result<PathBuf> {
    if !place.is_dir() {
        fs::create_dir_all(place)?;
        // They are no change of the repository, and would make it look changed to the next run.
        fs::write(place.join(".gitignore"), "*\n")?;
    }
    let name = format!("{}.{}", receipt.suite, receipt.run);
    let unfinished = place.join(format!(".{name}"));
    let finished = place.join(format!("{name}{ENDING}"));
    let mut text = serde_json::to_vec_pretty(receipt).map_err(io::Error::from)?;
    text.push(b'\n');
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o644)
        .open(&unfinished)
        .and_then(|mut file| file.write_all(&text))
        .and_then(|()| fs::rename(&unfinished, &finished));
    if let Err(error) = written {
        let _ = fs::remove_file(&unfinished);
        return Err(error);
    }
    rotate(place, &receipt.suite);
    Ok(finished)
}

/// Removes the oldest of a suite.
fn rotate(place: &Path, suite: &str) {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    let mut found: Vec<(SystemTime, PathBuf)> = entries
        .take(MOST_ENTRIES)
        .filter(|entry| suite_of(&entry.path()).is_some_and(|of| of == suite))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    if found.len() > KEPT {
        found.sort_unstable_by(|one, other| other.cmp(one));
        for (_, path) in &found[KEPT..] {
            let _ = fs::remove_file(path);
        }
    }
}

/// The suite that the name of a receipt says it is of; None for what is not called like one.
fn suite_of(path: &Path) -> Option<String> {
    let name = path.file_name()?.to_str()?.strip_suffix(ENDING)?;
    let (suite, run) = name.rsplit_once('.')?;
    let is_run = run.len() == 12 && run.bytes().all(|b| b.is_ascii_hexdigit());
    (is_run && !suite.is_empty() && !suite.starts_with('.')).then(|| suite.to_owned())
}

/// Every receipt in a directory and below it, in the order of their names. A directory that is not there is an error.
pub fn read(place: &Path) -> io::Result<Vec<Found>> {
    let (mut found, mut looked_at) = (Vec::new(), 0);
    let mut waiting = vec![(place.to_owned(), 0)];
    while let Some((directory, depth)) = waiting.pop() {
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            Err(error) if depth == 0 => return Err(error),
            Err(_) => continue,
        };
        for entry in entries.flatten() {
            looked_at += 1;
            if looked_at > MOST_ENTRIES || found.len() > MOST_RECEIPTS {
                let text =
                    format!("it holds more than {MOST_ENTRIES} files, or {MOST_RECEIPTS} receipts");
                return Err(io::Error::other(text));
            }
            let path = entry.path();
            // A link to a directory is not followed: it may lead back up.
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            match suite_of(&path) {
                Some(suite) => found.push((path, suite)),
                None if is_directory && depth < DEEPEST => waiting.push((path, depth + 1)),
                None => {}
            }
        }
    }
    found.sort_unstable();
    let found = found.into_iter().map(|(path, suite)| Found {
        receipt: receipt_in(&path),
        file: path.display().to_string(),
        suite,
    });
    Ok(found.collect())
}

fn receipt_in(path: &Path) -> Result<Receipt, Unusable> {
    let disk = |error: io::Error| match error.kind() {
        ErrorKind::NotFound => Unusable::Disk("is a link that leads nowhere".to_owned()),
        _ => Unusable::Disk(format!("cannot be read: {error}")),
    };
    // Asked before it is opened: opening a FIFO waits for somebody to write.
    let metadata = fs::metadata(path).map_err(disk)?;
    if !metadata.is_file() {
        return Err(Unusable::Disk("is no file".to_owned()));
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(disk)?;
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(disk)?;
    if bytes.len() as u64 > LARGEST {
        return Err(Unusable::Disk(format!("has more than {LARGEST} bytes")));
    }
    if bytes.is_empty() {
        return Err(Unusable::Disk("is empty".to_owned()));
    }
    parse(&bytes)
}

#[cfg(test)]
mod tests {
    use super::suite_of;
    use std::path::Path;

    #[test]
    fn a_receipt_is_known_by_its_name() {
        for (name, suite) in [
            ("daemon.0123456789ab.receipt.json", Some("daemon")),
            ("a-b_c.0123456789ab.receipt.json", Some("a-b_c")),
            ("daemon.0123456789a.receipt.json", None),
            (".daemon.0123456789ab", None),
            ("..0123456789ab.receipt.json", None),
            (".0123456789ab.receipt.json", None),
            ("report.json", None),
        ] {
            assert_eq!(suite_of(Path::new(name)).as_deref(), suite, "{name}");
        }
    }
}
