//! Words that several reports have in common: survivors, sizes, times, lists.

use crate::outcome::Survivor;
use std::time::Duration;

/// How many processes are named one by one.
pub(super) const NAMED: usize = 20;

/// One process in one line.
pub(super) fn survivor(survivor: &Survivor) -> String {
    let mut text = format!(
        "pid {} (parent {}, {} old): {}",
        survivor.id.pid,
        survivor.parent,
        humantime::format_duration(Duration::from_secs(survivor.age_seconds)),
        survivor.command
    );
    if !survivor.listening.is_empty() {
        text += &format!(", listening on {}", survivor.listening.join(", "));
    }
    if !survivor.started_by.is_empty() {
        text += &format!(", started by {}", survivor.started_by.join(" > "));
    }
    if let Some(reason) = &survivor.expected {
        text += &format!(" (expected: {reason})");
    }
    text
}

/// A time as people read it.
pub(super) fn seconds(time: Duration) -> String {
    match time.as_secs() {
        0..60 => format!("{:.1} s", time.as_secs_f64()),
        whole => humantime::format_duration(Duration::from_secs(whole)).to_string(),
    }
}

/// A size as people read it.
pub(super) fn size(bytes: u64) -> String {
    const MIB: u64 = 1 << 20;
    match bytes {
        0..MIB => format!("{} KiB", bytes.div_ceil(1024)),
        bytes if bytes < 1024 * MIB => format!("{} MiB", bytes.div_ceil(MIB)),
        bytes => format!("{:.1} GiB", bytes as f64 / (1024 * MIB) as f64),
    }
}

/// Words with commas, and a word for none.
pub(super) fn list(words: &[&str]) -> String {
    match words {
        [] => "none".to_owned(),
        words => words.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::size;

    #[test]
    fn a_size_has_the_unit_that_it_is_read_in() {
        for (bytes, text) in [
            (1, "1 KiB"),
            (900 << 10, "900 KiB"),
            (310 << 20, "310 MiB"),
            ((1 << 30) + (1 << 28), "1.2 GiB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
