//! From the text of a script to its commands. Never fails: what it cannot read becomes `Unread` up to the end of the line.

use super::{Assign, Command, Item, Join, List, Part, Pipeline, Quoted, Simple, Then, Word};
use std::rc::Rc;

/// How deep commands may be within each other.
const MOST_DEEP: usize = 40;

/// Words that end what is around them, where a command could begin.
const CLOSERS: [&str; 9] = [
    "then", "fi", "else", "elif", "do", "done", "esac", "}", "in",
];

/// Something that is not understood.
struct Odd;

type Read<T> = Result<T, Odd>;

/// The commands of a script.
pub(in crate::check) fn read(text: &str) -> List {
    let mut reader = Reader {
        text,
        at: 0,
        depth: 0,
        heredocs: Vec::new(),
    };
    let mut list = Vec::new();
    while reader.at < text.len() {
        let before = reader.at;
        list.append(&mut reader.list(true));
        if reader.at < text.len() && reader.at == before {
            // A closing word or bracket that closes nothing.
            reader.step();
        }
    }
    list
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    depth: usize,
    /// Here-documents whose text begins after the end of this line, and whether tabs before its end are passed over.
    heredocs: Vec<(String, bool)>,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn step(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        if next == '\n' {
            self.pass_heredocs();
        }
        Some(next)
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.rest().starts_with(text);
        if found {
            self.at += text.len();
        }
        found
    }

    /// Here-documents begin after the line on which they are announced.
    fn pass_heredocs(&mut self) {
        for (end, tabs) in std::mem::take(&mut self.heredocs) {
            loop {
                if self.at >= self.text.len() {
                    return;
                }
                let line = self.rest().split('\n').next().unwrap_or_default();
                self.at = (self.at + line.len() + 1).min(self.text.len());
                let line = line.trim_end_matches('\r');
                let line = match tabs {
                    true => line.trim_start_matches('\t'),
                    false => line,
                };
                if line == end {
                    break;
                }
            }
        }
    }

    /// Passes over spaces and continued lines.
    fn spaces(&mut self) {
        loop {
            match self.peek() {
                Some(' ' | '\t' | '\r') => self.at += 1,
                Some('\\') if self.rest().starts_with("\\\n") => self.at += 2,
                Some('\\') if self.rest().starts_with("\\\r\n") => self.at += 3,
                _ => return,
            }
        }
    }

    /// Passes over everything between two commands.
    fn between(&mut self) {
        loop {
            self.spaces();
            match self.peek() {
                Some('\n') => drop(self.step()),
                Some(';') if !self.rest().starts_with(";;") && !self.rest().starts_with(";&") => {
                    self.at += 1;
                }
                Some('#') => self.comment(),
                _ => return,
            }
        }
    }

    fn comment(&mut self) {
        let line = self.rest().find('\n').unwrap_or(self.rest().len());
        self.at += line;
    }

    /// The word of letters that comes next, without passing over it: a word that the shell may reserve.
    fn reserved(&self) -> &'t str {
        let rest = self.rest();
        if rest.starts_with("[[") {
            return "[[";
        }
        if let Some('{' | '}' | '!') = self.peek() {
            let alone = rest[1..].starts_with([' ', '\t', '\n', '\r', ';', ')', '&', '|']);
            return if alone || rest.len() == 1 {
                &rest[..1]
            } else {
                ""
            };
        }
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let word = &rest[..end.unwrap_or(rest.len())];
        let after = rest[word.len()..].chars().next();
        let ends = after.is_none_or(|c| c.is_whitespace() || ";&|()<>".contains(c));
        if ends { word } else { "" }
    }

    fn eat_reserved(&mut self, word: &str) -> bool {
        let found = self.reserved() == word;
        if found {
            self.at += word.len();
        }
        found
    }

    fn must(&mut self, word: &str) -> Read<()> {
        self.between();
        match self.eat_reserved(word) {
            true => Ok(()),
            false => Err(Odd),
        }
    }

    /// Commands up to something that closes what is around them.
    fn list(&mut self, outermost: bool) -> List {
        let mut items = List::new();
        loop {
            self.between();
            let at_end = self.peek().is_none() || self.rest().starts_with([')', ';']);
            if at_end || (CLOSERS.contains(&self.reserved()) && !outermost) {
                return items;
            }
            if outermost && self.reserved() == "}" {
                return items;
            }
            let from = self.at;
            match self.item() {
                Ok(item) => items.push(item),
                Err(Odd) => {
                    let line = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.at = (self.at + line).max(from + 1).min(self.text.len());
                    while !self.text.is_char_boundary(self.at) {
                        self.at += 1;
                    }
                    items.push(self.unread(from));
                }
            }
        }
    }

    fn unread(&self, from: usize) -> Item {
        let (from, to) = (from, self.at);
        let command = Command::Unread(from, to);
        let first = Pipeline {
            commands: vec![command],
            from,
            to,
        };
        Item {
            first,
            rest: Vec::new(),
            background: false,
            from,
            to,
        }
    }

    fn item(&mut self) -> Read<Item> {
        let from = self.at;
        let first = self.pipeline()?;
        let mut rest = Vec::new();
        let mut to = self.at;
        loop {
            self.spaces();
            let join = match self.rest() {
                next if next.starts_with("&&") => Join::And,
                next if next.starts_with("||") => Join::Or,
                _ => break,
            };
            self.at += 2;
            self.between();
            rest.push((join, self.pipeline()?));
            to = self.at;
        }
        let background = self.peek() == Some('&');
        if background {
            self.at += 1;
        }
        Ok(Item {
            first,
            rest,
            background,
            from,
            to,
        })
    }

    fn pipeline(&mut self) -> Read<Pipeline> {
        self.spaces();
        let from = self.at;
        if self.eat_reserved("!") {
            self.spaces();
        }
        let mut commands = vec![self.command()?];
        let mut to = self.at;
        loop {
            self.spaces();
            if !self.rest().starts_with('|') || self.rest().starts_with("||") {
                break;
            }
            self.at += 1;
            self.eat("&");
            self.between();
            commands.push(self.command()?);
            to = self.at;
        }
        Ok(Pipeline { commands, from, to })
    }

    fn command(&mut self) -> Read<Command> {
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

    fn function(&mut self, name: String) -> Read<Command> {
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

    fn simple(&mut self) -> Read<Command> {
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
    fn redirection(&mut self, simple: &mut Simple) -> Read<bool> {
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

    /// The word that is here; None where something else is.
    fn word(&mut self) -> Read<Option<Word>> {
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
    fn balanced(&mut self, open: char, close: char) -> Read<()> {
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

    fn pass_until(&mut self, end: &str) -> Read<()> {
        let at = self.rest().find(end).ok_or(Odd)?;
        self.at += at + end.len();
        Ok(())
    }
}

impl Word {
    fn text(&mut self, text: &str) {
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

fn text_of(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Command, Part, Simple};
    use super::read;
    use proptest::prelude::*;

    /// The simple commands of a script in order, each as its words.
    fn words(text: &str) -> Vec<String> {
        let mut found = Vec::new();
        list(&read(text), &mut found);
        found
    }

    fn list(items: &[super::Item], found: &mut Vec<String>) {
        for item in items {
            let all = std::iter::once(&item.first).chain(item.rest.iter().map(|(_, it)| it));
            for command in all.flat_map(|pipeline| &pipeline.commands) {
                match command {
                    Command::Simple(simple) => found.push(shown(simple)),
                    Command::Group(body) | Command::Subshell(body) => list(body, found),
                    Command::If(arms, otherwise) => {
                        for (condition, body) in arms {
                            list(condition, found);
                            list(body, found);
                        }
                        otherwise.iter().for_each(|body| list(body, found));
                    }
                    Command::While(condition, body) => {
                        list(condition, found);
                        list(body, found);
                    }
                    Command::For(_, _, body) => list(body, found),
                    Command::Case(_, arms) => arms.iter().for_each(|(_, body)| list(body, found)),
                    Command::Function(_, body) => list(body, found),
                    Command::Test => {}
                    Command::Unread(..) => found.push("UNREAD".to_owned()),
                }
            }
        }
    }

    fn shown(simple: &Simple) -> String {
        let word = |word: &super::Word| -> String {
            let part = |part: &Part| match part {
                Part::Text(text) => text.clone(),
                Part::Variable(name, ..) => format!("<{name}>"),
                Part::Opaque(_) => "<?>".to_owned(),
            };
            word.parts.iter().map(part).collect()
        };
        let assigns = simple.assigns.iter();
        let mut all: Vec<String> = assigns
            .map(|it| format!("{}={}", it.name, word(&it.value)))
            .collect();
        all.extend(simple.words.iter().map(word));
        all.join(" ")
    }

    #[test]
    fn scripts_are_read_as_a_shell_would() {
        let table: &[(&str, &[&str])] = &[
            ("a b; c && d || e | f &", &["a b", "c", "d", "e", "f"]),
            (
                "A=1 B='x y' cmd \"$C d\" e\\ f",
                &["A=1 B=x y cmd <C> d e f"],
            ),
            (
                "if a; then b; elif c; then d; else e; fi; g",
                &["a", "b", "c", "d", "e", "g"],
            ),
            (
                "case $x in a|b) c ;; *) d; e;; esac\nf",
                &["c", "d", "e", "f"],
            ),
            ("f() {\n  a\n}\nfunction g { b; }\nf", &["a", "b", "f"]),
            ("for x in a b; do c $x; done", &["c <x>"]),
            ("while a; do b; done < file; c", &["a", "b", "c"]),
            (
                "cat <<EOF >out\nnot a command\nEOF\na <<-'X' b\n\tno\n\tX\nc",
                &["cat", "a b", "c"],
            ),
            ("( a; b ) | { c; }", &["a", "b", "c"]),
            ("a # b\n# c\nd#e", &["a", "d#e"]),
            ("[[ $a == b && -n $c ]] && d", &["d"]),
            ("[[ $a =~ ^[[:space:]]+x$ ]] && d", &["d"]),
            (
                "a+=(\"$b\")\nwhile read -r x; do\n  c \"$x\"\ndone < <(d 2>/dev/null || true)\ne",
                &["a=", "read -r x", "c <x>", "e"],
            ),
            (
                "A=$([ \"$(uname)\" = Darwin ] && echo 2 || echo 1) b",
                &["A=<?> b"],
            ),
            (
                "a $(b | c \")\" ) `d` ${e:-f} ${g%%h}",
                &["a <?> <?> <e> <g>"],
            ),
            ("a \\\n  b\\\n  c", &["a b c"]),
            ("a 2>&1 >/dev/null 2> x <y &>z b", &["a b"]),
            ("x=(a b)\nc", &["x=", "c"]),
            ("a ${{ matrix.x }} b", &["a <?> b"]),
            ("diff <(a) >(b)", &["diff"]),
            ("if a; then b", &["UNREAD"]),
            ("fi; a", &["fi", "a"]),
            ("a 'no end\nb", &["UNREAD", "b"]),
            ("((i++)); a", &["a"]),
            (
                "sudo -E env \"PATH=$PATH\" bash x",
                &["sudo -E env PATH=<PATH> bash x"],
            ),
            ("a || { b; exit 1; }", &["a", "b", "exit 1"]),
            ("a\r\nb\r\n", &["a", "b"]),
        ];
        for (text, expected) in table {
            assert_eq!(&words(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_nested_too_deeply_is_not_read_and_harms_nobody() {
        for open in ["(", "{ ", "if ", "$(", "${a:-", "case x in x) "] {
            let _ = read(&open.repeat(20_000));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]
        #[test]
        fn no_text_makes_it_panic(text in "(if |then |fi|do |done|case |esac|in |for |[a-c=;&|(){}<>$'\"`\\\\# \n]|<<|\\$\\{|\\PC){0,40}") {
            let _ = read(&text);
        }
    }
}
