//! Locks: one run at a time, for a gated suite unless it says why not.

use super::duration::parse_limit;
use super::keys::RUN_CONCURRENTLY;
use super::loosening::InForce;
use super::{Checked, check_name};
use crate::policy::error::PolicyError;
use crate::policy::lock::{Lock, Reach};
use crate::policy::source::Source;
use crate::policy::text::{nearest, printable};
use crate::policy::written::{self, LockKey};
use crate::values::WhenBusy;
use toml::Spanned;

/// The longest name: it becomes part of the name of a file.
const LONGEST: usize = 64;

/// The locks that a suite needs: at the most one of its own.
pub(super) fn of_suite(
    source: &Source,
    name: &Spanned<String>,
    written: &written::Suite,
    in_force: &InForce,
) -> Checked<Vec<Lock>> {
    let concurrently = written.dangerously_run_concurrently.as_ref();
    match (&written.lock, &written.gate, concurrently) {
        (Some(lock), _, Some(_)) => Err(PolicyError::at(
            source,
            lock.span(),
            format!("the suite has a lock, and `{RUN_CONCURRENTLY}` gives it up"),
        )
        .hint("keep one of the two")),
        (Some(lock), ..) => explicit(source, name, lock).map(|lock| vec![lock]),
        (None, None, Some(table)) => Err(PolicyError::at(
            source,
            table.span(),
            format!(
                "`{RUN_CONCURRENTLY}` gives up nothing: the suite needs no gate, so it has no lock"
            ),
        )
        .hint("take it out")),
        (None, Some(_), Some(_)) if in_force.has(RUN_CONCURRENTLY) => Ok(Vec::new()),
        (None, Some(gate), _) => {
            own_name(source, name)?;
            Ok(vec![Lock {
                name: name.get_ref().clone(),
                reach: Reach::Repository,
                when_busy: WhenBusy::Refuse,
                wait: Lock::USUAL_WAIT,
                expires_after: None,
                place: source.place(&gate.span()),
            }])
        }
        (None, None, None) => Ok(Vec::new()),
    }
}

fn explicit(source: &Source, suite: &Spanned<String>, lock: &Spanned<LockKey>) -> Checked<Lock> {
    let place = source.place(&lock.span());
    let written = match lock.get_ref() {
        LockKey::Name(name) => {
            let name = Spanned::new(lock.span(), name.clone());
            check(source, &name)?;
            return Ok(Lock {
                name: name.into_inner(),
                reach: Reach::Machine,
                when_busy: WhenBusy::Refuse,
                wait: Lock::USUAL_WAIT,
                expires_after: None,
                place,
            });
        }
        LockKey::Table(table) => table,
    };
    match &written.name {
        Some(name) => check(source, name)?,
        None => own_name(source, suite)?,
    }
    // A name of the suite's own says nothing outside its repository; one that was chosen is chosen to be shared.
    let usual = match written.name {
        Some(_) => Reach::Machine,
        None => Reach::Repository,
    };
    let limit = |text: &Option<Spanned<String>>, key: &str| {
        let text = text.as_ref();
        text.map(|text| parse_limit(source, text, key)).transpose()
    };
    Ok(Lock {
        name: written.name.as_ref().unwrap_or(suite).get_ref().clone(),
        reach: match &written.scope {
            Some(word) => one_of(source, word, "scope", &REACHES)?,
            None => usual,
        },
        when_busy: match &written.when_busy {
            Some(word) => one_of(source, word, "when-busy", &ANSWERS)?,
            None => WhenBusy::Refuse,
        },
        wait: limit(&written.wait, "wait")?.unwrap_or(Lock::USUAL_WAIT),
        expires_after: limit(&written.expires_after, "expires-after")?,
        place,
    })
}

const REACHES: [(&str, Reach); 2] = [
    ("machine", Reach::Machine),
    ("repository", Reach::Repository),
];

const ANSWERS: [(&str, WhenBusy); 3] = [
    ("refuse", WhenBusy::Refuse),
    ("wait", WhenBusy::Wait),
    ("replace", WhenBusy::Replace),
];

fn one_of<T: Copy>(
    source: &Source,
    written: &Spanned<String>,
    key: &str,
    known: &[(&'static str, T)],
) -> Checked<T> {
    let word = written.get_ref().as_str();
    if let Some((_, value)) = known.iter().find(|(name, _)| *name == word) {
        return Ok(*value);
    }
    let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
    let what = format!("`{}` is no `{key}` of a lock", printable(word));
    Err(PolicyError::at(source, written.span(), what)
        .did_you_mean(nearest(word, names.iter().copied()))
        .hint(format!("write one of {}", names.join(", "))))
}

fn check(source: &Source, name: &Spanned<String>) -> Checked<()> {
    check_name(source, name, "lock")?;
    if name.get_ref().len() > LONGEST {
        let what = format!("the name of a lock has at most {LONGEST} bytes");
        return Err(PolicyError::at(source, name.span(), what).hint("give it a shorter name"));
    }
    Ok(())
}

/// The suite's own name as that of its lock.
fn own_name(source: &Source, suite: &Spanned<String>) -> Checked<()> {
    if suite.get_ref().len() <= LONGEST {
        return Ok(());
    }
    let what = "the suite's lock is named after it, and this is too long for that".to_owned();
    Err(PolicyError::at(source, suite.span(), what).hint(format!(
        "at most {LONGEST} bytes; or give the suite a `lock` with a shorter name"
    )))
}
