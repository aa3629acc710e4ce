//! The words of the command line: a manner, plain words, `--key value` pairs, and after `--` a command.

use std::ffi::OsString;
use std::io;
use std::str::FromStr;

/// The command line, sorted.
pub(crate) struct Words {
    manner: String,
    plain: Vec<String>,
    pairs: Vec<(String, String)>,
    /// What stands after `--`.
    pub(crate) command: Vec<OsString>,
}

impl Words {
    /// Sorts this process's own arguments.
    pub(crate) fn from_command_line() -> Words {
        let mut arguments = std::env::args_os().skip(1);
        let mut words = Words {
            manner: String::new(),
            plain: Vec::new(),
            pairs: Vec::new(),
            command: Vec::new(),
        };
        let text = |word: OsString| word.to_string_lossy().into_owned();
        words.manner = arguments.next().map(text).unwrap_or_default();
        while let Some(word) = arguments.next().map(text) {
            match word.strip_prefix("--") {
                Some("") => words.command = arguments.by_ref().collect(),
                Some(key) => {
                    let value = arguments.next().map(text).unwrap_or_default();
                    words.pairs.push((key.to_owned(), value));
                }
                None => words.plain.push(word),
            }
        }
        words
    }

    /// The first word.
    pub(crate) fn manner(&self) -> String {
        self.manner.clone()
    }

    /// The plain word at `index`.
    pub(crate) fn plain(&self, index: usize) -> io::Result<&str> {
        self.plain
            .get(index)
            .map(String::as_str)
            .ok_or_else(|| io::Error::other(format!("word {index} is missing")))
    }

    /// The value of `--key`, as text.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// Every value of a `--key` that can stand several times.
    pub(crate) fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.pairs
            .iter()
            .filter(move |(k, _)| k == key)
            .map(|(_, v)| v.as_str())
    }

    /// The value of `--key`, as a number.
    pub(crate) fn number<N: FromStr>(&self, key: &str) -> io::Result<Option<N>> {
        self.text(key).map(|text| number(text, key)).transpose()
    }
}

/// Reads `text` as a number; `what` names it in the complaint.
pub(crate) fn number<N: FromStr>(text: &str, what: &str) -> io::Result<N> {
    text.parse()
        .map_err(|_| io::Error::other(format!("{what}: {text:?} is no number")))
}
