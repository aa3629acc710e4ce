//! The course of a run: what is done about what happens, and when. Pure: time comes in as a number, actions go out as
//! data, so that every order of events can be tried in a test.
//!
//! ```text
//!  Running ──leader ended, nothing else lives──────────────────────────────┐
//!    │  │                                                                  │
//!    │  └─leader ended by itself─> Settling ──quiet──────────────────────> Over
//!    │                                │ time is up: name the survivors      ^
//!    │ asked to end, limit, …         v                                     │
//!    ├──────────────> Ending ──> Clearing ──quiet───────────────────────────┤
//!    │                   │           │ grace is over                        │
//!    │                   v           v                                      │
//!    └─asked twice──> Killing ───────────────quiet, or proved empty─────────┘
//!                        └─ limit is over: name what is left ───────────────┘
//! ```

use crate::outcome::{End, Reached, Why};
use crate::sys::signal;
use crate::values::Status;
use std::time::Duration;

/// How long what is left after a green end may take to go by itself: a pipeline's members outlive it by milliseconds.
pub(super) const SETTLE: Duration = Duration::from_secs(1);
/// How long a suite may take to notice by itself that nobody reads its output.
pub(super) const UNREAD: Duration = Duration::from_millis(500);
/// How long a kill may take before what is left is called unkillable.
pub(super) const KILL_LIMIT: Duration = Duration::from_secs(20);
/// How soon a kill is repeated while something is left.
pub(super) const KILL_AGAIN: Duration = Duration::from_millis(20);

/// What happens to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// The leader ended.
    LeaderEnded(Status),
    /// Nothing of the run is alive.
    Quiet,
    /// The keeper is gone, having said so or not.
    KeeperGone,
    /// This signal arrived at the front.
    Signal(i32),
    /// This signal came from the terminal to the suite, which has it already.
    FromTerminal(i32),
    /// A ceiling was reached.
    OverLimit(Reached),
    /// The process that started guardrun died.
    ParentGone,
    /// Whoever read guardrun's standard output went away.
    StdoutClosed,
    /// The suite was silent for longer than this, and did nothing.
    Silent(Duration),
    /// Time has passed.
    Tick,
}

/// What is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Send this signal to the suite's process group.
    Forward(i32),
    /// Show every process of the run: somebody wants to see them.
    ShowFamily(Why),
    /// Name what is alive: it should have ended with the suite.
    NameSurvivors,
    /// Ask everything that is alive to end: TERM, and CONT, because a stopped process cannot handle TERM.
    AskAll,
    /// Kill everything, in the way of the level.
    Kill,
    /// Name what is still alive: it cannot be killed.
    NameUnkilled,
}

/// Where a run is in its course. Times are on the run's own clock: since its start, stopped time left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// The leader runs and nobody has asked it to end.
    Running,
    /// The output has no reader; the leader may notice by itself until then.
    Unread { until: Duration },
    /// The leader was asked to end, and may take until then.
    Ending { until: Duration },
    /// The leader ended by itself; what is left may go by itself until then.
    Settling { until: Duration },
    /// The leader has ended; what is left was asked to end, and may take until then.
    Clearing { until: Duration },
    /// Everything is being killed, again at `again`, given up at `until`.
    Killing { again: Duration, until: Duration },
    /// There is nothing more to do.
    Over,
}

/// A limit on the wall clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeLimit {
    /// When it is over, on the run's own clock.
    pub(super) after: Duration,
    /// What its end is the end of.
    pub(super) end: End,
}

impl TimeLimit {
    /// The suite's own.
    pub(super) fn own(after: Duration) -> TimeLimit {
        TimeLimit {
            after,
            end: End::Timeout(after),
        }
    }

    /// What runs that replace each other have left to this one.
    pub(super) fn shared(after: Duration) -> TimeLimit {
        TimeLimit {
            after,
            end: End::Expired(after),
        }
    }
}

/// The state of a run.
#[derive(Clone, Debug)]
pub(super) struct Course {
    phase: Phase,
    timeout: Option<TimeLimit>,
    grace: Duration,
    status: Option<Status>,
    end: End,
    killed: bool,
}

impl Course {
    /// A run that has just been started.
    pub(super) fn new(timeout: Option<TimeLimit>, grace: Duration) -> Course {
        Course {
            phase: Phase::Running,
            timeout,
            grace,
            status: None,
            end: End::Itself,
            killed: false,
        }
    }

