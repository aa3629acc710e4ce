//! Room before the start: what the suite needs is free, or is waited for, or the run is refused.

use crate::contain::cgroup;
use crate::exit::{Exit, Verdict};
use crate::host;
use crate::plan::Plan;
use crate::plan::room::{short_of, unknown};
use crate::report::{self, Voice};
use std::time::{Duration, Instant};

/// How often one looks while waiting.
const LOOK: Duration = Duration::from_secs(1);
/// How often one says that one still waits.
const SAY: Duration = Duration::from_secs(15);

/// Comes back when there is room for the run; refuses it when there is none, and will be none in time. Nothing is started
/// yet, so Ctrl-C ends the wait as it ends any program.
pub(super) fn wait(voice: &Voice, plan: &Plan) -> Result<(), Exit> {
    let needs = &plan.hold.needs;
    if needs.is_empty() {
        return Ok(());
    }
    let own = cgroup::own().ok();
    let start = Instant::now();
    let mut said: Option<Instant> = None;
    loop {
        let room = host::room(own.as_deref());
        let short = short_of(needs, &room);
        if short.is_empty() {
            let unknown = unknown(needs, &room);
            unknown
                .iter()
                .for_each(|what| report::unknown_room(voice, what));
            return Ok(());
        }
        let left = needs
            .wait
            .unwrap_or_default()
            .saturating_sub(start.elapsed());
        if left.is_zero() {
            report::no_room(voice, plan, &short, None);
            return Err(Verdict::NoRoom.into());
        }
        if said.is_none_or(|said| said.elapsed() >= SAY) {
            said = Some(Instant::now());
            let whole_seconds = Duration::from_secs(left.as_secs().max(1));
            report::no_room(voice, plan, &short, Some(whole_seconds));
        }
        std::thread::sleep(LOOK.min(left));
    }
}
