//! How a suite is held: levels, deadlines, and what a gate asks for.

use super::duration::{parse_duration, parse_limit};
use super::keys::{ALLOW_LEAKS, HOLD_WEAKER, OUTLIVE_PARENT};
use super::loosening::InForce;
use super::{Checked, ceilings, environment, idle, lock};
use crate::policy::ceilings::Needs;
use crate::policy::error::PolicyError;
use crate::policy::model::{Hold, Idle, Note, Policy, Said};
use crate::policy::place::Place;
use crate::policy::source::Source;
use crate::policy::text::{nearest, printable};
use crate::policy::written;
use crate::values::{Leaks, Level};
use std::time::Duration;
use toml::Spanned;

/// What a gated suite asks for. A suite that is dangerous enough for a gate starts processes that leave their
/// group and their session, and a cgroup is the first level that holds those even when guardrun is killed.
const GATED_ASKS_FOR: Level = Level::Cgroup;

/// The keys that `[defaults]` and a suite have in common.
struct Keys<'w> {
    level: Option<&'w Spanned<String>>,
    at_least: Option<&'w Spanned<String>>,
    timeout: Option<&'w Spanned<String>>,
    grace: Option<&'w Spanned<String>>,
    idle: Option<&'w written::Idle>,
    lifeline: Option<&'w Spanned<bool>>,
}

/// What those keys say.
struct Values {
    level: Option<LevelKey>,
    at_least: Option<Level>,
    timeout: Option<Duration>,
    grace: Option<Duration>,
    idle: Option<Idle>,
    lifeline: Option<bool>,
    said: Said,
}

/// What `level` can say.
#[derive(Clone, Copy)]
enum LevelKey {
    Auto,
    Fixed(Level),
}

/// `[defaults]`.
pub(super) fn defaults(source: &Source, written: &written::Defaults) -> Checked<(Hold, Said)> {
    let keys = Keys {
        level: written.level.as_ref(),
        at_least: written.at_least.as_ref(),
        timeout: written.timeout.as_ref(),
        grace: written.grace.as_ref(),
        idle: written.idle.as_ref(),
        lifeline: written.lifeline.as_ref(),
    };
    let values = keys.values(source)?;
    let built_in = Hold::default();
    let limits = ceilings::Keys {
        memory: written.memory.as_ref(),
        processes: written.processes.as_ref(),
        cpu: written.cpu.as_ref(),
        open_files: written.open_files.as_ref(),
    };
    let hold = Hold {
        level: values.level.and_then(LevelKey::fixed),
        at_least: values.at_least.unwrap_or(built_in.at_least),
        timeout: values.timeout,
        grace: values.grace.unwrap_or(built_in.grace),
        idle: values.idle,
        lifeline: values.lifeline.unwrap_or(built_in.lifeline),
        ceilings: ceilings::ceilings(source, limits, built_in.ceilings)?,
        fence: super::fence::defaults(source, written.fence.as_ref())?,
        ..built_in
    };
    level_is_strong_enough(source, keys.level, hold.level, hold.at_least)?;
    Ok((hold, values.said))
}

