//! What a run has proved, and what becomes of its ending if that is not enough. Pure.

use super::{End, Ending, Outcome};
use crate::exit::Verdict;
use crate::proof::{Counts, Evidence, Judged, Problem, Seen, Skip};
use crate::values::Status;
use serde::Serialize;

/// How many skipped tests are told by name in JSON.
const NAMED: usize = 1000;

/// What one suite has shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proved {
    /// The suite.
    pub suite: String,
    /// Whether any report could be read.
    pub counted: bool,
    /// What was counted.
    #[serde(flatten)]
    pub counts: Counts,
    /// The tests that were skipped, the first thousand of them.
    pub skips: Vec<Skip>,
    /// What is not proved.
    pub problems: Vec<Problem>,
    /// What is only told.
    pub notes: Vec<Problem>,
}

impl Proved {
    /// From what was seen and how it was judged.
    pub fn new(suite: &str, seen: &Seen, judged: Judged) -> Proved {
        let Evidence { counts, skips, .. } = &seen.evidence;
        Proved {
            suite: suite.to_owned(),
            counted: seen.any_was_read(),
            counts: *counts,
            skips: skips.iter().take(NAMED).cloned().collect(),
            problems: judged.problems,
            notes: judged.notes,
        }
    }
}

impl Outcome {
    /// Whether the suite ended by itself, and so had its chance to prove something; and if so, whether it passed.
    pub fn ended_by_itself(&self) -> Option<bool> {
        match (self.end, self.status) {
            (End::Itself, Some(Status::Exited(code))) => Some(code == 0),
            _ => None,
        }
    }
}

impl Ending {
    /// The ending with what was proved. Too little turns a pass into `unproven`, after a leak; a failure stays what it is.
    pub fn proved(mut self, outcome: &Outcome, proof: Vec<Proved>) -> Ending {
        let enough = proof.iter().all(|proved| proved.problems.is_empty());
        if !enough && outcome.ended_by_itself() == Some(true) {
            self.add(Verdict::Unproven, "is unproven");
        }
        self.proof = proof;
        self
    }
}
