//! What is so here and what this host can do.

pub mod origin;
mod remedy;

pub use remedy::lack;

use crate::plan::Privilege;
use crate::sys::identity::PidFd;
use crate::sys::procfs;

/// CAP_SYS_ADMIN in the mask of capabilities(7).
const CAP_SYS_ADMIN: u64 = 1 << 21;

/// What this process may do, by its effective capabilities.
pub fn privilege() -> Privilege {
    let status = procfs::text("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| u64::from_str_radix(line.strip_prefix("CapEff:")?.trim(), 16).ok());
    Privilege {
        may_make_namespaces: mask.is_some_and(|mask| mask & CAP_SYS_ADMIN != 0),
    }
}

/// The kernel's release, such as `6.12.9`.
pub fn kernel() -> String {
    procfs::text("/proc/sys/kernel/osrelease")
        .map(|text| text.trim().to_owned())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The process that started this one, held; None when it is outside this pid namespace or gone already.
pub fn parent() -> Option<PidFd> {
    let before = std::os::unix::process::parent_id() as i32;
    let held = (before > 0).then(|| PidFd::open(before).ok()).flatten()?;
    // Had it died in between, the number could be somebody else's by now, and the parent another.
    (std::os::unix::process::parent_id() as i32 == before).then_some(held)
}
