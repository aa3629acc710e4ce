//! Commands: what is compound, and how it is closed.

use super::{MOST_DEEP, Odd, Read, Reader};
use crate::check::shell::{Command, Item, List, Pipeline, Simple};
use std::rc::Rc;

impl<'t> Reader<'t> {
    pub(super) fn command(&mut self) -> Read<Command> {
        self.depth += 1;
        let command = match self.depth > MOST_DEEP {
            true => Err(Odd),
            false => self.any_command(),
        };
        self.depth -= 1;
        command
    }

    fn any_command(&mut self) -> Read<Command> {
        self.spaces();
        let compound = match self.reserved() {
            "{" => {
                self.at += 1;
                let body = self.list(false);
                self.must("}")?;
                Command::Group(body)
            }
            "if" => self.conditional()?,
            "while" | "until" => {
                self.at += 5;
                let condition = self.list(false);
                Command::While(condition, self.body()?)
            }
            "for" | "select" => self.repeated()?,
            "case" => self.choice()?,
            "function" => {
                self.at += 8;
                self.spaces();
                let name = self.name()?;
                self.spaces();
                self.eat("()");
                return self.function(name);
            }
            "[[" => {
                // A class of characters in a pattern ends in the same two brackets, without a space.
                let end = [" ]]", "\t]]", "\n]]"]
                    .iter()
                    .filter_map(|end| self.rest().find(end))
                    .min();
                match end {
                    Some(at) => self.at += at + 3,
                    None => self.pass_until("]]")?,
                }
                Command::Test
            }
            _ if self.rest().starts_with("((") => {
                self.at += 1;
                self.balanced('(', ')')?;
                self.eat(")");
                Command::Test
            }
            _ if self.rest().starts_with('(') => {
                self.at += 1;
                let body = self.list(false);
                self.between();
                if !self.eat(")") {
                    return Err(Odd);
                }
                Command::Subshell(body)
            }
            _ => return self.simple(),
        };
        let mut ignored = Simple::default();
        while self.redirection(&mut ignored)? {}
        Ok(compound)
    }

    fn conditional(&mut self) -> Read<Command> {
        self.at += 2;
        let mut arms = Vec::new();
        let mut otherwise = None;
        loop {
            let condition = self.list(false);
            self.must("then")?;
            arms.push((condition, self.list(false)));
            self.between();
            if self.eat_reserved("elif") {
                continue;
            }
            if self.eat_reserved("else") {
                otherwise = Some(self.list(false));
            }
            self.must("fi")?;
            return Ok(Command::If(arms, otherwise));
        }
    }

    fn body(&mut self) -> Read<List> {
        self.must("do")?;
        let body = self.list(false);
        self.must("done")?;
        Ok(body)
    }

    fn repeated(&mut self) -> Read<Command> {
        self.at += self.reserved().len();
        self.spaces();
        if self.rest().starts_with("((") {
            self.at += 1;
            self.balanced('(', ')')?;
            self.eat(")");
            return Ok(Command::For(String::new(), Vec::new(), self.body()?));
        }
        let name = self.name()?;
        self.between();
        let mut words = Vec::new();
        if self.eat_reserved("in") {
            self.spaces();
            while let Some(word) = self.word()? {
                words.push(word);
                self.spaces();
            }
        }
        Ok(Command::For(name, words, self.body()?))
    }

    fn choice(&mut self) -> Read<Command> {
        self.at += 4;
        self.spaces();
        let word = self.word()?.ok_or(Odd)?;
        self.must("in")?;
        let mut arms = Vec::new();
        loop {
            self.between();
            if self.eat_reserved("esac") {
                return Ok(Command::Case(word, arms));
            }
            self.eat("(");
            let mut patterns = Vec::new();
            loop {
                self.spaces();
                patterns.push(self.word()?.ok_or(Odd)?);
                self.spaces();
                if !self.eat("|") {
                    break;
                }
            }
            if !self.eat(")") {
                return Err(Odd);
            }
            arms.push((patterns, self.list(false)));
            self.between();
            let _ = self.eat(";;&") || self.eat(";;") || self.eat(";&");
        }
    }

    pub(super) fn function(&mut self, name: String) -> Read<Command> {
        self.between();
        let body = match self.command()? {
            Command::Group(list) | Command::Subshell(list) => list,
            Command::Simple(_) | Command::Unread(..) => return Err(Odd),
            other => {
                let (from, to) = (self.at, self.at);
                let first = Pipeline {
                    commands: vec![other],
                    from,
                    to,
                };
                vec![Item {
                    first,
                    rest: Vec::new(),
                    background: false,
                    from,
                    to,
                }]
            }
        };
        Ok(Command::Function(name, Rc::new(body)))
    }

    fn name(&mut self) -> Read<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_-.:".contains(c));
        let name = &rest[..end.unwrap_or(rest.len())];
        self.at += name.len();
        match name.is_empty() {
            true => Err(Odd),
            false => Ok(name.to_owned()),
        }
    }
}
