//! Writing a helper, and bringing one up to date that nobody has edited.

use super::HelperFile;
use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

/// What became of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was not there.
    Written,
    /// It was there, as an older or newer guardrun had written it.
    Updated,
    /// It was there as it is.
    Same,
}

/// Why a helper was not written. Nothing has been changed then, except where the disk failed in the middle.
#[derive(Debug)]
pub struct NotInstalled {
    file: PathBuf,
    cause: Cause,
}

#[derive(Debug)]
enum Cause {
    /// It does not begin as a helper does.
    Foreign,
    /// It is a helper, and was edited.
    Edited,
    /// The disk says no.
    Io(io::Error),
}

/// Writes these files into the directory, making it if need be. A file that is no helper, or was edited, stays as it is, and then
/// none of the others is written either.
pub fn install(
    directory: &Path,
    files: &[HelperFile],
) -> Result<Vec<(PathBuf, Change)>, NotInstalled> {
    let looked: Vec<_> = files
        .iter()
        .map(|file| {
            let path = directory.join(file.name);
            look(&path, &file.text()).map(|change| (path, change))
        })
        .collect::<Result<_, _>>()?;
    for (file, (path, change)) in files.iter().zip(&looked) {
        let done = match change {
            Change::Same => Ok(()),
            Change::Written | Change::Updated => put(path, &file.text()),
        };
        done.map_err(|error| NotInstalled {
            file: path.clone(),
            cause: Cause::Io(error),
        })?;
    }
    Ok(looked)
}

/// What is to be done about one file.
fn look(path: &Path, wanted: &str) -> Result<Change, NotInstalled> {
    let not = |cause| NotInstalled {
        file: path.to_owned(),
        cause,
    };
    let there = match fs::read_to_string(path) {
        Ok(there) => there,
        // A link that leads nowhere is not there for reading, and is for writing.
        Err(error) if error.kind() == ErrorKind::NotFound && path.symlink_metadata().is_err() => {
            return Ok(Change::Written);
        }
        Err(error) => return Err(not(Cause::Io(error))),
    };
    if there == wanted {
        return Ok(Change::Same);
    }
    let (first, body) = there.split_once('\n').unwrap_or((&there, ""));
    let noted = first
        .contains("guardrun gate helper ")
        .then(|| first.split_once("checksum "))
        .flatten()
        .and_then(|(_, rest)| u64::from_str_radix(rest.get(..16)?, 16).ok());
    match noted {
        None => Err(not(Cause::Foreign)),
        Some(noted) if noted != checksum(body) => Err(not(Cause::Edited)),
        Some(_) => Ok(Change::Updated),
    }
}

/// Puts the text there in one step: a test that starts meanwhile reads the old file or the new one.
fn put(path: &Path, text: &str) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = directory.join(format!(".{name}.{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&unfinished)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&unfinished, path));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// A number that a body keeps unless somebody edits it (FNV-1a, 64 bits). Against oversight, not against anybody.
pub(super) fn checksum(body: &str) -> u64 {
    // An editor or git may have changed how lines end; that is no edit.
    body.bytes()
        .filter(|byte| *byte != b'\r')
        .fold(0xcbf2_9ce4_8422_2325, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
}

impl fmt::Display for NotInstalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.display();
        match &self.cause {
            Cause::Foreign => write!(
                f,
                "{file} is there already, and was not written by guardrun; it is not replaced\nhint: move it away, or give another directory with --to"
            ),
            Cause::Edited => write!(
                f,
                "{file} was edited since guardrun wrote it, and is not replaced\nhint: move it away and run this again, then carry your edits over; `--print` shows the text"
            ),
            Cause::Io(error) => write!(
                f,
                "cannot write {file}: {error}\nhint: `--print` writes to standard output"
            ),
        }
    }
}

impl std::error::Error for NotInstalled {}
