//! Everything that is proved from outside, in one binary.

mod gate;
mod policy;
mod scratch;
mod tidy;
