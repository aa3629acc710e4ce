//! From the text of a script to its commands. Never fails: what it cannot read becomes `Unread` up to the end of the line.

mod command;
mod simple;
mod word;

use super::{Command, Item, Join, List, Part, Pipeline};

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
}

fn text_of(part: &Part) -> Option<&str> {
    match part {
        Part::Text(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::read;
    use crate::check::shell::{Command, Part, Simple, Word};
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
        let word = |word: &Word| -> String {
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
