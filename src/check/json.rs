//! JSON into a tree with lines, with the comments and last commas that editors allow in theirs. A reader of its own, since the
//! library for JSON tells no lines; bounded in depth.

use super::node::{Lines, Node, Value};

/// The deepest nesting that is read.
const DEEPEST: usize = 64;

/// What the text says. The error has a line, counted from 1.
pub(super) fn read(text: &str) -> Result<Node, (usize, String)> {
    let mut reader = Reader {
        rest: text,
        line: 1,
    };
    let node = reader.value(0)?;
    reader.blank();
    match reader.rest.is_empty() {
        true => Ok(node),
        false => reader.fails("there is something after its end"),
    }
}

struct Reader<'t> {
    rest: &'t str,
    line: usize,
}

type Read<T> = Result<T, (usize, String)>;

impl<'t> Reader<'t> {
    fn fails<T>(&self, what: &str) -> Read<T> {
        Err((self.line, what.to_owned()))
    }

    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.rest.split_at(length);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn blank(&mut self) {
        loop {
            let blank = self
                .rest
                .trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
            self.take(self.rest.len() - blank.len());
            let length = match self.rest {
                rest if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
                rest if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
                _ => return,
            };
            self.take(length);
        }
    }

    fn value(&mut self, depth: usize) -> Read<Node> {
        self.blank();
        let line = self.line;
        if depth > DEEPEST {
            return self.fails("it is nested too deeply");
        }
        let value = match self.rest.as_bytes().first() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?, Lines::Here),
            Some(_) => {
                let end = self.rest.find([',', '}', ']', ' ', '\t', '\r', '\n', '/']);
                let word = self.take(end.unwrap_or(self.rest.len()));
                if word.is_empty() || word.contains([':', '{', '[', '"']) {
                    return self.fails("there is no value where one belongs");
                }
                Value::Text(word.to_owned(), Lines::Here)
            }
            None => return self.fails("it ends in the middle"),
        };
        Ok(Node { value, line })
    }

    fn list(&mut self, depth: usize) -> Read<Value> {
        self.take(1);
        let mut items = Vec::new();
        loop {
            self.blank();
            if self.rest.starts_with(']') {
                self.take(1);
                return Ok(Value::List(items));
            }
            items.push(self.value(depth + 1)?);
            self.comma(']')?;
        }
    }

    fn map(&mut self, depth: usize) -> Read<Value> {
        self.take(1);
        let mut entries = Vec::new();
        loop {
            self.blank();
            if self.rest.starts_with('}') {
                self.take(1);
                return Ok(Value::Map(entries));
            }
            if !self.rest.starts_with('"') {
                return self.fails("there is no name where one belongs");
            }
            let name = self.string()?;
            self.blank();
            if !self.rest.starts_with(':') {
                return self.fails("there is no `:` after a name");
            }
            self.take(1);
            entries.push((name, self.value(depth + 1)?));
            self.comma('}')?;
        }
    }

    fn comma(&mut self, end: char) -> Read<()> {
        self.blank();
        if self.rest.starts_with(',') {
            self.take(1);
            return Ok(());
        }
        match self.rest.starts_with(end) {
            true => Ok(()),
            false => self.fails(&format!(
                "there is neither `,` nor `{end}` where one belongs"
            )),
        }
    }

    fn string(&mut self) -> Read<String> {
        let mut characters = self.rest.char_indices().skip(1);
        while let Some((at, character)) = characters.next() {
            match character {
                '\\' => drop(characters.next()),
                '"' => {
                    let written = &self.rest[..=at];
                    let Ok(text) = serde_json::from_str(written) else {
                        return self.fails("there is a string that is none");
                    };
                    self.take(at + 1);
                    return Ok(text);
                }
                '\n' => break,
                _ => {}
            }
        }
        self.fails("there is a string without an end")
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use proptest::prelude::*;

    #[test]
    fn every_value_knows_its_line_and_comments_are_passed_over() {
        let node =
            read("// x\n{\n  \"a\": {\"b\": [1, true,],},\n  /* y\n  */ \"c\\n\": \"d\"\n}\n")
                .unwrap();
        assert_eq!(node.get("a").unwrap().get("b").unwrap().line, 3);
        assert_eq!(
            node.get("a").unwrap().get("b").unwrap().items()[1].text(),
            Some("true")
        );
        assert_eq!(node.get("c\n").unwrap().line, 5);
        assert_eq!(read("{\"a\": \n 1 2}").unwrap_err().0, 2);
        assert!(read(&"[".repeat(100_000)).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]
        #[test]
        fn no_text_makes_it_panic(text in "([a-z:,/*\\[\\]{}\"\\\\ \n]|\\PC){0,80}") {
            let _ = read(&text);
        }
    }
}
