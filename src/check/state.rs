//! What a shell would know at one point: variables in so far as they can be told, and the settings that decide over a status.

use super::piece::Piece;
use super::shell::{List, Part, Quoted, Then, Word};
use std::collections::BTreeMap;
use std::rc::Rc;

/// Variables by which programs find out that they are in CI. None of them may open a gate.
const OF_CI: [&str; 14] = [
    "APPVEYOR",
    "BITBUCKET_BUILD_NUMBER",
    "BUILDKITE",
    "CI",
    "CIRCLECI",
    "CIRRUS_CI",
    "CONTINUOUS_INTEGRATION",
    "DRONE",
    "GITHUB_ACTIONS",
    "GITLAB_CI",
    "JENKINS_URL",
    "TEAMCITY_VERSION",
    "TF_BUILD",
    "TRAVIS",
];

/// Whether a text names one of these variables.
pub(super) fn mentions_ci(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
        .any(|word| OF_CI.contains(&word))
}

/// What can be told of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// It is this.
    Text(String),
    /// It comes of whether this is CI.
    FromCi,
    /// Nothing.
    Unknown,
}

impl Value {
    /// The value of something that is written so, and that only somebody else can resolve.
    pub(super) fn of_opaque(written: &str) -> Value {
        match mentions_ci(written) {
            true => Value::FromCi,
            false => Value::Unknown,
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// A variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    pub(super) value: Value,
    /// Whether programs get it.
    pub(super) exported: bool,
}

/// What a shell would know.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) variables: BTreeMap<String, Variable>,
    pub(super) functions: BTreeMap<String, (Rc<List>, Rc<Piece>)>,
    /// `$1` and those that follow.
    pub(super) arguments: Vec<Value>,
    /// The directory, from the repository's root; None where that is not known.
    pub(super) directory: Option<String>,
    /// `set -e`
    pub(super) stops_at_failure: bool,
    /// `set -o pipefail`
    pub(super) pipes_fail: bool,
    /// `set -a`
    pub(super) exports_all: bool,
}

impl State {
    /// What a program that is started here would know.
    pub(super) fn of_program(&self, arguments: Vec<Value>) -> State {
        let variables = self.variables.iter();
        State {
            variables: variables
                .filter(|(_, variable)| variable.exported)
                .map(|(name, variable)| (name.clone(), variable.clone()))
                .collect(),
            arguments,
            directory: self.directory.clone(),
            ..State::default()
        }
    }

    pub(super) fn set(&mut self, name: &str, value: Value, exported: bool) {
        let exported = exported || self.exports_all || self.is_exported(name);
        let variable = Variable { value, exported };
        self.variables.insert(name.to_owned(), variable);
    }

    fn is_exported(&self, name: &str) -> bool {
        self.variables.get(name).is_some_and(|it| it.exported)
    }

    /// What a program gets under this name; None where it gets nothing.
    pub(super) fn of_environment(&self, name: &str) -> Option<&Value> {
        let variable = self.variables.get(name).filter(|it| it.exported);
        variable.map(|variable| &variable.value)
    }

    /// What is so after one of these has run: what they agree on, and an opt-in that one of them has set.
    pub(super) fn one_of(states: Vec<State>) -> Option<State> {
        let mut states = states.into_iter();
        let mut merged = states.next()?;
        for other in states {
            for (name, variable) in other.variables {
                match merged.variables.get_mut(&name) {
                    Some(own) if *own == variable => {}
                    Some(own) => {
                        let one = |value: &Value| value.text() == Some("1");
                        own.exported |= variable.exported;
                        if one(&variable.value) {
                            own.value = variable.value;
                        } else if !one(&own.value) {
                            own.value = Value::Unknown;
                        }
                    }
                    None => drop(merged.variables.insert(name, variable)),
                }
            }
            merged.functions.extend(other.functions);
            if merged.directory != other.directory {
                merged.directory = None;
            }
        }
        Some(merged)
    }

    /// The words that this word becomes.
    pub(super) fn words(&self, word: &Word) -> Vec<Value> {
        if let [Part::Variable(name, then, quoted)] = word.parts.as_slice() {
            if (name == "@" || name == "*") && *then == Then::Plain {
                return self.arguments.clone();
            }
            if *quoted == Quoted::No
                && let Value::Text(text) = self.variable(name, then)
            {
                let parts = text.split_whitespace();
                return parts.map(|part| Value::Text(part.to_owned())).collect();
            }
        }
        vec![self.value(word)]
    }

    /// The value of a word that stays one word.
    pub(super) fn value(&self, word: &Word) -> Value {
        let mut whole = String::new();
        let mut unknown = None;
        for part in &word.parts {
            let value = match part {
                Part::Text(text) => {
                    whole.push_str(text);
                    continue;
                }
                Part::Variable(name, then, _) => self.variable(name, then),
                Part::Opaque(written) => Value::of_opaque(written),
            };
            match value {
                Value::Text(text) => whole.push_str(&text),
                Value::FromCi => unknown = Some(Value::FromCi),
                Value::Unknown => unknown = unknown.or(Some(Value::Unknown)),
            }
        }
        unknown.unwrap_or(Value::Text(whole))
    }

    fn variable(&self, name: &str, then: &Then) -> Value {
        let is = self.named(name);
        match (then, is) {
            (Then::Plain, is) => is.unwrap_or(match OF_CI.contains(&name) {
                true => Value::FromCi,
                false => Value::Unknown,
            }),
            (Then::Other, Some(Value::FromCi)) => Value::FromCi,
            (Then::Other, _) if OF_CI.contains(&name) => Value::FromCi,
            (Then::Other, _) => Value::Unknown,
            (Then::Default(_) | Then::Alternate(_), None) if OF_CI.contains(&name) => Value::FromCi,
            (Then::Default(word), None) => self.value(word),
            (Then::Default(word), Some(Value::Text(text))) if text.is_empty() => self.value(word),
            (Then::Default(_), Some(value)) => value,
            (Then::Alternate(_), None) => Value::Text(String::new()),
            (Then::Alternate(word), Some(Value::Text(text))) => match text.is_empty() {
                true => Value::Text(String::new()),
                false => self.value(word),
            },
            (Then::Alternate(_), Some(value)) => value,
        }
    }

    /// None where nobody has set it.
    fn named(&self, name: &str) -> Option<Value> {
        if let Ok(number) = name.parse::<usize>() {
            let none = Value::Text(String::new());
            return match number {
                0 => Some(Value::Unknown),
                number => Some(self.arguments.get(number - 1).cloned().unwrap_or(none)),
            };
        }
        match name {
            "#" => Some(Value::Text(self.arguments.len().to_string())),
            "@" | "*" => {
                let all: Option<Vec<&str>> = self.arguments.iter().map(Value::text).collect();
                Some(all.map_or(Value::Unknown, |all| Value::Text(all.join(" "))))
            }
            "?" | "!" | "$" | "-" => Some(Value::Unknown),
            name => self.variables.get(name).map(|it| it.value.clone()),
        }
    }
}
