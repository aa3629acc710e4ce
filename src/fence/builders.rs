//! Programs that build, wherever they lie: compilers, linkers and what belongs to them, and what cargo and Go have built to build with.

/// The names of their executables.
const BUILDERS: [&str; 38] = [
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

/// Whether the executable of this path builds.
pub(super) fn is_builder(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '.');
    // gcc's own programs have the machine before their names, as x86_64-linux-gnu-ld has.
    let last = plain.rsplit("-gnu-").next().unwrap_or(plain);
    // target/debug/build/NAME-HASH/build-script-build, and Go's compile, link, asm, cgo, vet and buildid.
    let of_cargo = path.contains("/build/") && name.starts_with("build-script-");
    let of_go = path.contains("/pkg/tool/");
    of_cargo || of_go || BUILDERS.contains(&last) || BUILDERS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::is_builder;

    #[test]
    fn what_builds_is_known_by_its_path() {
        for path in [
            "/usr/bin/cc",
            "/usr/bin/gcc-12",
            "/usr/bin/x86_64-linux-gnu-ld.bfd",
            "/home/u/.rustup/toolchains/stable/bin/rustc",
            "/p/target/debug/build/z-0123456789abcdef/build-script-build",
            "/usr/lib/go/pkg/tool/linux_amd64/link",
        ] {
            assert!(is_builder(path), "{path}");
        }
        for path in [
            "/p/link",
            "/usr/bin/redis-server",
            "/p/build-script-build",
            "",
        ] {
            assert!(!is_builder(path), "{path}");
        }
    }
}
