//! Globs of words: read, written literally, and told from plain words.

use globset::{Glob, GlobBuilder};

/// Reads a glob, which costs little; to make it costs a thousand times as much, and is left to the first match.
pub(crate) fn parse_glob(glob: &str) -> Result<Glob, globset::Error> {
    GlobBuilder::new(glob)
        .literal_separator(false)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
}

/// The glob that matches this text and nothing else. globset's own leaves a backslash as it is.
pub(crate) fn literally(text: &str) -> String {
    let mut glob = String::with_capacity(text.len());
    for character in text.chars() {
        if SPECIAL.contains(&character) {
            glob.push('\\');
        }
        glob.push(character);
    }
    glob
}

/// Whether a pattern's word has no wildcard and no escape in it.
pub(crate) fn is_literal(word: &str) -> bool {
    !word.contains(SPECIAL)
}

/// The characters that mean something in a glob.
const SPECIAL: [char; 7] = ['*', '?', '[', ']', '{', '}', '\\'];
