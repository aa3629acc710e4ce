//! `guardrun reap`: what dead runs have left, listed, and ended only when asked to.

use crate::cli::Reap;
use crate::exit::{Exit, Verdict};
use crate::outcome::Survivor;
use crate::policy::Hold;
use crate::registry::{Dead, Shelf};
use crate::report::{self, Reaped, Voice};
use crate::run::look_at;
use crate::sys::procfs::Stat;
use std::time::{Duration, Instant};

/// How long everything may take to die.
const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn reap(voice: &Voice, options: &Reap) -> Exit {
    let shelf = Shelf::here(std::env::var_os("XDG_RUNTIME_DIR"));
    let rules = Hold::default();
    let looked = |stats: &[Stat]| -> Vec<Survivor> { look_at(stats, &rules) };
    let deadline = Instant::now() + LIMIT;
    let mut reaped = Vec::new();
    for directory in shelf.directories() {
        for (dead, alive) in Dead::all(directory) {
            let (run, command) = (dead.entry.run.clone(), dead.entry.command.clone());
            let found = looked(&alive);
            let left = match options.yes {
                true => looked(&dead.end(alive.len(), deadline).left),
                false => found.clone(),
            };
            if !found.is_empty() || !left.is_empty() {
                reaped.push(Reaped {
                    run,
                    command,
                    found,
                    left,
                });
            }
        }
    }
    let printed = report::reaped(voice, &reaped, options.yes);
    match options.yes && reaped.iter().any(|run| !run.left.is_empty()) {
        true => Verdict::NotKilled.into(),
        false => printed,
    }
}
