//! What a policy says, once it has been read and found good. Plain data; made only by `policy::read`.

use crate::values::Level;
use jiff::civil::Date;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// A place in the policy that a message can point at, such as `guardrun.toml:12`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as the user would name it (relative to the working directory where that is shorter); None for the built-in policy.
    pub file: Option<PathBuf>,
    /// Line, counted from 1; 0 for the built-in policy.
    pub line: usize,
}

/// The whole policy of one repository.
#[derive(Clone, Debug)]
pub struct Policy {
    /// The file it was read from, absolute; None for the built-in policy.
    pub file: Option<PathBuf>,
    /// Gates by name.
    pub gates: BTreeMap<String, Gate>,
    /// Suites in the order of the file.
    pub suites: Vec<Suite>,
    /// What becomes of a command that no suite matches.
    pub unmatched: Unmatched,
}

/// What becomes of a command that no suite matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmatched {
    /// It runs, held under the defaults, and is said to be unmatched.
    Hold,
    /// It is refused.
    Refuse,
}

/// A named opt-in that a suite can ask for.
#[derive(Clone, Debug)]
pub struct Gate {
    /// Its name in the policy.
    pub name: String,
    /// The one environment variable that opens it, by being exactly `1`.
    pub env: String,
    /// Why the gate is there.
    pub why: String,
    /// What is at risk when it is opened in the wrong place; a general sentence where the policy gives none.
    pub risk: String,
    /// Where the suite is to be run instead.
    pub place_to_run: String,
    /// Where the policy says so.
    pub place: Place,
}

/// One named command, and how it is to be held.
#[derive(Clone, Debug)]
pub struct Suite {
    /// Its name in the policy.
    pub name: String,
    /// Where the policy describes it.
    pub place: Place,
    /// The name of the gate that it needs; always one of `Policy::gates`.
    pub gate: Option<String>,
    /// What `guardrun run NAME` runs.
    pub command: Option<Vec<String>>,
    /// The command lines that are this suite.
    pub patterns: Vec<Pattern>,
    /// How it is held.
    pub hold: Hold,
}

/// How a suite is to be held. `Hold::default()` is what a command gets that no suite describes.
#[derive(Clone, Debug, PartialEq)]
pub struct Hold {
    /// The one level to use, or None for `auto`.
    pub level: Option<Level>,
    /// The weakest level that will do.
    pub at_least: Level,
    /// Wall clock limit, or none.
    pub timeout: Option<Duration>,
    /// Time between asking the suite to end and killing it.
    pub grace: Duration,
    /// What live processes after a green run mean.
    pub leaks: Leaks,
    /// Programs that are known to stay behind: killed and named like any other, but no failure.
    pub leftovers: Vec<Leftover>,
    /// Whether the suite gets a pipe whose end of file tells it that guardrun is gone.
    pub lifeline: bool,
    /// Whether the run goes on when the process that started guardrun dies.
    pub outlive_parent: bool,
}

/// What live processes after a green run mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub enum Leaks {
    /// Named and killed; the run keeps its own status.
    Warn,
    /// Named and killed; the run fails with `leaked`.
    Fail,
}

/// A program that the policy expects to stay behind.
#[derive(Clone, Debug, PartialEq)]
pub struct Leftover {
    /// A glob over the base name of the executable, such as `sccache*`.
    pub program: String,
    /// Why that is accepted.
    pub reason: String,
    /// The last day on which it is.
    pub expires: Option<Date>,
}

/// One command pattern of a suite, as written, with its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    /// As the policy writes it.
    pub text: String,
    /// One glob per argument; a last word `*` stands for any number of arguments.
    pub words: Vec<String>,
    /// Where the policy writes it.
    pub place: Place,
}

impl Default for Hold {
    fn default() -> Hold {
        Hold {
            level: None,
            at_least: Level::Subreaper,
            timeout: None,
            grace: Duration::from_secs(10),
            leaks: Leaks::Fail,
            leftovers: Vec::new(),
            lifeline: false,
            outlive_parent: false,
        }
    }
}
