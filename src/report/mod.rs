//! The only room that prints. Everything guardrun says goes to stderr, after `guardrun: `; data goes to stdout.

mod about;
mod cleared;
mod environment;
mod findings;
mod human;
mod json;
mod log;
mod proof;
mod tree;
mod voice;

pub use about::{exit_codes, levels};
pub use environment::EnvironmentView;
pub use findings::{Finding, Findings, findings};
pub use human::HumanListener;
pub use log::start_log;
pub use voice::{Tone, Voice};

use crate::exit::{Exit, Verdict};
use crate::gate::{Grant, Refusal};
use crate::outcome::{Ending, Outcome};
use crate::plan::Plan;
use crate::plan::room::Short;
use crate::policy::Policy;
use crate::sys::signal;
use serde::Serialize;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Says how a run ended.
pub fn ending(voice: &Voice, plan: &Plan, outcome: &Outcome, ending: &Ending) {
    if voice.json {
        voice.line(&json::ending(plan, outcome, ending).to_string());
    } else {
        human::ending(voice, plan, outcome, ending);
    }
}

/// Says what a person ought to know before a run.
pub fn before(voice: &Voice, policy: &Policy, grant: &Grant) {
    if !voice.json {
        human::before(voice, policy, grant);
    }
}

/// Says why something may not run.
pub fn refusal(voice: &Voice, refusal: &Refusal) {
    if voice.json {
        voice.line(&json::of(refusal));
    } else {
        human::lines(voice, &refusal.to_string());
    }
}

/// Says that there is no room for a run, which will be waited for as long as that, or refused.
pub fn no_room(voice: &Voice, plan: &Plan, short: &[Short], waiting: Option<Duration>) {
    match (voice.json, waiting) {
        (true, None) => voice.line(&json::no_room(plan, short).to_string()),
        (true, Some(_)) => {}
        (false, _) => human::no_room(voice, plan, short, waiting),
    }
}

/// Says what a suite needs that cannot be told here.
pub fn unknown_room(voice: &Voice, what: &str) {
    if !voice.json {
        let text =
            format!("this suite needs to know {what}, which cannot be told here; going on without");
        voice.say(Tone::Notice, &text);
    }
}

/// Prints what would be run.
pub fn dry_run(voice: &Voice, plan: &Plan) -> Exit {
    let text = if voice.json {
        format!("{:#}\n", json::plan(plan))
    } else {
        human::plan(plan)
    };
    data(&text)
}

/// The file of `--report`.
#[derive(Debug)]
pub struct File {
    file: std::fs::File,
    path: PathBuf,
}

impl File {
    /// Makes it, empty.
    pub fn create(path: &Path) -> io::Result<File> {
        let told = |error: io::Error| {
            let text = format!(
                "cannot write the report {}: {error}\nhint: give --report a file in a directory that can be written",
                path.display()
            );
            io::Error::new(error.kind(), text)
        };
        Ok(File {
            file: std::fs::File::create(path).map_err(told)?,
            path: path.to_owned(),
        })
    }

    /// Writes how a run ended. That this fails does not change how the run ended.
    pub fn write(mut self, voice: &Voice, plan: &Plan, outcome: &Outcome, ending: &Ending) {
        let text = format!("{:#}\n", json::ending(plan, outcome, ending));
        if let Err(error) = self.file.write_all(text.as_bytes()) {
            voice.say(
                Tone::Bad,
                &format!(
                    "could not write the report {}: {error}",
                    self.path.display()
                ),
            );
        }
    }
}

/// Says that guardrun itself could not do what it was asked to, and why nothing else follows.
pub fn failure(voice: &Voice, verdict: Verdict, text: &str) {
    if voice.json {
        voice.line(&json::failure(verdict, text).to_string());
    } else {
        human::lines(voice, text);
    }
}

/// Prints an answer that knows its own text and its own JSON.
pub fn answer(voice: &Voice, answer: &(impl Display + Serialize)) -> Exit {
    if voice.json {
        data(&format!("{}\n", json::of(answer)))
    } else {
        data(&answer.to_string())
    }
}

/// Says that something was done.
pub fn done(voice: &Voice, text: &str) -> Exit {
    if !voice.quiet {
        voice.say(Tone::Good, text);
    }
    Exit::Code(0)
}

/// Prints data to stdout. Nobody reading it is what SIGPIPE would have said.
pub fn data(text: &str) -> Exit {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Exit::Code(0),
        Err(_) => Exit::Signal(signal::PIPE),
    }
}
