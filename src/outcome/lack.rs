//! Why a level of containment could not be had, and what would mend it.

use crate::values::Level;
use serde::Serialize;

/// The step at which setting up a run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Step {
    /// Making the process, and its namespaces.
    Fork = 1,
    /// Asking for the death signal, and finding the parent alive.
    DeathSignal = 2,
    /// Mapping the user's ids into the user namespace.
    IdMap = 3,
    /// Mounting a /proc for the pid namespace.
    Proc = 4,
    /// Becoming a subreaper.
    Subreaper = 5,
    /// Getting a process group of its own.
    Group = 6,
    /// Making the cgroup.
    MakeLeaf = 7,
    /// Moving into the cgroup.
    Join = 8,
    /// Finding the cgroup that guardrun is in.
    FindCgroup = 9,
    /// Making the suite the first that the kernel takes when memory runs out.
    OomScore = 10,
    /// Limiting the open files.
    OpenFiles = 11,
    /// Keeping the suite to some of the processors.
    Processors = 12,
    /// Having the kernel ask before certain calls.
    Fence = 40,
    /// Tracing the suite for an audit.
    Trace = 41,
}

impl Step {
    /// Never the number of a step.
    pub const NONE: u8 = 0;

    /// All of them.
    pub const ALL: [Step; 14] = [
        Step::Fork,
        Step::DeathSignal,
        Step::IdMap,
        Step::Proc,
        Step::Subreaper,
        Step::Group,
        Step::MakeLeaf,
        Step::Join,
        Step::FindCgroup,
        Step::OomScore,
        Step::OpenFiles,
        Step::Processors,
        Step::Fence,
        Step::Trace,
    ];

    /// The step with this number.
    pub fn from_number(number: u8) -> Option<Step> {
        Step::ALL.into_iter().find(|step| *step as u8 == number)
    }

    /// What was tried, as it reads after "could not".
    pub fn describe(self) -> &'static str {
        match self {
            Step::Fork => "make the process",
            Step::DeathSignal => "tie the keeper's life to the front's",
            Step::IdMap => "map the user's ids into a user namespace",
            Step::Proc => "mount a /proc for the pid namespace",
            Step::Subreaper => "become a subreaper",
            Step::Group => "make a process group",
            Step::MakeLeaf => "make a cgroup",
            Step::Join => "move the suite into its cgroup",
            Step::FindCgroup => "find the own cgroup",
            Step::OomScore => "make the suite the kernel's first choice when memory runs out",
            Step::OpenFiles => "limit the suite's open files",
            Step::Processors => "keep the suite to some of the processors",
            Step::Fence => "put up the fence",
            Step::Trace => "trace the suite",
        }
    }
}

/// Why one level could not be had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lack {
    /// The level.
    pub level: Level,
    /// Where it failed.
    pub step: Step,
    /// The errno, or 0 where there is none.
    pub errno: i32,
    /// What was tried and why it failed, as one sentence without a full stop.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}
