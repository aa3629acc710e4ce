//! What is said of a run's private directories when they have been removed.

use crate::plan::SuiteEnvironment;
use crate::sys::clear::{Cleared, Found, Stays};
use serde_json::{Value, json};
use std::ffi::OsStr;
use std::io;

/// For people, a line each: what is as it should be, and what is not.
pub(super) struct Lines {
    /// What was left and is gone.
    pub(super) removed: Vec<String>,
    /// What is not gone.
    pub(super) staying: Vec<String>,
}

impl Lines {
    pub(super) fn of(cleared: &Cleared, environment: Option<&SuiteEnvironment>) -> Lines {
        let all = cleared.found.iter();
        let removed: Vec<_> = all
            .map(|(directory, found)| {
                let whose = match variable(directory, environment) {
                    Some(name) => format!("its private {name}"),
                    None => "its private directories".to_owned(),
                };
                format!("left {} in {whose}, removed", amount(*found))
            })
            .collect();
        let mut staying: Vec<String> = cleared
            .stays
            .iter()
            .map(|(path, why)| {
                let what = match path.as_os_str().is_empty() {
                    true => cleared.top.display().to_string(),
                    false => format!(
                        "{} in {}",
                        crate::policy::text::shortened(&path.to_string_lossy(), 200),
                        cleared.top.display()
                    ),
                };
                format!(
                    "could not remove the private directory {what}: {}",
                    reason(*why)
                )
            })
            .collect();
        let more = cleared.staying.saturating_sub(cleared.stays.len() as u64);
        if more > 0 {
            staying.push(format!("and {more} more"));
        }
        if cleared.staying > 0 {
            staying.push(format!(
                "hint: unmount or remove what is left in {}, as its owner or root",
                cleared.top.display()
            ));
        }
        if !cleared.finished {
            staying.push(format!(
                "not everything in {} is removed yet; the next guardrun goes on",
                cleared.top.display()
            ));
        }
        Lines { removed, staying }
    }
}

/// For machines.
pub(super) fn json(cleared: &Cleared, environment: &SuiteEnvironment) -> Value {
    let found: Vec<_> = cleared
        .found
        .iter()
        .map(|(directory, found)| {
            json!({
                "variable": variable(directory, Some(environment)),
                "files": found.files,
                "directories": found.directories,
            })
        })
        .collect();
    let stays: Vec<_> = cleared
        .stays
        .iter()
        .map(|(path, why)| json!({ "path": path.to_string_lossy(), "why": reason(*why) }))
        .collect();
    json!({
        "path": cleared.top,
        "left": found,
        "not_removed": stays,
        "not_removed_count": cleared.staying,
        "finished": cleared.finished,
    })
}

/// The variable that named this directory. Without a plan, as after a sweep, the name says it well enough.
fn variable(directory: &OsStr, environment: Option<&SuiteEnvironment>) -> Option<String> {
    let known = environment?.private.iter();
    let mut named = known.filter(|variable| directory == variable.directory.as_str());
    named.next().map(|variable| variable.name.clone())
}

fn amount(found: Found) -> String {
    let count = |number: u64, one: &str, many: &str| match number {
        0 => None,
        1 => Some(format!("1 {one}")),
        _ => Some(format!("{number} {many}")),
    };
    let parts = [
        count(found.files, "file", "files"),
        count(found.directories, "directory", "directories"),
    ];
    parts
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" and ")
}

fn reason(why: Stays) -> String {
    match why {
        Stays::Mounted => "something is mounted there".to_owned(),
        Stays::OwnedBy(user) => format!("it belongs to user {user}"),
        Stays::Replaced => "it is not the one that was made".to_owned(),
        Stays::Refused(errno) => io::Error::from_raw_os_error(errno).to_string(),
    }
}
