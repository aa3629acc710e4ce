//! Simple commands: assignments, words and redirections.

use super::{Odd, Read, Reader, text_of};
use crate::check::shell::{Assign, Command, Part, Simple, Word};

impl<'t> Reader<'t> {
    pub(super) fn simple(&mut self) -> Read<Command> {
        let mut simple = Simple {
            from: self.at,
            ..Simple::default()
        };
        loop {
            simple.to = self.at;
            self.spaces();
            if self.redirection(&mut simple)? {
                continue;
            }
            if self.peek() == Some('#') {
                break;
            }
            let Some(word) = self.word()? else { break };
            if simple.words.is_empty() {
                if let Some(assign) = assignment(&word) {
                    if self.peek() == Some('(') && assign.value.parts.is_empty() {
                        // An array; nobody exports those.
                        self.at += 1;
                        self.balanced('(', ')')?;
                    }
                    simple.assigns.push(assign);
                    continue;
                }
                if let [Part::Text(name)] = word.parts.as_slice() {
                    self.spaces();
                    if self.rest().starts_with('(') {
                        let name = name.clone();
                        self.at += 1;
                        self.spaces();
                        if !self.eat(")") {
                            return Err(Odd);
                        }
                        return self.function(name);
                    }
                }
            }
            simple.words.push(word);
        }
        if self.at == simple.from {
            return Err(Odd);
        }
        if self.rest().starts_with('(') {
            return Err(Odd);
        }
        Ok(Command::Simple(simple))
    }

    /// Passes over one redirection, if one is here.
    pub(super) fn redirection(&mut self, simple: &mut Simple) -> Read<bool> {
        self.spaces();
        let rest = self.rest();
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(0);
        let operators = [
            "&>>", "<<<", "<<-", "&>", ">>", ">|", ">&", "<&", "<>", "<<", "<", ">",
        ];
        let sign = &rest[digits..];
        let Some(operator) = operators.iter().find(|it| sign.starts_with(**it)) else {
            return Ok(false);
        };
        if digits > 0 && operator.starts_with('&') {
            return Ok(false);
        }
        self.at += digits + operator.len();
        if matches!(*operator, "<" | ">") && self.rest().starts_with('(') {
            // A process substitution is a word.
            self.at += 1;
            self.balanced('(', ')')?;
            return Ok(true);
        }
        self.spaces();
        if self.rest().starts_with("<(") || self.rest().starts_with(">(") {
            self.at += 2;
            self.balanced('(', ')')?;
            return Ok(true);
        }
        let target = self.word()?.ok_or(Odd)?;
        match *operator {
            "<<" | "<<-" => {
                let end: String = target.parts.iter().filter_map(text_of).collect();
                self.heredocs.push((end, *operator == "<<-"));
            }
            ">" | ">>" | ">|" | "&>" | "&>>" => simple.outputs.push(target),
            _ => {}
        }
        Ok(true)
    }
}

/// The word as an assignment, if it is one.
fn assignment(word: &Word) -> Option<Assign> {
    let Some(Part::Text(first)) = word.parts.first() else {
        return None;
    };
    let (name, value) = first.split_once('=')?;
    let name = name.strip_suffix('+').unwrap_or(name);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !is_name {
        return None;
    }
    let mut rest = Word::default();
    if !value.is_empty() {
        rest.text(value);
    }
    rest.parts.extend(word.parts[1..].iter().cloned());
    Some(Assign {
        name: name.to_owned(),
        value: rest,
    })
}
