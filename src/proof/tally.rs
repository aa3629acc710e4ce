//! The counting: one test after the other, each counted once however often it is told.
//!
//! A test is known by a hash of its whole name, so that a name of a megabyte costs as much as one of ten bytes. Two
//! names with one hash would be counted as one; with the five million tests that are the most, the odds are one in a million.

use super::evidence::{Counts, Evidence, Fate, MOST_CONTRADICTIONS, MOST_NAMED, Skip};
use super::{MOST_CASES, Unreadable};
use crate::policy::glob::{is_literal, parse_glob};
use globset::{GlobSet, GlobSetBuilder};
use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The longest name that is kept or looked up, in bytes. A longer one is cut, and ends in `…`.
const LONGEST_NAME: usize = 1024;
/// The longest reason that is kept, in bytes.
const LONGEST_REASON: usize = 500;

const PASSED: u8 = 1;
const FAILED: u8 = 2;
const SKIPPED: u8 = 4;

/// What a report says of one test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Told {
    /// It ran and passed.
    Passed,
    /// It ran, failed, and passed when it was tried again.
    Flaky,
    /// It ran and failed.
    Failed,
    /// It did not run, or it failed as was expected of it.
    Skipped,
}

impl Told {
    fn bits(self) -> u8 {
        match self {
            Told::Passed => PASSED,
            Told::Flaky => PASSED | FAILED,
            Told::Failed => FAILED,
            Told::Skipped => SKIPPED,
        }
    }
}

/// What a second result of the same name in one report means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    /// Another test, whose author gave it the same name.
    Another,
    /// Another try, of which a failure decides: what came before only looks like a pass.
    FailureStands,
    /// Another try, of which a pass decides.
    PassStands,
}

/// One test as a report tells it.
pub(super) struct Case<'a> {
    /// What the test is in: a class, a file, a package, a binary. Empty where there is nothing.
    pub(super) of: &'a str,
    /// Its own name there.
    pub(super) name: &'a str,
    /// What makes it another test than one with the same two names elsewhere, and is not shown.
    pub(super) within: u64,
    pub(super) told: Told,
    pub(super) reason: Option<&'a str>,
    pub(super) again: Again,
}

#[derive(Clone, Copy)]
struct Known {
    bits: u8,
    /// Where it was told: the number of a report, or of a package within one.
    group: u32,
}

/// Something that is looked for among the tests.
#[derive(Default)]
struct Wanted {
    skipped: bool,
    /// Tests of it that ran, as far as one knew: that they are of an earlier run comes out later.
    ran: Vec<u64>,
}

/// The count of everything that the reports of one run tell.
#[derive(Default)]
pub struct Tally {
    /// The run whose ledger is read; None where the ledger says itself whose it is.
    run: Option<String>,
    cases: HashMap<u64, Known>,
    /// How many tests of one name there are in this report, from the second on.
    nth: HashMap<u64, u32>,
    group: u32,
    last_group: u32,
    /// Groups whose results are of an earlier run.
    cached: HashSet<u32>,
    /// Tests that only hold others; what counts is what they hold.
    holders: HashSet<u64>,
    skips: Vec<(u64, Skip)>,
    contradictions: Vec<String>,
    repeated: u64,
    filtered: u64,
    errors: u64,
    /// Results without a name, or names without a result: (passed, failed, skipped).
    adjusted: [i64; 3],
    nameless: bool,
    must_run: Vec<Wanted>,
    listed: Vec<Wanted>,
    literally: HashMap<String, Vec<usize>>,
    listed_by_name: HashMap<String, usize>,
    globs: GlobSet,
    /// The number in `must_run` of each glob.
    glob_numbers: Vec<usize>,
    whole_name: String,
    matched: Vec<usize>,
}

