//! The door: read the words, do what they say, and leave in the way that the suite left.

use guardrun::cli::Cli;
use guardrun::exit::Exit;
use guardrun::{commands, sys};

fn main() {
    match commands::dispatch(Cli::read()) {
        Exit::Code(code) => std::process::exit(code.into()),
        Exit::Signal(signal) => {
            sys::signal::die_of(signal);
            // Reached only for a signal that does not kill here, such as in the first process of a container.
            std::process::exit(128 + signal);
        }
    }
}
