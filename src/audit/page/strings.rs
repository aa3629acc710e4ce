//! Texts that occur again and again, each kept once and known by its number. Pure.

use std::collections::HashMap;
use std::rc::Rc;

/// A table of texts.
#[derive(Debug, Default)]
pub(super) struct Strings {
    numbers: HashMap<Rc<str>, u32>,
    texts: Vec<Rc<str>>,
}

impl Strings {
    /// The number of a text, a new one if it was not there.
    pub(super) fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).expect("fewer texts than fit into memory");
        let text: Rc<str> = text.into();
        self.texts.push(text.clone());
        self.numbers.insert(text, number);
        number
    }

    /// The text with this number.
    pub(super) fn text(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    /// All of them, by number.
    pub(super) fn texts(&self) -> impl Iterator<Item = &str> {
        self.texts.iter().map(|text| &**text)
    }
}

/// The beginning of a text, of at most this many bytes and ending between two characters.
pub(super) fn beginning(text: &str, bytes: usize) -> &str {
    let mut end = bytes.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::{Strings, beginning};

    #[test]
    fn a_text_has_one_number() {
        let mut strings = Strings::default();
        let numbers: Vec<u32> = ["a", "b", "a", ""].map(|text| strings.number(text)).into();
        assert_eq!(numbers, [0, 1, 0, 2]);
        assert_eq!(strings.text(1), "b");
        assert_eq!(strings.texts().collect::<Vec<_>>(), ["a", "b", ""]);
    }

    #[test]
    fn a_beginning_never_ends_inside_a_character() {
        assert_eq!(beginning("aé", 2), "a");
        assert_eq!(beginning("aé", 3), "aé");
        assert_eq!(beginning("aé", 100), "aé");
    }
}
