//! Where records are kept: a directory that belongs to the user and that nobody else can write.

use nix::unistd::geteuid;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::PathBuf;

/// The directory, made if need be. `runtime` is the value of XDG_RUNTIME_DIR; where that is not set or not usable, /run
/// serves root, and a private directory below /tmp everybody, since the records are about living processes and need
/// not outlast a boot.
pub fn directory(runtime: Option<OsString>) -> io::Result<PathBuf> {
    let user = geteuid().as_raw();
    // Under sudo it is the other user's, and a directory of root's in it would be in that user's way.
    let own = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| found.uid() == user);
    let runtime = runtime
        .map(PathBuf::from)
        .filter(|path| path.is_absolute() && own(path));
    let candidates = [
        runtime.map(|path| path.join("guardrun")),
        (user == 0).then(|| PathBuf::from("/run/guardrun")),
        Some(PathBuf::from(format!("/tmp/guardrun-{user}"))),
    ];
    let mut first_error = None;
    for path in candidates.into_iter().flatten() {
        match private(&path, user) {
            Ok(()) => return Ok(path),
            Err(error) => drop(first_error.get_or_insert(error)),
        }
    }
    Err(first_error.unwrap_or_else(|| io::Error::other("there is no place for records")))
}

/// Makes it, or makes sure that what is there is a directory of this user's and not writable by others. A symbolic link
/// is not followed: in /tmp anybody could have put it there.
fn private(path: &std::path::Path, user: u32) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    let found = fs::symlink_metadata(path)?;
    if !found.is_dir() || found.uid() != user || found.mode() & 0o022 != 0 {
        return Err(io::Error::other(format!(
            "{} is not a private directory of this user",
            path.display()
        )));
    }
    Ok(())
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
