//! What is proved, as a person reads it.

use super::judge::{Decides, SuiteVerified, Verified};
use super::tree::short;
use crate::policy::text::shortened;
use crate::proof::Problem;
use std::fmt;
use std::time::Duration;

/// One line for each suite, and what is missing below it; what it comes to at the end.
impl fmt::Display for Verified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let widest = self.suites.iter().map(|suite| suite.suite.len()).max();
        let width = widest.unwrap_or(0);
        for suite in &self.suites {
            let word = if suite.proved { "proved  " } else { "unproven" };
            let run = suite.run.as_ref().map(ToString::to_string);
            let run = run.unwrap_or_else(|| "no run that counts".to_owned());
            writeln!(f, "{word}  {:width$}  {run}", suite.suite)?;
            for problem in &suite.problems {
                writeln!(f, "          {} ({})", problem.text, problem.name)?;
                writeln!(f, "          hint: {}", problem.hint)?;
            }
            for note in &suite.notes {
                writeln!(f, "          note: {}", note.text)?;
            }
        }
        for problem in &self.problems {
            writeln!(
                f,
                "unproven  {}\n          hint: {}",
                problem.text, problem.hint
            )?;
        }
        for note in &self.notes {
            writeln!(f, "note: {}", note.text)?;
        }
        writeln!(f, "{}", self.summary())
    }
}

impl Verified {
    /// What it comes to, in one line without a full stop.
    pub fn summary(&self) -> String {
        let all = self.suites.len();
        let proved = self.suites.iter().filter(|suite| suite.proved).count();
        let commit = match &self.commit {
            Some(commit) => format!("the commit {}", short(commit)),
            None => "no commit".to_owned(),
        };
        let suites = if all == 1 { "suite" } else { "suites" };
        let here = match (self.proved, proved == all && all > 0) {
            (false, true) => ", and what is here is not that commit",
            _ => "",
        };
        let word = if self.proved { "proved" } else { "unproven" };
        format!("{word}: {proved} of {all} {suites} for {commit}{here}")
    }

    /// Everything that is not proved, with the suite that it is about, if it is about one.
    pub fn failures(&self) -> impl Iterator<Item = (Option<&SuiteVerified>, &Problem)> {
        let of_suites = self.suites.iter().flat_map(|suite| {
            suite
                .problems
                .iter()
                .map(move |problem| (Some(suite), problem))
        });
        of_suites.chain(self.problems.iter().map(|problem| (None, problem)))
    }
}

impl fmt::Display for Decides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let age = Duration::from_secs(self.age_seconds.max(0).unsigned_abs());
        let level = self.level.map_or("not held", |level| level.name());
        write!(
            f,
            "{} executed, {} skipped, {} ago on {} ({level}), run {}",
            self.executed,
            self.skipped,
            humantime::format_duration(age),
            shortened(&self.host, 60),
            shortened(&self.run, 40)
        )
    }
}
