//! Follows what a lane runs, without running it: from list to list, from recipe to script, with the variables that each command
//! would get and with what would become of its status.
//!
//! Every branch is taken, one after the other; where branches disagree about an opt-in, it counts as set. Calls are followed
//! [`DEEPEST`] levels, and [`MOST_COMMANDS`] commands at all.

mod guarded;
mod just;
mod make;
mod packages;
mod simple;
mod wrappers;

pub(super) use just::{JUSTFILES, Justfile};
pub(super) use make::{MAKEFILES, Makefile};

use super::piece::{Piece, Spot};
use super::shell::{Command, Item, Join, List, Pipeline, Word};
use super::state::{State, Value, mentions_ci};
use super::tree::{Content, Tree};
use crate::policy::rule::Rule;
use crate::policy::{Matcher, Policy};
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many calls deep a lane is followed: a workflow, a recipe, a script and what that calls come to four.
const DEEPEST: usize = 12;
/// How many commands are looked at in all.
const MOST_COMMANDS: usize = 50_000;
/// How much shell is read in all, in bytes, each script as often as it is called.
const MOST_BYTES: usize = 32 * 1024 * 1024;
/// How often a loop over known words is gone through.
const MOST_ROUNDS: usize = 64;

/// What becomes of a status that is not zero.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// It reaches whoever looks at the lane.
    Kept,
    /// It is lost here, for this reason.
    Lost(Rc<(Spot, String)>),
}

impl Fate {
    fn lost(spot: Spot, why: impl Into<String>) -> Fate {
        Fate::Lost(Rc::new((spot, why.into())))
    }
}

/// What a pipe of several commands comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pipes {
    /// The failure of any of them.
    Fail,
    /// The status of the last.
    EndWithTheLast,
}

/// Who would start a lane.
#[derive(Clone, Debug)]
pub(super) enum Starter {
    /// CI, by itself.
    Ci,
    /// Somebody, by hand, and where that is said.
    Hand(Spot),
    /// Whoever types the recipe's name.
    Recipe,
    /// Whoever types no name at all.
    Nobody,
}

/// Where the walk is.
#[derive(Clone, Debug)]
pub(super) struct Way {
    pub(super) starter: Starter,
    /// What becomes of the status of the list.
    pub(super) fate: Fate,
    /// What becomes of it where the shell exits at once.
    pub(super) exit: Fate,
    /// Whether `set -e` is out of force, as it is in conditions.
    tested: bool,
    /// What makes it depend on whether this is CI.
    pub(super) ci: Option<Spot>,
    /// What switches it off.
    pub(super) off: Option<Spot>,
    /// What else it depends on.
    pub(super) condition: Option<Spot>,
    /// The calls that led here.
    calls: Vec<String>,
}

impl Way {
    pub(super) fn new(starter: Starter) -> Way {
        Way {
            starter,
            fate: Fate::Kept,
            exit: Fate::Kept,
            tested: false,
            ci: None,
            off: None,
            condition: None,
            calls: Vec::new(),
        }
    }

    /// The way on, where a status has this fate.
    pub(super) fn with(&self, fate: Fate) -> Way {
        // What is lost further out stays lost.
        let fate = match &self.exit {
            Fate::Lost(_) => self.exit.clone(),
            Fate::Kept => fate,
        };
        Way {
            fate,
            ..self.clone()
        }
    }

    /// The way on, where every failure is passed over.
    pub(super) fn losing(&self, spot: Spot, why: impl Into<String>) -> Way {
        let fate = self.with(Fate::lost(spot, why)).fate;
        Way {
            exit: fate.clone(),
            fate,
            ..self.clone()
        }
    }

    /// The way into a program of its own, which exits by its own rules.
    pub(super) fn in_program(&self) -> Way {
        Way {
            exit: self.fate.clone(),
            tested: false,
            ..self.clone()
        }
    }
}

/// What an opt-in is where a suite is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OptIn {
    Set,
    NotSet,
    /// Another value.
    Other(String),
    FromCi,
    Unknown,
}

/// A gated suite that would be run.
#[derive(Clone, Debug)]
pub(super) struct Hit {
    /// Its place in the policy.
    pub(super) suite: usize,
    pub(super) spot: Spot,
    /// Whether guardrun runs it.
    pub(super) held: bool,
    pub(super) opt_in: OptIn,
    /// Whether it is asked that tests are executed.
    pub(super) required: bool,
    pub(super) way: Way,
}

/// Something that was found on the way.
#[derive(Clone, Debug)]
pub(super) struct Remark {
    pub(super) rule: Rule,
    pub(super) spot: Spot,
    pub(super) what: String,
    /// The gate that it is about.
    pub(super) gate: Option<String>,
}

