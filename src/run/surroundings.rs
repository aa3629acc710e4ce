//! What a run finds when it starts, the same at whatever level it is held: signals, terminal, parent, the suite's command and
//! environment. All of it is noted before the first fork.

use super::{Listener, job::Job, locks, relay::Relay};
use crate::gate;
use crate::host::{self, Parent};
use crate::ledger;
use crate::outcome::{End, Outcome};
use crate::plan::Plan;
use crate::registry::{self, MARK, Private};
use crate::sys::child::Command;
use crate::sys::clear::Cleared;
use crate::sys::identity::PidFd;
use crate::sys::signal::{self, Inherited, Set, SignalFd};
use crate::sys::{fds, share, title, wait};
use anyhow::Context;
use std::ffi::OsString;
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
    /// Only for a run with an idle limit; without it the suite's streams are not touched.
    pub(super) relay: Option<Relay>,
    /// The suite's private directories, if it has any.
    pub(super) private: Option<Private>,
    pub(super) had_children: bool,
    /// Whether the front is the last that the kernel takes when memory runs out.
    pub(super) protected: bool,
}

/// Signals by which somebody says that he does not want to wait.
const IMPATIENT: [i32; 4] = [signal::HUP, signal::INT, signal::QUIT, signal::TERM];

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
        let records = registry::directory(std::env::var_os("XDG_RUNTIME_DIR"));
        let records = records.inspect_err(|error| listener.no_record(error)).ok();
        if let Some(directory) = &records {
            registry::sweep(directory)
                .iter()
                .for_each(|swept| listener.swept(swept));
        }
        // As late as can be: what is made before the record is written nobody finds after a kill.
        let OfThisAttempt {
            command,
            listens,
            lifeline,
            private,
        } = OfThisAttempt::make(plan)?;
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
            relay: (plan.hold.idle.is_some() || plan.is_heard())
                .then(Relay::open)
                .transpose()
                .context("could not make the way for the suite's output")?,
            private,
            had_children: wait::have_children(),
            // Takes a privilege; without it the front is as safe as any small process beside a suite that goes first.
            protected: share::be_last_victim().is_ok(),
        }))
    }

    /// What has come in since the last attempt was over, if it is a reason not to make another.
    pub(super) fn end_asked_for_meanwhile(&self) -> Option<End> {
        let parent_died = self.parent.as_ref().is_some_and(PidFd::has_ended);
        if parent_died {
            return Some(End::ParentDied);
        }
        while let Some(arrived) = self.signals.next() {
            if let number @ (signal::TERM | signal::INT | signal::HUP | signal::QUIT) =
                arrived.signal
            {
                return Some(End::Asked(number));
            }
        }
        None
    }

    /// The same with what belongs to one attempt alone made anew.
    pub(super) fn for_another_attempt(self, plan: &Plan) -> anyhow::Result<Surroundings> {
        let OfThisAttempt {
            command,
            listens,
            lifeline,
            private,
        } = OfThisAttempt::make(plan)?;
        Ok(Surroundings {
            command,
            listens,
            lifeline,
            private,
            ..self
        })
    }

    /// Removes the private directories of a run that is over. Where somebody of it still lives, or somebody asks guardrun to
    /// end meanwhile, they are left to the next sweep.
    pub(super) fn clear(&self, outcome: &Outcome) -> Option<Box<Cleared>> {
        let private = self.private.as_ref()?;
        if !outcome.unkilled.is_empty() {
            private.leave();
            return None;
        }
        let asked =
            || std::iter::from_fn(|| self.signals.next()).any(|it| IMPATIENT.contains(&it.signal));
        private.remove(|| !asked()).map(Box::new)
    }
}

/// What each attempt has of its own: the run's mark in the environment, the private directories, and the lifeline.
struct OfThisAttempt {
    command: Command,
    listens: bool,
    lifeline: Option<(OwnedFd, OwnedFd)>,
    private: Option<Private>,
}

impl OfThisAttempt {
    fn make(plan: &Plan) -> anyhow::Result<OfThisAttempt> {
        let lifeline = plan
            .hold
            .lifeline
            .then(lifeline)
            .transpose()
            .context("could not make the lifeline")?;
        let private = private(plan)?;
        let environment = plan.environment.complete(
            private.as_ref().map(Private::path),
            told(plan, lifeline.as_ref().map(|ends| &ends.0)),
        );
        let own = std::process::id().to_string();
        let listens = environment
            .iter()
            .any(|(name, value)| name == "LISTEN_PID" && *value == *own);
        let command = Command::new(plan.command.iter().cloned(), environment)
            .context("the command cannot be passed on")?;
        Ok(OfThisAttempt {
            command,
            listens,
            lifeline,
            private,
        })
    }
}

/// The read end, out of the way of scripts, which use the low numbers, and the write end.
fn lifeline() -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = fds::pipe()?;
    Ok((fds::move_up(read, 10)?, write))
}

/// Tells the gates inside the suite to fail where they would skip.
const REQUIRE: &str = "GUARDRUN_REQUIRE";

/// What guardrun itself tells the suite.
fn told(plan: &Plan, lifeline: Option<&OwnedFd>) -> Vec<(&'static str, OsString)> {
    let mut told: Vec<(&'static str, OsString)> = vec![
        (MARK, plan.run.clone().into()),
        (locks::ABOVE, locks::runs_above_and(&plan.run).into()),
    ];
    let opened = plan.opened.iter().map(|open| open.variable.as_str());
    let opened: Vec<&str> = opened.collect();
    if !opened.is_empty() {
        told.push((gate::OPENED, opened.join(",").into()));
    }
    if let Some(ledger) = &plan.ledger {
        told.push((ledger::PATH, ledger.into()));
    }
    if let Some(suite) = &plan.suite {
        told.push(("GUARDRUN_RUN_SUITE", suite.into()));
    }
    if plan.owed.iter().any(|owed| owed.required) {
        told.push((REQUIRE, "1".into()));
    }
    if let Some(lifeline) = lifeline {
        told.push((LIFELINE, lifeline.as_raw_fd().to_string().into()));
    }
    told
}

/// The place of the private directories, if the plan asks for some.
fn private(plan: &Plan) -> anyhow::Result<Option<Private>> {
    if plan.environment.private.is_empty() {
        return Ok(None);
    }
    Private::make(std::env::var_os("TMPDIR"))
        .map(Some)
        .context("could not make the suite's private directories")
}
