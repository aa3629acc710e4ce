//! No, and what to do instead: four lines for each gate that is closed.

use super::environment::GateState;
use crate::policy::text::{printable, shortened};
use crate::policy::{Gate, Place};
use serde::{Serialize, Serializer};
use std::ffi::OsString;
use std::fmt;

/// Why something may not run, addressed to whoever asked. `Display` is the whole text, without a final newline.
#[derive(Clone, Debug)]
pub struct Refusal {
    reason: Reason,
    /// The coding agent that asked, where it is one. It is told what a person is told, except for the line that
    /// would open the gate: an agent that reads such a line tends to try it.
    agent: Option<&'static str>,
}

/// What stands in the way.
#[derive(Clone, Debug)]
pub enum Reason {
    /// These gates are closed; at least one.
    Closed(Vec<ClosedGate>),
    /// No suite describes the command, and the policy refuses such commands.
    Unmatched {
        /// The program and its arguments.
        command: Vec<OsString>,
        /// Where the policy says so.
        place: Place,
    },
}

/// A gate that a suite needs, and that is closed.
#[derive(Clone, Debug)]
pub struct ClosedGate {
    /// The suite that needs it.
    pub suite: String,
    /// The gate.
    pub gate: Gate,
    /// What its variable is instead of `1`.
    pub state: GateState,
}

/// The four things that a refusal says, in this order.
struct Paragraph {
    what: String,
    why: String,
    at_risk: String,
    instead: String,
}

impl Refusal {
    pub(super) fn new(reason: Reason, agent: Option<&'static str>) -> Refusal {
        Refusal { reason, agent }
    }

    /// What stands in the way.
    pub fn reason(&self) -> &Reason {
        &self.reason
    }

    /// The coding agent that asked, as far as one can tell.
    pub fn agent(&self) -> Option<&'static str> {
        self.agent
    }

    fn paragraphs(&self) -> Vec<Paragraph> {
        match &self.reason {
            Reason::Closed(closed) => closed.iter().map(|closed| self.about(closed)).collect(),
            Reason::Unmatched { command, place } => {
                vec![Paragraph {
                what: format!("refused: no suite of the policy describes `{}`", line_of(command)),
                why: format!("{place} refuses what it does not know (unmatched = \"refuse\")"),
                at_risk:
                    "a command that nobody has described may start anything, and pass every gate"
                        .to_owned(),
                instead:
                    "run a suite that `guardrun explain` lists, or have this command added to one"
                        .to_owned(),
            }]
            }
        }
    }

    fn about(&self, closed: &ClosedGate) -> Paragraph {
        let ClosedGate { suite, gate, state } = closed;
        let said = |text: &str| self.disarmed(&printable(text));
        let variable = &gate.env;
        let mut instead = said(&gate.place_to_run);
        if self.agent.is_none() {
            instead.push_str(&format!(" (there, with {variable} set to 1)"));
        }
        Paragraph {
            what: format!(
                "refused: the suite `{suite}` needs the gate `{}`, and {variable} {state}",
                gate.name
            ),
            why: format!("{} ({})", said(&gate.why), gate.place),
            at_risk: said(&gate.risk),
            instead,
        }
    }

    /// The policy's own words, without an assignment that would open one of the gates, where an agent reads them.
    fn disarmed(&self, text: &str) -> String {
        let (Some(_), Reason::Closed(closed)) = (self.agent, &self.reason) else {
            return text.to_owned();
        };
        let assignments = closed.iter().map(|closed| format!("{}=", closed.gate.env));
        assignments.fold(text.to_owned(), |text, assignment| {
            ["1", "\"1\"", "'1'"].iter().fold(text, |text, one| {
                text.replace(&format!("{assignment}{one}"), &format!("{assignment}…"))
            })
        })
    }
}

/// A command line on one line, no longer than a person reads.
fn line_of(command: &[OsString]) -> String {
    let words = command.iter().map(|word| word.to_string_lossy());
    shortened(&shell_words::join(words), 80)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, paragraph) in self.paragraphs().iter().enumerate() {
            if at > 0 {
                f.write_str("\n")?;
            }
            write!(
                f,
                "{}\nwhy: {}\nat risk: {}\ninstead: {}",
                paragraph.what, paragraph.why, paragraph.at_risk, paragraph.instead
            )?;
        }
        Ok(())
    }
}

/// The view of a refusal that `--json` prints.
#[derive(Serialize)]
struct RefusalView {
    verdict: &'static str,
    reason: &'static str,
    agent: Option<&'static str>,
    refusals: Vec<ParagraphView>,
}

#[derive(Serialize)]
struct ParagraphView {
    suite: Option<String>,
    gate: Option<String>,
    variable: Option<String>,
    state: Option<&'static str>,
    place: String,
    what: String,
    why: String,
    at_risk: String,
    instead: String,
}

impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (reason, facts) = match &self.reason {
            Reason::Unmatched { place, .. } => ("unmatched", vec![(None, place)]),
            Reason::Closed(closed) => {
                let facts = closed
                    .iter()
                    .map(|closed| (Some(closed), &closed.gate.place));
                ("gate-closed", facts.collect())
            }
        };
        let refusals = self
            .paragraphs()
            .into_iter()
            .zip(facts)
            .map(|(text, (closed, place))| ParagraphView {
                suite: closed.map(|closed| closed.suite.clone()),
                gate: closed.map(|closed| closed.gate.name.clone()),
                variable: closed.map(|closed| closed.gate.env.clone()),
                state: closed.map(|closed| closed.state.name()),
                place: place.to_string(),
                what: text.what,
                why: text.why,
                at_risk: text.at_risk,
                instead: text.instead,
            });
        RefusalView {
            verdict: crate::exit::Verdict::Refused.name(),
            reason,
            agent: self.agent,
            refusals: refusals.collect(),
        }
        .serialize(serializer)
    }
}
