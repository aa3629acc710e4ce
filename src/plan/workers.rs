//! The variables by which runners are told how many workers to use. Without one, each takes a worker for every processor,
//! and a runner inside a runner multiplies that.
//!
//! guardrun.toml(5) has the same table, with the source for each; a test holds the two together.

use crate::policy::Hold;
use std::ffi::OsStr;

/// One variable.
pub(super) struct Hint {
    pub(super) variable: &'static str,
    /// What its absence means.
    pub(super) absent: Absent,
}

/// What a runner does without the variable.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// It takes a worker for each processor.
    Unbounded,
    /// It works alone, so that setting the variable would loosen.
    Alone,
    /// The least that it starts with, which must not be more than the most: early Vitest ends with an error then.
    Least,
}

pub(super) const HINTS: &[Hint] = &[
    hint("CARGO_BUILD_JOBS", Absent::Unbounded),
    hint("CMAKE_BUILD_PARALLEL_LEVEL", Absent::Alone),
    hint("CTEST_PARALLEL_LEVEL", Absent::Alone),
    hint("GOMAXPROCS", Absent::Unbounded),
    hint("NEXTEST_TEST_THREADS", Absent::Unbounded),
    hint("PYTEST_XDIST_AUTO_NUM_WORKERS", Absent::Unbounded),
    hint("RUST_TEST_THREADS", Absent::Unbounded),
    hint("VITEST_MAX_FORKS", Absent::Unbounded),
    hint("VITEST_MAX_THREADS", Absent::Unbounded),
    hint("VITEST_MAX_WORKERS", Absent::Unbounded),
    hint("VITEST_MIN_FORKS", Absent::Least),
    hint("VITEST_MIN_THREADS", Absent::Least),
];

const fn hint(variable: &'static str, absent: Absent) -> Hint {
    Hint { variable, absent }
}

/// How many workers there are to be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Workers {
    /// At the most, if the policy says so.
    pub(super) most: Option<u32>,
    /// How many processors a runner finds, and so how many workers it takes by itself.
    pub(super) processors: u32,
}

impl Workers {
    /// As the policy says or, where it does not, as many as its ceiling of processors feeds: more would only wait.
    pub(super) fn of(hold: &Hold, processors: u32) -> Workers {
        let fed = hold.ceilings.cpu.map(|cpu| (cpu.ceil() as u32).max(1));
        Workers {
            most: hold.environment.workers.or(fed),
            processors,
        }
    }
}

/// The value that the variable is to have where it now has `given`; None where it is to stay as it is.
pub(super) fn value(hint: &Hint, given: Option<&OsStr>, workers: Workers) -> Option<u32> {
    let most = workers.most?;
    // A sign, a percentage, a word: whatever the runner makes of it, it is not known to be little enough.
    let few_enough = |given: &OsStr| {
        let number = given.to_str().and_then(|text| text.parse::<u32>().ok());
        number.is_some_and(|number| (1..=most).contains(&number))
    };
    match (given, hint.absent) {
        (Some(given), _) if few_enough(given) => None,
        (None, Absent::Alone) => None,
        // To say more than a runner takes by itself would raise it.
        (None, _) if most >= workers.processors => None,
        (None, Absent::Least) => Some(1),
        (_, _) => Some(most),
    }
}

#[cfg(test)]
mod tests {
    use super::{Absent, HINTS, Hint, Workers, hint};
    use std::ffi::OsStr;

    fn value(hint: &Hint, given: Option<&OsStr>, most: u32) -> Option<u32> {
        let most = Some(most);
        super::value(
            hint,
            given,
            Workers {
                most,
                processors: 8,
            },
        )
    }

    #[test]
    fn a_hint_only_ever_lowers() {
        let for_all = hint("X", Absent::Unbounded);
        let alone = hint("X", Absent::Alone);
        let least = hint("X", Absent::Least);
        let given = |text: &'static str| Some(OsStr::new(text));
        assert_eq!(value(&for_all, None, 4), Some(4));
        assert_eq!(value(&for_all, given("3"), 4), None, "less is left");
        assert_eq!(value(&for_all, given("4"), 4), None);
        assert_eq!(value(&for_all, given("5"), 4), Some(4));
        for text in ["0", "-1", "50%", "auto", "", " 2", "99999999999"] {
            assert_eq!(value(&for_all, given(text), 4), Some(4), "{text:?}");
        }
        assert_eq!(value(&alone, None, 4), None, "it would use one");
        assert_eq!(value(&alone, given("64"), 4), Some(4));
        assert_eq!(value(&least, None, 4), Some(1));
        assert_eq!(value(&least, given("8"), 4), Some(4));
        assert_eq!(
            value(&for_all, None, 8),
            None,
            "it would take eight by itself"
        );
        assert_eq!(value(&for_all, None, 64), None, "and not 64");
        assert_eq!(value(&for_all, given("100"), 64), Some(64));
    }

    #[test]
    fn the_manual_has_every_hint() {
        assert!(HINTS.is_sorted_by_key(|hint| hint.variable));
        let manual = include_str!("../../docs/guardrun.toml.5.md");
        for hint in HINTS {
            let row = format!("| `{}` |", hint.variable);
            assert!(manual.contains(&row), "guardrun.toml(5) lacks {row}");
        }
    }
}
