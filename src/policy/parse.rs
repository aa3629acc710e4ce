//! From the text of a policy to its written shape; the toml crate's errors are retold in our words.

use super::error::PolicyError;
use super::source::Source;
use super::text::{nearest, printable};
use super::written::File;

/// Reads the text. What it says is not judged here, only that it is TOML with the keys and types that a policy has.
pub(super) fn parse(source: &Source) -> Result<File, PolicyError> {
    toml::from_str(source.text()).map_err(|error| retell(source, &error))
}

fn retell(source: &Source, error: &toml::de::Error) -> PolicyError {
    let end = source.text().len();
    let span = error.span().unwrap_or(end..end);
    let message = error.message();
    match UnknownKey::in_message(message) {
        None => PolicyError::at(source, span, printable(message.trim())).hint(hint_for(message)),
        Some(unknown) => {
            let meant = nearest(unknown.key, unknown.known.iter().copied());
            let known = unknown.known.join(", ");
            let what = format!("unknown key `{}`", printable(unknown.key));
            PolicyError::at(source, span, what)
                .did_you_mean(meant)
                .hint(format!("the keys known here are {known}"))
        }
    }
}

/// What serde's derived code says of a key that no field has. Its wording is held by a test below; should it
/// ever change, the message is printed as it is and only the suggestion is lost.
struct UnknownKey<'a> {
    key: &'a str,
    known: Vec<&'a str>,
}

impl UnknownKey<'_> {
    fn in_message(message: &str) -> Option<UnknownKey<'_>> {
        let rest = message.strip_prefix("unknown field `")?;
        // The key comes from the file and may hold anything, so the end of it is looked for from behind.
        let (key, expected) = rest.rsplit_once("`, expected ")?;
        let (key, expected) = match key.split_once("`, expected ") {
            Some((key, _)) => (key, &rest[key.len() + "`, expected ".len()..]),
            None => (key, expected),
        };
        let known = expected.split('`').skip(1).step_by(2).collect();
        Some(UnknownKey { key, known })
    }
}

fn hint_for(message: &str) -> &'static str {
    if message.contains("a list of words") {
        "write each argument as a string of its own; no shell splits this line"
    } else if message.contains("duplicate key") {
        "keep one of the two; which one would win is not guessed"
    } else if message.starts_with("missing field") {
        "guardrun.toml(5) lists the keys that a table must have"
    } else {
        "`guardrun schema` prints the shape of this file, and guardrun.toml(5) explains each key"
    }
}
