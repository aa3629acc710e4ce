//! Whether the policy itself is sound: beyond what makes it unusable, what makes parts of it hold for nothing.

use super::finding::{Finding, See};
use super::tree::Tree;
use crate::policy::glob::is_literal;
use crate::policy::rule::Rule;
use crate::policy::{Matcher, Pattern, Policy, Suite, words_match};

/// The most pairs of patterns that are compared with each other.
const MOST_PAIRS: usize = 2_000_000;

/// A word that stands for any other.
const ANY: &str = "\u{fffd}";

/// What is unsound in the policy in this file.
pub(super) fn findings(policy: &Policy, file: &str, tree: &dyn Tree) -> Vec<Finding> {
    let mut found = Vec::new();
    let matcher = Matcher::new(policy);
    for gate in policy.gates.values() {
        let needed = policy
            .suites
            .iter()
            .any(|suite| suite.gate.as_ref() == Some(&gate.name));
        if !needed {
            let what = format!("no suite needs the gate `{}`", gate.name);
            let mut finding = Finding::new(Rule::UnusedGate, file, gate.place.line, what)
                .hint(format!(
                    "give it to the suite that it is for, with gate = \"{}\", or take it out",
                    gate.name
                ))
                .at_place(tree, &gate.place);
            finding.gate = Some(gate.name.clone());
            found.push(finding);
        }
    }
    for suite in &policy.suites {
        found.extend(unreached(&matcher, suite, file, tree));
    }
    found.extend(ties(policy, file, tree));
    for note in &policy.notes {
        let finding = Finding::new(Rule::PolicyNote, file, note.place.line, note.text.clone())
            .hint("take the table out, or decide anew and give it another day")
            .at_place(tree, &note.place);
        found.push(finding);
    }
    found
}

/// Command lines that a pattern means.
fn samples(pattern: &Pattern) -> Vec<Vec<String>> {
    let words = |many: usize| -> Vec<String> {
        let last = pattern.words.len().saturating_sub(1);
        let words = pattern
            .words
            .iter()
            .enumerate()
            .flat_map(|(at, word)| match word.as_str() {
                "**" => vec![ANY.to_owned(); many],
                "*" if at == last => vec![ANY.to_owned(); many],
                word if is_literal(word) => vec![word.to_owned()],
                word => vec![meant(word)],
            });
        words.collect()
    };
    (0..3)
        .map(words)
        .filter(|words| !words.is_empty() && words_match(&pattern.words, words))
        .collect()
}

/// A word that a glob means: `?` is one byte of it.
fn meant(glob: &str) -> String {
    glob.replace('\\', "").replace('?', "x").replace('*', ANY)
}

/// A suite with patterns of which each is taken by another suite.
fn unreached(matcher: &Matcher<'_>, suite: &Suite, file: &str, tree: &dyn Tree) -> Option<Finding> {
    let mut taken_by: Option<(&str, usize)> = None;
    for pattern in &suite.patterns {
        let samples = samples(pattern);
        // A pattern of which no sample can be made may match something all the same.
        if samples.is_empty() {
            return None;
        }
        for sample in samples {
            match matcher.suite_for(&sample) {
                Ok(Some(winner)) if winner.suite.name != suite.name => {
                    taken_by = Some((&winner.suite.name, winner.pattern.place.line));
                }
                _ => return None,
            }
        }
    }
    let (other, line) = taken_by?;
    let what = format!(
        "no command line reaches the suite `{}`: `{other}` describes each more closely",
        suite.name
    );
    let mut finding = Finding::new(Rule::UnreachedSuite, file, suite.place.line, what)
        .hint("make its patterns more specific, or take the suite out; `guardrun explain -- COMMAND` shows who wins")
        .at_place(tree, &suite.place);
    finding.suite = Some(suite.name.clone());
    finding.see.push(See {
        file: file.to_owned(),
        line,
        what: "this pattern takes them".to_owned(),
    });
    Some(finding)
}

/// Two patterns of different suites that are equally close to one command line.
fn ties(policy: &Policy, file: &str, tree: &dyn Tree) -> Vec<Finding> {
    let all: Vec<(&Suite, &Pattern)> = policy
        .suites
        .iter()
        .flat_map(|suite| suite.patterns.iter().map(move |pattern| (suite, pattern)))
        .collect();
    let matcher = Matcher::new(policy);
    let mut found: Vec<Finding> = Vec::new();
    let mut pairs = 0;
    for (at, (one, left)) in all.iter().enumerate() {
        for (two, right) in &all[at + 1..] {
            pairs += 1;
            if pairs > MOST_PAIRS {
                return found;
            }
            if one.name == two.name {
                continue;
            }
            let Some(line) = both(left, right) else {
                continue;
            };
            let Err(tie) = matcher.suite_for(&line) else {
                continue;
            };
            let (first, second) = (tie.first, tie.second);
            let line: Vec<&str> = line
                .iter()
                .map(|word| if word == ANY { "X" } else { word.as_str() })
                .collect();
            let what = format!(
                "`{}` is as much the suite `{}` as `{}`",
                crate::policy::text::shortened(&shell_words::join(line), 80),
                first.suite.name,
                second.suite.name
            );
            let place = second.pattern.place.clone();
            if found.iter().any(|other| other.what == what) {
                continue;
            }
            let mut finding = Finding::new(Rule::Tie, file, place.line, what)
                .hint("make one of the two patterns more specific: more literal words win")
                .at_place(tree, &place);
            finding.suite = Some(second.suite.name.clone());
            finding.see.push(See {
                file: file.to_owned(),
                line: first.pattern.place.line,
                what: "the other pattern".to_owned(),
            });
            found.push(finding);
        }
    }
    found
}

/// A command line that both patterns mean, if one is easily made.
fn both(left: &Pattern, right: &Pattern) -> Option<Vec<String>> {
    let longest = left.words.len().max(right.words.len());
    let fill = |pattern: &Pattern| -> Vec<String> {
        let open = pattern
            .words
            .last()
            .is_some_and(|word| word == "*" || word == "**");
        let mut words = pattern.words.clone();
        if open {
            words.pop();
            words.resize(longest, "*".to_owned());
        }
        words
    };
    let (one, two) = (fill(left), fill(right));
    if one.len() != two.len() {
        return None;
    }
    let line: Vec<String> = one
        .into_iter()
        .zip(two)
        .map(|(one, two)| match (is_literal(&one), is_literal(&two)) {
            (true, _) => one,
            (_, true) => two,
            _ if one == "*" || one == "**" => meant(&two),
            _ => meant(&one),
        })
        .collect();
    let means = |pattern: &Pattern| words_match(&pattern.words, &line);
    (means(left) && means(right)).then_some(line)
}
