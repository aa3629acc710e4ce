# What a run costs, next to nothing at all and to what people would use instead. Options: just bench --help
bench *options:
    cargo bench --bench cost -- {{options}}

# The test suites of other projects, bare and held at each level: their results must be the same.
suites *options:
    cargo build --release
    tests/suites/run {{options}}
