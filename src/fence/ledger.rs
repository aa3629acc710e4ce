//! The refusals of one run: each kind once, with how often it happened.

use super::lineage::{Generation, Lineage, Standing};
use super::rules::Rule;
use crate::outcome::{Program, Refusal};
use crate::policy::FenceRules;
use crate::sys::procfs::{self, Stat};
use crate::values::Deed;
use std::collections::HashMap;

/// How many kinds are kept. A test that makes up a new command line for each of its thousand attempts is counted on.
const KINDS: usize = 200;

/// How many refusals are looked at closely when the kinds are full; after that they are only counted.
const LOOKED_AT: u64 = 2000;

/// Variables by which runners tell a program which test it is in.
const TEST_NAMES: [&[u8]; 3] = [
    b"PYTEST_CURRENT_TEST=",
    b"NEXTEST_TEST_NAME=",
    b"BATS_TEST_NAME=",
];

/// What was refused so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) refusals: Vec<Refusal>,
    pub(super) refused: u64,
    kinds: HashMap<(Deed, String, i32), usize>,
}

/// What there is to be said about one refusal.
pub(super) struct Case<'a> {
    pub(super) deed: Deed,
    pub(super) object: String,
    /// Who did it, which is not always the process that the lineage is about: that may be his parent's.
    pub(super) who: &'a Stat,
    pub(super) lineage: Option<&'a Lineage>,
    pub(super) standing: Standing,
    pub(super) rule: Rule,
}

impl Ledger {
    /// Writes one down. The answer is the refusal if it is the first of its kind.
    pub(super) fn write(&mut self, rules: &FenceRules, case: &Case<'_>) -> Option<&Refusal> {
        self.refused += 1;
        if self.refusals.len() == KINDS && self.refused > LOOKED_AT {
            return None;
        }
        let by = describe(case.who);
        let generations = case.lineage.map_or(&[][..], |lineage| &lineage.programs);
        let host = case.standing.host.and_then(|host| generations.get(host));
        let host_pid = host.map_or(0, |host| host.stat.id.pid);
        let kind = (case.deed, by.command.clone(), host_pid);
        if let Some(at) = self.kinds.get(&kind) {
            self.refusals[*at].times += 1;
            return None;
        }
        if self.refusals.len() == KINDS {
            return None;
        }
        self.kinds.insert(kind, self.refusals.len());
        let above = generations.iter();
        let above = above.filter(|generation| generation.stat.id != case.who.id);
        self.refusals.push(Refusal {
            deed: case.deed,
            object: case.object.clone(),
            test: test_of(case.who.id.pid),
            by,
            host: host.map(program),
            parents: above.map(program).collect(),
            answer: case.rule.answer,
            rule: case.rule.text,
            class: rules.class,
            place: rules.place.as_ref().map(ToString::to_string),
            times: 1,
        });
        self.refusals.last()
    }
}

/// What can be said about a process while it is there.
fn describe(stat: &Stat) -> Program {
    let pid = stat.id.pid;
    let words = procfs::arguments(pid);
    let words: Vec<_> = words.iter().map(|word| word.to_string_lossy()).collect();
    let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
    Program {
        id: stat.id,
        command: match words.is_empty() {
            true => format!("[{}]", stat.name),
            false => words.join(" "),
        },
        executable: procfs::executable(pid).map(text),
        directory: procfs::working_directory(pid).map(text),
    }
}

/// The same for a program that has been looked at already.
fn program(generation: &Generation) -> Program {
    let directory = procfs::working_directory(generation.stat.id.pid);
    Program {
        id: generation.stat.id,
        command: match generation.arguments.is_empty() {
            true => format!("[{}]", generation.stat.name),
            false => generation.arguments.join(" "),
        },
        executable: generation.executable.clone(),
        directory: directory.map(|path| path.to_string_lossy().into_owned()),
    }
}

fn test_of(process: i32) -> Option<String> {
    let environment = procfs::environment(process)?;
    let mut lines = environment.split(|byte| *byte == 0);
    let found =
        lines.find_map(|line| TEST_NAMES.iter().find_map(|name| line.strip_prefix(*name)))?;
    Some(String::from_utf8_lossy(found).into_owned())
}
