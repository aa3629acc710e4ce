# `just` lists the recipes. The safe one is first.

# Tests that start no daemon: the default
test-unit:
    tests/run unit

# Tests that start real processes and real daemons: CI and disposable machines only
test-daemon:
    tests/run daemon

# The whole leak matrix: every shape, every ending, every level; CI and disposable machines only
matrix:
    tests/run matrix

# Formatting and lints
lint:
    cargo fmt --check
    cargo clippy --all-targets -- -D warnings

# What a run costs, next to nothing at all and to what people would use instead. Options: just bench --help
bench *options:
    cargo bench --bench cost -- {{options}}

# The suites of other projects, bare and held at each level: their results have to be the same
suites *options:
    cargo build --release
    tests/suites/run {{options}}
