//! What a report is written in, by its first lines.

use super::lines::plain;
use crate::policy::proof::Format;

/// The format of a report that begins like this.
pub(super) fn format(window: &[u8]) -> Option<Format> {
    let text = String::from_utf8_lossy(window);
    if text.trim_start().starts_with('<') {
        return Some(Format::Junit);
    }
    text.lines().find_map(of_line)
}

pub(super) fn of_line(line: &str) -> Option<Format> {
    let line = plain(line.as_bytes());
    let line = line.trim_end();
    if line.starts_with('{') {
        let has = |key: &str| line.contains(key);
        return match () {
            () if has("\"Action\"") => Some(Format::GoJson),
            () if has("\"event\"") && has("\"type\"") => Some(Format::Libtest),
            () if has("\"event\"") && has("\"gate\"") => Some(Format::Ledger),
            () => None,
        };
    }
    let number_after = |prefix: &str| {
        line.strip_prefix(prefix)
            .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
    };
    if line.starts_with("TAP version ")
        || number_after("1..")
        || number_after("ok ")
        || number_after("not ok ")
        || line == "ok"
        || line == "not ok"
        || line.starts_with("Bail out!")
        || line.starts_with("ok - ")
        || line.starts_with("not ok - ")
    {
        return Some(Format::Tap);
    }
    let running = number_after("running ") && (line.ends_with(" tests") || line.ends_with(" test"));
    if running || line.starts_with("test result: ") {
        return Some(Format::Libtest);
    }
    None
}
