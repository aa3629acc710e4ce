//! `guardrun verify`: did the suites that matter really run, and pass, for this very commit? By the receipts of their runs.

use super::gather;
use crate::cli::{General, Verify as Options};
use crate::exit::{Exit, Verdict};
use crate::host::git::{self, Repository};
use crate::host::receipts;
use crate::plan;
use crate::policy::text::{nearest, shortened};
use crate::policy::{Policy, Suite};
use crate::proof::Problem;
use crate::receipt::{Demand, Found, Here, Look, PolicyOf, Verified, judge};
use crate::report::{self, Github, VerifiedJunit, Voice};
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// How many commits git is asked about that are not the one here.
const ASKED: usize = 10;

pub(super) fn command(voice: &Voice, general: &General, options: &Options) -> Exit {
    let policy = match gather::policies(voice, general) {
        Ok(policies) => policies.first,
        Err(exit) => return exit,
    };
    // A report that cannot be written is found out before anything is judged.
    let junit = match options
        .junit
        .as_deref()
        .map(VerifiedJunit::open)
        .transpose()
    {
        Ok(junit) => junit,
        Err(error) => return wrong(voice, &error.to_string()),
    };
    let verified = match verify(&policy, options) {
        Ok(verified) => verified,
        Err(text) => return wrong(voice, &text),
    };
    let github = (!options.no_github).then(Github::here).flatten();
    if let Some(github) = github {
        github.verified(voice, &verified);
    }
    if let Some(junit) = junit {
        junit.write(voice, &verified);
    }
    match (report::answer(voice, &verified), verified.proved) {
        (printed, true) => printed,
        (_, false) => Verdict::Unproven.into(),
    }
}

fn wrong(voice: &Voice, text: &str) -> Exit {
    report::failure(voice, Verdict::Usage, text);
    Verdict::Usage.into()
}

fn verify(policy: &Policy, options: &Options) -> Result<Verified, String> {
    let Some(file) = &policy.file else {
        return Err("there is no policy here, so there is nothing to prove\nhint: `guardrun init` writes a first one".to_owned());
    };
    let root = plan::root(file);
    let demands: Vec<Demand> = suites(policy, &options.suite)?
        .into_iter()
        .map(demand)
        .collect();
    let repository = git::find(&root);
    let (found, missing) = found(policy, &root, repository.as_ref(), &options.receipts);
    let look = match &repository {
        Some(repository) => repository.look(),
        None => Look::unknown("they are in no git repository"),
    };
    let name = receipts::name_of(Some(file), repository.as_ref());
    let foreign = repository.map(|repository| foreign(&repository, &look, &found));
    let here = Here {
        look,
        foreign: foreign.unwrap_or_default(),
        policy: PolicyOf {
            file: name,
            sha256: policy.receipts.policy.clone(),
        },
        now: Timestamp::now(),
        max_age: options.max_age,
    };
    let mut verified = judge(&here, &demands, &found);
    verified.proved &= missing.is_empty();
    verified.problems.extend(missing);
    Ok(verified)
}

/// The suites that are asked about.
fn suites<'p>(policy: &'p Policy, names: &[String]) -> Result<Vec<&'p Suite>, String> {
    if names.is_empty() {
        let gated = policy.suites.iter().filter(|suite| suite.gate.is_some());
        return Ok(gated.collect());
    }
    let mut suites: Vec<&Suite> = Vec::new();
    for name in names {
        let Some(suite) = policy.suite(name) else {
            let mut text = format!("there is no suite `{}`", shortened(name, 60));
            let known = policy.suites.iter().map(|suite| suite.name.as_str());
            if let Some(near) = nearest(name, known) {
                text.push_str(&format!("\ndid you mean `{near}`?"));
            }
            text.push_str("\nhint: `guardrun explain` shows those that there are");
            return Err(text);
        };
        if !suites.iter().any(|other| other.name == suite.name) {
            suites.push(suite);
        }
    }
    Ok(suites)
}

fn demand(suite: &Suite) -> Demand {
    let command = match (&suite.command, suite.patterns.first()) {
        (None, Some(pattern)) => format!("guardrun -- {}", shortened(&pattern.text, 200)),
        _ => format!("guardrun run {}", suite.name),
    };
    // Who may open the gate, and how, is told by a refusal, to those who are to know it.
    let remedy = match &suite.gate {
        Some(gate) => format!("run it where the gate `{gate}` may be open: {command}"),
        None => format!("run it: {command}"),
    };
    Demand {
        suite: suite.name.clone(),
        min_executed: suite.proof.as_ref().map(|proof| proof.min_executed),
        remedy,
    }
}

/// The receipts, and what is wrong with the places where they should be. Where runs here leave them there may be none yet; a place
/// that was named has to be there.
fn found(
    policy: &Policy,
    root: &Path,
    repository: Option<&Repository>,
    named: &[PathBuf],
) -> (Vec<Found>, Vec<Problem>) {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    if named.is_empty() {
        let place = receipts::place(&policy.receipts, root, repository);
        found = place
            .and_then(|place| receipts::read(&place).ok())
            .unwrap_or_default();
    }
    for place in named {
        match receipts::read(place) {
            Ok(mut more) => found.append(&mut more),
            Err(error) => missing.push(Problem {
                name: "no-such-place",
                text: format!("cannot look for receipts in {}: {error}", place.display()),
                hint: "name the directory into which the receipts of the runs were fetched"
                    .to_owned(),
            }),
        }
    }
    // As a person here would name them.
    let cwd = gather::working_directory();
    for file in &mut found {
        if let Ok(below) = Path::new(&file.file).strip_prefix(&cwd) {
            file.file = below.display().to_string();
        }
    }
    (found, missing)
}

/// The commits of these receipts that the repository does not have.
fn foreign(repository: &Repository, look: &Look, found: &[Found]) -> Vec<String> {
    let receipts = found.iter().filter_map(|file| file.receipt.as_ref().ok());
    let mut commits: Vec<String> = receipts
        .filter_map(|receipt| receipt.commit.clone())
        .filter(|commit| look.commit.as_ref() != Some(commit))
        .collect();
    commits.sort_unstable();
    commits.dedup();
    commits.truncate(ASKED);
    commits.retain(|commit| repository.has(commit) == Some(false));
    commits
}
