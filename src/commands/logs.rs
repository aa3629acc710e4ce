//! `guardrun logs`: what was noted about one run.

use super::ps;
use crate::cli::Logs;
use crate::exit::{Exit, Verdict};
use crate::registry::{Scope, Shelf, Shelved};
use crate::report::{self, LogLine, Voice};
use serde_json::Value;

pub(super) fn logs(voice: &Voice, options: &Logs) -> Exit {
    let shelf = Shelf::here(std::env::var_os("XDG_RUNTIME_DIR"));
    let told = find(&shelf, options.run.as_deref()).and_then(|found| {
        let read = std::fs::read(&found.path);
        let bytes =
            read.map_err(|error| format!("cannot read {}: {error}", found.path.display()))?;
        let lines = lines(
            &String::from_utf8_lossy(&bytes),
            found.entry.started.boot_ms,
        );
        Ok(report::log(voice, &ps::row(&found, &Scope::here()), &lines))
    });
    told.unwrap_or_else(|wrong| {
        report::failure(voice, Verdict::Usage, &wrong);
        Verdict::Usage.into()
    })
}

/// The run whose id begins like this, or the newest.
fn find(shelf: &Shelf, wanted: Option<&str>) -> Result<Shelved, String> {
    let prefix = wanted.unwrap_or_default();
    if wanted.is_some()
        && (prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()))
    {
        return Err(format!(
            "`{}` is not the beginning of a run's id, which has the digits 0 to 9 and a to f\nhint: `guardrun ps --all` lists the runs",
            prefix.escape_default()
        ));
    }
    let mut found = shelf.beginning_with(&prefix.to_ascii_lowercase());
    if wanted.is_some() && found.len() > 1 {
        let ids: Vec<_> = found
            .iter()
            .take(8)
            .map(|it| it.entry.run.as_str())
            .collect();
        return Err(format!(
            "{} runs begin with `{prefix}`: {}\nhint: write more of the id",
            found.len(),
            ids.join(", ")
        ));
    }
    found.pop().ok_or_else(|| {
        let places: Vec<_> = shelf.directories().iter().map(|it| it.display().to_string()).collect();
        format!(
            "there is no record of {} in {}\nhint: `guardrun ps --all` lists the runs; the newest 200 that are over are kept",
            wanted.map_or("any run".to_owned(), |prefix| format!("a run `{prefix}`")),
            if places.is_empty() { "any place".to_owned() } else { places.join(", ") }
        )
    })
}

/// Every line but the first, which is the run itself.
fn lines(text: &str, started_ms: u64) -> Vec<LogLine> {
    let lines = text.lines().skip(1).filter(|line| !line.is_empty());
    let read = |line: &str| {
        let value = serde_json::from_str::<Value>(line).ok();
        let at = value.as_ref().and_then(|value| value["at_ms"].as_u64());
        LogLine {
            raw: line.to_owned(),
            after_ms: at.map(|at| at.saturating_sub(started_ms)),
            value,
        }
    };
    lines.map(read).collect()
}
