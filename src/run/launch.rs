//! Setting up a run at one level: everything up to the birth of the keeper.

use super::hold::Hold;
use super::limits::{self, Limits};
use super::supervise::{self, Made, Supervised};
use super::surroundings::Surroundings;
use super::{Listener, Locks, job::Job, relay::Relay};
use crate::audit::{About, Audit};
use crate::contain::{self, Leaf};
use crate::fence::{Attention, Watch};
use crate::host;
use crate::keeper::{self, Orders};
use crate::outcome::{self, End, Enforcement, InForce, Lack, Outcome, Step};
use crate::plan::{self, Plan};
use crate::registry::{Entry, Event, Limit, Moment, Private, PrivatePlace, Record, Scope};
use crate::sys::clone::{self, Birth, Namespaces};
use crate::sys::namespace::Ids;
use crate::sys::signal::{self, Set};
use crate::sys::stream::Stream;
use crate::sys::{fds, prctl, procfs, socket};
use crate::values::{Level, ProcessId};
use anyhow::Context;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tracing::debug;

/// What became of an attempt.
#[expect(
    clippy::large_enum_variant,
    reason = "a process makes few of these in its life"
)]
pub(super) enum Attempt {
    /// The level could not be had; nothing was started.
    Lacking(Lack),
    /// The run is over.
    Over(Outcome),
}

/// Writes the record. A run that cannot be recorded is held none the worse, and that is said.
fn record(
    plan: &Plan,
    level: Level,
    cgroup: Option<PathBuf>,
    private: Option<PrivatePlace>,
    directory: Option<&Path>,
    locks: &Locks,
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
        scope: Scope::here(),
        front: ProcessId {
            pid: own,
            start: procfs::stat(own).map_or(0, |stat| stat.id.start),
        },
        suite: plan.suite.clone(),
        command: command.join(" "),
        level,
        cgroup,
        private,
        started: Moment::now(),
        locks: locks.names().to_vec(),
    };
    Record::create(directory?, &entry)
        .inspect_err(|error| listener.no_record(error))
        .ok()
}

