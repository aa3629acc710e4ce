//! What a policy says of the suite's environment. Plain data; `plan::environment` applies it.

use super::glob::{is_literal, parse_glob};
use super::managers::Manager;
use super::place::Place;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// What is done to the environment that guardrun has before the suite gets it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EnvironmentRules {
    /// Names that are taken away.
    pub remove: Vec<NameGlob>,
    /// Lists of what may stay: everything that is not in each of them goes. No list, and everything may stay.
    pub only: Vec<Vec<NameGlob>>,
    /// Variables with values of the policy's own.
    pub set: Vec<(String, String)>,
    /// Variables that get a private directory.
    pub private: Vec<String>,
    /// Managers that are hidden.
    pub hide: Vec<&'static Manager>,
    /// How many workers the known runners are told to use at the most.
    pub workers: Option<u32>,
    /// Where each of these is said.
    pub said: EnvironmentSaid,
}

/// Where the policy says each key of an environment table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EnvironmentSaid {
    /// Where `remove` is.
    pub remove: Option<Place>,
    /// Where `only` is.
    pub only: Option<Place>,
    /// Where `set` is.
    pub set: Option<Place>,
    /// Where `private` is.
    pub private: Option<Place>,
    /// Where `hide` is.
    pub hide: Option<Place>,
    /// Where `workers` is.
    pub workers: Option<Place>,
}

/// A glob over names of variables, such as `LC_*`.
#[derive(Clone, Debug)]
pub struct NameGlob {
    text: String,
    kind: Kind,
}

/// Most globs are one name or the beginning of one, and need no machine to be matched.
#[derive(Clone, Debug)]
enum Kind {
    Name,
    Beginning,
    Glob(globset::GlobMatcher),
}

impl NameGlob {
    /// Reads it; the error is globset's word for what is wrong.
    pub(super) fn parse(text: &str) -> Result<NameGlob, globset::Error> {
        let kind = if is_literal(text) {
            Kind::Name
        } else if text.strip_suffix('*').is_some_and(is_literal) {
            Kind::Beginning
        } else {
            Kind::Glob(parse_glob(text)?.compile_matcher())
        };
        Ok(NameGlob {
            text: text.to_owned(),
            kind,
        })
    }

    /// As the policy writes it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it stands for one name only.
    pub fn is_one_name(&self) -> bool {
        matches!(self.kind, Kind::Name)
    }

    /// Whether this is one of its names.
    pub fn matches(&self, name: &OsStr) -> bool {
        match &self.kind {
            Kind::Name => name == self.text.as_str(),
            Kind::Beginning => name
                .as_bytes()
                .starts_with(self.text.trim_end_matches('*').as_bytes()),
            Kind::Glob(glob) => glob.is_match(Path::new(name)),
        }
    }
}

impl PartialEq for NameGlob {
    fn eq(&self, other: &NameGlob) -> bool {
        self.text == other.text
    }
}

impl EnvironmentRules {
    /// What both of these ask for. Where the two set one variable differently, the first is followed: it is the suite that
    /// somebody named.
    pub(super) fn strictest(&self, other: &EnvironmentRules) -> EnvironmentRules {
        let both = |one: &[NameGlob], two: &[NameGlob]| union(one, two);
        let set_by_both = other
            .set
            .iter()
            .filter(|(name, _)| self.set.iter().all(|(own, _)| own != name));
        let mut only = self.only.clone();
        only.extend(
            other
                .only
                .iter()
                .filter(|list| !self.only.contains(list))
                .cloned(),
        );
        let first = |one: &Option<Place>, two: &Option<Place>| one.clone().or_else(|| two.clone());
        EnvironmentRules {
            remove: both(&self.remove, &other.remove),
            only,
            set: self.set.iter().chain(set_by_both).cloned().collect(),
            private: union(&self.private, &other.private),
            hide: union(&self.hide, &other.hide),
            workers: match (self.workers, other.workers) {
                (Some(one), Some(two)) => Some(one.min(two)),
                (one, two) => one.or(two),
            },
            said: EnvironmentSaid {
                remove: first(&self.said.remove, &other.said.remove),
                only: first(&self.said.only, &other.said.only),
                set: first(&self.said.set, &other.said.set),
                private: first(&self.said.private, &other.said.private),
                hide: first(&self.said.hide, &other.said.hide),
                workers: first(&self.said.workers, &other.said.workers),
            },
        }
    }
}

fn union<T: Clone + PartialEq>(one: &[T], two: &[T]) -> Vec<T> {
    let more = two.iter().filter(|item| !one.contains(item));
    one.iter().chain(more).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::{EnvironmentRules, NameGlob};
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn a_glob_is_over_the_whole_name_whatever_bytes_that_has() {
        let is = |glob: &str, name: &[u8]| {
            NameGlob::parse(glob)
                .unwrap()
                .matches(OsStr::from_bytes(name))
        };
        assert!(is("TMUX", b"TMUX") && !is("TMUX", b"TMUX_PANE"));
        assert!(is("TMUX*", b"TMUX") && is("TMUX*", b"TMUX_PANE") && !is("TMUX*", b"XTMUX"));
        assert!(is("*_SOCKET", b"A_SOCKET") && !is("*_SOCKET", b"A_SOCKETS"));
        assert!(is("{A,B}_?", b"B_1") && !is("{A,B}_?", b"C_1"));
        assert!(is("*", b"\xff\n"), "a star is everything");
        assert!(is("A*", b"A\xff"), "a name that is no text");
        assert!(is(r"A\*", b"A*") && !is(r"A\*", b"AB"));
    }

    #[test]
    fn two_rules_together_take_away_what_either_does() {
        let glob = |text: &str| NameGlob::parse(text).unwrap();
        let one = EnvironmentRules {
            remove: vec![glob("A")],
            only: vec![vec![glob("B"), glob("C")]],
            set: vec![("X".into(), "1".into())],
            private: vec!["HOME".into()],
            workers: Some(4),
            ..EnvironmentRules::default()
        };
        let two = EnvironmentRules {
            remove: vec![glob("A"), glob("D")],
            only: vec![vec![glob("C")]],
            set: vec![("X".into(), "2".into()), ("Y".into(), "3".into())],
            private: vec!["HOME".into(), "TMPDIR".into()],
            workers: Some(2),
            ..EnvironmentRules::default()
        };
        let both = one.strictest(&two);
        assert_eq!(both.remove, [glob("A"), glob("D")]);
        assert_eq!(both.only.len(), 2, "both lists must admit a name");
        assert_eq!(
            both.set,
            [("X".into(), "1".into()), ("Y".into(), "3".into())]
        );
        assert_eq!(both.private, ["HOME", "TMPDIR"]);
        assert_eq!(both.workers, Some(2));
        assert_eq!(two.strictest(&one).workers, Some(2));
    }
}
