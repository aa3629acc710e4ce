//! A place in the policy, for messages.

use super::text::printable;
use std::fmt;
use std::path::PathBuf;

/// A place in the policy that a message can point at, such as `guardrun.toml:12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the user would name it (relative to the working directory where that is shorter); None for the built-in policy.
    pub file: Option<PathBuf>,
    /// Line, counted from 1; 0 for the built-in policy.
    pub line: usize,
}

impl Place {
    /// The place of everything that the built-in policy says.
    pub fn built_in() -> Place {
        Place {
            file: None,
            line: 0,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.file {
            Some(file) => write!(f, "{}:{}", printable(&file.to_string_lossy()), self.line),
            None => f.write_str("the built-in policy"),
        }
    }
}
