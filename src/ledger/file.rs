//! The file: made before a run, read after it, removed with it.

use super::entry::LONGEST;
use super::{Entry, Tally};
use crate::sys::lock;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What a ledger's name ends in.
const ENDING: &str = ".ledger";

/// The ledger of one run. It is removed when this is dropped; one of a guardrun that was killed, by the next run.
#[derive(Debug)]
pub struct Ledger {
    run: String,
    path: PathBuf,
    /// Open, and locked, until both front and keeper are gone; so nobody takes it for one that is left over.
    _locked: File,
}

impl Ledger {
    /// Makes the ledger of this run in the directory, and removes those of dead runs.
    pub fn create(directory: &Path, run: &str) -> io::Result<Ledger> {
        remove_dead_ones(directory);
        let path = directory.join(format!("{run}{ENDING}"));
        let unlocked = directory.join(format!(".{run}{ENDING}"));
        let file = OpenOptions::new()
            .append(true)
            .create_new(true)
            .mode(0o600)
            .open(&unlocked)?;
        // It appears under its name when it is locked already.
        let ready = lock::try_lock(&file).and_then(|_| fs::rename(&unlocked, &path));
        if let Err(error) = ready {
            let _ = fs::remove_file(&unlocked);
            return Err(error);
        }
        Ok(Ledger {
            run: run.to_owned(),
            path,
            _locked: file,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Shows every entry of this run, in the order of the file. The answer is how many lines were no entry of it.
    ///
    /// A line that is longer than any entry is one of those, however long it is. The file may have been removed or replaced by the
    /// suite; then that is the error, or what is read.
    pub fn read(&self, mut see: impl FnMut(Entry)) -> io::Result<usize> {
        let mut reader = BufReader::new(File::open(&self.path)?);
        let (mut line, mut strange) = (Vec::new(), 0);
        loop {
            line.clear();
            let most = LONGEST as u64 + 1;
            if reader.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
                return Ok(strange);
            }
            let whole = line.ends_with(b"\n");
            match Entry::read(&line).filter(|entry| whole && entry.run == self.run) {
                Some(entry) => see(entry),
                None => strange += 1,
            }
            if !whole {
                reader.skip_until(b'\n')?;
            }
        }
    }

    /// Counts it.
    pub fn tally(&self) -> io::Result<Tally> {
        let mut tally = Tally::default();
        let strange = self.read(|entry| tally.add(&entry))?;
        tally.unreadable = strange;
        Ok(tally)
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// Appends one entry by one write, so that others who do the same are not mixed in.
pub fn append(path: &Path, entry: &Entry) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).open(path)?;
    match file.write(&entry.line())? {
        0 => Err(io::ErrorKind::WriteZero.into()),
        _ => Ok(()),
    }
}

/// Removes ledgers that nobody holds: front and keeper of their run were both killed.
fn remove_dead_ones(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        // Those with a dot in front are about to be locked by somebody, or were left in that moment; both are rare and empty.
        let is_ledger = name
            .to_str()
            .is_some_and(|name| name.ends_with(ENDING) && !name.starts_with('.'));
        if !is_ledger {
            continue;
        }
        if let Ok(file) = File::open(entry.path())
            && matches!(lock::try_lock(&file), Ok(true))
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}
