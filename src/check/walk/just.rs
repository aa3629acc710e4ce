//! justfiles: recipes with their lines, and `just RECIPE`.
//!
//! A recipe with `[metadata("ci")]` is where a runner of CI starts that reads justfiles. Each line of a recipe is a shell of its own, which stops the recipe when it fails; a recipe that begins with `#!` is one script.
//! Read are parameters, dependencies, aliases, imports, modules, texts assigned to names, `export`, and `set export`. Every other
//! expression in `{{…}}` is opaque.

use super::simple::shebang_has;
use super::{Walker, Way};
use crate::check::piece::{Piece, Spot};
use crate::check::state::{State, Value, mentions_ci};
use crate::check::tree::{directory, joined, upwards};
use std::collections::BTreeMap;
use std::rc::Rc;

/// The names that a justfile can have.
pub(in crate::check) const JUSTFILES: [&str; 4] = ["justfile", "Justfile", ".justfile", "JUSTFILE"];

/// A justfile.
#[derive(Debug, Default)]
pub(in crate::check) struct Justfile {
    file: Rc<str>,
    /// In the order of the file.
    pub(in crate::check) recipes: Vec<Recipe>,
    aliases: BTreeMap<String, String>,
    /// What is assigned, with its line and whether programs get it.
    pub(in crate::check) variables: Vec<(String, Value, usize, bool)>,
    imports: Vec<String>,
    /// Where its recipes run, from its own directory.
    directory: String,
    pub(in crate::check) modules: Vec<(String, Option<String>)>,
}

/// A recipe.
#[derive(Debug)]
pub(in crate::check) struct Recipe {
    pub(in crate::check) name: String,
    pub(in crate::check) line: usize,
    /// Whether `[metadata("ci")]` says that a runner of CI starts from it.
    pub(in crate::check) of_ci: bool,
    parameters: Vec<Parameter>,
    /// Each with its arguments.
    before: Vec<Vec<String>>,
    after: Vec<Vec<String>>,
    /// Each with its number.
    lines: Vec<(usize, String)>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    default: Option<Value>,
    exported: bool,
    many: bool,
}

impl Justfile {
    pub(in crate::check) fn read(file: &str, text: &str) -> Justfile {
        let mut read = Justfile {
            file: file.into(),
            ..Justfile::default()
        };
        let (mut exports_all, mut of_ci) = (false, false);
        for (at, line) in text.lines().enumerate() {
            let number = at + 1;
            let inside = line.starts_with([' ', '\t']);
            if inside {
                if let Some(recipe) = read.recipes.last_mut() {
                    recipe.lines.push((number, line.to_owned()));
                }
                continue;
            }
            let line = line.trim_end();
            if line.is_empty() {
                if let Some(recipe) = read.recipes.last_mut() {
                    recipe.lines.push((number, String::new()));
                }
                continue;
            }
            if line.starts_with('#') {
                continue;
            }
            if line.starts_with('[') {
                of_ci |= line.contains("metadata") && line.contains(['"', '\'']) && {
                    let mut words = line.split(['"', '\'']);
                    words.any(|word| word == "ci")
                };
                continue;
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["set", "working-directory", ":=", path] => {
                    read.directory = path.trim_matches(['\'', '"']).to_owned();
                }
                ["set", "export", ..] => exports_all = !line.ends_with("false"),
                ["set", ..] if !line.contains(':') || line.contains(":=") => {}
                ["alias", name, ":=", target, ..] => {
                    read.aliases
                        .insert((*name).to_owned(), (*target).to_owned());
                }
                ["import" | "import?", path, ..] => {
                    read.imports.push(path.trim_matches(['\'', '"']).to_owned());
                }
                ["mod" | "mod?", name, path @ ..] => {
                    let path = path
                        .first()
                        .map(|it| it.trim_matches(['\'', '"']).to_owned());
                    read.modules.push(((*name).to_owned(), path));
                }
                _ => {
                    if let Some((name, value)) = line.split_once(":=") {
                        let exported = name.trim_start().starts_with("export ");
                        let name = name.trim().trim_start_matches("export ").trim();
                        if !name.contains(' ') {
                            let value = expression(value, &read.scope());
                            let exported = exported || exports_all;
                            read.variables
                                .push((name.to_owned(), value, number, exported));
                            continue;
                        }
                    }
                    if let Some(mut recipe) = Recipe::of_header(line, number) {
                        recipe.of_ci = std::mem::take(&mut of_ci);
                        read.recipes.push(recipe);
                    }
                }
            }
        }
        read
    }

