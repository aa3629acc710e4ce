//! A simple command: what a builtin changes, which wrapper it goes through, and what it calls in the end.

use super::guarded::{self, What};
use super::wrappers::{Passes, WRAPPERS, Wrapper};
use super::{Hit, OptIn, Starter, Walker, Way};
use crate::check::piece::{Piece, Spot};
use crate::check::shell::Simple;
use crate::check::state::{State, Value};
use crate::check::tree::{directory, joined};
use crate::policy::rule::Rule;
use std::rc::Rc;

/// How many wrappers may be around a command.
const MOST_WRAPPERS: usize = 12;

/// Programs that only say or look for what their arguments are.
const SAYS: [&str; 16] = [
    "echo", "printf", "grep", "rg", "sed", "awk", "test", "[", "cat", "git", "gh", "true", ":",
    "cargo", "install", "cp",
];

/// What stands for an argument that is not known, where a command line is compared with the policy.
const ANYTHING: &str = "\u{fffd}";

impl Walker<'_> {
    pub(super) fn simple(
        &mut self,
        simple: &Simple,
        piece: &Rc<Piece>,
        state: &mut State,
        way: &Way,
    ) {
        let spot = piece.spot(simple.from, simple.to);
        let assigns: Vec<(&str, Value)> = simple
            .assigns
            .iter()
            .map(|assign| (assign.name.as_str(), state.value(&assign.value)))
            .collect();
        for (name, value) in &assigns {
            self.assigned(name, value, way, &spot);
        }
        let words: Vec<Value> = simple.words.iter().flat_map(|it| state.words(it)).collect();
        if words.is_empty() {
            for (name, value) in assigns {
                state.set(name, value, false);
            }
            return;
        }
        self.passes_to_later_steps(simple, &words, way, &spot);
        if self.builtin(&words, piece, state, way, &spot) {
            return;
        }
        if assigns.is_empty() {
            self.runs(&words, state, way, &spot);
        } else {
            let mut own = state.clone();
            for (name, value) in assigns {
                own.set(name, value, true);
            }
            self.runs(&words, &mut own, way, &spot);
        }
    }

    /// `echo NAME=VALUE >> "$GITHUB_ENV"`
    fn passes_to_later_steps(&mut self, simple: &Simple, words: &[Value], way: &Way, spot: &Spot) {
        use crate::check::shell::Part;
        let to_github = simple.outputs.iter().any(|word| {
            let named =
                |part: &Part| matches!(part, Part::Variable(name, ..) if name == "GITHUB_ENV");
            word.parts.iter().any(named)
        });
        if !to_github {
            return;
        }
        for word in &words[1..] {
            let written = match word {
                Value::Text(text) => text.clone(),
                // The name is still to be told where only the value is not.
                _ => {
                    let text = simple
                        .words
                        .iter()
                        .find_map(|word| match word.parts.first() {
                            Some(Part::Text(text)) if text.contains('=') => Some(text.clone()),
                            _ => None,
                        });
                    text.unwrap_or_default()
                }
            };
            for line in written.split("\\n").flat_map(str::lines) {
                if let Some((name, text)) = line.split_once('=') {
                    let value = match word {
                        Value::Text(_) => Value::Text(text.to_owned()),
                        other => other.clone(),
                    };
                    self.assigned(name, &value, way, spot);
                    self.later.push((name.to_owned(), value));
                }
            }
        }
    }

    /// Does what a builtin would do to the shell itself. Answers whether it was one.
    fn builtin(
        &mut self,
        words: &[Value],
        piece: &Rc<Piece>,
        state: &mut State,
        way: &Way,
        spot: &Spot,
    ) -> bool {
        let rest = &words[1..];
        match words[0].text() {
            Some("export") => self.declares(rest, Some(true), state, way, spot),
            Some("declare" | "typeset" | "local" | "readonly") => {
                let exports = rest.iter().any(|word| word.text() == Some("-x"));
                self.declares(rest, exports.then_some(true), state, way, spot);
            }
            Some("unset") => {
                for name in rest.iter().filter_map(Value::text) {
                    state.variables.remove(name);
                }
            }
            Some("read" | "mapfile" | "readarray") => {
                for name in rest.iter().filter_map(Value::text) {
                    if !name.starts_with('-') {
                        state.set(name, Value::Unknown, false);
                    }
                }
            }
            Some("set") => settings(rest, state),
            Some("shift") => {
                let many = rest
                    .first()
                    .and_then(Value::text)
                    .and_then(|it| it.parse().ok());
                let many = many.unwrap_or(1).min(state.arguments.len());
                state.arguments.drain(..many);
            }
            Some("cd" | "pushd") => {
                let to = rest.iter().find(|word| word.text() != Some("--"));
                let to = to.and_then(Value::text).zip(state.directory.as_deref());
                let root = matches!(rest, [Value::Unknown]) && piece.text.contains("dirname");
                state.directory = match to {
                    Some((to, from)) => joined(from, to),
                    // `cd "$(dirname "$0")/.."`: nearly always the way to the root, and a file that is not there is seen.
                    None if root => Some(root_of_script(piece)),
                    None => None,
                };
            }
            Some("source" | ".") => {
                let Some(Value::Text(name)) = rest.first() else {
                    self.unclear(
                        state,
                        way,
                        spot.clone(),
                        "which script is read in is not understood",
                    );
                    return true;
                };
                let path = state
                    .directory
                    .as_deref()
                    .and_then(|from| joined(from, name));
                let text = path.as_deref().and_then(|path| self.text(path));
                if let Some((path, text)) = path.zip(text) {
                    let piece = Piece::new(&path.as_str().into(), text, 1);
                    self.call(path, way, |walker, way| walker.script(&piece, state, way));
                }
            }
            Some("eval") => match rest.iter().map(Value::text).collect::<Option<Vec<_>>>() {
                Some(words) => {
                    let piece = Piece::on_one_line(&spot.file, words.join(" "), spot.line);
                    self.call(format!("eval {words:?}"), way, |walker, way| {
                        walker.script(&piece, state, way);
                    });
                }
                None => self.unclear(
                    state,
                    way,
                    spot.clone(),
                    "what `eval` runs is not understood",
                ),
            },
            Some(name) => {
                let Some((body, piece)) = state.functions.get(name).cloned() else {
                    return false;
                };
                let outer = std::mem::replace(&mut state.arguments, rest.to_vec());
                self.call(format!("{name}()"), way, |walker, way| {
                    walker.list(&body, &piece, state, way);
                });
                state.arguments = outer;
            }
            None => return false,
        }
        true
    }

    fn declares(
        &mut self,
        words: &[Value],
        exported: Option<bool>,
        state: &mut State,
        way: &Way,
        spot: &Spot,
    ) {
        for word in words {
            match word {
                Value::Text(text) if text.starts_with('-') => {}
                Value::Text(text) => match text.split_once('=') {
                    Some((name, value)) => {
                        let value = Value::Text(value.to_owned());
                        self.assigned(name, &value, way, spot);
                        state.set(name, value, exported.unwrap_or(false));
                    }
                    None => {
                        if let Some(variable) = state.variables.get_mut(text.as_str()) {
                            variable.exported |= exported.unwrap_or(false);
                        }
                    }
                },
                unknown => {
                    // Which name it is can be told from the line as it is written.
                    let written = spot.snippet.split_whitespace();
                    let names = written.filter_map(|word| Some(word.split_once('=')?.0));
                    for name in names.map(str::to_owned).collect::<Vec<_>>() {
                        self.assigned(&name, unknown, way, spot);
                        state.set(&name, unknown.clone(), exported.unwrap_or(false));
                    }
                }
            }
        }
    }

    /// Follows a program with its arguments.
    pub(super) fn runs(&mut self, words: &[Value], state: &mut State, way: &Way, spot: &Spot) {
        let mut words = words;
        let mut bare = None;
        let before = self.hits.len();
        let mut inner = state.clone();
        for _ in 0..MOST_WRAPPERS {
            let Some(program) = words.first() else { return };
            let Value::Text(program) = program else {
                self.unclear(
                    &inner,
                    way,
                    spot.clone(),
                    "which program runs is not understood",
                );
                break;
            };
            let name = program.rsplit('/').next().unwrap_or(program);
            if name == "guardrun" {
                return self.guarded(&words[1..], &mut inner, way, spot);
            }
            bare = bare.or_else(|| self.suite_of(words));
            let arguments = &words[1..];
            match name {
                "just" => {
                    self.just(arguments, &inner, way, spot);
                    break;
                }
                "make" | "gmake" => {
                    self.make(arguments, &inner, way, spot);
                    break;
                }
                "npm" | "pnpm" | "yarn" | "bun"
                    if self.package(name, arguments, &inner, way, spot) =>
                {
                    break;
                }
                "run-s" | "run-p" | "npm-run-all" | "npm-run-all2" => {
                    for script in arguments.iter().filter_map(Value::text) {
                        if !script.starts_with('-') {
                            let run = ["run", script].map(|it| Value::Text(it.to_owned()));
                            self.package("npm", &run, &inner, way, spot);
                        }
                    }
                    break;
                }
                "bash" | "sh" | "dash" | "zsh" | "ksh" => {
                    self.shell(arguments, &inner, way, spot);
                    break;
                }
                "nix" | "nix-shell" | "nix-develop" => match of_nix(arguments) {
                    Some(Nix::Line(line)) => {
                        let piece = Piece::on_one_line(&spot.file, line, spot.line);
                        let mut own = inner.of_program(Vec::new());
                        self.script(&piece, &mut own, &way.in_program());
                        break;
                    }
                    Some(Nix::Words(at)) => words = &arguments[at..],
                    None => break,
                },
                _ => match wrapper(name, arguments) {
                    Some(wrapper) => {
                        words = self.through(wrapper, arguments, &mut inner, way, spot);
                    }
                    None => {
                        if program.contains('/') || name.ends_with(".sh") {
                            self.file(program, arguments, &inner, way, spot);
                        } else if !SAYS.contains(&name) {
                            self.passes_on(name, arguments, way, spot);
                        }
                        break;
                    }
                },
            }
        }
        if let Some(suite) = bare.filter(|_| self.hits.len() == before) {
            let opt_in = self.opt_in(suite, &inner);
            self.hit(suite, false, opt_in, false, &inner, way, spot);
        }
    }

    /// A program that is not followed, such as `docker run` or `ssh`: whether it may bring the opt-in, or guardrun, somewhere else.
    fn passes_on(&mut self, name: &str, arguments: &[Value], way: &Way, spot: &Spot) {
        if matches!(way.starter, Starter::Recipe | Starter::Nobody) {
            return;
        }
        let arguments: Vec<&str> = arguments.iter().filter_map(Value::text).collect();
        let gates = self.policy.gates.values();
        let mut brought = gates.filter(|gate| {
            let opens = format!("{}=1", gate.env);
            arguments.iter().any(|it| it.contains(&opens))
        });
        let gate = brought.next().map(|gate| gate.name.clone());
        let is_guardrun = |it: &&str| it.rsplit('/').next() == Some("guardrun");
        if gate.is_some() || arguments.iter().any(is_guardrun) {
            let name = crate::policy::text::shortened(name, 40);
            let what = format!("what `{name}` runs is not followed");
            self.remark(Rule::NotUnderstood, spot.clone(), what, gate);
        }
    }

    /// The place of the suite that this command line is, if that is gated.
    fn suite_of(&self, words: &[Value]) -> Option<usize> {
        let words: Vec<&str> = words
            .iter()
            .map(|it| it.text().unwrap_or(ANYTHING))
            .collect();
        let suite = self.matcher.suite_for(&words).ok()??.suite;
        self.gated(&suite.name)
    }

    fn gated(&self, name: &str) -> Option<usize> {
        let mut suites = self.policy.suites.iter();
        suites.position(|suite| suite.name == name && suite.gate.is_some())
    }

    fn opt_in(&self, suite: usize, state: &State) -> OptIn {
        let gate = self.policy.gate_of(&self.policy.suites[suite]);
        match gate.and_then(|gate| state.of_environment(&gate.env)) {
            None => OptIn::NotSet,
            Some(Value::Text(text)) if text == "1" => OptIn::Set,
            Some(Value::Text(text)) if text.is_empty() => OptIn::NotSet,
            Some(Value::Text(text)) => OptIn::Other(text.clone()),
            Some(Value::FromCi) => OptIn::FromCi,
            Some(Value::Unknown) => OptIn::Unknown,
        }
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the parts of one hit, which has two callers"
    )]
    fn hit(
        &mut self,
        suite: usize,
        held: bool,
        opt_in: OptIn,
        required: bool,
        state: &State,
        way: &Way,
        spot: &Spot,
    ) {
        let asked = match state.of_environment("GUARDRUN_REQUIRE") {
            None => false,
            Some(Value::Text(text)) => !text.is_empty() && text != "0",
            Some(_) => true,
        };
        self.hits.push(Hit {
            suite,
            spot: spot.clone(),
            held,
            opt_in,
            required: required || asked || self.policy.suites[suite].required,
            way: way.clone(),
        });
    }

    /// guardrun with these arguments.
    fn guarded(&mut self, arguments: &[Value], state: &mut State, way: &Way, spot: &Spot) {
        let Some(asked) = guarded::asked(arguments) else {
            return;
        };
        let suite = match &asked.what {
            What::Suite(Value::Text(name)) | What::Command(Some(Value::Text(name)), _) => {
                if self.policy.suite(name).is_none() {
                    let shown = crate::policy::text::shortened(name, 60);
                    let what = format!("the policy has no suite `{shown}`");
                    self.remark(Rule::UnknownSuite, spot.clone(), what, None);
                    return;
                }
                self.gated(name)
            }
            What::Suite(_) | What::Command(Some(_), _) => {
                self.unclear(
                    state,
                    way,
                    spot.clone(),
                    "which suite runs is not understood",
                );
                return;
            }
            What::Command(None, words) => match words.first() {
                Some(Value::Text(_)) => self.suite_of(words),
                _ => {
                    self.unclear(
                        state,
                        way,
                        spot.clone(),
                        "which command runs is not understood",
                    );
                    return;
                }
            },
        };
        match suite {
            Some(suite) => {
                let opt_in = self.opt_in(suite, state);
                self.hit(suite, true, opt_in, asked.required, state, way, spot);
            }
            None => {
                // What a suite without a gate calls gets no opt-in from outside.
                if let What::Command(_, words) = asked.what {
                    for gate in self.policy.gates.values() {
                        state.variables.remove(&gate.env);
                    }
                    self.runs(&words, state, way, spot);
                }
            }
        }
    }

    /// What is left of a command line behind a wrapper, with the environment that passes it.
    fn through<'w>(
        &mut self,
        wrapper: &Wrapper,
        arguments: &'w [Value],
        state: &mut State,
        way: &Way,
        spot: &Spot,
    ) -> &'w [Value] {
        let mut at = usize::from(wrapper.name.1.is_some());
        let mut words = wrapper.words;
        let mut added: Vec<(String, Value)> = Vec::new();
        let mut kept: Option<Vec<String>> = match wrapper.environment {
            Passes::Little => Some(Vec::new()),
            _ => None,
        };
        while let Some(word) = arguments.get(at) {
            let text = word.text().unwrap_or(ANYTHING);
            if text == "--" {
                at += 1;
                break;
            }
            if text.starts_with('-') && text.len() > 1 {
                match (wrapper.environment, text) {
                    (Passes::Adds, "-i" | "--ignore-environment" | "-") => kept = Some(Vec::new()),
                    (Passes::Adds, "-u" | "--unset") => {
                        if let Some(name) = arguments.get(at + 1).and_then(Value::text) {
                            state.variables.remove(name);
                        }
                    }
                    (Passes::Little, "--preserve-env") => kept = None,
                    (Passes::Little, option) if option.starts_with("--preserve-env=") => {
                        let list = &option["--preserve-env=".len()..];
                        kept.iter_mut().for_each(|kept| {
                            kept.extend(list.split(',').map(str::to_owned));
                        });
                    }
                    (Passes::Little, short) if !short.starts_with("--") && short.contains('E') => {
                        kept = None;
                    }
                    _ => {}
                }
                at += 1 + usize::from(wrapper.takes.contains(&text));
                continue;
            }
            if wrapper.environment != Passes::All {
                let name = match word {
                    Value::Text(text) => text
                        .split_once('=')
                        .map(|(name, value)| (name.to_owned(), Value::Text(value.to_owned()))),
                    other => {
                        let mut written = spot.snippet.split_whitespace();
                        let assign = written.find(|word| word.contains('='));
                        let name = assign.and_then(|word| word.split_once('='));
                        name.map(|(name, _)| {
                            (name.trim_matches(['"', '\'']).to_owned(), other.clone())
                        })
                    }
                };
                if let Some((name, value)) = name {
                    self.assigned(&name, &value, way, spot);
                    added.push((name, value));
                    at += 1;
                    continue;
                }
            }
            if words == 0 {
                break;
            }
            words -= 1;
            at += 1;
        }
        if let Some(kept) = kept {
            state.variables.retain(|name, _| kept.contains(name));
        }
        for (name, value) in added {
            state.set(&name, value, true);
        }
        &arguments[at.min(arguments.len())..]
    }

    /// `bash FILE`, `bash -c LINE`.
    fn shell(&mut self, arguments: &[Value], state: &State, way: &Way, spot: &Spot) {
        let mut own = state.of_program(Vec::new());
        let mut words = arguments.iter().enumerate();
        let mut line = false;
        while let Some((at, word)) = words.next() {
            match word {
                Value::Text(text) if text.starts_with(['-', '+']) && !line => {
                    let flags = text.trim_start_matches('-');
                    if text.starts_with("--") {
                        continue;
                    }
                    if flags.contains('e') {
                        own.stops_at_failure = true;
                    }
                    if flags.contains('o')
                        && words
                            .next()
                            .is_some_and(|(_, it)| it.text() == Some("pipefail"))
                    {
                        own.pipes_fail = true;
                    }
                    line = flags.contains('c');
                }
                Value::Text(text) if line => {
                    own.arguments = arguments.get(at + 2..).unwrap_or_default().to_vec();
                    let piece = Piece::on_one_line(&spot.file, text.as_str(), spot.line);
                    let name = format!("sh -c {text}");
                    self.call(name, way, |walker, way| {
                        walker.script(&piece, &mut own, &way.in_program());
                    });
                    return;
                }
                Value::Text(text) => {
                    let settings = (own.stops_at_failure, own.pipes_fail);
                    return self.script_file(
                        text,
                        &arguments[at + 1..],
                        state,
                        settings,
                        way,
                        spot,
                    );
                }
                _ => {
                    let what = "which script runs is not understood";
                    return self.unclear(&own, way, spot.clone(), what);
                }
            }
        }
    }

    /// `./FILE`
    fn file(&mut self, path: &str, arguments: &[Value], state: &State, way: &Way, spot: &Spot) {
        self.script_file(path, arguments, state, (false, false), way, spot);
    }

    fn script_file(
        &mut self,
        name: &str,
        arguments: &[Value],
        state: &State,
        (stops, pipes): (bool, bool),
        way: &Way,
        spot: &Spot,
    ) {
        let Some(path) = state
            .directory
            .as_deref()
            .and_then(|from| joined(from, name))
        else {
            let what = "the script that runs is outside of the repository, or in a directory that is not known";
            return self.unclear(state, way, spot.clone(), what);
        };
        let Some(text) = self.text(&path) else {
            let what = "the script that runs is not in the repository";
            return self.unclear(state, way, spot.clone(), what);
        };
        let first = text.lines().next().unwrap_or_default();
        let shells = ["sh", "bash", "dash", "zsh", "ksh"];
        let of_shell = first.split(['/', ' ']).any(|word| shells.contains(&word));
        if first.starts_with("#!") && !of_shell {
            let what = "the script that runs is not one of a shell";
            return self.unclear(state, way, spot.clone(), what);
        }
        let mut own = state.of_program(arguments.to_vec());
        own.stops_at_failure = stops || shebang_has(first, 'e');
        own.pipes_fail = pipes;
        let piece = Piece::new(&path.as_str().into(), text, 1);
        let shown: Vec<&str> = arguments.iter().filter_map(Value::text).collect();
        self.call(format!("{path} {shown:?}"), way, |walker, way| {
            walker.script(&piece, &mut own, &way.in_program());
        });
    }
}

