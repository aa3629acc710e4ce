//! Everything that is proved from outside, in one binary.

mod daemons;
mod early_kill;
mod environment;
mod escape;
mod gate;
mod leaks;
mod policy;
mod scratch;
mod status;
mod support;
mod terminal;
