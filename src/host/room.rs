//! What is free here: memory, processes, and how much waits for memory.

use crate::plan::room::Room;
use crate::sys::procfs;
use std::fs;
use std::path::{Path, PathBuf};

/// Looks at the whole machine, and at every cgroup around this process that limits it further.
pub fn room(own_cgroup: Option<&Path>) -> Room {
    let around = || {
        own_cgroup
            .into_iter()
            .flat_map(Path::ancestors)
            .map(Path::to_owned)
    };
    let machine = machine_memory();
    let memory = around().filter_map(memory_left).chain(machine).min();
    let machine = machine_processes();
    let processes = around().filter_map(processes_left).chain(machine).min();
    Room {
        memory,
        processes,
        pressure: pressure(),
    }
}

/// MemAvailable of proc_meminfo(5).
fn machine_memory() -> Option<u64> {
    let text = procfs::text("/proc/meminfo")?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// What a cgroup's memory.max leaves. Cached files that nobody uses are given back when they are wanted.
fn memory_left(cgroup: PathBuf) -> Option<u64> {
    let most = number(&cgroup.join("memory.max"))?;
    let used = number(&cgroup.join("memory.current"))?;
    let stat = fs::read_to_string(cgroup.join("memory.stat")).unwrap_or_default();
    let cached: u64 = stat
        .lines()
        .find_map(|line| line.strip_prefix("inactive_file ")?.parse().ok())
        .unwrap_or(0);
    Some(most.saturating_sub(used.saturating_sub(cached)))
}

/// What the machine's own limits leave: threads-max and pid_max of proc_sys_kernel(5), against the tasks that there are, which
/// proc_loadavg(5) counts.
fn machine_processes() -> Option<u64> {
    let limits = ["/proc/sys/kernel/threads-max", "/proc/sys/kernel/pid_max"];
    let most = limits
        .iter()
        .filter_map(|path| number(Path::new(path)))
        .min()?;
    let load = procfs::text("/proc/loadavg")?;
    let tasks: u64 = load.split(' ').nth(3)?.split_once('/')?.1.parse().ok()?;
    Some(most.saturating_sub(tasks))
}

fn processes_left(cgroup: PathBuf) -> Option<u64> {
    let most = number(&cgroup.join("pids.max"))?;
    Some(most.saturating_sub(number(&cgroup.join("pids.current"))?))
}

/// `some avg10` of /proc/pressure/memory (Documentation/accounting/psi.rst in the kernel, Linux 4.20).
fn pressure() -> Option<f64> {
    let text = procfs::text("/proc/pressure/memory")?;
    let some = text.lines().find_map(|line| line.strip_prefix("some "))?;
    some.split(' ')
        .find_map(|word| word.strip_prefix("avg10=")?.parse().ok())
}

/// A file that holds a number; None for `max`, and where there is no such file.
fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}
