//! Everything that is proved from outside, in one binary.

mod cli;
mod explain;
mod gate;
mod init;
mod origin;
mod policy;
mod scratch;
mod tidy;
