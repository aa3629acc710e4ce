//! Setting up a run at one level: everything up to the birth of the keeper.

use super::supervise::{self, Supervised};
use super::{Listener, job::Job};
use crate::contain::{Leaf, cgroup};
use crate::host;
use crate::keeper::{self, Orders};
use crate::outcome::{End, Lack, Outcome, Step};
use crate::plan::Plan;
use crate::registry::{self, Entry, MARK, Record};
use crate::sys::child::Command;
use crate::sys::clone::{self, Birth, Namespaces};
use crate::sys::identity::PidFd;
use crate::sys::namespace::Ids;
use crate::sys::signal::{self, Inherited, Set, SignalFd};
use crate::sys::{fds, prctl, procfs, socket, title, wait};
use crate::values::{Level, ProcessId};
use anyhow::Context;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::debug;

/// The variable that carries the number of the lifeline's descriptor.
pub(crate) const LIFELINE: &str = "GUARDRUN_LIFELINE_FD";

/// Signals that the front takes from a descriptor instead of being hit by them. Not among them: those that cannot be
/// caught, those that report a fault of the front's own, and those whose default would end it anyway, after which the
/// keeper ends the suite.
const TAKEN: [i32; 12] = [
    signal::HUP,
    signal::INT,
    signal::QUIT,
    signal::TERM,
    signal::USR1,
    signal::USR2,
    signal::WINCH,
    signal::CONT,
    signal::TSTP,
    signal::TTOU,
    signal::CHLD,
    signal::PIPE,
];

/// What is the same for every attempt.
pub(super) struct Surroundings {
    pub(super) signals: SignalFd,
    inherited: Inherited,
    front: PidFd,
    /// None when the run is to outlive the process that started guardrun.
    pub(super) parent: Option<PidFd>,
    pub(super) job: Option<Job>,
    /// Where records are kept; None when that cannot be had, which has been said.
    records: Option<PathBuf>,
    command: Command,
    listens: bool,
    /// (read end for the suite, write end that only the front holds)
    lifeline: Option<(OwnedFd, OwnedFd)>,
    pub(super) had_children: bool,
}

/// What became of an attempt.
pub(super) enum Attempt {
    /// The level could not be had; nothing was started.
    Lacking(Lack),
    /// The run is over.
    Over(Outcome),
}

impl Surroundings {
    /// Takes in everything that is to be known before the first fork, and sweeps what dead runs have left.
    pub(super) fn take_in(
        plan: &Plan,
        listener: &mut dyn Listener,
    ) -> anyhow::Result<Surroundings> {
        let hup_ignored = signal::is_ignored(signal::HUP);
        let set = Set::of(&TAKEN);
        let inherited = signal::take_over(&set);
        let signals = SignalFd::new(&set).context("could not open a signalfd")?;
        let lifeline = plan
            .hold
            .lifeline
            .then(lifeline)
            .transpose()
            .context("could not make the lifeline")?;
        let listens = std::env::var_os("LISTEN_PID")
            .is_some_and(|pid| pid == *std::process::id().to_string());
        let command = Command::new(
            plan.command.iter().cloned(),
            environment(plan, lifeline.as_ref().map(|ends| &ends.0)),
        )
        .context("the command cannot be passed on")?;
        let records = registry::directory(std::env::var_os("XDG_RUNTIME_DIR"));
        let records = records.inspect_err(|error| listener.no_record(error)).ok();
        if let Some(directory) = &records {
            registry::sweep(directory)
                .iter()
                .for_each(|swept| listener.swept(swept));
        }
        // Others find a run by the suite's command line; that must not be the front's.
        title::set(&format!(
            "guardrun: {}",
            plan.suite.as_deref().unwrap_or("run")
        ));
        Ok(Surroundings {
            signals,
            inherited,
            front: PidFd::own()
                .context("could not open a pidfd; guardrun needs Linux 5.4 or later")?,
            parent: if plan.hold.outlive_parent || hup_ignored {
                None
            } else {
                host::parent()
            },
            job: Job::open(),
            records,
            command,
            listens,
            lifeline,
            had_children: wait::have_children(),
        })
    }
}

/// The read end, out of the way of scripts, which use the low numbers, and the write end.
fn lifeline() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = fds::pipe()?;
    Ok((fds::move_up(read, 10)?, write))
}

/// Writes the record. A run that cannot be recorded is held none the worse, and that is said.
fn record(
    plan: &Plan,
    level: Level,
    cgroup: Option<PathBuf>,
    directory: Option<&Path>,
    listener: &mut dyn Listener,
) -> Option<Record> {
    let own = std::process::id() as i32;
    let command: Vec<_> = plan
        .command
        .iter()
        .map(|arg| arg.to_string_lossy())
        .collect();
    let entry = Entry {
        run: plan.run.clone(),
        boot: procfs::boot_id(),
        front: ProcessId {
            pid: own,
            start: procfs::stat(own).map_or(0, |stat| stat.id.start),
        },
        suite: plan.suite.clone(),
        command: command.join(" "),
        level,
        cgroup,
    };
    Record::create(directory?, &entry)
        .inspect_err(|error| listener.no_record(error))
        .ok()
}