/// Tries to do the run at this level.
pub(super) fn attempt(
    plan: &Plan,
    level: Level,
    lacks: &[Lack],
    locks: &Locks,
    surroundings: &mut Surroundings,
    listener: &mut dyn Listener,
) -> anyhow::Result<Attempt> {
    let lacking = |step, errno| Attempt::Lacking(host::lack(level, step, errno));
    let name = format!("guardrun-{}", plan.run);
    let wanted = limits::wanted(&plan.hold.ceilings);
    let ground = match level {
        // Without ceilings there is no need of a cgroup.
        Level::Namespace | Level::Subreaper if wanted.is_empty() => None,
        Level::Namespace | Level::Subreaper => contain::ground(&name, &wanted)
            .ok()
            .filter(|ground| !ground.limits.is_empty()),
        Level::Cgroup => match contain::ground(&name, &wanted) {
            Ok(ground) => Some(ground),
            Err((step, errno)) => return Ok(lacking(step, errno)),
        },
    };
    let cgroup = ground.as_ref().map(|ground| ground.parent.join(name));
    let records = surroundings.records.as_deref();
    let private = surroundings.private.as_ref().map(Private::place).cloned();
    let record = record(
        plan,
        level,
        cgroup.clone(),
        private,
        records,
        locks,
        listener,
    );
    if let Some(private) = &surroundings.private
        && let Err(error) = private.furnish(&plan.environment.directories())
    {
        undo(None, record.as_ref());
        return Err(error).context("could not make the suite's private directories");
    }
    let leaf = match cgroup.as_deref().map(Leaf::make).transpose() {
        Ok(leaf) => leaf,
        Err(error) => {
            undo(None, record.as_ref());
            return Ok(lacking(Step::MakeLeaf, error.raw_os_error().unwrap_or(0)));
        }
    };
    let limits = Limits::set(&plan.hold.ceilings, leaf.as_ref(), ground.as_ref());
    if level != Level::Namespace {
        // So that what a killed keeper leaves comes to the front.
        prctl::become_subreaper().context("could not become a subreaper")?;
    }
    let namespaces = match level {
        Level::Cgroup | Level::Subreaper => Namespaces::Same,
        Level::Namespace if plan.privilege.may_make_namespaces => Namespaces::PidMount,
        Level::Namespace => Namespaces::UserPidMount,
    };
    let (line, keepers_line) = socket::pair().context("could not make the line to the keeper")?;
    let foreground = surroundings.job.as_mut().is_some_and(Job::offer_foreground);
    let attention = match plan.audit {
        plan::Audit::No => Attention::Refusals,
        plan::Audit::Yes | plan::Audit::OnStdout => Attention::Everything,
    };
    let (mut fence, entry) =
        Watch::prepare(&plan.hold.fence, attention).context("could not prepare the fence")?;
    let (mut audit, eyes) = match plan.audit {
        plan::Audit::No => (None, None),
        plan::Audit::Yes | plan::Audit::OnStdout => {
            let (audit, eyes) =
                Audit::prepare(about(plan, level)).context("could not prepare the audit")?;
            (Some(audit), Some(eyes))
        }
    };
    let mut outputs = surroundings
        .relay
        .as_ref()
        .map(Relay::outputs)
        .unwrap_or_default();
    if plan.audit == plan::Audit::OnStdout {
        outputs.push((Stream::Out, Stream::Err.own()));
    }
    let orders = Orders {
        fence: entry,
        audit: eyes,
        level,
        ids: (namespaces == Namespaces::UserPidMount).then(Ids::own),
        line: keepers_line,
        front: &surroundings.front,
        command: &surroundings.command,
        inherited: &surroundings.inherited,
        terminal: surroundings.job.as_ref().map(Job::terminal),
        foreground,
        leaf: leaf.as_ref(),
        outputs,
        lifeline: surroundings.lifeline.as_ref().map(|ends| &ends.0),
        listens: surroundings.listens,
        open_files: plan.hold.ceilings.open_files,
        processors: limits.processors(),
        protected: surroundings.protected,
        record: record.as_ref(),
        locks: locks.held(),
        private: surroundings.private.as_ref(),
    };
    let child = clone::child(
        Birth {
            namespaces,
            cgroup: None,
        },
        || {
            // The front's ends: held by the keeper, they would never come to their end.
            fds::close_copy(&line);
            if let Some(door) = fence.door() {
                fds::close_copy(door);
            }
            if let Some(door) = audit.as_ref().and_then(Audit::door) {
                fds::close_copy(door);
            }
            if let Some((_, write)) = &surroundings.lifeline {
                fds::close_copy(write);
            }
            if let Some(relay) = &surroundings.relay {
                relay.close_copies();
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
    fence.below(keeper.pid);
    if let Some(audit) = &mut audit {
        audit.below(keeper.pid);
    }
    if let Some(record) = &record {
        note_start(record, level, lacks, keeper.pid);
        note_limits(record, plan, &limits.in_force, locks);
    }
    let made = Made {
        hold: Hold {
            level,
            run: &plan.run,
            keeper: &keeper,
            leaf: leaf.as_ref(),
            had_children: surroundings.had_children,
            orphaned: false,
        },
        limits,
        fence,
        audit,
        record: record.as_ref(),
        time_left: locks.time_left(),
    };
    let supervised = supervise::supervise(plan, made, &line, surroundings, listener)?;
    let outcome = match supervised {
        Supervised::Lacking(step, errno) => {
            undo(leaf.as_ref(), record.as_ref());
            return Ok(lacking(step, errno));
        }
        Supervised::NotExecuted(errno) => {
            Outcome::of_nothing(Some(level), End::NotExecuted { errno }, Vec::new())
        }
        Supervised::Over(outcome) => *outcome,
    };
    if let Some(record) = &record {
        note_end(record, plan, &outcome);
        if let Some(error) = record.trouble() {
            listener.record_cut_short(&error);
        }
    }
    let cleared = surroundings.clear(&outcome);
    if outcome.unkilled.is_empty() {
        if let Some(leaf) = &leaf {
            let _ = leaf.remove();
        }
        let done = cleared.as_ref().is_none_or(|cleared| cleared.finished);
        if let Some(record) = record.as_ref().filter(|_| done) {
            record.finish();
        }
    }
    Ok(Attempt::Over(Outcome { cleared, ..outcome }))
}

/// What the first event of an audit says.
fn about(plan: &Plan, level: Level) -> About {
    let words = plan.command.iter();
    let directory = std::env::current_dir().unwrap_or_default();
    About {
        schema: crate::audit::SHAPE,
        guardrun: env!("CARGO_PKG_VERSION").to_owned(),
        run: plan.run.clone(),
        suite: plan.suite.clone(),
        command: words
            .map(|word| word.to_string_lossy().into_owned())
            .collect(),
        cwd: directory.to_string_lossy().into_owned(),
        started: jiff::Timestamp::now().to_string(),
        level: level.name().to_owned(),
        fence: plan.hold.fence.class.name().to_owned(),
        host: crate::audit::Host {
            cpus: host::processors(),
            memory_bytes: procfs::machine_memory(),
        },
        eyes: vec!["ptrace".to_owned(), "seccomp".to_owned()],
        gaps: Vec::new(),
    }
}

/// Notes at which level the run is held.
fn note_start(record: &Record, level: Level, lacks: &[Lack], keeper: i32) {
    record.note(&Event::Held {
        level,
        keeper: ProcessId {
            pid: keeper,
            start: procfs::stat(keeper).map_or(0, |stat| stat.id.start),
        },
        lacks: lacks.to_vec(),
    });
}

/// Notes what limits it, and who holds it to that.
fn note_limits(record: &Record, plan: &Plan, in_force: &[InForce], locks: &Locks) {
    let by_clock = |name: &str, time: Duration| Limit {
        name: name.to_owned(),
        value: humantime::format_duration(time).to_string(),
        enforcement: "guardrun's clock".to_owned(),
    };
    let mut limits = vec![by_clock("grace", plan.hold.grace)];
    limits.extend(plan.hold.timeout.map(|time| by_clock("timeout", time)));
    limits.extend(plan.hold.idle.map(|idle| by_clock("idle", idle.after)));
    limits.extend(
        locks
            .time_left()
            .map(|time| by_clock("expires-after", time)),
    );
    limits.extend(in_force.iter().map(|one| Limit {
        name: one.resource.name().to_owned(),
        value: one.amount(),
        enforcement: match one.by {
            Enforcement::Kernel => "the kernel, on the suite's cgroup".to_owned(),
            Enforcement::Watch => "guardrun's watch".to_owned(),
            Enforcement::Affinity => "kept to so many processors".to_owned(),
        },
    }));
    record.note(&Event::Limits { limits });
}

/// Notes how it ended.
fn note_end(record: &Record, plan: &Plan, outcome: &Outcome) {
    let ending = outcome::explain(outcome, plan.hold.leaks);
    record.note(&Event::Ending {
        verdicts: ending.verdicts,
        cause: ending.cause,
        status: outcome.status,
        elapsed_seconds: outcome.elapsed.as_secs_f64(),
        peak: outcome.peak,
        unkilled: outcome.unkilled.clone(),
    });
}

/// Removes what was made for an attempt that did not come about.
fn undo(leaf: Option<&Leaf>, record: Option<&Record>) {
    if let Some(leaf) = leaf {
        let _ = leaf.remove();
    }
    if let Some(record) = record {
        record.remove();
    }
}
