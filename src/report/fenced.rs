//! What a person reads about a fence.

use super::voice::{Tone, Voice};
use crate::outcome::{Census, Fenced, Outcome, Program, Refusal};
use crate::values::Deed;

/// How many kinds of refusals are told while the run goes on. The report has all of them.
const TOLD: usize = 20;

/// How many of the programs between the suite's first process and the one that was refused are shown.
const PARENTS: usize = 6;

/// Tells of one that is the first of its kind.
pub(super) fn refusal(voice: &Voice, refusal: &Refusal) {
    if voice.json {
        return;
    }
    let deed = match refusal.deed {
        Deed::Start => format!("to start {}", refusal.object),
        Deed::Listen if refusal.object.is_empty() => "to listen on a socket".to_owned(),
        Deed::Listen => format!("to listen on {}", refusal.object),
        Deed::Pty => "to open a pseudoterminal".to_owned(),
        Deed::Setsid => "to go into the background in a session of its own".to_owned(),
    };
    let by = &refusal.by;
    let text = format!("fenced: pid {} tried {deed}: {}", by.id, refusal.answer);
    voice.say(Tone::Bad, &text);
    say(voice, "program", &with_directory(by));
    if let Some(host) = &refusal.host {
        let test = refusal.test.as_deref();
        let test = test.map(|test| format!(", in {test}")).unwrap_or_default();
        say(
            voice,
            "tests",
            &format!("pid {}: {}{test}", host.id, shortened(&host.command)),
        );
    } else if let Some(test) = &refusal.test {
        say(voice, "test", test);
    }
    let parents: Vec<String> = refusal
        .parents
        .iter()
        .map(|it| shortened(&it.command))
        .collect();
    match parents.len() {
        0 if refusal.host.is_some() => {}
        0 => say(voice, "below", "whoever started it has ended"),
        n => say(
            voice,
            "below",
            &parents[n.saturating_sub(PARENTS)..].join(" > "),
        ),
    }
    let place = refusal
        .place
        .as_deref()
        .unwrap_or("built in, for suites without a gate");
    say(
        voice,
        "rule",
        &format!("{} (fence `{}`, {place})", refusal.rule, refusal.class),
    );
    voice.say(Tone::Plain, hint(refusal.deed));
}

/// How to do it properly.
fn hint(deed: Deed) -> &'static str {
    match deed {
        Deed::Listen | Deed::Pty | Deed::Setsid => {
            "hint: a suite that starts real processes is better gated: give it a [gate.NAME] in guardrun.toml; to let this one thing through, write a [[suite.NAME.dangerously-allow-fenced]] with a reason"
        }
        Deed::Start => {
            "hint: let this program through with a [[suite.NAME.dangerously-allow-fenced]], what = \"start\" and a reason, or ask for the fence `daemons`"
        }
    }
}

/// At the end: how often each happened that happened again.
pub(super) fn summary(voice: &Voice, fenced: &Fenced) {
    let again = fenced.refusals.iter().filter(|refusal| refusal.times > 1);
    for refusal in again.take(TOLD) {
        let text = format!(
            "fenced: {} more of the same ({}): {}",
            refusal.times - 1,
            refusal.deed.name(),
            shortened(&refusal.by.command)
        );
        voice.say(Tone::Plain, &text);
    }
    let told: u64 = fenced.refusals.iter().map(|refusal| refusal.times).sum();
    if fenced.refused > told {
        let text = format!("fenced: and {} more of other kinds", fenced.refused - told);
        voice.say(Tone::Plain, &text);
    }
}

/// What was counted, as a part of the last line.
pub(super) fn count(outcome: &Outcome) -> String {
    match (outcome.census, outcome.fenced.started) {
        (Some(Census { processes: 1, .. }), _) => "1 process · ".to_owned(),
        (Some(Census { processes, at_once }), _) => {
            format!("{processes} processes, {at_once} at once · ")
        }
        (None, None) => String::new(),
        (None, Some(1)) => "1 program started · ".to_owned(),
        (None, Some(number)) => format!("{number} programs started · "),
    }
}

fn with_directory(program: &Program) -> String {
    let mut text = shortened(&program.command);
    if let Some(executable) = &program.executable
        && !program.command.starts_with(executable.as_str())
    {
        text += &format!(" ({executable})");
    }
    if let Some(directory) = &program.directory {
        text += &format!(", in {directory}");
    }
    text
}

fn say(voice: &Voice, name: &str, text: &str) {
    voice.say(Tone::Plain, &format!("  {name:<8} {text}"));
}

fn shortened(text: &str) -> String {
    crate::policy::text::shortened(text, 160)
}
