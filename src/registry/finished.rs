//! The records of runs that are over: kept for `guardrun logs`, the newest of them, and none for ever.

use super::ENDING;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The name of their directory, below that of the records.
pub(super) const NAME: &str = "finished";
/// How many are kept.
const KEPT: usize = 200;
/// How long they are kept.
const AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
/// How many are looked at, at the most, in one rotation.
const LOOKS: usize = 20_000;
/// One run in so many rotates, by the chance of its id: a look at two hundred files at the end of every run would cost
/// more than the record itself.
const EVERY: u64 = 16;

/// Puts a record there. The caller has its lock, or is the last one who could have.
pub(super) fn put(record: &Path) {
    let (Some(directory), Some(name)) = (record.parent(), record.file_name()) else {
        return;
    };
    let finished = directory.join(NAME);
    let target = finished.join(name);
    let moved = match fs::rename(record, &target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let _ = DirBuilder::new().mode(0o700).create(&finished);
            fs::rename(record, &target)
        }
        moved => moved,
    };
    if moved.is_err() {
        // One that stayed would look like a dead run to every later guardrun.
        let _ = fs::remove_file(record);
    }
}

/// Rotates now and then: once in so many runs, by the chance of this one's id.
pub(super) fn rotate_by_chance(record: &Path) {
    let id = record.file_stem().and_then(|name| name.to_str());
    let number = id.and_then(|id| u64::from_str_radix(id, 16).ok());
    if let Some(directory) = record.parent()
        && number.is_some_and(|number| number.is_multiple_of(EVERY))
    {
        rotate(directory);
    }
}

/// Removes those that are too old and those that are too many. Whatever is looked at and is not among the newest of what is
/// looked at is not among the newest of all, so a bounded look never removes the wrong ones.
pub(super) fn rotate(directory: &Path) {
    let entries = fs::read_dir(directory.join(NAME)).into_iter().flatten();
    let mut found: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .take(LOOKS)
        .filter(|entry| entry.file_name().to_string_lossy().ends_with(ENDING))
        .filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path())))
        .collect();
    found.sort_unstable_by(|one, other| other.cmp(one));
    let old = |written: &SystemTime| written.elapsed().is_ok_and(|age| age > AGE);
    for (at, (written, path)) in found.iter().enumerate() {
        if at >= KEPT || old(written) {
            let _ = fs::remove_file(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{KEPT, NAME, put, rotate};
    use std::fs::{self, File};
    use std::path::PathBuf;
    use std::time::{Duration, SystemTime};

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("guardrun-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join(NAME)).unwrap();
        path
    }

    #[test]
    fn the_newest_are_kept_and_what_is_too_old_goes() {
        let base = directory("rotate");
        let now = SystemTime::now();
        for number in 0..KEPT as u64 + 50 {
            let file = File::create(base.join(NAME).join(format!("{number:012x}.jsonl"))).unwrap();
            file.set_modified(now - Duration::from_secs(number))
                .unwrap();
        }
        let old = base.join(NAME).join("a.jsonl");
        rotate(&base);
        let names: Vec<_> = fs::read_dir(base.join(NAME)).unwrap().flatten().collect();
        assert_eq!(names.len(), KEPT);
        assert!(base.join(NAME).join("000000000000.jsonl").exists());
        assert!(!base.join(NAME).join(format!("{KEPT:012x}.jsonl")).exists());
        fs::remove_file(base.join(NAME).join("000000000000.jsonl")).unwrap();
        let month = Duration::from_secs(31 * 24 * 60 * 60);
        File::create(&old)
            .unwrap()
            .set_modified(now - month)
            .unwrap();
        rotate(&base);
        assert!(!old.exists(), "a month is enough");
        fs::remove_dir_all(base).unwrap();
    }

    #[test]
    fn a_finished_record_moves_and_its_directory_is_made() {
        let base = directory("put");
        fs::remove_dir(base.join(NAME)).unwrap();
        let record = base.join("00000000000b.jsonl");
        File::create(&record).unwrap();
        put(&record);
        assert!(!record.exists() && base.join(NAME).join("00000000000b.jsonl").exists());
        fs::remove_dir_all(base).unwrap();
    }
}
