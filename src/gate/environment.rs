//! The environment as data, and what it says about a gate.

use crate::policy::text::shortened;
use crate::policy::variables::agent_behind;
use std::ffi::{OsStr, OsString};
use std::fmt;

/// The environment of the one who asks, in the order in which it was given.
///
/// A name can be there twice: the kernel passes on any list of strings, and programs differ in which of two
/// equal names they believe. So nothing here picks one.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    variables: Vec<(OsString, OsString)>,
}

impl<K: Into<OsString>, V: Into<OsString>> FromIterator<(K, V)> for Environment {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Environment {
        let variables = variables
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        Environment {
            variables: variables.collect(),
        }
    }
}

impl Environment {
    /// What this environment says about the gate that the variable opens.
    pub fn gate(&self, variable: &str) -> GateState {
        let mut state = GateState::Unset;
        for value in self.values(variable) {
            if value != "1" {
                return GateState::Closed(value.to_owned());
            }
            state = GateState::Open;
        }
        state
    }

    /// The value of a variable, if it is text and nothing says otherwise: None when it is there twice with two values.
    pub fn only<'a>(&'a self, variable: &'a str) -> Option<&'a str> {
        let mut values = self.values(variable);
        let first = values.next()?;
        values
            .all(|other| other == first)
            .then_some(first)?
            .to_str()
    }

    /// Every variable with its value, in the order in which they were given.
    pub fn pairs(&self) -> &[(OsString, OsString)] {
        &self.variables
    }

    /// The coding agent that runs this, as far as one tells.
    pub fn agent(&self) -> Option<&'static str> {
        // An empty variable is what a person leaves who takes the mark away for one command.
        let set = self.variables.iter().filter(|(_, value)| !value.is_empty());
        set.filter_map(|(name, _)| name.to_str())
            .find_map(agent_behind)
    }

    fn values<'a>(&'a self, variable: &'a str) -> impl Iterator<Item = &'a OsStr> {
        self.variables
            .iter()
            .filter(move |(name, _)| name == variable)
            .map(|(_, value)| value.as_os_str())
    }
}

/// Whether a variable opens its gate. `Display` is the end of a sentence that begins with the variable's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GateState {
    /// It is exactly `1`.
    Open,
    /// It is not there.
    Unset,
    /// It is this, which opens nothing. Nobody guesses what was meant by it.
    Closed(OsString),
}

impl GateState {
    /// The word used in JSON.
    pub fn name(&self) -> &'static str {
        match self {
            GateState::Open => "open",
            GateState::Unset => "unset",
            GateState::Closed(_) => "not-one",
        }
    }
}

impl fmt::Display for GateState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GateState::Open => f.write_str("is 1"),
            GateState::Unset => f.write_str("is not set"),
            GateState::Closed(value) if value.is_empty() => {
                f.write_str("is empty, and only \"1\" opens it")
            }
            GateState::Closed(value) => {
                let value = shortened(&value.to_string_lossy(), 40);
                write!(f, "is \"{value}\", and only \"1\" opens it")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Environment, GateState};
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;

    fn gate(values: &[&str]) -> GateState {
        let pairs = values.iter().map(|value| ("LIVE_TESTS", *value));
        pairs.collect::<Environment>().gate("LIVE_TESTS")
    }

    #[test]
    fn only_exactly_1_opens() {
        assert_eq!(gate(&["1"]), GateState::Open);
        assert_eq!(gate(&[]), GateState::Unset);
        for value in ["", "0", "true", "yes", " 1", "1 ", "01", "11", "１", "on"] {
            assert_eq!(gate(&[value]), GateState::Closed(value.into()), "{value:?}");
        }
    }

    #[test]
    fn a_name_that_is_there_twice_opens_only_if_both_say_so() {
        assert_eq!(gate(&["1", "1"]), GateState::Open);
        assert_eq!(gate(&["1", "0"]), GateState::Closed("0".into()));
        assert_eq!(gate(&["0", "1"]), GateState::Closed("0".into()));
    }

    #[test]
    fn a_value_that_is_no_text_is_shown_and_opens_nothing() {
        let value = OsString::from_vec(b"1\xff\x1b[2K".to_vec());
        let environment: Environment = [("X_TESTS", value)].into_iter().collect();
        let said = environment.gate("X_TESTS").to_string();
        assert_eq!(said, "is \"1\u{fffd}\\u{1b}[2K\", and only \"1\" opens it");
    }

    #[test]
    fn an_agent_is_known_by_what_it_sets() {
        let agent =
            |name: &str, value: &str| [(name, value)].into_iter().collect::<Environment>().agent();
        assert_eq!(agent("GEMINI_CLI", "1"), Some("Gemini CLI"));
        assert_eq!(agent("GEMINI_CLI", ""), None);
        assert_eq!(agent("GEMINI_API_KEY", "x"), None);
    }
}
