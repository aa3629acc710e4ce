//! What is so here, as opposed to what a policy wants.

pub mod origin;