/// The suite's environment: guardrun's own, without what is not the suite's, with what tells it where it is.
fn environment(plan: &Plan, lifeline: Option<&OwnedFd>) -> Vec<(OsString, OsString)> {
    // Options of this very run would otherwise steer a guardrun inside the suite.
    let own = [
        "GUARDRUN_SUITE",
        "GUARDRUN_REPORT",
        "GUARDRUN_RUN_SUITE",
        MARK,
        LIFELINE,
    ];
    let gone = |name: &OsStr| {
        own.iter().any(|own| name == *own)
            || plan.removed.iter().any(|removed| name == removed.as_str())
    };
    let mut environment: Vec<_> = std::env::vars_os()
        .filter(|(name, _)| !gone(name))
        .collect();
    let mut add = |name: &str, value: String| environment.push((name.into(), value.into()));
    add(MARK, plan.run.clone());
    if let Some(suite) = &plan.suite {
        add("GUARDRUN_RUN_SUITE", suite.clone());
    }
    if let Some(lifeline) = lifeline {
        add(LIFELINE, lifeline.as_raw_fd().to_string());
    }
    environment
}

/// Tries to do the run at this level.
pub(super) fn attempt(
    plan: &Plan,
    level: Level,
    surroundings: &mut Surroundings,
    listener: &mut dyn Listener,
) -> anyhow::Result<Attempt> {
    let lacking = |step, errno| Attempt::Lacking(host::lack(level, step, errno));
    let cgroup = match level {
        Level::Namespace | Level::Subreaper => None,
        Level::Cgroup => {
            let name = format!("guardrun-{}", plan.run);
            match cgroup::place(&name) {
                Ok(parent) => Some(parent.join(name)),
                Err((step, errno)) => return Ok(lacking(step, errno)),
            }
        }
    };
    let records = surroundings.records.as_deref();
    let record = record(plan, level, cgroup.clone(), records, listener);
    let leaf = match cgroup.as_deref().map(Leaf::make).transpose() {
        Ok(leaf) => leaf,
        Err(error) => {
            undo(None, record.as_ref());
            return Ok(lacking(Step::MakeLeaf, error.raw_os_error().unwrap_or(0)));
        }
    };
    if level != Level::Namespace {
        // So that what a killed keeper leaves comes to the front.
        prctl::become_subreaper().context("could not become a subreaper")?;
    }
    let namespaces = match level {
        Level::Cgroup | Level::Subreaper => Namespaces::Same,
        Level::Namespace if host::privilege().may_make_namespaces => Namespaces::PidMount,
        Level::Namespace => Namespaces::UserPidMount,
    };
    let (line, keepers_line) = socket::pair().context("could not make the line to the keeper")?;
    let job = surroundings.job.as_ref();
    let orders = Orders {
        level,
        ids: (namespaces == Namespaces::UserPidMount).then(Ids::own),
        line: keepers_line,
        front: &surroundings.front,
        command: &surroundings.command,
        inherited: &surroundings.inherited,
        terminal: job.map(Job::terminal),
        foreground: job.is_some_and(Job::starts_in_foreground),
        leaf: leaf.as_ref(),
        lifeline: surroundings.lifeline.as_ref().map(|ends| &ends.0),
        listens: surroundings.listens,
        record: record.as_ref(),
    };
    let child = clone::child(
        Birth {
            namespaces,
            cgroup: None,
        },
        || {
            // The front's ends: held by the keeper, they would never come to their end.
            fds::close_copy(&line);
            if let Some((_, write)) = &surroundings.lifeline {
                fds::close_copy(write);
            }
            signal::block(&Set::all());
            keeper::keep(orders)
        },
    );
    let keeper = match child {
        Ok(keeper) => keeper,
        Err(error) => {
            undo(leaf.as_ref(), record.as_ref());
            return Ok(lacking(Step::Fork, error.raw_os_error().unwrap_or(0)));
        }
    };
    debug!(%level, keeper = keeper.pid, cgroup = ?leaf.as_ref().map(Leaf::path), "forked the keeper");
    let supervised = supervise::supervise(
        plan,
        level,
        &keeper,
        &line,
        leaf.as_ref(),
        surroundings,
        listener,
    )?;
    let outcome = match supervised {
        Supervised::Lacking(step, errno) => {
            undo(leaf.as_ref(), record.as_ref());
            return Ok(lacking(step, errno));
        }
        Supervised::NotExecuted(errno) => Outcome {
            level: Some(level),
            lacks: Vec::new(),
            end: End::NotExecuted { errno },
            status: None,
            survivors: Vec::new(),
            unkilled: Vec::new(),
            elapsed: Duration::ZERO,
        },
        Supervised::Over(outcome) => outcome,
    };
    if outcome.unkilled.is_empty() {
        undo(leaf.as_ref(), record.as_ref());
    }
    Ok(Attempt::Over(outcome))
}

/// Removes what was made for a run of which nothing is left. Otherwise both stay, for the next sweep to find the rest by.
fn undo(leaf: Option<&Leaf>, record: Option<&Record>) {
    if let Some(leaf) = leaf {
        let _ = leaf.remove();
    }
    if let Some(record) = record {
        record.remove();
    }
}