impl Tally {
    /// A tally that looks out for the names or globs of `must_run`, and for the names of `listed`.
    pub fn new<'n>(must_run: &[String], listed: impl IntoIterator<Item = &'n str>) -> Tally {
        let (mut literally, mut numbers) = (HashMap::<String, Vec<usize>>::new(), Vec::new());
        let mut globs = GlobSetBuilder::new();
        for (number, rule) in must_run.iter().enumerate() {
            // Brackets are frequent in names, so an entry is also the name that it spells.
            literally.entry(rule.clone()).or_default().push(number);
            if !is_literal(rule)
                && let Ok(glob) = parse_glob(rule)
            {
                globs.add(glob);
                numbers.push(number);
            }
        }
        let mut listed_by_name = HashMap::new();
        let mut listed_wanted = Vec::new();
        for name in listed {
            listed_by_name.insert(name.to_owned(), listed_wanted.len());
            listed_wanted.push(Wanted::default());
        }
        Tally {
            run: None,
            cases: HashMap::new(),
            nth: HashMap::new(),
            group: 0,
            last_group: 0,
            cached: HashSet::new(),
            holders: HashSet::new(),
            skips: Vec::new(),
            contradictions: Vec::new(),
            repeated: 0,
            filtered: 0,
            errors: 0,
            adjusted: [0; 3],
            nameless: false,
            must_run: must_run.iter().map(|_| Wanted::default()).collect(),
            listed: listed_wanted,
            literally,
            listed_by_name,
            // A set that cannot be made finds nothing, and what is looked for is then told to be absent.
            globs: globs.build().unwrap_or_else(|_| GlobSet::empty()),
            glob_numbers: numbers,
            whole_name: String::new(),
            matched: Vec::new(),
        }
    }

    /// Of a ledger, only the lines of this run are to count.
    pub fn of_run(self, run: &str) -> Tally {
        Tally {
            run: Some(run.to_owned()),
            ..self
        }
    }

    pub(super) fn is_of_this_run(&self, run: &str) -> bool {
        self.run.as_deref().is_none_or(|own| own == run)
    }

    /// What is told from now on is told by another report.
    pub(super) fn next_report(&mut self) {
        self.nth.clear();
        self.group = self.new_group();
    }

    /// A number for a part of a report whose results may yet turn out to be of an earlier run.
    pub(super) fn new_group(&mut self) -> u32 {
        self.last_group = self.last_group.saturating_add(1);
        self.last_group
    }

    /// What is told from now on is told by this part of the report.
    pub(super) fn in_group(&mut self, group: u32) {
        self.group = group;
    }

    /// What this part of the report told is the result of an earlier run.
    pub(super) fn is_cached(&mut self, group: u32) {
        self.cached.insert(group);
    }

    /// Takes in one test.
    pub(super) fn case(&mut self, case: &Case<'_>) -> Result<(), Unreadable> {
        let mut key = key(case.within, case.of, case.name);
        if case.again == Again::Another
            && self
                .cases
                .get(&key)
                .is_some_and(|known| known.group == self.group)
        {
            let nth = self.nth.entry(key).or_insert(0);
            *nth += 1;
            let mut hasher = DefaultHasher::new();
            (key, *nth).hash(&mut hasher);
            key = hasher.finish();
        }
        let bits = case.told.bits();
        let known = self.cases.get(&key).copied();
        if known.is_none() && self.cases.len() >= MOST_CASES {
            return Err(Unreadable::TooMany);
        }
        let bits = match known {
            None => bits,
            Some(known) => {
                self.repeated += 1;
                let both = known.bits | bits;
                match case.again {
                    Again::FailureStands if both & FAILED != 0 => both & !PASSED,
                    _ => both,
                }
            }
        };
        let group = self.group;
        self.cases.insert(key, Known { bits, group });
        self.look_out(key, case);
        if case.told == Told::Skipped && self.skips.len() < MOST_NAMED {
            let skip = Skip {
                name: cut(&self.whole_name, LONGEST_NAME),
                reason: case
                    .reason
                    .filter(|reason| !reason.is_empty())
                    .map(|reason| cut(reason, LONGEST_REASON)),
            };
            self.skips.push((key, skip));
        }
        Ok(())
    }

    /// Notes whether this test is one that is looked for. Leaves its whole name behind.
    fn look_out(&mut self, key: u64, case: &Case<'_>) {
        self.whole_name.clear();
        if !case.of.is_empty() && case.of != case.name {
            self.whole_name.push_str(case.of);
            self.whole_name.push_str("::");
        }
        self.whole_name.push_str(case.name);
        let whole = cut_str(&self.whole_name, LONGEST_NAME);
        let ran = case.told != Told::Skipped;
        if let Some(number) = self.listed_by_name.get(whole) {
            self.listed[*number].meets(key, ran);
        }
        if self.must_run.is_empty() {
            return;
        }
        for name in [whole, cut_str(case.name, LONGEST_NAME)] {
            for part in with_holders(name) {
                for number in self.literally.get(part).into_iter().flatten() {
                    self.must_run[*number].meets(key, ran);
                }
                if !self.glob_numbers.is_empty() {
                    self.globs.matches_into(part, &mut self.matched);
                    for glob in &self.matched {
                        self.must_run[self.glob_numbers[*glob]].meets(key, ran);
                    }
                }
            }
        }
    }

    /// A test that is only there to hold others, such as a test of Go with subtests.
    pub(super) fn holder(&mut self, within: u64, of: &str, name: &str) {
        if self.holders.len() < MOST_CASES {
            self.holders.insert(key(within, of, name));
        }
    }

    /// More, or with a negative number fewer, than the named tests come to: (passed, failed, skipped).
    pub(super) fn adjust(&mut self, passed: i64, failed: i64, skipped: i64) {
        for (sum, more) in self.adjusted.iter_mut().zip([passed, failed, skipped]) {
            *sum = sum.saturating_add(more);
        }
        self.nameless |= passed > 0 || failed > 0 || skipped > 0;
    }

    /// The runner was told to leave out this many.
    pub(super) fn filtered(&mut self, number: u64) {
        self.filtered = self.filtered.saturating_add(number);
    }

    /// An error outside of any test.
    pub(super) fn error(&mut self) {
        self.errors += 1;
    }

    /// Something that a report says of itself and that its tests do not bear out.
    pub(super) fn contradiction(&mut self, text: String) {
        if self.contradictions.len() < MOST_CONTRADICTIONS {
            self.contradictions.push(cut(&text, 2 * LONGEST_REASON));
        }
    }

    /// What it comes to.
    pub fn close(self) -> Evidence {
        let ran = |key: &u64| {
            self.cases.get(key).is_some_and(|known| {
                known.bits & (PASSED | FAILED) != 0
                    && !self.cached.contains(&known.group)
                    && !(self.holders.contains(key) && known.bits == PASSED)
            })
        };
        let from_earlier = |key: &u64| {
            let known = self.cases.get(key);
            known.is_some_and(|known| self.cached.contains(&known.group))
        };
        let fate = |wanted: &Wanted| {
            if wanted.ran.iter().any(ran) {
                Fate::Ran
            } else if wanted.ran.iter().any(from_earlier) {
                Fate::Cached
            } else if wanted.skipped || !wanted.ran.is_empty() {
                Fate::Skipped
            } else {
                Fate::Absent
            }
        };
        let (must_run, listed) = (
            self.must_run.iter().map(fate).collect(),
            self.listed.iter().map(fate).collect(),
        );
        let mut counts = Counts {
            filtered: self.filtered,
            repeated: self.repeated,
            errors: self.errors,
            ..Counts::default()
        };
        for (key, known) in &self.cases {
            let bits = known.bits;
            if self.holders.contains(key) && bits & FAILED == 0 {
                continue;
            }
            match bits {
                SKIPPED => counts.skipped += 1,
                _ if self.cached.contains(&known.group) => counts.cached += 1,
                _ if bits & PASSED == 0 => counts.failed += 1,
                _ => {
                    counts.passed += 1;
                    counts.flaky += u64::from(bits & FAILED != 0);
                }
            }
        }
        let [passed, failed, skipped] = self.adjusted;
        counts.passed = counts.passed.saturating_add_signed(passed);
        counts.failed = counts.failed.saturating_add_signed(failed);
        counts.skipped = counts.skipped.saturating_add_signed(skipped);
        counts.flaky = counts.flaky.min(counts.passed);
        counts.executed = counts.passed.saturating_add(counts.failed);
        let stays_skipped = |key: &u64| {
            self.cases
                .get(key)
                .is_some_and(|known| known.bits == SKIPPED)
                && !self.holders.contains(key)
        };
        let mut seen = HashSet::new();
        Evidence {
            counts,
            skips: self
                .skips
                .iter()
                .filter(|(key, _)| stays_skipped(key) && seen.insert(*key))
                .map(|(_, skip)| skip.clone())
                .collect(),
            contradictions: self.contradictions,
            must_run,
            listed,
            nameless: self.nameless,
        }
    }
}