    pub(in crate::check) fn file(&self) -> &Rc<str> {
        &self.file
    }

    fn scope(&self) -> BTreeMap<String, Value> {
        let variables = self.variables.iter();
        variables
            .map(|(name, value, ..)| (name.clone(), value.clone()))
            .collect()
    }

    fn recipe(&self, name: &str) -> Option<&Recipe> {
        let name = self.aliases.get(name).map_or(name, String::as_str);
        self.recipes.iter().find(|recipe| recipe.name == name)
    }
}

impl Recipe {
    /// `@NAME PARAMETERS: BEFORE && AFTER`
    fn of_header(line: &str, number: usize) -> Option<Recipe> {
        let colon = colon(line)?;
        let (head, rest) = (&line[..colon], &line[colon + 1..]);
        let mut words = shell_words::split(head).ok()?.into_iter();
        let name = words.next()?.trim_start_matches('@').to_owned();
        let parameters = words.map(|word| {
            let (name, default) = match word.split_once('=') {
                Some((name, default)) => (name.to_owned(), Some(Value::Text(default.to_owned()))),
                None => (word, None),
            };
            let many = name.starts_with(['+', '*']);
            let optional = name.starts_with('*');
            let name = name.trim_start_matches(['+', '*']).to_owned();
            let exported = name.starts_with('$');
            Parameter {
                name: name.trim_start_matches('$').to_owned(),
                default: default.or(optional.then(|| Value::Text(String::new()))),
                exported,
                many,
            }
        });
        let rest = rest.split(" #").next().unwrap_or_default();
        let (before, after) = rest.split_once("&&").unwrap_or((rest, ""));
        Some(Recipe {
            name,
            line: number,
            of_ci: false,
            parameters: parameters.collect(),
            before: dependencies(before),
            after: dependencies(after),
            lines: Vec::new(),
        })
    }

    /// How many words it needs.
    fn needs(&self) -> usize {
        let needed = self.parameters.iter().filter(|it| it.default.is_none());
        needed.count()
    }
}

/// The colon that ends a recipe's head: not one in quotes, and none of `:=`.
fn colon(line: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (None, '\'' | '"' | '`') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, ':') => return (!line[at + 1..].starts_with('=')).then_some(at),
            _ => {}
        }
    }
    None
}

/// `a (b 'x') c`
fn dependencies(text: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (one, more) = match rest.strip_prefix('(') {
            Some(inside) => inside.split_once(')').unwrap_or((inside, "")),
            None => rest.split_once(char::is_whitespace).unwrap_or((rest, "")),
        };
        found.extend(
            shell_words::split(one)
                .ok()
                .filter(|words| !words.is_empty()),
        );
        rest = more.trim_start();
    }
    found
}

/// How deep expressions may be within each other.
const DEEPEST: usize = 16;

/// A text between quotes, a name, what these come to with `+`, or what an `if` comes to outside of whatever it asks for.
fn expression(text: &str, scope: &BTreeMap<String, Value>) -> Value {
    inner_expression(text, scope, 0)
}

fn inner_expression(text: &str, scope: &BTreeMap<String, Value>, depth: usize) -> Value {
    let text = text.trim();
    if depth > DEEPEST || mentions_ci(text) {
        return Value::of_opaque(text);
    }
    let inner = |text: &str| inner_expression(text, scope, depth + 1);
    if let Some((_, otherwise)) = text
        .strip_prefix("if ")
        .and_then(|it| it.rsplit_once("else"))
    {
        // `if … { A } else { B }`: the condition asks for what is already there, and a fresh machine of CI has nothing.
        let body = otherwise
            .trim()
            .strip_prefix('{')
            .and_then(|it| it.strip_suffix('}'));
        return body.map_or(Value::Unknown, inner);
    }
    if let Some((left, right)) = halves(text) {
        return match (inner(left), inner(right)) {
            (Value::Text(left), Value::Text(right)) => Value::Text(left + &right),
            (Value::FromCi, _) | (_, Value::FromCi) => Value::FromCi,
            _ => Value::Unknown,
        };
    }
    if [
        "justfile_directory()",
        "justfile_dir()",
        "invocation_directory()",
    ]
    .contains(&text)
    {
        return Value::Text(".".to_owned());
    }
    for quote in ['\'', '"'] {
        let inside = text
            .strip_prefix(quote)
            .and_then(|text| text.strip_suffix(quote));
        if let Some(inside) = inside.filter(|inside| !inside.contains(quote)) {
            return Value::Text(inside.to_owned());
        }
    }
    match scope.get(text) {
        Some(value) => value.clone(),
        None => Value::of_opaque(text),
    }
}

