//! What limited a run: which ceilings were in force, by what, and what was counted.

use bytesize::ByteSize;
use serde::Serialize;
use std::fmt;

/// What a ceiling is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Resource {
    /// Memory of the whole suite, in bytes.
    Memory,
    /// Processes and threads of the whole suite.
    Processes,
    /// Time on processors.
    Cpu,
    /// Open files of each process.
    OpenFiles,
}

impl Resource {
    /// Its key in the policy.
    pub fn name(self) -> &'static str {
        match self {
            Resource::Memory => "memory",
            Resource::Processes => "processes",
            Resource::Cpu => "cpu",
            Resource::OpenFiles => "open-files",
        }
    }
}

/// By what a ceiling is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Enforcement {
    /// The kernel does not let the suite go beyond it.
    Kernel,
    /// guardrun looks again and again, and ends the suite when it sees it beyond.
    Watch,
    /// The suite is kept to this many processors, which a process of it can change (sched_setaffinity(2)).
    Affinity,
}

/// One ceiling in force.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct InForce {
    /// What is limited.
    pub resource: Resource,
    /// How much: bytes, a count, or processors.
    pub ceiling: f64,
    /// By what.
    pub by: Enforcement,
    /// Why not by the kernel, where it is not.
    pub why: Option<String>,
}

impl InForce {
    /// The ceiling as people write it.
    pub fn amount(&self) -> String {
        match self.resource {
            Resource::Memory => format!("{} of memory", ByteSize(self.ceiling as u64)),
            Resource::Processes => format!("{} processes and threads", self.ceiling),
            Resource::Cpu => format!("{} processors", self.ceiling),
            Resource::OpenFiles => format!("{} open files in each process", self.ceiling),
        }
    }
}

/// A ceiling that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Reached {
    /// What was limited.
    pub resource: Resource,
    /// The ceiling, in bytes or as a count.
    pub ceiling: u64,
    /// What proves it.
    pub proof: Proof,
}

/// What proves that a ceiling was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Proof {
    /// The kernel counted this many processes that it killed for want of memory below the ceiling (`oom_kill` in memory.events).
    Killed(u64),
    /// The kernel counted this many times that it refused to make a process (`max` in pids.events).
    NotForked(u64),
    /// guardrun saw this much: bytes, or a count.
    Seen(u64),
}

impl fmt::Display for Reached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amount = |number: u64| match self.resource {
            Resource::Memory => ByteSize(number).to_string(),
            _ => number.to_string(),
        };
        let of = match self.resource {
            Resource::Memory => "memory",
            Resource::Processes => "processes and threads",
            Resource::Cpu => "processor time",
            Resource::OpenFiles => "open files",
        };
        write!(f, "its ceiling of {} {of}: ", amount(self.ceiling))?;
        match self.proof {
            Proof::Killed(1) => f.write_str("the kernel counted 1 kill for want of it"),
            Proof::Killed(n) => write!(f, "the kernel counted {n} kills for want of it"),
            Proof::NotForked(1) => f.write_str("the kernel refused to make another 1 time"),
            Proof::NotForked(n) => write!(f, "the kernel refused to make another {n} times"),
            Proof::Seen(seen) => write!(f, "guardrun saw {}", amount(seen)),
        }
    }
}

/// The most that a run was seen to use. None where nobody counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Peak {
    /// Memory of the whole suite, in bytes.
    pub memory: Option<u64>,
    /// Processes and threads at once.
    pub processes: Option<u64>,
}
