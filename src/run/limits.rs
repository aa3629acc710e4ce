//! The ceilings of one run, whoever holds them: the kernel on the suite's leaf, or a watch.

use super::hold::Hold;
use super::watch::Watch;
use crate::contain::ceilings::{self, Limited};
use crate::contain::{Ground, Leaf};
use crate::outcome::{Enforcement, InForce, Peak, Reached, Resource};
use crate::policy::Ceilings;
use crate::registry::Event;
use std::os::fd::BorrowedFd;
use std::path::PathBuf;
use std::time::Duration;

/// What limits one run.
pub(super) struct Limits {
    leaf: Option<PathBuf>,
    kernel: Option<Limited>,
    watch: Option<Watch>,
    /// What is in force, and by what.
    pub(super) in_force: Vec<InForce>,
}

/// What has to be limited by somebody.
pub(super) fn wanted(ceilings: &Ceilings) -> Vec<Resource> {
    let all = [
        (Resource::Memory, ceilings.memory.is_some()),
        (Resource::Processes, ceilings.processes.is_some()),
        (Resource::Cpu, ceilings.cpu.is_some()),
    ];
    let wanted = all.into_iter().filter(|(_, wanted)| *wanted);
    wanted.map(|(resource, _)| resource).collect()
}

impl Limits {
    /// Sets the ceilings, as well as they can be had: on the leaf, and by a watch for the rest.
    pub(super) fn set(asked: &Ceilings, leaf: Option<&Leaf>, ground: Option<&Ground>) -> Limits {
        let kernel = leaf
            .zip(ground)
            .map(|(leaf, ground)| Limited::set(leaf, &ground.limits, asked));
        let (kernel, mut in_force) = match kernel {
            Some((limited, in_force)) => (Some(limited), in_force),
            None => (None, Vec::new()),
        };
        let held = |resource| {
            in_force
                .iter()
                .any(|one: &InForce| one.resource == resource)
        };
        let rest = Ceilings {
            memory: asked.memory.filter(|_| !held(Resource::Memory)),
            processes: asked.processes.filter(|_| !held(Resource::Processes)),
            cpu: asked.cpu.filter(|_| !held(Resource::Cpu)),
            open_files: asked.open_files,
        };
        in_force.extend(otherwise(&rest));
        Limits {
            leaf: leaf.map(|leaf| leaf.path().to_owned()),
            kernel,
            watch: Watch::over(rest),
            in_force,
        }
    }

    /// How many processors the suite is to be kept to, where no controller does that.
    pub(super) fn processors(&self) -> Option<f64> {
        let found = self
            .in_force
            .iter()
            .find(|one| one.by == Enforcement::Affinity);
        found.map(|one| one.ceiling)
    }

    /// Ready with priority when the kernel has refused a fork.
    pub(super) fn forks(&self) -> Option<BorrowedFd<'_>> {
        self.kernel.as_ref()?.forks()
    }

    /// The ceiling of processes, if the kernel has counted a fork beyond it.
    pub(super) fn fork_refused(&self) -> Option<Reached> {
        self.kernel.as_ref()?.out_of_processes()
    }

    /// When the watch looks next, on the run's clock.
    pub(super) fn next_look(&self) -> Option<Duration> {
        self.watch.as_ref().map(Watch::next)
    }

    /// Lets the watch look, if it is time to.
    pub(super) fn look(&mut self, hold: &Hold<'_>, now: Duration) -> Option<Reached> {
        self.watch.as_mut()?.look(hold, now)
    }

    /// What the watch has to note of its last look, if it has anything.
    pub(super) fn take_sample(&mut self) -> Option<Event> {
        self.watch.as_mut()?.take_sample()
    }

    /// What the kernel has counted, when everything is over.
    pub(super) fn reached(&self) -> Option<Reached> {
        self.kernel.as_ref()?.reached()
    }

    /// How many processes of the suite the kernel has killed for want of memory; None where it does not count.
    pub(super) fn killed_for_memory(&self) -> Option<u64> {
        ceilings::killed_for_memory(self.leaf.as_deref()?)
    }

    /// The most that was used, by whoever counted.
    pub(super) fn peak(&self) -> Peak {
        let counted = self.leaf.as_deref().map(ceilings::peak).unwrap_or_default();
        let seen = self
            .watch
            .as_ref()
            .map(|watch| watch.peak)
            .unwrap_or_default();
        Peak {
            memory: counted.memory.or(seen.memory),
            processes: counted.processes.or(seen.processes),
        }
    }
}

/// What holds the ceilings that no controller holds.
fn otherwise(rest: &Ceilings) -> Vec<InForce> {
    let no = |controller: &str| {
        Some(format!(
            "no cgroup with the {controller} controller can be had"
        ))
    };
    let held = |resource, ceiling: Option<f64>, by, why| {
        ceiling.map(|ceiling| InForce {
            resource,
            ceiling,
            by,
            why,
        })
    };
    let memory = rest.memory.map(|memory| memory.as_u64() as f64);
    let count = |count: Option<u64>| count.map(|count| count as f64);
    let all = [
        held(Resource::Memory, memory, Enforcement::Watch, no("memory")),
        held(
            Resource::Processes,
            count(rest.processes),
            Enforcement::Watch,
            no("pids"),
        ),
        held(Resource::Cpu, rest.cpu, Enforcement::Affinity, no("cpu")),
        held(
            Resource::OpenFiles,
            count(rest.open_files),
            Enforcement::Kernel,
            None,
        ),
    ];
    all.into_iter().flatten().collect()
}
