//! Text from outside, made fit for one line of a terminal.

/// The text with every control character written as an escape.
///
/// A policy, an argument or a variable can hold an escape sequence that would rewrite what a person
/// sees of a refusal; nothing from outside is printed without passing here.
pub(crate) fn printable(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

/// Like [`printable`], and no longer than `limit` characters, with `…` for what was cut.
pub(crate) fn shortened(text: &str, limit: usize) -> String {
    let safe = printable(text);
    if safe.chars().count() <= limit {
        return safe;
    }
    let mut short: String = safe.chars().take(limit.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// The name among `known` that is most likely meant by `typed`, if one is near enough to be worth a question.
pub(crate) fn nearest<'a>(
    typed: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A distance of a third of the word allows for one slip in a short name and for three in a long one.
    // Names longer than any real key are not compared: the distance takes quadratic time.
    if typed.len() > 100 {
        return None;
    }
    let allowed = (typed.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(typed, name), name))
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, name)| name)
}

/// Marks that change the direction of text or take no room, and so can make a line read as another.
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::{nearest, printable, shortened};

    #[test]
    fn an_escape_sequence_does_not_reach_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Kb\nc"), "a\\u{1b}[2Kb\\nc");
        assert_eq!(printable("a\u{202e}b"), "a\\u{202e}b");
    }

    #[test]
    fn ordinary_text_in_any_script_stays_as_it_is() {
        assert_eq!(printable("Prüfung 試験 ‘x’"), "Prüfung 試験 ‘x’");
    }

    #[test]
    fn long_text_is_cut_and_says_so() {
        assert_eq!(shortened("abcdef", 4), "abc…");
        assert_eq!(shortened("abcd", 4), "abcd");
    }

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        assert_eq!(nearest("timout", ["timeout", "grace"]), Some("timeout"));
        assert_eq!(nearest("daemno", ["unit", "daemon"]), Some("daemon"));
        assert_eq!(nearest("colour", ["timeout", "grace"]), None);
        assert_eq!(nearest("", ["a"]), Some("a"));
        assert_eq!(nearest("x", []), None);
    }
}
