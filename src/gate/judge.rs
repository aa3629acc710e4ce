//! The judgement: a pure function of the policy, the request and the environment.

use super::environment::{Environment, GateState};
use super::grant::{Grant, OpenGate};
use super::owed::Owed;
use super::refusal::{ClosedGate, Reason, Refusal};
use super::request::{Request, Unjudged};
use super::ruling::Ruling;
use crate::policy::{Policy, Unmatched};

/// The answer.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "a process makes one of these in its life"
)]
pub enum Judgement {
    /// It may run.
    Allowed(Grant),
    /// It may not.
    Refused(Refusal),
}

/// Whether the policy allows the request in this environment.
///
/// The gates of the suite that was named *and* of the suite that the command line is must be open, and the
/// command is held as the stricter of the two says: to name a suite never loosens. `CI` is not looked at.
pub fn judge(
    policy: &Policy,
    request: &Request,
    environment: &Environment,
) -> Result<Judgement, Unjudged> {
    let ruling = Ruling::of(policy, request)?;
    let reason = match ask_gates(policy, &ruling, environment) {
        _ if refuses_unmatched(policy, request, &ruling) => Reason::Unmatched {
            command: ruling.argv.clone(),
            place: policy.unmatched_place.clone(),
        },
        Ok(opened) => return Ok(Judgement::Allowed(grant(policy, ruling, opened))),
        Err(closed) => Reason::Closed(closed),
    };
    Ok(Judgement::Refused(Refusal::new(
        reason,
        environment.agent(),
    )))
}

/// Whether the policy refuses this for not knowing it. To name a suite for such a command helps nothing; a suite
/// that is run by its name is known, whatever arguments are added.
fn refuses_unmatched(policy: &Policy, request: &Request, ruling: &Ruling<'_>) -> bool {
    policy.unmatched == Unmatched::Refuse
        && ruling.matched.is_none()
        && matches!(request, Request::Command { .. })
}

/// Asks every gate that the request needs, each once: all are open, or these are closed.
fn ask_gates(
    policy: &Policy,
    ruling: &Ruling<'_>,
    environment: &Environment,
) -> Result<Vec<OpenGate>, Vec<ClosedGate>> {
    let (mut opened, mut closed) = (Vec::<OpenGate>::new(), Vec::<ClosedGate>::new());
    for suite in ruling.concerned() {
        let Some(gate) = policy.gate_of(suite) else {
            continue;
        };
        match environment.gate(&gate.env) {
            GateState::Open if opened.iter().any(|open| open.gate == gate.name) => {}
            GateState::Open => opened.push(OpenGate {
                gate: gate.name.clone(),
                variable: gate.env.clone(),
            }),
            _ if closed.iter().any(|other| other.gate.name == gate.name) => {}
            state => closed.push(ClosedGate {
                suite: suite.name.clone(),
                gate: gate.clone(),
                state,
            }),
        }
    }
    if closed.is_empty() {
        Ok(opened)
    } else {
        Err(closed)
    }
}

fn grant(policy: &Policy, ruling: Ruling<'_>, opened: Vec<OpenGate>) -> Grant {
    let needed = |variable: &str| opened.iter().any(|open| open.variable == variable);
    let variables = policy.gates.values().map(|gate| gate.env.clone());
    Grant {
        policy: policy.file.clone(),
        suite: ruling.suite().map(|suite| suite.name.clone()),
        place: ruling.place.clone(),
        removed: variables.filter(|variable| !needed(variable)).collect(),
        owed: ruling.concerned().into_iter().map(Owed::of).collect(),
        receipts: policy.receipts.clone(),
        argv: ruling.argv,
        hold: ruling.hold,
        said: ruling.said,
        opened,
    }
}