/// A suite's hold: its own keys, else the defaults', and never weaker than its gate asks for.
pub(super) fn of_suite(
    source: &Source,
    policy: &Policy,
    name: &Spanned<String>,
    written: &written::Suite,
    in_force: &InForce,
    notes: &mut Vec<Note>,
) -> Checked<(Hold, Said)> {
    let keys = Keys {
        level: written.level.as_ref(),
        at_least: written.at_least.as_ref(),
        timeout: written.timeout.as_ref(),
        grace: written.grace.as_ref(),
        idle: written.idle.as_ref(),
        lifeline: written.lifeline.as_ref(),
    };
    let values = keys.values(source)?;
    let limits = ceilings::Keys {
        memory: written.memory.as_ref(),
        processes: written.processes.as_ref(),
        cpu: written.cpu.as_ref(),
        open_files: written.open_files.as_ref(),
    };
    let (base, base_said) = (&policy.defaults, &policy.defaults_said);

    let floor = Floor::of(source, policy, written);
    let weaker = written
        .dangerously_hold_weaker
        .as_ref()
        .map(Spanned::get_ref);
    let weaker_than_asked = weaker
        .map(|table| weaker_level(source, &floor, table))
        .transpose()?;
    let (at_least, at_least_place) = match (values.at_least, weaker_than_asked) {
        (Some(_), Some(_)) => {
            let span = keys.at_least.map_or(name.span(), Spanned::span);
            return Err(
                PolicyError::at(source, span, "`at-least` is said twice for this suite").hint(
                    format!("keep the one in `{HOLD_WEAKER}`, and take this one out"),
                ),
            );
        }
        (Some(own), None) => {
            floor.allows(source, written.at_least.as_ref(), own)?;
            (own, values.said.at_least.clone())
        }
        (None, Some(weaker)) if in_force.has(HOLD_WEAKER) => {
            let place = in_force
                .loosenings
                .iter()
                .find(|one| one.key == HOLD_WEAKER);
            (weaker, place.map(|one| one.place.clone()))
        }
        (None, _) => (floor.level, floor.place.clone()),
    };

    let mut level = values.level.map_or(base.level, LevelKey::fixed);
    let expired = weaker.is_some() && !in_force.has(HOLD_WEAKER);
    if let Some(wanted) = level.filter(|&wanted| expired && wanted < at_least) {
        notes.push(Note {
            place: values.said.level.clone().unwrap_or_else(|| source.place(&name.span())),
            text: format!("the suite `{}` asks for the level {wanted}, and is held at {at_least} for that reason", name.get_ref()),
        });
        level = Some(at_least);
    }
    match keys.level {
        Some(written) => level_is_strong_enough(source, Some(written), level, at_least)?,
        None => inherited_level_is_strong_enough(source, name, base_said, level, at_least)?,
    }

    let hold = Hold {
        level,
        at_least,
        timeout: values.timeout.or(base.timeout),
        grace: values.grace.unwrap_or(base.grace),
        idle: values.idle.or(base.idle),
        leaks: if in_force.has(ALLOW_LEAKS) {
            Leaks::Warn
        } else {
            Leaks::Fail
        },
        leftovers: in_force.leftovers.clone(),
        lifeline: values.lifeline.unwrap_or(base.lifeline),
        outlive_parent: in_force.has(OUTLIVE_PARENT),
        locks: lock::of_suite(source, name, written, in_force)?,
        ceilings: ceilings::ceilings(source, limits, base.ceilings)?,
        needs: match &written.needs {
            Some(needs) => ceilings::needs(source, needs)?,
            None => Needs::default(),
        },
        environment: environment::rules(
            source,
            &policy.gates,
            written.environment.as_ref(),
            &base.environment,
        )?,
        junit: super::junit::junit(source, written.junit.as_ref())?,
        retry: super::retry::retry(source, written.retry.as_ref())?,
        // The caller's: `check::fence`.
        fence: base.fence.clone(),
    };
    let said = Said {
        level: values.said.level.or_else(|| base_said.level.clone()),
        at_least: at_least_place.or_else(|| base_said.at_least.clone()),
        timeout: values.said.timeout.or_else(|| base_said.timeout.clone()),
        grace: values.said.grace.or_else(|| base_said.grace.clone()),
        idle: values.said.idle.or_else(|| base_said.idle.clone()),
        lifeline: values.said.lifeline.or_else(|| base_said.lifeline.clone()),
    };
    Ok((hold, said))
}

/// The weakest level that a suite may be held at unless it says `dangerously-hold-weaker`, and what asks for it.
struct Floor {
    level: Level,
    place: Option<Place>,
    gated: bool,
}

impl Floor {
    fn of(source: &Source, policy: &Policy, written: &written::Suite) -> Floor {
        let default = policy.defaults.at_least;
        match &written.gate {
            Some(gate) if GATED_ASKS_FOR >= default => Floor {
                level: GATED_ASKS_FOR,
                place: Some(source.place(&gate.span())),
                gated: true,
            },
            gate => Floor {
                level: default,
                place: policy.defaults_said.at_least.clone(),
                gated: gate.is_some(),
            },
        }
    }

    /// Whether a suite may say this in `at-least`. One without a gate may say anything: the defaults are
    /// defaults, and what a gate asks for is not.
    fn allows(
        &self,
        source: &Source,
        written: Option<&Spanned<String>>,
        own: Level,
    ) -> Checked<()> {
        let Some(written) = written.filter(|_| self.gated && own < GATED_ASKS_FOR) else {
            return Ok(());
        };
        let what = format!("{own} is weaker than the {GATED_ASKS_FOR} that a gated suite asks for");
        let hint = format!(
            "to hold it weaker, say why: [suite.NAME.{HOLD_WEAKER}] with at-least and reason"
        );
        Err(PolicyError::at(source, written.span(), what).hint(hint))
    }
}

