//! `guardrun self-test`: can this guardrun still say no? It is fed what proves nothing, and has to go red for each; and what does prove
//! something, for which it has to stay green, because a guard that is always red is none either.
//!
//! Nothing is played: each row is this very program, started anew in a repository made for it, with a suite that is a line of sh.

mod ground;
mod receipts;
mod reports;

use crate::exit::{Exit, Verdict};
use crate::report::{self, Voice};
use ground::Ground;
use serde::Serialize;
use std::fmt;

/// What came of everything that was fed.
#[derive(Debug, Serialize)]
struct SelfTested {
    /// Whether every answer was the right one.
    right: bool,
    /// What was fed, in order.
    fed: Vec<Fed>,
}

/// One thing that was fed.
#[derive(Debug, Serialize)]
pub(super) struct Fed {
    /// What it was.
    what: &'static str,
    /// The exit code that it should have given.
    expected_exit: u8,
    /// The name that the answer should have contained; None where it should have been green.
    expected: Option<&'static str>,
    /// The exit code that it gave; None where there was none, which is no right answer.
    exit: Option<u8>,
    /// The names in the answer.
    answered: Vec<String>,
    /// Whether that was the right answer.
    right: bool,
}

impl Fed {
    fn new(
        what: &'static str,
        expected_exit: u8,
        expected: Option<&'static str>,
        (exit, answered): (Option<u8>, Vec<String>),
    ) -> Fed {
        let named = match expected {
            Some(name) => answered.iter().any(|answer| answer == name),
            None => answered.is_empty(),
        };
        Fed {
            right: exit == Some(expected_exit) && named,
            what,
            expected_exit,
            expected,
            exit,
            answered,
        }
    }
}

pub(super) fn command(voice: &Voice) -> Exit {
    let ground = match Ground::make() {
        Ok(ground) => ground,
        Err(error) => {
            let text = format!(
                "could not make a repository to try it in: {error}\nhint: set TMPDIR to a directory that can be written"
            );
            report::failure(voice, Verdict::Usage, &text);
            return Verdict::Usage.into();
        }
    };
    let mut fed = reports::feed(&ground);
    fed.extend(receipts::feed(&ground));
    let tested = SelfTested {
        right: !fed.is_empty() && fed.iter().all(|fed| fed.right),
        fed,
    };
    match (report::answer(voice, &tested), tested.right) {
        (printed, true) => printed,
        (_, false) => Verdict::Unproven.into(),
    }
}

impl fmt::Display for SelfTested {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.fed.iter().map(|fed| fed.what.chars().count()).max();
        let width = widest.unwrap_or(0);
        for fed in &self.fed {
            let word = match (fed.right, fed.expected) {
                (true, Some(_)) => "caught",
                (true, None) => "green",
                (false, _) => "WRONG",
            };
            write!(
                f,
                "{word:<6}  {:width$}  {}",
                fed.what,
                answer(fed.exit, &fed.answered)
            )?;
            if !fed.right {
                let expected: Vec<String> = fed.expected.iter().map(ToString::to_string).collect();
                write!(f, "  (not {})", answer(Some(fed.expected_exit), &expected))?;
            }
            writeln!(f)?;
        }
        let wrong = self.fed.iter().filter(|fed| !fed.right).count();
        match wrong {
            0 => writeln!(f, "all {} answers are right", self.fed.len()),
            wrong => writeln!(
                f,
                "{wrong} of {} answers are wrong: this guardrun is not to be relied on",
                self.fed.len()
            ),
        }
    }
}

fn answer(exit: Option<u8>, names: &[String]) -> String {
    let exit = exit.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
    match names.is_empty() {
        true => exit,
        false => format!("{exit} {}", names.join(", ")),
    }
}
