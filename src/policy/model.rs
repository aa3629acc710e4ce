//! What a policy says, once it has been read and found good. Plain data; made only by `policy::read`.

use super::ceilings::{Ceilings, Needs};
use super::environment::EnvironmentRules;
use super::lock::Lock;
use super::place::Place;
use super::proof::Proof;
use super::receipts::Receipts;
use super::retry::Retry;
use super::rule::Exception;
use crate::values::{Deed, Fence, Leaks, Level, Refused, Working};
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// The whole policy of one repository.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file it was read from, absolute; None for the built-in policy.
    pub file: Option<PathBuf>,
    /// Gates by name.
    pub gates: BTreeMap<String, Gate>,
    /// Suites in the order of the file.
    pub suites: Vec<Suite>,
    /// What becomes of a command that no suite matches.
    pub unmatched: Unmatched,
    /// Where the policy says so.
    pub unmatched_place: Place,
    /// How a command is held that no suite matches.
    pub defaults: Hold,
    /// Where the policy says what `defaults` holds.
    pub defaults_said: Said,
    /// What the reader of the policy ought to know, such as a loosening that has expired.
    pub notes: Vec<Note>,
    /// The exceptions from the rules of `guardrun check` that are in force.
    pub exceptions: Vec<Exception>,
    /// Where receipts are kept, and what the policy is known by in them.
    pub receipts: Receipts,
}

/// Something in the policy that is no error, and that a person ought to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line that it is about.
    pub place: Place,
    /// One sentence, without a full stop.
    pub text: String,
}

/// What becomes of a command that no suite matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmatched {
    /// It runs, held under the defaults, and is said to be unmatched.
    Hold,
    /// It is refused.
    Refuse,
}

/// A named opt-in that a suite can ask for.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Its name in the policy.
    pub name: String,
    /// The one environment variable that opens it, by being exactly `1`.
    pub env: String,
    /// Why the gate is there.
    pub why: String,
    /// What is at risk when it is opened in the wrong place; a general sentence where the policy gives none.
    pub risk: String,
    /// Where the suite is to be run instead.
    pub place_to_run: String,
    /// Where the policy says so.
    pub place: Place,
}

/// One named command, and how it is to be held.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its name in the policy.
    pub name: String,
    /// Where the policy describes it.
    pub place: Place,
    /// The name of the gate that it needs; always one of `Policy::gates`.
    pub gate: Option<String>,
    /// What `guardrun run NAME` runs.
    pub command: Option<Vec<String>>,
    /// The command lines that are this suite.
    pub patterns: Vec<Pattern>,
    /// How it is held.
    pub hold: Hold,
    /// Where the policy says what `hold` holds.
    pub said: Said,
    /// The loosenings that are in force, in the order of the file.
    pub loosenings: Vec<Loosened>,
    /// What it has to prove after a green run.
    pub proof: Option<Proof>,
    /// Whether a run in which nothing was executed is a failure wherever it is run.
    pub required: bool,
}

/// A safety that the policy has given up for one suite, with the reason that it gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loosened {
    /// The table's key, such as `dangerously-allow-leaks`.
    pub key: &'static str,
    /// Why that is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub expires: Option<Date>,
    /// Where the policy says so.
    pub place: Place,
}

/// Where the policy says each thing about a hold. None where it says nothing and the built-in value stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// Where `level` is.
    pub level: Option<Place>,
    /// Where `at-least` is, or the gate that asks for it.
    pub at_least: Option<Place>,
    /// Where `timeout` is.
    pub timeout: Option<Place>,
    /// Where `grace` is.
    pub grace: Option<Place>,
    /// Where `idle` is.
    pub idle: Option<Place>,
    /// Where `lifeline` is.
    pub lifeline: Option<Place>,
}

