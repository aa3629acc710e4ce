//! Small values that every room may know.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

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

/// What to do about a lock that another run has. Ordered: a later one interferes less.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum WhenBusy {
    /// End that run, wait for its end, and start.
    Replace,
    /// Wait until it is free.
    Wait,
    /// Start nothing.
    Refuse,
}

impl WhenBusy {
    /// The word used in the policy, on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            WhenBusy::Replace => "replace",
            WhenBusy::Wait => "wait",
            WhenBusy::Refuse => "refuse",
        }
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

/// What a run has used, as its reaper was told: cumulated over every process that was waited for. A process whose parent
/// ignored its end is in nobody's sum (getrusage(2)).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time in user mode.
    pub user: Duration,
    /// CPU time in the kernel.
    pub system: Duration,
    /// The largest resident set that any single process had, in bytes.
    pub largest_resident_bytes: u64,
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

/// What a suite's tests may not do. Ordered: a later one refuses more.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Fence {
    /// Nothing is looked at.
    #[default]
    Off,
    /// What is started is seen and counted, and nothing is refused.
    Observe,
    /// No server below a test, no pseudoterminal, nothing that goes into the background in a session of its own.
    Daemons,
    /// The same, and no other program at all.
    Processes,
}

impl Fence {
    /// Every one, weakest first.
    pub const ALL: [Fence; 4] = [Fence::Off, Fence::Observe, Fence::Daemons, Fence::Processes];

    /// The word used in the policy, on the command line and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Fence::Off => "off",
            Fence::Observe => "observe",
            Fence::Daemons => "daemons",
            Fence::Processes => "processes",
        }
    }
}

impl fmt::Display for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a process does that a fence looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// It executes a program.
    Start,
    /// It listens on a socket.
    Listen,
    /// It makes a pseudoterminal usable.
    Pty,
    /// It goes into the background in a session of its own.
    Setsid,
}

impl Deed {
    /// All of them.
    pub const ALL: [Deed; 4] = [Deed::Start, Deed::Listen, Deed::Pty, Deed::Setsid];

    /// The word used in the policy and in reports.
    pub fn name(self) -> &'static str {
        match self {
            Deed::Start => "start",
            Deed::Listen => "listen",
            Deed::Pty => "pty",
            Deed::Setsid => "setsid",
        }
    }
}

/// What it means for a run that its fence refused something. Ordered: a later one is stricter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refused {
    /// It is named; the run keeps its own status.
    Warn,
    /// It is named; the run fails with `fenced`.
    Fail,
}
