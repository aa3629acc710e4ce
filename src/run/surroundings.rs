//! What a run finds when it starts, the same at whatever level it is held: signals, terminal, parent, the suite's command and
//! environment. All of it is noted before the first fork.

use super::{Listener, job::Job};
use crate::host::{self, Parent};
use crate::plan::Plan;
use crate::registry::{self, MARK};
use crate::sys::child::Command;
use crate::sys::identity::PidFd;
use crate::sys::signal::{self, Inherited, Set, SignalFd};
use crate::sys::{fds, title, wait};
use anyhow::Context;
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

/// The variable that carries the number of the lifeline's descriptor.
const LIFELINE: &str = "GUARDRUN_LIFELINE_FD";

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
    pub(super) inherited: Inherited,
    pub(super) front: PidFd,
    /// The process that started guardrun; None when the run is to outlive it, or it cannot be watched.
    pub(super) parent: Option<PidFd>,
    pub(super) job: Option<Job>,
    /// Where records are kept; None when that cannot be had, which has been said.
    pub(super) records: Option<PathBuf>,
    pub(super) command: Command,
    pub(super) listens: bool,
    /// (read end for the suite, write end that only the front holds)
    pub(super) lifeline: Option<(OwnedFd, OwnedFd)>,
    pub(super) had_children: bool,
}

impl Surroundings {
    /// Takes in everything that is to be known before the first fork, and sweeps what dead runs have left.
    ///
    /// None when the process that started guardrun died meanwhile and the run was not to outlive it.
    pub(super) fn take_in(
        plan: &Plan,
        listener: &mut dyn Listener,
    ) -> anyhow::Result<Option<Surroundings>> {
        let hup_ignored = signal::is_ignored(signal::HUP);
        let parent = match plan.hold.outlive_parent || hup_ignored {
            true => None,
            false => match host::parent() {
                Parent::Held(held) => Some(held),
                Parent::OutOfReach => None,
                Parent::Gone => return Ok(None),
            },
        };
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
        Ok(Some(Surroundings {
            signals,
            inherited,
            front: PidFd::own()
                .context("could not open a pidfd; guardrun needs Linux 5.4 or later")?,
            parent,
            job: Job::open(),
            records,
            command,
            listens,
            lifeline,
            had_children: wait::have_children(),
        }))
    }
}

/// The read end, out of the way of scripts, which use the low numbers, and the write end.
fn lifeline() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = fds::pipe()?;
    Ok((fds::move_up(read, 10)?, write))
}

/// Tells the gates inside the suite to fail where they would skip.
const REQUIRE: &str = "GUARDRUN_REQUIRE";

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
    let required = plan.owed.iter().any(|owed| owed.required);
    let gone = |name: &OsStr| {
        (required && name == REQUIRE)
            || own.iter().any(|own| name == *own)
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
    if required {
        add(REQUIRE, "1".to_owned());
    }
    if let Some(lifeline) = lifeline {
        add(LIFELINE, lifeline.as_raw_fd().to_string());
    }
    environment
}
