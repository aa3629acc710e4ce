//! A cgroup of a run's own, as a service manager would delegate it: what an ordinary user needs for level `cgroup`.

use super::PATIENCE;
use super::bench::User;
use nix::unistd::{Gid, Uid, chown};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The files that whoever owns a cgroup has to own (cgroups(7), "Delegation").
const OWNED: [&str; 4] = [
    "",
    "cgroup.procs",
    "cgroup.threads",
    "cgroup.subtree_control",
];

/// A cgroup below the test's own, removed with this value.
pub(crate) struct Delegation {
    path: PathBuf,
}

impl Delegation {
    /// Makes one called `name` for `user`; None where the tests may not, as when they are run without privilege.
    pub(crate) fn new(name: &str, user: User) -> Option<Delegation> {
        let path = own_cgroup()?.join(name);
        fs::create_dir(&path).ok()?;
        let made = Delegation { path };
        if let Some(id) = user.to_become() {
            for file in OWNED.map(|file| made.path.join(file)) {
                chown(&file, Some(Uid::from_raw(id)), Some(Gid::from_raw(id))).ok()?;
            }
        }
        Some(made)
    }

    /// Its directory.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Delegation {
    fn drop(&mut self) {
        // The last process leaves its cgroup a moment after it has been waited for.
        let until = Instant::now() + PATIENCE;
        while self.path.exists() && Instant::now() < until {
            remove(&self.path);
            std::thread::yield_now();
        }
    }
}

/// Removes a cgroup and what is below it, as far as that goes.
fn remove(path: &Path) {
    for below in fs::read_dir(path).into_iter().flatten().flatten() {
        if below.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove(&below.path());
        }
    }
    let _ = fs::remove_dir(path);
}

/// The directory of the cgroup v2 that the test is in.
fn own_cgroup() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    let mount = mounts.lines().find_map(|line| {
        let (place, kind) = line.split_once(" - ")?;
        let kind = kind.split_whitespace().next()?;
        (kind == "cgroup2").then(|| place.split_whitespace().nth(4))?
    })?;
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let own = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    Some(Path::new(mount).join(own))
}
