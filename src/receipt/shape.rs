//! The receipt itself, and what makes one unusable. docs/guardrun-receipt.schema.json describes it.

use super::tree::{Tree, is_commit};
use crate::policy::receipts::Digest;
use crate::policy::text::shortened;
use crate::values::{Fence, Level};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The number of the shape. It grows when something is taken away or comes to mean something else.
const SHAPE: u32 = 1;
/// The largest receipt, in bytes.
pub const LARGEST: u64 = 1024 * 1024;
/// The JSON Schema (draft 2020-12) of a receipt. A test judges real ones by it.
pub const SCHEMA: &str = include_str!("../../docs/guardrun-receipt.schema.json");
/// The JSON Schema of what is proved by receipts, as `guardrun verify --json` prints it.
pub const VERIFIED_SCHEMA: &str = include_str!("../../docs/guardrun-verified.schema.json");

/// What one run of one suite came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    /// The number of this shape.
    pub receipt: u32,
    /// The version of guardrun.
    pub guardrun: String,
    /// The run's id.
    pub run: String,
    /// The suite.
    pub suite: String,
    /// The command and its arguments, cut where they are long.
    pub command: Vec<String>,
    /// The policy.
    pub policy: PolicyOf,
    /// The gates that had to be open.
    pub gates: Vec<Opened>,
    /// Whether it was run in required mode.
    pub required: bool,
    /// What the repository was at when the run began; None where that could not be told.
    pub commit: Option<String>,
    /// Whether the files were as that commit has them.
    pub tree: Tree,
    /// The level in force.
    pub level: Option<Level>,
    /// The fence in force.
    pub fence: Fence,
    /// Whether it passed in guardrun's own eyes: exit code 0 and no verdict.
    pub passed: bool,
    /// How the suite came to its end, in one word.
    pub class: String,
    /// What brought the end about.
    pub end: String,
    /// How guardrun exited.
    pub exit: Ended,
    /// Its verdicts.
    pub verdicts: Vec<String>,
    /// What happened, for people.
    pub cause: String,
    /// What the reports show that the policy asks for; None where it asks for none.
    pub proof: Option<Tested>,
    /// What gates inside the suite have noted; None where there is no ledger.
    pub ledger: Option<Ledgered>,
    /// How many attempts there were.
    pub attempts: u32,
    /// When it began, in UTC (RFC 3339).
    pub started: String,
    /// How long it took.
    pub elapsed_seconds: f64,
    /// Where it ran.
    pub host: Host,
}

/// The policy of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyOf {
    /// Its file, as seen from the top of the repository.
    pub file: String,
    /// Its bytes.
    pub sha256: Digest,
}

/// A gate that was open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Its name in the policy.
    pub gate: String,
    /// The variable that opened it.
    pub variable: String,
    /// Where its value came from, for people.
    pub origin: String,
}

/// How guardrun exited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ended {
    /// With this code.
    Code(u8),
    /// By this signal.
    Signal(i32),
}

/// What was counted in the suite's reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tested {
    /// Whether any report could be read.
    pub counted: bool,
    /// Tests that ran.
    pub executed: u64,
    /// Of those, the ones that passed.
    pub passed: u64,
    /// Of those, the ones that failed.
    pub failed: u64,
    /// Tests that were there and did not run.
    pub skipped: u64,
    /// Tests whose result is that of an earlier run.
    pub cached: u64,
    /// Errors outside of any test.
    pub errors: u64,
    /// The names of what was not proved.
    pub problems: Vec<String>,
}

/// What gates inside the suite have noted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ledgered {
    /// Gated tests whose bodies began.
    pub ran: u64,
    /// Gated tests that failed because something they need is missing.
    pub failed_prerequisite: u64,
    /// Real starts that were stopped behind a closed gate.
    pub stopped: u64,
}

/// A machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// The release of its kernel.
    pub kernel: String,
    /// The user that guardrun ran as.
    pub uid: u32,
}

/// Why a file is no receipt. `Display` is the end of a sentence that begins with the file's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// It is no file, cannot be read, or is too large.
    Disk(String),
    /// It is not written as a receipt is.
    Malformed(String),
    /// It is written in a shape that is not known here.
    Newer(u64),
    /// It says two things that cannot both be so.
    Contradiction(String),
}

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unusable::Disk(why) => f.write_str(why),
            Unusable::Malformed(why) => write!(f, "is no whole receipt: {why}"),
            Unusable::Newer(shape) => {
                write!(f, "has the shape {shape}, and this guardrun knows {SHAPE}")
            }
            Unusable::Contradiction(why) => write!(f, "contradicts itself: {why}"),
        }
    }
}

impl Receipt {
    /// The number of the shape that is written.
    pub const SHAPE: u32 = SHAPE;

    /// When it began.
    pub fn started(&self) -> Option<Timestamp> {
        self.started.parse().ok()
    }

    /// Where two parts of it cannot both be so.
    fn contradiction(&self) -> Option<String> {
        let green = self.exit == Ended::Code(0) && self.verdicts.is_empty();
        if self.passed != green {
            let verdicts = match self.verdicts.is_empty() {
                true => "none".to_owned(),
                false => shortened(&self.verdicts.join(", "), 120),
            };
            return Some(format!(
                "passed is {}, its exit is {:?}, and its verdicts are {verdicts}",
                self.passed, self.exit
            ));
        }
        if let Some(commit) = self.commit.as_ref().filter(|commit| !is_commit(commit)) {
            return Some(format!("`{}` is no commit", shortened(commit, 80)));
        }
        if self.started().is_none() {
            return Some(format!("`{}` is no time", shortened(&self.started, 40)));
        }
        let tested = self.proof.as_ref()?;
        let Tested {
            executed,
            passed,
            failed,
            ..
        } = *tested;
        if passed.checked_add(failed) != Some(executed) {
            return Some(format!(
                "{executed} executed, of which {passed} passed and {failed} failed"
            ));
        }
        if self.passed && !tested.counted && executed > 0 {
            return Some(format!("{executed} executed, and no report was read"));
        }
        if self.passed && !tested.problems.is_empty() {
            let problems = shortened(&tested.problems.join(", "), 120);
            return Some(format!("it passed, and is not proved ({problems})"));
        }
        None
    }
}

/// Reads a receipt, and makes sure that it can be true.
pub fn parse(bytes: &[u8]) -> Result<Receipt, Unusable> {
    let malformed = |error: serde_json::Error| Unusable::Malformed(error.to_string());
    /// What can be read of every shape.
    #[derive(Deserialize)]
    struct AnyShape {
        receipt: u64,
    }
    let any: AnyShape = serde_json::from_slice(bytes).map_err(malformed)?;
    if any.receipt != u64::from(SHAPE) {
        return Err(Unusable::Newer(any.receipt));
    }
    let receipt: Receipt = serde_json::from_slice(bytes).map_err(malformed)?;
    match receipt.contradiction() {
        Some(why) => Err(Unusable::Contradiction(why)),
        None => Ok(receipt),
    }
}
