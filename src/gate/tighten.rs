//! Flags against the policy: a flag may tighten, never loosen.
//!
//! Where there is no policy file nobody has said anything yet, so a flag is free to choose. The exception is
//! `--leaks warn`: that a green run leaves nothing is what guardrun is for, and to give it up takes a reason in a file.

use crate::cli::{LevelChoice, RunOptions};
use crate::policy::{Ceilings, FenceRules, Hold, Idle, Lock, Place, Said};
use crate::values::{Fence, Leaks, Level, WhenBusy, Working};
use std::fmt;
use std::time::Duration;

/// A flag that would loosen what the policy says. A mistake in the command line, not in the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loosening {
    flag: String,
    demand: String,
    place: Option<Place>,
    hint: String,
}

/// Applies the flags to what the policy says.
pub(super) fn tighten(
    hold: Hold,
    said: &Said,
    has_file: bool,
    flags: &RunOptions,
) -> Result<Hold, Loosening> {
    let rule = Rule { said, has_file };
    let at_least = rule.at_least(&hold, flags)?;
    Ok(Hold {
        level: rule.level(&hold, at_least, flags)?,
        at_least: at_least.max(rule.fixed_by_auto(&hold, flags)),
        timeout: rule.timeout(&hold, flags)?,
        grace: rule.grace(&hold, flags)?,
        idle: rule.idle(&hold, flags)?,
        leaks: leaks(&hold, flags)?,
        outlive_parent: rule.outlive_parent(&hold, flags)?,
        locks: locks(&hold, flags)?,
        ceilings: rule.ceilings(&hold, flags)?,
        retry: hold.retry.clone().filter(|_| !flags.no_retry),
        fence: fence(&hold, flags)?,
        ..hold
    })
}

/// Who has said something that a flag may not take back.
struct Rule<'a> {
    said: &'a Said,
    has_file: bool,
}

impl Rule<'_> {
    fn at_least(&self, hold: &Hold, flags: &RunOptions) -> Result<Level, Loosening> {
        match flags.at_least {
            Some(asked) if self.has_file && asked < hold.at_least => Err(self.loosens(
                format!("--at-least {asked}"),
                format!("at least {}", hold.at_least),
                self.said.at_least.as_ref(),
                "leave the flag out; `dangerously-hold-weaker` in the policy asks for less, with a reason",
            )),
            Some(asked) => Ok(asked),
            None => Ok(hold.at_least),
        }
    }

    fn level(
        &self,
        hold: &Hold,
        at_least: Level,
        flags: &RunOptions,
    ) -> Result<Option<Level>, Loosening> {
        let Some(choice) = flags.level else {
            // The flag --at-least can ask for more than the one level that the policy names.
            return Ok(hold.level.map(|level| level.max(at_least)));
        };
        let Some(asked) = fixed(choice) else {
            return Ok(None);
        };
        if let Some(demanded) = hold.level.filter(|&level| self.has_file && asked < level) {
            return Err(self.loosens(
                format!("--level {asked}"),
                format!("the level {demanded}"),
                self.said.level.as_ref(),
                "ask for that level or a stronger one; to loosen takes the policy",
            ));
        }
        if asked < at_least {
            let from_flag = flags.at_least.is_some();
            let place = self.said.at_least.as_ref().filter(|_| !from_flag);
            return Err(self.loosens(
                format!("--level {asked}"),
                format!("at least {at_least}"),
                place,
                if from_flag {
                    "the two flags cannot both hold; leave one of them out"
                } else {
                    "ask for that level or a stronger one; to loosen takes the policy"
                },
            ));
        }
        Ok(Some(asked))
    }

    /// With `--level auto` a level that the policy names becomes the weakest that will do: to let guardrun choose
    /// must not come to less than was demanded.
    fn fixed_by_auto(&self, hold: &Hold, flags: &RunOptions) -> Level {
        match (flags.level, hold.level) {
            (Some(LevelChoice::Auto), Some(level)) if self.has_file => level,
            _ => Level::Subreaper,
        }
    }

    fn timeout(&self, hold: &Hold, flags: &RunOptions) -> Result<Option<Duration>, Loosening> {
        match (flags.timeout, hold.timeout) {
            (Some(asked), Some(limit)) if self.has_file && asked > limit => Err(self.loosens(
                format!("--timeout {}", humantime::format_duration(asked)),
                format!("a timeout of {}", humantime::format_duration(limit)),
                self.said.timeout.as_ref(),
                "ask for that much or less; a longer `timeout` is written in the policy",
            )),
            (Some(asked), _) => Ok(Some(asked)),
            (None, limit) => Ok(limit),
        }
    }

    fn grace(&self, hold: &Hold, flags: &RunOptions) -> Result<Duration, Loosening> {
        match flags.grace {
            Some(asked) if self.has_file && asked > hold.grace => Err(self.loosens(
                format!("--grace {}", humantime::format_duration(asked)),
                format!("a grace of {}", humantime::format_duration(hold.grace)),
                self.said.grace.as_ref(),
                "ask for that much or less; a longer `grace` is written in the policy",
            )),
            Some(asked) => Ok(asked),
            None => Ok(hold.grace),
        }
    }

    fn idle(&self, hold: &Hold, flags: &RunOptions) -> Result<Option<Idle>, Loosening> {
        match (flags.idle, hold.idle) {
            (Some(asked), Some(limit)) if self.has_file && asked > limit.after => Err(self
                .loosens(
                    format!("--idle {}", humantime::format_duration(asked)),
                    format!(
                        "an idle limit of {}",
                        humantime::format_duration(limit.after)
                    ),
                    self.said.idle.as_ref(),
                    "ask for that much or less; a longer `idle` is written in the policy",
                )),
            (Some(after), limit) => Ok(Some(Idle {
                after,
                working: limit.map_or(Working::Warn, |limit| limit.working),
            })),
            (None, limit) => Ok(limit),
        }
    }

    fn ceilings(&self, hold: &Hold, flags: &RunOptions) -> Result<Ceilings, Loosening> {
        let loosens = |flag: String, demand: String| {
            let hint = "ask for that much or less; a higher ceiling is written in the policy";
            Err(self.loosens(flag, demand, None, hint))
        };
        match (flags.memory, hold.ceilings.memory) {
            (Some(asked), Some(most)) if self.has_file && asked > most => {
                return loosens(
                    format!("--memory {asked}"),
                    format!("at most {most} of memory"),
                );
            }
            _ => {}
        }
        match (flags.processes, hold.ceilings.processes) {
            (Some(asked), Some(most)) if self.has_file && asked > most => {
                return loosens(
                    format!("--processes {asked}"),
                    format!("at most {most} processes and threads"),
                );
            }
            _ => {}
        }
        Ok(Ceilings {
            memory: flags.memory.or(hold.ceilings.memory),
            processes: flags.processes.or(hold.ceilings.processes),
            ..hold.ceilings
        })
    }

    fn outlive_parent(&self, hold: &Hold, flags: &RunOptions) -> Result<bool, Loosening> {
        if flags.outlive_parent && self.has_file && !hold.outlive_parent {
            return Err(self.loosens(
                "--outlive-parent".to_owned(),
                "that the run ends with the process that started it".to_owned(),
                None,
                "say why in the policy: `dangerously-outlive-parent`",
            ));
        }
        Ok(hold.outlive_parent || flags.outlive_parent)
    }

    fn loosens(
        &self,
        flag: String,
        demand: String,
        place: Option<&Place>,
        hint: &str,
    ) -> Loosening {
        Loosening {
            flag,
            demand,
            place: place.cloned(),
            hint: hint.to_owned(),
        }
    }
}

