//! Everything that is proved from outside, in one binary.

mod ceilings;
mod cli;
mod daemons;
mod early_kill;
mod endings;
mod environment;
mod escape;
mod explain;
mod gate;
mod helpers;
mod idle;
mod init;
mod lab;
mod leaks;
mod locks;
mod not_ours;
mod origin;
mod policy;
mod proof;
mod records;
mod scratch;
mod status;
mod streams;
mod support;
mod terminal;
mod tidy;
