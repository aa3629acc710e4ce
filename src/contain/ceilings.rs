//! Ceilings that the kernel holds on the suite's leaf, and what it counts there (cgroup-v2.rst, "Memory", "PID", "CPU").
//!
//! Everything is set before the suite is born into the leaf. Front and keeper are outside of it. On the leaf itself
//! memory.oom.group is set, so that the kernel ends the suite as one when its memory is used up, and nobody else.

use super::Leaf;
use crate::outcome::{Enforcement, InForce, Peak, Proof, Reached, Resource};
use crate::policy::Ceilings;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

/// The period on which cpu.max is counted, in microseconds: the kernel's own default.
const PERIOD: f64 = 100_000.0;

/// What the kernel limits on one leaf.
#[derive(Debug)]
pub struct Limited {
    path: PathBuf,
    ceilings: Ceilings,
    /// Ready with priority when a fork was refused.
    forks: Option<File>,
}

impl Limited {
    /// Sets on this leaf what the kernel can hold there. Answers with what is in force; the rest is for others to hold.
    pub fn set(leaf: &Leaf, can: &[Resource], ceilings: &Ceilings) -> (Limited, Vec<InForce>) {
        let path = leaf.path();
        let mut limited = Limited {
            path: path.to_owned(),
            ceilings: Ceilings::default(),
            forks: None,
        };
        let mut in_force = Vec::new();
        let mut held = |resource, ceiling| {
            in_force.push(InForce {
                resource,
                ceiling,
                by: Enforcement::Kernel,
                why: None,
            });
        };
        let may = |resource| can.contains(&resource);
        if let Some(memory) = ceilings.memory.filter(|_| may(Resource::Memory))
            && limit_memory(path, memory.as_u64()).is_ok()
        {
            limited.ceilings.memory = Some(memory);
            held(Resource::Memory, memory.as_u64() as f64);
        }
        if let Some(processes) = ceilings.processes.filter(|_| may(Resource::Processes))
            && fs::write(path.join("pids.max"), processes.to_string()).is_ok()
        {
            limited.ceilings.processes = Some(processes);
            limited.forks = File::open(path.join("pids.events")).ok();
            held(Resource::Processes, processes as f64);
        }
        if let Some(cpu) = ceilings.cpu.filter(|_| may(Resource::Cpu))
            && fs::write(
                path.join("cpu.max"),
                format!("{:.0} {PERIOD:.0}", cpu * PERIOD),
            )
            .is_ok()
        {
            limited.ceilings.cpu = Some(cpu);
            held(Resource::Cpu, cpu);
        }
        (limited, in_force)
    }

    /// Ready with priority when the kernel has refused a fork.
    pub fn forks(&self) -> Option<BorrowedFd<'_>> {
        self.forks.as_ref().map(AsFd::as_fd)
    }

    /// The ceiling that was reached, by the kernel's count.
    pub fn reached(&self) -> Option<Reached> {
        let memory = self.ceilings.memory.and_then(|ceiling| {
            // Killed because this ceiling was reached, and not because the whole machine had no more.
            let below = count(&self.path, "memory.events", "oom")?;
            let killed = count(&self.path, "memory.events", "oom_kill")?;
            (below > 0 && killed > 0).then_some(Reached {
                resource: Resource::Memory,
                ceiling: ceiling.as_u64(),
                proof: Proof::Killed(killed),
            })
        });
        memory.or_else(|| self.out_of_processes())
    }

    /// The same, for processes alone.
    pub fn out_of_processes(&self) -> Option<Reached> {
        let ceiling = self.ceilings.processes?;
        let mut text = [0; 128];
        // Through the descriptor that is waited on: reading it is what ends its readiness.
        let length = self.forks.as_ref()?.read_at(&mut text, 0).ok()?;
        let refused = number_after(&String::from_utf8_lossy(&text[..length]), "max")?;
        (refused > 0).then_some(Reached {
            resource: Resource::Processes,
            ceiling,
            proof: Proof::NotForked(refused),
        })
    }
}

fn limit_memory(leaf: &Path, bytes: u64) -> io::Result<()> {
    fs::write(leaf.join("memory.max"), bytes.to_string())?;
    // Without swap, or without the counting of it, these two are not there, and not needed.
    let _ = fs::write(leaf.join("memory.swap.max"), "0");
    let _ = fs::write(leaf.join("memory.oom.group"), "1");
    Ok(())
}

/// How many processes the kernel has killed on this leaf for want of memory, its own or the machine's; None where nobody counts.
pub fn killed_for_memory(leaf: &Path) -> Option<u64> {
    count(leaf, "memory.events", "oom_kill")
}

/// The most that was used on this leaf, where the kernel counts (memory.peak: Linux 5.19; pids.peak came later).
pub fn peak(leaf: &Path) -> Peak {
    let number = |file: &str| {
        fs::read_to_string(leaf.join(file))
            .ok()?
            .trim()
            .parse()
            .ok()
    };
    Peak {
        memory: number("memory.peak"),
        processes: number("pids.peak"),
    }
}

fn count(leaf: &Path, file: &str, key: &str) -> Option<u64> {
    number_after(&fs::read_to_string(leaf.join(file)).ok()?, key)
}

fn number_after(text: &str, key: &str) -> Option<u64> {
    text.lines()
        .find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.parse().ok())
}
