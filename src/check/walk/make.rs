//! Makefiles: targets with their lines, and `make TARGET`.
//!
//! Each line is a shell of its own. Read are variables that are assigned a text, `export`, dependencies, and `ifdef`/`ifeq` in so far as
//! they ask for CI. Not read are `include`, patterns, functions such as `$(shell …)`, and `.ONESHELL`.

use super::{Walker, Way};
use crate::check::piece::{Piece, Spot};
use crate::check::state::{State, Value, mentions_ci};
use crate::check::tree::joined;
use std::collections::BTreeMap;
use std::rc::Rc;

/// The names that a Makefile can have, the one first that make takes first.
pub(in crate::check) const MAKEFILES: [&str; 3] = ["GNUmakefile", "makefile", "Makefile"];

/// How deep variables may hold variables.
const DEEPEST: usize = 8;

/// A Makefile.
#[derive(Debug, Default)]
pub(in crate::check) struct Makefile {
    file: Rc<str>,
    /// In the order of the file.
    pub(in crate::check) targets: Vec<Target>,
    pub(in crate::check) variables: Vec<Variable>,
}

/// A variable that is assigned.
#[derive(Clone, Debug)]
pub(in crate::check) struct Variable {
    pub(in crate::check) name: String,
    value: String,
    line: usize,
    pub(in crate::check) exported: bool,
    /// Whether that happens only where this is CI.
    ci: bool,
}

/// A target.
#[derive(Debug)]
pub(in crate::check) struct Target {
    pub(in crate::check) name: String,
    before: Vec<String>,
    /// Each with its number.
    lines: Vec<(usize, String)>,
    /// Variables of its own.
    own: Vec<Variable>,
}

impl Variable {
    pub(in crate::check) fn line(&self) -> usize {
        self.line
    }

    /// Its value as it stands.
    pub(in crate::check) fn plain(&self) -> Value {
        match (self.ci, self.value.contains('$')) {
            (true, _) => Value::FromCi,
            (false, true) => Value::Unknown,
            (false, false) => Value::Text(self.value.clone()),
        }
    }
}

impl Makefile {
    pub(in crate::check) fn read(file: &str, text: &str) -> Makefile {
        let mut read = Makefile {
            file: file.into(),
            ..Makefile::default()
        };
        // For each `if` that is open, whether it asks for CI.
        let mut conditions: Vec<bool> = Vec::new();
        let mut open: Vec<usize> = Vec::new();
        let mut lines = text.lines().enumerate();
        while let Some((at, line)) = lines.next() {
            let number = at + 1;
            let mut whole = line.to_owned();
            while whole.ends_with('\\') {
                let Some((_, more)) = lines.next() else { break };
                whole.push('\n');
                whole.push_str(more);
            }
            if let Some(command) = whole.strip_prefix('\t') {
                for target in &open {
                    let line = (number, command.to_owned());
                    read.targets[*target].lines.push(line);
                }
                continue;
            }
            let line = whole.replace("\\\n", " ");
            let line = line.split('#').next().unwrap_or_default().trim();
            let first = line.split_whitespace().next().unwrap_or_default();
            match first {
                "" => {}
                "ifdef" | "ifndef" | "ifeq" | "ifneq" => conditions.push(mentions_ci(line)),
                "else" => {}
                "endif" => drop(conditions.pop()),
                _ => {
                    let ci = conditions.contains(&true);
                    if let Some(variable) = variable(line, number, ci) {
                        read.variables.push(variable);
                        continue;
                    }
                    if let Some(names) = line.strip_prefix("export ") {
                        for name in names.split_whitespace() {
                            let mut own = read.variables.iter_mut();
                            if let Some(own) = own.rfind(|own| own.name == name) {
                                own.exported = true;
                            }
                        }
                        continue;
                    }
                    if let Some((names, rest)) = line.split_once(':') {
                        let rest = rest.trim_start_matches(':');
                        if let Some(own) = variable(rest.trim(), number, ci) {
                            for name in names.split_whitespace() {
                                let at = read.target(name);
                                read.targets[at].own.push(own.clone());
                            }
                            continue;
                        }
                        let (before, inline) = match rest.split_once(';') {
                            Some((before, command)) => (before, Some(command)),
                            None => (rest, None),
                        };
                        open = names
                            .split_whitespace()
                            .map(|name| read.target(name))
                            .collect();
                        for at in &open {
                            let before = before.split_whitespace().filter(|it| *it != "|");
                            read.targets[*at].before.extend(before.map(str::to_owned));
                            if let Some(command) = inline {
                                read.targets[*at].lines.push((number, command.to_owned()));
                            }
                        }
                    }
                }
            }
        }
        read
    }

