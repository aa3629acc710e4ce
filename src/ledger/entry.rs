//! One line of a ledger.

use serde::{Deserialize, Serialize};

/// The most bytes of one line, with its newline: so much is appended as one, whoever else is writing (docs/gate-contract.md).
pub(super) const LONGEST: usize = 4096;

/// What was noted. A field that is missing is empty; one that is not known is passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The version of the format.
    pub v: u32,
    /// The run's id, as the one who wrote this had it.
    #[serde(default)]
    pub run: String,
    /// The gate's variable; empty for a question about the run alone.
    #[serde(default)]
    pub gate: String,
    /// What happened.
    pub event: Event,
    /// The test's name; empty where this is not about one test.
    #[serde(default)]
    pub test: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
    /// Who wrote it, as seen in its own pid namespace.
    #[serde(default)]
    pub pid: i64,
    /// What it is written in.
    #[serde(default)]
    pub lang: String,
}

/// What can happen at a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The gate was asked, and is open.
    Open,
    /// The gate was asked, and is closed.
    Closed,
    /// The body of a gated test begins.
    Ran,
    /// The gate is open, and something that the test needs is missing.
    FailedPrerequisite,
    /// A real start was stopped behind a closed gate.
    Stopped,
    /// Something that this guardrun does not know.
    #[serde(other)]
    Other,
}

impl Entry {
    /// Reads one line. None for what is no entry, or one of another version.
    pub fn read(line: &[u8]) -> Option<Entry> {
        let entry: Entry = serde_json::from_slice(line).ok()?;
        (entry.v == 1).then_some(entry)
    }

    /// The line to append, cut where it would be too long.
    pub fn line(&self) -> Vec<u8> {
        let mut entry = self.clone();
        loop {
            let mut line = serde_json::to_vec(&entry).expect("an entry is strings and numbers");
            line.push(b'\n');
            if line.len() <= LONGEST {
                return line;
            }
            // A character can take six bytes as an escape, so halving the longest text comes to an end soon.
            let longest = [
                &mut entry.reason,
                &mut entry.test,
                &mut entry.gate,
                &mut entry.run,
            ]
            .into_iter()
            .max_by_key(|text| text.len())
            .expect("there are four");
            let half = longest.chars().count() / 2;
            *longest = longest.chars().take(half).chain(['…']).collect();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Entry, Event, LONGEST};

    fn entry() -> Entry {
        Entry {
            v: 1,
            run: "0123456789ab".to_owned(),
            gate: "LIVE_TESTS".to_owned(),
            event: Event::Ran,
            test: "starts a server".to_owned(),
            reason: String::new(),
            pid: 4711,
            lang: "rust".to_owned(),
        }
    }

    #[test]
    fn a_line_is_read_as_it_was_written() {
        assert_eq!(Entry::read(&entry().line()), Some(entry()));
    }

    #[test]
    fn a_long_name_is_cut_and_the_line_stays_one() {
        let long = Entry {
            test: "\u{1}\"\n".repeat(9_000),
            ..entry()
        };
        let line = long.line();
        assert!(line.len() <= LONGEST);
        assert_eq!(line.iter().filter(|byte| **byte == b'\n').count(), 1);
        assert!(Entry::read(&line).unwrap().test.ends_with('…'));
    }

    #[test]
    fn what_is_not_known_is_passed_over_and_what_is_broken_is_none() {
        let read = |line: &str| Entry::read(line.as_bytes());
        let newer = read(r#"{"v":1,"event":"painted","colour":"red"}"#).unwrap();
        assert_eq!(newer.event, Event::Other);
        for line in [
            "",
            "{",
            "null",
            "[]",
            r#"{"v":2,"event":"ran"}"#,
            r#"{"v":1}"#,
            r#"{"v":1,"event":"ran""#,
            r#"{"v":1,"event":"ran","test":7}"#,
        ] {
            assert_eq!(read(line), None, "{line}");
        }
    }
}