    /// What brought the end about.
    pub(super) fn end(&self) -> End {
        self.end
    }

    /// How the leader ended, if that is known.
    pub(super) fn status(&self) -> Option<Status> {
        self.status
    }

    /// Whether patience came to an end and what was left was killed. What is killed for want of a keeper does not count:
    /// nobody had looked whether it was there.
    pub(super) fn killed(&self) -> bool {
        self.killed
    }

    /// Whether the run is over.
    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Whether the suite may go on by itself: nobody has asked it to end, and it has not.
    pub(super) fn is_running(&self) -> bool {
        matches!(self.phase, Phase::Running | Phase::Unread { .. })
    }

    /// Whether everything is being killed.
    pub(super) fn is_killing(&self) -> bool {
        matches!(self.phase, Phase::Killing { .. })
    }

    /// When something is to be done though nothing happens.
    pub(super) fn next_tick(&self) -> Option<Duration> {
        match self.phase {
            Phase::Running => self.timeout.map(|limit| limit.after),
            Phase::Unread { until } => {
                Some(self.timeout.map_or(until, |limit| limit.after.min(until)))
            }
            Phase::Ending { until } | Phase::Settling { until } | Phase::Clearing { until } => {
                Some(until)
            }
            Phase::Killing { again, until } => Some(again.min(until)),
            Phase::Over => None,
        }
    }

    /// Takes in what happened at `now` and answers what to do about it, in order.
    pub(super) fn step(&mut self, event: Event, now: Duration) -> Vec<Action> {
        match event {
            Event::LeaderEnded(status) => self.leader_ended(status, now),
            Event::Quiet => self.quiet(),
            Event::KeeperGone => self.keeper_gone(now),
            Event::Signal(signal) => self.signalled(signal, now),
            Event::FromTerminal(signal) => self.asked(End::Asked(signal), None, now),
            Event::OverLimit(reached) => self.over_limit(reached, now),
            Event::ParentGone => self.asked(End::ParentDied, Some(signal::TERM), now),
            Event::StdoutClosed => self.unread(now),
            Event::Silent(limit) if self.is_running() => self.limit(End::Silent(limit), now),
            Event::Silent(_) => Vec::new(),
            Event::Tick => self.tick(now),
        }
    }

    fn leader_ended(&mut self, status: Status, now: Duration) -> Vec<Action> {
        self.status = Some(status);
        match self.phase {
            Phase::Running | Phase::Unread { .. } => {
                self.phase = Phase::Settling {
                    until: now + SETTLE,
                };
                Vec::new()
            }
            Phase::Ending { until } => {
                self.phase = Phase::Clearing { until };
                vec![Action::AskAll]
            }
            Phase::Settling { .. }
            | Phase::Clearing { .. }
            | Phase::Killing { .. }
            | Phase::Over => Vec::new(),
        }
    }

    fn quiet(&mut self) -> Vec<Action> {
        self.phase = Phase::Over;
        Vec::new()
    }

    /// The keeper leaves only when all is quiet. Gone before that, it was killed, and the front ends the suite itself.
    fn keeper_gone(&mut self, now: Duration) -> Vec<Action> {
        match self.phase {
            Phase::Over | Phase::Killing { .. } => Vec::new(),
            _ => {
                self.because(End::KeeperDied);
                self.kill(now)
            }
        }
    }

    fn signalled(&mut self, signal_: i32, now: Duration) -> Vec<Action> {
        match signal_ {
            signal::TERM | signal::INT | signal::HUP | signal::QUIT => {
                self.asked(End::Asked(signal_), Some(signal_), now)
            }
            // Sent to see what is going on; a suite that does not handle it would die of it.
            signal::USR1 => vec![Action::ShowFamily(Why::Asked)],
            other => vec![Action::Forward(other)],
        }
    }

