//! What a run leaves as evidence that it was: bound to a commit, to the policy's bytes, to a suite and to what was counted.
//!
//! ```text
//!  Plan, Outcome, Ending, Look ─ commands/receipt ─> Receipt ─ host/receipts ─> a file
//!  files ─ host/receipts ─> Found ─┐
//!  Policy, Look, --max-age ────────┴─ judge ─> Verified
//! ```
//!
//! Everything here is a pure function of what it is handed. A receipt is evidence against slips: whoever can write the file
//! can write whatever he likes into it (docs/proof.md).

mod judge;
mod shape;
mod told;
mod tree;

pub use judge::{Decides, Demand, Found, Here, SuiteVerified, Verified, judge};
pub use shape::{
    Ended, Host, LARGEST, Ledgered, Opened, PolicyOf, Receipt, SCHEMA, Tested, Unusable,
    VERIFIED_SCHEMA, parse,
};
pub use tree::{Look, Tree, is_commit, short};
