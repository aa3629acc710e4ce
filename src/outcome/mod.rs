//! How a run ended and why: the whole space of endings, as data, and the one place where they become a verdict.

mod class;
mod explain;
mod family;
mod fenced;
mod lack;
mod limits;
mod precedence;
mod proved;
mod retry;
mod wording;

pub use class::Class;
pub use explain::{Ending, explain};
pub use family::{Family, Relative, Why};
pub use fenced::{Fenced, Program, Refusal};
pub use lack::{Lack, Step};
pub use limits::{Enforcement, InForce, Peak, Proof, Reached, Resource};
pub use precedence::{PRECEDENCE, Rank, rank};
pub use proved::Proved;
pub use retry::{Attempt, is_to_be_tried_again};

use crate::ledger::Tally;
use crate::sys::clear::Cleared;
use crate::values::{Level, ProcessId, Status, Usage};
use jiff::Timestamp;
use serde::Serialize;
use std::time::Duration;

/// Everything that is known about a run when it is over.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The level that was in force; None when nothing was started.
    pub level: Option<Level>,
    /// Why each level that was tried before could not be had.
    pub lacks: Vec<Lack>,
    /// What brought the end about.
    pub end: End,
    /// How the leader ended; None when it was never started, or nobody was left to tell.
    pub status: Option<Status>,
    /// What was alive after the suite had ended by itself.
    pub survivors: Vec<Survivor>,
    /// What could not be killed.
    pub unkilled: Vec<Survivor>,
    /// What gates inside the suite have noted; None where it could not be read.
    pub ledger: Option<Box<Tally>>,
    /// Whether the leader ended within a second of its start and the run wrote nothing at all. Only known when output is relayed.
    pub mute: bool,
    /// The ceilings that were in force.
    pub limits: Vec<InForce>,
    /// The most that was used, as far as somebody counted.
    pub peak: Peak,
    /// Whether guardrun's patience came to an end and it sent KILL.
    pub killed: bool,
    /// What the kernel killed for want of memory.
    pub oom: OomCount,
    /// What the run has used; None where nobody was left to be told.
    pub usage: Option<Usage>,
    /// When the run began, by the wall clock; None when nothing was started.
    pub started: Option<Timestamp>,
    /// What its fence saw and refused.
    pub fenced: Fenced,
    /// What an audit saw; None without one.
    pub census: Option<Census>,
    /// From the start of the suite to the end of everything, time in which the job was stopped left out.
    pub elapsed: Duration,
    /// What the suite had left in its private directories, which were removed; None when it had none, or they were left to
    /// the next sweep.
    pub cleared: Option<Box<Cleared>>,
}

/// How many processes the kernel has killed for want of memory. None is not zero: nobody has counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OomCount {
    /// In the suite's own cgroup: `oom_kill` of memory.events.
    pub suite: Option<u64>,
    /// On the whole machine while the run went on: the growth of `oom_kill` in /proc/vmstat. A hint, no proof.
    pub machine: Option<u64>,
}

impl Outcome {
    /// Of a run in which nothing of the suite ran.
    pub fn of_nothing(level: Option<Level>, end: End, lacks: Vec<Lack>) -> Outcome {
        Outcome {
            level,
            lacks,
            end,
            status: None,
            survivors: Vec::new(),
            unkilled: Vec::new(),
            mute: false,
            limits: Vec::new(),
            peak: Peak::default(),
            killed: false,
            oom: OomCount::default(),
            usage: None,
            started: None,
            ledger: None,
            fenced: Fenced::default(),
            census: None,
            elapsed: Duration::ZERO,
            cleared: None,
        }
    }
}

/// The processes of a run, as an audit counts them: each one from its birth on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Census {
    /// How many there were.
    pub processes: u64,
    /// The most that lived at one time.
    pub at_once: u64,
}

/// What brought the end about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The suite ended by itself.
    Itself,
    /// The wall clock limit.
    Timeout(Duration),
    /// The time that runs which replace each other under a lock have together; so much of it was left to this one.
    Expired(Duration),
    /// The limit of silence.
    Silent(Duration),
    /// A ceiling was reached.
    OverLimit(Reached),
    /// This signal was sent to guardrun, or came from the terminal.
    Asked(i32),
    /// The process that started guardrun died.
    ParentDied,
    /// Whoever read guardrun's standard output went away.
    StdoutClosed,
    /// The keeper died.
    KeeperDied,
    /// The command could not be executed.
    NotExecuted {
        /// The errno of exec(3).
        errno: i32,
    },
    /// No level could be had.
    NotContained,
}

impl End {
    /// The stable name, as in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            End::Itself => "itself",
            End::Timeout(_) => "timeout",
            End::Expired(_) => "expired",
            End::Silent(_) => "silent",
            End::OverLimit(_) => "over-limit",
            End::Asked(_) => "asked",
            End::ParentDied => "parent-died",
            End::StdoutClosed => "stdout-closed",
            End::KeeperDied => "keeper-died",
            End::NotExecuted { .. } => "not-executed",
            End::NotContained => "not-contained",
        }
    }
}

/// A process that was still there when it should not have been.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Survivor {
    /// Who it is.
    #[serde(flatten)]
    pub id: ProcessId,
    /// Its parent's pid.
    pub parent: i32,
    /// Its arguments; its name in brackets where it shows none.
    pub command: String,
    /// The base name of its executable, or its name where that cannot be seen.
    pub program: String,
    /// How long it had been alive, in seconds.
    pub age_seconds: u64,
    /// What it listened on.
    pub listening: Vec<String>,
    /// Its state letter, as in /proc/PID/stat.
    pub state: char,
    /// The kernel function in which it waits, where that can be seen.
    pub waiting_in: Option<String>,
    /// The reason for which the policy expects it.
    pub expected: Option<String>,
    /// The programs that it comes from, the suite's first program first. Known only in an audit.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub started_by: Vec<String>,
}
