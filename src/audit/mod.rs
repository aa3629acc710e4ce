//! The audit: what a suite starts, seen completely, and what follows from it for the policy.
//!
//! ```text
//!  leader  enter: waits until the front traces it
//!  front   eyes: births, executions, ends ──┐
//!          the fence's questions ───────────┼─> recorder ─> events ─> a sink (stdout, a file)
//!          samples of memory ───────────────┘                 └────> story: tree, profile, replay of the fence's rules
//!  later   from: a file of events ──────────────────────────────────> story ─> derive: lines of policy · diff · page
//! ```
//!
//! Only `guardrun audit` traces; an ordinary run never does (docs/decisions/the-audit-traces.md). What is written goes out
//! as it happens, and what is kept is bounded by what is alive and by how many kinds of things there are.

mod derive;
mod diff;
mod enter;
mod event;
mod eyes;
mod from;
mod label;
mod living;
mod page;
mod probe;
mod recorder;
mod replay;
mod role;
mod story;

pub use derive::Class;
pub use diff::{Change, Diff};
pub use enter::Entry;
pub use event::{
    Deed, End, Event, Exec, Exit, Host, Id, Orphan, Refusal, Role, Run, SHAPE, Sample, Start,
    WouldRefuse,
};
pub use from::{Unreadable, read};
pub use page::page;
pub use probe::probe;
pub use recorder::{About, Audit, Sink};
pub use story::{Node, Story, Tally};

/// The JSON Schema (draft 2020-12) of one event. A test judges real audits by it.
pub const SCHEMA: &str = include_str!("../../docs/guardrun-audit.schema.json");

impl Story {
    /// What the suite is, by what it did.
    pub fn class(&self) -> Class {
        derive::class(self)
    }

    /// Lines of a policy that fit what was seen.
    pub fn policy(&self) -> String {
        derive::policy(self)
    }

    /// What each class of fence would have refused, the first of each kind, and how often in all.
    pub fn would_refuse(&self) -> (WouldRefuse, [u64; 2]) {
        let times = [self.replay.daemons().times, self.replay.processes().times];
        (self.replay.told(), times)
    }
}
