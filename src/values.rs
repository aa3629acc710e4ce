//! Small values that every room may know.

use serde::{Deserialize, Serialize};
use std::fmt;

/// How strongly a run is held. Ordered: a later one holds more.
///
/// What each survives is the table in docs/containment.md.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Process group, death signal, and two subreapers. Needs nothing from the host.
    Subreaper,
    /// A cgroup v2 leaf of its own, killed as one.
    Cgroup,
    /// A pid namespace of its own, which the kernel ends with its first process.
    Namespace,
}

impl Level {
    /// Every level, strongest first.
    pub const STRONGEST_FIRST: [Level; 3] = [Level::Namespace, Level::Cgroup, Level::Subreaper];

    /// The word used in the policy, on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Level::Subreaper => "subreaper",
            Level::Cgroup => "cgroup",
            Level::Namespace => "namespace",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// One process, for ever: a pid alone is reused, a pid with its start time is not (within one boot).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProcessId {
    /// The process id, in the pid namespace of the one who asked.
    pub pid: i32,
    /// When it started: field 22 of /proc/PID/stat, in clock ticks since boot.
    pub start: u64,
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.pid)
    }
}

/// How a process ended, as its parent was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// It called exit with this code, 0 to 255.
    Exited(u8),
    /// This signal ended it.
    Signaled(i32),
}

impl Status {
    /// Whether this is what a passing suite reports.
    pub fn passed(self) -> bool {
        self == Status::Exited(0)
    }
}

/// What becomes of a suite that is silent for too long and uses the processor all the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Working {
    /// It is warned of, and goes on.
    Warn,
    /// It is ended like one that does nothing.
    Kill,
}

impl Working {
    /// The word used in the policy and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Working::Warn => "warn",
            Working::Kill => "kill",
        }
    }
}

/// What live processes after a green run mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Leaks {
    /// Named and killed; the run keeps its own status.
    Warn,
    /// Named and killed; the run fails with `leaked`.
    Fail,
}

impl Leaks {
    /// The word used on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Leaks::Warn => "warn",
            Leaks::Fail => "fail",
        }
    }
}
