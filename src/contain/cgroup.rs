//! A cgroup v2 leaf of its own for the suite: cgroups(7), and Documentation/admin-guide/cgroup-v2.rst in the kernel.
//!
//! Used only to hold and to kill, which needs no controller and no empty parent: cgroup.kill (5.14), cgroup.freeze and
//! cgroup.events (5.2) exist in every cgroup but the root. A fresh leaf for every run, never used again after a kill:
//! some kernels kill at birth whatever is cloned into a leaf that was killed once (6.1.176, 6.12.95 to 107, 7.2.7).
//! Front and keeper stay outside. A process of the same user can move itself out again; `contain::tree` catches it.

use crate::sys::identity::PidFd;
use crate::sys::poll::{self, Interest};
use crate::sys::{procfs, signal};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The suite's leaf. Everything that the kill path needs is opened when it is made.
#[derive(Debug)]
pub struct Leaf {
    path: PathBuf,
    directory: File,
    procs: File,
    events: File,
    /// None on kernels before 5.14.
    kill: Option<File>,
    freeze: Option<File>,
}

impl Leaf {
    /// Makes a new leaf here.
    pub fn make(path: &Path) -> io::Result<Leaf> {
        fs::create_dir(path)?;
        Leaf::open(path).inspect_err(|_| drop(fs::remove_dir(path)))
    }

    /// Opens a leaf that was made before, perhaps by a run that is dead.
    pub fn open(path: &Path) -> io::Result<Leaf> {
        let write = |name: &str| OpenOptions::new().write(true).open(path.join(name));
        Ok(Leaf {
            directory: File::open(path)?,
            procs: write("cgroup.procs")?,
            events: File::open(path.join("cgroup.events"))?,
            kill: write("cgroup.kill").ok(),
            freeze: write("cgroup.freeze").ok(),
            path: path.to_owned(),
        })
    }

    /// Where it is in the file system.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The descriptor for being born in it (CLONE_INTO_CGROUP).
    pub fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Moves the calling process into it.
    pub fn join(&self) -> io::Result<()> {
        (&self.procs).write_all(b"0")
    }

    /// Every process in it and in the cgroups below it.
    pub fn members(&self) -> Vec<i32> {
        let mut found = Vec::new();
        for_each_below(&self.path, &mut |path| {
            let list = fs::read_to_string(path.join("cgroup.procs")).unwrap_or_default();
            // 0 stands for a process that cannot be seen from this pid namespace.
            found.extend(
                list.lines()
                    .filter_map(|line| line.parse::<i32>().ok())
                    .filter(|pid| *pid > 0),
            );
        });
        found
    }

    /// Asks the kernel to kill everything in it and below it, at once where it can.
    pub fn kill(&self) {
        match &self.kill {
            Some(kill) => drop((&mut &*kill).write_all(b"1")),
            None => self.kill_each(),
        }
    }

    /// Before 5.14: freeze, so that nothing is born meanwhile, kill each, and thaw. Frozen processes die of SIGKILL.
    fn kill_each(&self) {
        let set = |value: &[u8]| {
            self.freeze
                .as_ref()
                .map(|mut freeze| freeze.write_all(value))
        };
        set(b"1");
        for pid in self.members() {
            // Membership is looked at again after the descriptor pins the number.
            if let Ok(fd) = PidFd::open(pid)
                && self.members().contains(&pid)
            {
                let _ = fd.signal(signal::KILL);
            }
        }
        set(b"0");
    }

    /// Whether nothing alive is in it or below it. Zombies do not count.
    pub fn is_empty(&self) -> bool {
        let mut text = String::new();
        let mut events = &self.events;
        let read = events
            .rewind()
            .and_then(|()| events.read_to_string(&mut text));
        read.is_ok() && text.lines().any(|line| line == "populated 0")
    }

    /// The processor time of everything that is or was in it (cpu.stat, there in every cgroup since 4.15); None where the
    /// kernel does not count it.
    pub fn processor_time(&self) -> Option<Duration> {
        let text = procfs::text(self.path.join("cpu.stat"))?;
        let usage = text
            .lines()
            .find_map(|line| line.strip_prefix("usage_usec "))?;
        usage.trim().parse().ok().map(Duration::from_micros)
    }

