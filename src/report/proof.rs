//! What a run has proved, as a person reads it.

use super::voice::{Tone, Voice};
use crate::outcome::{Ending, Proved};
use crate::proof::Problem;

/// The counts, as a part of the line at the end; empty where nothing was counted.
pub(super) fn counts(ending: &Ending) -> String {
    let Some(Proved { counts, .. }) = ending.proof.iter().find(|proved| proved.counted) else {
        return String::new();
    };
    let mut text = format!(" · {} executed", counts.executed);
    for (number, word) in [
        (counts.failed, "failed"),
        (counts.flaky, "flaky"),
        (counts.skipped, "skipped"),
        (counts.cached, "not run again"),
    ] {
        if number > 0 {
            text += &format!(", {number} {word}");
        }
    }
    text
}

/// Says what is not proved, and what ought to be known besides.
pub(super) fn problems(voice: &Voice, ending: &Ending) {
    let several = ending.proof.len() > 1;
    for proved in &ending.proof {
        let name = match several {
            true => format!("{}: ", proved.suite),
            false => String::new(),
        };
        for problem in &proved.problems {
            say(voice, Tone::Bad, &name, problem);
        }
        for note in proved.notes.iter().filter(|_| !voice.quiet) {
            say(voice, Tone::Notice, &name, note);
        }
    }
}

fn say(voice: &Voice, tone: Tone, name: &str, problem: &Problem) {
    voice.say(tone, &format!("{name}{}", problem.text));
    voice.say(Tone::Plain, &format!("hint: {}", problem.hint));
}
