//! What a machine reads about a run. Field names are stable.

use super::cleared;
use super::environment::EnvironmentView;
use crate::exit::{Exit, Verdict};
use crate::outcome::{End, Ending, Outcome};
use crate::plan::Plan;
use crate::plan::room::Short;
use crate::sys::signal;
use serde_json::{Value, json};

/// A whole run.
pub(super) fn ending(plan: &Plan, outcome: &Outcome, ending: &Ending) -> Value {
    let command: Vec<_> = plan
        .command
        .iter()
        .map(|arg| arg.to_string_lossy())
        .collect();
    json!({
        "run": plan.run,
        "suite": plan.suite,
        "command": command,
        "level": outcome.level,
        "lacks": outcome.lacks,
        "end": end(outcome.end),
        "status": outcome.status,
        "verdicts": ending.verdicts,
        "exit": exit(ending.exit),
        "cause": ending.cause,
        "elapsed_seconds": outcome.elapsed.as_secs_f64(),
        "survivors": outcome.survivors,
        "unkilled": outcome.unkilled,
        "proof": ending.proof,
        "mute": outcome.mute,
        "limits": outcome.limits,
        "peak": outcome.peak,
        "killed_for_memory": outcome.killed_for_memory,
        "private": outcome.cleared.as_ref().map(|cleared| cleared::json(cleared, &plan.environment)),
    })
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

fn end(end: End) -> Value {
    match end {
        End::Itself => json!("itself"),
        End::Timeout(limit) => json!({ "timeout_seconds": limit.as_secs_f64() }),
        End::Silent(limit) => json!({ "silent_seconds": limit.as_secs_f64() }),
        End::OverLimit(reached) => json!({ "over_limit": reached }),
        End::Asked(number) => json!({ "signal": number, "name": signal::name(number) }),
        End::ParentDied => json!("parent-died"),
        End::StdoutClosed => json!("stdout-closed"),
        End::KeeperDied => json!("keeper-died"),
        End::NotExecuted { errno } => json!({ "not-executed": errno }),
        End::NotContained => json!("not-contained"),
    }
}
