//! What is wrong with a policy, and how it is told: the line, a caret under it, the nearest valid name, a hint.

use super::place::Place;
use super::source::Source;
use super::text::printable;
use std::fmt::{self, Write};
use std::ops::Range;
use std::path::Path;

/// How much of a long source line is shown around the place that is wrong, in characters.
const WINDOW: usize = 100;

/// Why a policy cannot be used. Its `Display` is the whole message, several lines, without a final newline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyError(Box<Details>);

/// Kept in a box, because every check returns one and hardly any check has one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    what: String,
    /// The file as the user would name it.
    file: String,
    spot: Option<Spot>,
    /// The other line that it takes to be wrong, such as the first of two that collide.
    other: Option<(Place, String)>,
    suggestion: Option<String>,
    hint: Option<String>,
}

/// A part of one source line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Spot {
    /// Counted from 1.
    line: usize,
    /// In characters, counted from 1.
    column: usize,
    /// The line, fit for a terminal, cut to a window around the part.
    shown: String,
    /// Characters before the caret.
    before: usize,
    /// Number of carets.
    width: usize,
}

impl PolicyError {
    /// An error about the file as a whole.
    pub(super) fn of_file(file: &Path, what: impl Into<String>) -> PolicyError {
        PolicyError(Box::new(Details {
            what: what.into(),
            file: printable(&file.to_string_lossy()),
            spot: None,
            other: None,
            suggestion: None,
            hint: None,
        }))
    }

    /// An error about these bytes of the source.
    pub(super) fn at(source: &Source, span: Range<usize>, what: impl Into<String>) -> PolicyError {
        let mut error = PolicyError::of_file(source.file(), what);
        error.0.spot = Some(Spot::of(source, span));
        error
    }

    /// Adds the name that was probably meant.
    pub(super) fn did_you_mean(mut self, name: Option<&str>) -> PolicyError {
        self.0.suggestion = name.map(printable);
        self
    }

    /// Adds what to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> PolicyError {
        self.0.hint = Some(hint.into());
        self
    }

    /// Adds another line that has to do with it.
    pub(super) fn see(mut self, place: &Place, why: impl Into<String>) -> PolicyError {
        self.0.other = Some((place.clone(), why.into()));
        self
    }

    /// The one sentence that says what is wrong.
    pub fn what(&self) -> &str {
        &self.0.what
    }

    /// The line that is wrong, counted from 1, where it is one line.
    pub fn line(&self) -> Option<usize> {
        self.0.spot.as_ref().map(|spot| spot.line)
    }

    /// The column at which it begins, counted in characters from 1.
    pub fn column(&self) -> Option<usize> {
        self.0.spot.as_ref().map(|spot| spot.column)
    }
}

impl Spot {
    fn of(source: &Source, span: Range<usize>) -> Spot {
        let (line, start_of_line, text) = source.line_at(span.start);
        let inside = |offset: usize| {
            let offset = offset.saturating_sub(start_of_line).min(text.len());
            (0..=offset)
                .rev()
                .find(|&i| text.is_char_boundary(i))
                .unwrap_or(0)
        };
        let (head, rest) = text.split_at(inside(span.start));
        let (part, tail) = rest.split_at(inside(span.end).saturating_sub(head.len()));

        let head_kept: String = {
            let skipped = head.chars().count().saturating_sub(WINDOW / 2);
            let cut = if skipped > 0 { "…" } else { "" };
            cut.chars().chain(head.chars().skip(skipped)).collect()
        };
        let head_kept = printable(&head_kept.replace('\t', " "));
        let part_kept: String = part.chars().take(WINDOW / 2).collect();
        let part_kept = printable(&part_kept.replace('\t', " "));
        let tail_kept: String = if part.chars().count() > WINDOW / 2 {
            "…".to_owned()
        } else if tail.chars().count() > WINDOW / 2 {
            tail.chars().take(WINDOW / 2).chain(['…']).collect()
        } else {
            tail.to_owned()
        };
        let tail_kept = printable(&tail_kept.replace('\t', " "));
        Spot {
            line,
            column: head.chars().count() + 1,
            before: head_kept.chars().count(),
            width: part_kept.chars().count().max(1),
            shown: format!("{head_kept}{part_kept}{tail_kept}"),
        }
    }
}

