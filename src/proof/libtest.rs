//! What Rust's own test harness prints, one binary after the other: for people, terse, or as JSON.
//!
//! Each binary says at its end how many passed and failed. With `--nocapture` a test's own output can stand between its
//! name and its result, and with `--quiet` there are no names; so the harness's own numbers decide, and names are what the
//! lines give. A binary that never said how it ended was cut off.

use super::lines::{ByLine, Line};
use super::tally::{Again, Case, Tally, Told, hash_of};
use super::{MOST_CASES, Unreadable, lines};
use crate::policy::proof::Format;
use serde::Deserialize;
use std::borrow::Cow;
use std::io::BufRead;

/// Reads a report.
pub(super) fn read(input: &mut dyn BufRead, tally: &mut Tally) -> Result<(), Unreadable> {
    lines::read_all(input, Report::new(std::mem::take(tally)), tally)
}

/// A report on its way.
pub(super) struct Report {
    tally: Tally,
    /// What cargo calls the binary that runs now; empty where its words went elsewhere.
    binary: String,
    number: u64,
    running: Option<Running>,
    /// A test whose name has been printed and whose result has not.
    waiting: Option<String>,
    ended: u64,
}

/// What the lines of one binary come to: (passed, failed, ignored).
#[derive(Default)]
struct Running {
    announced: u64,
    named: [i64; 3],
}

/// A line of `--format json`.
#[derive(Deserialize)]
struct Event<'l> {
    #[serde(rename = "type", borrow, default)]
    of: Cow<'l, str>,
    #[serde(borrow, default)]
    event: Cow<'l, str>,
    #[serde(borrow, default)]
    name: Cow<'l, str>,
    #[serde(borrow, default)]
    message: Option<Cow<'l, str>>,
    #[serde(default)]
    test_count: u64,
    #[serde(default)]
    passed: u64,
    #[serde(default)]
    failed: u64,
    #[serde(default)]
    ignored: u64,
    #[serde(default)]
    measured: u64,
    #[serde(default)]
    filtered_out: u64,
}

impl Report {
    pub(super) fn new(tally: Tally) -> Report {
        Report {
            tally,
            binary: String::new(),
            number: 0,
            running: None,
            waiting: None,
            ended: 0,
        }
    }
}

impl ByLine for Report {
    fn take(&mut self, line: &Line) -> Result<(), Unreadable> {
        let text = line.text.as_str();
        if !text.starts_with('{') {
            return self.line(text);
        }
        match serde_json::from_str(text) {
            Ok(event) => self.event(&event),
            Err(_) => Ok(()),
        }
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        if let Some(running) = &self.running {
            return Err(Unreadable::Truncated(format!(
                "of {} tests in its {} binary, there is no `test result`",
                running.announced,
                ordinal(self.number)
            )));
        }
        if self.ended == 0 {
            return Err(Unreadable::Malformed(
                Format::Libtest,
                "there is no `test result` in it".to_owned(),
            ));
        }
        Ok(())
    }

    fn into_tally(self: Box<Self>) -> Tally {
        self.tally
    }
}

impl Report {
    fn line(&mut self, line: &str) -> Result<(), Unreadable> {
        if let Some(binary) = line.trim_start().strip_prefix("Running ") {
            // `unittests src/lib.rs (target/debug/deps/name-hash)`: what is in brackets changes with every build.
            self.binary = binary.split(" (").next().unwrap_or_default().to_owned();
        } else if let Some(of) = line.trim_start().strip_prefix("Doc-tests ") {
            self.binary = format!("doc-tests {of}");
        } else if let Some(count) = announced(line) {
            self.starts(count)?;
        } else if let Some(result) = line.strip_prefix("test result: ") {
            self.ends(result)?;
        } else if self.running.is_some() {
            self.test(line)?;
        }
        Ok(())
    }

    fn starts(&mut self, announced: u64) -> Result<(), Unreadable> {
        if let Some(running) = &self.running {
            return Err(Unreadable::Truncated(format!(
                "of {} tests in its {} binary, there is no `test result`",
                running.announced,
                ordinal(self.number)
            )));
        }
        self.number += 1;
        self.waiting = None;
        self.running = Some(Running {
            announced,
            ..Running::default()
        });
        Ok(())
    }

