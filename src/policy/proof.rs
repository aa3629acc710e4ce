//! What a suite has to prove about itself, as the policy says it. Plain data; `check/proof.rs` makes it, the room
//! `proof` judges by it.

use super::place::Place;
use super::text::shortened;
use serde::Serialize;
use std::fmt;

/// The name of the report that a suite prints to its stdout. A file of this name is `./stdout`.
pub const STDOUT: &str = "stdout";

/// The proof that a suite owes after a green run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The reports: paths below the policy's root, or globs over such paths. Empty for the run's own ledger, and where there is only `stdout`.
    pub reports: Vec<String>,
    /// Whether what the suite prints to its stdout is one more.
    pub stdout: bool,
    /// What they are written in; None is guessed from their content.
    pub format: Option<Format>,
    /// How many tests have to have been executed.
    pub min_executed: u64,
    /// How many may have been skipped.
    pub max_skipped: Option<u64>,
    /// Names, or globs over names, of which each has to have been executed at least once.
    pub must_run: Vec<String>,
    /// The list of the tests that may be skipped: a path below the policy's root.
    pub ratchet: Option<String>,
    /// How much of it is judged.
    pub strict: Strictness,
    /// Where the policy says so.
    pub place: Place,
}

/// What a report is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// JUnit's XML, in any of its dialects.
    Junit,
    /// What Rust's own test harness prints, for people or with `--format json`.
    Libtest,
    /// What `go test -json` prints.
    GoJson,
    /// The Test Anything Protocol.
    Tap,
    /// guardrun's own ledger, written by the gate helpers.
    Ledger,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 5] = [
        Format::Junit,
        Format::Libtest,
        Format::GoJson,
        Format::Tap,
        Format::Ledger,
    ];

    /// The word of the policy.
    pub fn name(self) -> &'static str {
        match self {
            Format::Junit => "junit",
            Format::Libtest => "libtest",
            Format::GoJson => "go-json",
            Format::Tap => "tap",
            Format::Ledger => "ledger",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How much of a proof is judged. Ordered: a later one judges more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Strictness {
    /// The report has to be there and to be readable; what it counts is told.
    Report,
    /// Its counts and names as well; that it contradicts itself or the exit status is told.
    Counts,
    /// Everything.
    All,
}

impl Strictness {
    /// Every strictness.
    pub const ALL: [Strictness; 3] = [Strictness::Report, Strictness::Counts, Strictness::All];

    /// The word of the policy.
    pub fn name(self) -> &'static str {
        match self {
            Strictness::Report => "report",
            Strictness::Counts => "counts",
            Strictness::All => "all",
        }
    }
}

/// What is asked for, in one line.
impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reports = match self.reports.as_slice() {
            [] if self.stdout => STDOUT.to_owned(),
            [] => "the ledger".to_owned(),
            [one] => shortened(one, 80),
            [one, more @ ..] => format!("{} and {} more", shortened(one, 80), more.len()),
        };
        write!(f, "{reports}, at least {} executed", self.min_executed)?;
        if let Some(most) = self.max_skipped {
            write!(f, ", at most {most} skipped")?;
        }
        if !self.must_run.is_empty() {
            write!(f, ", {} that must run", self.must_run.len())?;
        }
        if let Some(list) = &self.ratchet {
            write!(f, ", skips as in {}", shortened(list, 80))?;
        }
        match self.strict {
            Strictness::All => Ok(()),
            strict => write!(f, "; judged: {}", strict.name()),
        }
    }
}
