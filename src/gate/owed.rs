//! What a suite has to prove after its run.

use crate::policy::Suite;
use crate::policy::proof::Proof;

/// What one suite has to prove. Where a command is two suites at once, each has to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// The suite's name.
    pub suite: String,
    /// Whether it needs a gate.
    pub gated: bool,
    /// Whether this is a place where it has to be executed.
    pub required: bool,
    /// What the policy asks for.
    pub proof: Option<Proof>,
}

impl Owed {
    /// Whether somebody may want to see its runs proved.
    pub fn owes_anything(&self) -> bool {
        self.gated || self.required || self.proof.is_some()
    }

    /// What this suite owes by the policy alone.
    pub(super) fn of(suite: &Suite) -> Owed {
        Owed {
            suite: suite.name.clone(),
            gated: suite.gate.is_some(),
            required: suite.required,
            proof: suite.proof.clone(),
        }
    }
}
