//! What a person reads of an audit: the tree of programs, the profile, what a fence would have refused, and lines for the policy.

use super::text::{seconds, size};
use super::voice::{Tone, Voice};
use crate::audit::{Class, Diff, Node, Refusal, Role, Story};
use crate::policy::text::shortened;
use crate::sys::stream::Stream;
use crate::sys::terminal;
use std::collections::BTreeMap;
use std::time::Duration;

/// How many lines the tree has at the most.
const LINES: usize = 60;
/// How many of each kind of thing are named.
const NAMED: usize = 8;
/// How deep a program is indented at the most.
const DEEPEST: usize = 20;
/// How wide a line is where nobody knows how wide they are.
const USUAL_WIDTH: usize = 120;

/// Says what an audit has seen.
pub fn story(voice: &Voice, story: &Story) {
    if voice.quiet || voice.json {
        return;
    }
    let columns = terminal::columns(Stream::Err.own()).unwrap_or(USUAL_WIDTH);
    let width = columns.saturating_sub("guardrun: ".len()).max(60);
    voice.say(Tone::Notice, &head(story));
    for gap in story.run.gaps.iter().chain(&story.gaps) {
        voice.say(Tone::Bad, &format!("not seen: {gap}"));
    }
    for line in tree(story, width) {
        voice.say(Tone::Plain, &line);
    }
    for (name, text) in profile(story) {
        voice.say(Tone::Plain, &format!("  {name:<11} {text}"));
    }
    let (refused, times) = story.would_refuse();
    for (class, refused, times) in [
        ("daemons", &refused.daemons, times[0]),
        ("processes", &refused.processes, times[1]),
    ] {
        would_refuse(voice, class, refused, times);
    }
    let meaning = match story.class() {
        Class::Processes => "its tests start nothing; it fits behind the fence `processes`",
        Class::Daemons => {
            "its tests start programs and no daemon; it fits behind the fence `daemons`"
        }
        Class::Gated => {
            "its tests start what a fence refuses; it is to be gated, or let through by name"
        }
    };
    voice.say(Tone::Good, &format!("this suite: {meaning}"));
    voice.say(Tone::Plain, "lines for guardrun.toml:");
    for line in story.policy().lines() {
        voice.line(line);
    }
}

/// Says what has changed since an earlier run.
pub fn diff(voice: &Voice, diff: &Diff, old: &str) {
    if voice.json {
        voice.line(&serde_json::json!({ "diff": diff }).to_string());
        return;
    }
    let say = |tone, what: &str, changes: &[crate::audit::Change]| {
        for change in changes.iter().take(5 * NAMED) {
            let object = change.object.as_deref().unwrap_or_default();
            let text = match change.deed {
                "start" => format!("{} starts {object}", change.program),
                "listen" => format!("{} listens on {object}", change.program),
                "pty" => format!("{} opens a pseudoterminal {object}", change.program),
                _ => format!("{} makes a session of its own {object}", change.program),
            };
            let times = shortened(text.trim_end(), 160);
            voice.say(tone, &format!("  {what}: {times}, × {}", change.times));
        }
        if changes.len() > 5 * NAMED {
            let more = changes.len() - 5 * NAMED;
            voice.say(tone, &format!("  {what}: and {more} more"));
        }
    };
    let ([before, now], [most, most_now]) = (diff.processes, diff.at_once);
    let text = format!(
        "against {old}: {} begun, {} no more · processes {before} → {now} · at once {most} → {most_now}",
        diff.begun.len(),
        diff.ceased.len(),
    );
    let tone = match diff.begun.is_empty() {
        true => Tone::Good,
        false => Tone::Bad,
    };
    voice.say(tone, &text);
    say(Tone::Bad, "new", &diff.begun);
    say(Tone::Plain, "no more", &diff.ceased);
}

fn head(story: &Story) -> String {
    let threads = match story.threads_at_once {
        Some(threads) if threads > story.at_once => format!(" ({threads} with every thread)"),
        _ => String::new(),
    };
    let memory = match story.peak_memory.max(story.largest.as_ref().map(|it| it.0)) {
        Some(bytes) => format!(", {} at most", size(bytes)),
        None => String::new(),
    };
    format!(
        "audit of {}: {} in {}, {} at once{threads}{memory}",
        shortened(&shell_words::join(&story.run.command), 80),
        number(story.processes, "process", "processes"),
        seconds(time(story.now)),
        story.at_once
    )
}

/// The tree, alike ones together: `times role program`.
fn tree(story: &Story, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut left = 0;
    // Depth first, in the order in which they were first seen.
    let mut next: Vec<(usize, usize)> = vec![(0, 0)];
    while let Some((at, depth)) = next.pop() {
        let Some(node) = story.tree.get(at) else {
            continue;
        };
        if at != 0 {
            if lines.len() < LINES {
                lines.push(row(node, depth - 1, width));
            } else {
                left += 1;
            }
        }
        let mut below: Vec<usize> = node.below.values().copied().collect();
        below.sort_unstable_by(|a, b| b.cmp(a));
        next.extend(below.into_iter().map(|child| (child, depth + 1)));
    }
    if left > 0 {
        lines.push(format!(
            "{:>8} {left} more kinds; --events FILE has every process",
            "and"
        ));
    }
    lines
}

