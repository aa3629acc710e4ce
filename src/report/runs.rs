//! Tables of runs: `guardrun ps`, `guardrun logs` and `guardrun reap`.

use super::json;
use super::voice::Voice;
use crate::exit::Exit;
use crate::outcome::Survivor;
use crate::registry::{Life, bytes, tell};
use crate::values::Level;
use serde::Serialize;
use serde_json::Value;
use std::fmt::Write;
use std::io::IsTerminal;
use std::time::Duration;

/// One run, as `ps` shows it.
#[derive(Debug, Serialize)]
pub struct RunRow {
    /// Its id.
    pub run: String,
    /// Whether it lives.
    pub life: Life,
    /// The suite's name, if it has one.
    pub suite: Option<String>,
    /// The level that it is held at.
    pub level: Level,
    /// The front's pid; None where pids mean something else here.
    pub pid: Option<i32>,
    /// Since when, in seconds; None for a run before this boot.
    pub age_seconds: Option<u64>,
    /// When it was started, by the wall clock.
    pub started: String,
    /// How many processes it has, guardrun's own left out; None where they cannot be seen, or it is over.
    pub processes: Option<usize>,
    /// The memory that they use, in bytes.
    pub memory_bytes: Option<u64>,
    /// The locks that it holds, or held.
    pub locks: Vec<String>,
    /// Its command.
    pub command: String,
}

/// Whether the same is said again soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// This is all.
    Once,
    /// It is one of many, and on a terminal takes the place of the one before.
    Repeated,
}

/// Prints the runs.
pub fn runs(voice: &Voice, rows: &[RunRow]) -> Exit {
    frame(voice, rows, Again::Once)
}

/// Prints the runs as they are now.
pub fn frame(voice: &Voice, rows: &[RunRow], again: Again) -> Exit {
    if voice.json {
        return super::data(&format!("{}\n", json::of(&rows)));
    }
    let clear = match again {
        Again::Repeated if std::io::stdout().is_terminal() => "\x1b[H\x1b[2J",
        Again::Repeated | Again::Once => "",
    };
    super::data(&format!("{clear}{}", table(rows)))
}

fn table(rows: &[RunRow]) -> String {
    if rows.is_empty() {
        return "runs (0): none\n".to_owned();
    }
    let titles = [
        "RUN", "STATE", "SUITE", "LEVEL", "PID", "AGE", "PROCS", "MEMORY", "LOCK", "COMMAND",
    ];
    let mut lines = vec![titles.map(str::to_owned)];
    let dash = || "-".to_owned();
    for row in rows {
        lines.push([
            row.run.clone(),
            json::of(&row.life).trim_matches('"').to_owned(),
            row.suite.clone().unwrap_or_else(dash),
            row.level.name().to_owned(),
            row.pid.map_or_else(dash, |pid| pid.to_string()),
            row.age_seconds.map_or_else(dash, seconds),
            row.processes.map_or_else(dash, |count| count.to_string()),
            row.memory_bytes.map_or_else(dash, bytes),
            if row.locks.is_empty() {
                dash()
            } else {
                row.locks.join(",")
            },
            shortened(&row.command),
        ]);
    }
    let width = |at: usize| {
        lines
            .iter()
            .map(|line| line[at].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths: Vec<usize> = (0..titles.len() - 1).map(width).collect();
    let mut text = String::new();
    for line in &lines {
        for (cell, width) in line.iter().zip(&widths) {
            let _ = write!(text, "{cell:<width$}  ");
        }
        let _ = writeln!(text, "{}", line[titles.len() - 1]);
    }
    text
}

/// One line of a record, and how long after the run's start it was written.
#[derive(Debug)]
pub struct LogLine {
    /// As it stands in the record.
    pub raw: String,
    /// The same, read; None for one that was cut short.
    pub value: Option<Value>,
    /// Milliseconds after the start, where both are known.
    pub after_ms: Option<u64>,
}

/// Prints what was noted about a run: as it stands for machines, as a table for people.
pub fn log(voice: &Voice, row: &RunRow, lines: &[LogLine]) -> Exit {
    if voice.json {
        let raw: String = lines.iter().map(|line| format!("{}\n", line.raw)).collect();
        return super::data(&raw);
    }
    let life = json::of(&row.life);
    let mut text = format!(
        "run        {}, {}\nsuite      {}\nlevel      {}\nstarted    {}\nlocks      {}\ncommand    {}\n",
        row.run,
        life.trim_matches('"'),
        row.suite.as_deref().unwrap_or("none"),
        row.level,
        row.started,
        if row.locks.is_empty() {
            "none".to_owned()
        } else {
            row.locks.join(", ")
        },
        clean(&row.command),
    );
    for line in lines {
        let at = line.after_ms.map_or_else(
            || "?".to_owned(),
            |ms| format!("+{:.3} s", ms as f64 / 1000.0),
        );
        let (name, said) = match &line.value {
            Some(value) => tell(value),
            None => (
                "cut-short".to_owned(),
                "this line was not written to its end".to_owned(),
            ),
        };
        let _ = writeln!(text, "{at:>12}  {name:<10} {}", clean(&said));
    }
    if lines.is_empty() {
        text += "events (0): none\n";
    }
    super::data(&text)
}

/// What is, or was, alive of one dead run.
#[derive(Debug, Serialize)]
pub struct Reaped {
    /// The run's id.
    pub run: String,
    /// Its command.
    pub command: String,
    /// What was found alive of it.
    pub found: Vec<Survivor>,
    /// What is alive of it now; the same as `found` where nothing was touched.
    pub left: Vec<Survivor>,
}

/// Prints what dead runs have left.
pub fn reaped(voice: &Voice, runs: &[Reaped], touched: bool) -> Exit {
    if voice.json {
        return super::data(&format!("{}\n", json::of(&runs)));
    }
    let count: usize = runs.iter().map(|run| run.found.len()).sum();
    let mut text = format!(
        "leftovers of dead runs ({count}){}\n",
        if count == 0 { ": none" } else { ":" }
    );
    for run in runs {
        for process in &run.found {
            let fate = match run.left.iter().any(|left| left.id == process.id) {
                _ if !touched => "",
                true => "still there  ",
                false => "ended  ",
            };
            let _ = writeln!(
                text,
                "  {fate}pid {} ({} old) of run {}: {}",
                process.id,
                seconds(process.age_seconds),
                run.run,
                clean(&process.command)
            );
        }
    }
    if count > 0 && !touched {
        text += "nothing was touched; `guardrun reap --yes` ends them\n";
    }
    super::data(&text)
}

fn seconds(seconds: u64) -> String {
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

/// Without what would steer a terminal.
fn clean(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .collect()
}

fn shortened(command: &str) -> String {
    let text = clean(command);
    match text.chars().count() {
        0..=80 => text,
        _ => text.chars().take(79).chain(['…']).collect(),
    }
}
