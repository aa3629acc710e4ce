//! Permission to run, as a value.

use super::owed::Owed;
use super::tighten::{Loosening, tighten};
use crate::cli::RunOptions;
use crate::policy::receipts::Receipts;
use crate::policy::{Hold, Place, Said};
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

/// Permission to run one command once, and everything that the policy says about how.
///
/// Only [`super::judge`] makes one. It is neither `Clone` nor serde, so it cannot be kept for another run or be
/// carried to another process.
#[derive(Debug)]
pub struct Grant {
    pub(super) policy: Option<PathBuf>,
    pub(super) suite: Option<String>,
    pub(super) place: Place,
    pub(super) argv: Vec<OsString>,
    pub(super) hold: Hold,
    pub(super) said: Said,
    pub(super) opened: Vec<OpenGate>,
    pub(super) removed: Vec<String>,
    pub(super) owed: Vec<Owed>,
    pub(super) receipts: Receipts,
}

/// A gate that the run needs, and that is open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenGate {
    /// The gate's name in the policy.
    pub gate: String,
    /// The variable that opened it.
    pub variable: String,
}

impl Grant {
    /// The suite's name, or None for a command that no suite describes.
    pub fn suite(&self) -> Option<&str> {
        self.suite.as_deref()
    }

    /// The policy file, absolute, or None for the built-in policy.
    pub fn policy_file(&self) -> Option<&Path> {
        self.policy.as_deref()
    }

    /// The line of the policy that decided.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The program and its arguments; never empty.
    pub fn argv(&self) -> &[OsString] {
        &self.argv
    }

    /// The program.
    pub fn program(&self) -> &OsStr {
        &self.argv[0]
    }

    /// How it is to be held.
    pub fn hold(&self) -> &Hold {
        &self.hold
    }

    /// The gates that the run needs; all are open.
    pub fn opened(&self) -> &[OpenGate] {
        &self.opened
    }

    /// The variables to remove from the suite's environment: those of every gate that it does not need. An opt-in
    /// that was exported for one suite is not to arm another.
    pub fn removed_variables(&self) -> &[String] {
        &self.removed
    }

    /// What each suite that the run is has to prove afterwards.
    pub fn owed(&self) -> &[Owed] {
        &self.owed
    }

    /// Where its receipts are kept, and what the policy is known by in them.
    pub fn receipts(&self) -> &Receipts {
        &self.receipts
    }

    /// Applies the flags of the command line, each of which may tighten and none of which may loosen.
    pub fn tighten(self, flags: &RunOptions) -> Result<Grant, Loosening> {
        let hold = tighten(self.hold, &self.said, self.policy.is_some(), flags)?;
        let mut owed = self.owed;
        for owed in &mut owed {
            owed.required |= flags.require;
        }
        Ok(Grant { hold, owed, ..self })
    }
}