/// Why something was not followed to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// This call is deeper than calls are followed.
    TooDeep(String),
    /// There are more commands than are followed.
    TooMuch,
}

/// Whoever follows the lanes.
pub(super) struct Walker<'a> {
    pub(super) policy: &'a Policy,
    matcher: Matcher<'a>,
    pub(super) tree: &'a dyn Tree,
    texts: BTreeMap<String, Content>,
    pub(super) hits: Vec<Hit>,
    pub(super) remarks: Vec<Remark>,
    commands: usize,
    bytes: usize,
    /// Where there was more to follow than is followed.
    pub(super) cut_short: Option<Cut>,
    /// What a step of GitHub's has put into the environment of those after it.
    pub(super) later: Vec<(String, Value)>,
}

impl<'a> Walker<'a> {
    pub(super) fn new(policy: &'a Policy, tree: &'a dyn Tree) -> Walker<'a> {
        Walker {
            policy,
            matcher: Matcher::new(policy),
            tree,
            texts: BTreeMap::new(),
            hits: Vec::new(),
            remarks: Vec::new(),
            commands: 0,
            bytes: 0,
            cut_short: None,
            later: Vec::new(),
        }
    }

    /// The text of a file; None where there is none. That it cannot be read is remarked.
    pub(super) fn text(&mut self, path: &str) -> Option<String> {
        let content = match self.texts.get(path) {
            Some(content) => content.clone(),
            None => {
                let content = self.tree.read(path);
                if let Content::Unreadable(why) = &content {
                    let spot = Spot::new(&path.into(), 1, "");
                    let what = format!("this file could not be read: {why}");
                    self.remark(Rule::Unreadable, spot, what, None);
                }
                self.texts.insert(path.to_owned(), content.clone());
                content
            }
        };
        match content {
            Content::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn remark(&mut self, rule: Rule, spot: Spot, what: String, gate: Option<String>) {
        self.remarks.push(Remark {
            rule,
            spot,
            what,
            gate,
        });
    }

    /// Remarks that something is not understood, if an opt-in is set where it stands: anywhere else it opens nothing.
    pub(super) fn unclear(&mut self, state: &State, way: &Way, spot: Spot, what: &str) {
        if matches!(way.starter, Starter::Recipe | Starter::Nobody) {
            return;
        }
        let open = self.policy.gates.values().find(|gate| {
            let value = state.of_environment(&gate.env);
            value.is_some_and(|value| !matches!(value, Value::Text(text) if text != "1"))
        });
        if let Some(gate) = open {
            let text = format!("{} is set here, and {what}", gate.env);
            let gate = Some(gate.name.clone());
            self.remark(Rule::NotUnderstood, spot, text, gate);
        }
    }

    /// Takes note of a value that a variable gets.
    pub(super) fn assigned(&mut self, name: &str, value: &Value, way: &Way, spot: &Spot) {
        let Some(gate) = self.policy.gates.values().find(|gate| gate.env == name) else {
            return;
        };
        let (gate, env) = (Some(gate.name.clone()), gate.env.clone());
        match value {
            Value::FromCi => {
                let what = format!("{env} is set by whether this is CI");
                self.remark(Rule::ThroughCi, spot.clone(), what, gate);
            }
            Value::Text(text) if text == "1" => {
                if let Some(ci) = way.ci.clone() {
                    let what = format!("{env} is set to 1 only where this says that it is CI");
                    self.remark(Rule::ThroughCi, ci, what, gate);
                }
            }
            Value::Unknown if !matches!(way.starter, Starter::Recipe | Starter::Nobody) => {
                let what = format!("{env} gets a value here that is not understood");
                self.remark(Rule::NotUnderstood, spot.clone(), what, gate);
            }
            _ => {}
        }
    }

    /// Follows a whole script.
    pub(super) fn script(&mut self, piece: &Rc<Piece>, state: &mut State, way: &Way) {
        self.bytes = self.bytes.saturating_add(piece.text.len());
        if self.bytes > MOST_BYTES {
            self.cut_short.get_or_insert(Cut::TooMuch);
            return;
        }
        let list = super::shell::read(&piece.text);
        self.list(&list, piece, state, way);
    }

    /// Follows a call, unless it is one of itself or too deep.
    fn call(&mut self, name: String, way: &Way, follow: impl FnOnce(&mut Self, &Way)) {
        if way.calls.contains(&name) {
            return;
        }
        if way.calls.len() >= DEEPEST {
            self.cut_short.get_or_insert(Cut::TooDeep(name));
            return;
        }
        let mut way = way.clone();
        way.calls.push(name);
        follow(self, &way);
    }

    fn list(&mut self, list: &List, piece: &Rc<Piece>, state: &mut State, way: &Way) {
        for (at, item) in list.iter().enumerate() {
            self.item(item, &list[at + 1..], piece, state, way);
        }
    }

    fn item(
        &mut self,
        item: &Item,
        after: &[Item],
        piece: &Rc<Piece>,
        state: &mut State,
        way: &Way,
    ) {
        let spot = piece.spot(item.from, item.to);
        let text = |item: &Item| piece.part(item.from, item.to);
        let asked = after.first().is_some_and(|next| {
            let next = text(next);
            next.contains("$?") || next.contains("PIPESTATUS")
        });
        let pipes_asked = after
            .first()
            .is_some_and(|next| text(next).contains("PIPESTATUS"));
        let lost = || {
            Fate::lost(
                spot.clone(),
                "the commands after it decide the status, since `set -e` is not in force",
            )
        };
        // What becomes of a failure that stops nothing.
        let passed_over = match (after.is_empty(), asked) {
            (true, _) => way.fate.clone(),
            (false, true) => Fate::Kept,
            (false, false) => lost(),
        };
        let whole = match item.background {
            true if after.iter().any(|next| text(next).contains("wait")) => Fate::Kept,
            true => Fate::lost(
                spot.clone(),
                "it runs in the background, and nobody waits for it",
            ),
            false if !after.is_empty() && state.stops_at_failure && !way.tested => way.exit.clone(),
            false => passed_over.clone(),
        };
        let pipelines: Vec<(Option<Join>, &Pipeline)> = std::iter::once((None, &item.first))
            .chain(item.rest.iter().map(|(join, it)| (Some(*join), it)))
            .collect();
        let mut way = way.clone();
        for (at, (_, pipeline)) in pipelines.iter().enumerate() {
            let or = pipelines[at + 1..]
                .iter()
                .find(|(join, _)| *join == Some(Join::Or));
            let fate = match or {
                Some((_, next)) if keeps(piece.part(next.from, next.to)) => whole.clone(),
                Some((_, next)) => {
                    let shown = piece.part(next.from, next.to);
                    Fate::lost(
                        spot.clone(),
                        format!("`|| {}` takes its place", first_line(shown)),
                    )
                }
                None if at + 1 == pipelines.len() => whole.clone(),
                None => match item.background {
                    true => whole.clone(),
                    false => passed_over.clone(),
                },
            };
            let last = at + 1 == pipelines.len();
            let here = Way {
                tested: way.tested || !last,
                ..way.with(fate)
            };
            let pipes = match pipes_asked || state.pipes_fail {
                true => Pipes::Fail,
                false => Pipes::EndWithTheLast,
            };
            self.pipeline(pipeline, pipes, piece, state, &here);
            if way.ci.is_none() && !last && mentions_ci(piece.part(pipeline.from, pipeline.to)) {
                way.ci = Some(piece.spot(pipeline.from, pipeline.to));
            }
        }
    }

    fn pipeline(
        &mut self,
        pipeline: &Pipeline,
        pipes: Pipes,
        piece: &Rc<Piece>,
        state: &mut State,
        way: &Way,
    ) {
        if let [command] = pipeline.commands.as_slice() {
            return self.command(command, pipeline, piece, state, way);
        }
        let last = pipeline.commands.len() - 1;
        for (at, command) in pipeline.commands.iter().enumerate() {
            let way = match at == last || pipes == Pipes::Fail {
                true => way.clone(),
                false => way.with(Fate::lost(
                    piece.spot(pipeline.from, pipeline.to),
                    "a pipe gives the status of its last command, since `pipefail` is not set",
                )),
            };
            self.command(command, pipeline, piece, &mut state.clone(), &way);
        }
    }

    fn command(
        &mut self,
        command: &Command,
        around: &Pipeline,
        piece: &Rc<Piece>,
        state: &mut State,
        way: &Way,
    ) {
        self.commands += 1;
        if self.commands > MOST_COMMANDS {
            self.cut_short.get_or_insert(Cut::TooMuch);
            return;
        }
        match command {
            Command::Simple(simple) => self.simple(simple, piece, state, way),
            Command::Group(list) => self.list(list, piece, state, way),
            Command::Subshell(list) => {
                // `exit` ends the subshell alone, and what becomes of it is decided out here.
                let way = Way {
                    exit: way.fate.clone(),
                    ..way.clone()
                };
                self.list(list, piece, &mut state.clone(), &way);
            }
            Command::If(arms, otherwise) => {
                let mut outcomes = Vec::new();
                let mut last = state.clone();
                for (condition, body) in arms {
                    let test = Way {
                        tested: true,
                        ..way.with(Fate::Kept)
                    };
                    self.list(condition, piece, &mut last, &test);
                    let mut inside = way.clone();
                    inside.ci = inside.ci.or_else(|| ci_in(condition, piece));
                    let mut state = last.clone();
                    self.list(body, piece, &mut state, &inside);
                    outcomes.push(state);
                }
                if let Some(body) = otherwise {
                    self.list(body, piece, &mut last, way);
                }
                outcomes.push(last);
                *state = State::one_of(outcomes).unwrap_or_default();
            }
            Command::While(condition, body) => {
                let test = Way {
                    tested: true,
                    ..way.with(Fate::Kept)
                };
                self.list(condition, piece, state, &test);
                let mut inside = way.clone();
                inside.ci = inside.ci.or_else(|| ci_in(condition, piece));
                self.list(body, piece, state, &inside);
            }
            Command::For(name, words, body) => {
                let values: Vec<Value> = words.iter().flat_map(|it| state.words(it)).collect();
                let rounds = values.len().clamp(1, MOST_ROUNDS);
                for round in 0..rounds {
                    let value = values.get(round).cloned().unwrap_or(Value::Unknown);
                    state.set(name, value, false);
                    let stops = state.stops_at_failure && !way.tested;
                    let way = match round + 1 == rounds || stops {
                        true => way.clone(),
                        false => way.with(Fate::lost(
                            piece.spot(around.from, around.to),
                            "the loop goes on, and its last round decides the status",
                        )),
                    };
                    self.list(body, piece, state, &way);
                }
            }
            Command::Case(word, arms) => {
                let value = state.value(word);
                let chosen = value.text().and_then(|text| chosen(text, arms, state));
                if let Some(body) = chosen {
                    return self.list(body, piece, state, way);
                }
                let mut inside = way.clone();
                if value == Value::FromCi && inside.ci.is_none() {
                    inside.ci = Some(piece.spot(around.from, around.to));
                }
                let mut outcomes = vec![state.clone()];
                for (_, body) in arms {
                    let mut state = state.clone();
                    self.list(body, piece, &mut state, &inside);
                    outcomes.push(state);
                }
                *state = State::one_of(outcomes).unwrap_or_default();
            }
            Command::Function(name, body) => {
                let function = (body.clone(), piece.clone());
                state.functions.insert(name.clone(), function);
            }
            Command::Test => {}
            Command::Unread(from, to) => {
                let text = piece.part(*from, *to);
                let gates = self.policy.gates.values();
                let named = gates
                    .map(|gate| gate.env.as_str())
                    .find(|env| text.contains(env));
                let by_ci = !matches!(way.starter, Starter::Recipe | Starter::Nobody);
                if by_ci && (named.is_some() || text.contains("guardrun")) {
                    let what = "this shell is not understood from here to the end".to_owned();
                    self.remark(Rule::NotUnderstood, piece.spot(*from, *to), what, None);
                } else {
                    let spot = piece.spot(*from, *to);
                    self.unclear(state, way, spot, "this shell is not understood");
                }
            }
        }
    }
}

/// The arm of a `case` that this text takes, if that can be told.
fn chosen<'c>(text: &str, arms: &'c [(Vec<Word>, List)], state: &State) -> Option<&'c List> {
    for (patterns, body) in arms {
        for pattern in patterns {
            let pattern = state.value(pattern);
            let pattern = pattern.text()?;
            let glob = globset::Glob::new(pattern).ok()?.compile_matcher();
            if pattern == text || glob.is_match(text) {
                return Some(body);
            }
        }
    }
    None
}