/// Whether the first line of a script gives its shell this option.
pub(super) fn shebang_has(first: &str, flag: char) -> bool {
    let words = first.split_whitespace().skip(1);
    let mut options = words.filter(|word| word.starts_with('-') && !word.starts_with("--"));
    first.starts_with("#!") && options.any(|word| word.contains(flag))
}

/// `set -euo pipefail` and its like.
fn settings(words: &[Value], state: &mut State) {
    let mut words = words.iter().filter_map(Value::text);
    while let Some(word) = words.next() {
        let (on, flags) = match word.split_at_checked(1) {
            Some(("-", "-")) => return,
            Some(("-", flags)) => (true, flags),
            Some(("+", flags)) => (false, flags),
            _ => return,
        };
        for flag in flags.chars() {
            match flag {
                'e' => state.stops_at_failure = on,
                'a' => state.exports_all = on,
                'o' => match words.next() {
                    Some("pipefail") => state.pipes_fail = on,
                    Some("errexit") => state.stops_at_failure = on,
                    Some("allexport") => state.exports_all = on,
                    _ => {}
                },
                _ => {}
            }
        }
    }
}

fn wrapper(name: &str, arguments: &[Value]) -> Option<&'static Wrapper> {
    let second = arguments.first().and_then(Value::text);
    let mut wrappers = WRAPPERS.iter();
    wrappers.find(|it| it.name.0 == name && it.name.1.is_none_or(|word| Some(word) == second))
}

/// Where `dirname "$0"`, and what follows it, leads from the script itself.
fn root_of_script(piece: &Piece) -> String {
    let own = directory(&piece.file);
    let line = piece.text.lines().find(|line| line.contains("dirname"));
    let up = line.map_or(0, |line| line.matches("..").count());
    (0..up).fold(own.to_owned(), |inside, _| directory(&inside).to_owned())
}

/// What a nix command runs.
enum Nix {
    /// This line of shell.
    Line(String),
    /// The words from here on.
    Words(usize),
}

fn of_nix(arguments: &[Value]) -> Option<Nix> {
    for (at, word) in arguments.iter().enumerate() {
        match word.text() {
            Some("--run" | "--command") if at > 0 || arguments.len() == 2 => {
                let next = arguments.get(at + 1)?;
                return match next.text() {
                    Some(line) if line.contains(' ') => Some(Nix::Line(line.to_owned())),
                    _ => Some(Nix::Words(at + 1)),
                };
            }
            Some("-c") => return Some(Nix::Words(at + 1)),
            _ => {}
        }
    }
    None
}
