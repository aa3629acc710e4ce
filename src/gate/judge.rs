//! The judgement: a pure function of the policy, the request and the environment.

use super::environment::{Environment, GateState};
use super::grant::{Grant, OpenGate};
use super::refusal::{ClosedGate, Reason, Refusal};
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
    let (argv, named) = resolve(policy, request)?;
    let matched = policy.suite_for(&argv).map_err(|tie| Unjudged::tie(&tie))?;

    let asked_by_command = matches!(request, Request::Command { .. });
    if matched.is_none() && asked_by_command && policy.unmatched == Unmatched::Refuse {
        let command = argv.iter().map(|word| word.to_string_lossy());
        return Ok(Judgement::Refused(Refusal::new(
            Reason::Unmatched {
                command: shortened(&shell_words::join(command), 80),
                place: policy.unmatched_place.clone(),
            },
            environment.agent(),
        )));
    }

    let suites = concerned(named, matched);
    let (opened, closed) = ask_gates(policy, &suites, environment);
    if !closed.is_empty() {
        let reason = Reason::Closed(closed);
        return Ok(Judgement::Refused(Refusal::new(
            reason,
            environment.agent(),
        )));
    }
    Ok(Judgement::Allowed(grant(
        policy, argv, named, matched, opened,
    )))
}

/// What is to be run, and the suite that was named for it.
fn resolve<'p>(
    policy: &'p Policy,
    request: &Request,
) -> Result<(Vec<OsString>, Option<&'p Suite>), Unjudged> {
    match request {
        Request::Command { argv, .. } if argv.is_empty() => Err(Unjudged::no_command()),
        Request::Command { argv, suite } => {
            let named = suite.as_deref().map(|name| known_suite(policy, name));
            Ok((argv.clone(), named.transpose()?))
        }
        Request::Suite { name, extra } => {
            let suite = known_suite(policy, name)?;
            let Some(command) = &suite.command else {
                return Err(Unjudged::suite_without_command(suite));
            };
            let argv = command
                .iter()
                .map(OsString::from)
                .chain(extra.iter().cloned());
            Ok((argv.collect(), Some(suite)))
        }
    }
}

fn known_suite<'p>(policy: &'p Policy, name: &str) -> Result<&'p Suite, Unjudged> {
    policy
        .suite(name)
        .ok_or_else(|| Unjudged::unknown_suite(policy, name))
}

/// The suites whose rules hold for the command: the named one, and the one that it is.
fn concerned<'p>(named: Option<&'p Suite>, matched: Option<Candidate<'p>>) -> Vec<&'p Suite> {
    let mut suites: Vec<&Suite> = named.into_iter().collect();
    if let Some(found) = matched
        && named.is_none_or(|named| named.name != found.suite.name)
    {
        suites.push(found.suite);
    }
    suites
}

/// Asks every gate that the suites need, each once.
fn ask_gates(
    policy: &Policy,
    suites: &[&Suite],
    environment: &Environment,
) -> (Vec<OpenGate>, Vec<ClosedGate>) {
    let (mut opened, mut closed) = (Vec::<OpenGate>::new(), Vec::<ClosedGate>::new());
    for suite in suites {
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
    (opened, closed)
}

fn grant(
    policy: &Policy,
    argv: Vec<OsString>,
    named: Option<&Suite>,
    matched: Option<Candidate<'_>>,
    opened: Vec<OpenGate>,
) -> Grant {
    let suite = named.or(matched.map(|found| found.suite));
    let place = match (named, matched) {
        (Some(named), _) => &named.place,
        (None, Some(found)) => &found.pattern.place,
        (None, None) => &policy.unmatched_place,
    };
    let (hold, said) = match (suite, matched) {
        (Some(suite), Some(found)) if found.suite.name != suite.name => {
            suite.strictest(found.suite)
        }
        (Some(suite), _) => (suite.hold.clone(), suite.said.clone()),
        (None, _) => (policy.defaults.clone(), policy.defaults_said.clone()),
    };
    let needed = |variable: &str| opened.iter().any(|open| open.variable == variable);
    let removed = policy.gates.values().map(|gate| gate.env.clone());
    Grant {
        policy: policy.file.clone(),
        suite: suite.map(|suite| suite.name.clone()),
        place: place.clone(),
        argv,
        hold,
        said,
        removed: removed.filter(|variable| !needed(variable)).collect(),
        opened,
    }
}

impl Unjudged {
    /// What guardrun exits with: an error of the policy is another's than one of the command line.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    fn no_command() -> Unjudged {
        Unjudged {
            verdict: Verdict::Usage,
            message: "no command to judge\nhint: write it after `--`, as in guardrun -- cargo test"
                .into(),
        }
    }

    fn unknown_suite(policy: &Policy, name: &str) -> Unjudged {
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

    fn suite_without_command(suite: &Suite) -> Unjudged {
        let message = format!(
            "the suite `{}` has no command of its own ({})\nhint: give it a `command`, or run one as `guardrun --suite {} -- COMMAND`",
            suite.name, suite.place, suite.name
        );
        Unjudged {
            verdict: Verdict::Usage,
            message,
        }
    }

    fn tie(tie: &crate::policy::Tie<'_>) -> Unjudged {
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
