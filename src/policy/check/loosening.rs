//! The tables that give up a safety. Each says why, and may say until when.
//!
//! One that has expired is no longer in force, and is told as a note. It is no error: then every run in the
//! repository would fail on a date, and the quickest cure would be a later date.

use super::keys::{
    ALLOW_FENCED, ALLOW_LEAKS, EXPECT_LEFTOVER, FENCE_WEAKER, HOLD_WEAKER, OUTLIVE_PARENT,
    RUN_CONCURRENTLY, WARN_FENCED,
};
use super::{Checked, sentence};
use crate::policy::error::PolicyError;
use crate::policy::glob::parse_glob;
use crate::policy::model::{Allowed, Leftover, Loosened, Note};
use crate::policy::source::Source;
use crate::policy::text::printable;
use crate::policy::written::{self, Day};
use jiff::civil::Date;
use toml::Spanned;

/// What of a suite's loosenings is in force.
#[derive(Default)]
pub(super) struct InForce {
    pub(super) loosenings: Vec<Loosened>,
    pub(super) leftovers: Vec<Leftover>,
    pub(super) allowed: Vec<Allowed>,
}

impl InForce {
    pub(super) fn has(&self, key: &str) -> bool {
        self.loosenings.iter().any(|loosened| loosened.key == key)
    }
}

/// Checks every loosening of a suite, and keeps those that have not expired.
pub(super) fn in_force(
    source: &Source,
    today: Date,
    suite: &str,
    written: &written::Suite,
    notes: &mut Vec<Note>,
) -> Checked<InForce> {
    let mut found = InForce::default();
    let mut weigh = |key, span, reason: &Spanned<String>, expires: Option<&Day>| {
        weigh(source, today, suite, key, span, reason, expires, notes)
    };
    if let Some(table) = &written.dangerously_allow_leaks {
        let inner = table.get_ref();
        let loosened = weigh(
            ALLOW_LEAKS,
            table.span(),
            &inner.reason,
            inner.expires.as_ref(),
        )?;
        found.loosenings.extend(loosened);
    }
    if let Some(table) = &written.dangerously_hold_weaker {
        let inner = table.get_ref();
        let loosened = weigh(
            HOLD_WEAKER,
            table.span(),
            &inner.reason,
            inner.expires.as_ref(),
        )?;
        found.loosenings.extend(loosened);
    }
    for table in &written.dangerously_expect_leftover {
        let inner = table.get_ref();
        let program = program(source, &inner.program)?;
        let loosened = weigh(
            EXPECT_LEFTOVER,
            table.span(),
            &inner.reason,
            inner.expires.as_ref(),
        )?;
        if let Some(loosened) = loosened {
            found.leftovers.push(Leftover {
                program,
                reason: loosened.reason.clone(),
                expires: loosened.expires,
            });
            found.loosenings.push(loosened);
        }
    }
    if let Some(table) = &written.dangerously_outlive_parent {
        let inner = table.get_ref();
        let loosened = weigh(
            OUTLIVE_PARENT,
            table.span(),
            &inner.reason,
            inner.expires.as_ref(),
        )?;
        found.loosenings.extend(loosened);
    }
    if let Some(table) = &written.dangerously_fence_weaker {
        let inner = table.get_ref();
        let (reason, expires) = (&inner.reason, inner.expires.as_ref());
        let loosened = weigh(FENCE_WEAKER, table.span(), reason, expires)?;
        found.loosenings.extend(loosened);
    }
    if let Some(table) = &written.dangerously_warn_fenced {
        let inner = table.get_ref();
        let (reason, expires) = (&inner.reason, inner.expires.as_ref());
        let loosened = weigh(WARN_FENCED, table.span(), reason, expires)?;
        found.loosenings.extend(loosened);
    }
    for table in &written.dangerously_allow_fenced {
        let inner = table.get_ref();
        let (reason, expires) = (&inner.reason, inner.expires.as_ref());
        let allowed = super::allowed::allowed(source, table)?;
        if let Some(loosened) = weigh(ALLOW_FENCED, table.span(), reason, expires)? {
            found.allowed.push(allowed);
            found.loosenings.push(loosened);
        }
    }
    if let Some(table) = &written.dangerously_run_concurrently {
        let inner = table.get_ref();
        let (reason, expires) = (&inner.reason, inner.expires.as_ref());
        let loosened = weigh(RUN_CONCURRENTLY, table.span(), reason, expires)?;
        found.loosenings.extend(loosened);
    }
    Ok(found)
}

#[expect(
    clippy::too_many_arguments,
    reason = "one table's parts; its one caller binds the first three"
)]
fn weigh(
    source: &Source,
    today: Date,
    suite: &str,
    key: &'static str,
    span: std::ops::Range<usize>,
    reason: &Spanned<String>,
    expires: Option<&Day>,
    notes: &mut Vec<Note>,
) -> Checked<Option<Loosened>> {
    let loosened = Loosened {
        key,
        reason: sentence(source, reason, "reason")?,
        expires: expires.map(|day| day.0),
        place: source.place(&span),
    };
    match loosened.expires {
        Some(last) if last < today => {
            notes.push(Note {
                text: format!(
                    "`{key}` of the suite `{suite}` expired on {last} and is no longer in force"
                ),
                place: loosened.place,
            });
            Ok(None)
        }
        _ => Ok(Some(loosened)),
    }
}

/// A glob over a base name. One that matches every program would turn the whole check for leaks off without
/// saying so, and there is a table that says so.
fn program(source: &Source, written: &Spanned<String>) -> Checked<String> {
    let text = written.get_ref();
    let error = |what: String| PolicyError::at(source, written.span(), what);
    if text.contains('/') {
        return Err(error(format!(
            "`{}` is a path; a leftover is known by its base name",
            printable(text)
        ))
        .hint("write only what comes after the last `/`"));
    }
    if !text.chars().any(char::is_alphanumeric) {
        return Err(
            error(format!("`{}` names no program", printable(text))).hint(
                "name the program; to accept any leftover, say so with `dangerously-allow-leaks`",
            ),
        );
    }
    if text.len() > 255 {
        return Err(error("the name is longer than any file's".to_owned())
            .hint("name the program by its base name"));
    }
    match parse_glob(text) {
        Ok(_) => Ok(text.clone()),
        Err(problem) => Err(error(format!(
            "`{}` is not a glob: {}",
            printable(text),
            problem.kind()
        ))
        .hint("write a base name such as `sccache`, or a glob such as `sccache*`")),
    }
}
