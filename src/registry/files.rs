//! The files of a directory of records.

use super::ENDING;
use crate::sys::lock;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// An unfinished record that is older was left by a front that died while writing it.
const UNFINISHED: Duration = Duration::from_secs(60);

/// The records in this directory; what was left by one who died while writing is removed on the way.
pub(super) fn records(directory: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries.filter_map(|entry| {
        let path = entry.path();
        let name = path.file_name()?.to_str()?;
        if name.starts_with('.') {
            remove_unfinished(&path);
            return None;
        }
        name.ends_with(ENDING).then_some(path)
    })
}

fn remove_unfinished(path: &Path) {
    let Ok(file) = File::open(path) else { return };
    let written = file.metadata().and_then(|found| found.modified());
    let old = written.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > UNFINISHED));
    if old && matches!(lock::try_lock(&file), Ok(true)) {
        let _ = fs::remove_file(path);
    }
}
