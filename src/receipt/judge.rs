//! From receipts to what is proved of a commit. Pure; each problem is a sentence with its remedy.
//!
//! A receipt *counts* for a suite when it is of this commit, of files as that commit has them, of this policy, of this time, and
//! of a run that came to its own end. The newest that counts decides: a run that failed after one that passed is the truth.

use super::shape::{Ended, PolicyOf, Receipt, Tested, Unusable};
use super::tree::{Look, Tree, short};
use crate::policy::text::shortened;
use crate::proof::Problem;
use jiff::Timestamp;
use serde::Serialize;
use std::cmp::Reverse;
use std::time::Duration;

/// How far the clock of another machine may be ahead of this one.
const SKEW: Duration = Duration::from_secs(300);
/// How many receipts that do not count are told of one suite.
const TOLD: usize = 3;
/// How much of a text from a receipt is shown, in characters.
const SHOWN: usize = 200;

/// What is so here, and what is asked for.
#[derive(Clone, Debug)]
pub struct Here {
    /// The repository.
    pub look: Look,
    /// Commits that the repository is known not to have.
    pub foreign: Vec<String>,
    /// The policy.
    pub policy: PolicyOf,
    /// The time.
    pub now: Timestamp,
    /// How old a run may be.
    pub max_age: Option<Duration>,
}

/// A suite that has to be proved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Demand {
    /// Its name.
    pub suite: String,
    /// How many tests have to have been executed; None where the policy asks for no proof.
    pub min_executed: Option<u64>,
    /// What to do to get a receipt, for people.
    pub remedy: String,
}

/// One file that may be a receipt.
#[derive(Clone, Debug)]
pub struct Found {
    /// Its name, as a person would write it.
    pub file: String,
    /// The suite that its name says it is of.
    pub suite: String,
    /// What is in it.
    pub receipt: Result<Receipt, Unusable>,
}

/// What is proved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Verified {
    /// Whether everything is.
    pub proved: bool,
    /// The commit.
    pub commit: Option<String>,
    /// The policy.
    pub policy: PolicyOf,
    /// What is wrong here, whatever the receipts say.
    pub problems: Vec<Problem>,
    /// What is only told.
    pub notes: Vec<Problem>,
    /// Each suite that was asked about.
    pub suites: Vec<SuiteVerified>,
}

/// What is proved of one suite.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SuiteVerified {
    /// Its name.
    pub suite: String,
    /// Whether the receipts prove it.
    pub proved: bool,
    /// The run that decides, if one does.
    pub run: Option<Decides>,
    /// What is not proved.
    pub problems: Vec<Problem>,
    /// What is only told.
    pub notes: Vec<Problem>,
}

/// The run that decides.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decides {
    /// Its id.
    pub run: String,
    /// Where its receipt is.
    pub file: String,
    /// When it began.
    pub started: String,
    /// How long ago that is.
    pub age_seconds: i64,
    /// The machine.
    pub host: String,
    /// The level in force.
    pub level: Option<crate::values::Level>,
    /// How many tests were executed.
    pub executed: u64,
    /// How many were skipped.
    pub skipped: u64,
}

/// Judges.
pub fn judge(here: &Here, demands: &[Demand], found: &[Found]) -> Verified {
    let suites: Vec<SuiteVerified> = demands
        .iter()
        .map(|demand| of_suite(here, demand, found))
        .collect();
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    if demands.is_empty() {
        problems.push(problem(
            "nothing-to-verify",
            "the policy has no gated suite, so nothing is proved".to_owned(),
            "name the suites with --suite, or give those a `gate` that start real processes",
        ));
    }
    files_here(here, &mut problems, &mut notes);
    Verified {
        proved: problems.is_empty() && suites.iter().all(|suite| suite.proved),
        commit: here.look.commit.clone(),
        policy: here.policy.clone(),
        problems,
        notes,
        suites,
    }
}

