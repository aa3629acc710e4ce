//! The project's rules: found, parsed, checked. Everything that is wrong with a policy is said with its place.

mod model;

pub use model::{Gate, Hold, Leaks, Leftover, Pattern, Place, Policy, Suite, Unmatched};
