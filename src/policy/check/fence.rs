//! What a suite's tests may not do: the fence, what is let through it, and what a refusal means.
//!
//! A suite without a gate has the fence `daemons` unless it says more; to say less takes a table with a reason, as with
//! every other safety. A suite with a gate starts real processes by its nature and has none unless it asks for one.

use super::Checked;
use super::keys::{FENCE_WEAKER, WARN_FENCED};
use super::loosening::InForce;
use crate::policy::error::PolicyError;
use crate::policy::model::{FenceRules, Hold};
use crate::policy::source::Source;
use crate::policy::text::{nearest, printable};
use crate::policy::written::{self};
use crate::values::{Fence, Refused};
use toml::Spanned;

/// `[defaults]`: for suites without a gate, and for commands that no suite describes. May only ask for more.
pub(super) fn defaults(source: &Source, written: Option<&Spanned<String>>) -> Checked<FenceRules> {
    let built_in = FenceRules::default();
    let Some(written) = written else {
        return Ok(built_in);
    };
    let class = class(source, written)?;
    if class < built_in.class {
        return Err(weaker(source, written, class, built_in.class)
            .hint("leave it out here; a suite that needs less says so, with a reason"));
    }
    Ok(FenceRules {
        class,
        place: Some(source.place(&written.span())),
        demanded: true,
        ..built_in
    })
}

/// A suite's own.
pub(super) fn of_suite(
    source: &Source,
    defaults: &Hold,
    written: &written::Suite,
    in_force: &InForce,
) -> Checked<FenceRules> {
    let floor = match &written.gate {
        Some(gate) => FenceRules {
            class: Fence::Off,
            place: Some(source.place(&gate.span())),
            ..FenceRules::default()
        },
        None => defaults.fence.clone(),
    };
    let asked = written.fence.as_ref();
    let asked = asked.map(|key| Ok((key, class(source, key)?)));
    let loosened = written.dangerously_fence_weaker.as_ref();
    let loosened = loosened.map(|table| weaker_class(source, &floor, written, table.get_ref()));
    let (class, place) = match (asked.transpose()?, loosened.transpose()?) {
        (Some((key, _)), Some(_)) => {
            return Err(PolicyError::at(
                source,
                key.span(),
                "`fence` is said twice for this suite",
            )
            .hint(format!(
                "keep the one in `{FENCE_WEAKER}`, and take this one out"
            )));
        }
        (Some((key, asked)), None) if asked < floor.class => {
            let hint = format!(
                "leave it out, or say why in [suite.NAME.{FENCE_WEAKER}]; a suite that starts real processes is better gated"
            );
            return Err(weaker(source, key, asked, floor.class).hint(hint));
        }
        (Some((key, asked)), None) => (asked, Some(source.place(&key.span()))),
        (None, Some(less)) if in_force.has(FENCE_WEAKER) => {
            let table = in_force.loosenings.iter().find(|it| it.key == FENCE_WEAKER);
            (less, table.map(|table| table.place.clone()))
        }
        (None, _) => (floor.class, floor.place.clone()),
    };
    let asked_for_here = asked_here(written, in_force);
    Ok(FenceRules {
        class,
        place,
        demanded: class > Fence::Off && (asked_for_here || floor.demanded),
        allowed: in_force.allowed.clone(),
        refused: match in_force.has(WARN_FENCED) {
            true => Refused::Warn,
            false => Refused::Fail,
        },
    })
}

/// Whether the suite itself says which fence it has.
fn asked_here(written: &written::Suite, in_force: &InForce) -> bool {
    written.fence.is_some() || in_force.has(FENCE_WEAKER)
}

fn weaker_class(
    source: &Source,
    floor: &FenceRules,
    written: &written::Suite,
    table: &written::FenceWeaker,
) -> Checked<Fence> {
    let less = class(source, &table.fence)?;
    if less < floor.class {
        return Ok(less);
    }
    let what = format!(
        "`{less}` is no weaker than the fence `{}` that this suite has",
        floor.class
    );
    let error = PolicyError::at(source, table.fence.span(), what);
    Err(match written.gate {
        Some(_) => error.hint("a suite with a gate has no fence unless it says `fence`"),
        None => error.hint("to ask for more, write `fence` without a table"),
    })
}

fn weaker(source: &Source, written: &Spanned<String>, asked: Fence, floor: Fence) -> PolicyError {
    let what = format!("the fence `{asked}` is weaker than `{floor}`, which holds without it");
    PolicyError::at(source, written.span(), what)
}

fn class(source: &Source, written: &Spanned<String>) -> Checked<Fence> {
    let said = written.get_ref();
    let names = || Fence::ALL.into_iter().map(Fence::name);
    let found = Fence::ALL.into_iter().find(|fence| fence.name() == said);
    found.ok_or_else(|| {
        PolicyError::at(
            source,
            written.span(),
            format!("`{}` is no fence", printable(said)),
        )
        .did_you_mean(nearest(said, names()))
        .hint(format!(
            "write one of {}",
            names().collect::<Vec<_>>().join(", ")
        ))
    })
}
