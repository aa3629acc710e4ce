//! A piece of shell in a file, and the spots in it that messages point at.

use super::node::{Lines, Node, Value};
use std::rc::Rc;

/// A spot in a file of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Spot {
    /// The path from the repository's root.
    pub(super) file: Rc<str>,
    /// The line, counted from 1.
    pub(super) line: usize,
    /// What on that line is meant; where it is not on the line as it stands, the whole line is.
    pub(super) snippet: String,
}

impl Spot {
    pub(super) fn new(file: &Rc<str>, line: usize, snippet: &str) -> Spot {
        Spot {
            file: file.clone(),
            line,
            snippet: snippet.lines().next().unwrap_or_default().trim().to_owned(),
        }
    }

    /// Where a name and its value stand in YAML or JSON.
    pub(super) fn of(file: &Rc<str>, name: &str, node: &Node) -> Spot {
        match node.text() {
            Some(_) => Spot::new(file, node.line, name),
            None => Spot::new(file, node.line, ""),
        }
    }
}

/// A piece of shell.
#[derive(Clone, Debug)]
pub(super) struct Piece {
    pub(super) file: Rc<str>,
    pub(super) text: String,
    line: usize,
    lines: Lines,
}

impl Piece {
    /// A text that begins on this line of a file.
    pub(super) fn new(file: &Rc<str>, text: impl Into<String>, line: usize) -> Rc<Piece> {
        Rc::new(Piece {
            file: file.clone(),
            text: text.into(),
            line,
            lines: Lines::From(line),
        })
    }

    /// A text of which all is on this line, whatever line ends are in it.
    pub(super) fn on_one_line(file: &Rc<str>, text: impl Into<String>, line: usize) -> Rc<Piece> {
        Rc::new(Piece {
            file: file.clone(),
            text: text.into(),
            line,
            lines: Lines::Here,
        })
    }

    /// What stands in a node, with `text` in place of what is written there.
    pub(super) fn of(file: &Rc<str>, node: &Node, text: String) -> Rc<Piece> {
        let lines = match node.value {
            Value::Text(_, lines) => lines,
            _ => Lines::Here,
        };
        Rc::new(Piece {
            file: file.clone(),
            text,
            line: node.line,
            lines,
        })
    }

    /// What is between two bytes of it.
    pub(super) fn part(&self, from: usize, to: usize) -> &str {
        self.text.get(from..to).unwrap_or_default()
    }

    /// The spot of what is between two bytes of it.
    pub(super) fn spot(&self, from: usize, to: usize) -> Spot {
        let line = match self.lines {
            Lines::Here => self.line,
            Lines::From(first) => {
                let before = self.text.get(..from).unwrap_or_default();
                first + before.matches('\n').count()
            }
        };
        Spot::new(&self.file, line, self.part(from, to))
    }
}
