//! The Test Anything Protocol, versions 12 to 14, with the subtests of Node and of TAP 14.
//!
//! A test point that follows deeper ones only holds them: it is `ok` also when every one of them is skipped. So what counts
//! is what holds nothing. The plan says how many there must be; without one nobody can tell whether the end is the end.

use super::lines::{ByLine, Line};
use super::tally::{Again, Case, Tally, Told, cut_str, hash_of};
use super::{Unreadable, lines};
use crate::policy::proof::Format;
use std::io::BufRead;

/// The deepest that subtests may be within each other.
const DEEPEST: usize = 200;

/// Reads a report.
pub(super) fn read(input: &mut dyn BufRead, tally: &mut Tally) -> Result<(), Unreadable> {
    lines::read_all(input, Report::new(std::mem::take(tally)), tally)
}

/// A report on its way.
pub(super) struct Report {
    tally: Tally,
    /// From the outermost inwards; never empty until the end.
    blocks: Vec<Block>,
    /// What Node and TAP 14 say before a subtest, with how far it is indented.
    titles: Vec<(usize, String)>,
    /// How far the block of YAML is indented that is being read.
    in_yaml: Option<usize>,
    points: u64,
    any: bool,
}

/// Tests at one depth.
#[derive(Default)]
struct Block {
    indent: usize,
    plan: Option<u64>,
    points: u64,
    failed: bool,
}

impl Report {
    pub(super) fn new(tally: Tally) -> Report {
        Report {
            tally,
            blocks: vec![Block::default()],
            titles: Vec::new(),
            in_yaml: None,
            points: 0,
            any: false,
        }
    }
}

impl ByLine for Report {
    fn take(&mut self, line: &Line) -> Result<(), Unreadable> {
        self.line(&line.text)
    }

    fn end(&mut self) -> Result<(), Unreadable> {
        self.close_deeper_than(0)?;
        let outermost = self.blocks.pop().unwrap_or_default();
        if !self.any {
            return Err(Unreadable::Malformed(
                Format::Tap,
                "there is neither a plan nor a test in it".to_owned(),
            ));
        }
        match outermost.plan {
            None => Err(Unreadable::Truncated(format!(
                "there are {} tests and no plan",
                outermost.points
            ))),
            Some(planned) if planned > outermost.points => Err(Unreadable::Truncated(format!(
                "it plans {planned} tests and has {}",
                outermost.points
            ))),
            Some(planned) if planned < outermost.points => {
                let text = format!("it plans {planned} tests and has {}", outermost.points);
                self.tally.contradiction(text);
                Ok(())
            }
            Some(_) => Ok(()),
        }
    }

    fn into_tally(self: Box<Self>) -> Tally {
        self.tally
    }
}

impl Report {
    fn line(&mut self, line: &str) -> Result<(), Unreadable> {
        let text = line.trim_start_matches([' ', '\t']);
        let indent = line.len() - text.len();
        let text = text.trim_end();
        if let Some(yaml) = self.in_yaml {
            if text == "..." && indent == yaml {
                self.in_yaml = None;
            }
            // A block that never ends takes everything with it, and then the plan is missed.
            return Ok(());
        }
        if text == "---" && indent > 0 {
            self.in_yaml = Some(indent);
        } else if let Some(title) = text.strip_prefix("# Subtest: ") {
            self.titles.retain(|(other, _)| *other < indent);
            if self.titles.len() < DEEPEST {
                self.titles.push((indent, title.to_owned()));
            }
        } else if text.starts_with("Bail out!") {
            self.any = true;
            self.tally.error();
            return Err(Unreadable::Truncated(format!(
                "its runner gave up: {}",
                cut_str(text, 200)
            )));
        } else if let Some(plan) = Plan::of(text) {
            self.any = true;
            let block = self.block(indent)?;
            block.plan = Some(plan.tests);
            if plan.tests == 0 && indent == 0 {
                // The whole file is skipped, which is a test that did not run.
                self.point(indent, false, "1..0", Some(plan.reason))?;
                if let Some(block) = self.blocks.last_mut() {
                    block.points -= 1;
                }
            }
        } else if let Some(point) = Point::of(text) {
            self.any = true;
            let skipped = point.directive();
            self.point(indent, point.ok, point.description(), skipped)?;
        }
        Ok(())
    }

