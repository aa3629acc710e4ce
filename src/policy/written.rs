//! The shape of guardrun.toml as it is written, before anything is judged. Every value keeps its place in the file.
//!
//! Unknown keys are errors at every level: a key that is misspelt and then ignored would be a safety that
//! somebody believes in and that is not there.

use jiff::civil::Date;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use toml::Spanned;

/// The whole file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct File {
    pub(super) unmatched: Option<Spanned<String>>,
    pub(super) receipts: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) defaults: Defaults,
    #[serde(default)]
    pub(super) gate: Table<Gate>,
    #[serde(default)]
    pub(super) suite: Table<Suite>,
    #[serde(default)]
    pub(super) dangerously_allow_check: Vec<Spanned<AllowCheck>>,
}

/// `[[dangerously-allow-check]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllowCheck {
    pub(super) rule: Spanned<String>,
    pub(super) file: Spanned<String>,
    pub(super) suite: Option<Spanned<String>>,
    pub(super) reason: Spanned<String>,
    pub(super) expires: Option<Day>,
}

/// `[defaults]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Defaults {
    pub(super) level: Option<Spanned<String>>,
    pub(super) at_least: Option<Spanned<String>>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) grace: Option<Spanned<String>>,
    pub(super) idle: Option<Idle>,
    pub(super) lifeline: Option<Spanned<bool>>,
    pub(super) memory: Option<Spanned<String>>,
    pub(super) processes: Option<Spanned<i64>>,
    pub(super) cpu: Option<Spanned<f64>>,
    pub(super) open_files: Option<Spanned<i64>>,
    pub(super) environment: Option<Environment>,
    pub(super) fence: Option<Spanned<String>>,
}

/// `[gate.NAME]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Gate {
    pub(super) env: Spanned<String>,
    pub(super) why: Spanned<String>,
    #[serde(rename = "where")]
    pub(super) place_to_run: Spanned<String>,
    pub(super) risk: Option<Spanned<String>>,
}

/// `[suite.NAME]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Suite {
    pub(super) gate: Option<Spanned<String>>,
    pub(super) command: Option<Spanned<Words>>,
    #[serde(rename = "match")]
    pub(super) patterns: Option<Spanned<Lines>>,
    pub(super) examples: Option<Spanned<Lines>>,
    pub(super) no_match: Option<Spanned<Lines>>,
    pub(super) level: Option<Spanned<String>>,
    pub(super) at_least: Option<Spanned<String>>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) grace: Option<Spanned<String>>,
    pub(super) idle: Option<Idle>,
    pub(super) lifeline: Option<Spanned<bool>>,
    pub(super) lock: Option<Spanned<LockKey>>,
    pub(super) proof: Option<Spanned<Proof>>,
    pub(super) required: Option<Spanned<bool>>,
    pub(super) memory: Option<Spanned<String>>,
    pub(super) processes: Option<Spanned<i64>>,
    pub(super) cpu: Option<Spanned<f64>>,
    pub(super) open_files: Option<Spanned<i64>>,
    pub(super) needs: Option<Needs>,
    pub(super) environment: Option<Environment>,
    pub(super) junit: Option<Spanned<String>>,
    pub(super) retry: Option<Spanned<Retry>>,
    pub(super) dangerously_allow_leaks: Option<Spanned<Loosening>>,
    pub(super) dangerously_hold_weaker: Option<Spanned<HoldWeaker>>,
    #[serde(default)]
    pub(super) dangerously_expect_leftover: Vec<Spanned<ExpectLeftover>>,
    pub(super) dangerously_outlive_parent: Option<Spanned<Loosening>>,
    pub(super) fence: Option<Spanned<String>>,
    pub(super) dangerously_fence_weaker: Option<Spanned<FenceWeaker>>,
    #[serde(default)]
    pub(super) dangerously_allow_fenced: Vec<Spanned<AllowFenced>>,
    pub(super) dangerously_warn_fenced: Option<Spanned<Loosening>>,
    pub(super) dangerously_run_concurrently: Option<Spanned<Loosening>>,
}