fn weaker_level(source: &Source, floor: &Floor, table: &written::HoldWeaker) -> Checked<Level> {
    let level = parse_level(source, &table.at_least)?;
    if level < floor.level {
        return Ok(level);
    }
    let what = format!(
        "{level} is not weaker than the {} that the suite asks for anyway",
        floor.level
    );
    Err(
        PolicyError::at(source, table.at_least.span(), what).hint(format!(
            "`{HOLD_WEAKER}` only loosens; write `at-least` in the suite's own table to tighten"
        )),
    )
}

fn level_is_strong_enough(
    source: &Source,
    written: Option<&Spanned<String>>,
    level: Option<Level>,
    at_least: Level,
) -> Checked<()> {
    let (Some(written), Some(level)) = (written, level) else {
        return Ok(());
    };
    if level >= at_least {
        return Ok(());
    }
    let what =
        format!("the level {level} is weaker than the {at_least} that this has to be held at");
    Err(PolicyError::at(source, written.span(), what).hint(format!(
        "use a stronger level or \"auto\"; to hold a suite weaker than its gate asks for, say why in `{HOLD_WEAKER}`"
    )))
}

fn inherited_level_is_strong_enough(
    source: &Source,
    name: &Spanned<String>,
    said: &Said,
    level: Option<Level>,
    at_least: Level,
) -> Checked<()> {
    let (Some(level), Some(place)) = (level, &said.level) else {
        return Ok(());
    };
    if level >= at_least {
        return Ok(());
    }
    let what = format!(
        "the suite `{}` has to be held at {at_least}, and inherits the level {level}",
        name.get_ref()
    );
    Err(PolicyError::at(source, name.span(), what)
        .see(place, "the level is said here")
        .hint(r#"give the suite a `level` of its own, such as "auto""#))
}

impl Keys<'_> {
    fn values(&self, source: &Source) -> Checked<Values> {
        let place = |span| Some(source.place(&span));
        Ok(Values {
            level: self
                .level
                .map(|level| parse_level_key(source, level))
                .transpose()?,
            at_least: self
                .at_least
                .map(|level| parse_level(source, level))
                .transpose()?,
            timeout: self
                .timeout
                .map(|text| parse_timeout(source, text))
                .transpose()?,
            grace: self
                .grace
                .map(|text| parse_duration(source, text))
                .transpose()?,
            idle: self
                .idle
                .map(|written| idle::checked(source, written))
                .transpose()?,
            lifeline: self.lifeline.map(|lifeline| *lifeline.get_ref()),
            said: Said {
                level: self.level.and_then(|it| place(it.span())),
                at_least: self.at_least.and_then(|it| place(it.span())),
                timeout: self.timeout.and_then(|it| place(it.span())),
                grace: self.grace.and_then(|it| place(it.span())),
                idle: self.idle.and_then(|it| place(it.after.span())),
                lifeline: self.lifeline.and_then(|it| place(it.span())),
            },
        })
    }
}

impl LevelKey {
    fn fixed(self) -> Option<Level> {
        match self {
            LevelKey::Auto => None,
            LevelKey::Fixed(level) => Some(level),
        }
    }
}

fn parse_level_key(source: &Source, written: &Spanned<String>) -> Checked<LevelKey> {
    if written.get_ref() == "auto" {
        return Ok(LevelKey::Auto);
    }
    find_level(written.get_ref())
        .map(LevelKey::Fixed)
        .ok_or_else(|| no_such_level(source, written, &["auto"]))
}

fn parse_level(source: &Source, written: &Spanned<String>) -> Checked<Level> {
    find_level(written.get_ref()).ok_or_else(|| no_such_level(source, written, &[]))
}

fn find_level(name: &str) -> Option<Level> {
    Level::STRONGEST_FIRST
        .into_iter()
        .find(|level| level.name() == name)
}

fn no_such_level(source: &Source, written: &Spanned<String>, more: &[&'static str]) -> PolicyError {
    let name = written.get_ref();
    let levels = Level::STRONGEST_FIRST.map(Level::name);
    let known: Vec<&str> = levels.into_iter().chain(more.iter().copied()).collect();
    PolicyError::at(
        source,
        written.span(),
        format!("there is no level `{}`", printable(name)),
    )
    .did_you_mean(nearest(name, known.iter().copied()))
    .hint(format!("the levels are {}", known.join(", ")))
}

fn parse_timeout(source: &Source, written: &Spanned<String>) -> Checked<Duration> {
    parse_limit(source, written, "timeout")
}