    /// The place of a target, which is made if there is none of that name.
    fn target(&mut self, name: &str) -> usize {
        let known = self.targets.iter().position(|target| target.name == name);
        known.unwrap_or_else(|| {
            self.targets.push(Target {
                name: name.to_owned(),
                before: Vec::new(),
                lines: Vec::new(),
                own: Vec::new(),
            });
            self.targets.len() - 1
        })
    }

    /// The target that `make` alone makes.
    pub(in crate::check) fn first(&self) -> Option<&Target> {
        self.targets
            .iter()
            .find(|target| !target.name.starts_with('.'))
    }
}

/// `NAME = VALUE`, `export NAME := VALUE` and their like.
fn variable(line: &str, number: usize, ci: bool) -> Option<Variable> {
    let (exported, line) = match line.strip_prefix("export ") {
        Some(rest) => (true, rest),
        None => (false, line.strip_prefix("override ").unwrap_or(line)),
    };
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end_matches([':', '?', '+', '!']).trim();
    let good = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    good.then(|| Variable {
        name: name.to_owned(),
        value: value.trim().to_owned(),
        line: number,
        exported,
        ci,
    })
}

/// A line with its `$(NAME)` resolved; `$$` is one for the shell. What cannot be is left as an expression that is opaque there.
fn resolved(line: &str, scope: &BTreeMap<String, String>, depth: usize) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('$') {
        text.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            text.push('$');
            rest = after;
            continue;
        }
        let close = match rest.chars().next() {
            Some('(') => ')',
            Some('{') => '}',
            Some(single) => {
                text.push_str("${{make}}");
                rest = &rest[single.len_utf8()..];
                continue;
            }
            None => break,
        };
        let Some((name, after)) = rest[1..].split_once(close) else {
            break;
        };
        match scope.get(name.trim()) {
            Some(value) if depth < DEEPEST => text.push_str(&resolved(value, scope, depth + 1)),
            _ if name.trim() == "MAKE" => text.push_str("make"),
            _ => text.push_str(&format!("${{{{{name}}}}}")),
        }
        rest = after;
    }
    text + rest
}

