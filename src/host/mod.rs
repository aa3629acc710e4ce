//! What is so here and what this host can do.

pub mod canary;
pub mod chain;
pub mod git;
mod held;
pub mod origin;
pub mod receipts;
mod remedy;
pub mod reports;
pub mod repository;
mod room;

pub use held::held_by;
pub use remedy::lack;
pub use room::room;

use crate::plan::Privilege;
use crate::sys::identity::PidFd;
use crate::sys::procfs;
use std::io;

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

/// How many processors this process may use; without a number, more than anybody has.
pub fn processors() -> u32 {
    std::thread::available_parallelism().map_or(u32::MAX, |number| {
        u32::try_from(number.get()).unwrap_or(u32::MAX)
    })
}

/// The kernel's release, such as `6.12.9`.
pub fn kernel() -> String {
    procfs::text("/proc/sys/kernel/osrelease")
        .map(|text| text.trim().to_owned())
        .unwrap_or_else(|| "unknown".to_owned())
}

/// The process that started this one.
#[derive(Debug)]
pub enum Parent {
    /// It is there, and held.
    Held(PidFd),
    /// It died while one looked at it.
    Gone,
    /// It cannot be watched: it is outside this pid namespace, or the kernel gives no descriptor for it.
    OutOfReach,
}

/// The process that started this one. One that died before anybody looked cannot be told from the one that took its place.
pub fn parent() -> Parent {
    let number = || std::os::unix::process::parent_id() as i32;
    let before = number();
    match before {
        0 => Parent::OutOfReach,
        // Opened between two looks: had it died in between, the number could be somebody else's by now.
        pid => between(before, PidFd::open(pid), number()),
    }
}

fn between(before: i32, held: io::Result<PidFd>, after: i32) -> Parent {
    match held {
        _ if after != before => Parent::Gone,
        Ok(held) => Parent::Held(held),
        Err(error) if error.raw_os_error() == Some(nix::Error::ESRCH as i32) => Parent::Gone,
        Err(_) => Parent::OutOfReach,
    }
}

#[cfg(test)]
mod tests {
    use super::{Parent, between};
    use crate::sys::identity::PidFd;
    use std::io;

    #[test]
    fn a_parent_that_dies_while_one_looks_at_it_is_gone_and_not_out_of_reach() {
        let own = || PidFd::open(std::process::id() as i32);
        let error = |errno: nix::Error| Err(io::Error::from_raw_os_error(errno as i32));
        assert!(matches!(between(7, own(), 7), Parent::Held(_)));
        assert!(matches!(between(7, own(), 1), Parent::Gone));
        let no_such_process = error(nix::Error::ESRCH);
        assert!(matches!(between(7, no_such_process, 7), Parent::Gone));
        let no_pidfds = error(nix::Error::ENOSYS);
        assert!(matches!(between(7, no_pidfds, 7), Parent::OutOfReach));
    }
}
