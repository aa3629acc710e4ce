//! The run's own clock: monotonic, from the start of the suite, standing still while the job is stopped.

use std::time::{Duration, Instant};

/// A clock that can stand still.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    start: Instant,
}

impl Clock {
    /// Starts at zero.
    pub(super) fn start() -> Clock {
        Clock {
            start: Instant::now(),
        }
    }

    /// Time since the start, without the time that was left out.
    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// When the clock will show this time, if it is not stopped until then.
    pub(super) fn instant(&self, time: Duration) -> Instant {
        self.start + time
    }

    /// Leaves out the time that `act` takes.
    pub(super) fn leave_out(&mut self, act: impl FnOnce()) {
        let before = Instant::now();
        act();
        self.start += before.elapsed();
    }
}
