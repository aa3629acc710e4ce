//! What is said about a lock that is not to be had.

use super::json;
use super::voice::{Tone, Voice};
use crate::exit::{Exit, Verdict};
use crate::registry::{Holder, LockError};
use crate::run::{Busy, Why};
use serde_json::json;
use std::time::Duration;

/// Says who has the lock, and how it can be seen.
pub fn busy(voice: &Voice, busy: &Busy) -> Exit {
    let text = text(busy);
    if voice.json {
        let mut said = json::failure(Verdict::Busy, &text);
        said["lock"] = json!(busy.lock);
        said["holder"] = json!(busy.holder);
        voice.line(&said.to_string());
    } else {
        voice.lines(&format!("busy: {text}"));
        voice.say(Tone::Plain, &format!("hint: {}", hint(busy.why)));
    }
    Verdict::Busy.into()
}

/// Says why nobody can have it.
pub fn no_lock(voice: &Voice, error: &LockError) -> Exit {
    let text = format!(
        "{error}; nothing was started\nhint: without its lock the suite does not run: see to it that the directory is there, is yours alone (mode 700), and is not on a full or read-only disk"
    );
    super::failure(voice, Verdict::Busy, &text);
    Verdict::Busy.into()
}

/// That one is waiting, and for whom.
pub(super) fn waiting(lock: &str, holder: &Holder, waited: Duration) -> String {
    let so_far = match waited.as_secs() {
        0 => String::new(),
        seconds => format!(", for {} now", time(Duration::from_secs(seconds))),
    };
    format!("waiting for the lock {lock}{so_far}; {}", held_by(holder))
}

fn text(busy: &Busy) -> String {
    let lock = &busy.lock;
    let holder = busy.holder.as_deref();
    let held = holder.map_or_else(
        || "it is held by a run that has not said who it is".to_owned(),
        held_by,
    );
    match busy.why {
        Why::Held => format!("the lock {lock} is not free; nothing was started\n{held}"),
        Why::OwnAncestor => format!(
            "the lock {lock} is held by the run that this guardrun is in, which would wait for itself; nothing was started\n{held}"
        ),
        Why::Waited(waited) => format!(
            "the lock {lock} was not free within {}; nothing was started\n{held}",
            time(waited)
        ),
        Why::NotEnded(waited) => format!(
            "the lock {lock} is held by a run that was asked to end and had not within {}; nothing was started\n{held}",
            time(waited)
        ),
        Why::OutOfReach => format!(
            "the lock {lock} is held by a run in another container or pid namespace, which cannot be replaced from here; nothing was started\n{held}"
        ),
        Why::Overtaken => format!(
            "the run that had the lock {lock} has ended, and another one was faster; nothing was started\n{held}"
        ),
        Why::Expired(limit) => format!(
            "runs of the lock {lock} have replaced each other for more than the {} that `expires-after` allows; nothing was started\n{held}",
            time(limit)
        ),
        Why::LeftOver(count) => format!(
            "the last run that had the lock {lock} has left {count} processes that could not be ended; nothing was started\n{}",
            holder.map(who).unwrap_or_default()
        ),
    }
}

fn hint(why: Why) -> &'static str {
    match why {
        Why::Held | Why::Overtaken => "`guardrun ps` shows it; --lock wait waits for it",
        Why::OwnAncestor => {
            "give the inner suite a lock of another name, or run it without guardrun"
        }
        Why::Waited(_) => "`guardrun ps` shows it; `wait` in the policy says how long to wait",
        Why::NotEnded(_) | Why::OutOfReach => {
            "`guardrun ps --all` shows it; end it where it was started"
        }
        Why::Expired(_) => "a new run can start when that one has ended",
        Why::LeftOver(_) => {
            "`guardrun reap` lists them; a process of another user needs that user or root to end it"
        }
    }
}

fn held_by(holder: &Holder) -> String {
    format!("held for {} by {}", time(holder.age()), who(holder))
}

fn who(holder: &Holder) -> String {
    let suite = holder
        .suite
        .as_deref()
        .map(|name| format!(" of the suite `{name}`"))
        .unwrap_or_default();
    format!(
        "run {}{suite}, pid {}: {}",
        holder.run, holder.front, holder.command
    )
}

fn time(time: Duration) -> String {
    match time.as_secs() {
        0 => "less than a second".to_owned(),
        seconds => humantime::format_duration(Duration::from_secs(seconds)).to_string(),
    }
}
