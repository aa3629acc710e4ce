//! The only room that prints. Everything guardrun says goes to stderr, after `guardrun: `; data goes to stdout.

#![allow(clippy::print_stdout)]

mod human;
mod json;
mod voice;

pub use human::HumanListener;
pub use voice::{Tone, Voice};

use crate::exit::Verdict;
use crate::outcome::{Ending, Outcome};
use crate::plan::Plan;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

/// Says how a run ended.
pub fn ending(voice: &Voice, plan: &Plan, outcome: &Outcome, ending: &Ending) {
    if voice.json {
        voice.line(&json::ending(plan, outcome, ending).to_string());
    } else {
        human::ending(voice, plan, outcome, ending);
    }
}

/// Writes how a run ended to a file.
pub fn write(path: &Path, plan: &Plan, outcome: &Outcome, ending: &Ending) -> io::Result<()> {
    let mut file = File::create(path)?;
    writeln!(file, "{:#}", json::ending(plan, outcome, ending))
}

/// Says that guardrun itself could not do what it was asked to, and why nothing else follows.
pub fn failure(voice: &Voice, verdict: Verdict, text: &str) {
    if voice.json {
        voice.line(&json::failure(verdict, text).to_string());
    } else {
        for line in text.lines() {
            voice.say(Tone::Bad, line);
        }
    }
}

/// Prints data to stdout. False when nobody reads it.
pub fn data(text: &str) -> bool {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .is_ok()
}
