//! Which suite a command line belongs to.
//!
//! A pattern has one glob per argument. `*` as the last word, and `**` as a whole word anywhere, stand for any number
//! of arguments, also none. The most specific pattern decides; two suites that are equally specific for the same
//! command line are an error, because whichever was chosen might be the one without the gate.

use super::glob::{is_literal, parse_glob};
use super::model::{Pattern, Policy, Suite};
use globset::GlobMatcher;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::OsStr;

/// Every pattern of a policy, ready to be compared with command lines.
pub struct Matcher<'p> {
    entries: Vec<Entry<'p>>,
    /// Entries whose program word is literal, by the base name of that program.
    by_program: HashMap<&'p str, Vec<usize>>,
    /// Entries whose program word is not.
    any_program: Vec<usize>,
}

/// A pattern that matches a command line.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'p> {
    /// The suite whose pattern it is.
    pub suite: &'p Suite,
    /// The pattern.
    pub pattern: &'p Pattern,
    /// How closely it describes what it matches.
    pub specificity: Specificity,
}

/// How closely a pattern describes a command line. Ordered: the greater one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Specificity {
    /// Words without a wildcard.
    pub literal_words: usize,
    /// Characters that stand for themselves.
    pub literal_characters: usize,
    /// Wildcards, counted downwards: of two otherwise equal patterns the one with fewer wildcards wins.
    pub wildcards: std::cmp::Reverse<usize>,
}

/// Two suites that describe one command line equally well.
#[derive(Clone, Copy, Debug)]
pub struct Tie<'p> {
    /// The first in the file.
    pub first: Candidate<'p>,
    /// The other.
    pub second: Candidate<'p>,
}

struct Entry<'p> {
    suite: &'p Suite,
    pattern: &'p Pattern,
    slots: Vec<Slot<'p>>,
    specificity: Specificity,
}

/// One word of a pattern, in its position.
struct Slot<'p> {
    word: Word<'p>,
    /// Whether it is compared as a program: the first word is, or the first after a leading `**`.
    program: bool,
}

enum Word<'p> {
    /// Exactly this.
    Literal(&'p str),
    /// Any one argument.
    One,
    /// Any number of arguments.
    Any,
    /// An argument with these parts in this order, and any text between them: a glob with `*` and nothing else.
    Stars(&'p str),
    /// An argument of any other shape. Made into an automaton when it is first needed: most words never are.
    Glob(&'p str, OnceCell<Option<GlobMatcher>>),
}

impl<'p> Matcher<'p> {
    /// Makes the policy's patterns ready.
    pub fn new(policy: &'p Policy) -> Matcher<'p> {
        let mut matcher = Matcher {
            entries: Vec::new(),
            by_program: HashMap::new(),
            any_program: Vec::new(),
        };
        for suite in &policy.suites {
            for pattern in &suite.patterns {
                let entry = Entry::new(suite, pattern);
                let index = matcher.entries.len();
                match entry.slots.first().map(|slot| &slot.word) {
                    Some(Word::Literal(program)) => {
                        let list = matcher.by_program.entry(base_name(program)).or_default();
                        list.push(index);
                    }
                    _ => matcher.any_program.push(index),
                }
                matcher.entries.push(entry);
            }
        }
        matcher
    }

    /// Every pattern that matches, the most specific first, and of equal ones the first in the file.
    pub fn candidates<S: AsRef<OsStr>>(&self, argv: &[S]) -> Vec<Candidate<'p>> {
        // An argument that is not UTF-8 is compared with replacement characters in it. A wildcard matches those,
        // so such an argument cannot be used to slip out of a suite.
        let argv: Vec<Cow<'_, str>> = argv
            .iter()
            .map(|word| word.as_ref().to_string_lossy())
            .collect();
        let Some(program) = argv.first() else {
            return Vec::new();
        };
        let by_name = self
            .by_program
            .get(base_name(program))
            .into_iter()
            .flatten();
        let mut found: Vec<usize> = by_name
            .chain(&self.any_program)
            .copied()
            .filter(|&index| sequence_matches(&self.entries[index].slots, &argv))
            .collect();
        found.sort_unstable_by_key(|&index| {
            (std::cmp::Reverse(self.entries[index].specificity), index)
        });
        found
            .iter()
            .map(|&index| self.entries[index].candidate())
            .collect()
    }

    /// The suite that the command line belongs to, and the pattern that says so.
    pub fn suite_for<S: AsRef<OsStr>>(
        &self,
        argv: &[S],
    ) -> Result<Option<Candidate<'p>>, Box<Tie<'p>>> {
        let candidates = self.candidates(argv);
        let Some(&first) = candidates.first() else {
            return Ok(None);
        };
        let rival = candidates
            .iter()
            .take_while(|other| other.specificity == first.specificity)
            .find(|other| other.suite.name != first.suite.name);
        match rival {
            Some(&second) => Err(Box::new(Tie { first, second })),
            None => Ok(Some(first)),
        }
    }
}

impl Policy {
    /// The suite that this command line belongs to, and the pattern that says so.
    ///
    /// For many command lines make one [`Matcher`] and ask that.
    pub fn suite_for<S: AsRef<OsStr>>(
        &self,
        argv: &[S],
    ) -> Result<Option<Candidate<'_>>, Box<Tie<'_>>> {
        Matcher::new(self).suite_for(argv)
    }
}

/// Whether a pattern of these words matches this command line, as a suite's would.
pub fn words_match(words: &[String], argv: &[String]) -> bool {
    let argv: Vec<Cow<'_, str>> = argv.iter().map(|word| Cow::from(word.as_str())).collect();
    sequence_matches(&slots(words), &argv)
}

fn slots(words: &[String]) -> Vec<Slot<'_>> {
    let last = words.len().saturating_sub(1);
    let program = words.iter().position(|word| word != "**");
    let slots = words.iter().enumerate().map(|(at, word)| Slot {
        word: match word.as_str() {
            "**" => Word::Any,
            "*" if at == last => Word::Any,
            "*" => Word::One,
            text if is_literal(text) => Word::Literal(text),
            text if has_only_stars(text) => Word::Stars(text),
            text => Word::Glob(text, OnceCell::new()),
        },
        program: program == Some(at),
    });
    slots.collect()
}

impl<'p> Entry<'p> {
    fn new(suite: &'p Suite, pattern: &'p Pattern) -> Entry<'p> {
        Entry {
            suite,
            pattern,
            slots: slots(&pattern.words),
            specificity: Specificity::of(&pattern.words),
        }
    }

    fn candidate(&self) -> Candidate<'p> {
        Candidate {
            suite: self.suite,
            pattern: self.pattern,
            specificity: self.specificity,
        }
    }
}