    /// Somebody wants the run to end. `forward` is what the suite is to be told, if it does not know yet.
    fn asked(&mut self, why: End, forward: Option<i32>, now: Duration) -> Vec<Action> {
        match self.phase {
            Phase::Running | Phase::Unread { .. } => {
                self.because(why);
                self.phase = Phase::Ending {
                    until: now + self.grace,
                };
                forward.map_or_else(Vec::new, |signal_| {
                    vec![Action::Forward(signal_), Action::Forward(signal::CONT)]
                })
            }
            Phase::Settling { .. } => {
                self.because(why);
                self.phase = Phase::Clearing {
                    until: now + self.grace,
                };
                vec![Action::AskAll]
            }
            // Asked twice: no more patience. Except that a dying parent often comes with a signal, and means the same.
            Phase::Ending { .. } | Phase::Clearing { .. } if why == End::ParentDied => Vec::new(),
            Phase::Ending { .. } | Phase::Clearing { .. } => {
                self.because(why);
                self.kill_impatiently(now)
            }
            Phase::Killing { .. } | Phase::Over => Vec::new(),
        }
    }

    /// The suite goes at once: what has used up its share would use up its grace as well.
    fn over_limit(&mut self, reached: Reached, now: Duration) -> Vec<Action> {
        match self.phase {
            Phase::Killing { .. } | Phase::Over => Vec::new(),
            _ => {
                self.because(End::OverLimit(reached));
                let mut actions = vec![Action::ShowFamily(Why::Limit)];
                actions.append(&mut self.kill(now));
                actions
            }
        }
    }

    fn unread(&mut self, now: Duration) -> Vec<Action> {
        if self.phase == Phase::Running {
            self.phase = Phase::Unread {
                until: now + UNREAD,
            };
        }
        Vec::new()
    }

    fn tick(&mut self, now: Duration) -> Vec<Action> {
        let over = self.timeout.filter(|limit| now > limit.after);
        if let (Phase::Running | Phase::Unread { .. }, Some(limit)) = (self.phase, over) {
            return self.limit(limit.end, now);
        }
        match self.phase {
            Phase::Unread { until } if now >= until => {
                self.because(End::StdoutClosed);
                self.phase = Phase::Ending {
                    until: now + self.grace,
                };
                vec![Action::Forward(signal::TERM), Action::Forward(signal::CONT)]
            }
            Phase::Settling { until } if now >= until => {
                self.phase = Phase::Clearing {
                    until: now + self.grace,
                };
                vec![Action::NameSurvivors, Action::AskAll]
            }
            Phase::Ending { until } | Phase::Clearing { until } if now >= until => {
                self.kill_impatiently(now)
            }
            Phase::Killing { until, .. } if now >= until => {
                self.phase = Phase::Over;
                vec![Action::NameUnkilled]
            }
            Phase::Killing { again, until } if now >= again => {
                self.phase = Phase::Killing {
                    again: now + KILL_AGAIN,
                    until,
                };
                vec![Action::Kill]
            }
            _ => Vec::new(),
        }
    }

    /// A limit was passed while the suite was running: what it was doing is shown before it is disturbed.
    fn limit(&mut self, which: End, now: Duration) -> Vec<Action> {
        self.because(which);
        self.phase = Phase::Ending {
            until: now + self.grace,
        };
        vec![
            Action::ShowFamily(Why::Limit),
            Action::Forward(signal::TERM),
            Action::Forward(signal::CONT),
        ]
    }

    fn kill_impatiently(&mut self, now: Duration) -> Vec<Action> {
        self.killed = true;
        self.kill(now)
    }

    fn kill(&mut self, now: Duration) -> Vec<Action> {
        self.phase = Phase::Killing {
            again: now + KILL_AGAIN,
            until: now + KILL_LIMIT,
        };
        vec![Action::Kill]
    }