/// What the working tree here says, whatever the receipts do.
fn files_here(here: &Here, problems: &mut Vec<Problem>, notes: &mut Vec<Problem>) {
    if here.look.commit.is_none() {
        problems.push(problem(
            "no-commit",
            "there is no commit here that anything could be proved of".to_owned(),
            "run it in a git repository that has a commit; a checkout without .git has none",
        ));
        return;
    }
    match &here.look.tree {
        Tree::Clean => {}
        // They are in no commit, so nothing is said of them: receipts that were fetched are such files.
        Tree::Changed {
            changed: 0,
            untracked,
            examples,
            ..
        } => notes.push(problem(
            "untracked-here",
            format!("what is in no commit is not spoken of: {untracked} here ({})", examples.join(", ")),
            "commit them, if they belong to the tests",
        )),
        tree @ (Tree::Changed { .. } | Tree::Moved { .. }) => problems.push(problem(
            "changed-here",
            format!("the files here are {tree}"),
            "commit them and run the suites again, or put them back; what is here is not what was tested",
        )),
        tree @ Tree::Unknown { .. } => problems.push(problem(
            "unknown-here",
            format!("the files here are {tree}"),
            "verify where git is installed and answers for this repository",
        )),
    }
}

fn problem(name: &'static str, text: String, hint: &str) -> Problem {
    Problem {
        name,
        text,
        hint: hint.to_owned(),
    }
}

fn of_suite(here: &Here, demand: &Demand, found: &[Found]) -> SuiteVerified {
    let mut verified = SuiteVerified {
        suite: demand.suite.clone(),
        proved: false,
        run: None,
        problems: Vec::new(),
        notes: Vec::new(),
    };
    let Some(min_executed) = demand.min_executed else {
        verified.problems.push(problem(
            "no-proof",
            "nothing can show that a test of it was executed: the policy asks it for no proof".to_owned(),
            "give the suite a `proof` in guardrun.toml: the report that its runner writes, or format = \"ledger\"",
        ));
        return verified;
    };
    let (mut counting, mut others) = (Vec::new(), Vec::new());
    for file in found {
        match &file.receipt {
            Ok(receipt) if receipt.suite != demand.suite => {}
            Err(_) if file.suite != demand.suite => {}
            Ok(receipt) => match why_not(here, receipt, found) {
                None => counting.push((file, receipt)),
                Some((name, why)) => others.push((receipt.started(), name, told(file, &why))),
            },
            Err(why) => others.push((None, "unreadable-receipt", told(file, &why.to_string()))),
        }
    }
    // Of two that began at the same moment the one that did not pass decides.
    counting.sort_by_key(|(_, receipt)| (Reverse(receipt.started()), receipt.passed));
    others.sort_by_key(|(started, ..)| Reverse(*started));
    let more = others.len().saturating_sub(TOLD);
    let mut others = others
        .into_iter()
        .take(TOLD)
        .map(|(_, name, text)| Problem {
            hint: remedy(name, demand),
            name,
            text,
        });
    match counting.first() {
        None => match others.next() {
            None => verified.problems.push(Problem {
                name: "no-receipt",
                text: "there is no receipt of a run of it".to_owned(),
                hint: demand.remedy.clone(),
            }),
            Some(newest) => verified.problems.push(newest),
        },
        Some((file, receipt)) => {
            verified.run = Some(decides(here, file, receipt));
            let failed_before = counting[1..].iter().filter(|(_, one)| !one.passed).count();
            if failed_before > 0 && receipt.passed {
                verified.notes.push(problem(
                    "failed-before",
                    format!("of its earlier runs at this commit {failed_before} did not pass"),
                    "a suite that passes now and then is not to be relied on",
                ));
            }
            verified
                .problems
                .extend(enough(receipt, min_executed, demand));
        }
    }
    verified.notes.extend(others);
    if more > 0 {
        verified.notes.push(problem(
            "more-receipts",
            format!("{more} more receipts of it do not count"),
            "clear the directory of receipts before they are fetched",
        ));
    }
    verified.proved = verified.problems.is_empty();
    verified
}

fn told(file: &Found, why: &str) -> String {
    format!(
        "the receipt {} {}",
        shortened(&file.file, SHOWN),
        shortened(why, 2 * SHOWN)
    )
}

