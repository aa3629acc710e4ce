//! `guardrun explain`: what would happen, and which line of the policy says so. Runs nothing and probes nothing.

mod command;
mod environment;
mod survey;

pub use command::{Explanation, explain};
pub use environment::EnvironmentPart;
pub use survey::{Survey, survey};

use super::gather;
use crate::cli::{self, General};
use crate::exit::Exit;
use crate::gate::Request;
use crate::host::origin;
use crate::policy::{Hold, Note, Place, Policy, Said};
use crate::report::{self, Voice};
use serde::Serialize;
use std::path::Path;
use std::time::Duration;

/// Explains a command, a suite, or all suites.
pub(super) fn command(voice: &Voice, general: &General, options: cli::Explain) -> Exit {
    let policy = match gather::policies(voice, general) {
        Ok(policies) => policies.first,
        Err(exit) => return exit,
    };
    let environment = gather::environment();
    let request = match options {
        cli::Explain {
            suite: None,
            command,
        } if command.is_empty() => {
            return report::answer(voice, &survey(&policy, &environment));
        }
        cli::Explain {
            suite: Some(name),
            command,
        } if command.is_empty() => Request::Suite {
            name,
            extra: Vec::new(),
        },
        cli::Explain { suite, command } => Request::Command {
            argv: command,
            suite,
        },
    };
    let from = |variable: &str| origin::of(variable, Path::new("/proc"));
    match explain(&policy, &request, &environment, from) {
        Ok(explanation) => report::answer(voice, &explanation),
        Err(unjudged) => {
            report::failure(voice, unjudged.verdict(), &unjudged.to_string());
            unjudged.verdict().into()
        }
    }
}

/// How a run would be held, with the place of each part; the places of what nobody has said are None.
#[derive(Debug, Serialize)]
pub struct HoldView {
    /// The level to use, or `auto`.
    pub level: Part,
    /// The weakest level that will do.
    pub at_least: Part,
    /// The wall clock limit, or `none`.
    pub timeout: Part,
    /// Time between asking and killing.
    pub grace: Part,
    /// The limit of silence, or `none`.
    pub idle: Part,
    /// What its tests may not do.
    pub fence: Part,
    /// `fail` or `warn`.
    pub leaks: &'static str,
    /// The locks that it needs.
    pub locks: Vec<Part>,
    /// Whether there is a lifeline.
    pub lifeline: bool,
    /// Whether the run may outlive the process that started guardrun.
    pub outlive_parent: bool,
    /// After what it is tried again, and how often; or `never`.
    pub retry: String,
    /// Where the suite writes its own JUnit report.
    pub junit: Option<String>,
    /// Programs that may be left behind.
    pub leftovers: Vec<LeftoverView>,
}

/// One part of a hold.
#[derive(Debug, Serialize)]
pub struct Part {
    /// What holds.
    pub value: String,
    /// The line that says so.
    pub place: Option<String>,
}

/// A program that may be left behind.
#[derive(Debug, Serialize)]
pub struct LeftoverView {
    /// A glob over its base name.
    pub program: String,
    /// Why that is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub expires: Option<String>,
}

/// Something that the reader of the policy ought to know.
#[derive(Debug, Serialize)]
pub struct NoteView {
    /// The line that it is about.
    pub place: String,
    /// One sentence.
    pub text: String,
}

impl HoldView {
    fn of(hold: &Hold, said: &Said) -> HoldView {
        let part = |value: String, place: &Option<Place>| Part {
            value,
            place: place.as_ref().map(Place::to_string),
        };
        HoldView {
            level: part(
                hold.level
                    .map_or("auto", crate::values::Level::name)
                    .to_owned(),
                &said.level,
            ),
            at_least: part(hold.at_least.name().to_owned(), &said.at_least),
            timeout: part(
                hold.timeout.map_or("none".to_owned(), duration),
                &said.timeout,
            ),
            grace: part(duration(hold.grace), &said.grace),
            idle: part(
                hold.idle.map_or("none".to_owned(), |idle| idle.to_string()),
                &said.idle,
            ),
            fence: part(hold.fence.class.name().to_owned(), &hold.fence.place),
            leaks: hold.leaks.name(),
            locks: hold
                .locks
                .iter()
                .map(|lock| part(lock.to_string(), &Some(lock.place.clone())))
                .collect(),
            lifeline: hold.lifeline,
            outlive_parent: hold.outlive_parent,
            retry: hold.retry.as_ref().map_or("never".to_owned(), |retry| {
                let on: Vec<_> = retry.on.iter().map(|end| end.name()).collect();
                let times = match retry.times {
                    1 => "once".to_owned(),
                    n => format!("up to {n} times"),
                };
                format!("{times}, when it has {}", on.join(" or "))
            }),
            junit: hold
                .junit
                .as_ref()
                .map(|path| path.to_string_lossy().into_owned()),
            leftovers: hold
                .leftovers
                .iter()
                .map(|leftover| LeftoverView {
                    program: leftover.program.clone(),
                    reason: leftover.reason.clone(),
                    expires: leftover.expires.map(|day| day.to_string()),
                })
                .collect(),
        }
    }
}

impl NoteView {
    fn all(policy: &Policy) -> Vec<NoteView> {
        let view = |note: &Note| NoteView {
            place: note.place.to_string(),
            text: note.text.clone(),
        };
        policy.notes.iter().map(view).collect()
    }
}

fn duration(duration: Duration) -> String {
    humantime::format_duration(duration).to_string()
}
