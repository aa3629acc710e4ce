//! Whether a run is to be tried again: asked of the policy's `retry`, and of how the last attempt ended. Pure.
//!
//! Never again: what somebody ended on purpose, what guardrun refused, limited, killed or lost, and what left something behind.
//! The next attempt would meet the same machine in a worse state, or do what somebody has just said is not to be done.

use super::{Class, End, Ending, Outcome};
use crate::policy::{Retry, RetryOn};
use jiff::Timestamp;
use std::time::Duration;

/// An attempt that is over, as the report lists it.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The run's id; each attempt is a run of its own.
    pub run: String,
    /// How it ended.
    pub ending: Ending,
    /// When it began.
    pub started: Option<Timestamp>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Whether one more attempt is to be made after `made` of them.
pub fn is_to_be_tried_again(
    retry: Option<&Retry>,
    made: u32,
    outcome: &Outcome,
    ending: &Ending,
) -> bool {
    let Some(retry) = retry else { return false };
    let wanted = match ending.class {
        Class::Failed => retry.on.contains(&RetryOn::Failed),
        Class::Crashed => retry.on.contains(&RetryOn::Crashed),
        _ => false,
    };
    let left_nothing = outcome
        .survivors
        .iter()
        .all(|survivor| survivor.expected.is_some());
    wanted
        && made <= retry.times
        && outcome.end == End::Itself
        && ending.verdicts.is_empty()
        && left_nothing
        && !outcome.killed
        && outcome.unkilled.is_empty()
        && outcome.oom.suite.unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::is_to_be_tried_again;
    use crate::outcome::{End, OomCount, Outcome, Proof, Reached, Resource, Survivor, explain};
    use crate::policy::{Retry, RetryOn};
    use crate::values::{Leaks, Level, ProcessId, Status};
    use std::time::Duration;

    fn outcome(end: End, status: Option<Status>) -> Outcome {
        Outcome {
            level: Some(Level::Cgroup),
            status,
            ..Outcome::of_nothing(None, end, Vec::new())
        }
    }

    fn again(on: &[RetryOn], made: u32, outcome: &Outcome) -> bool {
        let retry = Retry {
            times: 2,
            on: on.to_vec(),
        };
        let ending = explain(outcome, Leaks::Fail);
        is_to_be_tried_again(Some(&retry), made, outcome, &ending)
    }

    const BOTH: [RetryOn; 2] = [RetryOn::Failed, RetryOn::Crashed];

    #[test]
    fn a_plain_failure_is_tried_again_as_often_as_the_policy_says_and_not_without_it() {
        let failed = outcome(End::Itself, Some(Status::Exited(1)));
        assert!(again(&[RetryOn::Failed], 1, &failed));
        assert!(again(&[RetryOn::Failed], 2, &failed));
        assert!(!again(&[RetryOn::Failed], 3, &failed));
        assert!(!again(&[RetryOn::Crashed], 1, &failed));
        let ending = explain(&failed, Leaks::Fail);
        assert!(!is_to_be_tried_again(None, 1, &failed, &ending));
    }

    #[test]
    fn a_crash_is_tried_again_only_if_that_is_asked_for() {
        for status in [
            Status::Signaled(11),
            Status::Signaled(6),
            Status::Exited(139),
        ] {
            let crashed = outcome(End::Itself, Some(status));
            assert!(again(&[RetryOn::Crashed], 1, &crashed), "{status:?}");
            assert!(!again(&[RetryOn::Failed], 1, &crashed), "{status:?}");
        }
    }

    /// S4.1: "Exit 143 or SIGTERM is an intentional end, not a crash: no automatic restart."
    #[test]
    fn what_ended_on_purpose_was_killed_or_passed_is_never_tried_again() {
        for status in [
            Status::Exited(0),
            Status::Exited(143),
            Status::Exited(130),
            Status::Exited(137),
            Status::Signaled(15),
            Status::Signaled(2),
            Status::Signaled(9),
            Status::Signaled(1),
        ] {
            assert!(
                !again(&BOTH, 1, &outcome(End::Itself, Some(status))),
                "{status:?}"
            );
        }
    }

    #[test]
    fn what_its_fence_has_refused_something_is_not_tried_again_until_it_happens_not_to() {
        let mut fenced = outcome(End::Itself, Some(Status::Exited(1)));
        assert!(again(&BOTH, 1, &fenced));
        fenced.fenced.refused = 1;
        assert!(!again(&BOTH, 1, &fenced));
        fenced.fenced.forgiven = true;
        assert!(again(&BOTH, 1, &fenced));
    }

    #[test]
    fn what_did_not_end_by_itself_is_never_tried_again() {
        let reached = Reached {
            resource: Resource::Memory,
            ceiling: 1,
            proof: Proof::Killed(1),
        };
        let ends = [
            End::Timeout(Duration::from_secs(1)),
            End::OverLimit(reached),
            End::Asked(15),
            End::Asked(2),
            End::ParentDied,
            End::StdoutClosed,
            End::KeeperDied,
            End::NotExecuted { errno: 2 },
            End::NotContained,
        ];
        for end in ends {
            for status in [None, Some(Status::Exited(1)), Some(Status::Signaled(11))] {
                assert!(
                    !again(&BOTH, 1, &outcome(end, status)),
                    "{end:?} {status:?}"
                );
            }
        }
        assert!(!again(&BOTH, 1, &outcome(End::Itself, None)), "lost");
    }

    #[test]
    fn what_left_something_or_ran_out_of_memory_is_never_tried_again() {
        let left = Survivor {
            id: ProcessId { pid: 5, start: 6 },
            parent: 1,
            command: String::new(),
            program: String::new(),
            age_seconds: 0,
            listening: Vec::new(),
            state: 'S',
            waiting_in: None,
            expected: None,
            started_by: Vec::new(),
        };
        let failed = outcome(End::Itself, Some(Status::Exited(1)));
        let worse = [
            Outcome {
                survivors: vec![left.clone()],
                ..failed.clone()
            },
            Outcome {
                unkilled: vec![left],
                ..failed.clone()
            },
            Outcome {
                killed: true,
                ..failed.clone()
            },
            Outcome {
                oom: OomCount {
                    suite: Some(1),
                    machine: None,
                },
                ..failed.clone()
            },
        ];
        assert!(again(&BOTH, 1, &failed));
        for outcome in worse {
            assert!(!again(&BOTH, 1, &outcome), "{outcome:?}");
        }
    }
}