    /// The first cause stays: what comes after it comes of it.
    fn because(&mut self, why: End) {
        if self.end == End::Itself && !(why == End::KeeperDied && self.status.is_some()) {
            self.end = why;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Course, Event, KILL_AGAIN, KILL_LIMIT, SETTLE, TimeLimit, UNREAD};
    use crate::outcome::{End, Proof, Reached, Resource, Why};
    use crate::sys::signal;
    use crate::values::Status;
    use std::time::Duration;

    const GRACE: Duration = Duration::from_secs(10);
    const PASSED: Event = Event::LeaderEnded(Status::Exited(0));
    const NOTHING: [Action; 0] = [];

    fn course() -> Course {
        Course::new(None, GRACE)
    }

    fn at(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_suite_that_ends_and_leaves_nothing_is_over_at_once() {
        let mut course = course();
        assert_eq!(course.step(PASSED, at(5)), NOTHING);
        assert_eq!(course.step(Event::Quiet, at(5)), NOTHING);
        assert!(course.is_over());
        assert_eq!(
            (course.end(), course.status()),
            (End::Itself, Some(Status::Exited(0)))
        );
    }

    #[test]
    fn what_goes_by_itself_within_the_settling_time_is_not_named() {
        let mut course = course();
        course.step(PASSED, at(0));
        assert_eq!(course.step(Event::Tick, SETTLE - at(1)), NOTHING);
        assert_eq!(course.step(Event::Quiet, SETTLE - at(1)), NOTHING);
        assert!(course.is_over());
    }

    #[test]
    fn what_stays_longer_is_named_then_asked_then_killed() {
        let mut course = course();
        course.step(PASSED, at(0));
        assert_eq!(course.next_tick(), Some(SETTLE));
        assert_eq!(
            course.step(Event::Tick, SETTLE),
            [Action::NameSurvivors, Action::AskAll]
        );
        assert_eq!(course.step(Event::Tick, SETTLE + GRACE - at(1)), NOTHING);
        assert!(!course.killed());
        assert_eq!(course.step(Event::Tick, SETTLE + GRACE), [Action::Kill]);
        assert_eq!(course.end(), End::Itself);
        assert!(course.killed());
    }

    #[test]
    fn a_kill_is_repeated_until_quiet_or_given_up() {
        let mut course = course();
        course.step(Event::Signal(signal::TERM), at(0));
        course.step(Event::Signal(signal::TERM), at(1));
        assert_eq!(course.step(Event::Tick, at(1) + KILL_AGAIN), [Action::Kill]);
        assert_eq!(
            course.step(Event::Tick, at(1) + KILL_LIMIT),
            [Action::NameUnkilled]
        );
        assert!(course.is_over());
    }

    #[test]
    fn the_limit_is_strictly_greater() {
        let mut course = Course::new(Some(TimeLimit::own(at(1000))), GRACE);
        assert_eq!(course.step(Event::Tick, at(1000)), NOTHING);
        let asked = [
            Action::ShowFamily(Why::Limit),
            Action::Forward(signal::TERM),
            Action::Forward(signal::CONT),
        ];
        assert_eq!(
            course.step(Event::Tick, at(1000) + Duration::from_nanos(1)),
            asked
        );
        assert_eq!(course.end(), End::Timeout(at(1000)));
    }

    #[test]
    fn a_timeout_stays_a_timeout_whatever_the_suite_makes_of_it() {
        let mut course = Course::new(Some(TimeLimit::own(at(1000))), GRACE);
        course.step(Event::Tick, at(1001));
        assert_eq!(course.step(PASSED, at(1002)), [Action::AskAll]);
        course.step(Event::Quiet, at(1003));
        assert_eq!(course.end(), End::Timeout(at(1000)));
    }

    #[test]
    fn the_first_ctrl_c_waits_and_the_second_kills() {
        let mut course = course();
        assert_eq!(
            course.step(Event::FromTerminal(signal::INT), at(0)),
            NOTHING,
            "the suite has it already"
        );
        assert_eq!(
            course.step(Event::FromTerminal(signal::INT), at(300)),
            [Action::Kill]
        );
        assert_eq!(course.end(), End::Asked(signal::INT));
    }

    #[test]
    fn a_signal_to_the_front_is_passed_on_and_a_second_one_kills() {
        for first in [signal::TERM, signal::INT, signal::HUP, signal::QUIT] {
            let mut course = course();
            let passed_on = [Action::Forward(first), Action::Forward(signal::CONT)];
            assert_eq!(course.step(Event::Signal(first), at(0)), passed_on);
            assert_eq!(
                course.step(Event::Signal(signal::TERM), at(1)),
                [Action::Kill]
            );
            assert_eq!(course.end(), End::Asked(first), "the first cause stays");
        }
    }

    #[test]
    fn a_signal_that_asks_for_nothing_is_only_passed_on() {
        let mut course = course();
        assert_eq!(
            course.step(Event::Signal(signal::USR2), at(0)),
            [Action::Forward(signal::USR2)]
        );
        assert_eq!(course.next_tick(), None);
    }

    #[test]
    fn one_who_asks_what_goes_on_is_shown_it_and_the_suite_hears_nothing() {
        let mut course = course();
        let shown = [Action::ShowFamily(Why::Asked)];
        assert_eq!(course.step(Event::Signal(signal::USR1), at(0)), shown);
        assert!(course.is_running());
        course.step(Event::Signal(signal::TERM), at(1));
        assert_eq!(course.step(Event::Signal(signal::USR1), at(2)), shown);
        assert!(!course.is_killing(), "to ask is not to ask twice");
    }

    #[test]
    fn silence_ends_a_suite_that_runs_and_says_nothing_of_one_that_is_ending() {
        let mut course = course();
        assert_eq!(
            course.step(Event::Silent(at(100)), at(101)),
            [
                Action::ShowFamily(Why::Limit),
                Action::Forward(signal::TERM),
                Action::Forward(signal::CONT),
            ]
        );
        assert_eq!(course.end(), End::Silent(at(100)));
        assert_eq!(course.step(Event::Silent(at(100)), at(300)), NOTHING);
        let mut ended = self::course();
        ended.step(PASSED, at(0));
        assert_eq!(ended.step(Event::Silent(at(100)), at(101)), NOTHING);
        assert_eq!(ended.end(), End::Itself);
    }

    #[test]
    fn a_parent_that_dies_ends_the_run_and_does_not_count_as_asking_twice() {
        let mut course = course();
        course.step(Event::ParentGone, at(0));
        assert_eq!(course.end(), End::ParentDied);
        let mut other = self::course();
        other.step(Event::Signal(signal::HUP), at(0));
        assert_eq!(other.step(Event::ParentGone, at(1)), NOTHING);
    }

    #[test]
    fn a_suite_whose_output_nobody_reads_may_end_by_itself_first() {
        let mut course = course();
        assert_eq!(course.step(Event::StdoutClosed, at(0)), NOTHING);
        course.step(PASSED, UNREAD - at(1));
        course.step(Event::Quiet, UNREAD - at(1));
        assert_eq!(course.end(), End::Itself);

        let mut deaf = self::course();
        deaf.step(Event::StdoutClosed, at(0));
        assert_eq!(
            deaf.step(Event::Tick, UNREAD),
            [Action::Forward(signal::TERM), Action::Forward(signal::CONT)]
        );
        assert_eq!(deaf.end(), End::StdoutClosed);
    }

    #[test]
    fn unread_output_does_not_postpone_the_time_limit() {
        let mut course = Course::new(Some(TimeLimit::own(at(100))), GRACE);
        course.step(Event::StdoutClosed, at(0));
        assert_eq!(course.next_tick(), Some(at(100)));
        course.step(Event::Tick, at(101));
        assert_eq!(course.end(), End::Timeout(at(100)));
    }

    #[test]
    fn a_ceiling_ends_the_run_at_once_and_is_the_cause_unless_there_was_one_before() {
        let reached = Reached {
            resource: Resource::Processes,
            ceiling: 10,
            proof: Proof::NotForked(1),
        };
        let mut course = course();
        let at_once = [Action::ShowFamily(Why::Limit), Action::Kill];
        assert_eq!(course.step(Event::OverLimit(reached), at(0)), at_once);
        assert_eq!(course.end(), End::OverLimit(reached));
        assert_eq!(course.step(Event::OverLimit(reached), at(1)), NOTHING);
        let mut asked = self::course();
        asked.step(Event::Signal(signal::TERM), at(0));
        assert_eq!(asked.step(Event::OverLimit(reached), at(1)), at_once);
        assert_eq!(asked.end(), End::Asked(signal::TERM));
    }

    #[test]
    fn a_keeper_that_dies_early_means_kill_and_an_unknown_result() {
        let mut course = course();
        assert_eq!(course.step(Event::KeeperGone, at(0)), [Action::Kill]);
        assert_eq!(course.end(), End::KeeperDied);
    }

    #[test]
    fn a_keeper_that_dies_after_the_status_is_known_loses_no_result() {
        let mut course = course();
        course.step(PASSED, at(0));
        assert_eq!(course.step(Event::KeeperGone, at(1)), [Action::Kill]);
        assert_eq!(
            (course.end(), course.status()),
            (End::Itself, Some(Status::Exited(0)))
        );
    }

    #[test]
    fn a_keeper_that_leaves_after_quiet_is_no_event() {
        let mut course = course();
        course.step(PASSED, at(0));
        course.step(Event::Quiet, at(0));
        assert_eq!(course.step(Event::KeeperGone, at(1)), NOTHING);
    }
}