/// How a suite is to be held. `Hold::default()` is what a command gets that no suite describes.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// The one level to use, or None for `auto`.
    pub level: Option<Level>,
    /// The weakest level that will do.
    pub at_least: Level,
    /// Wall clock limit, or none.
    pub timeout: Option<Duration>,
    /// Time between asking the suite to end and killing it.
    pub grace: Duration,
    /// How long the suite may be silent, or for ever. Only with it is the suite's output relayed.
    pub idle: Option<Idle>,
    /// What live processes after a green run mean.
    pub leaks: Leaks,
    /// Programs that are known to stay behind: killed and named like any other, but no failure.
    pub leftovers: Vec<Leftover>,
    /// Whether the suite gets a pipe whose end of file tells it that guardrun is gone.
    pub lifeline: bool,
    /// Whether the run goes on when the process that started guardrun dies.
    pub outlive_parent: bool,
    /// The locks that it needs.
    pub locks: Vec<Lock>,
    /// What it may use at the most.
    pub ceilings: Ceilings,
    /// What has to be free before it starts.
    pub needs: Needs,
    /// What becomes of the environment.
    pub environment: EnvironmentRules,
    /// Where the suite writes its own JUnit report, below the policy's root.
    pub junit: Option<PathBuf>,
    /// How often it may be tried again, and after what.
    pub retry: Option<Retry>,
    /// What its tests may not do.
    pub fence: FenceRules,
}

/// What a suite's tests may not do, and what becomes of those that try.
#[derive(Clone, Debug, PartialEq)]
pub struct FenceRules {
    /// The class of what is refused.
    pub class: Fence,
    /// Where that is said; None where nobody has said it, and it is what every suite without a gate gets.
    pub place: Option<Place>,
    /// Whether somebody has asked for it by name, in the policy or by a flag: then a run without it is no run.
    pub demanded: bool,
    /// What is let through all the same.
    pub allowed: Vec<Allowed>,
    /// What a refusal means for the run.
    pub refused: Refused,
}

/// Something that the policy lets through a fence.
#[derive(Clone, Debug, PartialEq)]
pub struct Allowed {
    /// What may be done.
    pub deed: Deed,
    /// The program that may do it, or that may be started: one glob per argument, as in `match`.
    pub program: Vec<String>,
    /// The test below which it may be done, by the same kind of pattern; None for any.
    pub by: Option<Vec<String>>,
    /// Why that is accepted.
    pub reason: String,
    /// Where the policy says so.
    pub place: Place,
}

/// The limit of silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Idle {
    /// How long without a byte of output.
    pub after: Duration,
    /// What becomes of a suite that is silent and uses the processor.
    pub working: Working,
}

impl Idle {
    /// What both ask for.
    pub fn strictest(one: Option<Idle>, two: Option<Idle>) -> Option<Idle> {
        match (one, two) {
            (Some(one), Some(two)) => Some(Idle {
                after: one.after.min(two.after),
                working: one.working.max(two.working),
            }),
            (one, two) => one.or(two),
        }
    }
}

impl fmt::Display for Idle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = humantime::format_duration(self.after);
        match self.working {
            Working::Warn => write!(f, "{after}"),
            Working::Kill => write!(f, "{after}, also while working"),
        }
    }
}

/// A program that the policy expects to stay behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Leftover {
    /// A glob over the base name of the executable, such as `sccache*`.
    pub program: String,
    /// Why that is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub expires: Option<Date>,
}

/// One command pattern of a suite, as written, with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As the policy writes it, or the suite's command where the pattern is implied by that.
    pub text: String,
    /// One glob per argument; a last word `*`, and `**` anywhere, stand for any number of arguments.
    pub words: Vec<String>,
    /// Where the policy writes it.
    pub place: Place,
}

impl Policy {
    /// The policy of a repository that has none: everything runs, held under the defaults, and no gate can open.
    pub fn built_in() -> Policy {
        Policy {
            file: None,
            gates: BTreeMap::new(),
            suites: Vec::new(),
            unmatched: Unmatched::Hold,
            unmatched_place: Place::built_in(),
            defaults: Hold::default(),
            defaults_said: Said::default(),
            notes: Vec::new(),
            exceptions: Vec::new(),
            receipts: Receipts::built_in(),
        }
    }

