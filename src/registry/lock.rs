//! One at a time: a lock that a suite needs, as flock(2) on a file that belongs to this user.
//!
//! Front and keeper hold it together, and the suite never has it, so the kernel lets go of it when both have ended and not
//! when somebody has sent a signal. That alone is not yet the end of the suite: front and keeper can be killed at once, and
//! the keeper of a pid namespace closes its files before the kernel ends the others in it. So the file goes with the clean
//! end of a run, and a holder who finds one that says something looks after the run it names before anything is started.

use super::dead::is_still_there;
use super::holder::Added;
use super::{Holder, Scope, place, sweep};
use crate::policy::{self, Reach};
use crate::sys::identity::PidFd;
use crate::sys::{lock, poll};
use crate::values::ProcessId;
use nix::fcntl::OFlag;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How often one opens a lock's file again that has gone with its holder meanwhile.
const TRIES: usize = 1000;
/// How long one waits for the end of a run whose lock is free already.
const LAST_BREATH: Duration = Duration::from_secs(10);

/// Which lock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// Its file. Keys are taken in this order by everybody, so that two runs never wait for each other.
    path: PathBuf,
    /// As people know it, such as `daemon` of this repository.
    shown: String,
}

/// A lock that this run has.
#[derive(Debug)]
pub struct Held {
    key: Key,
    file: File,
}

/// What came of a try.
#[derive(Debug)]
pub enum Attempt {
    /// It is ours.
    Held(Held),
    /// Somebody has it; None when they have not yet said who they are.
    Busy(Option<Box<Holder>>),
    /// Nobody has it, and so many processes of the run that had it are still there.
    LeftOver(Box<Holder>, usize),
}

/// Why a lock cannot be had by anybody. Never a reason to run without it.
#[derive(Debug)]
pub struct LockError {
    key: String,
    cause: io::Error,
}

impl Key {
    /// The lock that the policy asks for. `repository` is the directory that the policy is of.
    pub fn of(lock: &policy::Lock, repository: Option<&Path>) -> Result<Key, LockError> {
        let (name, reach) = (&lock.name, lock.reach);
        let shown = match reach {
            Reach::Machine => format!("`{name}` (this machine)"),
            Reach::Repository => format!("`{name}` (this repository)"),
        };
        let file = || -> io::Result<PathBuf> {
            let directory = place::locks()?;
            Ok(directory.join(match reach {
                Reach::Machine => format!("machine-{name}"),
                Reach::Repository => {
                    // By its number, so that it is the same by whatever path one came.
                    let found = fs::metadata(repository.unwrap_or(Path::new("/")))?;
                    format!("repository-{:x}-{:x}-{name}", found.dev(), found.ino())
                }
            }))
        };
        match file() {
            Ok(path) => Ok(Key { path, shown }),
            Err(cause) => Err(LockError { key: shown, cause }),
        }
    }

    /// Tries to take it, for the holder that `holder` makes. Whoever has it finds what the last holder has left, ends it, and
    /// only then is it held.
    pub fn attempt(&self, holder: impl FnOnce(&Path) -> Holder) -> Result<Attempt, LockError> {
        self.try_to_take(holder).map_err(|cause| LockError {
            key: self.shown.clone(),
            cause,
        })
    }

    fn try_to_take(&self, holder: impl FnOnce(&Path) -> Holder) -> io::Result<Attempt> {
        for _ in 0..TRIES {
            let file = self.open()?;
            if !lock::try_lock(&file)? {
                return Ok(Attempt::Busy(Holder::read(&file).map(Box::new)));
            }
            if !is_still_there(&self.path, &file) {
                // Its holder has let go of it and taken it away; a lock on what has no name holds nobody off.
                continue;
            }
            if let Some(last) = Holder::read(&file) {
                let left = outcome_of(&last);
                if left > 0 {
                    return Ok(Attempt::LeftOver(Box::new(last), left));
                }
            }
            holder(&self.path).write(&file)?;
            return Ok(Attempt::Held(Held {
                key: self.clone(),
                file,
            }));
        }
        Err(io::Error::other("it goes as often as it is opened"))
    }

