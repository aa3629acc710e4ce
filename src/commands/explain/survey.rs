//! Every suite of the policy on one page.

use super::{HoldView, NoteView};
use crate::gate::Environment;
use crate::policy::text::{printable, shortened};
use crate::policy::{Policy, Suite, Unmatched};
use serde::Serialize;
use std::fmt;

/// Every suite of a policy. `Display` is a table for people, with a final newline.
#[derive(Debug, Serialize)]
pub struct Survey {
    /// The policy file, or None for the built-in policy.
    pub policy: Option<String>,
    /// The suites in the order of the file.
    pub suites: Vec<SuiteView>,
    /// `hold` or `refuse`.
    pub unmatched: &'static str,
    /// What the reader of the policy ought to know.
    pub notes: Vec<NoteView>,
}

/// One suite.
#[derive(Debug, Serialize)]
pub struct SuiteView {
    /// Its name.
    pub suite: String,
    /// The gate that it needs.
    pub gate: Option<String>,
    /// That gate's variable.
    pub variable: Option<String>,
    /// `open`, `unset` or `not-one`.
    pub state: Option<&'static str>,
    /// What `guardrun run NAME` runs.
    pub command: Option<String>,
    /// Its patterns, as the policy writes them.
    pub patterns: Vec<String>,
    /// How it is held.
    pub hold: HoldView,
    /// The safeties that it gives up.
    pub loosenings: Vec<&'static str>,
    /// Where the policy describes it.
    pub place: String,
}

/// Lists every suite of the policy.
pub fn survey(policy: &Policy, environment: &Environment) -> Survey {
    Survey {
        policy: policy.file.as_ref().map(|file| file.display().to_string()),
        suites: policy
            .suites
            .iter()
            .map(|suite| SuiteView::of(policy, environment, suite))
            .collect(),
        unmatched: match policy.unmatched {
            Unmatched::Hold => "hold",
            Unmatched::Refuse => "refuse",
        },
        notes: NoteView::all(policy),
    }
}

impl SuiteView {
    fn of(policy: &Policy, environment: &Environment, suite: &Suite) -> SuiteView {
        let gate = policy.gate_of(suite);
        SuiteView {
            suite: suite.name.clone(),
            gate: gate.map(|gate| gate.name.clone()),
            variable: gate.map(|gate| gate.env.clone()),
            state: gate.map(|gate| environment.gate(&gate.env).name()),
            command: suite.command.as_ref().map(shell_words::join),
            patterns: suite
                .patterns
                .iter()
                .map(|pattern| pattern.text.clone())
                .collect(),
            hold: HoldView::of(&suite.hold, &suite.said),
            loosenings: suite
                .loosenings
                .iter()
                .map(|loosened| loosened.key)
                .collect(),
            place: suite.place.to_string(),
        }
    }

    fn cells(&self) -> [String; 6] {
        let gate = match (&self.gate, self.state) {
            (Some(gate), Some("open")) => format!("{gate} (open)"),
            (Some(gate), _) => format!("{gate} (closed)"),
            (None, _) => "-".to_owned(),
        };
        let command = match (&self.command, self.patterns.first()) {
            (Some(command), _) => command.clone(),
            (None, Some(pattern)) => format!("matches {pattern}"),
            (None, None) => "-".to_owned(),
        };
        [
            self.suite.clone(),
            gate,
            self.hold.level.value.clone(),
            self.hold.at_least.value.clone(),
            self.hold.timeout.value.clone(),
            shortened(&command, 60),
        ]
    }
}

impl fmt::Display for Survey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.policy {
            Some(file) => writeln!(f, "policy {}", printable(file))?,
            None => writeln!(f, "no policy here; `guardrun init` writes a first one")?,
        }
        let head = ["SUITE", "GATE", "LEVEL", "AT LEAST", "TIMEOUT", "COMMAND"].map(str::to_owned);
        let rows: Vec<[String; 6]> = std::iter::once(head)
            .chain(self.suites.iter().map(SuiteView::cells))
            .collect();
        let width = |column: usize| {
            rows.iter()
                .map(|row| row[column].chars().count())
                .max()
                .unwrap_or(0)
        };
        let widths: [usize; 6] = std::array::from_fn(width);
        for row in rows.iter().filter(|_| !self.suites.is_empty()) {
            let cells = row
                .iter()
                .zip(widths)
                .map(|(cell, width)| format!("{cell:<width$}"));
            let line = cells.collect::<Vec<_>>().join("  ");
            writeln!(f, "{}", line.trim_end())?;
        }
        match self.unmatched {
            "refuse" => writeln!(f, "any other command is refused")?,
            _ => writeln!(f, "any other command runs held under the defaults")?,
        }
        for note in &self.notes {
            writeln!(f, "note: {} ({})", note.text, note.place)?;
        }
        Ok(())
    }
}
