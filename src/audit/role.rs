//! Where a program stands in a test run, from the line of programs above it: the fence's own judgement, with what builds told
//! from what tests. Pure.

use super::event::Role;
use crate::fence::{Part, Recorded, part};

/// Programs that build, wherever they lie.
const BUILDERS: [&str; 44] = [
    "rustc",
    "rustdoc",
    "clippy-driver",
    "cc",
    "gcc",
    "g++",
    "c++",
    "clang",
    "clang++",
    "cc1",
    "cc1plus",
    "collect2",
    "ld",
    "ld.bfd",
    "ld.gold",
    "ld.lld",
    "rust-lld",
    "lld",
    "mold",
    "as",
    "ar",
    "ranlib",
    "strip",
    "objcopy",
    "compile",
    "link",
    "asm",
    "cgo",
    "vet",
    "buildid",
    "javac",
    "kotlinc",
    "scalac",
    "tsc",
    "esbuild",
    "swc",
    "webpack",
    "rollup",
    "pkg-config",
    "pkgconf",
    "protoc",
    "nasm",
    "yasm",
    "lto-wrapper",
];

/// The role of the last program of the line, none of whose processes is missing.
pub(super) fn role(line: &[Recorded<'_>]) -> Role {
    let builds = |program: &Recorded<'_>| is_builder(program);
    let tested = line.iter().any(Recorded::runs_tests);
    if !tested && line.iter().any(builds) {
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

fn is_builder(program: &Recorded<'_>) -> bool {
    let first = program.arguments.first().map(String::as_str);
    let path = program.executable.or(first).unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or_default();
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    // gcc's own programs have the machine before their names, as x86_64-linux-gnu-ld has.
    let last = plain.rsplit("-gnu-").next().unwrap_or(plain);
    // What cargo has built to build with (target/debug/build/NAME-HASH/build-script-build), and Go's tools.
    let of_cargo = path.contains("/build/") && name.starts_with("build-script-");
    let of_go = path.contains("/pkg/tool/");
    of_cargo || of_go || BUILDERS.contains(&last) || BUILDERS.contains(&name)
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
        let programs: Vec<Recorded<'_>> = words
            .iter()
            .map(|words| Recorded {
                executable: Some(&words[0]),
                arguments: words,
                background: false,
            })
            .collect();
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
