//! A cgroup of one's own from the user's systemd, where the one that guardrun was started in belongs to somebody else.
//!
//! A login session's cgroup is the system's, so an ordinary user can make no leaf in it. The user's own manager can
//! move a process into a transient scope that is delegated to the user (systemd.scope(5), Delegate= in
//! systemd.resource-control(5)). It is asked through busctl(1), which comes with systemd, because guardrun then stays the
//! process that it is: to be executed again by systemd-run would leave no way back when the manager does not answer.

use super::cgroup;
use crate::outcome::Step;
use crate::sys::child::Command;
use crate::sys::clone::{self, Birth};
use crate::sys::identity::PidFd;
use crate::sys::{fds, poll, signal, wait};
use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long the manager may take. It usually takes ten to fifty milliseconds.
const LIMIT: Duration = Duration::from_secs(3);
/// How often one looks whether the manager has moved this process: nothing announces it.
const LOOK: Duration = Duration::from_millis(2);

/// A cgroup in which this process can make a leaf: its own, or a scope that the user's systemd moves it into, `name`
/// being the scope's.
pub fn place(name: &str) -> Result<PathBuf, (Step, i32)> {
    let own = cgroup::own().map_err(|_| (Step::FindCgroup, 0))?;
    if nix::unistd::access(&own, nix::unistd::AccessFlags::W_OK).is_ok() {
        return Ok(own);
    }
    enter(name).map_err(|_| (Step::MakeLeaf, nix::Error::EACCES as i32))
}

/// Whether systemd manages this machine (sd_booted(3)).
pub(super) fn booted() -> bool {
    Path::new("/run/systemd/system").is_dir()
}

/// Why there is no scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoScope {
    /// No user bus: not a systemd user session, or one that cannot be reached from here.
    NoBus,
    /// The manager refused, or busctl is not there.
    Refused,
    /// The manager did not answer in time.
    TooLate,
}

/// Moves this process into a new scope, of the system's manager for root and of the user's for everybody else, and answers
/// with its cgroup.
pub(super) fn enter(name: &str) -> Result<PathBuf, NoScope> {
    let manager = if nix::unistd::geteuid().is_root() {
        booted().then_some("--system").ok_or(NoScope::NoBus)?
    } else {
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        let bus = runtime.map(|runtime| runtime.join("bus"));
        bus.filter(|bus| bus.exists()).ok_or(NoScope::NoBus)?;
        "--user"
    };
    let unit = format!("{name}.scope");
    let limit = Instant::now() + LIMIT;
    ask(manager, &unit, limit)?;
    loop {
        match cgroup::own() {
            Ok(path) if path.ends_with(&unit) => return Ok(path),
            _ if Instant::now() > limit => return Err(NoScope::TooLate),
            _ => drop(poll::wait([None], Some(Instant::now() + LOOK))),
        }
    }
}

/// Runs busctl to its end, or ends it.
fn ask(manager: &str, unit: &str, limit: Instant) -> Result<(), NoScope> {
    let own = std::process::id().to_string();
    let words = [
        "busctl",
        manager,
        "--quiet",
        "call",
        "org.freedesktop.systemd1",
        "/org/freedesktop/systemd1",
        "org.freedesktop.systemd1.Manager",
        "StartTransientUnit",
        "ssa(sv)a(sa(sv))",
        unit,
        "fail",
        // Four properties; the scope is forgotten as soon as it is empty.
        "4",
        "Description",
        "s",
        "a test suite held by guardrun",
        "Delegate",
        "b",
        "true",
        "CollectMode",
        "s",
        "inactive-or-failed",
        "PIDs",
        "au",
        "1",
        &own,
        // No auxiliary units.
        "0",
    ];
    let command =
        Command::new(words.map(Into::into), std::env::vars_os()).map_err(|_| NoScope::Refused)?;
    let child = clone::child(Birth::default(), || {
        signal::set_mask(&signal::Set::of(&[]));
        let null = File::options().read(true).write(true).open("/dev/null");
        let _ = null.and_then(|null| fds::replace_streams(&null));
        let _ = command.exec();
        127
    });
    let child = child.map_err(|_| NoScope::Refused)?;
    if !poll::readable_within(
        child.fd.as_fd(),
        limit.saturating_duration_since(Instant::now()),
    ) {
        end(&child.fd);
        let _ = wait::reap(child.pid);
        return Err(NoScope::TooLate);
    }
    match wait::reap(child.pid) {
        Ok(status) if status.passed() => Ok(()),
        _ => Err(NoScope::Refused),
    }
}

fn end(busctl: &PidFd) {
    let _ = busctl.signal(signal::KILL);
}
