//! Looking closely at a process that should not be there, while it still is.

use crate::outcome::Survivor;
use crate::policy::{Hold, Leftover};
use crate::sys::procfs::{self, Stat};
use globset::Glob;

/// How much is to be found out.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Care {
    /// Also what it listens on and waits for.
    Close,
    /// Only who it is.
    Brief,
}

/// What can be said about it.
pub(super) fn look_at(stat: &Stat, rules: &Hold, care: Care) -> Survivor {
    let pid = stat.id.pid;
    let arguments = procfs::arguments(pid);
    let command = match arguments.is_empty() {
        true => format!("[{}]", stat.name),
        false => arguments
            .iter()
            .map(|arg| arg.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" "),
    };
    let program = procfs::executable(pid)
        .and_then(|path| {
            Some(
                path.file_name()?
                    .to_string_lossy()
                    .trim_end_matches(" (deleted)")
                    .to_owned(),
            )
        })
        .unwrap_or_else(|| stat.name.clone());
    let expected = rules
        .leftovers
        .iter()
        .find(|leftover| covers(leftover, &program))
        .map(|leftover| leftover.reason.clone());
    Survivor {
        id: stat.id,
        parent: stat.parent,
        command,
        program,
        age_seconds: age(stat.id.start),
        listening: if care == Care::Close {
            procfs::listening(pid)
        } else {
            Vec::new()
        },
        state: stat.state,
        waiting_in: (care == Care::Close)
            .then(|| procfs::waiting_in(pid))
            .flatten(),
        expected,
    }
}

/// The policy's reader has made sure that the glob is one.
fn covers(leftover: &Leftover, program: &str) -> bool {
    Glob::new(&leftover.program).is_ok_and(|glob| glob.compile_matcher().is_match(program))
}

fn age(start: u64) -> u64 {
    let now = procfs::uptime_seconds().unwrap_or_default();
    (now - start as f64 / procfs::ticks_per_second() as f64).max(0.0) as u64
}
