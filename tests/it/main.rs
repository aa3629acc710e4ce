//! Everything that is proved from outside, in one binary.

mod early_kill;
mod environment;
mod escape;
mod leaks;
mod status;
mod support;
mod terminal;
