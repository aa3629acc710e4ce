//! The list of the tests that may be skipped, kept in version control: it may shrink, and not grow by itself.
//!
//! ```toml
//! [[skip]]
//! test   = "tests.test_harbour::test_tide"
//! reason = "needs a tide table"
//! ```

use super::evidence::{Fate, Skip};
use serde::Deserialize;
use std::collections::HashSet;
use std::fmt;
use toml_edit::{ArrayOfTables, DocumentMut, Item, Table, value};

/// The list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ratchet {
    /// Its entries, in the order of the file, each name once.
    pub entries: Vec<Entry>,
}

/// A test that may be skipped.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its whole name, as in the report.
    pub test: String,
    /// Why that is accepted.
    pub reason: Option<String>,
}

/// Why a list cannot be used. `Display` is the end of a sentence that begins with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RatchetError(String);

impl fmt::Display for RatchetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for RatchetError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    skip: Vec<Entry>,
}

impl Ratchet {
    /// The list that this text is.
    pub fn read(text: &str) -> Result<Ratchet, RatchetError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let line = line.map_or_else(String::new, |line| format!("line {line}: "));
            RatchetError(format!("{line}{}", error.message().trim()))
        })?;
        let mut seen = HashSet::new();
        for entry in &file.skip {
            if !seen.insert(&entry.test) {
                return Err(RatchetError(format!("`{}` is in it twice", entry.test)));
            }
        }
        Ok(Ratchet { entries: file.skip })
    }

    /// The names in it.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|entry| entry.test.as_str())
    }

    /// Which of these are not in it.
    pub fn unlisted<'s>(&self, skips: &'s [Skip]) -> Vec<&'s Skip> {
        let listed: HashSet<&str> = self.names().collect();
        let unlisted = skips
            .iter()
            .filter(|skip| !listed.contains(skip.name.as_str()));
        unlisted.collect()
    }
}

/// What a rewriting comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file as it is to be.
    pub text: String,
    /// Tests that run by now, and are no longer in it.
    pub removed: Vec<String>,
    /// Tests that were skipped, and are in it now.
    pub added: Vec<String>,
}

/// The list without the tests that ran, and with those of `growth`, whose skipping is accepted for that reason. Comments,
/// and the order of what stays, are kept. `fates` says what became of each entry, in the order of the file.
pub fn rewritten(
    text: &str,
    fates: &[Fate],
    growth: &[&Skip],
    reason: Option<&str>,
) -> Result<Change, RatchetError> {
    let names: Vec<String> = Ratchet::read(text)?
        .entries
        .into_iter()
        .map(|entry| entry.test)
        .collect();
    let mut document: DocumentMut = text
        .parse()
        .map_err(|error: toml_edit::TomlError| RatchetError(error.message().to_owned()))?;
    if !document.contains_key("skip") {
        document.insert("skip", Item::ArrayOfTables(ArrayOfTables::new()));
    }
    let Some(tables) = document["skip"].as_array_of_tables_mut() else {
        return Err(RatchetError(
            "its entries are not written as [[skip]], so they cannot be rewritten".to_owned(),
        ));
    };
    let mut removed = Vec::new();
    let mut carried = String::new();
    let mut at = 0;
    for (name, fate) in names.into_iter().zip(fates) {
        if *fate == Fate::Ran {
            if let Some(table) = tables.get(at) {
                carried.push_str(not_its_own(prefix(table)));
            }
            tables.remove(at);
            removed.push(name);
            continue;
        }
        if let Some(table) = tables.get_mut(at).filter(|_| !carried.is_empty()) {
            let whole = format!("{carried}{}", prefix(table).trim_start_matches('\n'));
            table.decor_mut().set_prefix(whole);
            carried.clear();
        }
        at += 1;
    }
    let mut added = Vec::new();
    for skip in growth {
        let mut table = Table::new();
        table.insert("test", value(skip.name.as_str()));
        let why = match (reason, &skip.reason) {
            (Some(reason), _) => Some(reason),
            (None, said) => said.as_deref(),
        };
        if let Some(why) = why {
            table.insert("reason", value(why));
        }
        if !carried.is_empty() {
            table.decor_mut().set_prefix(std::mem::take(&mut carried));
        } else if !tables.is_empty() {
            table.decor_mut().set_prefix("\n");
        }
        tables.push(table);
        added.push(skip.name.clone());
    }
    if tables.is_empty() {
        document.remove("skip");
    }
    let mut text = document.to_string();
    if !carried.is_empty() {
        text.insert_str(0, &carried);
    }
    Ok(Change {
        text,
        removed,
        added,
    })
}

