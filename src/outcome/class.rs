//! How a suite came to its end, in one word: what a retry, a badge or a dashboard asks first. Pure.

use super::{End, Outcome};
use crate::sys::signal;
use crate::values::Status;
use serde::Serialize;

/// How a suite came to its end. What guardrun thinks of the whole run is the verdicts' business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It ended by itself, with exit code 0.
    Passed,
    /// It ended by itself, with an exit code that says so.
    Failed,
    /// It died of a fault of its own, such as SIGSEGV or SIGABRT, or its exit code says that a part of it did.
    Crashed,
    /// It was killed by a signal that says nothing of why, or its exit code says that a part of it was.
    Killed,
    /// Somebody ended it: SIGTERM or SIGINT, to it or through guardrun, or nobody was left to run it for.
    EndedOnPurpose,
    /// guardrun ended it for a limit.
    Limited,
    /// Nothing of it ran.
    NotStarted,
    /// What became of it is not known.
    Unknown,
}

/// What a shell adds to the number of a signal to make an exit code of it.
const BY_SIGNAL: u8 = 128;

impl Class {
    /// All of them.
    pub const ALL: [Class; 8] = [
        Class::Passed,
        Class::Failed,
        Class::Crashed,
        Class::Killed,
        Class::EndedOnPurpose,
        Class::Limited,
        Class::NotStarted,
        Class::Unknown,
    ];

    /// The stable name, as in `--json`.
    pub fn name(self) -> &'static str {
        match self {
            Class::Passed => "passed",
            Class::Failed => "failed",
            Class::Crashed => "crashed",
            Class::Killed => "killed",
            Class::EndedOnPurpose => "ended-on-purpose",
            Class::Limited => "limited",
            Class::NotStarted => "not-started",
            Class::Unknown => "unknown",
        }
    }

    /// Of an outcome.
    pub fn of(outcome: &Outcome) -> Class {
        match outcome.end {
            End::NotContained | End::NotExecuted { .. } => Class::NotStarted,
            End::Asked(_) | End::ParentDied if outcome.level.is_none() => Class::NotStarted,
            End::KeeperDied => Class::Unknown,
            End::Timeout(_) | End::Expired(_) | End::Silent(_) | End::OverLimit(_) => {
                Class::Limited
            }
            End::Asked(_) | End::ParentDied | End::StdoutClosed => Class::EndedOnPurpose,
            End::Itself => outcome.status.map_or(Class::Unknown, of_status),
        }
    }
}

fn of_status(status: Status) -> Class {
    match status {
        Status::Exited(0) => Class::Passed,
        Status::Exited(code) => match code.checked_sub(BY_SIGNAL).map(i32::from) {
            Some(signal::TERM | signal::INT) => Class::EndedOnPurpose,
            Some(signal::KILL) => Class::Killed,
            Some(number) if signal::is_fault(number) => Class::Crashed,
            _ => Class::Failed,
        },
        Status::Signaled(signal::TERM | signal::INT) => Class::EndedOnPurpose,
        Status::Signaled(number) if signal::is_fault(number) => Class::Crashed,
        Status::Signaled(_) => Class::Killed,
    }
}

#[cfg(test)]
mod tests {
    use super::{Class, of_status};
    use crate::values::Status;

    #[test]
    fn the_name_is_the_name_in_json() {
        for class in Class::ALL {
            assert_eq!(
                serde_json::to_string(&class).unwrap(),
                format!("\"{}\"", class.name())
            );
        }
    }

    #[test]
    fn what_was_ended_on_purpose_is_no_failure_and_a_failure_is_not_that() {
        for status in [
            Status::Exited(143),
            Status::Exited(130),
            Status::Signaled(15),
            Status::Signaled(2),
        ] {
            assert_eq!(of_status(status), Class::EndedOnPurpose, "{status:?}");
        }
        for code in [1, 2, 101, 125, 126, 127, 128, 129, 142, 144, 255] {
            assert_eq!(of_status(Status::Exited(code)), Class::Failed, "{code}");
        }
        for status in [
            Status::Exited(134),
            Status::Exited(139),
            Status::Signaled(6),
            Status::Signaled(11),
        ] {
            assert_eq!(of_status(status), Class::Crashed, "{status:?}");
        }
        for status in [
            Status::Exited(137),
            Status::Signaled(9),
            Status::Signaled(1),
            Status::Signaled(13),
        ] {
            assert_eq!(of_status(status), Class::Killed, "{status:?}");
        }
    }
}