fn row(node: &Node, depth: usize, width: usize) -> String {
    let times = match node.times {
        1 => String::new(),
        times => format!("× {times}"),
    };
    let role = node.role.map_or("", Role::name);
    let arrow = if node.in_place { "→ " } else { "" };
    let before = format!(
        "{times:>8} {role:<9} {:indent$}{arrow}",
        "",
        indent = 2 * depth.min(DEEPEST)
    );
    let mut after = String::new();
    if let Some(address) = &node.listening {
        after += &format!(", listens on {}", shortened(address, 60));
    }
    if let Some(signal) = &node.signal {
        after += &format!(", ended by {signal}");
    }
    if node.forks > 0 {
        after += &format!(", {}", number(node.forks, "fork", "forks"));
    }
    let what = match node.times {
        1 => &node.example,
        _ => &node.label,
    };
    let room = width.saturating_sub(before.chars().count() + after.chars().count());
    format!("{before}{}{after}", shortened(what, room.max(24)))
}

fn profile(story: &Story) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    let roles = Role::ALL.iter().filter_map(|role| {
        let times = story.roles.get(role)?;
        Some(format!("{} {times}", role.name()))
    });
    lines.push(("by role", roles.collect::<Vec<_>>().join(" · ")));
    let top = |of: fn(&crate::audit::Tally) -> f64, shown: fn(&crate::audit::Tally) -> String| {
        let mut programs: Vec<_> = story.programs.iter().filter(|it| of(it.1) > 0.0).collect();
        programs.sort_by(|a, b| of(b.1).total_cmp(&of(a.1)));
        let some = programs.iter().take(NAMED / 2);
        let some = some.map(|(label, tally)| format!("{} {}", shortened(label, 40), shown(tally)));
        some.collect::<Vec<_>>().join(" · ")
    };
    lines.push((
        "by number",
        top(|it| it.times as f64, |it| format!("× {}", it.times)),
    ));
    lines.push(("by cpu", top(|it| it.cpu, |it| seconds(time(it.cpu)))));
    lines.push(("by memory", top(|it| it.peak as f64, |it| size(it.peak))));
    lines.push((
        "longest",
        top(|it| it.longest, |it| seconds(time(it.longest))),
    ));
    let listening = story.listening.iter();
    let listening = listening.map(|((who, address), times)| {
        let at = if address.is_empty() { "?" } else { address };
        many(format!("{who} on {}", shortened(at, 60)), *times)
    });
    lines.push(("listening", some(listening)));
    lines.push(("terminals", some(counts(&story.terminals))));
    lines.push(("sessions", some(counts(&story.sessions))));
    let refused = story.refused.iter();
    let refused = refused.map(|((who, deed), times)| many(format!("{deed} of {who}"), *times));
    lines.push(("refused", some(refused)));
    let outlived = story.outlived_parent.iter().map(|(who, (times, longest))| {
        many(format!("{who} ({})", seconds(time(*longest))), *times)
    });
    lines.push(("orphans", some(outlived)));
    let mut left: BTreeMap<String, u64> = BTreeMap::new();
    for (_, label) in &story.outlived_run {
        *left.entry(label.clone()).or_default() += 1;
    }
    lines.push(("left over", some(counts(&left))));
    lines.retain(|(_, text)| !text.is_empty());
    lines
}

fn would_refuse(voice: &Voice, class: &str, refused: &[Refusal], times: u64) {
    if refused.is_empty() {
        voice.say(
            Tone::Plain,
            &format!("under the fence `{class}` nothing would be refused"),
        );
        return;
    }
    let text = format!(
        "under the fence `{class}` this would be refused, {} in all:",
        number(times, "time", "times")
    );
    voice.say(Tone::Notice, &text);
    for one in refused.iter().take(NAMED) {
        let by = match &one.host {
            Some(host) if *host != one.program => format!(" below {}", shortened(host, 40)),
            _ => String::new(),
        };
        let text = many(
            format!("{} of {}{by}", one.deed, shortened(&one.program, 60)),
            one.times,
        );
        voice.say(Tone::Plain, &format!("  {text}: {}", one.rule));
    }
    if refused.len() > NAMED {
        voice.say(
            Tone::Plain,
            &format!("  and {} more kinds", refused.len() - NAMED),
        );
    }
}

fn counts(counts: &BTreeMap<String, u64>) -> impl Iterator<Item = String> {
    counts.iter().map(|(who, times)| many(who.clone(), *times))
}

fn many(what: String, times: u64) -> String {
    match times {
        1 => what,
        times => format!("{what} × {times}"),
    }
}

fn some(all: impl Iterator<Item = String>) -> String {
    let all: Vec<String> = all.collect();
    let mut text = all[..all.len().min(NAMED)].join(" · ");
    if all.len() > NAMED {
        text += &format!(" · and {} more", all.len() - NAMED);
    }
    text
}

fn number(number: u64, one: &str, many: &str) -> String {
    match number {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}
