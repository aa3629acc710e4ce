//! A process's share of the machine, for the child that is about to become the suite: open files, processors, and its
//! place in the kernel's choice when memory runs out.

use nix::sched::{CpuSet, sched_getaffinity, sched_setaffinity};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::Pid;
use std::fs;
use std::io;

/// The calling process.
const SELF: Pid = Pid::from_raw(0);
const OOM_SCORE_ADJ: &str = "/proc/self/oom_score_adj";

/// Limits the open files of this process and of all that come of it (RLIMIT_NOFILE, getrlimit(2)). Never raises the limit.
pub fn limit_open_files(most: u64) -> io::Result<()> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(setrlimit(
        Resource::RLIMIT_NOFILE,
        soft.min(most),
        hard.min(most),
    )?)
}

/// Keeps this process, and all that come of it, to so many of the processors that it may use (sched_setaffinity(2)): the whole
/// number above, at least one.
pub fn keep_to_processors(processors: f64) -> io::Result<()> {
    let allowed = sched_getaffinity(SELF)?;
    let mut kept = CpuSet::new();
    let usable = (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu).unwrap_or(false));
    for cpu in usable.take(processors.ceil().max(1.0) as usize) {
        kept.set(cpu)?;
    }
    Ok(sched_setaffinity(SELF, &kept)?)
}

/// Whom the kernel takes first when memory runs out (oom_score_adj, proc_pid_oom_score_adj(5)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Victim {
    /// This process before all others.
    First,
    /// This process after all others; takes CAP_SYS_RESOURCE.
    Last,
}

/// Says whom the kernel is to take.
pub fn when_memory_runs_out(victim: Victim) -> io::Result<()> {
    let value = match victim {
        Victim::First => "1000",
        Victim::Last => "-1000",
    };
    fs::write(OOM_SCORE_ADJ, value)
}