    /// The block of tests at this depth. One that is less deep than the last ends those that are deeper.
    fn block(&mut self, indent: usize) -> Result<&mut Block, Unreadable> {
        self.close_deeper_than(indent)?;
        if self.blocks.last().is_none_or(|block| block.indent < indent) {
            if self.blocks.len() >= DEEPEST {
                return Err(Unreadable::Malformed(
                    Format::Tap,
                    format!("its subtests are more than {DEEPEST} deep"),
                ));
            }
            self.blocks.push(Block {
                indent,
                ..Block::default()
            });
        }
        let last = self.blocks.len() - 1;
        Ok(&mut self.blocks[last])
    }

    fn close_deeper_than(&mut self, indent: usize) -> Result<(), Unreadable> {
        while self.blocks.len() > 1
            && let Some(block) = self.blocks.pop_if(|block| block.indent > indent)
        {
            if block.plan.is_some_and(|planned| planned > block.points) {
                return Err(Unreadable::Truncated(format!(
                    "a subtest plans {} tests and has {}",
                    block.plan.unwrap_or(0),
                    block.points
                )));
            }
        }
        Ok(())
    }

    fn point(
        &mut self,
        indent: usize,
        ok: bool,
        description: &str,
        skipped: Option<&str>,
    ) -> Result<(), Unreadable> {
        let inner = self.blocks.last().filter(|block| block.indent > indent);
        let (holds, one_failed) = (
            inner.is_some_and(|block| block.points > 0),
            inner.is_some_and(|block| block.failed),
        );
        let failed = !ok && skipped.is_none();
        let block = self.block(indent)?;
        block.points += 1;
        block.failed |= failed;
        let titles = self.titles.iter().filter(|(other, _)| *other < indent);
        let above: Vec<&str> = titles.map(|(_, title)| title.as_str()).collect();
        let above = above.join(" > ");
        self.titles.retain(|(other, _)| *other < indent);
        // One that fails though what it holds does not has failed by itself.
        if holds && (!failed || one_failed) {
            return Ok(());
        }
        self.points += 1;
        let told = match (ok, skipped) {
            (_, Some(_)) => Told::Skipped,
            (true, None) => Told::Passed,
            (false, None) => Told::Failed,
        };
        self.tally.case(&Case {
            of: &above,
            name: description,
            within: hash_of("tap"),
            told,
            reason: skipped,
            again: Again::Another,
        })
    }
}

/// `1..5`, or `1..0 # SKIP why`
struct Plan<'l> {
    tests: u64,
    reason: &'l str,
}

impl<'l> Plan<'l> {
    fn of(text: &'l str) -> Option<Plan<'l>> {
        let rest = text.strip_prefix("1..")?;
        let (number, reason) = rest.split_once('#').unwrap_or((rest, ""));
        Some(Plan {
            tests: number.trim().parse().ok()?,
            reason: after_word(reason.trim(), "skip").unwrap_or(reason.trim()),
        })
    }
}

/// `ok 3 - description # SKIP why`
struct Point<'l> {
    ok: bool,
    number: &'l str,
    rest: &'l str,
    comment: &'l str,
}

impl<'l> Point<'l> {
    fn of(text: &'l str) -> Option<Point<'l>> {
        let (ok, rest) = match text.strip_prefix("not ok") {
            Some(rest) => (false, rest),
            None => (true, text.strip_prefix("ok")?),
        };
        if !rest.is_empty() && !rest.starts_with(' ') {
            return None;
        }
        let rest = rest.trim_start();
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = rest.split_at(digits);
        let (rest, comment) = split_at_hash(rest);
        let rest = rest.trim();
        Some(Point {
            ok,
            number,
            rest: rest.strip_prefix("- ").unwrap_or(rest),
            comment: comment.trim(),
        })
    }

    fn description(&self) -> &'l str {
        match self.rest.is_empty() {
            true => self.number,
            false => self.rest,
        }
    }

    /// Why it does not count as run, if it says `SKIP` or `TODO`.
    fn directive(&self) -> Option<&'l str> {
        after_word(self.comment, "skip").or_else(|| after_word(self.comment, "todo"))
    }
}

/// The description, and what comes after the first `#` that no backslash takes the meaning of.
fn split_at_hash(text: &str) -> (&str, &str) {
    let mut escaped = false;
    for (at, character) in text.char_indices() {
        match character {
            '#' if !escaped => return (&text[..at], &text[at + 1..]),
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (text, "")
}

/// What comes after a word, in whatever case; bats writes `skip (why)`, and some write `skipped`.
fn after_word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    let begins = text.get(..word.len())?.eq_ignore_ascii_case(word);
    let rest = &text[begins.then_some(word.len())?..];
    let rest = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic());
    Some(rest.trim_start_matches([':', ' ']).trim())
}
