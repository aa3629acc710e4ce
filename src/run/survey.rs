//! Looking closely at a process that should not be there, while it still is.

use crate::outcome::Survivor;
use crate::policy::Hold;
use crate::sys::procfs::{self, Stat};
use globset::{Glob, GlobMatcher};

/// How much is to be found out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Also what it listens on and waits for.
    Close,
    /// Only who it is.
    Brief,
}

/// What is the same for every process that is looked at.
pub(super) struct Survey<'a> {
    /// In clock ticks since boot, as start times are.
    now: u64,
    ticks_per_second: u64,
    /// Programs that the policy expects to stay, with the reasons.
    expected: Vec<(GlobMatcher, &'a str)>,
}

impl<'a> Survey<'a> {
    pub(super) fn new(rules: &'a Hold) -> Survey<'a> {
        let ticks_per_second = procfs::ticks_per_second();
        let seconds = procfs::uptime_seconds().unwrap_or_default();
        // The policy's reader has made sure that each is a glob.
        let matcher = |program: &str| Glob::new(program).ok().map(|glob| glob.compile_matcher());
        let expected = rules.leftovers.iter();
        Survey {
            now: (seconds * ticks_per_second as f64) as u64,
            ticks_per_second,
            expected: expected
                .filter_map(|leftover| {
                    Some((matcher(&leftover.program)?, leftover.reason.as_str()))
                })
                .collect(),
        }
    }

    /// What can be said about it.
    pub(super) fn look_at(&self, stat: &Stat, care: Care) -> Survivor {
        let pid = stat.id.pid;
        let close = care == Care::Close;
        let program = program(stat);
        Survivor {
            id: stat.id,
            parent: stat.parent,
            command: command(stat),
            age_seconds: self.now.saturating_sub(stat.id.start) / self.ticks_per_second,
            listening: if close {
                procfs::listening(pid)
            } else {
                Vec::new()
            },
            state: stat.state,
            waiting_in: if close { procfs::waiting_in(pid) } else { None },
            expected: self.reason_for(&program),
            program,
            started_by: Vec::new(),
        }
    }

    fn reason_for(&self, program: &str) -> Option<String> {
        let found = self
            .expected
            .iter()
            .find(|(matcher, _)| matcher.is_match(program));
        found.map(|(_, reason)| (*reason).to_owned())
    }
}

/// Looks at each of these, briefly.
pub fn look_at(processes: &[Stat], rules: &Hold) -> Vec<Survivor> {
    let survey = Survey::new(rules);
    processes
        .iter()
        .map(|stat| survey.look_at(stat, Care::Brief))
        .collect()
}

/// Its arguments in one line; its name in brackets where it shows none.
pub(super) fn command(stat: &Stat) -> String {
    let arguments = procfs::arguments(stat.id.pid);
    if arguments.is_empty() {
        return format!("[{}]", stat.name);
    }
    let words: Vec<_> = arguments
        .iter()
        .map(|word| word.to_string_lossy())
        .collect();
    words.join(" ")
}

/// The base name of its executable, or its name where that cannot be seen.
fn program(stat: &Stat) -> String {
    let path = procfs::executable(stat.id.pid);
    let name = path.as_deref().and_then(|path| path.file_name());
    name.map_or_else(
        || stat.name.clone(),
        |name| {
            name.to_string_lossy()
                .trim_end_matches(" (deleted)")
                .to_owned()
        },
    )
}
