//! The processes of a run as they are at one moment: what is printed before a limit ends them, and when somebody asks.

use crate::values::ProcessId;
use serde::Serialize;
use std::time::Duration;

/// The processes of a run at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Family {
    /// Why it is looked at.
    pub why: Why,
    /// How long the run had been going on, on its own clock.
    pub elapsed: Duration,
    /// How long nothing had been written; None when output is not relayed, so that nobody knows.
    pub quiet: Option<Duration>,
    /// Every parent before its children, the children right after it; the first so many.
    pub processes: Vec<Relative>,
    /// How many more there are.
    pub more: usize,
}

/// Why a family is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Somebody asked, with SIGUSR1.
    Asked,
    /// A limit was passed, and what is shown is about to be ended.
    Limit,
}

/// One process of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Relative {
    /// Who it is.
    #[serde(flatten)]
    pub id: ProcessId,
    /// Its parent's pid.
    pub parent: i32,
    /// How many of the processes above it are shown as well.
    pub depth: usize,
    /// Its state letter, as in /proc/PID/stat.
    pub state: char,
    /// The kernel function in which it waits, where that can be seen.
    pub waiting_in: Option<String>,
    /// How long it had been alive, in seconds.
    pub age_seconds: u64,
    /// Its own processor time, in milliseconds.
    pub cpu_milliseconds: u64,
    /// Its memory, in bytes.
    pub resident_bytes: u64,
    /// Its arguments; its name in brackets where it shows none.
    pub command: String,
}