    /// `test NAME ... RESULT`, or the result alone after a test's own output.
    fn test(&mut self, line: &str) -> Result<(), Unreadable> {
        if let Some(told) = line.strip_prefix("test ") {
            let Some((name, result)) = told.rsplit_once(" ... ") else {
                return Ok(());
            };
            let name = name.strip_suffix(" - should panic").unwrap_or(name);
            match told_by(result) {
                Some((told, reason)) => {
                    self.waiting = None;
                    return self.counts(name, told, reason);
                }
                None => {
                    let name = told.split(" ... ").next().unwrap_or(name);
                    let name = name.strip_suffix(" - should panic").unwrap_or(name);
                    self.waiting = Some(name.to_owned());
                }
            }
        } else if let Some((told, reason)) = told_by(line)
            && let Some(name) = self.waiting.take()
        {
            return self.counts(&name, told, reason);
        }
        Ok(())
    }

    fn counts(&mut self, name: &str, told: Told, reason: Option<&str>) -> Result<(), Unreadable> {
        if let Some(running) = &mut self.running {
            let number = match told {
                Told::Passed | Told::Flaky => 0,
                Told::Failed => 1,
                Told::Skipped => 2,
            };
            running.named[number] += 1;
        }
        // Without cargo's words the binary is known by its number alone.
        let within = match self.binary.is_empty() {
            true => hash_of(self.number),
            false => hash_of(&self.binary),
        };
        self.tally.case(&Case {
            of: "",
            name,
            within,
            told,
            reason,
            again: Again::Another,
        })
    }

    /// `ok. 2 passed; 0 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.08s`
    fn ends(&mut self, result: &str) -> Result<(), Unreadable> {
        let number_of = |what: &str| {
            result
                .split([';', '.'])
                .find_map(|part| part.trim().strip_suffix(what)?.trim().parse::<u64>().ok())
                .unwrap_or(0)
        };
        let ran = number_of("passed").saturating_add(number_of("measured"));
        self.sums(
            [ran, number_of("failed"), number_of("ignored")],
            number_of("filtered out"),
        )
    }

    /// Takes the harness's own numbers for what the lines did not show.
    fn sums(&mut self, said: [u64; 3], filtered: u64) -> Result<(), Unreadable> {
        // No harness has counted that many; it would only make a sum overflow.
        if said.into_iter().any(|said| said > MOST_CASES as u64) {
            return Err(Unreadable::TooMany);
        }
        self.ended += 1;
        self.tally.filtered(filtered);
        self.waiting = None;
        let named = self.running.take().unwrap_or_default().named;
        let mut more = [0; 3];
        for (more, (said, named)) in more.iter_mut().zip(said.into_iter().zip(named)) {
            *more = i64::try_from(said).unwrap_or(i64::MAX) - named;
        }
        if more.iter().any(|more| *more < 0) {
            let [passed, failed, ignored] = said;
            self.tally.contradiction(format!(
                "the harness counts {passed} passed, {failed} failed and {ignored} ignored, and there are lines for {}, {} and {}",
                named[0], named[1], named[2]
            ));
        }
        self.tally.adjust(more[0], more[1], more[2]);
        Ok(())
    }

    fn event(&mut self, event: &Event<'_>) -> Result<(), Unreadable> {
        match (event.of.as_ref(), event.event.as_ref()) {
            ("suite", "started") => self.starts(event.test_count)?,
            ("suite", "ok" | "failed") => self.sums(
                [
                    event.passed.saturating_add(event.measured),
                    event.failed,
                    event.ignored,
                ],
                event.filtered_out,
            )?,
            ("test", "ok") => self.counts(&event.name, Told::Passed, None)?,
            ("test", "failed" | "timeout") => self.counts(&event.name, Told::Failed, None)?,
            ("test", "ignored") => {
                self.counts(&event.name, Told::Skipped, event.message.as_deref())?;
            }
            ("bench", _) => self.counts(&event.name, Told::Passed, None)?,
            _ => {}
        }
        Ok(())
    }
}

/// `running 3 tests`
fn announced(line: &str) -> Option<u64> {
    let rest = line.strip_prefix("running ")?;
    let number = rest.strip_suffix(" tests").or(rest.strip_suffix(" test"))?;
    number.parse().ok()
}

/// What stands after the name of a test.
fn told_by(result: &str) -> Option<(Told, Option<&str>)> {
    // `--report-time` adds the time in brackets.
    let result = match result.split_once(" <") {
        Some((told, time)) if time.ends_with("s>") => told,
        _ => result,
    };
    match result {
        "ok" => Some((Told::Passed, None)),
        "FAILED" | "FAILED (time limit exceeded)" => Some((Told::Failed, None)),
        "ignored" => Some((Told::Skipped, None)),
        other if other.starts_with("bench: ") => Some((Told::Passed, None)),
        other => Some((Told::Skipped, Some(other.strip_prefix("ignored, ")?))),
    }
}

fn ordinal(number: u64) -> String {
    match number {
        1 => "first".to_owned(),
        2 => "second".to_owned(),
        3 => "third".to_owned(),
        other => format!("{other}th"),
    }
}
