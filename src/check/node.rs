//! What a YAML or JSON file says, as one kind of tree that knows on which line each thing stands.

/// A value with its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// What it is.
    pub(super) value: Value,
    /// The line on which it begins, counted from 1.
    pub(super) line: usize,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A text, a number, a truth, or nothing: as it is written, without quotes.
    Text(String, Lines),
    /// A list.
    List(Vec<Node>),
    /// Names with what they stand for, in the order of the file.
    Map(Vec<(String, Node)>),
}

/// Where the lines of a text stand in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines {
    /// All of it is at the node's own line, as far as one can tell.
    Here,
    /// Its first line is this one, and the others follow.
    From(usize),
}

impl Node {
    /// What stands under this name.
    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|(other, _)| other == name)
            .map(|(_, node)| node)
    }

    /// The text, if it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text, _) => Some(text),
            _ => None,
        }
    }

    /// The names and what they stand for; none if it is no map.
    pub(super) fn entries(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; a text alone is a list of one, as most formats of CI take it.
    pub(super) fn items(&self) -> Vec<&Node> {
        match &self.value {
            Value::List(items) => items.iter().collect(),
            Value::Text(text, _) if text.is_empty() => Vec::new(),
            Value::Text(..) => vec![self],
            Value::Map(_) => Vec::new(),
        }
    }
}
