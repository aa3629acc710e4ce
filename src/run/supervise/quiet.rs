//! A suite that writes nothing: whether it works or hangs, and what there is of it.

use super::Supervisor;
use crate::outcome::{Family, Why};
use crate::run::course::Event;
use crate::run::effort::Effort;
use crate::run::family;
use crate::run::relay::Relay;
use crate::run::silence::{Due, Found, Silence};
use crate::run::surroundings::Surroundings;
use std::time::Duration;
use tracing::debug;

impl Supervisor<'_> {
    /// When something is to be done though nothing happens.
    pub(super) fn next_tick(&self) -> Option<Duration> {
        let silence = self.silence.as_ref().filter(|_| self.course.is_running());
        let silence = silence.map(Silence::next_tick);
        match (self.course.next_tick(), silence) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Looks whether a silent suite does anything, when that is due.
    pub(super) fn mind_silence(&mut self, surroundings: &Surroundings) {
        let now = self.clock.now();
        let Some(silence) = self.silence.as_mut().filter(|_| self.course.is_running()) else {
            return;
        };
        let Some(due) = silence.due(now) else { return };
        if surroundings.relay.as_ref().is_some_and(Relay::is_held_up) {
            // Whoever reads the output does not take it; the suite may well be waiting for that.
            silence.heard(now);
            return;
        }
        let effort = Effort::look(&self.hold);
        let used = effort.since(&self.effort);
        self.effort = effort;
        match due {
            Due::Begin => silence.begin(now),
            Due::Judge => {
                let (quiet, of) = (silence.quiet(now), silence.watched(now));
                debug!(?quiet, ?used, ?of, "silent");
                match silence.judge(now, used) {
                    Found::Works => self.listener.silent_at_work(quiet, used, of),
                    Found::Silent => {
                        let limit = silence.limit();
                        self.step(Event::Silent(limit));
                    }
                }
            }
        }
    }

    /// Shows every process of the run.
    pub(super) fn show_family(&mut self, why: Why) {
        let now = self.clock.now();
        let (processes, more) = family::look(&self.hold);
        self.listener.family(&Family {
            why,
            elapsed: now,
            quiet: self.silence.as_ref().map(|silence| silence.quiet(now)),
            processes,
            more,
        });
    }
}
