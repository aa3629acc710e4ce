//! The processes of a run, as a tree for people and as one line for machines.

use super::human::seconds;
use super::voice::{Tone, Voice};
use crate::outcome::{Family, Relative, Why};
use crate::policy::text::shortened;
use crate::sys::stream::Stream;
use crate::sys::terminal;
use serde_json::{Value, json};
use std::time::Duration;

/// How wide a line is where nobody knows how wide they are.
const USUAL_WIDTH: usize = 120;
/// What stands before each line.
const PREFIX: usize = "guardrun: ".len();
/// The least that is left for a command, however narrow the terminal.
const LEAST: usize = 24;
/// How deep a process is indented at the most; a chain of thousands is no picture.
const DEEPEST: usize = 16;

/// Says who there is.
pub(super) fn say(voice: &Voice, family: &Family) {
    if voice.json {
        return voice.line(&json(family).to_string());
    }
    let tone = match family.why {
        Why::Asked => Tone::Notice,
        Why::Limit => Tone::Bad,
    };
    voice.say(tone, &head(family));
    let columns = terminal::columns(Stream::Err.own()).unwrap_or(USUAL_WIDTH);
    for line in lines(family, columns.saturating_sub(PREFIX)) {
        voice.say(Tone::Plain, &line);
    }
}

fn head(family: &Family) -> String {
    let quiet = match family.quiet {
        Some(quiet) => format!(", {} after its last output", seconds(quiet)),
        None => String::new(),
    };
    let count = family.processes.len() + family.more;
    format!(
        "the processes of the run ({count}), {} after its start{quiet}:",
        seconds(family.elapsed)
    )
}

fn lines(family: &Family, width: usize) -> Vec<String> {
    let waits = |relative: &Relative| relative.waiting_in.as_deref().map_or(0, str::len);
    let waiting = family
        .processes
        .iter()
        .map(waits)
        .max()
        .unwrap_or(0)
        .clamp(5, 24);
    let mut lines = Vec::new();
    if !family.processes.is_empty() {
        lines.push(format!(
            "{:>8} {:>8} {:1} {:>7} {:>7} {:>6} {:waiting$} command",
            "pid", "parent", "", "age", "cpu", "memory", "waits"
        ));
    }
    for relative in &family.processes {
        let before = format!(
            "{:>8} {:>8} {:1} {:>7} {:>7} {:>6} {:waiting$} {:indent$}",
            relative.id.pid,
            relative.parent,
            relative.state,
            short_time(Duration::from_secs(relative.age_seconds)),
            short_time(Duration::from_millis(relative.cpu_milliseconds)),
            short_size(relative.resident_bytes),
            shortened(relative.waiting_in.as_deref().unwrap_or("-"), waiting),
            "",
            indent = 2 * relative.depth.min(DEEPEST),
        );
        let left = width.saturating_sub(before.chars().count()).max(LEAST);
        lines.push(before + &shortened(&relative.command, left));
    }
    if family.more > 0 {
        lines.push(format!("{:>8} {} more", "and", family.more));
    }
    lines
}

/// At most six characters: `0.4s`, `59s`, `12m`, `31h`, `12d`.
fn short_time(time: Duration) -> String {
    match time.as_secs() {
        0..10 => format!("{:.1}s", time.as_secs_f64()),
        seconds @ 10..120 => format!("{seconds}s"),
        seconds @ 120..7200 => format!("{}m", seconds / 60),
        seconds @ 7200..172_800 => format!("{}h", seconds / 3600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// At most five characters: `640K`, `12M`, `1.5G`.
fn short_size(bytes: u64) -> String {
    const MIB: u64 = 1024 * 1024;
    match bytes {
        0..MIB => format!("{}K", bytes / 1024),
        _ if bytes < 1024 * MIB => format!("{}M", bytes / MIB),
        _ => format!("{:.1}G", bytes as f64 / (1024 * MIB) as f64),
    }
}

fn json(family: &Family) -> Value {
    json!({
        "tree": {
            "why": family.why,
            "elapsed_seconds": family.elapsed.as_secs_f64(),
            "quiet_seconds": family.quiet.map(|quiet| quiet.as_secs_f64()),
            "processes": family.processes,
            "more": family.more,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::{head, json, lines};
    use crate::outcome::{Family, Relative, Why};
    use crate::values::ProcessId;
    use std::time::Duration;

    fn family() -> Family {
        let relative = |pid, parent, depth, command: &str| Relative {
            id: ProcessId { pid, start: 1 },
            parent,
            depth,
            state: 'S',
            waiting_in: Some("do_epoll_wait".to_owned()),
            age_seconds: 125,
            cpu_milliseconds: 1500,
            resident_bytes: 3 * 1024 * 1024,
            command: command.to_owned(),
        };
        Family {
            why: Why::Limit,
            elapsed: Duration::from_secs(130),
            quiet: Some(Duration::from_secs(121)),
            processes: vec![
                relative(10, 9, 0, "sh -c suite"),
                relative(11, 10, 1, &"x".repeat(500)),
            ],
            more: 7,
        }
    }

    #[test]
    fn the_tree_shows_who_waits_where_and_no_line_is_wider_than_the_terminal() {
        let family = family();
        assert_eq!(
            head(&family),
            "the processes of the run (9), 2m 10s after its start, 2m 1s after its last output:"
        );
        let lines = lines(&family, 100);
        assert_eq!(
            lines[1],
            "      10        9 S      2m    1.5s     3M do_epoll_wait sh -c suite"
        );
        assert!(lines[2].contains("do_epoll_wait   xxx"), "{}", lines[2]);
        assert!(
            lines.iter().all(|line| line.chars().count() <= 100),
            "{lines:?}"
        );
        assert_eq!(lines[3], "     and 7 more");
    }

    #[test]
    fn a_machine_reads_the_same() {
        let value = json(&family());
        let tree = &value["tree"];
        assert_eq!((&tree["why"], &tree["more"]), (&"limit".into(), &7.into()));
        assert_eq!(tree["processes"][0]["pid"], 10);
        assert_eq!(tree["processes"][0]["waiting_in"], "do_epoll_wait");
    }
}
