//! What a ledger comes to.

use super::{Entry, Event};
use serde::Serialize;
use std::collections::hash_map::DefaultHasher;
use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash, Hasher};

/// How many gates are told apart. The suite writes the names, and may write as many as it likes.
const GATES: usize = 100;

/// Counts of one run's ledger, and no names but those of gates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Gated tests whose bodies began; one that is repeated counts once.
    pub ran: usize,
    /// Gated tests that failed because something they need is missing.
    pub failed_prerequisite: usize,
    /// Real starts that were stopped behind a closed gate.
    pub stopped: usize,
    /// How often each gate was found open inside the run.
    pub open: BTreeMap<String, usize>,
    /// How often each gate was found closed inside the run.
    pub closed: BTreeMap<String, usize>,
    /// Lines that are no entries of this run.
    pub unreadable: usize,
    /// What has been counted in `ran`, by hash: names can be long, and there may be a hundred thousand.
    #[serde(skip)]
    seen: HashSet<u64>,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, entry: &Entry) {
        match entry.event {
            Event::Ran => {
                let mut hasher = DefaultHasher::new();
                (&entry.gate, &entry.test).hash(&mut hasher);
                if self.seen.insert(hasher.finish()) {
                    self.ran += 1;
                }
            }
            Event::FailedPrerequisite => self.failed_prerequisite += 1,
            Event::Stopped => self.stopped += 1,
            Event::Open => count(&mut self.open, &entry.gate),
            Event::Closed => count(&mut self.closed, &entry.gate),
            Event::Other => {}
        }
    }

    /// Whether nobody wrote anything that is understood.
    pub fn is_empty(&self) -> bool {
        self.ran + self.failed_prerequisite + self.stopped == 0
            && self.open.is_empty()
            && self.closed.is_empty()
    }
}

fn count(gates: &mut BTreeMap<String, usize>, gate: &str) {
    if let Some(times) = gates.get_mut(gate) {
        *times += 1;
    } else if gates.len() < GATES {
        gates.insert(gate.to_owned(), 1);
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;
    use crate::ledger::{Entry, Event};

    fn entry(event: Event, gate: &str, test: &str) -> Entry {
        Entry {
            v: 1,
            run: String::new(),
            gate: gate.to_owned(),
            event,
            test: test.to_owned(),
            reason: String::new(),
            pid: 1,
            lang: String::new(),
        }
    }

    #[test]
    fn a_test_counts_once_however_often_it_is_repeated() {
        let mut tally = Tally::default();
        for (gate, test) in [("A", "one"), ("A", "two"), ("A", "one"), ("B", "one")] {
            tally.add(&entry(Event::Ran, gate, test));
        }
        assert_eq!(tally.ran, 3);
    }

    #[test]
    fn gates_are_counted_apart_and_not_without_end() {
        let mut tally = Tally::default();
        for number in 0..1_000 {
            tally.add(&entry(Event::Closed, &format!("G{number}"), ""));
            tally.add(&entry(Event::Open, "A", ""));
        }
        assert_eq!(tally.open["A"], 1_000);
        assert_eq!(tally.closed.len(), super::GATES);
    }
}