    /// Waits until nothing alive is in it. False when the deadline comes first.
    pub fn wait_until_empty(&self, deadline: Instant) -> bool {
        while !self.is_empty() {
            if Instant::now() >= deadline
                || poll::wait(
                    [Some((self.events.as_fd(), Interest::Priority))],
                    Some(deadline),
                )
                .is_err()
            {
                return self.is_empty();
            }
        }
        true
    }

    /// Removes it, and the cgroups that the suite has made below it, deepest first.
    pub fn remove(&self) -> io::Result<()> {
        remove_all(&self.path)
    }
}

fn for_each_below(path: &Path, act: &mut dyn FnMut(&Path)) {
    act(path);
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            for_each_below(&entry.path(), act);
        }
    }
}

fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir(path) {
        // A leaf without cgroups below it goes at the first try.
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            for entry in fs::read_dir(path)?.flatten() {
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    remove_all(&entry.path())?;
                }
            }
            fs::remove_dir(path)
        }
        _ => Ok(()),
    }
}

/// The directory of the cgroup v2 that this process is in.
pub fn own() -> Result<PathBuf, NoCgroup> {
    let cgroups = procfs::text("/proc/self/cgroup").ok_or(NoCgroup::NoProc)?;
    let mounts = procfs::text("/proc/self/mountinfo").ok_or(NoCgroup::NoProc)?;
    locate(&cgroups, &mounts)
}

/// Why this process's cgroup v2 cannot be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoCgroup {
    /// /proc is not there.
    NoProc,
    /// No cgroup v2 is mounted.
    NotMounted,
    /// What is mounted does not show the cgroup that this process is in.
    OutOfSight,
}

/// From /proc/self/cgroup and /proc/self/mountinfo.
fn locate(cgroups: &str, mounts: &str) -> Result<PathBuf, NoCgroup> {
    let inside = cgroups
        .lines()
        .find_map(|line| line.strip_prefix("0::"))
        .ok_or(NoCgroup::NotMounted)?;
    // proc_pid_mountinfo(5): fields, " - ", type, source, options; fields 4 and 5 are root and mount point.
    let mount = mounts.lines().find_map(|line| {
        let (fields, kind) = line.split_once(" - ")?;
        let mut fields = fields.split(' ').skip(3);
        kind.starts_with("cgroup2 ")
            .then(|| Some((fields.next()?, fields.next()?)))?
    });
    let (root, point) = mount.ok_or(NoCgroup::NotMounted)?;
    let below = Path::new(inside)
        .strip_prefix(root)
        .map_err(|_| NoCgroup::OutOfSight)?;
    if below.components().any(|part| part.as_os_str() == "..") {
        return Err(NoCgroup::OutOfSight);
    }
    Ok(Path::new(point).join(below))
}

#[cfg(test)]
mod tests {
    use super::{NoCgroup, locate};
    use std::path::Path;

    const HYBRID: &str = "30 29 0:26 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw";

    #[test]
    fn the_own_cgroup_is_below_the_mount_point() {
        let found = locate("1:cpu:/x\n0::/user.slice/a.scope\n", HYBRID).unwrap();
        assert_eq!(
            found,
            Path::new("/sys/fs/cgroup/unified/user.slice/a.scope")
        );
        assert_eq!(
            locate("0::/\n", HYBRID).unwrap(),
            Path::new("/sys/fs/cgroup/unified")
        );
    }

    #[test]
    fn a_bind_mount_of_a_part_is_followed() {
        let mounts = "30 29 0:26 /user.slice /mnt/cg rw - cgroup2 cgroup2 rw";
        assert_eq!(
            locate("0::/user.slice/a\n", mounts).unwrap(),
            Path::new("/mnt/cg/a")
        );
        assert_eq!(
            locate("0::/system.slice\n", mounts),
            Err(NoCgroup::OutOfSight)
        );
    }

    #[test]
    fn a_cgroup_outside_the_cgroup_namespace_is_out_of_sight() {
        assert_eq!(locate("0::/../other\n", HYBRID), Err(NoCgroup::OutOfSight));
    }

    #[test]
    fn without_cgroup_v2_there_is_none() {
        assert_eq!(locate("1:cpu:/\n", HYBRID), Err(NoCgroup::NotMounted));
        assert_eq!(
            locate("0::/\n", "24 1 8:1 / / rw - ext4 /dev/sda rw"),
            Err(NoCgroup::NotMounted)
        );
    }
}