fn prefix(table: &Table) -> &str {
    let prefix = table.decor().prefix();
    prefix
        .and_then(|prefix| prefix.as_str())
        .unwrap_or_default()
}

/// Of the comments before an entry, those that a blank line parts from it: they are about the file, and stay.
fn not_its_own(prefix: &str) -> &str {
    match prefix.rfind("\n\n") {
        Some(at) if !prefix[..at].trim().is_empty() => &prefix[..at + 2],
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::{Fate, Ratchet, Skip, rewritten};

    const LIST: &str = "# What may be skipped.\n# See docs.\n\n# The tide comes late.\n[[skip]]\ntest = \"tide\" # indeed\nreason = \"no table\"\n\n# Of the fog.\n[[skip]]\ntest   = \"fog\"\n";

    fn skip(name: &str) -> Skip {
        Skip {
            name: name.to_owned(),
            reason: Some("said by the runner".to_owned()),
        }
    }

    #[test]
    fn a_list_that_nothing_changes_stays_as_it_is_to_the_byte() {
        let change = rewritten(LIST, &[Fate::Skipped, Fate::Absent], &[], None).unwrap();
        assert_eq!(change.text, LIST);
        assert!(change.removed.is_empty() && change.added.is_empty());
    }

    #[test]
    fn what_runs_leaves_with_its_own_comment_and_the_rest_stays() {
        let change = rewritten(LIST, &[Fate::Ran, Fate::Skipped], &[], None).unwrap();
        assert_eq!(
            change.text,
            "# What may be skipped.\n# See docs.\n\n# Of the fog.\n[[skip]]\ntest   = \"fog\"\n"
        );
        assert_eq!(change.removed, ["tide"]);
        let all = rewritten(LIST, &[Fate::Ran, Fate::Ran], &[], None).unwrap();
        assert_eq!(all.text, "# What may be skipped.\n# See docs.\n\n");
    }

    #[test]
    fn it_grows_only_by_what_it_is_told_to() {
        let (odd, plain) = (skip("odd \"name\"\n\u{202e}"), skip("ice"));
        let change = rewritten(LIST, &[Fate::Skipped; 2], &[&odd, &plain], Some("winter")).unwrap();
        assert!(change.text.starts_with(LIST), "{}", change.text);
        let read = Ratchet::read(&change.text).unwrap();
        let names: Vec<&str> = read.names().collect();
        assert_eq!(names, ["tide", "fog", "odd \"name\"\n\u{202e}", "ice"]);
        assert_eq!(read.entries[3].reason.as_deref(), Some("winter"));
        let first = rewritten("", &[], &[&plain], None).unwrap();
        assert_eq!(
            first.text,
            "[[skip]]\ntest = \"ice\"\nreason = \"said by the runner\"\n"
        );
    }

    #[test]
    fn a_list_that_is_wrong_says_where() {
        let error = |text: &str| Ratchet::read(text).unwrap_err().to_string();
        assert!(error("[[skip]]\nname = \"x\"").contains("line 2: unknown field `name`"));
        assert!(error("[[skip]]\n").contains("missing field `test`"));
        assert!(error("x").starts_with("line 1: "));
        assert_eq!(
            error("[[skip]]\ntest='a'\n[[skip]]\ntest='a'"),
            "`a` is in it twice"
        );
        assert!(rewritten("skip = []", &[], &[], None).is_err());
    }
}