fn leaks(hold: &Hold, flags: &RunOptions) -> Result<Leaks, Loosening> {
    match flags.leaks {
        Some(asked) if asked < hold.leaks => Err(Loosening {
            flag: format!("--leaks {}", asked.name()),
            demand: "that a green run leaves nothing behind".to_owned(),
            place: None,
            hint: "say why in the policy: `dangerously-expect-leftover` for one program, `dangerously-allow-leaks` for all"
                .to_owned(),
        }),
        Some(asked) => Ok(asked),
        None => Ok(hold.leaks),
    }
}

/// Without a policy file too the fence can only be made stricter: that a suite nobody has described starts no daemons is what
/// guardrun is for.
fn fence(hold: &Hold, flags: &RunOptions) -> Result<FenceRules, Loosening> {
    let rules = hold.fence.clone();
    match flags.fence {
        Some(asked) if asked < rules.class => Err(Loosening {
            flag: format!("--fence {asked}"),
            demand: format!("the fence `{}`", rules.class),
            place: rules.place,
            hint: "leave the flag out; `dangerously-fence-weaker` in the policy asks for less, with a reason".to_owned(),
        }),
        Some(asked) => Ok(FenceRules {
            class: asked,
            demanded: asked > Fence::Off,
            ..rules
        }),
        None => Ok(rules),
    }
}

/// To wait keeps the safety as well as to refuse does, so a flag is free to choose between the two. To end somebody else's run is
/// what only the policy can allow.
fn locks(hold: &Hold, flags: &RunOptions) -> Result<Vec<Lock>, Loosening> {
    let Some(asked) = flags.lock else {
        return Ok(hold.locks.clone());
    };
    let answer = |lock: &Lock| match (asked, lock.when_busy) {
        (WhenBusy::Replace, WhenBusy::Wait | WhenBusy::Refuse) => Err(Loosening {
            flag: "--lock replace".to_owned(),
            demand: format!(
                "that no run of the lock `{}` is ended by another",
                lock.name
            ),
            place: Some(lock.place.clone()),
            hint: "use --lock wait; to replace takes `when-busy = \"replace\"` in the policy"
                .to_owned(),
        }),
        _ => Ok(Lock {
            when_busy: asked,
            ..lock.clone()
        }),
    };
    hold.locks.iter().map(answer).collect()
}

fn fixed(choice: LevelChoice) -> Option<Level> {
    match choice {
        LevelChoice::Auto => None,
        LevelChoice::Namespace => Some(Level::Namespace),
        LevelChoice::Cgroup => Some(Level::Cgroup),
        LevelChoice::Subreaper => Some(Level::Subreaper),
    }
}

impl fmt::Display for Loosening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Loosening {
            flag,
            demand,
            place,
            hint,
        } = self;
        write!(
            f,
            "{flag} (or the variable of that name) would loosen the run: asked for is {demand}"
        )?;
        if let Some(place) = place {
            write!(f, " ({place})")?;
        }
        write!(f, "\nhint: {hint}")
    }
}

impl std::error::Error for Loosening {}
