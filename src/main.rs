//! The door.

fn main() {
    use clap::Parser;
    let _ = guardrun::cli::Cli::parse();
}
