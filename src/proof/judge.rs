//! From evidence to what is not proved. Pure; each problem is a sentence with its remedy.

use super::evidence::{Evidence, Fate};
use super::ratchet::Ratchet;
use super::{Unreadable, evidence};
use crate::policy::proof::{Format, Proof, STDOUT, Strictness};
use crate::policy::text::shortened;
use serde::Serialize;

/// How many tests a message names.
const NAMED: usize = 5;
/// How much of a test's name a message shows, in characters.
const SHOWN: usize = 120;

/// Whose proof it is.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The suite's name.
    pub suite: &'a str,
    /// Whether a gate had to be open for it.
    pub gated: bool,
    /// Whether this is a place where it has to be executed.
    pub required: bool,
    /// Whether the suite ended with the status of one that passed.
    pub passed: bool,
}

/// What was found of one suite's reports.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Each report that was looked for.
    pub reports: Vec<Report>,
    /// What those come to that could be read.
    pub evidence: Evidence,
    /// The list of what may be skipped, if the policy names one.
    pub ratchet: Option<Result<Ratchet, String>>,
}

impl Seen {
    /// Whether there is a report that could be read.
    pub fn any_was_read(&self) -> bool {
        self.reports
            .iter()
            .any(|report| matches!(report.state, ReportState::Read(_)))
    }
}

/// One report that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Its name, as a person would write it.
    pub name: String,
    /// What became of it.
    pub state: ReportState,
}

/// What became of a report that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportState {
    /// It was read.
    Read(Format),
    /// There is none.
    Missing,
    /// It is there as it was before the run, or was written before it.
    Stale(String),
    /// The same, and others beside it were written: it is not counted.
    PassedOver(String),
    /// It cannot be used.
    Unreadable(Unreadable),
    /// It is something else than a file.
    NotAFile,
    /// It is the run's own ledger, and no gate inside the suite wrote into it; with what usually comes between.
    NobodyWrote(&'static str),
}

/// What is wrong with a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Its stable name.
    pub name: &'static str,
    /// What is not proved, as one sentence without a full stop.
    pub text: String,
    /// What to do about it.
    pub hint: String,
}

/// The judgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Judged {
    /// What makes the run unproven.
    pub problems: Vec<Problem>,
    /// What is only told.
    pub notes: Vec<Problem>,
}

/// Judges a suite of which nobody asks for a proof in the policy. Somewhere else than in required mode that is nobody's
/// business; there, a gated suite has to show that it did something.
pub fn nothing_to_judge(subject: &Subject<'_>) -> Judged {
    let mut judged = Judged::default();
    if subject.required {
        let problem = Problem {
            name: "no-proof",
            text: format!("`{}` was required to run, and nothing shows that a test of it was executed", subject.suite),
            hint: "give the suite a `proof` in guardrun.toml: the report that its runner writes, or format = \"ledger\"".to_owned(),
        };
        match subject.gated {
            true => judged.problems.push(problem),
            false => judged.notes.push(problem),
        }
    }
    judged
}

/// Judges what was seen by what the policy asks for.
pub fn judge(subject: &Subject<'_>, rules: &Proof, seen: &Seen) -> Judged {
    let mut judging = Judging {
        subject,
        rules,
        seen,
        judged: Judged::default(),
    };
    judging.reports();
    if seen.any_was_read() {
        judging.executed();
        judging.names();
        judging.skipped();
        judging.status();
        judging.contradictions();
    }
    judging.judged
}

struct Judging<'a> {
    subject: &'a Subject<'a>,
    rules: &'a Proof,
    seen: &'a Seen,
    judged: Judged,
}

