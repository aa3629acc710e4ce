//! The private directories of a run: made before its record is written, named in it, and removed when nobody of the run is
//! left, by the front, by a keeper whose front was killed, or by the sweep of the next guardrun.
//!
//! All of them lie in one directory with a short name, because a socket's path may have 107 bytes and no more (unix(7)).
//! Only what this run has made is ever removed: the directory is known by its device and inode, not by its name.

use crate::sys::clear::{self, Cleared, Identity};
use crate::sys::random;
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::ffi::OsString;
use std::fs::{self, DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A longer directory for temporary files leaves too little of a socket's path.
const LONGEST_BASE: usize = 48;
/// How often a fresh name is tried.
const TRIES: usize = 16;
/// How long the run that made them may take to remove them. What is left then is the next sweep's.
const REMOVAL: Duration = Duration::from_secs(60);

/// Where a run's private directories are, as its record says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PrivatePlace {
    /// The directory that they are in.
    pub path: PathBuf,
    /// That directory by what it is.
    #[serde(flatten)]
    pub identity: Identity,
}

/// This run's private directories.
#[derive(Debug)]
pub struct Private {
    place: PrivatePlace,
    /// Whether somebody has seen to it that they go, now or later.
    settled: Cell<bool>,
}

impl Private {
    /// Makes the one directory that all of them will be in, for this user alone. `temporary` is the value of TMPDIR.
    ///
    /// The others are made when the record names this one: a front that is killed before leaves one empty directory at
    /// the most.
    pub fn make(temporary: Option<OsString>) -> io::Result<Private> {
        let base = base(temporary);
        let place = fresh(&base).map_err(|error| told(&base, &error))?;
        Ok(Private {
            place,
            settled: Cell::new(false),
        })
    }

    /// Makes the directories, as far as they are not there already.
    pub fn furnish(&self, names: &[&str]) -> io::Result<()> {
        for name in names {
            let path = self.path().join(name);
            let made = match DirBuilder::new().mode(0o700).create(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                made => made.and_then(|()| fs::set_permissions(&path, mode(0o700))),
            };
            made.map_err(|error| told(self.path(), &error))?;
        }
        Ok(())
    }

    /// The directory that they are in.
    pub fn path(&self) -> &Path {
        &self.place.path
    }

    /// What the record is to say of them.
    pub fn place(&self) -> &PrivatePlace {
        &self.place
    }

    /// Removes them with what is in them. `go_on` is asked again and again. None when they are gone already.
    pub fn remove(&self, go_on: impl FnMut() -> bool) -> Option<Cleared> {
        self.settled.set(true);
        remove(&self.place, REMOVAL, go_on)
    }

    /// Leaves them to the next sweep, because somebody of the run still lives.
    pub fn leave(&self) {
        self.settled.set(true);
    }
}

impl Drop for Private {
    /// A run that did not come about leaves no directories either.
    fn drop(&mut self) {
        if !self.settled.get() {
            let _ = self.remove(|| true);
        }
    }
}

/// Removes what is at this place, if it is what the run has made there, for as long as it may take. None when it is gone already.
pub(super) fn remove(
    place: &PrivatePlace,
    limit: Duration,
    mut go_on: impl FnMut() -> bool,
) -> Option<Cleared> {
    let limit = Instant::now() + limit;
    clear::clear(&place.path, place.identity, &mut || {
        Instant::now() < limit && go_on()
    })
}

fn told(place: &Path, error: &io::Error) -> io::Error {
    let text = format!(
        "in {}: {error}\nhint: give guardrun a TMPDIR in which it can make directories",
        place.display()
    );
    io::Error::new(error.kind(), text)
}

fn fresh(base: &Path) -> io::Result<PrivatePlace> {
    let mut last = io::ErrorKind::AlreadyExists.into();
    for _ in 0..TRIES {
        let path = base.join(format!("gr-{:06x}", random()? >> 40));
        match clear::make(&path) {
            Ok(identity) => return Ok(PrivatePlace { path, identity }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Where the user's temporary files are, unless that has too long a name or anybody could replace what is in it.
fn base(temporary: Option<OsString>) -> PathBuf {
    let good = |path: &PathBuf| {
        path.is_absolute()
            && path.as_os_str().len() <= LONGEST_BASE
            && fs::metadata(path).is_ok_and(|found| found.is_dir() && keeps_names(&found))
    };
    temporary
        .map(PathBuf::from)
        .filter(good)
        .unwrap_or_else(|| PathBuf::from("/tmp"))
}

/// Whether only the owner of something in this directory can rename it: others cannot write there, or the sticky bit is set.
fn keeps_names(directory: &Metadata) -> bool {
    directory.mode() & 0o022 == 0 || directory.mode() & 0o1000 != 0
}

fn mode(bits: u32) -> fs::Permissions {
    use std::os::unix::fs::PermissionsExt;
    fs::Permissions::from_mode(bits)
}

#[cfg(test)]
mod tests {
    use super::{Private, base, mode};
    use std::fs;
    use std::os::unix::fs::MetadataExt;
    use std::path::Path;

    fn made(names: &[&str]) -> Private {
        let private = Private::make(None).unwrap();
        private.furnish(names).unwrap();
        private
    }

    #[test]
    fn they_are_for_this_user_alone_and_their_names_are_short() {
        let private = made(&["tmp", "run"]);
        private.furnish(&["tmp"]).unwrap();
        let path = private.path().to_owned();
        for directory in [path.clone(), path.join("tmp"), path.join("run")] {
            assert_eq!(fs::metadata(&directory).unwrap().mode() & 0o7777, 0o700);
        }
        assert!(
            path.join("run").as_os_str().len() < 20,
            "{}",
            path.display()
        );
        fs::write(path.join("tmp/x"), "").unwrap();
        drop(private);
        assert!(
            !path.exists(),
            "a run that did not come about leaves nothing"
        );
    }

    #[test]
    fn a_place_in_which_nothing_can_be_made_is_named() {
        let error = Private::make(Some("/proc".into())).unwrap_err();
        let text = error.to_string();
        assert!(
            text.starts_with("in /proc: ") && text.contains("hint: "),
            "{text}"
        );
    }

    #[test]
    fn what_is_left_to_the_sweep_stays() {
        let private = made(&[]);
        let path = private.path().to_owned();
        private.leave();
        drop(private);
        assert!(path.exists());
        fs::remove_dir(path).unwrap();
    }

    #[test]
    fn the_directory_for_temporary_files_is_used_where_it_is_safe_and_short() {
        let made = made(&["good", "open"]);
        let (good, open) = (made.path().join("good"), made.path().join("open"));
        let long = made.path().join("l".repeat(60));
        fs::create_dir(&long).unwrap();
        fs::set_permissions(&open, mode(0o777)).unwrap();
        let of = |path: &Path| base(Some(path.into()));
        assert_eq!(of(&good), good);
        assert_eq!(of(&open), Path::new("/tmp"), "anybody could replace it");
        fs::set_permissions(&open, mode(0o1777)).unwrap();
        assert_eq!(of(&open), open);
        assert_eq!(of(&long), Path::new("/tmp"), "no room for a socket's name");
        assert_eq!(of(Path::new("relative")), Path::new("/tmp"));
        assert_eq!(of(Path::new("/nowhere")), Path::new("/tmp"));
        assert_eq!(base(None), Path::new("/tmp"));
    }
}
