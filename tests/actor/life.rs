//! Every process of the actor ends by itself.
//!
//! A test that starts processes which defend themselves must not depend on being right: whatever goes wrong, each
//! of them is gone by its deadline. The deadline is a monotonic time that is inherited by fork and handed on over
//! exec (`--until`); each process arms it *for itself*, because neither a timer nor an alarm is inherited by fork
//! (fork(2)) and timers do not survive exec (timer_create(2)), while an alarm does (alarm(2)).
//!
//! The end is a timer that sends SIGKILL: that reaches also who ignores every signal and who is stopped. It does not
//! reach pid 1 of a pid namespace (pid_namespaces(7)), so whoever sleeps looks at the clock as well.

use crate::sys;
use crate::words::Words;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// How long an actor lives when nothing else is said.
const USUAL_LIFE: Duration = Duration::from_secs(60);
/// How often a sleeping process looks at the clock.
const LOOK: Duration = Duration::from_secs(1);

static UNTIL: AtomicU64 = AtomicU64::new(0);

/// Sets the deadline from `--until NANOSECONDS` or `--life SECONDS`, and arms it.
pub(crate) fn begin(words: &Words) {
    let until = words.text("until").and_then(|text| text.parse().ok());
    let life = words
        .text("life")
        .and_then(|text| text.parse().ok())
        .map_or(USUAL_LIFE, Duration::from_secs);
    let until = until.unwrap_or_else(|| sys::now() + life.as_nanos() as u64);
    UNTIL.store(until, Ordering::Relaxed);
    arm();
}

/// The deadline, to be handed on as `--until`.
pub(crate) fn until() -> u64 {
    UNTIL.load(Ordering::Relaxed)
}

/// How much is left.
pub(crate) fn left() -> Duration {
    Duration::from_nanos(until().saturating_sub(sys::now()))
}

/// Arms the end of this very process. `sys::fork` calls it in every child before anything else.
pub(crate) fn arm() {
    if left().is_zero() {
        sys::exit_now(98);
    }
    if sys::kill_me_at(until()).is_err() {
        // Out of timers: the alarm is weaker (it can be ignored), and there is always one.
        arm_over_exec();
    }
}

/// Arms an end that holds over exec, until the new program has armed its own.
pub(crate) fn arm_over_exec() {
    sys::alarm(left().as_secs() as u32 + 1);
}

/// Sleeps until the deadline, whatever signals come, and exits.
pub(crate) fn sleep_out() -> ! {
    loop {
        let left = left();
        if left.is_zero() {
            sys::exit_now(98);
        }
        sys::nap(left.min(LOOK));
    }
}
