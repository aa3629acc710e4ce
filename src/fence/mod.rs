//! The fence: what a suite's tests may not do, refused at the system call and named.
//!
//! ```text
//!  leader  enter: filter on itself and all that comes of it ──listener──> front
//!  front   watch: question ─> lineage (who asks, below which test) ─> rules ─> answer, and a refusal to be named
//!                 sessions: who went into a session of his own, and was left there
//! ```
//!
//! The kernel asks only about the calls that a decision is about; `daemons` does not ask about execve(2), so that what
//! a build costs does not change. Questions are answered in the front's one loop. When the front dies, the calls answer
//! ENOSYS and the keeper ends the suite.
//!
//! This is a guard against accidents and careless code, not a sandbox against an attacker: what a program shows in
//! its memory can be changed between the question and the call by another thread of it. docs/fence.md says what that allows.

mod builders;
mod enter;
mod kind;
mod ledger;
mod lineage;
mod probe;
mod recorded;
mod rules;
mod sessions;
mod watch;

pub use enter::Entry;
pub use probe::probe;
pub use recorded::{Judged, Part, Recollection, Recorded, left_behind, part};
pub use watch::{Happening, Seen, Watch};

use crate::sys::seccomp::Call;
use crate::values::Fence;

/// Whether somebody wants to know also what is not refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    /// No: the fence is there to refuse.
    Refusals,
    /// An audit does. It sees by itself what is executed.
    Everything,
}

/// What the kernel is to ask about, for each class. A ring is asked about only where it could be used to get round
/// a rule.
fn calls(class: Fence, attention: Attention) -> &'static [Call] {
    match class {
        Fence::Off | Fence::Observe if attention == Attention::Everything => {
            &[Call::Session, Call::Listen, Call::UnlockTerminal]
        }
        Fence::Off => &[],
        Fence::Observe => &[
            Call::Exec,
            Call::ExecAt,
            Call::Session,
            Call::Listen,
            Call::UnlockTerminal,
        ],
        Fence::Daemons => &[
            Call::Session,
            Call::Listen,
            Call::UnlockTerminal,
            Call::Ring,
        ],
        Fence::Processes => &[
            Call::Exec,
            Call::ExecAt,
            Call::Session,
            Call::Listen,
            Call::UnlockTerminal,
            Call::Ring,
        ],
    }
}
