//! Where records are kept: a directory that belongs to the user and that nobody else can write.

use nix::unistd::geteuid;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// The directory of the records, made if need be. `runtime` is the value of XDG_RUNTIME_DIR; where that is not set or not
/// usable, /run serves root, and a private directory below /tmp everybody, since the records are about living processes
/// and need not outlast a boot.
pub fn directory(runtime: Option<OsString>) -> io::Result<PathBuf> {
    let user = geteuid().as_raw();
    let mut first_error = None;
    for path in candidates(runtime, user) {
        match private(&path, user) {
            Ok(()) => return Ok(path),
            Err(error) => drop(first_error.get_or_insert(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| io::Error::other("there is no place for records")))
}

/// Every directory in which this user's runs may have left records: another shell may have had another XDG_RUNTIME_DIR, or
/// none. Makes nothing.
pub(super) fn all(runtime: Option<OsString>) -> Vec<PathBuf> {
    let user = geteuid().as_raw();
    let mut found: Vec<PathBuf> = Vec::new();
    for path in candidates(runtime, user) {
        if checked(&path, user).is_ok() && !found.contains(&path) {
            found.push(path);
        }
    }
    found
}

/// The directory of the locks, made if need be: the same for every run of this user on this machine, whatever the
/// environment says. Two runs that looked in two places would both hold the lock.
pub fn locks() -> io::Result<PathBuf> {
    let user = geteuid().as_raw();
    let fixed = fixed(user);
    let base = match private(&fixed, user) {
        Ok(()) => fixed,
        // A machine without a /run that root can write; what is there and is not right is never passed over.
        Err(error) if user == 0 && fs::symlink_metadata(&fixed).is_err() => {
            let below_tmp = below_tmp(user);
            private(&below_tmp, user).map_err(|_| error)?;
            below_tmp
        }
        Err(error) => return Err(error),
    };
    let locks = base.join("locks");
    private(&locks, user)?;
    Ok(locks)
}

fn candidates(runtime: Option<OsString>, user: u32) -> impl Iterator<Item = PathBuf> {
    // Under sudo it is the other user's, and a directory of root's in it would be in that user's way.
    let own = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.uid() == user);
    let runtime = runtime
        .map(PathBuf::from)
        .filter(|path| path.is_absolute() && own(path));
    let candidates = [
        runtime.map(|path| path.join("guardrun")),
        Some(fixed(user)),
        Some(below_tmp(user)),
    ];
    candidates.into_iter().flatten()
}

fn fixed(user: u32) -> PathBuf {
    match user {
        0 => PathBuf::from("/run/guardrun"),
        _ => below_tmp(user),
    }
}

fn below_tmp(user: u32) -> PathBuf {
    PathBuf::from(format!("/tmp/guardrun-{user}"))
}

/// Makes it, or makes sure that what is there is a directory of this user's and not writable by others.
fn private(path: &Path, user: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(io::Error::new(
            error.kind(),
            format!("cannot make {}: {error}", path.display()),
        )),
        _ => checked(path, user),
    }
}

/// Makes sure that it is a directory of this user's and not writable by others. A symbolic link is not followed: in /tmp
/// anybody could have put it there.
fn checked(path: &Path, user: u32) -> io::Result<()> {
    let found = fs::symlink_metadata(path)?;
    let wrong = if found.is_symlink() {
        "is a symbolic link".to_owned()
    } else if !found.is_dir() {
        "is not a directory".to_owned()
    } else if found.uid() != user {
        format!("belongs to user {}", found.uid())
    } else if found.mode() & 0o022 != 0 {
        format!(
            "can be written by others (mode {:o})",
            found.mode() & 0o7777
        )
    } else {
        return Ok(());
    };
    Err(io::Error::other(format!("{} {wrong}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::private;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn a_directory_that_others_can_write_or_reach_by_a_link_is_not_used() {
        let base = std::env::temp_dir().join(format!("guardrun-place-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&base);
        std::fs::create_dir(&base).unwrap();
        let user = nix::unistd::geteuid().as_raw();
        let (good, open, link) = (base.join("good"), base.join("open"), base.join("link"));
        assert!(private(&good, user).is_ok());
        assert!(
            private(&good, user).is_ok(),
            "also when it is there already"
        );
        assert!(private(&good, user + 1).is_err(), "somebody else's");
        std::fs::create_dir(&open).unwrap();
        std::fs::set_permissions(&open, std::fs::Permissions::from_mode(0o777)).unwrap();
        assert!(private(&open, user).is_err());
        symlink(&good, &link).unwrap();
        assert!(private(&link, user).is_err());
        std::fs::remove_dir_all(&base).unwrap();
    }
}
