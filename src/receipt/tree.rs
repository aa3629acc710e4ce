//! Whether what was run is what the commit has. Pure.

use serde::{Deserialize, Serialize};
use std::fmt;

/// One look at a repository: what it was at, and whether its files were as that commit has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Look {
    /// The commit, in hexadecimal digits; None where there is none, or it cannot be told.
    pub commit: Option<String>,
    /// Its files.
    pub tree: Tree,
}

/// What is known of the files of a repository, compared with a commit. Ignored files are not looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub enum Tree {
    /// They are as the commit has them.
    Clean,
    /// They are not.
    Changed {
        /// How many files of the commit are changed, removed or added to the index.
        changed: u64,
        /// How many files, or directories, are neither in the commit nor ignored.
        untracked: u64,
        /// The first few of both.
        examples: Vec<String>,
        /// Whether they were as the commit has them when the run began.
        during_the_run: bool,
    },
    /// Another commit was checked out, or made, during the run.
    Moved {
        /// That commit; None where it cannot be told.
        to: Option<String>,
    },
    /// Nobody could tell.
    Unknown {
        /// Why.
        why: String,
    },
}

impl Look {
    /// Nothing is known.
    pub fn unknown(why: impl Into<String>) -> Look {
        Look {
            commit: None,
            tree: Tree::Unknown { why: why.into() },
        }
    }

    /// What a run was about that began after this look and ended before that one. Files that are there afterwards and were not
    /// before are what the suite has written, and no change of what was tested.
    pub fn until(&self, after: &Look) -> Tree {
        match (&self.tree, &after.tree) {
            (Tree::Clean, _) if self.commit != after.commit => Tree::Moved {
                to: after.commit.clone(),
            },
            (Tree::Clean, Tree::Changed { changed: 0, .. }) => Tree::Clean,
            (
                Tree::Clean,
                Tree::Changed {
                    changed, examples, ..
                },
            ) => Tree::Changed {
                changed: *changed,
                untracked: 0,
                examples: examples.clone(),
                during_the_run: true,
            },
            (Tree::Clean, after) => after.clone(),
            (before, _) => before.clone(),
        }
    }
}

/// As it reads after `the files are`, or `were`.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tree::Clean => f.write_str("as the commit has them"),
            Tree::Changed {
                changed,
                untracked,
                examples,
                during_the_run,
            } => {
                let what = match (changed, untracked) {
                    (changed, 0) => format!("{changed} changed"),
                    (0, untracked) => format!("{untracked} that are not in it"),
                    (changed, untracked) => {
                        format!("{changed} changed, {untracked} that are not in it")
                    }
                };
                let when = match during_the_run {
                    true => ", changed while it ran",
                    false => "",
                };
                write!(
                    f,
                    "not as the commit has them: {what} ({}){when}",
                    examples.join(", ")
                )
            }
            Tree::Moved { to: Some(to) } => {
                write!(f, "those of {} before it was over", short(to))
            }
            Tree::Moved { to: None } => f.write_str("those of another commit before it was over"),
            Tree::Unknown { why } => write!(f, "not known to be as the commit has them: {why}"),
        }
    }
}

/// The beginning of a commit, which is enough for people.
pub fn short(commit: &str) -> &str {
    commit.get(..12).unwrap_or(commit)
}

/// Whether this can be a commit's name: all of the digits of SHA-1 or of SHA-256.
pub fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{Look, Tree};

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    fn look(commit: &str, tree: Tree) -> Look {
        Look {
            commit: Some(commit.to_owned()),
            tree,
        }
    }

    fn changed(changed: u64, untracked: u64, during_the_run: bool) -> Tree {
        Tree::Changed {
            changed,
            untracked,
            examples: vec!["a".to_owned()],
            during_the_run,
        }
    }

    #[test]
    fn only_what_was_clean_at_both_ends_and_is_the_same_commit_is_clean() {
        let clean = look(A, Tree::Clean);
        let unknown = || Tree::Unknown {
            why: "git is not here".to_owned(),
        };
        for (before, after, expected) in [
            (clean.clone(), clean.clone(), Tree::Clean),
            // What the suite has written.
            (clean.clone(), look(A, changed(0, 3, false)), Tree::Clean),
            (
                clean.clone(),
                look(A, changed(1, 3, false)),
                changed(1, 0, true),
            ),
            (
                clean.clone(),
                look(B, Tree::Clean),
                Tree::Moved {
                    to: Some(B.to_owned()),
                },
            ),
            (clean.clone(), look(A, unknown()), unknown()),
            // A test that nobody has committed took part.
            (
                look(A, changed(0, 1, false)),
                clean.clone(),
                changed(0, 1, false),
            ),
            (look(A, unknown()), clean, unknown()),
        ] {
            assert_eq!(before.until(&after), expected, "{before:?} {after:?}");
        }
    }
}
