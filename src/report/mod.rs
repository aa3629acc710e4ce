//! The only room that prints. Everything guardrun says goes to stderr, after `guardrun: `; data goes to stdout.

mod about;
mod audit;
mod busy;
mod check;
mod cleared;
mod environment;
mod events;
mod fenced;
mod findings;
mod github;
mod human;
mod json;
mod junit;
mod ledger;
mod log;
mod output;
mod page;
mod proof;
mod runs;
mod text;
mod tree;
mod verified;
mod voice;

pub use about::{exit_codes, levels};
pub use audit::{diff, story};
pub use busy::{busy, no_lock};
pub use check::{CHECK_SCHEMA, Checked, checked};
pub use environment::EnvironmentView;
pub use events::Events;
pub use findings::{Finding, Findings, Unfenced, findings};
pub use github::Github;
pub use human::{AuditListener, HumanListener};
pub use junit::Junit;
pub use log::start_log;
pub use page::Page;
pub use runs::{Again, LogLine, Reaped, RunRow, frame, log, reaped, runs};
pub use verified::VerifiedJunit;
pub use voice::{Tone, Voice};

use crate::exit::{Exit, Verdict};
use crate::gate::{Grant, Refusal};
use crate::outcome::{Attempt, Ending, Outcome};
use crate::plan::Plan;
use crate::plan::room::Short;
use crate::policy::Policy;
use crate::sys::signal;
use output::Output;
use serde::Serialize;
use std::ffi::OsString;
use std::fmt::Display;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A run that is over, with everything that is to be told of it.
#[derive(Clone, Copy, Debug)]
pub struct Account<'a> {
    /// How it was to be done.
    pub plan: &'a Plan,
    /// How it ended.
    pub outcome: &'a Outcome,
    /// What that means.
    pub ending: &'a Ending,
    /// The attempts before this one; all of them failed.
    pub earlier: &'a [Attempt],
}

impl Account<'_> {
    /// Whether it passed though it had failed before.
    pub fn is_flaky(&self) -> bool {
        !self.earlier.is_empty() && self.ending.exit == Exit::Code(0)
    }
}

/// Says how a run ended.
pub fn ending(voice: &Voice, account: &Account<'_>) {
    if voice.json {
        voice.line(&json::ending(account).to_string());
    } else {
        human::ending(voice, account);
    }
}

/// Says that an attempt failed, after `made` of them, and that the next of `times` more begins.
pub fn another_attempt(voice: &Voice, account: &Account<'_>, made: u32, times: u32) {
    if !voice.json {
        human::another_attempt(voice, account, made, times);
    }
}

/// Says that a report could not be written, which changes nothing about the run.
pub fn unwritten(voice: &Voice, text: &str) {
    voice.say(Tone::Bad, text);
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
        voice.lines(&refusal.to_string());
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

/// The JSON Schema (draft 2020-12) of a run's record. A test judges real runs by it.
pub const SCHEMA: &str = include_str!("../../docs/guardrun-report.schema.json");

/// The file of `--report`.
#[derive(Debug)]
pub struct File {
    output: Output,
    path: PathBuf,
}

impl File {
    /// Finds out whether it can be written, and removes what an earlier run has left there.
    pub fn open(path: &Path) -> io::Result<File> {
        let told = |error: io::Error| {
            let text = format!(
                "cannot write the report {}: {error}\nhint: give --report a file in a directory that can be written",
                path.display()
            );
            io::Error::new(error.kind(), text)
        };
        Ok(File {
            output: Output::open(path).map_err(told)?,
            path: path.to_owned(),
        })
    }

    /// Writes how a run ended. That this fails does not change how the run ended.
    pub fn write(self, voice: &Voice, account: &Account<'_>) {
        self.put(voice, &json::ending(account));
    }

    /// Writes that nothing was run.
    pub fn write_not_run(
        self,
        voice: &Voice,
        suite: Option<&str>,
        command: &[OsString],
        exit: Exit,
    ) {
        self.put(voice, &json::not_run(suite, command, exit));
    }

    fn put(self, voice: &Voice, record: &serde_json::Value) {
        let text = format!("{record:#}\n");
        if let Err(error) = self.output.write(text.as_bytes()) {
            let text = format!(
                "could not write the report {}: {error}",
                self.path.display()
            );
            voice.say(Tone::Bad, &text);
        }
    }
}

/// Says that guardrun itself could not do what it was asked to, and why nothing else follows.
pub fn failure(voice: &Voice, verdict: Verdict, text: &str) {
    if voice.json {
        voice.line(&json::failure(verdict, text).to_string());
    } else {
        voice.lines(text);
    }
}

/// Says that a gate is closed for whoever asked.
pub fn closed(voice: &Voice, text: &str) {
    if voice.json || !voice.quiet {
        failure(voice, Verdict::Refused, text);
    }
}

/// Says that something went wrong that changes nothing else.
pub fn trouble(voice: &Voice, text: &str) {
    if !voice.json {
        voice.say(Tone::Notice, text);
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