impl Judging<'_> {
    fn problem(&mut self, name: &'static str, text: String, hint: &str) {
        self.say(Strictness::Report, name, text, hint);
    }

    /// A problem where the proof is judged this strictly, a note otherwise.
    fn say(&mut self, from: Strictness, name: &'static str, text: String, hint: &str) {
        let problem = Problem {
            name,
            text,
            hint: hint.to_owned(),
        };
        // What has to have been executed has to have been counted.
        let strict = match self.subject.required {
            true => self.rules.strict.max(Strictness::Counts),
            false => self.rules.strict,
        };
        match strict >= from {
            true => self.judged.problems.push(problem),
            false => self.judged.notes.push(problem),
        }
    }

    fn reports(&mut self) {
        for report in &self.seen.reports {
            let name = shortened(&report.name, SHOWN);
            match &report.state {
                ReportState::Read(_) => {}
                ReportState::Missing if report.name == STDOUT => self.problem(
                    "missing-report",
                    format!("the report {name} is not there"),
                    "guardrun was started without a stdout, so nothing could be heard: leave it open, or send it to /dev/null",
                ),
                ReportState::Missing => self.problem(
                    "missing-report",
                    format!("the report {name} is not there"),
                    "look whether the runner was told to write it, and where: the path counts from the directory of guardrun.toml",
                ),
                ReportState::Stale(why) => self.problem(
                    "stale-report",
                    format!("the report {name} is not of this run: {why}"),
                    "look whether the runner got as far as writing it, and whether it writes it to another place",
                ),
                ReportState::PassedOver(why) => self.judged.notes.push(Problem {
                    name: "old-report",
                    text: format!("the report {name} is not counted: {why}"),
                    hint: "remove it; a clean directory shows what a run has written".to_owned(),
                }),
                ReportState::NobodyWrote(culprits) => self.problem(
                    "empty-ledger",
                    format!("no gate inside the suite wrote into {name}: it asks none, or the environment did not arrive"),
                    culprits,
                ),
                ReportState::NotAFile => self.problem(
                    "unreadable-report",
                    format!("the report {name} is no file"),
                    "give the runner a plain file to write to",
                ),
                ReportState::Unreadable(Unreadable::Unknown) => self.problem(
                    "unreadable-report",
                    format!("the report {name} {}", Unreadable::Unknown),
                    "say what it is with `format` (junit, libtest, go-json, tap or ledger), or have the runner write one of those",
                ),
                ReportState::Unreadable(why) => self.problem(
                    "unreadable-report",
                    format!("the report {name} {}", shortened(&why.to_string(), 400)),
                    "the runner may have been ended while it wrote, or the disk may be full; what is cut off proves nothing",
                ),
            }
        }
    }

    fn executed(&mut self) {
        let counts = self.seen.evidence.counts;
        let least = self.rules.min_executed;
        if counts.executed >= least {
            return;
        }
        let (name, text, hint) = match counts.executed {
            0 if counts.cached > 0 => (
                "nothing-executed",
                format!(
                    "nothing was executed: {} of an earlier run",
                    results(counts.cached)
                ),
                "run go test with -count=1, which takes no result from the cache",
            ),
            0 if counts.skipped > 0 => (
                "all-skipped",
                format!(
                    "nothing was executed: {} skipped{}",
                    all(counts.skipped),
                    self.reasons()
                ),
                "an open gate whose tests skip themselves proves nothing: make the missing thing available, or let them fail",
            ),
            0 if counts.filtered > 0 => (
                "nothing-executed",
                format!(
                    "nothing was executed: {} filtered out",
                    all(counts.filtered)
                ),
                "look at the filter; it matches no test",
            ),
            0 => (
                "nothing-executed",
                "nothing was executed: the report has no test in it".to_owned(),
                "look at the runner's filters and paths; a run over nothing is no pass",
            ),
            executed => (
                "too-few",
                format!(
                    "{} executed, and at least {least} are asked for",
                    tests_were(executed)
                ),
                "look for tests that are gone or filtered out; lower `min-executed` only together with the tests",
            ),
        };
        self.say(Strictness::Counts, name, text, hint);
    }

    /// The reasons that were given for skipping, the first few.
    fn reasons(&self) -> String {
        let mut reasons: Vec<&str> = Vec::new();
        for reason in self
            .seen
            .evidence
            .skips
            .iter()
            .filter_map(|skip| skip.reason.as_deref())
        {
            if !reasons.contains(&reason) && reasons.len() < 2 {
                reasons.push(reason);
            }
        }
        match reasons.as_slice() {
            [] => String::new(),
            some => format!(" ({})", shortened(&some.join("; "), 200)),
        }
    }

    fn names(&mut self) {
        let rules = self.rules;
        let fates: Vec<_> = rules
            .must_run
            .iter()
            .zip(&self.seen.evidence.must_run)
            .collect();
        for (rule, fate) in fates {
            let rule = shortened(rule, SHOWN);
            let (name, what, hint) = match fate {
                Fate::Ran => continue,
                Fate::Absent if self.seen.evidence.nameless => (
                    "must-run-absent",
                    "is not among the tests that have a name, and some have none",
                    "let the runner name every test: leave out --quiet and --nocapture",
                ),
                Fate::Absent => (
                    "must-run-absent",
                    "did not run: no test of that name is in the report",
                    "look whether it was renamed, removed or filtered out; names are compared as in the report",
                ),
                Fate::Skipped => (
                    "must-run-skipped",
                    "did not run: it was skipped",
                    "make available what it needs; a test that must run may not skip itself",
                ),
                Fate::Cached => (
                    "must-run-cached",
                    "did not run: its result is that of an earlier run",
                    "run go test with -count=1, which takes no result from the cache",
                ),
            };
            self.say(Strictness::Counts, name, format!("`{rule}` {what}"), hint);
        }
    }

    fn skipped(&mut self) {
        let counts = self.seen.evidence.counts;
        // That all were skipped has been said, and better.
        if counts.executed == 0 {
            return;
        }
        let listed = self.rules.ratchet.is_some();
        let most = match self.rules.max_skipped {
            None if self.subject.required && !listed => Some(0),
            most => most,
        };
        if let Some(most) = most.filter(|most| counts.skipped > *most) {
            let hint = match self.rules.max_skipped {
                None => {
                    "where a suite is required a skip is a failure; say with `max-skipped` or `ratchet` which ones are accepted"
                }
                Some(_) => {
                    "make available what they need, or raise `max-skipped` in a change of its own"
                }
            };
            let names = self.examples(
                self.seen
                    .evidence
                    .skips
                    .iter()
                    .map(|skip| skip.name.as_str()),
            );
            let text = format!(
                "{} skipped, and at most {most} may be{names}",
                tests_were(counts.skipped)
            );
            self.say(Strictness::Counts, "too-many-skipped", text, hint);
        }
        match &self.seen.ratchet {
            None => {}
            Some(Err(why)) => {
                let file = shortened(self.rules.ratchet.as_deref().unwrap_or_default(), SHOWN);
                self.problem(
                    "unreadable-ratchet",
                    format!(
                        "the list of what may be skipped, {file}, cannot be used: {}",
                        shortened(why, 300)
                    ),
                    "mend it; each entry is a [[skip]] with `test` and perhaps `reason`",
                );
            }
            Some(Ok(ratchet)) => self.ratchet(ratchet),
        }
    }

    fn ratchet(&mut self, ratchet: &Ratchet) {
        let evidence = &self.seen.evidence;
        let unlisted = ratchet.unlisted(&evidence.skips);
        let nameless = evidence
            .counts
            .skipped
            .saturating_sub(evidence.skips.len() as u64);
        if nameless > 0 {
            self.say(
                Strictness::Counts,
                "skip-not-listed",
                format!("{nameless} skipped tests have no name that could be compared with the list of what may be skipped (at most {} are)", evidence::MOST_NAMED),
                "let the runner name every test",
            );
        }
        if !unlisted.is_empty() {
            let names = self.examples(unlisted.iter().map(|skip| skip.name.as_str()));
            let text = format!(
                "{} skipped that {} not in the list of what may be{names}",
                tests_were(unlisted.len() as u64),
                if unlisted.len() == 1 { "is" } else { "are" }
            );
            let hint = format!(
                "make available what they need; to accept it: guardrun ratchet {} --allow-growth 'REASON'",
                self.subject.suite
            );
            self.say(Strictness::Counts, "skip-not-listed", text, &hint);
        }
        let of_fate = |wanted: Fate| -> Vec<&str> {
            let pairs = ratchet.names().zip(&evidence.listed);
            pairs
                .filter(|(_, fate)| **fate == wanted)
                .map(|(name, _)| name)
                .collect()
        };
        let (run, gone) = (of_fate(Fate::Ran), of_fate(Fate::Absent));
        if !run.is_empty() {
            let names = self.examples(run.iter().copied());
            self.judged.notes.push(Problem {
                name: "ratchet-can-shrink",
                text: format!(
                    "the list of what may be skipped has {} that run by now{names}",
                    entries(run.len())
                ),
                hint: format!("take them out: guardrun ratchet {}", self.subject.suite),
            });
        }
        if !gone.is_empty() {
            let names = self.examples(gone.iter().copied());
            self.judged.notes.push(Problem {
                name: "ratchet-unknown",
                text: format!(
                    "the list of what may be skipped has {} that no test has{names}",
                    names_of(gone.len())
                ),
                hint: "if the tests are gone for good, take the entries out".to_owned(),
            });
        }
    }

    fn status(&mut self) {
        let counts = self.seen.evidence.counts;
        let (failed, errors) = (counts.failed, counts.errors);
        if self.subject.passed && failed + errors > 0 {
            let what = match (failed, errors) {
                (0, errors) => format!("{errors} errors outside of tests"),
                (failed, 0) => format!("{failed} failed"),
                (failed, errors) => {
                    format!("{failed} failed, and {errors} errors outside of tests")
                }
            };
            self.say(
                Strictness::All,
                "report-failed",
                format!("the report has {what}, and the suite's exit status says that it passed"),
                "look for what throws the status away: `|| true`, a pipe without pipefail, an option not to fail",
            );
        }
        let tells = self.seen.reports.iter().any(
            |report| matches!(report.state, ReportState::Read(format) if format != Format::Ledger),
        );
        if !self.subject.passed && tells && failed + errors + counts.flaky == 0 {
            self.say(
                Strictness::All,
                "report-passed",
                "the suite's exit status says that it failed, and no test in the report did".to_owned(),
                "look at the suite's output: what failed is outside of its tests, or in one that the report leaves out",
            );
        }
    }

    fn contradictions(&mut self) {
        for text in self.seen.evidence.contradictions.clone() {
            self.say(
                Strictness::All,
                "contradiction",
                format!("the report contradicts itself: {}", shortened(&text, 300)),
                "tests may have been taken out of it, or be missing from it; if its writer always counts so, write strict = \"counts\"",
            );
        }
    }

    /// `: a, b, and 3 more`
    fn examples<'n>(&self, names: impl Iterator<Item = &'n str>) -> String {
        let mut names = names.map(|name| format!("`{}`", shortened(name, SHOWN)));
        let first: Vec<String> = names.by_ref().take(NAMED).collect();
        match (first.is_empty(), names.count()) {
            (true, _) => String::new(),
            (false, 0) => format!(": {}", first.join(", ")),
            (false, more) => format!(": {}, and {more} more", first.join(", ")),
        }
    }
}

fn all(number: u64) -> String {
    match number {
        1 => "the only test was".to_owned(),
        number => format!("all {number} tests were"),
    }
}

fn tests_were(number: u64) -> String {
    match number {
        1 => "1 test was".to_owned(),
        number => format!("{number} tests were"),
    }
}

fn results(number: u64) -> String {
    match number {
        1 => "the only result is".to_owned(),
        number => format!("all {number} results are"),
    }
}

fn entries(number: usize) -> String {
    match number {
        1 => "1 entry".to_owned(),
        number => format!("{number} entries"),
    }
}

fn names_of(number: usize) -> String {
    match number {
        1 => "1 name".to_owned(),
        number => format!("{number} names"),
    }
}
