//! The limit of silence: when to look whether a suite that writes nothing does anything. Pure: time and processor time come
//! in as numbers, on the run's own clock, which stands still while the job is stopped.
//!
//! ```text
//!  Quiet ──half the limit──> Watched ──the limit──┬─ worked ──> Watched, from now on
//!    ^                          │                 └─ did not ─> Silent
//!    └───────── a byte ─────────┘
//! ```
//!
//! What counts as work is what was used in the *last* half of the limit, so the first look is taken then: one at each byte
//! would cost a busy run dearly, and none at all would take the work before the silence for work in it.

use crate::values::Working;
use std::time::Duration;

/// The share of the watched time that has to be processor time for a suite to be at work: one part in so many. An idle
/// daemon's timers use less, a suite that computes far more.
const SHARE: u32 = 100;

/// The state of a run's silence.
#[derive(Clone, Debug)]
pub(super) struct Silence {
    limit: Duration,
    working: Working,
    last_byte: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Nothing has been written for less than half the limit, or nobody has looked since.
    Quiet,
    /// The processor time is known as it was at `since`; it is judged after `until`.
    Watched { since: Duration, until: Duration },
}

/// What a look is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// To know later what was used from now on.
    Begin,
    /// To judge.
    Judge,
}

/// What a look has shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// It works, and may go on.
    Works,
    /// It is to be ended.
    Silent,
}

impl Silence {
    /// A run that has just been started.
    pub(super) fn new(limit: Duration, working: Working) -> Silence {
        Silence {
            limit,
            working,
            last_byte: Duration::ZERO,
            state: State::Quiet,
        }
    }

    /// How long the suite may be silent.
    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// How long nothing has been written.
    pub(super) fn quiet(&self, now: Duration) -> Duration {
        now.saturating_sub(self.last_byte)
    }

    /// How much of that is watched.
    pub(super) fn watched(&self, now: Duration) -> Duration {
        match self.state {
            State::Quiet => Duration::ZERO,
            State::Watched { since, .. } => now.saturating_sub(since),
        }
    }

    /// Something was written, or it was not the suite that was silent.
    pub(super) fn heard(&mut self, now: Duration) {
        self.last_byte = now;
        self.state = State::Quiet;
    }

    /// When the next look is due.
    pub(super) fn next_tick(&self) -> Duration {
        match self.state {
            State::Quiet => self.last_byte + self.limit / 2,
            State::Watched { until, .. } => until,
        }
    }

    /// Whether a look is due, and what for. The limit has to be passed, not only reached. A look that comes far too late
    /// says that guardrun itself did not run meanwhile, stopped as a shell without job control stops things; perhaps the
    /// suite did not either, so that is nothing to judge by.
    pub(super) fn due(&self, now: Duration) -> Option<Due> {
        match self.state {
            State::Quiet if now >= self.next_tick() => Some(Due::Begin),
            State::Watched { until, .. } if now > until + self.limit => Some(Due::Begin),
            State::Watched { until, .. } if now > until => Some(Due::Judge),
            _ => None,
        }
    }

    /// The processor time is known as it is now.
    pub(super) fn begin(&mut self, now: Duration) {
        self.state = State::Watched {
            since: now,
            until: (self.last_byte + self.limit).max(now + self.limit / 2),
        };
    }

    /// Judges what was `used` since the look before, and begins anew.
    pub(super) fn judge(&mut self, now: Duration, used: Duration) -> Found {
        let State::Watched { since, .. } = self.state else {
            return Found::Works;
        };
        let at_work = used * SHARE >= now.saturating_sub(since) && !used.is_zero();
        self.state = State::Watched {
            since: now,
            until: now + self.limit,
        };
        match self.working {
            Working::Warn if at_work => Found::Works,
            Working::Warn | Working::Kill => Found::Silent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Due, Found, Silence};
    use crate::values::Working;
    use std::time::Duration;

    fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn silence() -> Silence {
        Silence::new(at(100), Working::Warn)
    }

    #[test]
    fn the_limit_is_strictly_greater() {
        let mut silence = silence();
        assert_eq!(silence.next_tick(), at(50));
        assert_eq!(silence.due(at(49)), None);
        assert_eq!(silence.due(at(50)), Some(Due::Begin));
        silence.begin(at(50));
        assert_eq!(silence.next_tick(), at(100));
        assert_eq!(silence.due(at(100)), None);
        let just_after = at(100) + Duration::from_nanos(1);
        assert_eq!(silence.due(just_after), Some(Due::Judge));
        assert_eq!(silence.judge(just_after, Duration::ZERO), Found::Silent);
    }

    #[test]
    fn a_byte_begins_the_time_anew_also_when_it_was_watched_already() {
        let mut silence = silence();
        silence.begin(at(50));
        silence.heard(at(99));
        assert_eq!(silence.quiet(at(120)), at(21));
        assert_eq!(silence.due(at(148)), None);
        assert_eq!(silence.next_tick(), at(149));
    }

    #[test]
    fn one_that_works_is_looked_at_again_after_the_whole_limit() {
        let mut silence = silence();
        silence.begin(at(50));
        assert_eq!(silence.judge(at(101), at(51)), Found::Works);
        assert_eq!(silence.next_tick(), at(201));
        assert_eq!(silence.judge(at(202), Duration::ZERO), Found::Silent);
    }

    #[test]
    fn a_timer_now_and_then_is_no_work() {
        let mut silence = silence();
        silence.begin(at(50));
        let little = Duration::from_millis(400);
        assert_eq!(silence.judge(at(101), little), Found::Silent);
        silence.begin(at(50));
        let enough = Duration::from_millis(600);
        assert_eq!(silence.judge(at(101), enough), Found::Works);
    }

    #[test]
    fn the_policy_may_end_one_that_works() {
        let mut silence = Silence::new(at(100), Working::Kill);
        silence.begin(at(50));
        assert_eq!(silence.judge(at(101), at(51)), Found::Silent);
    }

    #[test]
    fn after_a_stop_of_guardrun_itself_it_is_watched_before_it_is_judged() {
        let mut silence = silence();
        assert_eq!(silence.due(at(500)), Some(Due::Begin));
        silence.begin(at(500));
        assert_eq!(silence.next_tick(), at(550));
        let mut watched = self::silence();
        watched.begin(at(50));
        assert_eq!(watched.due(at(500)), Some(Due::Begin));
    }
}
