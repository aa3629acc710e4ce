//! The rules of `guardrun check`, by name. They are here because the policy can make exceptions from them by name;
//! the room `check` has what they look for.

use super::place::Place;
use serde::{Serialize, Serializer};

/// What can be wrong with a policy, with CI, or with a repository's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    /// No lane of CI opens a gated suite.
    NoLane,
    /// A gate is opened by whether this is CI.
    ThroughCi,
    /// The status of a gated suite is thrown away.
    StatusThrownAway,
    /// The lane of a gated suite is switched off.
    UnreachableLane,
    /// A lane names a suite that the policy does not have.
    UnknownSuite,
    /// The opt-in is written where it arms every workstation.
    ArmsWorkstation,
    /// The recipe that runs when one types no name opens a gate.
    DefaultOpens,
    /// A file that decides cannot be read.
    Unreadable,
    /// No suite needs this gate.
    UnusedGate,
    /// No command line reaches this suite.
    UnreachedSuite,
    /// Two suites describe one command line equally well.
    Tie,
    /// The only lanes of a gated suite run when somebody starts them by hand.
    OnlyByHand,
    /// The only lanes of a gated suite run under a condition.
    ConditionalLane,
    /// A gated suite runs with its opt-in, and not under guardrun.
    RunsBare,
    /// The opt-in has another value than 1.
    NotOne,
    /// A lane does not ask that tests are executed.
    NotRequired,
    /// Something on the way of an opt-in is not understood.
    NotUnderstood,
    /// A loosening has expired, or something else that the policy's reader is told.
    PolicyNote,
    /// An exception excepts nothing.
    UnusedException,
}

impl Rule {
    /// Every rule.
    pub const ALL: [Rule; 19] = [
        Rule::NoLane,
        Rule::ThroughCi,
        Rule::StatusThrownAway,
        Rule::UnreachableLane,
        Rule::UnknownSuite,
        Rule::ArmsWorkstation,
        Rule::DefaultOpens,
        Rule::Unreadable,
        Rule::UnusedGate,
        Rule::UnreachedSuite,
        Rule::Tie,
        Rule::OnlyByHand,
        Rule::ConditionalLane,
        Rule::RunsBare,
        Rule::NotOne,
        Rule::NotRequired,
        Rule::NotUnderstood,
        Rule::PolicyNote,
        Rule::UnusedException,
    ];

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Rule::NoLane => "no-lane",
            Rule::ThroughCi => "through-ci",
            Rule::StatusThrownAway => "status-thrown-away",
            Rule::UnreachableLane => "unreachable-lane",
            Rule::UnknownSuite => "unknown-suite",
            Rule::ArmsWorkstation => "arms-workstation",
            Rule::DefaultOpens => "default-opens",
            Rule::Unreadable => "unreadable",
            Rule::UnusedGate => "unused-gate",
            Rule::UnreachedSuite => "unreached-suite",
            Rule::Tie => "tie",
            Rule::OnlyByHand => "only-by-hand",
            Rule::ConditionalLane => "conditional-lane",
            Rule::RunsBare => "runs-bare",
            Rule::NotOne => "not-one",
            Rule::NotRequired => "not-required",
            Rule::NotUnderstood => "not-understood",
            Rule::PolicyNote => "policy-note",
            Rule::UnusedException => "unused-exception",
        }
    }

    /// Whether it makes the check fail.
    pub fn fails(self) -> bool {
        self < Rule::OnlyByHand
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// An exception from a rule, `[[dangerously-allow-check]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// The rule.
    pub rule: Rule,
    /// The file in which it may be broken: a path from the repository's root, or a glob over such paths.
    pub file: String,
    /// The only suite or gate with which it may be; None for any.
    pub suite: Option<String>,
    /// Why that is accepted.
    pub reason: String,
    /// Where the policy says so.
    pub place: Place,
}