    /// The suite of this name.
    pub fn suite(&self, name: &str) -> Option<&Suite> {
        self.suites.iter().find(|suite| suite.name == name)
    }

    /// The gate that this suite needs, if it needs one.
    pub fn gate_of(&self, suite: &Suite) -> Option<&Gate> {
        suite.gate.as_ref().and_then(|name| self.gates.get(name))
    }
}

impl Suite {
    /// The reason given for this loosening, if it is in force.
    pub fn loosened(&self, key: &str) -> Option<&Loosened> {
        self.loosenings.iter().find(|loosened| loosened.key == key)
    }
}

impl Suite {
    /// The hold that keeps what both of these suites ask for, and where each part of it is said.
    ///
    /// Merging tightens, whichever way round.
    pub fn strictest(&self, other: &Suite) -> (Hold, Said) {
        let (one, two) = (&self.hold, &other.hold);
        let at_least = one.at_least.max(two.at_least);
        let accepted_by_both =
            |left: &&Leftover| two.leftovers.iter().any(|it| it.program == left.program);
        let hold = Hold {
            level: one.level.max(two.level).map(|level| level.max(at_least)),
            at_least,
            timeout: match (one.timeout, two.timeout) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            },
            grace: one.grace.min(two.grace),
            idle: Idle::strictest(one.idle, two.idle),
            leaks: one.leaks.max(two.leaks),
            leftovers: one
                .leftovers
                .iter()
                .filter(accepted_by_both)
                .cloned()
                .collect(),
            lifeline: one.lifeline || two.lifeline,
            outlive_parent: one.outlive_parent && two.outlive_parent,
            locks: Lock::all_of(&one.locks, &two.locks),
            ceilings: one.ceilings.lowest(two.ceilings),
            needs: one.needs.strictest(two.needs),
            environment: one.environment.strictest(&two.environment),
            junit: one.junit.clone().or_else(|| two.junit.clone()),
            retry: Retry::strictest(one.retry.as_ref(), two.retry.as_ref()),
            fence: one.fence.strictest(&two.fence),
        };
        let from = |mine: bool| if mine { &self.said } else { &other.said };
        let said = Said {
            level: from(hold.level == one.level).level.clone(),
            at_least: from(hold.at_least == one.at_least).at_least.clone(),
            timeout: from(hold.timeout == one.timeout).timeout.clone(),
            grace: from(hold.grace == one.grace).grace.clone(),
            idle: from(hold.idle == one.idle).idle.clone(),
            lifeline: from(hold.lifeline == one.lifeline).lifeline.clone(),
        };
        (hold, said)
    }
}

impl Default for Hold {
    fn default() -> Hold {
        Hold {
            level: None,
            at_least: Level::Subreaper,
            timeout: None,
            grace: Duration::from_secs(10),
            idle: None,
            leaks: Leaks::Fail,
            leftovers: Vec::new(),
            lifeline: false,
            outlive_parent: false,
            locks: Vec::new(),
            ceilings: Ceilings::default(),
            needs: Needs::default(),
            environment: EnvironmentRules::default(),
            junit: None,
            retry: None,
            fence: FenceRules::default(),
        }
    }
}

impl Default for FenceRules {
    fn default() -> FenceRules {
        FenceRules {
            class: Fence::Daemons,
            place: None,
            demanded: false,
            allowed: Vec::new(),
            refused: Refused::Fail,
        }
    }
}

impl FenceRules {
    /// The rules that keep what both of these ask for.
    fn strictest(&self, other: &FenceRules) -> FenceRules {
        let same = |left: &&Allowed| {
            let mut others = other.allowed.iter();
            others.any(|it| (it.deed, &it.program, &it.by) == (left.deed, &left.program, &left.by))
        };
        let stricter = if other.class > self.class {
            other
        } else {
            self
        };
        FenceRules {
            class: stricter.class,
            place: stricter.place.clone(),
            demanded: self.demanded || other.demanded,
            allowed: self.allowed.iter().filter(same).cloned().collect(),
            refused: self.refused.max(other.refused),
        }
    }
}
