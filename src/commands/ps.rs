//! `guardrun ps`: which runs there are, what they use, and which locks they hold.

use crate::cli::Ps;
use crate::exit::Exit;
use crate::registry::{Scope, Shelf, Shelved};
use crate::report::{self, Again, RunRow, Voice};
use crate::sys::poll;
use std::time::{Duration, Instant};

/// How often it is said again.
const INTERVAL: Duration = Duration::from_secs(1);

pub(super) fn ps(voice: &Voice, options: &Ps) -> Exit {
    loop {
        // Looked for anew each time: the first run makes the directory.
        let shelf = Shelf::here(std::env::var_os("XDG_RUNTIME_DIR"));
        let rows = rows(&shelf, options);
        if !options.watch {
            return report::runs(voice, &rows);
        }
        let Exit::Code(0) = report::frame(voice, &rows, Again::Repeated) else {
            // Nobody reads it any more.
            return Exit::Code(0);
        };
        // Ctrl-C has its default effect.
        let _ = poll::wait([None], Some(Instant::now() + INTERVAL));
    }
}

fn rows(shelf: &Shelf, options: &Ps) -> Vec<RunRow> {
    let here = Scope::here();
    let mut found = Vec::new();
    if options.all {
        found.extend(shelf.finished());
    }
    let wanted = |it: &Shelved| options.all || it.life == crate::registry::Life::Live;
    found.extend(shelf.open().into_iter().filter(wanted));
    found.iter().map(|it| row(it, &here)).collect()
}

/// What can be said about one.
pub(super) fn row(it: &Shelved, here: &Scope) -> RunRow {
    let (entry, uses) = (&it.entry, it.uses());
    RunRow {
        run: entry.run.clone(),
        life: it.life,
        suite: entry.suite.clone(),
        level: entry.level,
        pid: (entry.scope == *here).then_some(entry.front.pid),
        age_seconds: (entry.scope.boot == here.boot).then(|| entry.started.age().as_secs()),
        started: entry.started.wall.clone(),
        processes: uses.map(|uses| uses.processes),
        memory_bytes: uses.map(|uses| uses.memory_bytes),
        locks: entry.locks.clone(),
        command: entry.command.clone(),
    }
}