    fn open(&self) -> io::Result<File> {
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            .create(true)
            .mode(0o600)
            .custom_flags(OFlag::O_NOFOLLOW.bits())
            .open(&self.path)?;
        let found = file.metadata()?;
        if !found.is_file() || found.uid() != nix::unistd::geteuid().as_raw() {
            return Err(io::Error::other(format!(
                "{} is not a file of this user's own",
                self.path.display()
            )));
        }
        Ok(file)
    }

    /// As people know it.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

/// Sees to it that a run is over whose lock nobody holds any more; how many of its processes are still there.
fn outcome_of(last: &Holder) -> usize {
    if last.scope.boot != Scope::here().boot {
        return 0;
    }
    let swept = last.record.as_deref().map_or(0, sweep::sweep_one);
    if swept > 0 {
        return swept;
    }
    // A process that is being ended has no environment to be known by any more, and still has all its files.
    let deadline = Instant::now() + LAST_BREATH;
    let alive = last.processes();
    let ends = |process: &PidFd| {
        let time = deadline.saturating_duration_since(Instant::now());
        poll::readable_within(process.as_fd(), time)
    };
    alive.iter().filter(|process| !ends(process)).count()
}

impl Held {
    /// Adds a process that has to have ended before the lock is anybody else's. Called by the keeper for itself before it
    /// starts anything, while /proc has the numbers of those outside, and for the leader.
    pub fn note(&self, process: ProcessId) {
        // Where it fails the next holder finds what is left by the run's mark. It needs no new block of the disk.
        let _ = Holder::add(&self.file, &Added::Process { process });
    }

    /// Goes on holding it for another attempt of the same suite, which is a run of its own: from now on the next holder looks
    /// after what that one has left. Called when nothing is left of the last one, before anything is started of the next.
    pub fn go_on_as(&self, run: &str, record: Option<&Path>) -> Result<(), LockError> {
        let attempt = Added::Attempt {
            run: run.to_owned(),
            record: record.map(Path::to_owned),
        };
        Holder::add(&self.file, &attempt).map_err(|cause| LockError {
            key: self.key.shown.clone(),
            cause,
        })
    }

    /// Lets go of it: the run has been seen to end, and nothing of it is left.
    pub fn release(self) {
        let _ = fs::remove_file(&self.key.path);
    }

    /// Which one it is.
    pub fn key(&self) -> &Key {
        &self.key
    }
}

impl fmt::Display for LockError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot take the lock {}: {}", self.key, self.cause)
    }
}

impl std::error::Error for LockError {}

#[cfg(test)]
mod tests {
    use super::{Attempt, Key};
    use crate::registry::{Holder, Moment, Scope};
    use crate::values::ProcessId;
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn nobody(path: &Path) -> Holder {
        Holder {
            run: "none".to_owned(),
            nonce: String::new(),
            scope: Scope {
                boot: "another".to_owned(),
                pid_namespace: 0,
            },
            front: ProcessId { pid: 0, start: 0 },
            user: 0,
            host: String::new(),
            suite: None,
            command: String::new(),
            record: None,
            path: path.to_owned(),
            grace_seconds: 0.0,
            since: Moment::default(),
            first: Moment::default(),
            others: Vec::new(),
        }
    }

    #[test]
    fn of_many_who_take_and_release_it_one_has_it_at_any_time() {
        let path = std::env::temp_dir().join(format!("guardrun-lock-{}", std::process::id()));
        let key = Key {
            path: path.clone(),
            shown: "`x`".to_owned(),
        };
        let (inside, taken) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let take = || {
            if let Attempt::Held(held) = key.attempt(nobody).unwrap() {
                assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two have it");
                std::thread::yield_now();
                inside.fetch_sub(1, Ordering::SeqCst);
                taken.fetch_add(1, Ordering::Relaxed);
                held.release();
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| (0..4_000).for_each(|_| take()));
            }
        });
        assert!(taken.into_inner() > 0);
        assert!(!path.exists(), "it goes with its last holder");
    }
}
