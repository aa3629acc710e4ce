//! Words: quotes, variables and substitutions.

use super::{MOST_DEEP, Odd, Read, Reader};
use crate::check::shell::{Part, Quoted, Then, Word};

impl<'t> Reader<'t> {
    /// The word that is here; None where something else is.
    pub(super) fn word(&mut self) -> Read<Option<Word>> {
        let mut word = Word::default();
        let from = self.at;
        while let Some(next) = self.peek() {
            match next {
                c if c.is_whitespace() => break,
                ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\'' => {
                    self.at += 1;
                    let end = self.rest().find('\'').ok_or(Odd)?;
                    word.text(&self.rest()[..end]);
                    self.at += end + 1;
                }
                '"' => {
                    self.at += 1;
                    self.quoted(&mut word)?;
                }
                '$' => {
                    let part = self.dollar(Quoted::No)?;
                    word.part(part);
                }
                '`' => word.part(self.backticks()?),
                '\\' => {
                    self.at += 1;
                    match self.peek() {
                        Some('\n') => self.at += 1,
                        Some(c) => {
                            self.at += c.len_utf8();
                            word.text(c.encode_utf8(&mut [0; 4]));
                        }
                        None => {}
                    }
                }
                c => {
                    self.at += c.len_utf8();
                    word.text(c.encode_utf8(&mut [0; 4]));
                }
            }
        }
        Ok((self.at > from).then_some(word))
    }

    /// What stands between backticks: a command whose output nobody here knows.
    fn backticks(&mut self) -> Read<Part> {
        let from = self.at;
        self.at += 1;
        let end = self.rest().find('`').ok_or(Odd)?;
        self.at += end + 1;
        Ok(Part::Opaque(self.text[from..self.at].to_owned()))
    }

    /// What stands between double quotes; the first is passed already.
    fn quoted(&mut self, word: &mut Word) -> Read<()> {
        word.text("");
        loop {
            match self.peek().ok_or(Odd)? {
                '"' => {
                    self.at += 1;
                    return Ok(());
                }
                '\\' => {
                    self.at += 1;
                    let next = self.peek().ok_or(Odd)?;
                    self.at += next.len_utf8();
                    match next {
                        '\n' => {}
                        '"' | '\\' | '$' | '`' => word.text(next.encode_utf8(&mut [0; 4])),
                        other => word.text(&format!("\\{other}")),
                    }
                }
                '$' => {
                    let part = self.dollar(Quoted::Yes)?;
                    word.part(part);
                }
                '`' => word.part(self.backticks()?),
                other => {
                    self.at += other.len_utf8();
                    word.text(other.encode_utf8(&mut [0; 4]));
                }
            }
        }
    }

    /// What begins with a `$`.
    fn dollar(&mut self, quoted: Quoted) -> Read<Part> {
        let from = self.at;
        let opaque = |reader: &Reader<'t>| Part::Opaque(reader.text[from..reader.at].to_owned());
        self.at += 1;
        if self.rest().starts_with("{{") {
            // An expression of GitHub's, or of just's, that was not resolved.
            self.pass_until("}}")?;
            return Ok(opaque(self));
        }
        if self.eat("(") {
            self.balanced('(', ')')?;
            return Ok(opaque(self));
        }
        if self.rest().starts_with('\'') && quoted == Quoted::No {
            self.at += 1;
            let end = self.rest().find('\'').ok_or(Odd)?;
            let text = self.rest()[..end].to_owned();
            self.at += end + 1;
            return Ok(Part::Text(text));
        }
        if self.eat("{") {
            let inside = self.at;
            self.balanced('{', '}')?;
            let written = &self.text[inside..self.at - 1];
            return Ok(braced(written, quoted, self.depth).unwrap_or_else(|| opaque(self)));
        }
        let rest = self.rest();
        let special = rest.starts_with(['@', '*', '#', '?', '!', '$', '-'])
            || rest.starts_with(|c: char| c.is_ascii_digit());
        let length = match special {
            true => 1,
            false => rest
                .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .unwrap_or(rest.len()),
        };
        if length == 0 {
            return Ok(Part::Text("$".to_owned()));
        }
        self.at += length;
        Ok(Part::Variable(
            rest[..length].to_owned(),
            Then::Plain,
            quoted,
        ))
    }

    /// Passes over everything up to the bracket that closes the one before.
    pub(super) fn balanced(&mut self, open: char, close: char) -> Read<()> {
        let mut depth = 1;
        while let Some(next) = self.peek() {
            self.at += next.len_utf8();
            match next {
                c if c == close => depth -= 1,
                c if c == open => depth += 1,
                '\\' => self.at += self.peek().map_or(0, char::len_utf8),
                '\'' if open == '(' => {
                    self.at += self.rest().find('\'').ok_or(Odd)? + 1;
                }
                '"' if open == '(' => loop {
                    match self.peek().ok_or(Odd)? {
                        '\\' => {
                            self.at += 1;
                            self.at += self.peek().map_or(0, char::len_utf8);
                        }
                        '"' => {
                            self.at += 1;
                            break;
                        }
                        other => self.at += other.len_utf8(),
                    }
                },
                _ => {}
            }
            if depth == 0 {
                return Ok(());
            }
        }
        Err(Odd)
    }

    pub(super) fn pass_until(&mut self, end: &str) -> Read<()> {
        let at = self.rest().find(end).ok_or(Odd)?;
        self.at += at + end.len();
        Ok(())
    }
}

impl Word {
    pub(super) fn text(&mut self, text: &str) {
        match self.parts.last_mut() {
            Some(Part::Text(before)) => before.push_str(text),
            _ => self.parts.push(Part::Text(text.to_owned())),
        }
    }

    fn part(&mut self, part: Part) {
        match part {
            Part::Text(text) => self.text(&text),
            part => self.parts.push(part),
        }
    }
}

/// What stands in `${…}`; None where that is opaque.
fn braced(written: &str, quoted: Quoted, depth: usize) -> Option<Part> {
    let end = written.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let end = match end {
        Some(0) if written.starts_with(['@', '*', '#', '?']) => 1,
        Some(0) => return None,
        other => other.unwrap_or(written.len()),
    };
    let (name, operator) = written.split_at(end);
    if name.is_empty() {
        return None;
    }
    let argument = |text: &str| {
        let mut reader = Reader {
            text,
            at: 0,
            depth: depth + 1,
            heredocs: Vec::new(),
        };
        let mut word = Word::default();
        if reader.depth > MOST_DEEP {
            return None;
        }
        // As between quotes, where spaces and brackets mean nothing.
        while let Some(next) = reader.peek() {
            match next {
                '$' => {
                    let part = reader.dollar(Quoted::Yes).ok()?;
                    word.part(part);
                }
                '"' | '\'' => reader.at += 1,
                c => {
                    reader.at += c.len_utf8();
                    word.text(c.encode_utf8(&mut [0; 4]));
                }
            }
        }
        Some(word)
    };
    let operator = operator.strip_prefix(':').unwrap_or(operator);
    let then = match operator.chars().next() {
        None if written.len() == end => Then::Plain,
        Some('-' | '=') => Then::Default(argument(&operator[1..])?),
        Some('+') => Then::Alternate(argument(&operator[1..])?),
        _ => Then::Other,
    };
    Some(Part::Variable(name.to_owned(), then, quoted))
}