impl Walker<'_> {
    /// `make` with these arguments.
    pub(super) fn make(&mut self, arguments: &[Value], state: &State, way: &Way, spot: &Spot) {
        let mut inside = state.directory.clone();
        let (mut named, mut ignores) = (None, false);
        let mut targets: Vec<String> = Vec::new();
        let mut given: Vec<(String, String)> = Vec::new();
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let Some(word) = word.text() else {
                return self.unclear(
                    state,
                    way,
                    spot.clone(),
                    "which target is made is not understood",
                );
            };
            match word {
                "-C" | "--directory" => {
                    let to = words.next().and_then(Value::text);
                    inside = inside
                        .as_deref()
                        .zip(to)
                        .and_then(|(from, to)| joined(from, to));
                }
                "-f" | "--file" | "--makefile" => named = words.next().and_then(Value::text),
                "-i" | "--ignore-errors" => ignores = true,
                option if option.starts_with('-') => {}
                word => match word.split_once('=') {
                    Some((name, value)) => given.push((name.to_owned(), value.to_owned())),
                    None => targets.push(word.to_owned()),
                },
            }
        }
        let Some(inside) = inside else {
            return self.unclear(
                state,
                way,
                spot.clone(),
                "in which directory it makes something is not understood",
            );
        };
        let names = named.map_or(MAKEFILES.to_vec(), |name| vec![name]);
        let found = names.iter().find_map(|name| {
            let path = joined(&inside, name)?;
            self.text(&path).map(|text| Makefile::read(&path, &text))
        });
        let Some(makefile) = found else {
            return self.unclear(
                state,
                way,
                spot.clone(),
                "there is no Makefile in the repository for it",
            );
        };
        if targets.is_empty() {
            targets.extend(makefile.first().map(|target| target.name.clone()));
        }
        let way = match ignores {
            true => way.losing(spot.clone(), "`make -i` passes over every failure"),
            false => way.clone(),
        };
        for name in targets {
            match makefile.targets.iter().any(|target| target.name == name) {
                true => self.target(&makefile, &name, &given, &inside, state, &way),
                false => self.unclear(
                    state,
                    &way,
                    spot.clone(),
                    "the target that is made is not in the Makefile",
                ),
            }
        }
    }

    /// One target, after those that it needs.
    pub(in crate::check) fn target(
        &mut self,
        makefile: &Makefile,
        name: &str,
        given: &[(String, String)],
        inside: &str,
        state: &State,
        way: &Way,
    ) {
        let Some(target) = makefile.targets.iter().find(|target| target.name == name) else {
            return;
        };
        let mut own = state.of_program(Vec::new());
        own.directory = Some(inside.to_owned());
        let mut scope: BTreeMap<String, String> = BTreeMap::new();
        // What comes from the environment is a variable too, unless the Makefile assigns it.
        for (name, variable) in &own.variables {
            if let Value::Text(text) = &variable.value {
                scope.insert(name.clone(), text.clone());
            }
        }
        let assigned = makefile.variables.iter().chain(&target.own);
        for variable in assigned.clone() {
            scope.insert(variable.name.clone(), variable.value.clone());
        }
        scope.extend(given.iter().cloned());
        for variable in assigned.filter(|it| it.exported || state.variables.contains_key(&it.name))
        {
            let text = resolved(&variable.value, &scope, 0);
            let value = match (variable.ci, text.contains('$')) {
                (true, _) => Value::FromCi,
                (false, true) => Value::of_opaque(&text),
                (false, false) => Value::Text(text),
            };
            let spot = Spot::new(&makefile.file, variable.line, &variable.name);
            self.assigned(&variable.name, &value, way, &spot);
            own.set(&variable.name, value, true);
        }
        for (name, value) in given {
            own.set(name, Value::Text(value.clone()), true);
        }
        self.call(format!("{}: {name}", makefile.file), way, |walker, way| {
            let way = way.in_program();
            for name in &target.before {
                walker.target(
                    makefile,
                    &resolved(name, &scope, 0),
                    given,
                    inside,
                    state,
                    &way,
                );
            }
            for (number, line) in &target.lines {
                let text = line.trim_start();
                let command = text.trim_start_matches(['@', '-', '+']);
                let marks = &text[..text.len() - command.len()];
                let spot = Spot::new(&makefile.file, *number, text);
                let way = match marks.contains('-') {
                    true => way.losing(
                        spot,
                        "make passes over the failure of a line that begins with `-`",
                    ),
                    false => way.clone(),
                };
                let command = resolved(command, &scope, 0);
                let piece = Piece::new(&makefile.file, command, *number);
                walker.script(&piece, &mut own.clone(), &way);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::{Makefile, resolved};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn targets_have_dependencies_lines_and_variables() {
        let text = ".PHONY: all\nA ?= 1\nexport B := $(A)\nall: lint test # c\ntest: export X = 1\ntest: build\n\t@-cargo \\\n\t  test\nifdef CI\nexport C = 1\nendif\n";
        let read = Makefile::read("Makefile", text);
        assert_eq!(read.first().unwrap().name, "all");
        let test = read.targets.iter().find(|it| it.name == "test").unwrap();
        assert_eq!(test.before, ["build"]);
        assert_eq!(test.lines, [(7, "@-cargo \\\n\t  test".to_owned())]);
        assert!(test.own[0].exported && read.variables[2].ci && !read.variables[1].ci);
        let scope: BTreeMap<_, _> = [("A".to_owned(), "$(A)x".to_owned())].into();
        assert_eq!(
            resolved("$$HOME $(B) $@ $(MAKE)", &scope, 0),
            "$HOME ${{B}} ${{make}} make"
        );
        assert!(resolved("$(A)", &scope, 0).len() < 200);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]
        #[test]
        fn no_text_makes_it_panic(text in "([a-c:=(){}$;@&# \t\n-]|\\PC){0,60}") {
            let read = Makefile::read("Makefile", &text);
            for target in &read.targets {
                for (_, line) in &target.lines {
                    let _ = resolved(line, &BTreeMap::new(), 0);
                }
            }
        }
    }
}
