//! Command lines in a policy: what a suite runs, what it matches, and the examples that keep both true.

use super::Checked;
use crate::policy::error::PolicyError;
use crate::policy::glob::{is_literal, literally, parse_glob};
use crate::policy::matching::Matcher;
use crate::policy::model::{Pattern, Policy, Suite};
use crate::policy::source::Source;
use crate::policy::text::{printable, shortened};
use crate::policy::written::{self, CommandLine, Lines, Words};
use std::ops::Range;
use toml::Spanned;

/// The longest word with a wildcard, in bytes. A glob becomes an automaton, whose size must have a bound.
const LONGEST_GLOB: usize = 1024;

/// Checks a suite's `command`.
pub(super) fn command(source: &Source, written: &Spanned<Words>) -> Checked<Vec<String>> {
    let words = &written.get_ref().0;
    check_words(source, written.span(), words)?;
    Ok(words.clone())
}

/// The patterns of a suite: those it writes, and its own command.
///
/// A suite's command is always its own, also when somebody types it instead of `guardrun run NAME`: else a gated
/// suite without `match` would be gated by name only. Where `match` is left out, further arguments are too.
pub(super) fn patterns(
    source: &Source,
    name: &Spanned<String>,
    written: &written::Suite,
    command: Option<&[String]>,
) -> Checked<Vec<Pattern>> {
    let mut patterns = Vec::new();
    if let Some(lines) = &written.patterns {
        if lines.get_ref().is_empty() {
            return Err(PolicyError::at(
                source,
                lines.span(),
                "`match` is empty, so it matches nothing",
            )
            .hint("leave it out to match the suite's own command with any arguments"));
        }
        for line in lines.get_ref() {
            let words = words_of(source, line)?;
            for word in &words {
                check_glob(source, line.span(), word)?;
            }
            patterns.push(Pattern {
                text: text_of(line.get_ref()),
                words,
                place: source.place(&line.span()),
            });
        }
    } else if command.is_none() {
        let what = format!(
            "the suite `{}` has neither `command` nor `match`",
            name.get_ref()
        );
        return Err(PolicyError::at(source, name.span(), what)
            .hint("say what it runs (command) or which command lines are this suite (match)"));
    }
    if let (Some(words), Some(written_command)) = (command, &written.command) {
        let mut implied: Vec<String> = words.iter().map(|word| literally(word)).collect();
        if written.patterns.is_none() {
            implied.push("*".to_owned());
        }
        let pattern = Pattern {
            text: shell_words::join(words),
            words: implied,
            place: source.place(&written_command.span()),
        };
        if patterns.iter().all(|other| other.words != pattern.words) {
            patterns.push(pattern);
        }
    }
    Ok(patterns)
}

/// Where the pattern with this number is written: in `match`, or as the command that implies it.
pub(super) fn span_of_pattern(
    name: &Spanned<String>,
    written: &written::Suite,
    at: usize,
) -> Range<usize> {
    let lines = written.patterns.as_ref().map(|lines| lines.get_ref());
    lines
        .and_then(|lines| lines.get(at))
        .map(Spanned::span)
        .or_else(|| written.command.as_ref().map(Spanned::span))
        .unwrap_or_else(|| name.span())
}

/// Holds every `examples` and `no-match` line against the whole policy, so that neither can rot.
pub(super) fn examples_hold(source: &Source, policy: &Policy, file: &written::File) -> Checked<()> {
    let matcher = Matcher::new(policy);
    for (suite, (_, written)) in policy.suites.iter().zip(&file.suite.0) {
        for line in every(written.examples.as_ref()) {
            let words = words_of(source, line)?;
            example_holds(source, &matcher, suite, line, &words)?;
        }
        for line in every(written.no_match.as_ref()) {
            let words = words_of(source, line)?;
            counterexample_holds(source, &matcher, suite, line, &words)?;
        }
    }
    Ok(())
}

