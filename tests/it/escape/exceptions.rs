//! What the weakest level does not hold, in full. docs/containment.md quotes this list, and the matrix fails when anything
//! else is left.

use super::endings::Ending;
use crate::support::bench::User;

/// One hole.
pub(crate) struct Exception {
    pub(crate) level: &'static str,
    pub(crate) shape: &'static str,
    /// None: as anybody.
    pub(crate) user: Option<User>,
    /// None: however it ends.
    pub(crate) ending: Option<Ending>,
    pub(crate) why: &'static str,
}

/// Every hole.
pub(crate) const EXCEPTIONS: [Exception; 2] = [
    Exception {
        level: "subreaper",
        shape: "setuid-root",
        user: Some(User::Ordinary),
        ending: None,
        why: "an ordinary user may not signal a process that has become root through a setuid program",
    },
    Exception {
        level: "subreaper",
        shape: "no-environment",
        user: None,
        ending: Some(Ending::KillBoth),
        why: "with front and keeper killed at once nothing ties a process to its run that has cleared its environment \
              and left its session",
    },
];

/// The hole that a cell is in, if any.
pub(crate) fn exception(
    level: &str,
    user: User,
    shape: &str,
    ending: Ending,
) -> Option<&'static Exception> {
    EXCEPTIONS.iter().find(|hole| {
        hole.level == level
            && hole.shape == shape
            && hole.user.is_none_or(|only| only == user)
            && hole.ending.is_none_or(|only| only == ending)
    })
}
