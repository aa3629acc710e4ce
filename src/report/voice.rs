//! How guardrun speaks: one line at a time, to stderr, in colour only where it is wanted.
//!
//! While a run goes on nobody may hold guardrun up by not reading what it says: a kill would wait behind a line. What cannot be
//! said within a moment is then kept, and said when the run is over.

use crate::cli::{Color, General};
use crate::sys::poll;
use crate::sys::stream::Stream;
use std::cell::RefCell;
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// How long a line may wait for a reader while a run goes on.
const MOMENT: Duration = Duration::from_millis(100);
/// How many lines are kept for later; more of them nobody would read.
const KEPT: usize = 200;

thread_local! {
    /// Lines that could not be said when they were due.
    static UNSAID: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// What kind of thing a line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// All is well.
    Good,
    /// Something is to be noticed.
    Notice,
    /// Something is wrong.
    Bad,
    /// A detail.
    Plain,
}

/// Who is listening, and how they want to be spoken to.
#[derive(Clone, Copy, Debug)]
pub struct Voice {
    /// JSON instead of text.
    pub json: bool,
    /// Only what must be said.
    pub quiet: bool,
    /// Also what need not be said.
    pub verbose: bool,
    colour: bool,
    patience: Patience,
}

/// Whether to wait for a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Patience {
    /// As every program does.
    Waits,
    /// For a moment: something more important goes on.
    Passes,
}

impl Voice {
    /// From the options, with the terminal and NO_COLOR looked at.
    pub fn new(general: &General) -> Voice {
        let colour = match general.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
                let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
                !unwanted && !dumb && std::io::stderr().is_terminal()
            }
        };
        Voice {
            json: general.json,
            quiet: general.quiet,
            verbose: general.verbose,
            colour,
            patience: Patience::Waits,
        }
    }

    /// The same voice, for as long as a run goes on.
    pub fn in_passing(self) -> Voice {
        Voice {
            patience: Patience::Passes,
            ..self
        }
    }

    /// Says several lines, the first as what is wrong and the others as what belongs to it.
    pub(super) fn lines(&self, text: &str) {
        for (at, line) in text.lines().enumerate() {
            self.say(if at == 0 { Tone::Bad } else { Tone::Plain }, line);
        }
    }

    /// Says one line.
    pub fn say(&self, tone: Tone, text: &str) {
        // Control characters in a command line that is quoted must not steer the terminal.
        let text: String = text
            .chars()
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        let (on, off) = match tone {
            Tone::Good => ("\x1b[32m", "\x1b[0m"),
            Tone::Notice => ("\x1b[33m", "\x1b[0m"),
            Tone::Bad => ("\x1b[31m", "\x1b[0m"),
            Tone::Plain => ("", ""),
        };
        match self.colour {
            true => self.line(&format!("{on}guardrun:{off} {text}")),
            false => self.line(&format!("guardrun: {text}")),
        }
    }

    /// Writes one line in one go, so that it is not mixed with the suite's own. A closed stderr is no reason to fail.
    pub fn line(&self, text: &str) {
        UNSAID.with_borrow_mut(|unsaid| {
            if self.patience == Patience::Passes {
                // Once nobody has listened, nobody is waited for again.
                let moment = if unsaid.is_empty() {
                    MOMENT
                } else {
                    Duration::ZERO
                };
                if !poll::writable_within(Stream::Err.own(), moment) {
                    if unsaid.len() < KEPT {
                        unsaid.push(text.to_owned());
                    }
                    return;
                }
            }
            for text in unsaid.drain(..) {
                write(&text);
            }
            write(text);
        });
    }
}

fn write(text: &str) {
    let _ = std::io::stderr()
        .lock()
        .write_all(format!("{text}\n").as_bytes());
}