/// Why this receipt does not count, if it does not.
fn why_not(here: &Here, receipt: &Receipt, found: &[Found]) -> Option<(&'static str, String)> {
    let twin = |other: &&Receipt| other.run == receipt.run && other.suite == receipt.suite;
    let mut twins = found
        .iter()
        .filter_map(|file| file.receipt.as_ref().ok())
        .filter(twin);
    if twins.any(|other| other != receipt) {
        let why = format!(
            "is not the only one of the run {}, and they differ",
            shortened(&receipt.run, 40)
        );
        return Some(("contradiction", why));
    }
    let commit = match (&receipt.commit, &here.look.commit) {
        (None, _) => return Some(("other-commit", "is of no commit".to_owned())),
        (Some(commit), Some(at)) if commit != at => {
            return Some(("other-commit", of_another(commit, at, &here.foreign)));
        }
        (Some(commit), _) => commit,
    };
    match &receipt.tree {
        Tree::Clean => {}
        tree @ Tree::Unknown { .. } => {
            return Some(("unknown-tree", format!("is of files that were {tree}")));
        }
        tree => {
            let why = format!(
                "is of the commit {}, but the files were {tree}",
                short(commit)
            );
            return Some(("changed-tree", why));
        }
    }
    if receipt.policy.file != here.policy.file {
        let why = format!(
            "is of a run under the policy {}, and here is {}",
            shortened(&receipt.policy.file, SHOWN),
            shortened(&here.policy.file, SHOWN)
        );
        return Some(("other-policy", why));
    }
    if receipt.policy.sha256 != here.policy.sha256 {
        let why = format!(
            "is of a run under another {} than the one here",
            shortened(&here.policy.file, SHOWN)
        );
        return Some(("other-policy", why));
    }
    // Without a time it would have been unusable.
    let age = here.now.duration_since(receipt.started()?);
    if age.unsigned_abs() > SKEW && age.is_negative() {
        let why = format!(
            "is from the future: its run began {} from now",
            span(age.unsigned_abs())
        );
        return Some(("from-the-future", why));
    }
    if let Some(most) = here.max_age
        && !age.is_negative()
        && age.unsigned_abs() > most
    {
        let why = format!(
            "is {} old, and {} is the most",
            span(age.unsigned_abs()),
            span(most)
        );
        return Some(("too-old", why));
    }
    if matches!(
        receipt.end.as_str(),
        "asked" | "parent-died" | "stdout-closed"
    ) {
        let why = format!(
            "is of a run that was cut short: it {}",
            shortened(&receipt.cause, SHOWN)
        );
        return Some(("cut-short", why));
    }
    None
}

fn of_another(commit: &str, here: &str, foreign: &[String]) -> String {
    let (of, here) = (short(commit), short(here));
    match foreign.iter().any(|other| other == commit) {
        false => format!("is of the commit {of}, and here is {here}"),
        true => format!(
            "is of the commit {of}, which this repository does not have: it is of another repository, or was not fetched; here is {here}"
        ),
    }
}

/// What to do about a receipt that does not count.
fn remedy(name: &str, demand: &Demand) -> String {
    let first = match name {
        "changed-tree" => "commit what belongs to it, name in .gitignore what does not, and then ",
        "unknown-tree" => "install git where the suite runs, so that it can be told; then ",
        "from-the-future" => "set the clocks of both machines; then ",
        _ => "",
    };
    format!("{first}{}", demand.remedy)
}

fn span(time: Duration) -> String {
    humantime::format_duration(Duration::from_secs(time.as_secs())).to_string()
}

fn decides(here: &Here, file: &Found, receipt: &Receipt) -> Decides {
    let count = |of: fn(&Tested) -> u64| receipt.proof.as_ref().map_or(0, of);
    let age = receipt
        .started()
        .map(|started| here.now.duration_since(started));
    Decides {
        run: receipt.run.clone(),
        file: file.file.clone(),
        started: receipt.started.clone(),
        age_seconds: age.map_or(0, |age| age.as_secs()),
        host: receipt.host.name.clone(),
        level: receipt.level,
        executed: count(|tested| tested.executed),
        skipped: count(|tested| tested.skipped),
    }
}

/// What the run that decides does not prove.
fn enough(receipt: &Receipt, least: u64, demand: &Demand) -> Option<Problem> {
    let hint = demand.remedy.clone();
    if !receipt.passed {
        let exit = match receipt.exit {
            Ended::Code(code) => format!("exit code {code}"),
            Ended::Signal(number) => crate::sys::signal::name(number),
        };
        let text = format!(
            "its last run at this commit ({}) did not pass: it {} ({exit})",
            shortened(&receipt.run, 40),
            shortened(&receipt.cause, SHOWN)
        );
        let name = "not-passed";
        return Some(Problem { name, text, hint });
    }
    let executed = receipt.proof.as_ref().map_or(0, |tested| tested.executed);
    // A suite whose counts are only told may have passed over nothing. Here that is no proof.
    if executed < least.max(1) {
        let text = format!(
            "its last run at this commit ({}) executed {executed} tests, and at least {} are asked for",
            shortened(&receipt.run, 40),
            least.max(1)
        );
        let name = if executed == 0 {
            "nothing-executed"
        } else {
            "too-few"
        };
        return Some(Problem { name, text, hint });
    }
    None
}
