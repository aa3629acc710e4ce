//! What ties a run's receipt to the policy that it was run under, and where receipts are kept. Plain data.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::fmt::{self, Write};
use std::path::PathBuf;

/// What the policy says about receipts, and what it is known by in them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipts {
    /// The directory in which they are kept, below the policy's root; None for one in the repository's `.git`.
    pub place: Option<PathBuf>,
    /// The policy's own bytes.
    pub policy: Digest,
}

impl Receipts {
    /// Of the built-in policy, which has no suites and so no receipts.
    pub fn built_in() -> Receipts {
        Receipts {
            place: None,
            policy: Digest::of(b""),
        }
    }
}

/// The SHA-256 of some bytes, as 64 hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(String);

impl Digest {
    /// Of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        let mut text = String::with_capacity(64);
        for byte in Sha256::digest(bytes) {
            let _ = write!(text, "{byte:02x}");
        }
        Digest(text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Digest;

    #[test]
    fn it_is_what_sha256sum_says() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Digest::of(b"").to_string(), empty);
    }
}
