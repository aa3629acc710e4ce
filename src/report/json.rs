//! What a machine reads about a run. Field names are stable.

use super::environment::EnvironmentView;
use super::{Account, cleared};
use crate::exit::{Exit, TABLE, Verdict};
use crate::outcome::{Attempt, Class, End, Peak};
use crate::plan::Plan;
use crate::plan::room::Short;
use crate::sys::signal;
use crate::values::Usage;
use serde_json::{Value, json};
use std::ffi::OsString;

/// The number of the shape of a record. It grows when something is taken away or comes to mean something else; what is
/// added does not change it.
const SHAPE: u32 = 1;

/// A whole run. docs/guardrun-report.schema.json describes it.
pub(super) fn ending(account: &Account<'_>) -> Value {
    let Account {
        plan,
        outcome,
        ending,
        earlier,
    } = account;
    let command: Vec<_> = plan
        .command
        .iter()
        .map(|arg| arg.to_string_lossy())
        .collect();
    let attempts: Vec<_> = earlier.iter().map(attempt).collect();
    json!({
        "schema": SHAPE,
        "guardrun": env!("CARGO_PKG_VERSION"),
        "run": plan.run,
        "suite": plan.suite,
        "command": command,
        "level": outcome.level,
        "lacks": outcome.lacks,
        "limits": outcome.limits,
        "end": end(outcome.end),
        "class": ending.class,
        "status": outcome.status,
        "verdicts": ending.verdicts,
        "exit": exit(ending.exit),
        "cause": ending.cause,
        "started": outcome.started.map(|started| started.to_string()),
        "elapsed_seconds": outcome.elapsed.as_secs_f64(),
        "survivors": outcome.survivors,
        "unkilled": outcome.unkilled,
        "ledger": outcome.ledger,
        "proof": ending.proof,
        "mute": outcome.mute,
        "killed": outcome.killed,
        "peak": outcome.peak,
        "oom_kills": outcome.oom,
        "usage": outcome.usage.map(usage),
        "host": host(),
        "earlier_attempts": attempts,
        "flaky": account.is_flaky(),
        "private": outcome.cleared.as_ref().map(|cleared| cleared::json(cleared, &plan.environment)),
        "fence": outcome.fenced,
        "census": outcome.census,
    })
}

/// A run that did not come about: refused, or in vain before anything was started.
pub(super) fn not_run(suite: Option<&str>, command: &[OsString], exit_: Exit) -> Value {
    let command: Vec<_> = command.iter().map(|arg| arg.to_string_lossy()).collect();
    let verdict = match exit_ {
        Exit::Code(code) => TABLE.iter().find(|row| row.code == code),
        Exit::Signal(_) => None,
    };
    json!({
        "schema": SHAPE,
        "guardrun": env!("CARGO_PKG_VERSION"),
        "run": null,
        "suite": suite,
        "command": command,
        "level": null,
        "lacks": [],
        "limits": [],
        "end": { "name": "not-run" },
        "class": Class::NotStarted,
        "status": null,
        "verdicts": verdict.map(|row| row.verdict).into_iter().collect::<Vec<_>>(),
        "exit": exit(exit_),
        "cause": verdict.map_or("nothing was run", |row| row.meaning),
        "started": null,
        "elapsed_seconds": 0.0,
        "survivors": [],
        "unkilled": [],
        "ledger": null,
        "proof": [],
        "killed": false,
        "mute": false,
        "peak": Peak::default(),
        "oom_kills": { "suite": null, "machine": null },
        "usage": null,
        "host": host(),
        "earlier_attempts": [],
        "flaky": false,
        "private": null,
        "fence": null,
        "census": null,
    })
}

fn attempt(attempt: &Attempt) -> Value {
    json!({
        "run": attempt.run,
        "class": attempt.ending.class,
        "exit": exit(attempt.ending.exit),
        "cause": attempt.ending.cause,
        "started": attempt.started.map(|started| started.to_string()),
        "elapsed_seconds": attempt.elapsed.as_secs_f64(),
    })
}

fn usage(usage: Usage) -> Value {
    json!({
        "user_seconds": usage.user.as_secs_f64(),
        "system_seconds": usage.system.as_secs_f64(),
        "largest_resident_bytes": usage.largest_resident_bytes,
    })
}

fn host() -> Value {
    json!({ "kernel": crate::host::kernel(), "uid": nix::unistd::geteuid().as_raw() })
}

/// Anything that knows its own JSON.
pub(super) fn of(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).expect("what is printed has string keys and finite numbers")
}

/// What would be run.
pub(super) fn plan(plan: &Plan) -> Value {
    let command: Vec<_> = plan
        .command
        .iter()
        .map(|arg| arg.to_string_lossy())
        .collect();
    let opened: Vec<_> = plan
        .opened
        .iter()
        .map(|open| json!({ "gate": open.gate, "variable": open.variable }))
        .collect();
    json!({
        "suite": plan.suite,
        "command": command,
        "levels": plan.ladder,
        "at_least": plan.hold.at_least,
        "timeout_seconds": plan.hold.timeout.map(|time| time.as_secs_f64()),
        "grace_seconds": plan.hold.grace.as_secs_f64(),
        "idle": plan.hold.idle.map(|idle| {
            json!({ "after_seconds": idle.after.as_secs_f64(), "working": idle.working.name() })
        }),
        "gates": opened,
        "fence": plan.hold.fence.class,
        "locks": plan.hold.locks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "removed": plan.removed,
        "environment": EnvironmentView::of(&plan.environment),
    })
}

/// A run for which there is no room.
pub(super) fn no_room(plan: &Plan, short: &[Short]) -> Value {
    let mut value = failure(Verdict::NoRoom, "there is no room for the suite");
    value["suite"] = json!(plan.suite);
    value["short"] = json!(short);
    value
}

/// A failure of guardrun's own.
pub(super) fn failure(verdict: Verdict, text: &str) -> Value {
    json!({ "verdicts": [verdict], "exit": exit(verdict.into()), "cause": text })
}

fn exit(exit: Exit) -> Value {
    match exit {
        Exit::Code(code) => json!({ "code": code }),
        Exit::Signal(number) => json!({ "signal": number, "name": signal::name(number) }),
    }
}

/// The name is the same key for every end; what else there is to know stands beside it.
fn end(end: End) -> Value {
    let name = end.name();
    match end {
        End::Timeout(limit) | End::Expired(limit) | End::Silent(limit) => {
            json!({ "name": name, "limit_seconds": limit.as_secs_f64() })
        }
        End::OverLimit(reached) => json!({ "name": name, "reached": reached }),
        End::Asked(number) => {
            json!({ "name": name, "signal": number, "signal_name": signal::name(number) })
        }
        End::NotExecuted { errno } => json!({ "name": name, "errno": errno }),
        End::Itself | End::ParentDied | End::StdoutClosed | End::KeeperDied | End::NotContained => {
            json!({ "name": name })
        }
    }
}
