//! Which file is the policy: the nearest one, upwards to the repository's root.

use super::error::PolicyError;
use super::read::shown;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The two names that a policy can have in a directory.
pub const NAMES: [&str; 2] = ["guardrun.toml", ".config/guardrun.toml"];

/// The nearest policy, from `start` upwards to the repository's root, or None where there is none.
///
/// The root is the first directory with a `.git`, or `home`, or the root of the file system. `start` is absolute.
/// `explicit` is used as it is, relative to `start`. What is found need not be readable: [`super::read`] says so.
pub fn find(
    start: &Path,
    home: Option<&Path>,
    explicit: Option<&Path>,
) -> Result<Option<PathBuf>, PolicyError> {
    if let Some(file) = explicit {
        return Ok(Some(start.join(file)));
    }
    for directory in start.ancestors() {
        let mut found = None;
        for name in NAMES {
            let file = directory.join(name);
            if !exists(start, &file)? {
                continue;
            }
            if let Some(other) = found.replace(file) {
                return Err(two_policies(start, directory, &other));
            }
        }
        if found.is_some() {
            return Ok(found);
        }
        if Some(directory) == home || exists(start, &directory.join(".git"))? {
            return Ok(None);
        }
    }
    Ok(None)
}

/// Whether there is anything of this name. A link that leads nowhere counts: somebody meant to have a policy.
fn exists(start: &Path, path: &Path) -> Result<bool, PolicyError> {
    match path.symlink_metadata() {
        Ok(_) => Ok(true),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(PolicyError::of_file(
            &shown(start, path),
            format!("cannot tell whether this exists: {error}"),
        )
        .hint("a policy that cannot be seen is not taken for one that is not there; name one with --policy")),
    }
}

fn two_policies(start: &Path, directory: &Path, other: &Path) -> PolicyError {
    let what = format!(
        "there is also {}, and which one holds is not guessed",
        NAMES[1]
    );
    debug_assert!(other.starts_with(directory));
    PolicyError::of_file(&shown(start, other), what).hint("keep one of the two files")
}
