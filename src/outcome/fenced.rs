//! What a fence saw and refused, as data.

use crate::values::{Deed, Fence, ProcessId, Refused};
use serde::Serialize;

/// What there is to be said about a run's fence when the run is over.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Fenced {
    /// The class that was in force.
    pub class: Fence,
    /// Why a weaker one was in force than the rules say; None where all is as they say.
    pub lack: Option<String>,
    /// How many programs were executed, where that was counted.
    pub started: Option<u64>,
    /// What was refused, each kind once, in the order in which it was first seen.
    pub refusals: Vec<Refusal>,
    /// How many refusals there were altogether.
    pub refused: u64,
    /// Whether they are to be no more than a warning.
    #[serde(skip)]
    pub forgiven: bool,
}

impl Fenced {
    /// Whether something was refused for which the run is to fail.
    pub fn fails(&self) -> bool {
        self.refused > 0 && !self.forgiven
    }

    /// What a refusal means, for the one who reports it.
    pub fn forgive(&mut self, meaning: Refused) {
        self.forgiven = meaning == Refused::Warn;
    }
}

/// One kind of thing that was refused: the same deed, of the same program, below the same test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Refusal {
    /// What was done.
    pub deed: Deed,
    /// What with: the program that was to be started, or the address that was to be listened on. Empty where there is nothing
    /// to add.
    pub object: String,
    /// The first who did it.
    pub by: Program,
    /// The test, where its runner says in the environment which one it is.
    pub test: Option<String>,
    /// The program in which the tests run; None where whoever started this has ended.
    pub host: Option<Program>,
    /// Everything between the suite's first process and the one that did it, from the top.
    pub parents: Vec<Program>,
    /// What was done about it, as it reads after the deed: `refused with EACCES`, `ended`.
    pub answer: &'static str,
    /// The rule, as one sentence without a full stop.
    pub rule: &'static str,
    /// The fence that has the rule.
    pub class: Fence,
    /// The line of the policy that puts it up; None for the built-in rule.
    pub place: Option<String>,
    /// How often it happened.
    pub times: u64,
}

/// A process, described.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Program {
    /// Who it is.
    #[serde(flatten)]
    pub id: ProcessId,
    /// Its arguments in one line; its name in brackets where it shows none.
    pub command: String,
    /// Its executable, where that can be seen.
    pub executable: Option<String>,
    /// Its working directory, where that can be seen.
    pub directory: Option<String>,
}
