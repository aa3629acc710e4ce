//! The ledger: what gates inside the test processes have decided, and which gated tests have begun, one JSON line each.
//!
//! guardrun makes the file before a run, hands its path to the suite, and reads it after the run. Whatever is in it was written
//! by the suite, so nothing in it is believed to be well formed, and nothing of it is kept in memory but counts. The
//! format is docs/gate-contract.md.

mod entry;
mod file;
mod tally;

pub use entry::{Entry, Event};
pub use file::{Ledger, append};
pub use tally::Tally;

/// The variable that carries the path of the ledger.
pub const PATH: &str = "GUARDRUN_LEDGER";
