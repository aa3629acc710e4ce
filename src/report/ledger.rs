//! What the gates inside a suite have noted, as a person reads it.

use super::voice::{Tone, Voice};
use crate::host::chain;
use crate::outcome::Outcome;
use crate::plan::Plan;

/// How many gated tests ran, as a part of the line at the end. Nothing where no gate inside the suite wrote anything.
pub(super) fn counts(plan: &Plan, outcome: &Outcome) -> String {
    match &outcome.ledger {
        Some(tally) if tally.ran > 0 || !(plan.opened.is_empty() || tally.is_empty()) => {
            match tally.ran {
                1 => " · 1 gated test ran".to_owned(),
                ran => format!(" · {ran} gated tests ran"),
            }
        }
        _ => String::new(),
    }
}

/// Says where a gate that this run has opened was found closed inside it, and, to those who want to know more, that nobody wrote
/// anything though a gate was open.
pub(super) fn contradictions(voice: &Voice, plan: &Plan, outcome: &Outcome) {
    let Some(tally) = &outcome.ledger else {
        return;
    };
    for open in &plan.opened {
        let Some(times) = tally.closed.get(&open.variable) else {
            continue;
        };
        let text = format!(
            "the gate `{}` is open for this run, and was found closed inside it {times} times: part of the environment did not arrive",
            open.gate
        );
        voice.say(Tone::Bad, &text);
        voice.say(Tone::Plain, &chain::hint());
    }
    if tally.stopped > 0 {
        let text = format!(
            "{} real starts were stopped behind a closed gate: they are called outside of a gated test",
            tally.stopped
        );
        voice.say(Tone::Bad, &text);
    }
    if voice.verbose && tally.is_empty() && !plan.opened.is_empty() {
        let text = "no gate inside the suite wrote into the ledger: it asks none, or the environment did not arrive";
        voice.say(Tone::Plain, text);
        voice.say(Tone::Plain, &chain::hint());
    }
}
