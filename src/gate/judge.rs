//! The judgement: a pure function of the policy, the request and the environment.

use super::environment::{Environment, GateState};
use super::grant::{Grant, OpenGate};
use super::owed::Owed;
use super::refusal::{ClosedGate, Reason, Refusal};
use super::ruling::Ruling;
use crate::exit::Verdict;
use crate::policy::text::{nearest, printable, shortened};
use crate::policy::{Candidate, Policy, Suite, Unmatched};
use std::ffi::OsString;
use std::fmt;

/// What somebody wants to run.
#[derive(Clone, Debug)]
pub enum Request {
    /// A command line, perhaps to be treated as a suite.
    Command {
        /// The program and its arguments.
        argv: Vec<OsString>,
        /// The suite's name, from `--suite`.
        suite: Option<String>,
    },
    /// A suite of the policy by its name, with these arguments after those of its own command.
    Suite {
        /// The suite's name.
        name: String,
        /// Passed on as they are.
        extra: Vec<OsString>,
    },
}

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

/// Why no judgement could be made. Nothing runs then either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    verdict: Verdict,
    message: String,
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

impl Unjudged {
    /// What guardrun exits with: an error of the policy is another's than one of the command line.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    pub(super) fn no_command() -> Unjudged {
        Unjudged {
            verdict: Verdict::Usage,
            message: "no command to judge\nhint: write it after `--`, as in guardrun -- cargo test"
                .into(),
        }
    }

    pub(super) fn unknown_suite(policy: &Policy, name: &str) -> Unjudged {
        let known: Vec<&str> = policy
            .suites
            .iter()
            .map(|suite| suite.name.as_str())
            .collect();
        let mut message = format!("there is no suite `{}`", shortened(name, 60));
        if let Some(near) = nearest(name, known.iter().copied()) {
            message.push_str(&format!("\ndid you mean `{near}`?"));
        }
        message.push_str(&match (&policy.file, known.is_empty()) {
            (None, _) => {
                "\nhint: there is no policy here; `guardrun init` writes a first one".to_owned()
            }
            (Some(_), true) => "\nhint: the policy describes no suite yet".to_owned(),
            (Some(_), false) => format!(
                "\nhint: the suites are {}",
                shortened(&known.join(", "), 400)
            ),
        });
        Unjudged {
            verdict: Verdict::Usage,
            message,
        }
    }

    pub(super) fn suite_without_command(suite: &Suite) -> Unjudged {
        let message = format!(
            "the suite `{}` has no command of its own ({})\nhint: give it a `command`, or run one as `guardrun --suite {} -- COMMAND`",
            suite.name, suite.place, suite.name
        );
        Unjudged {
            verdict: Verdict::Usage,
            message,
        }
    }

    pub(super) fn tie(tie: &crate::policy::Tie<'_>) -> Unjudged {
        let line = |one: &Candidate<'_>| {
            let pattern = printable(&one.pattern.text);
            format!(
                "{}: `{pattern}` says `{}`",
                one.pattern.place, one.suite.name
            )
        };
        let message = format!(
            "the command is the suite `{}` and the suite `{}` alike\n{}\n{}\nhint: make one of the two patterns more specific, and hold it with an example",
            tie.first.suite.name,
            tie.second.suite.name,
            line(&tie.first),
            line(&tie.second)
        );
        Unjudged {
            verdict: Verdict::BadPolicy,
            message,
        }
    }
}

impl fmt::Display for Unjudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unjudged {}