/// `proof` of a suite.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Proof {
    pub(super) report: Option<Spanned<Strings>>,
    pub(super) format: Option<Spanned<String>>,
    pub(super) min_executed: Option<Spanned<i64>>,
    pub(super) max_skipped: Option<Spanned<i64>>,
    pub(super) must_run: Option<Spanned<Strings>>,
    pub(super) ratchet: Option<Spanned<String>>,
    pub(super) strict: Option<Spanned<String>>,
}

/// `idle`: how long alone, or a table that also says what becomes of a suite that works.
pub(super) struct Idle {
    pub(super) after: Spanned<String>,
    pub(super) working: Option<Spanned<String>>,
}

impl<'de> Deserialize<'de> for Idle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Idle, D::Error> {
        /// The long form.
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct InFull {
            after: Spanned<String>,
            working: Option<Spanned<String>>,
        }
        /// Either form.
        struct Either;
        impl<'de> Visitor<'de> for Either {
            type Value = Form;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a duration, such as \"2m\", or a table with `after` and `working`")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Form, E> {
                Ok(Form(Err(text.to_owned())))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Form, A::Error> {
                InFull::deserialize(MapAccessDeserializer::new(map)).map(|full| Form(Ok(full)))
            }
        }
        /// What was written; the short form keeps its place outside.
        struct Form(Result<InFull, String>);
        impl<'de> Deserialize<'de> for Form {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Form, D::Error> {
                deserializer.deserialize_any(Either)
            }
        }
        let form = Spanned::<Form>::deserialize(deserializer)?;
        let span = form.span();
        Ok(match form.into_inner().0 {
            Ok(InFull { after, working }) => Idle { after, working },
            Err(text) => Idle {
                after: Spanned::new(span, text),
                working: None,
            },
        })
    }
}

/// `needs` of a suite.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Needs {
    pub(super) memory: Option<Spanned<String>>,
    pub(super) processes: Option<Spanned<i64>>,
    pub(super) pressure: Option<Spanned<f64>>,
    pub(super) wait: Option<Spanned<String>>,
}

/// `[defaults.environment]` and `[suite.NAME.environment]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Environment {
    pub(super) remove: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) only: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) set: Option<Spanned<Table<Spanned<String>>>>,
    pub(super) private: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) hide: Option<Spanned<Vec<Spanned<String>>>>,
    pub(super) workers: Option<Spanned<i64>>,
}

/// `retry` of a suite.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Retry {
    pub(super) times: Spanned<i64>,
    pub(super) on: Option<Spanned<Vec<Spanned<String>>>>,
}

/// What each loosening table has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Loosening {
    pub(super) reason: Spanned<String>,
    pub(super) expires: Option<Day>,
}

/// `[suite.NAME.dangerously-hold-weaker]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct HoldWeaker {
    pub(super) at_least: Spanned<String>,
    pub(super) reason: Spanned<String>,
    pub(super) expires: Option<Day>,
}

/// `[[suite.NAME.dangerously-expect-leftover]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectLeftover {
    pub(super) program: Spanned<String>,
    pub(super) reason: Spanned<String>,
    pub(super) expires: Option<Day>,
}

/// `[suite.NAME.dangerously-fence-weaker]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FenceWeaker {
    pub(super) fence: Spanned<String>,
    pub(super) reason: Spanned<String>,
    pub(super) expires: Option<Day>,
}

/// `[[suite.NAME.dangerously-allow-fenced]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AllowFenced {
    pub(super) what: Spanned<String>,
    #[serde(rename = "match")]
    pub(super) pattern: Spanned<CommandLine>,
    pub(super) by: Option<Spanned<CommandLine>>,
    pub(super) reason: Spanned<String>,
    pub(super) expires: Option<Day>,
}

/// `lock`: a name, or a table.
pub(super) enum LockKey {
    Name(String),
    Table(Box<Lock>),
}

/// `[suite.NAME.lock]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Lock {
    pub(super) name: Option<Spanned<String>>,
    pub(super) scope: Option<Spanned<String>>,
    pub(super) when_busy: Option<Spanned<String>>,
    pub(super) wait: Option<Spanned<String>>,
    pub(super) expires_after: Option<Spanned<String>>,
}

