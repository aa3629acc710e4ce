//! "The gate inside the test process": the helpers in real projects, each under its real runner.
//!
//! Every project has one test that needs no gate and several that start a real process behind one. The process is a program that
//! appends a byte to a file: what the file holds when the runner is done is how often the kernel has executed it, whatever the
//! runner says.

mod assert;
mod cargo;
mod go;
mod install;
pub(crate) mod javascript;
mod project;
mod python;
mod through;
