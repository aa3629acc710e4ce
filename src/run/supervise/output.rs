//! The suite's output on its way through guardrun: what was passed on, and what is still to be when the suite has ended.

use super::Supervisor;
use crate::keeper::Order;
use crate::outcome::End;
use crate::run::relay::{Passed, Relay};
use crate::run::surroundings::Surroundings;
use crate::sys::poll::{self, Interest};
use crate::sys::signal::{self, Whom};
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

/// How long, after a run that was ended, a reader may take nothing of the rest of the output before that is given up. After
/// a suite that ended by itself its reader decides: a person may read in a pager for an hour.
const UNTAKEN: Duration = Duration::from_secs(10);

/// How soon after its start a suite has ended at once.
const AT_ONCE: Duration = Duration::from_secs(1);

impl Supervisor<'_> {
    /// Takes note of what was passed on.
    pub(super) fn passed(&mut self, passed: Passed) {
        if passed.bytes > 0
            && let Some(silence) = &mut self.silence
        {
            silence.heard(self.clock.now());
        }
        if let Some(error) = passed.failed {
            self.listener.output_lost(&error);
        }
    }

    /// Passes on what there is, so that it comes before what happens next.
    pub(super) fn catch_up(&mut self, surroundings: &mut Surroundings) {
        if let Some(relay) = &mut surroundings.relay {
            let passed = relay.catch_up();
            self.passed(passed);
        }
    }

    /// The terminal has another size. The suite has been told, and finds the pseudoterminal as it was; so it is told again.
    pub(super) fn resized(&mut self, surroundings: &Surroundings) {
        if surroundings.relay.as_ref().is_some_and(Relay::take_sizes) {
            Order::Signal(signal::WINCH).send(self.line);
        }
    }

    /// Passes on what was written before the end. Ends when that is done, when the reader leaves, and when somebody asks for
    /// the end; after a run that was ended also when the reader takes nothing for a while.
    pub(super) fn pass_on_the_rest(&mut self, surroundings: &mut Surroundings) {
        let Some(relay) = &mut surroundings.relay else {
            return;
        };
        let mut rest = relay.rest();
        loop {
            let passed = rest.pass_on();
            if let Some(error) = passed.failed {
                self.listener.output_lost(&error);
            }
            let Some([one_way, other_way]) = rest.interests() else {
                return;
            };
            let patience = (self.course.end() != End::Itself).then(|| Instant::now() + UNTAKEN);
            let parent = surroundings.parent.as_ref().filter(|_| self.parent_watched);
            let wanted = [
                one_way,
                other_way,
                Some((surroundings.signals.as_fd(), Interest::Readable)),
                parent.map(|parent| (parent.as_fd(), Interest::Readable)),
            ];
            let Ok([one_way, other_way, signals, parent_gone]) = poll::wait(wanted, patience)
            else {
                return;
            };
            while signals && let Some(arrived) = surroundings.signals.next() {
                match arrived.signal {
                    signal::TERM | signal::INT | signal::HUP | signal::QUIT => return,
                    signal::TSTP => signal::stop(signal::TSTP, Whom::OwnGroup),
                    _ => {}
                }
            }
            let untaken = patience.is_some_and(|patience| Instant::now() >= patience);
            if parent_gone || (untaken && !one_way && !other_way) {
                return;
            }
        }
    }

    /// Whether the suite ended at once and nothing was ever written.
    pub(super) fn is_mute(&self, surroundings: &Surroundings) -> bool {
        let relay = surroundings.relay.as_ref();
        relay.is_some_and(Relay::nothing_was_written)
            && self.leader_ended.is_some_and(|ended| ended < AT_ONCE)
    }
}