fn example_holds(
    source: &Source,
    matcher: &Matcher<'_>,
    suite: &Suite,
    line: &Spanned<CommandLine>,
    words: &[String],
) -> Checked<()> {
    let shown = shortened(&text_of(line.get_ref()), 80);
    let error = |what: String| PolicyError::at(source, line.span(), what);
    match matcher.suite_for(words) {
        Ok(Some(found)) if found.suite.name == suite.name => Ok(()),
        Ok(None) => Err(error(format!(
            "the example `{shown}` is not the suite `{}`: no pattern matches it",
            suite.name
        ))
        .hint("widen `match`, or take the example out")),
        Ok(Some(found)) => {
            let what = format!(
                "the example `{shown}` is the suite `{}`, not `{}`",
                found.suite.name, suite.name
            );
            Err(error(what)
                .see(
                    &found.pattern.place,
                    format!(
                        "`{}` is the more specific pattern",
                        printable(&found.pattern.text)
                    ),
                )
                .hint("make a pattern of this suite more specific, or take the example out"))
        }
        Err(tie) => {
            let other = [tie.first, tie.second]
                .into_iter()
                .find(|one| one.suite.name != suite.name);
            let other = other.unwrap_or(tie.first);
            let what = format!(
                "the example `{shown}` is `{}` and `{}` alike",
                tie.first.suite.name, tie.second.suite.name
            );
            Err(error(what)
                .see(
                    &other.pattern.place,
                    format!("`{}` matches it as well", printable(&other.pattern.text)),
                )
                .hint("make one of the two patterns more specific"))
        }
    }
}

fn counterexample_holds(
    source: &Source,
    matcher: &Matcher<'_>,
    suite: &Suite,
    line: &Spanned<CommandLine>,
    words: &[String],
) -> Checked<()> {
    // A tie counts as a match: the command line would be refused for belonging to this suite too.
    let found = match matcher.suite_for(words) {
        Ok(Some(found)) if found.suite.name == suite.name => found,
        Err(tie) if tie.first.suite.name == suite.name => tie.first,
        Err(tie) if tie.second.suite.name == suite.name => tie.second,
        _ => return Ok(()),
    };
    let shown = shortened(&text_of(line.get_ref()), 80);
    let what = format!(
        "`{shown}` must not be the suite `{}`, and it is",
        suite.name
    );
    let why = format!("`{}` matches it", printable(&found.pattern.text));
    Err(PolicyError::at(source, line.span(), what)
        .see(&found.pattern.place, why)
        .hint("make that pattern narrower, or take the line out of `no-match`"))
}

fn every(lines: Option<&Spanned<Lines>>) -> &[Spanned<CommandLine>] {
    lines.map_or(&[], |lines| lines.get_ref())
}

fn text_of(line: &CommandLine) -> String {
    match line {
        CommandLine::Text(text) => text.clone(),
        CommandLine::Words(words) => shell_words::join(words),
    }
}

/// The words of one pattern.
pub(super) fn one_pattern(source: &Source, line: &Spanned<CommandLine>) -> Checked<Vec<String>> {
    let words = words_of(source, line)?;
    for word in &words {
        check_glob(source, line.span(), word)?;
    }
    Ok(words)
}

fn words_of(source: &Source, line: &Spanned<CommandLine>) -> Checked<Vec<String>> {
    let words = match line.get_ref() {
        CommandLine::Words(words) => words.clone(),
        CommandLine::Text(text) => shell_words::split(text).map_err(|_| {
            PolicyError::at(source, line.span(), "a quote is opened here and not closed")
                .hint(r#"close it, or write the words as a list: ["cargo", "test"]"#)
        })?,
    };
    check_words(source, line.span(), &words)?;
    Ok(words)
}

fn check_words(source: &Source, span: Range<usize>, words: &[String]) -> Checked<()> {
    if words.first().is_none_or(String::is_empty) {
        return Err(
            PolicyError::at(source, span, "a command line without a program")
                .hint("the first word is the program"),
        );
    }
    if words.iter().any(|word| word.contains('\0')) {
        return Err(PolicyError::at(
            source,
            span,
            "a word with a NUL in it, which no argument can hold",
        )
        .hint("take the NUL out"));
    }
    Ok(())
}

fn check_glob(source: &Source, span: Range<usize>, word: &str) -> Checked<()> {
    if is_literal(word) || word == "**" {
        return Ok(());
    }
    let what = if word.len() > LONGEST_GLOB {
        format!(
            "a word with wildcards is {} bytes long; {LONGEST_GLOB} is the most",
            word.len()
        )
    } else {
        match parse_glob(word) {
            Ok(_) => return Ok(()),
            Err(error) => format!("`{}` is not a glob: {}", shortened(word, 60), error.kind()),
        }
    };
    Err(PolicyError::at(source, span, what).hint(
        r"put `\\` before a character that is to stand for itself, or write it in brackets: [*]",
    ))
}
