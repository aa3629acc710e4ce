//! What the reports of one run come to.

use serde::Serialize;

/// How many skipped tests are kept by name. What comes after them is counted.
pub(super) const MOST_NAMED: usize = 10_000;
/// How many contradictions are kept.
pub(super) const MOST_CONTRADICTIONS: usize = 10;

/// Counted tests.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Those that ran in this run, whatever came of it.
    pub executed: u64,
    /// Of those, the ones that passed, at the first try or a later one.
    pub passed: u64,
    /// Of those, the ones that failed and never passed.
    pub failed: u64,
    /// Of those that passed, the ones that failed as well.
    pub flaky: u64,
    /// Those that were there and did not run, or were expected to fail.
    pub skipped: u64,
    /// Those whose result is that of an earlier run.
    pub cached: u64,
    /// Those that the runner was told to leave out, where it says how many.
    pub filtered: u64,
    /// Results beyond one for each test: repeated tries, and tests that are in two reports.
    pub repeated: u64,
    /// Errors outside of any test, such as a file that could not be loaded.
    pub errors: u64,
}

/// Everything that the reports of one run show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The counts.
    pub counts: Counts,
    /// The skipped tests by name, at most ten thousand.
    pub skips: Vec<Skip>,
    /// Where a report says something about itself that its tests do not bear out.
    pub contradictions: Vec<String>,
    /// What became of each entry of `must-run`, in its order.
    pub must_run: Vec<Fate>,
    /// What became of each entry of the ratchet, in its order.
    pub listed: Vec<Fate>,
    /// Whether some results have no name, as with a terse output.
    pub nameless: bool,
}

/// A test that did not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skip {
    /// Its whole name.
    pub name: String,
    /// Why, where the report says it.
    pub reason: Option<String>,
}

/// What became of a test that was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// No test of that name is in the reports.
    Absent,
    /// It is there, and did not run.
    Skipped,
    /// It is there with the result of an earlier run.
    Cached,
    /// It ran.
    Ran,
}
