//! `guardrun ratchet SUITE`: the list of the tests that may be skipped, after the suite's last report.
//!
//! It shrinks by itself: a test that ran needs no entry. It grows only with a reason on the command line, which is written
//! into the entries, and so into the change that somebody reviews.

use super::gather;
use crate::cli::{General, Ratchet as Options};
use crate::exit::{Exit, Verdict};
use crate::host::reports;
use crate::plan;
use crate::policy::proof::Proof;
use crate::policy::text::shortened;
use crate::proof::{self, Change, Seen, Skip, Subject};
use crate::report::{self, Voice};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// How many tests a message names.
const NAMED: usize = 20;

/// Compares the list with the report, and rewrites it.
pub(super) fn command(voice: &Voice, general: &General, options: &Options) -> Exit {
    let policies = match gather::policies(voice, general) {
        Ok(policies) => policies,
        Err(exit) => return exit,
    };
    match rewrite(&policies.first, options) {
        Ok(Done::Changed(text) | Done::Same(text)) => report::done(voice, &text),
        Ok(Done::WouldChange(text)) => fails(voice, Verdict::Unproven, &text),
        Err((verdict, text)) => fails(voice, verdict, &text),
    }
}

fn fails(voice: &Voice, verdict: Verdict, text: &str) -> Exit {
    report::failure(voice, verdict, text);
    verdict.into()
}

enum Done {
    Changed(String),
    Same(String),
    WouldChange(String),
}

type Failure = (Verdict, String);

fn rewrite(policy: &crate::policy::Policy, options: &Options) -> Result<Done, Failure> {
    let (root, rules, list) = asked_for(policy, &options.suite)?;
    let path = root.join(&list);
    let unusable = |why: String| {
        let text = format!(
            "cannot use the list {list}: {why}\nhint: mend it; each entry is a [[skip]] with `test` and perhaps `reason`"
        );
        (Verdict::Usage, text)
    };
    let text = reports::list_text(&path).map_err(&unusable)?;
    let seen = reports::look(&root, &rules, None, None);
    let listed = match &seen.ratchet {
        Some(Ok(listed)) => listed.clone(),
        Some(Err(why)) => return Err(unusable(why.clone())),
        None => return Err(unusable("the policy names none".to_owned())),
    };
    trustworthy(&options.suite, &rules, &seen)?;
    let grown = listed.unlisted(&seen.evidence.skips);
    if !grown.is_empty() && options.allow_growth.is_none() {
        return Err((Verdict::Unproven, growth(&options.suite, &grown)));
    }
    let reason = options.allow_growth.as_deref();
    let change = proof::rewritten(&text, &seen.evidence.listed, &grown, reason)
        .map_err(|error| unusable(error.to_string()))?;
    if change.text == text {
        let text = format!(
            "{list} is as it should be: {} entries",
            listed.entries.len()
        );
        return Ok(Done::Same(text));
    }
    if options.check {
        let text = format!(
            "{list} is not as it should be: {}\nhint: guardrun ratchet {}",
            summary(&change),
            options.suite
        );
        return Ok(Done::WouldChange(text));
    }
    write(&path, &change.text).map_err(|error| {
        (
            Verdict::Usage,
            format!(
                "cannot write {list}: {error}\nhint: look at the directory and its permissions"
            ),
        )
    })?;
    Ok(Done::Changed(format!("{list}: {}", summary(&change))))
}

/// The policy's root, the suite's proof, and the list that it names.
fn asked_for(
    policy: &crate::policy::Policy,
    name: &str,
) -> Result<(PathBuf, Proof, String), Failure> {
    let usage = |text: String| (Verdict::Usage, text);
    let suite = policy.suite(name).ok_or_else(|| {
        usage(format!(
            "there is no suite `{}`\nhint: `guardrun explain` shows those that there are",
            shortened(name, 60)
        ))
    })?;
    let rules = suite.proof.clone().unwrap_or_else(|| Proof {
        reports: Vec::new(),
        stdout: false,
        format: None,
        min_executed: 1,
        max_skipped: None,
        must_run: Vec::new(),
        ratchet: None,
        strict: crate::policy::proof::Strictness::All,
        place: suite.place.clone(),
    });
    if rules.stdout {
        return Err(usage(format!(
            "the report of the suite `{name}` is what it prints, and that is gone ({})\nhint: have the runner write its report to a file as well, and name that in `proof`",
            rules.place
        )));
    }
    match (&policy.file, rules.ratchet.clone()) {
        (Some(file), Some(list)) => Ok((plan::root(file), rules, list)),
        _ => Err(usage(format!(
            "the suite `{name}` has no list of what may be skipped ({})\nhint: name one in its `proof`: ratchet = \"tests/skips.toml\"",
            suite.place
        ))),
    }
}

/// A report over nothing would empty the list, and one that is cut off would empty half of it.
fn trustworthy(name: &str, rules: &Proof, seen: &Seen) -> Result<(), Failure> {
    let subject = Subject {
        suite: name,
        gated: false,
        required: false,
        passed: true,
    };
    let judged = proof::judge(&subject, rules, seen);
    let about_the_report = |name: &str| {
        name.ends_with("-report") || name == "nothing-executed" || name == "all-skipped"
    };
    match judged
        .problems
        .iter()
        .find(|problem| about_the_report(problem.name))
    {
        None => Ok(()),
        Some(problem) => Err((
            Verdict::Unproven,
            format!(
                "the list stays as it is: {}\nhint: run the suite first: guardrun run {name}",
                problem.text
            ),
        )),
    }
}

fn growth(suite: &str, grown: &[&Skip]) -> String {
    let mut text = format!(
        "{} skipped and not in the list, which grows only with a reason:",
        match grown.len() {
            1 => "1 test is".to_owned(),
            number => format!("{number} tests are"),
        }
    );
    for skip in grown.iter().take(NAMED) {
        let _ = write!(text, "\n  {}", shortened(&skip.name, 200));
        if let Some(reason) = &skip.reason {
            let _ = write!(text, " ({})", shortened(reason, 120));
        }
    }
    if grown.len() > NAMED {
        let _ = write!(text, "\n  and {} more", grown.len() - NAMED);
    }
    let _ = write!(
        text,
        "\nhint: make them run, or accept them: guardrun ratchet {suite} --allow-growth 'REASON'"
    );
    text
}

fn summary(change: &Change) -> String {
    let part = |names: &[String], what: &str| match names {
        [] => None,
        names => {
            let first: Vec<String> = names
                .iter()
                .take(5)
                .map(|name| shortened(name, 100))
                .collect();
            let more = match names.len().saturating_sub(5) {
                0 => String::new(),
                more => format!(", and {more} more"),
            };
            Some(format!("{what} {}{more}", first.join(", ")))
        }
    };
    let parts = [
        part(&change.removed, "without"),
        part(&change.added, "with"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// Writes the file as a whole or not at all.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(format!(".{}", std::process::id()));
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, path))
        .inspect_err(|_| drop(std::fs::remove_file(&beside)))
}
