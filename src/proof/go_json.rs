//! What `go test -json` prints: one event on each line.
//!
//! A test that holds subtests passes also when every one of them is skipped, so what counts is what has no subtests. A
//! result that go takes from its cache was not made by this run, and is counted apart. A test that was running when its
//! package ended has failed; a package that never ended was cut off.

use super::lines::{ByLine, Line};
use super::tally::{Again, Case, Tally, Told, cut_str, hash_of};
use super::{Unreadable, lines};
use crate::policy::proof::Format;
use serde::Deserialize;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::BufRead;

/// How much of a test's last words is kept, in bytes: the reason of a skip is among them.
const LAST_WORDS: usize = 500;
/// The most tests that run at the same time.
const MOST_RUNNING: usize = 1_000_000;

/// Reads a report.
pub(super) fn read(input: &mut dyn BufRead, tally: &mut Tally) -> Result<(), Unreadable> {
    lines::read_all(input, Report::new(std::mem::take(tally)), tally)
}

/// A report on its way.
pub(super) struct Report {
    tally: Tally,
    packages: HashMap<String, Package>,
    events: u64,
    last_is_broken: bool,
}

impl Report {
    pub(super) fn new(tally: Tally) -> Report {
        Report {
            tally,
            packages: HashMap::new(),
            events: 0,
            last_is_broken: false,
        }
    }
}

impl ByLine for Report {
    fn take(&mut self, line: &Line) -> Result<(), Unreadable> {
        if line.text.trim().is_empty() {
            return Ok(());
        }
        let event: Event<'_> = match serde_json::from_str(&line.text) {
            Ok(event) => event,
            Err(_) => {
                // Words of the go command itself may stand between; half an event may not.
                self.last_is_broken = line.text.starts_with('{') && !line.ended;
                if line.text.starts_with("FAIL\t") && line.text.ends_with(" failed]") {
                    // A package that could not be built, as go tells it up to version 1.23.
                    self.tally.error();
                }
                return Ok(());
            }
        };
        self.events += 1;
        self.last_is_broken = false;
        take_in(&event, &mut self.packages, &mut self.tally)
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        if self.last_is_broken {
            return Err(Unreadable::Truncated(
                "its last event is cut off".to_owned(),
            ));
        }
        if self.events == 0 {
            return Err(Unreadable::Malformed(
                Format::GoJson,
                "there is no event in it".to_owned(),
            ));
        }
        let mut open: Vec<&String> = self
            .packages
            .iter()
            .filter(|(_, package)| !package.ended)
            .map(|(name, _)| name)
            .collect();
        open.sort_unstable();
        match open.first() {
            None => Ok(()),
            Some(name) => Err(Unreadable::Truncated(format!(
                "of the package {} there is no end",
                cut_str(name, 200)
            ))),
        }
    }

    fn into_tally(self: Box<Self>) -> Tally {
        self.tally
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event<'l> {
    #[serde(borrow, default)]
    action: Cow<'l, str>,
    #[serde(borrow, default)]
    package: Cow<'l, str>,
    #[serde(borrow, default)]
    test: Option<Cow<'l, str>>,
    #[serde(borrow, default)]
    output: Cow<'l, str>,
}

struct Package {
    group: u32,
    running: HashMap<String, Running>,
    ended: bool,
    /// Whether a test of it has failed.
    failed: bool,
}

#[derive(Default)]
struct Running {
    holds_others: bool,
    one_of_them_failed: bool,
    last_words: String,
}

fn take_in(
    event: &Event<'_>,
    packages: &mut HashMap<String, Package>,
    tally: &mut Tally,
) -> Result<(), Unreadable> {
    if event.action == "build-fail" {
        tally.error();
        return Ok(());
    }
    if event.package.is_empty() || event.action.starts_with("build-") {
        return Ok(());
    }
    if !packages.contains_key(event.package.as_ref()) {
        let package = Package {
            group: tally.new_group(),
            running: HashMap::new(),
            ended: false,
            failed: false,
        };
        packages.insert(event.package.to_string(), package);
    }
    let Some(package) = packages.get_mut(event.package.as_ref()) else {
        return Ok(());
    };
    tally.in_group(package.group);
    match &event.test {
        Some(test) => package.test(&event.package, test, event, tally),
        None => package.itself(event, tally),
    }
}

impl Package {
    fn test(
        &mut self,
        package: &str,
        test: &str,
        event: &Event<'_>,
        tally: &mut Tally,
    ) -> Result<(), Unreadable> {
        match event.action.as_ref() {
            "run" => {
                if self.running.len() >= MOST_RUNNING {
                    return Err(Unreadable::TooMany);
                }
                for (at, _) in test.match_indices('/') {
                    if let Some(holder) = self.running.get_mut(&test[..at]) {
                        holder.holds_others = true;
                    }
                }
                self.running.insert(test.to_owned(), Running::default());
            }
            "output" => {
                if let Some(running) = self.running.get_mut(test) {
                    running.hears(&event.output);
                }
            }
            "pass" => self.ends(package, test, Told::Passed, tally)?,
            "fail" => self.ends(package, test, Told::Failed, tally)?,
            "skip" => self.ends(package, test, Told::Skipped, tally)?,
            _ => {}
        }
        Ok(())
    }

    fn ends(
        &mut self,
        package: &str,
        test: &str,
        told: Told,
        tally: &mut Tally,
    ) -> Result<(), Unreadable> {
        let running = self.running.remove(test).unwrap_or_default();
        if told == Told::Failed {
            self.failed = true;
            for (at, _) in test.match_indices('/') {
                if let Some(holder) = self.running.get_mut(&test[..at]) {
                    holder.one_of_them_failed = true;
                }
            }
        }
        // One that fails though what it holds does not has failed by itself.
        let counts = !running.holds_others || (told == Told::Failed && !running.one_of_them_failed);
        if !counts {
            return Ok(());
        }
        let reason = Some(running.last_words.as_str()).filter(|_| told == Told::Skipped);
        tally.case(&Case {
            of: package,
            name: test,
            within: hash_of("go"),
            told,
            reason,
            again: Again::PassStands,
        })
    }

    fn itself(&mut self, event: &Event<'_>, tally: &mut Tally) -> Result<(), Unreadable> {
        match event.action.as_ref() {
            "output"
                if event.output.starts_with("ok ")
                    && event.output.trim_end().ends_with("(cached)") =>
            {
                tally.is_cached(self.group);
            }
            "pass" | "skip" | "fail" => {
                self.ended = true;
                let mut unfinished: Vec<String> = self.running.keys().cloned().collect();
                unfinished.sort_unstable_by_key(|name| std::cmp::Reverse(name.len()));
                for test in unfinished {
                    self.ends(&event.package, &test, Told::Failed, tally)?;
                }
                // It failed without a test: it could not be built, or what is around its tests failed.
                if event.action == "fail" && !self.failed {
                    tally.error();
                }
            }
            _ => {}
        }
        Ok(())
    }
}

impl Running {
    /// Keeps what may be a reason: `    file_test.go:12: reason`.
    fn hears(&mut self, output: &str) {
        let output = output.trim();
        let framing = ["=== ", "--- "]
            .iter()
            .any(|frame| output.starts_with(frame));
        if !framing && !output.is_empty() {
            self.last_words.clear();
            self.last_words.push_str(cut_str(output, LAST_WORDS));
        }
    }
}
