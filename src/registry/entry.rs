//! The first line of a record: what is known of a run before anything of it exists.

use super::PrivatePlace;
use crate::sys::{clock, procfs};
use crate::values::{Level, ProcessId};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;
use std::time::Duration;

/// What a record says first. Fields that an older or newer guardrun does not know are passed over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// The run's id.
    pub run: String,
    /// Where its processes can be found.
    #[serde(flatten)]
    pub scope: Scope,
    /// The front.
    pub front: ProcessId,
    /// The suite's name, if it has one.
    pub suite: Option<String>,
    /// The command, for people.
    pub command: String,
    /// The level that it is held at.
    pub level: Level,
    /// The cgroup that the suite is held in at level `cgroup`.
    pub cgroup: Option<PathBuf>,
    /// Where its private directories are, if it has any.
    #[serde(default)]
    pub private: Option<PrivatePlace>,
    /// When it was started.
    #[serde(default)]
    pub started: Moment,
    /// The locks that it holds, by the names of the policy.
    #[serde(default)]
    pub locks: Vec<String>,
}

/// Where process ids and start times mean what they say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The boot.
    pub boot: String,
    /// The pid namespace: a directory of records can be shared between several, as with containers, or with a guardrun
    /// inside a run.
    pub pid_namespace: u64,
}

impl Scope {
    /// That of the calling process.
    pub fn here() -> Scope {
        Scope {
            boot: procfs::boot_id(),
            pid_namespace: procfs::pid_namespace(),
        }
    }
}

/// A moment, for clocks and for people.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Milliseconds since boot, by the clock that nobody sets. Every age is counted on it.
    pub boot_ms: u64,
    /// The wall clock, in UTC. Only to be read: it can be set.
    pub wall: String,
}

impl Moment {
    /// This one.
    pub fn now() -> Moment {
        Moment {
            boot_ms: clock::since_boot().as_millis() as u64,
            wall: format!("{:.0}", jiff::Timestamp::now()),
        }
    }

    /// How long ago it was, if it was in this boot.
    pub fn age(&self) -> Duration {
        clock::since_boot().saturating_sub(Duration::from_millis(self.boot_ms))
    }
}
