//! What to call a program, so that alike ones are called alike, and which pattern of a policy means it. Pure.

use crate::policy::glob::literally;

/// Programs that run a script, whose name says more than theirs.
const INTERPRETERS: [&str; 16] = [
    "sh", "bash", "dash", "ash", "zsh", "ksh", "fish", "python", "pypy", "node", "nodejs", "ruby",
    "perl", "php", "bun", "deno",
];
/// Options of an interpreter after which comes code and no script.
const CODE: [&str; 6] = ["-c", "-e", "-p", "--eval", "--print", "-lc"];
/// Options of an interpreter whose value is the next word.
const TAKING: [&str; 9] = [
    "-r",
    "--require",
    "--import",
    "--loader",
    "-I",
    "-W",
    "-X",
    "-o",
    "-C",
];
/// Programs that are many: which one, their first argument says.
const MANY: [&str; 4] = ["busybox", "coreutils", "toybox", "uutils"];

/// What an interpreter runs.
enum Script<'a> {
    /// Code on the command line.
    Code(&'a str),
    /// A module of Python's.
    Module(&'a str),
    /// A file.
    File(&'a str),
    /// Nothing that can be seen: an interactive shell, or a program on its input.
    None,
}

/// The name of a program for people: `sh -c …`, `python3 -m pytest`, `it-*`, `redis-server`.
pub(super) fn label(exe: Option<&str>, argv: &[String]) -> String {
    let name = name(exe, argv);
    if let Some(test) = without_hash(exe.unwrap_or(name)) {
        return format!("{test}-*");
    }
    match script(name, argv) {
        Script::Code(option) => format!("{name} {option} …"),
        Script::Module(module) => format!("{name} -m {module}"),
        Script::File(file) => format!("{name} {}", base(file)),
        Script::None => name.to_owned(),
    }
}

/// The pattern that means this program and those that are called alike, as the words of a policy.
pub(super) fn pattern(exe: Option<&str>, argv: &[String]) -> Vec<String> {
    let name = name(exe, argv);
    let path = argv.first().map_or(name, String::as_str);
    let any = "*".to_owned();
    if let Some(test) = without_hash(path) {
        let test = literally(base(test));
        return match path.contains("/target/") || path.starts_with("target/") {
            true => vec![format!("target/**/deps/{test}-*"), any],
            false => vec![format!("deps/{test}-*"), any],
        };
    }
    let program = literally(base(path));
    match script(name, argv) {
        Script::File(file) => vec![
            program,
            "**".to_owned(),
            format!("*{}", literally(base(file))),
            any,
        ],
        Script::Module(module) => vec![
            program,
            "**".to_owned(),
            "-m".to_owned(),
            literally(module),
            any,
        ],
        Script::Code(_) | Script::None => vec![program, any],
    }
}

fn name<'a>(exe: Option<&'a str>, argv: &'a [String]) -> &'a str {
    let first = argv.first().map(String::as_str).unwrap_or_default();
    let own = base(exe.unwrap_or(first));
    // A program that has written a title over its arguments has one long word.
    let called = match argv {
        [title] => title.split(' ').next().unwrap_or_default(),
        _ => first,
    };
    // What a program was called by is what a policy sees, and what a person knows it by.
    match base(called.trim_start_matches('-')) {
        "" => own,
        called if MANY.contains(&own) => called,
        called if own.starts_with(called) || called.starts_with(own) => called,
        _ => own,
    }
}

/// `it` of `target/debug/deps/it-0123456789abcdef`.
fn without_hash(path: &str) -> Option<&str> {
    let mut parts = path.rsplit('/');
    let file = parts.next()?;
    let (name, hash) = file.rsplit_once('-')?;
    let is_hash = hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (is_hash && parts.next() == Some("deps")).then_some(name)
}

fn script<'a>(name: &str, argv: &'a [String]) -> Script<'a> {
    let plain = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if !INTERPRETERS.contains(&plain) {
        return Script::None;
    }
    let mut words = argv.iter().skip(1).map(String::as_str);
    while let Some(word) = words.next() {
        match word {
            _ if CODE.contains(&word) => return Script::Code(word),
            "-m" if plain.starts_with("py") => {
                return words.next().map_or(Script::None, Script::Module);
            }
            _ if TAKING.contains(&word) => drop(words.next()),
            _ if word.starts_with('-') && word.ends_with('c') && plain.ends_with("sh") => {
                return Script::Code("-c");
            }
            _ if word.starts_with('-') => {}
            _ => return Script::File(word),
        }
    }
    Script::None
}

fn base(path: &str) -> &str {
    path.rsplit('/')
        .find(|part| !part.is_empty())
        .unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::{label, pattern};
    use crate::policy::words_match;

    fn words(line: &str) -> Vec<String> {
        shell_words::split(line).unwrap()
    }

    #[test]
    fn alike_programs_are_called_alike() {
        let called = |exe: &str, line: &str| label(Some(exe), &words(line));
        assert_eq!(called("/usr/bin/dash", "sh -c 'x y'"), "dash -c …");
        assert_eq!(
            called("/usr/bin/python3.12", "python3 -m pytest -q"),
            "python3 -m pytest"
        );
        assert_eq!(
            called("/usr/bin/node", "node --import tsx /p/bin.ts --x"),
            "node bin.ts"
        );
        assert_eq!(
            called(
                "/p/target/debug/deps/it-0123456789abcdef",
                "/p/target/debug/deps/it-0123456789abcdef a"
            ),
            "it-*"
        );
        assert_eq!(
            called("/usr/bin/redis-server", "redis-server --port 1"),
            "redis-server"
        );
        assert_eq!(called("/bin/busybox", "sleep 1"), "sleep");
        assert_eq!(label(None, &[]), "");
    }

    #[test]
    fn the_pattern_of_a_program_matches_it_and_its_like() {
        for line in [
            "/usr/bin/redis-server --port 0",
            "/p/target/debug/deps/it-0123456789abcdef --exact x",
            "target/x/debug/deps/it-0123456789abcdef",
            "node --import tsx /p/bin.ts",
            "python3 -m http.server 80",
            "sh -c 'a [b]'",
            "/opt/odd[1]/we*rd x",
        ] {
            let argv = words(line);
            let pattern = pattern(Some(&argv[0]), &argv);
            assert!(words_match(&pattern, &argv), "{pattern:?} {argv:?}");
        }
        let test = pattern(None, &words("/p/target/debug/deps/it-0123456789abcdef"));
        assert_eq!(test[0], "target/**/deps/it-*");
        assert!(words_match(
            &test,
            &words("/q/target/debug/deps/it-fedcba9876543210 x")
        ));
    }
}