fn ci_in(condition: &List, piece: &Piece) -> Option<Spot> {
    let of_ci = |item: &&Item| mentions_ci(piece.part(item.from, item.to));
    let item = condition.iter().find(of_ci)?;
    Some(piece.spot(item.from, item.to))
}

/// Whether what stands after `||` keeps a failure one: it exits or returns with something, or notes the status, or tries again.
fn keeps(text: &str) -> bool {
    let ends_well = ["exit 0", "return 0"];
    if ends_well
        .iter()
        .any(|end| text.trim_end_matches([';', ' ', '}']).ends_with(end))
    {
        return false;
    }
    let words = [
        "exit", "return", "false", "guardrun", "die", "fail", "abort",
    ];
    let split = |c: char| !c.is_ascii_alphanumeric() && c != '_';
    let mut own = text.split(split);
    text.contains("$?") || own.any(|word| words.contains(&word)) || sets_failure(text)
}

/// `status=1` and the like.
fn sets_failure(text: &str) -> bool {
    let value = text
        .split_once('=')
        .map(|(_, value)| value.trim_end_matches([';', ' ', '}']));
    value.is_some_and(|value| !matches!(value, "0" | "" | "true") && !value.contains(' '))
}

fn first_line(text: &str) -> String {
    crate::policy::text::shortened(text.lines().next().unwrap_or_default().trim(), 60)
}
