//! What was found, in the form in which it is told.

use super::piece::Spot;
use super::tree::{Content, Tree};
use crate::policy::rule::Rule;
use crate::policy::text::printable;
use crate::policy::{Excerpt, Place};
use serde::Serialize;
use std::ops::Range;

/// Something that is wrong, or that somebody ought to know.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The rule.
    pub rule: Rule,
    /// `error` makes the check fail, `warning` does not.
    pub severity: Severity,
    /// The file, from the repository's root.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// The column at which it begins, counted in characters from 1.
    pub column: usize,
    /// The suite that it is about.
    pub suite: Option<String>,
    /// The gate that it is about.
    pub gate: Option<String>,
    /// What is wrong, as one sentence without a full stop.
    pub what: String,
    /// Why that matters.
    pub why: &'static str,
    /// How to mend it.
    pub hint: String,
    /// Other lines that have to do with it.
    pub see: Vec<See>,
    /// The reason for which the policy accepts it; it makes nothing fail then.
    pub excepted: Option<String>,
    /// The line with marks under the part that is meant.
    #[serde(skip)]
    pub excerpt: Option<String>,
}

/// Another line that has to do with a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct See {
    /// The file, from the repository's root.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What it has to do with it.
    pub what: String,
}

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The check fails.
    Error,
    /// It is told.
    Warning,
}

impl Finding {
    pub(super) fn new(rule: Rule, file: &str, line: usize, what: String) -> Finding {
        Finding {
            rule,
            severity: match rule.fails() {
                true => Severity::Error,
                false => Severity::Warning,
            },
            file: file.to_owned(),
            line,
            column: 1,
            suite: None,
            gate: None,
            what: printable(&what),
            why: why(rule),
            hint: String::new(),
            see: Vec::new(),
            excepted: None,
            excerpt: None,
        }
    }

    pub(super) fn hint(self, hint: impl Into<String>) -> Finding {
        Finding {
            hint: printable(&hint.into()),
            ..self
        }
    }

    /// Adds the excerpt around a snippet of the line, or around the whole line where that is not on it.
    pub(super) fn at_spot(self, tree: &dyn Tree, spot: &Spot) -> Finding {
        let Content::Text(text) = tree.read(&spot.file) else {
            return self;
        };
        let mut start = 0;
        let mut lines = text.split_inclusive('\n');
        for _ in 1..spot.line {
            start += lines.next().map_or(0, str::len);
        }
        let line = lines.next().unwrap_or_default().trim_end();
        let indent = line.len() - line.trim_start().len();
        let span = match line.find(&spot.snippet) {
            Some(at) if !spot.snippet.is_empty() => at..at + spot.snippet.len(),
            _ => indent..line.len(),
        };
        self.at_span(&text, start + span.start..start + span.end)
    }

    /// Adds the excerpt around these bytes of the file.
    pub(super) fn at_span(self, text: &str, span: Range<usize>) -> Finding {
        let excerpt = Excerpt::of(text, span);
        Finding {
            line: excerpt.line(),
            column: excerpt.column(),
            excerpt: Some(excerpt.to_string()),
            ..self
        }
    }

    /// Adds the excerpt of a line of the policy.
    pub(super) fn at_place(self, tree: &dyn Tree, place: &Place) -> Finding {
        let spot = Spot::new(&self.file.as_str().into(), place.line, "");
        self.at_spot(tree, &spot)
    }

    /// Whether it makes the check fail.
    pub fn fails(&self) -> bool {
        self.severity == Severity::Error && self.excepted.is_none()
    }
}

/// Why breaking a rule matters.
fn why(rule: Rule) -> &'static str {
    match rule {
        Rule::NoLane => "a gated suite that nobody runs is green for ever, whatever it tests",
        Rule::ThroughCi => {
            "`CI` is set in many places that are no CI, and missing in some that are: it arms workstations, and closes lanes"
        }
        Rule::StatusThrownAway => {
            "a red suite, and a refusal by guardrun, would leave this lane green"
        }
        Rule::UnreachableLane => "the lane looks as if it ran the suite, and never does",
        Rule::UnknownSuite => "guardrun would refuse this with exit code 2, and run nothing",
        Rule::ArmsWorkstation => {
            "whoever has the repository has the gate open, on the machine where they work"
        }
        Rule::DefaultOpens => {
            "the command that one types without a thought has to be the one that starts nothing"
        }
        Rule::Unreadable => "what cannot be read may open a gate, or be the lane that is missing",
        Rule::UnusedGate => "a gate that no suite needs guards nothing, and never opens",
        Rule::UnreachedSuite => "its rules look as if they held, and never do",
        Rule::Tie => {
            "guardrun refuses such a command, since either suite may be the one that was meant"
        }
        Rule::OnlyByHand => {
            "a suite that runs when somebody remembers it is red for weeks before anybody knows"
        }
        Rule::ConditionalLane => {
            "guardrun does not judge this condition; where it never holds, the suite never runs"
        }
        Rule::RunsBare => {
            "nothing holds what it starts, and gates inside the tests stay closed: they open only in a run of guardrun's"
        }
        Rule::NotOne => "a gate is open when its variable is exactly 1, and closed otherwise",
        Rule::NotRequired => "a run that executes nothing passes here",
        Rule::NotUnderstood => {
            "what is not understood counts as neither opening a gate nor keeping it closed"
        }
        Rule::PolicyNote => "the policy says something that does not hold any more",
        Rule::UnusedException => {
            "an exception that excepts nothing hides the next finding in its place"
        }
    }
}
