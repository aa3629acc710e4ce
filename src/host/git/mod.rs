//! The git repository that a policy is in: where it is, what it is at, and whether its files are as that commit has them.
//!
//! Where it is and what it is at is read from its files. Whether something is changed only git itself can say: it depends on
//! the index, on filters, on submodules and on what is ignored. It is asked as a program, in the front, before a run and after
//! it; where it is not there, or does not answer, that is unknown and is told so.

mod head;
mod status;

use crate::receipt::{Look, Tree};
use std::fs;
use std::path::{Path, PathBuf};

/// A repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Repository {
    /// The directory that holds its `.git`.
    pub top: PathBuf,
    /// The directory of this working tree's own state: `.git`, or what a file of that name leads to.
    pub directory: PathBuf,
}

/// The repository that this directory is in: the nearest one upwards that has a `.git`.
pub fn find(start: &Path) -> Option<Repository> {
    let top = start
        .ancestors()
        .find(|directory| fs::symlink_metadata(directory.join(".git")).is_ok())?;
    Some(Repository {
        top: top.to_owned(),
        directory: head::directory(&top.join(".git"))?,
    })
}

impl Repository {
    /// Looks at it.
    pub fn look(&self) -> Look {
        let commit = head::commit(&self.directory);
        match status::ask(&self.top) {
            // git knows ways of keeping references that are not read here, such as reftable.
            Ok(status) => Look {
                commit: commit.or(status.commit),
                tree: status.tree,
            },
            Err(why) => Look {
                commit,
                tree: Tree::Unknown { why },
            },
        }
    }

    /// Looks at the commit alone, for this reason.
    pub fn look_at_commit(&self, why: &str) -> Look {
        Look {
            commit: head::commit(&self.directory),
            ..Look::unknown(why)
        }
    }

    /// Whether it has this commit; None where that cannot be told.
    pub fn has(&self, commit: &str) -> Option<bool> {
        status::has(&self.top, commit)
    }
}
