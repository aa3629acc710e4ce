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

/// Makes this process the first that the kernel takes when memory runs out (oom_score_adj, proc_pid_oom_score_adj(5)).
pub fn be_first_victim() -> io::Result<()> {
    fs::write(OOM_SCORE_ADJ, "1000")
}

/// Makes it the last, which takes CAP_SYS_RESOURCE. One that was made a likelier victim than others stays it: inside a run of
/// another guardrun, a process that cannot be killed for memory would keep the outer ceiling from being held.
pub fn be_last_victim() -> io::Result<()> {
    let now = fs::read_to_string(OOM_SCORE_ADJ)?;
    match now.trim().parse::<i32>() {
        Ok(..=0) => fs::write(OOM_SCORE_ADJ, "-1000"),
        _ => Err(io::ErrorKind::PermissionDenied.into()),
    }
}
