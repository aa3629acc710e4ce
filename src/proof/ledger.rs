//! guardrun's own ledger as evidence: what the gate helpers have noted (docs/gate-contract.md).
//!
//! It tells which gated tests began and which were skipped, and not what came of those that began.

use super::tally::{Again, Case, Tally, Told, hash_of};
use super::{Unreadable, lines};
use crate::ledger::{Entry, Event};
use crate::policy::proof::Format;
use std::io::BufRead;

/// Reads a ledger. Lines of another run, of another version, and those that are no entries are passed over.
pub(super) fn read(input: &mut dyn BufRead, tally: &mut Tally) -> Result<(), Unreadable> {
    let mut entries = 0_u64;
    while let Some(line) = lines::next(input)? {
        let Some(entry) = Entry::read(line.text.as_bytes()) else {
            continue;
        };
        if !tally.is_of_this_run(&entry.run) {
            continue;
        }
        entries += 1;
        let told = match entry.event {
            Event::Ran => Told::Passed,
            Event::FailedPrerequisite => Told::Failed,
            Event::Closed => Told::Skipped,
            Event::Stopped => {
                tally.error();
                continue;
            }
            Event::Open | Event::Other => continue,
        };
        // A gate that was asked for no test in particular is no test.
        if entry.test.is_empty() {
            continue;
        }
        tally.case(&Case {
            of: "",
            name: &entry.test,
            within: hash_of(("ledger", &entry.gate)),
            told,
            reason: Some(&entry.reason),
            again: Again::FailureStands,
        })?;
    }
    match entries {
        0 => Err(Unreadable::Malformed(
            Format::Ledger,
            "no gate of this run has written into it".to_owned(),
        )),
        _ => Ok(()),
    }
}