/// Whether the words match all the arguments. Goes back only to the last [`Word::Any`], so that it takes
/// at most words × arguments steps whatever the pattern.
fn sequence_matches(slots: &[Slot<'_>], argv: &[Cow<'_, str>]) -> bool {
    let (mut word, mut argument) = (0, 0);
    let mut last_any: Option<(usize, usize)> = None;
    loop {
        match slots.get(word) {
            Some(slot) if matches!(slot.word, Word::Any) => {
                last_any = Some((word, argument));
                word += 1;
                continue;
            }
            Some(slot) if argv.get(argument).is_some_and(|text| slot.matches(text)) => {
                word += 1;
                argument += 1;
                continue;
            }
            None if argument == argv.len() => return true,
            _ => {}
        }
        match last_any {
            Some((any, taken)) if taken < argv.len() => {
                last_any = Some((any, taken + 1));
                word = any + 1;
                argument = taken + 1;
            }
            _ => return false,
        }
    }
}

impl Slot<'_> {
    fn matches(&self, text: &str) -> bool {
        if self.program {
            self.word.matches_program(text)
        } else {
            self.word.matches(text)
        }
    }
}

impl Word<'_> {
    fn matches(&self, text: &str) -> bool {
        match self {
            Word::Literal(literal) => *literal == text,
            Word::One | Word::Any => true,
            Word::Stars(glob) => stars_match(glob, text),
            Word::Glob(glob, made) => made
                .get_or_init(|| compile(glob).ok())
                .as_ref()
                .is_some_and(|glob| glob.is_match(text)),
        }
    }

    /// The program is compared by its base name, so that a path to it changes nothing. A pattern with a `/` is
    /// compared with the end of the path, from any `/` on; one that begins with `/`, with the whole path.
    fn matches_program(&self, path: &str) -> bool {
        let written = match self {
            Word::Literal(text) | Word::Stars(text) | Word::Glob(text, _) => *text,
            Word::One | Word::Any => return true,
        };
        if !written.contains('/') {
            return self.matches(base_name(path));
        }
        let tails = path.match_indices('/').map(|(at, _)| &path[at + 1..]);
        let relative = !written.starts_with('/');
        self.matches(path) || (relative && tails.into_iter().any(|tail| self.matches(tail)))
    }
}

/// Whether the glob is made of text and single stars. Two stars between slashes mean more: `a/**/b` is also `a/b`.
fn has_only_stars(glob: &str) -> bool {
    !glob.contains(MORE_THAN_STARS) && !glob.contains("**")
}

/// What globset would say, without making an automaton: most wildcards in a policy are stars, and a policy can have
/// many thousands of them.
fn stars_match(glob: &str, text: &str) -> bool {
    let Some((head, rest)) = glob.split_once('*') else {
        return glob == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    // The earliest place for each part leaves the most room for those after it.
    for part in middle.split('*') {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(tail)
}

impl Specificity {
    fn of(words: &[String]) -> Specificity {
        let mut literal_words = 0;
        let mut literal_characters = 0;
        let mut wildcards = 0;
        for word in words {
            let (characters, wild) = weigh(word);
            literal_words += usize::from(wild == 0);
            literal_characters += characters;
            wildcards += wild;
        }
        Specificity {
            literal_words,
            literal_characters,
            wildcards: std::cmp::Reverse(wildcards),
        }
    }
}

/// How many characters of a glob stand for themselves, and how many wildcards it has.
fn weigh(word: &str) -> (usize, usize) {
    if word == "**" {
        return (0, 1);
    }
    let (mut literal, mut wild) = (0, 0);
    let mut characters = word.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => literal += usize::from(characters.next().is_some()),
            '*' | '?' => wild += 1,
            // A class or an alternation is one wildcard; what stands in it is a choice, not a literal.
            '[' | '{' => {
                let end = if character == '[' { ']' } else { '}' };
                wild += 1;
                characters.by_ref().find(|&c| c == end);
            }
            _ => literal += 1,
        }
    }
    (literal, wild)
}

/// Makes a glob. `*` and `?` match a `/` too: arguments are words, not paths.
fn compile(glob: &str) -> Result<GlobMatcher, globset::Error> {
    parse_glob(glob).map(|glob| glob.compile_matcher())
}

/// Those of them that are not the star.
const MORE_THAN_STARS: [char; 6] = ['?', '[', ']', '{', '}', '\\'];

fn base_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::{compile, stars_match};
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn stars_mean_what_globset_says(glob in "[ab/]{0,3}(\\*[ab/]{1,2}){1,3}\\*?", text in "[ab/]{0,8}") {
            prop_assert_eq!(stars_match(&glob, &text), compile(&glob).unwrap().is_match(&text));
        }
    }
}
