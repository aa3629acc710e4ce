//! Everything that is proved from outside, in one binary.

mod cli;
mod daemons;
mod early_kill;
mod environment;
mod escape;
mod explain;
mod gate;
mod init;
mod leaks;
mod origin;
mod policy;
mod scratch;
mod status;
mod support;
mod terminal;
mod tidy;