impl Wanted {
    fn meets(&mut self, key: u64, ran: bool) {
        if !ran {
            self.skipped = true;
        } else if self.ran.last() != Some(&key) {
            self.ran.push(key);
        }
    }
}

/// The name, and those of the tests that hold it: `TestA/b/c`, `TestA/b`, `TestA`. Only Go's names are made so; a
/// shorter part of another runner's path can be asked for with a glob as well.
fn with_holders(name: &str) -> impl Iterator<Item = &str> {
    let test_of_go = name
        .rsplit("::")
        .next()
        .is_some_and(|own| own.starts_with("Test"));
    let mut next = Some(name);
    std::iter::from_fn(move || {
        let this = next?;
        next = this
            .rfind('/')
            .filter(|at| test_of_go && !this[*at..].contains("::"))
            .map(|at| &this[..at]);
        Some(this)
    })
}

fn key(within: u64, of: &str, name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    (within, of, name).hash(&mut hasher);
    hasher.finish()
}

/// A hash for `Case::within`.
pub(super) fn hash_of(parts: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// The beginning of the text, of at most `most` bytes.
pub(super) fn cut_str(text: &str, most: usize) -> &str {
    match text.len() <= most {
        true => text,
        false => {
            let whole = (0..=most).rev().find(|at| text.is_char_boundary(*at));
            &text[..whole.unwrap_or(0)]
        }
    }
}

/// Keeps the beginning of the text, of at most `most` bytes.
pub(super) fn shorten(text: &mut String, most: usize) {
    let kept = cut_str(text, most).len();
    text.truncate(kept);
}

fn cut(text: &str, most: usize) -> String {
    match text.len() <= most {
        true => text.to_owned(),
        false => format!("{}…", cut_str(text, most)),
    }
}
