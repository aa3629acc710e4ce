//! "When guardrun returns, or dies in whatever way, no process of the suite lives on."
//!
//! The leak matrix: every shape that a suite's processes can take (`shapes.rs`), against every way in which a run can end
//! (`endings.rs`), at every level, as root and as an ordinary user. What a level does not hold is a written list
//! (`exceptions.rs`), which docs/containment.md quotes.

mod cell;
pub(crate) mod endings;
mod exceptions;
pub(crate) mod matrix;
mod setuid;
mod shapes;
mod sweep;
mod table;
