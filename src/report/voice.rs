//! How guardrun speaks: one line at a time, to stderr, in colour only where it is wanted.

use crate::cli::{Color, General};
use std::io::{IsTerminal, Write};

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
        let _ = std::io::stderr()
            .lock()
            .write_all(format!("{text}\n").as_bytes());
    }
}
