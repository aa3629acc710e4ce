//! The deed: launch, supervise, end. The only room that starts anything.

mod clock;
mod course;
mod effort;
mod family;
mod hold;
mod job;
mod launch;
mod limits;
mod locks;
mod relay;
mod silence;
mod supervise;
mod surroundings;
mod survey;
mod watch;

use crate::audit;
use crate::outcome::{End, Family, InForce, Lack, OomCount, Outcome};
use crate::plan::Plan;
use crate::proof::Heard;
use crate::registry::{Holder, Swept};
use crate::sys::procfs;
use crate::values::Fence;
use anyhow::Context;
use jiff::Timestamp;
use launch::Attempt;
pub use locks::{Busy, Locks, Taken, Why, take_locks};
use std::io;
use std::time::Duration;
use surroundings::Surroundings;
pub use survey::look_at;

/// What a run tells while it goes on, to whoever prints.
pub trait Listener {
    /// Leftovers of an earlier run were swept.
    fn swept(&mut self, swept: &Swept);
    /// No record could be written, so a later sweep cannot find this run.
    fn no_record(&mut self, error: &io::Error);
    /// The record could not be completed.
    fn record_cut_short(&mut self, error: &str);
    /// A lock is held by another run, and is waited for since this long.
    fn waiting(&mut self, lock: &str, holder: &Holder, waited: Duration);
    /// Processes were still alive after the suite had ended; they are being ended now.
    fn survivors(&mut self, survivors: &[crate::outcome::Survivor]);
    /// The suite has written nothing for so long, and has used so much processor time in the last `of`.
    fn silent_at_work(&mut self, quiet: Duration, used: Duration, of: Duration);
    /// The processes of the run, as they are now.
    fn family(&mut self, family: &Family);
    /// What the suite wrote could not be written on, and is lost from here.
    fn output_lost(&mut self, error: &io::Error);
    /// These ceilings are in force.
    fn limited(&mut self, in_force: &[InForce]);
    /// The suite's fence refused something, for the first time in its kind.
    fn fenced(&mut self, refusal: &crate::outcome::Refusal);
    /// There is no fence of this class here, for this reason, and nobody has asked for it by name.
    fn unfenced(&mut self, class: Fence, why: &str);
    /// The suite was asked to end, and has this long before it is killed.
    fn ending(&mut self, end: End, grace: Duration);
    /// Where the events of an audit go; None where there is no audit.
    fn sink(&mut self) -> Option<&mut dyn audit::Sink> {
        None
    }
    /// What an audit has seen, when everything is over.
    fn audited(&mut self, _story: audit::Story) {}
}

/// A fresh run id: twelve hexadecimal digits that no other run on this machine has.
pub fn fresh_id() -> anyhow::Result<String> {
    let number = crate::sys::random().context("could not get a random number for the run's id")?;
    Ok(format!("{:012x}", number >> 16))
}

/// What the front keeps from one attempt to the next: it takes over signals and terminal once, and not once for each.
#[derive(Default)]
pub struct Front {
    surroundings: Option<Surroundings>,
    /// What is to listen to the next attempt.
    listeners: Vec<(usize, Heard)>,
}

impl Front {
    /// Has these listen to what the next attempt prints to its stdout, each under a number of its own.
    pub fn listen(&mut self, listeners: Vec<(usize, Heard)>) {
        self.listeners = listeners;
    }

    /// Those that have listened to the last attempt. None of them is here where it had no stdout.
    pub fn heard(&mut self) -> Vec<(usize, Heard)> {
        let relay = self.surroundings.as_mut().and_then(|it| it.relay.as_mut());
        relay.map(relay::Relay::heard).unwrap_or_default()
    }

    /// Lets signals through again: what is left is to say how it went, and should nobody read that, a signal ends guardrun as
    /// it ends any program.
    pub fn give_signals_back(&self) {
        if let Some(surroundings) = &self.surroundings {
            surroundings.inherited.restore_mask();
        }
    }
}

/// Carries out a plan and answers with everything that is known about it when it is over. The error is one of guardrun's
/// own before anything was started. `front` and `locks` are the same for every attempt of one guardrun.
pub fn run(
    plan: &Plan,
    locks: &Locks,
    front: &mut Front,
    listener: &mut dyn Listener,
) -> anyhow::Result<Outcome> {
    let surroundings = match front.surroundings.take() {
        None => Surroundings::take_in(plan, listener)?,
        Some(earlier) => match earlier.end_asked_for_meanwhile() {
            Some(end) => return Ok(Outcome::of_nothing(None, end, Vec::new())),
            None => Some(earlier.for_another_attempt(plan)?),
        },
    };
    let Some(surroundings) = surroundings else {
        return Ok(Outcome::of_nothing(None, End::ParentDied, Vec::new()));
    };
    let surroundings = front.surroundings.insert(surroundings);
    if let Some(relay) = &mut surroundings.relay {
        relay.listen(std::mem::take(&mut front.listeners));
    }
    let (started, oom_kills) = (Timestamp::now(), procfs::oom_kills());
    let mut lacks: Vec<Lack> = Vec::new();
    for level in &plan.ladder {
        match launch::attempt(plan, *level, &lacks, locks, surroundings, listener)? {
            Attempt::Lacking(lack) => lacks.push(lack),
            Attempt::Over(outcome) => {
                let oom = OomCount {
                    machine: oom_kills_since(oom_kills),
                    ..outcome.oom
                };
                return Ok(Outcome {
                    lacks,
                    oom,
                    started: Some(started),
                    ..outcome
                });
            }
        }
    }
    Ok(Outcome::of_nothing(None, End::NotContained, lacks))
}

/// How many processes the kernel has killed on this machine since it had killed that many.
fn oom_kills_since(before: Option<u64>) -> Option<u64> {
    Some(procfs::oom_kills()?.saturating_sub(before?))
}
