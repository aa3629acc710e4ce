//! `show [--to FILE]`: what a process finds itself with, a `name value` line each, for the test to compare with a bare run.

use crate::small::say;
use crate::sys;
use crate::words::Words;
use std::fs;
use std::io;

/// Lines of /proc/self/status that tell of signals.
const STATUS_LINES: [&str; 5] = ["SigBlk", "SigIgn", "SigCgt", "NoNewPrivs", "Umask"];

/// The manner `show`.
pub(crate) fn run(words: &Words) -> io::Result<i32> {
    let mut lines = Vec::new();
    // The list first, for everything else opens files; the directory itself is not counted.
    lines.push(format!("fds {}", open_descriptors()?.join(" ")));
    let status = fs::read_to_string("/proc/self/status")?;
    for line in status.lines() {
        if let Some((name, value)) = line.split_once(':')
            && STATUS_LINES.contains(&name)
        {
            lines.push(format!("{name} {}", value.trim()));
        }
    }
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat
        .rsplit_once(')')
        .map_or("", |(_, rest)| rest)
        .split_whitespace()
        .collect();
    // proc_pid_stat(5): after the name come state, ppid, pgrp, session, tty_nr, tpgid.
    for (name, index) in [("pgid", 2), ("sid", 3), ("tty", 4), ("tpgid", 5)] {
        lines.push(format!("{name} {}", fields.get(index).unwrap_or(&"?")));
    }
    lines.push(format!("pid {}", sys::me()));
    lines.push(format!(
        "foreground {}",
        sys::foreground(0).map_or("none".to_owned(), |group| group.to_string())
    ));
    let adjustment = fs::read_to_string("/proc/self/oom_score_adj")?;
    lines.push(format!("oom_score_adj {}", adjustment.trim()));
    lines.push(format!("directory {}", std::env::current_dir()?.display()));
    for (name, value) in std::env::vars_os() {
        lines.push(format!(
            "env {}={}",
            name.to_string_lossy(),
            value.to_string_lossy()
        ));
    }
    match words.text("to") {
        Some(path) => fs::write(path, lines.join("\n"))?,
        None => say(&lines.join("\n"))?,
    }
    Ok(0)
}

/// The open descriptors, as `NUMBER:TARGET`.
fn open_descriptors() -> io::Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let Ok(target) = fs::read_link(entry.path()) else {
            continue;
        };
        let target = target.to_string_lossy().into_owned();
        if !(target.starts_with("/proc/") && target.ends_with("/fd")) {
            found.push(format!("{}:{target}", entry.file_name().to_string_lossy()));
        }
    }
    found.sort();
    Ok(found)
}
