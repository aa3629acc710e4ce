//! What holds the tree of a run: one file for each layer, used by the front and, when the front is dead, by the keeper.

pub mod ceilings;
pub mod cgroup;
mod ground;
mod probe;
mod scope;
pub mod tree;

pub use cgroup::Leaf;
pub use ground::{Ground, ground};
pub use probe::{Probe, probe, probe_ceilings};
pub use scope::place;