impl<'de> Deserialize<'de> for LockKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<LockKey, D::Error> {
        struct NameOrTable;
        impl<'de> Visitor<'de> for NameOrTable {
            type Value = LockKey;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a lock, or a table with name, scope, when-busy and wait")
            }
            fn visit_str<E: Error>(self, name: &str) -> Result<LockKey, E> {
                Ok(LockKey::Name(name.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<LockKey, A::Error> {
                let table = Lock::deserialize(MapAccessDeserializer::new(map))?;
                Ok(LockKey::Table(Box::new(table)))
            }
        }
        deserializer.deserialize_any(NameOrTable)
    }
}

/// A table of named things, in the order of the file. A map would lose that order, and the places of the names.
pub(super) struct Table<T>(pub(super) Vec<(Spanned<String>, T)>);

impl<T> Default for Table<T> {
    fn default() -> Table<T> {
        Table(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Table<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Table<T>, D::Error> {
        struct Named<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Named<T> {
            type Value = Table<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of names, each with a table of its own")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Table<T>, A::Error> {
                let mut entries: Vec<(Spanned<String>, T)> = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                // The toml crate hands the names over in alphabetical order.
                entries.sort_by_key(|(name, _)| name.span().start);
                Ok(Table(entries))
            }
        }
        deserializer.deserialize_map(Named(PhantomData))
    }
}

/// A list of words: one argument each.
pub(super) struct Words(pub(super) Vec<String>);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Words;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(r#"a list of words, such as ["cargo", "test"]"#)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Words, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(Words(words))
            }
        }
        deserializer.deserialize_any(List)
    }
}

/// One string, or a list of them, each with its place.
pub(super) struct Strings(pub(super) Vec<Spanned<String>>);

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Strings, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Strings;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string, or a list of strings")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Strings, E> {
                // The place is the one of the whole value, which whoever asks for it has.
                Ok(Strings(vec![Spanned::new(0..0, text.to_owned())]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Strings, A::Error> {
                let mut strings = Vec::new();
                while let Some(string) = seq.next_element()? {
                    strings.push(string);
                }
                Ok(Strings(strings))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

/// A list of command lines.
pub(super) type Lines = Vec<Spanned<CommandLine>>;

/// A command line: one string that is split as a shell would, or a list of words.
pub(super) enum CommandLine {
    Text(String),
    Words(Vec<String>),
}

impl<'de> Deserialize<'de> for CommandLine {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<CommandLine, D::Error> {
        struct Line;
        impl<'de> Visitor<'de> for Line {
            type Value = CommandLine;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a command line, as one string or as a list of words")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<CommandLine, E> {
                Ok(CommandLine::Text(text.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<CommandLine, A::Error> {
                let mut words = Vec::new();
                while let Some(word) = seq.next_element()? {
                    words.push(word);
                }
                Ok(CommandLine::Words(words))
            }
        }
        deserializer.deserialize_any(Line)
    }
}

/// A day, written as a TOML date or as the same between quotes (JSON has no dates, and the schema is read as JSON).
pub(super) struct Day(pub(super) Date);

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        struct AnyDay;
        impl<'de> Visitor<'de> for AnyDay {
            type Value = Day;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a date, such as 2027-01-31")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Day, E> {
                // jiff reads more than a plain date, for example a time zone after it, and drops it.
                let plain =
                    text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
                match text.parse() {
                    Ok(date) if plain => Ok(Day(date)),
                    _ => Err(E::custom("expected a date, such as 2027-01-31")),
                }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Day, A::Error> {
                let value = toml::value::Datetime::deserialize(MapAccessDeserializer::new(map))?;
                let only_a_date = value.time.is_none() && value.offset.is_none();
                let date = value.date.filter(|_| only_a_date).and_then(|date| {
                    let year = i16::try_from(date.year).ok()?;
                    let month = i8::try_from(date.month).ok()?;
                    let day = i8::try_from(date.day).ok()?;
                    Date::new(year, month, day).ok()
                });
                date.map(Day).ok_or_else(|| {
                    A::Error::custom("expected a date without a time, such as 2027-01-31")
                })
            }
        }
        deserializer.deserialize_any(AnyDay)
    }
}
