//! The one table of exit codes.
//!
//! The suite's own exit status passes through unchanged; what guardrun itself has to say has a code
//! of its own between 40 and 59, which no common test runner uses. The same table is printed by
//! `guardrun about exit-codes`, named in `--json`, and quoted in docs/guardrun.1.md; a test holds them together.

use serde::Serialize;

/// What guardrun itself has decided about a run, as opposed to what the suite said by its exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The command line could not be understood.
    Usage,
    /// The suite is gated and its gate is closed.
    Refused,
    /// The policy cannot be used as it stands; nothing was run.
    BadPolicy,
    /// The level of containment asked for cannot be had here.
    CannotContain,
    /// A lock that the suite needs cannot be had.
    Busy,
    /// There is not enough free memory or too few processes can still be made.
    NoRoom,
    /// The suite tried to do what its fence forbids.
    Fenced,
    /// The suite passed, and left processes behind that were then killed.
    Leaked,
    /// The suite passed, and did not show that it had done what it is there for.
    Unproven,
    /// The wall clock limit was passed.
    TimedOut,
    /// The suite was silent for too long, and did nothing.
    Silent,
    /// A ceiling of memory or processes was reached.
    OverLimit,
    /// Something of the run could not be killed and is still there.
    NotKilled,
    /// guardrun's own keeper died; the suite was killed and its result is unknown.
    Lost,
    /// The command was found and could not be executed.
    NotExecutable,
    /// The command was not found.
    NotFound,
}

/// One row of the table: the verdict, its code, and the sentence that explains it.
pub struct Row {
    /// The verdict that this row is about.
    pub verdict: Verdict,
    /// The exit code, 0 to 255.
    pub code: u8,
    /// The stable name, used in `--json`.
    pub name: &'static str,
    /// One sentence for people.
    pub meaning: &'static str,
}

/// Every code that guardrun itself can exit with, in order.
pub const TABLE: &[Row] = &[
    Row {
        verdict: Verdict::Usage,
        code: 2,
        name: "usage",
        meaning: "the command line could not be understood",
    },
    Row {
        verdict: Verdict::Refused,
        code: 40,
        name: "refused",
        meaning: "the suite is gated and its gate is closed; nothing was started",
    },
    Row {
        verdict: Verdict::BadPolicy,
        code: 41,
        name: "bad-policy",
        meaning: "the policy cannot be used as it stands; nothing was started",
    },
    Row {
        verdict: Verdict::CannotContain,
        code: 42,
        name: "cannot-contain",
        meaning: "the level of containment asked for cannot be had here; nothing was started",
    },
    Row {
        verdict: Verdict::Busy,
        code: 43,
        name: "busy",
        meaning: "a lock that the suite needs is held by another run, or cannot be taken; nothing was started",
    },
    Row {
        verdict: Verdict::NoRoom,
        code: 44,
        name: "no-room",
        meaning: "less memory is free, or fewer processes can be made, than the suite needs; nothing was started",
    },
    Row {
        verdict: Verdict::Fenced,
        code: 45,
        name: "fenced",
        meaning: "the suite tried to do what its fence forbids; that was refused and named",
    },
    Row {
        verdict: Verdict::Leaked,
        code: 46,
        name: "leaked",
        meaning: "the suite passed, and left live processes, now killed and named",
    },
    Row {
        verdict: Verdict::Unproven,
        code: 47,
        name: "unproven",
        meaning: "the suite passed, and its report is missing or does not show that enough was executed",
    },
    Row {
        verdict: Verdict::TimedOut,
        code: 48,
        name: "timed-out",
        meaning: "the wall clock limit was passed; the suite was ended",
    },
    Row {
        verdict: Verdict::Silent,
        code: 49,
        name: "silent",
        meaning: "the suite wrote nothing and did nothing for longer than its idle limit; it was ended",
    },
    Row {
        verdict: Verdict::OverLimit,
        code: 50,
        name: "over-limit",
        meaning: "a ceiling of memory or processes was reached; the suite was ended as one",
    },
    Row {
        verdict: Verdict::NotKilled,
        code: 51,
        name: "not-killed",
        meaning: "something of the run could not be killed and is still there, named",
    },
    Row {
        verdict: Verdict::Lost,
        code: 52,
        name: "lost",
        meaning: "guardrun's own keeper died; the suite was killed and its result is unknown",
    },
    Row {
        verdict: Verdict::NotExecutable,
        code: 126,
        name: "not-executable",
        meaning: "the command was found and could not be executed",
    },
    Row {
        verdict: Verdict::NotFound,
        code: 127,
        name: "not-found",
        meaning: "the command was not found",
    },
];

impl Verdict {
    /// This verdict's row in the table.
    pub fn row(self) -> &'static Row {
        TABLE
            .iter()
            .find(|row| row.verdict == self)
            .expect("every verdict has a row")
    }

    /// The process exit code, 0 to 255.
    pub fn code(self) -> u8 {
        self.row().code
    }

    /// The stable name, as in `--json`.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

/// How the guardrun process itself is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Exit with this code.
    Code(u8),
    /// Die of this signal, as the suite did.
    Signal(i32),
}

impl From<Verdict> for Exit {
    fn from(verdict: Verdict) -> Exit {
        Exit::Code(verdict.code())
    }
}

#[cfg(test)]
mod tests {
    use super::TABLE;

    #[test]
    fn codes_and_names_are_unique_and_in_order() {
        for pair in TABLE.windows(2) {
            assert!(
                pair[0].code < pair[1].code,
                "{} comes before {}",
                pair[0].name,
                pair[1].name
            );
            assert_ne!(pair[0].name, pair[1].name);
        }
    }

    #[test]
    fn the_name_in_the_table_is_the_name_in_json() {
        for row in TABLE {
            assert_eq!(
                serde_json::to_string(&row.verdict).unwrap(),
                format!("\"{}\"", row.name)
            );
            assert_eq!(row.verdict.row().code, row.code);
        }
    }
}
