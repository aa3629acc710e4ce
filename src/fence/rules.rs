//! What a fence makes of a deed. Pure.

use super::lineage::{Place, Standing};
use crate::policy::{Allowed, words_match};
use crate::values::{Deed, Fence};
use nix::errno::Errno;

/// What is made of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ruling {
    /// It may be done.
    Free,
    /// It may be done, and what becomes of it is watched: a session that turns out to have been left behind is ended.
    Watched,
    /// It is not done.
    Refused(Rule),
}

/// A rule that refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rule {
    /// As a sentence without a full stop.
    pub(super) text: &'static str,
    /// What the program is told.
    pub(super) errno: Errno,
    /// The same for a person.
    pub(super) answer: &'static str,
}

/// EPERM, and not the EACCES of a port below 1024: programs that look for a free port take that for "this one is not, try the next".
const NO_SERVER: Rule = Rule {
    text: "a program that a test has started may not listen",
    errno: Errno::EPERM,
    answer: "refused with EPERM",
};
const NO_TERMINAL: Rule = Rule {
    text: "a test may not open a pseudoterminal",
    errno: Errno::EPERM,
    answer: "refused with EPERM",
};
/// Also for one that turns out to be an orphan while one looks at it.
pub(super) const NO_BACKGROUND: Rule = Rule {
    text: "nothing may go into the background in a session of its own",
    errno: Errno::EPERM,
    answer: "refused with EPERM",
};
const NO_PROGRAM: Rule = Rule {
    text: "a test may not start a program",
    errno: Errno::EACCES,
    answer: "refused with EACCES",
};
/// The same as `NO_BACKGROUND`, seen when the system call is long over.
pub(super) const LEFT_BEHIND: Rule = Rule {
    answer: "ended",
    ..NO_BACKGROUND
};

/// A deed, as far as the rules look at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Act<'a> {
    /// What is done.
    pub(super) deed: Deed,
    /// Where the one stands who does it.
    pub(super) standing: Standing,
    /// Whether whoever started it has ended.
    pub(super) orphan: bool,
    /// For a start, whether the program is one of the runner's own workers, or is started to build.
    pub(super) free_to_start: bool,
    /// The program that does it or, for a start, that is to be started.
    pub(super) program: &'a [String],
    /// The program in which the tests run, if one is known.
    pub(super) host: Option<&'a [String]>,
}

/// What becomes of it.
pub(super) fn rule(class: Fence, allowed: &[Allowed], act: &Act<'_>) -> Ruling {
    if class < Fence::Daemons || act.standing.place == Place::Above || lets_through(allowed, act) {
        return Ruling::Free;
    }
    let below = act.standing.place == Place::Below;
    match act.deed {
        Deed::Listen if below => Ruling::Refused(NO_SERVER),
        Deed::Listen => Ruling::Free,
        Deed::Pty => Ruling::Refused(NO_TERMINAL),
        Deed::Setsid if act.orphan => Ruling::Refused(NO_BACKGROUND),
        Deed::Setsid => Ruling::Watched,
        Deed::Start if class == Fence::Processes && !act.free_to_start => {
            Ruling::Refused(NO_PROGRAM)
        }
        Deed::Start => Ruling::Free,
    }
}

fn lets_through(allowed: &[Allowed], act: &Act<'_>) -> bool {
    allowed.iter().any(|entry| {
        let by = entry
            .by
            .as_ref()
            .is_none_or(|by| act.host.is_some_and(|host| words_match(by, host)));
        entry.deed == act.deed && by && words_match(&entry.program, act.program)
    })
}

#[cfg(test)]
mod tests {
    use super::{Act, Ruling, rule};
    use crate::fence::lineage::{Place, Standing};
    use crate::policy::{Allowed, Place as Line};
    use crate::values::{Deed, Fence};

    fn ruled(class: Fence, deed: Deed, place: Place, orphan: bool, allowed: &[Allowed]) -> Ruling {
        let words = |text: &str| -> Vec<String> { shell_words::split(text).unwrap() };
        let (program, host) = (
            words("/usr/bin/redis-server --port 0"),
            words("pytest tests"),
        );
        let act = Act {
            deed,
            standing: Standing { place, host: None },
            orphan,
            free_to_start: false,
            program: &program,
            host: Some(&host),
        };
        rule(class, allowed, &act)
    }

    fn is_refused(class: Fence, deed: Deed, place: Place) -> bool {
        matches!(ruled(class, deed, place, false, &[]), Ruling::Refused(_))
    }

    #[test]
    fn the_table_of_docs_fence_md() {
        let refused = |class| {
            let mut found = Vec::new();
            for deed in Deed::ALL {
                for place in [Place::Above, Place::Host, Place::Below] {
                    if is_refused(class, deed, place) {
                        found.push((deed, place));
                    }
                }
            }
            found
        };
        assert!(refused(Fence::Off).is_empty() && refused(Fence::Observe).is_empty());
        let daemons = [
            (Deed::Listen, Place::Below),
            (Deed::Pty, Place::Host),
            (Deed::Pty, Place::Below),
        ];
        assert_eq!(refused(Fence::Daemons), daemons);
        let mut processes = vec![(Deed::Start, Place::Host), (Deed::Start, Place::Below)];
        processes.extend(daemons);
        assert_eq!(refused(Fence::Processes), processes);
    }

    #[test]
    fn a_session_is_refused_to_an_orphan_and_watched_otherwise() {
        let session = |orphan| ruled(Fence::Daemons, Deed::Setsid, Place::Below, orphan, &[]);
        assert!(matches!(session(true), Ruling::Refused(_)));
        assert_eq!(session(false), Ruling::Watched);
        assert_eq!(
            ruled(Fence::Daemons, Deed::Setsid, Place::Above, true, &[]),
            Ruling::Free
        );
    }

    #[test]
    fn what_the_policy_lets_through_is_that_deed_of_that_program_below_that_test() {
        let allowed = |deed, program: &str, by: Option<&str>| {
            let words = |text: &str| shell_words::split(text).unwrap();
            let entry = Allowed {
                deed,
                program: words(program),
                by: by.map(words),
                reason: "x".to_owned(),
                place: Line::built_in(),
            };
            ruled(Fence::Daemons, Deed::Listen, Place::Below, false, &[entry]) == Ruling::Free
        };
        assert!(allowed(Deed::Listen, "redis-server *", None));
        assert!(allowed(Deed::Listen, "redis-server *", Some("pytest *")));
        assert!(!allowed(Deed::Listen, "redis-server *", Some("cargo *")));
        assert!(!allowed(Deed::Listen, "redis-cli *", None));
        assert!(!allowed(Deed::Pty, "redis-server *", None));
    }
}
