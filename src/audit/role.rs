//! Where a program stands in a test run, from the line of programs above it: the fence's own judgement, with what builds told
//! from what tests. Pure.

use super::event::Role;
use crate::fence::{Part, Recorded, part};

/// The role of the last program of the line, none of whose processes is missing.
pub(super) fn role(line: &[Recorded<'_>]) -> Role {
    let tested = line.iter().any(Recorded::runs_tests);
    if !tested && line.iter().any(Recorded::builds) {
        return Role::Toolchain;
    }
    match part(line, true) {
        Part::Above => Role::Runner,
        Part::Tool => Role::Tool,
        Part::Host => Role::Host,
        Part::Worker => Role::Worker,
        Part::Below => Role::Test,
    }
}

#[cfg(test)]
mod tests {
    use super::role;
    use crate::audit::Role;
    use crate::fence::Recorded;

    fn of(line: &[&str]) -> Role {
        let words: Vec<Vec<String>> = line
            .iter()
            .map(|it| shell_words::split(it).unwrap())
            .collect();
        let programs: Vec<Recorded<'_>> = words.iter().map(|it| Recorded::called(it)).collect();
        role(&programs)
    }

    #[test]
    fn what_builds_is_told_from_what_tests() {
        let test = "/p/target/debug/deps/it-0123456789abcdef";
        assert_eq!(of(&["/bin/cargo test"]), Role::Runner);
        assert_eq!(of(&["/bin/cargo test", "/bin/rustc x"]), Role::Toolchain);
        assert_eq!(
            of(&["/bin/cargo test", "/bin/rustc x", "/usr/bin/cc"]),
            Role::Toolchain
        );
        assert_eq!(
            of(&[
                "/bin/cargo test",
                "/bin/rustc",
                "/usr/bin/x86_64-linux-gnu-ld.bfd"
            ]),
            Role::Toolchain
        );
        let script = "/p/target/debug/build/z-1/build-script-build";
        assert_eq!(
            of(&["/bin/cargo test", script, "/bin/sh -c x"]),
            Role::Toolchain
        );
        assert_eq!(of(&["/bin/cargo test", test]), Role::Host);
        assert_eq!(of(&["/bin/cargo test", test, "/bin/rustc x"]), Role::Test);
        assert_eq!(
            of(&["/bin/sh x.sh", "/usr/bin/node --test", "/usr/bin/node a.js"]),
            Role::Worker
        );
        assert_eq!(of(&["/bin/cargo test", "/bin/sccache"]), Role::Tool);
    }
}
