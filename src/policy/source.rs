//! The text of a policy, and which line a byte of it is on.

use super::place::Place;
use std::ops::Range;
use std::path::{Path, PathBuf};

/// The text of one policy file, with the beginnings of its lines.
pub(super) struct Source {
    file: PathBuf,
    text: String,
    line_starts: Vec<usize>,
}

impl Source {
    /// `file` is the name by which messages call it.
    pub(super) fn new(file: &Path, text: &str) -> Source {
        let line_starts = std::iter::once(0)
            .chain(text.match_indices('\n').map(|(at, _)| at + 1))
            .collect();
        Source {
            file: file.to_owned(),
            text: text.to_owned(),
            line_starts,
        }
    }

    /// The name by which messages call the file.
    pub(super) fn file(&self) -> &Path {
        &self.file
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The place that a message points at for these bytes: the line on which they begin.
    pub(super) fn place(&self, span: &Range<usize>) -> Place {
        Place {
            file: Some(self.file.clone()),
            line: self.line_number(span.start),
        }
    }

    /// The number of the line that holds this byte, the offset at which that line begins, and the line without its end.
    pub(super) fn line_at(&self, offset: usize) -> (usize, usize, &str) {
        let number = self.line_number(offset);
        let start = self.line_starts[number - 1];
        let end = self
            .line_starts
            .get(number)
            .map_or(self.text.len(), |next| next - 1);
        (number, start, self.text[start..end].trim_end_matches('\r'))
    }

    fn line_number(&self, offset: usize) -> usize {
        self.line_starts
            .partition_point(|&start| start <= offset)
            .max(1)
    }
}