/// A line of a file with marks under the part that is meant, as an error of the policy has it. `Display` is three lines, without a
/// final newline.
pub(crate) struct Excerpt(Spot);

impl Excerpt {
    /// Around these bytes of a text.
    pub(crate) fn of(text: &str, span: Range<usize>) -> Excerpt {
        Excerpt(Spot::of(&Source::new(Path::new(""), text), span))
    }

    /// The line, counted from 1.
    pub(crate) fn line(&self) -> usize {
        self.0.line
    }

    /// The column, counted in characters from 1.
    pub(crate) fn column(&self) -> usize {
        self.0.column
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.line.to_string();
        let gutter = " ".repeat(number.len());
        writeln!(f, "{gutter} |")?;
        writeln!(f, "{number} | {}", self.shown.trim_end())?;
        let indent = " ".repeat(self.before);
        let carets = "^".repeat(self.width);
        write!(f, "{gutter} | {indent}{carets}")
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        match &self.0.spot {
            None => write!(text, "{}: {}", self.0.file, self.0.what)?,
            Some(spot) => {
                let (line, column) = (spot.line, spot.column);
                writeln!(text, "{}:{line}:{column}: {}", self.0.file, self.0.what)?;
                write!(text, "{spot}")?;
            }
        }
        if let Some((place, why)) = &self.0.other {
            write!(text, "\n{place}: {why}")?;
        }
        if let Some(name) = &self.0.suggestion {
            write!(text, "\ndid you mean `{name}`?")?;
        }
        if let Some(hint) = &self.0.hint {
            write!(text, "\nhint: {hint}")?;
        }
        f.write_str(&text)
    }
}

impl std::error::Error for PolicyError {}

#[cfg(test)]
mod tests {
    use super::PolicyError;
    use crate::policy::source::Source;
    use std::path::Path;

    fn source(text: &str) -> Source {
        Source::new(Path::new("guardrun.toml"), text)
    }

    #[test]
    fn the_caret_stands_under_what_is_wrong() {
        let source = source("[suite.unit]\nché = 1 # x\n");
        let start = source.text().find("= 1").unwrap();
        let error = PolicyError::at(&source, start..start + 3, "no")
            .did_you_mean(Some("yes"))
            .hint("do it");
        assert_eq!(
            error.to_string(),
            "guardrun.toml:2:5: no\n  |\n2 | ché = 1 # x\n  |     ^^^\ndid you mean `yes`?\nhint: do it"
        );
    }

    #[test]
    fn a_place_at_the_very_end_of_the_file_is_shown_too() {
        let error = PolicyError::at(&source("a = ["), 5..5, "unclosed");
        assert_eq!(
            error.to_string(),
            "guardrun.toml:1:6: unclosed\n  |\n1 | a = [\n  |      ^"
        );
    }

    #[test]
    fn a_span_over_several_lines_is_marked_on_its_first() {
        let error = PolicyError::at(&source("ab\ncd\n"), 1..5, "both");
        assert_eq!((error.line(), error.column()), (Some(1), Some(2)));
        assert!(error.to_string().ends_with("1 | ab\n  |  ^"), "{error}");
    }

    #[test]
    fn a_very_long_line_is_cut_around_the_caret() {
        let text = format!("{}X{}", "a".repeat(500_000), "b".repeat(500_000));
        let error = PolicyError::at(&source(&text), 500_000..500_001, "here");
        let rendered = error.to_string();
        assert!(
            rendered.len() < 1000,
            "the message is {} bytes",
            rendered.len()
        );
        let lines: Vec<Vec<char>> = rendered
            .lines()
            .map(|line| line.chars().collect())
            .collect();
        let caret = lines[3].iter().position(|&c| c == '^').unwrap();
        assert_eq!(lines[2][caret], 'X');
    }

    #[test]
    fn an_offset_past_the_end_does_not_panic() {
        let _ = PolicyError::at(&source("é"), 1..99, "odd").to_string();
        let _ = PolicyError::at(&source(""), 7..9, "odd").to_string();
    }
}
