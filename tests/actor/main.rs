//! The badly behaved program that the tests run under guardrun.

fn main() {}
