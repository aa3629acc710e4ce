//! Whether a level can be had here, found out by doing it, end to end, with a child that does nothing.

use super::Leaf;
use super::ceilings::Limited;
use crate::outcome::{Resource, Step};
use crate::policy::Ceilings;
use crate::sys::child::Command;
use crate::sys::clone::{self, Birth, Namespaces};
use crate::sys::namespace::{self, Ids};
use crate::sys::{fds, poll, prctl, signal, wait};
use crate::values::Level;
use bytesize::ByteSize;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How long a child that does nothing may take.
const LIMIT: Duration = Duration::from_secs(10);

/// What came of it: nothing, or the step that failed and its errno.
pub type Probe = Result<(), (Step, i32)>;

/// Tries the level. `name` is for the cgroup; `privileged` says whether a user namespace can be done without.
pub fn probe(level: Level, name: &str, privileged: bool) -> Probe {
    match level {
        Level::Subreaper => in_child(Namespaces::Same, None, || {
            prctl::become_subreaper().map_err(|error| (Step::Subreaper, error))
        }),
        Level::Cgroup => probe_cgroup(name),
        Level::Namespace => {
            let namespaces = if privileged {
                Namespaces::PidMount
            } else {
                Namespaces::UserPidMount
            };
            let ids = Ids::own();
            in_child(namespaces, None, || {
                if !privileged {
                    ids.map().map_err(|error| (Step::IdMap, error))?;
                }
                namespace::mount_own_proc().map_err(|error| (Step::Proc, error))
            })
        }
    }
}

fn probe_cgroup(name: &str) -> Probe {
    let parent = super::place(name)?;
    let leaf = Leaf::make(&parent.join(name)).map_err(|error| (Step::MakeLeaf, errno(&error)))?;
    let done = in_child(Namespaces::Same, Some(&leaf), || Ok(()));
    leaf.kill();
    let empty = leaf.wait_until_empty(Instant::now() + LIMIT);
    let removed = leaf.remove();
    done?;
    match (empty, removed) {
        (true, Ok(())) => Ok(()),
        (_, removed) => Err((Step::Join, removed.err().map_or(0, |error| errno(&error)))),
    }
}

/// Which ceilings the kernel would hold here, found out by setting them on a leaf.
pub fn probe_ceilings(name: &str) -> Vec<Resource> {
    let all = [Resource::Memory, Resource::Processes, Resource::Cpu];
    let high = Ceilings {
        memory: Some(ByteSize::tib(1)),
        processes: Some(1_000_000),
        cpu: Some(1000.0),
        open_files: None,
    };
    let Ok(ground) = super::ground(name, &all) else {
        return Vec::new();
    };
    let Ok(leaf) = Leaf::make(&ground.parent.join(format!("{name}-ceilings"))) else {
        return Vec::new();
    };
    let (_, in_force) = Limited::set(&leaf, &ground.limits, &high);
    let _ = leaf.remove();
    in_force.iter().map(|one| one.resource).collect()
}

/// A child with these surroundings that does `act` and then executes this program, asking for its version.
fn in_child(
    namespaces: Namespaces,
    leaf: Option<&Leaf>,
    act: impl FnOnce() -> Result<(), (Step, io::Error)>,
) -> Probe {
    let failed = |error: io::Error| (Step::Fork, errno(&error));
    let words = ["/proc/self/exe", "--version"].map(Into::into);
    let command = Command::new(words, std::env::vars_os()).map_err(failed)?;
    let (told, tell) = fds::pipe().map_err(failed)?;
    let birth = Birth {
        namespaces,
        cgroup: leaf.map(Leaf::directory),
    };
    let child = clone::child(birth, || {
        let null = File::options().read(true).write(true).open("/dev/null");
        let _ = null.and_then(|null| fds::replace_streams(&null));
        let (step, error) = match act() {
            Err(failure) => failure,
            Ok(()) => match command.exec() {
                Ok(never) => match never {},
                Err(error) => (Step::Fork, error),
            },
        };
        let [a, b, c, d] = errno(&error).to_ne_bytes();
        let _ = File::from(tell).write_all(&[step as u8, a, b, c, d]);
        1
    });
    let child = child.map_err(failed)?;
    if !poll::readable_within(child.fd.as_fd(), LIMIT) {
        let _ = child.fd.signal(signal::KILL);
    }
    let status = wait::reap(child.pid).map_err(failed)?;
    let mut report = [0; 5];
    match File::from(told).read_exact(&mut report) {
        Ok(()) => {
            let [step, errno @ ..] = report;
            Err((
                Step::from_number(step).unwrap_or(Step::Fork),
                i32::from_ne_bytes(errno),
            ))
        }
        Err(_) if status.passed() => Ok(()),
        Err(_) => Err((Step::Fork, 0)),
    }
}

fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(0)
}