/// What is on both sides of the first `+` that is not in quotes.
fn halves(text: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (None, '\'' | '"' | '`') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None, '+') => return Some((&text[..at], &text[at + 1..])),
            _ => {}
        }
    }
    None
}

/// A line with its `{{…}}` resolved; what cannot be is left as an expression that the shell's reader takes for opaque.
fn resolved(line: &str, scope: &BTreeMap<String, Value>) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        if let Some(after) = after.strip_prefix("{{") {
            text.push_str("{{");
            rest = after;
            continue;
        }
        let Some((inside, after)) = after.split_once("}}") else {
            rest = after;
            break;
        };
        match expression(inside, scope) {
            Value::Text(value) => text.push_str(&value),
            _ => text.push_str(&format!("${{{{{inside}}}}}")),
        }
        rest = after;
    }
    text + rest
}

impl Walker<'_> {
    /// The justfile that `just` finds from this directory.
    fn justfile(&mut self, from: &str) -> Option<Justfile> {
        for above in upwards(from) {
            for name in JUSTFILES {
                let path = joined(above, name)?;
                if let Some(text) = self.text(&path) {
                    return Some(Justfile::read(&path, &text));
                }
            }
        }
        None
    }

    /// `just` with these arguments.
    pub(super) fn just(&mut self, arguments: &[Value], state: &State, way: &Way, spot: &Spot) {
        let mut from = state.directory.clone();
        let mut named = None;
        let mut given = BTreeMap::new();
        let mut words = arguments.iter().peekable();
        let mut asked: Vec<Value> = Vec::new();
        while let Some(word) = words.next() {
            match word.text() {
                Some("-f" | "--justfile") => named = words.next().and_then(Value::text),
                Some("-d" | "--working-directory") => {
                    words.next();
                }
                Some("--set") => {
                    if let (Some(name), Some(value)) = (words.next(), words.next()) {
                        given.insert(name.text().unwrap_or_default().to_owned(), value.clone());
                    }
                }
                Some("--list" | "-l" | "--summary" | "--dump" | "--evaluate" | "--fmt") => return,
                Some("--dotenv-path" | "--shell" | "--color" | "--dotenv-filename") => {
                    words.next();
                }
                Some(option) if option.starts_with('-') && asked.is_empty() => {}
                Some(text) if asked.is_empty() && text.contains('=') => {
                    let (name, value) = text.split_once('=').unwrap_or_default();
                    given.insert(name.to_owned(), Value::Text(value.to_owned()));
                }
                _ => asked.push(word.clone()),
            }
        }
        let justfile = match (named, from.as_deref()) {
            (Some(path), Some(inside)) => {
                let path = joined(inside, path);
                let text = path.as_deref().and_then(|path| self.text(path));
                path.zip(text)
                    .map(|(path, text)| Justfile::read(&path, &text))
            }
            (_, Some(inside)) => self.justfile(inside),
            (_, None) => self.justfile(""),
        };
        let Some(justfile) = justfile else {
            return self.unclear(
                state,
                way,
                spot.clone(),
                "there is no justfile in the repository for it",
            );
        };
        // `just dir/recipe` is the recipe of the justfile there.
        if let Some(Value::Text(first)) = asked.first().cloned()
            && let Some((inside, name)) = first.rsplit_once('/')
        {
            from = from.as_deref().and_then(|from| joined(from, inside));
            let own = State {
                directory: from,
                ..state.clone()
            };
            let mut arguments = vec![Value::Text(name.to_owned())];
            arguments.extend_from_slice(&asked[1..]);
            return self.call(format!("just in {inside}"), way, |walker, way| {
                walker.just(&arguments, &own, way, spot);
            });
        }
        if asked.is_empty() {
            let Some(first) = justfile.recipes.first() else {
                return;
            };
            asked.push(Value::Text(first.name.clone()));
        }
        self.recipes(&justfile, &asked, &given, state, way, spot);
    }

    /// Recipes one after the other, each with the arguments that it needs.
    fn recipes(
        &mut self,
        justfile: &Justfile,
        asked: &[Value],
        given: &BTreeMap<String, Value>,
        state: &State,
        way: &Way,
        spot: &Spot,
    ) {
        let mut words = asked;
        while let Some((name, rest)) = words.split_first() {
            let Value::Text(name) = name else {
                return self.unclear(
                    state,
                    way,
                    spot.clone(),
                    "which recipe runs is not understood",
                );
            };
            if let Some((module, rest)) = self.module(justfile, name, rest) {
                return self.recipes(&module, &rest, given, state, way, spot);
            }
            let Some(recipe) = justfile.recipe(name) else {
                for path in &justfile.imports {
                    let path = joined(directory(&justfile.file), path);
                    let text = path.as_deref().and_then(|path| self.text(path));
                    if let Some((path, text)) = path.zip(text) {
                        let imported = Justfile::read(&path, &text);
                        if imported.recipe(name).is_some() {
                            return self.recipes(&imported, words, given, state, way, spot);
                        }
                    }
                }
                return self.unclear(
                    state,
                    way,
                    spot.clone(),
                    "the recipe that runs is not in the justfile",
                );
            };
            let many = recipe.parameters.last().is_some_and(|it| it.many);
            let most = match many {
                true => rest.len(),
                false => recipe.parameters.len().min(rest.len()),
            };
            let (own, more) = rest.split_at(most.max(recipe.needs().min(rest.len())));
            self.recipe(justfile, recipe, own, given, state, way);
            words = more;
        }
    }

    /// The modules of a justfile.
    pub(in crate::check) fn modules(&mut self, justfile: &Justfile) -> Vec<Justfile> {
        let names: Vec<String> = justfile
            .modules
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let all = names
            .iter()
            .filter_map(|name| Some(self.module(justfile, name, &[])?.0));
        all.collect()
    }

    /// `MODULE::RECIPE` or `MODULE RECIPE`.
    fn module(
        &mut self,
        justfile: &Justfile,
        name: &str,
        rest: &[Value],
    ) -> Option<(Justfile, Vec<Value>)> {
        let (own, inside) = name
            .split_once("::")
            .map_or((name, None), |(own, inside)| (own, Some(inside)));
        let (_, path) = justfile.modules.iter().find(|(name, _)| name == own)?;
        let here = directory(&justfile.file);
        let paths = match path {
            Some(path) => vec![path.clone()],
            None => vec![
                format!("{own}.just"),
                format!("{own}/mod.just"),
                format!("{own}/justfile"),
                format!("{own}/.justfile"),
            ],
        };
        for path in paths {
            let path = joined(here, &path)?;
            if let Some(text) = self.text(&path) {
                let mut words: Vec<Value> = inside
                    .iter()
                    .map(|it| Value::Text((*it).to_owned()))
                    .collect();
                words.extend_from_slice(rest);
                return Some((Justfile::read(&path, &text), words));
            }
        }
        None
    }

    /// One recipe, with what it depends on.
    pub(in crate::check) fn recipe(
        &mut self,
        justfile: &Justfile,
        recipe: &Recipe,
        arguments: &[Value],
        given: &BTreeMap<String, Value>,
        state: &State,
        way: &Way,
    ) {
        let mut scope = justfile.scope();
        scope.extend(given.clone());
        let mut state = state.of_program(Vec::new());
        state.directory = joined(directory(&justfile.file), &justfile.directory);
        for (name, value, line, exported) in &justfile.variables {
            let value = given.get(name).unwrap_or(value);
            if *exported {
                let spot = Spot::new(&justfile.file, *line, name);
                self.assigned(name, value, way, &spot);
                state.set(name, value.clone(), true);
            }
        }
        for (at, parameter) in recipe.parameters.iter().enumerate() {
            let value = match parameter.many {
                true if arguments.len() > at => {
                    let all: Option<Vec<&str>> = arguments[at..].iter().map(Value::text).collect();
                    all.map_or(Value::Unknown, |all| Value::Text(all.join(" ")))
                }
                _ => arguments
                    .get(at)
                    .cloned()
                    .or_else(|| parameter.default.clone())
                    .unwrap_or(Value::Unknown),
            };
            if parameter.exported {
                state.set(&parameter.name, value.clone(), true);
            }
            scope.insert(parameter.name.clone(), value);
        }
        let shown: Vec<&str> = arguments.iter().filter_map(Value::text).collect();
        let name = format!("{}: {} {shown:?}", justfile.file, recipe.name);
        self.call(name, way, |walker, way| {
            let way = way.in_program();
            let spot = Spot::new(&justfile.file, recipe.line, "");
            let depends = |walker: &mut Self, all: &[Vec<String>]| {
                for words in all {
                    let name = std::iter::once(Value::Text(words[0].clone()));
                    let resolved = words[1..].iter().map(|word| match scope.get(word) {
                        Some(value) => value.clone(),
                        None => Value::Text(word.clone()),
                    });
                    let words: Vec<Value> = name.chain(resolved).collect();
                    walker.recipes(justfile, &words, given, &state, &way, &spot);
                }
            };
            depends(walker, &recipe.before);
            walker.lines(justfile, recipe, &scope, &state, &way);
            depends(walker, &recipe.after);
        });
    }

    fn lines(
        &mut self,
        justfile: &Justfile,
        recipe: &Recipe,
        scope: &BTreeMap<String, Value>,
        state: &State,
        way: &Way,
    ) {
        let Some((first_number, first)) = recipe.lines.first() else {
            return;
        };
        let first = first.trim_start();
        if first.starts_with("#!") {
            let text: Vec<String> = recipe
                .lines
                .iter()
                .map(|(_, line)| resolved(line, scope))
                .collect();
            let piece = Piece::new(&justfile.file, text.join("\n"), *first_number);
            let mut own = state.clone();
            own.stops_at_failure = shebang_has(first, 'e');
            let shells = ["sh", "bash", "dash", "zsh", "ksh"];
            match first.split(['/', ' ']).any(|word| shells.contains(&word)) {
                true => self.script(&piece, &mut own, way),
                false => {
                    let spot = Spot::new(&justfile.file, *first_number, first);
                    self.unclear(&own, way, spot, "this recipe is not one of a shell");
                }
            }
            return;
        }
        let mut lines = recipe.lines.iter();
        while let Some((number, line)) = lines.next() {
            let mut whole = line.clone();
            while whole.ends_with('\\') {
                let Some((_, more)) = lines.next() else { break };
                whole.push('\n');
                whole.push_str(more);
            }
            let text = whole.trim_start();
            let command = text.trim_start_matches(['@', '-']);
            let marks = &text[..text.len() - command.len()];
            let command = resolved(command, scope);
            let piece = Piece::new(&justfile.file, command.as_str(), *number);
            let way = match marks.contains('-') {
                true => {
                    let spot = Spot::new(&justfile.file, *number, text);
                    way.losing(
                        spot,
                        "just passes over the failure of a line that begins with `-`",
                    )
                }
                false => way.clone(),
            };
            self.script(&piece, &mut state.clone(), &way);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Justfile, resolved};
    use proptest::prelude::*;

    #[test]
    fn recipes_have_parameters_dependencies_and_lines() {
        let text = "set dotenv-load\nexport A := \"1\"\nb := 'x'\nalias t := test\n\n# c\n[private]\n@test name='y z' *rest: build (lint 'q') && done\n    cargo test {{name}}\n\n    more\nbuild:\n\tmake\n";
        let read = Justfile::read("justfile", text);
        let test = read.recipe("t").unwrap();
        assert_eq!((test.line, test.parameters.len(), test.needs()), (8, 2, 0));
        assert_eq!(test.before, [vec!["build"], vec!["lint", "q"]]);
        assert_eq!(test.after, [vec!["done"]]);
        assert_eq!(test.lines[0], (9, "    cargo test {{name}}".to_owned()));
        assert_eq!(read.recipes[1].lines[0].0, 13);
        assert_eq!(read.variables[0].0, "A");
        assert_eq!(
            resolved("a {{b}} {{ c() }} {{{{d", &read.scope()),
            "a x ${{ c() }} {{d"
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1000) })]
        #[test]
        fn no_text_makes_it_panic(text in "([a-c:=(){}'\"@&* \t\n-]|:=|\\{\\{|\\PC){0,60}") {
            let read = Justfile::read("justfile", &text);
            for recipe in &read.recipes {
                for (_, line) in &recipe.lines {
                    let _ = resolved(line, &read.scope());
                }
            }
        }
    }
}
