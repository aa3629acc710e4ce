//! What a program is in a test run, by its name and its arguments: something that only starts others, a test runner, one of
//! a runner's own workers, or something that nobody knows. Pure.
//!
//! The tables say what is *transparent* and what *runs tests*; they never say what is a daemon. A program that is in none of
//! them is judged by where it stands (`lineage::Lineage::standing`), so a missing row costs precision and no safety.
//! docs/fence.md prints the same tables.

use super::builders::is_builder;

/// What a program is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It starts other programs, and is no test itself: a shell, `make`, `npm`, `cargo`, `tox`.
    Starter,
    /// It belongs to the tools that build and run, and may go on in the background: `sccache`, a build daemon, Xvfb.
    Tool,
    /// Tests run in it: `pytest`, `vitest`, a binary that cargo or Go has built for tests.
    Host,
    /// A process that a test runner has started to run tests in, or that stands for a fork of one.
    Worker,
    /// Anything else.
    Unknown,
}

/// A program as the tables know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name<'a> {
    /// The base name of the executable without its version: `python` for `/usr/bin/python3.12`.
    program: String,
    executable: &'a str,
    words: Vec<&'a str>,
}

const STARTERS: &[&str] = &[
    // shells, and what runs a command under other conditions
    "sh",
    "bash",
    "dash",
    "ash",
    "zsh",
    "ksh",
    "mksh",
    "fish",
    "busybox",
    "env",
    "nice",
    "ionice",
    "chrt",
    "taskset",
    "time",
    "timeout",
    "xargs",
    "parallel",
    "sudo",
    "doas",
    "su",
    "runuser",
    "setpriv",
    "chroot",
    "unshare",
    "nsenter",
    "bwrap",
    "firejail",
    "nohup",
    "setsid",
    "stdbuf",
    "unbuffer",
    "script",
    "expect",
    "strace",
    "ltrace",
    "gdb",
    "lldb",
    "rr",
    "perf",
    "valgrind",
    "tini",
    "dumb-init",
    "catatonit",
    "guardrun",
    "guardrun-keeper",
    "xvfb-run",
    "dbus-run-session",
    "watchexec",
    "entr",
    "direnv",
    "dotenv",
    "doppler",
    "op",
    "mise",
    "asdf",
    "devbox",
    "nix",
    "nix-shell",
    "nix-build",
    "act",
    "lefthook",
    "pre-commit",
    "git",
    // what builds, and starts tests that it has built
    "make",
    "gmake",
    "bmake",
    "ninja",
    "just",
    "task",
    "mage",
    "cmake",
    "ctest",
    "meson",
    "bazel",
    "bazelisk",
    "buck2",
    "pants",
    "scons",
    "waf",
    "cargo",
    "cargo-nextest",
    "cargo-llvm-cov",
    "cargo-tarpaulin",
    "cargo-watch",
    "cargo-hack",
    "cross",
    "rustup",
    "rustdoc",
    "go",
    "gotestsum",
    "ginkgo",
    "zig",
    "swift",
    "dune",
    "opam",
    "cabal",
    "stack",
    "mix",
    "rebar",
    "sbt",
    "mill",
    "lein",
    "gradle",
    "gradlew",
    "mvn",
    "mvnw",
    "ant",
    "dotnet",
    "composer",
    "bundle",
    "prove",
    // package managers and environments of one language
    "npm",
    "npx",
    "pnpm",
    "pnpx",
    "yarn",
    "corepack",
    "bunx",
    "uv",
    "uvx",
    "poetry",
    "pdm",
    "pipenv",
    "pipx",
    "hatch",
    "conda",
    "mamba",
    "micromamba",
];

const TOOLS: &[&str] = &[
    "sccache",
    "ccache",
    "distccd",
    "watchman",
    "turbo",
    "Xvfb",
    "Xorg",
    "Xwayland",
    "dbus-daemon",
    "dbus-broker",
    "rust-analyzer",
    "bloop",
    "buildkitd",
];

/// Scripts of node that only start others, by package or by file name.
const NODE_STARTERS: &[&str] = &[
    "npm",
    "npm-cli",
    "npx",
    "npx-cli",
    "pnpm",
    "pnpx",
    "yarn",
    "yarnpkg",
    "corepack",
    "turbo",
    "nx",
    "lerna",
    "rush",
    "wireit",
    "concurrently",
    "npm-run-all",
    "npm-run-all2",
    "run-s",
    "run-p",
    "cross-env",
    "dotenv-cli",
    "c8",
    "nyc",
    "tsx",
    "env-cmd",
    "zx",
    "start-server-and-test",
    "wait-on",
    "husky",
    "lint-staged",
];

/// Packages of node that run tests in their own process or their workers.
const NODE_HOSTS: &[&str] = &[
    "vitest",
    "jest",
    "jest-cli",
    "mocha",
    "ava",
    "tap",
    "tape",
    "jasmine",
    "karma",
    "playwright",
    "@playwright",
    "cypress",
    "uvu",
    "qunit",
    "lab",
    "@hapi",
    "cucumber-js",
    "@cucumber",
    "wdio",
    "@wdio",
    "brittle",
    "borp",
    "c8-test",
    "web-test-runner",
    "@web",
];

/// Options of node whose value is the next word.
const NODE_TAKING: &[&str] = &[
    "-r",
    "--require",
    "--import",
    "--loader",
    "--experimental-loader",
    "-C",
    "--conditions",
    "-e",
    "-p",
    "--eval",
    "--print",
];

/// How the paths of runners' worker scripts end.
const NODE_WORKERS: &[&str] = &[
    "/jest-worker/build/workers/processChild.js",
    "/jest-worker/build/processChild.js",
    "/jest-worker/build/child.js",
    "/tinypool/dist/entry/process.js",
    "/tinypool/dist/esm/process.js",
    "/vitest/dist/workers/forks.js",
    "/vitest/dist/worker.js",
    "/ava/lib/worker/subprocess.js",
    "/ava/lib/worker/main.js",
    "/workerpool/src/worker.js",
    "/playwright/lib/common/process.js",
    "/playwright/lib/worker/workerProcessEntry.js",
];

const PYTHON_STARTERS: &[&str] = &[
    "tox",
    "nox",
    "hatch",
    "poetry",
    "pdm",
    "pipenv",
    "pipx",
    "uv",
    "conda",
    "pre_commit",
    "pre-commit",
    "invoke",
    "inv",
    "meson",
];

const PYTHON_HOSTS: &[&str] = &[
    "pytest",
    "py.test",
    "unittest",
    "nose2",
    "trial",
    "ward",
    "behave",
    "robot",
    "stestr",
    "testr",
    "green",
    "test",
    "zope-testrunner",
];

/// In the code of `python -c` by which runners and the standard library start processes that stand for a fork: execnet
/// (pytest-xdist), and multiprocessing with `spawn` or `forkserver`.
const PYTHON_WORKERS: &[&str] = &[
    "exec(eval(sys.stdin.readline()))",
    "from multiprocessing.spawn import",
    "from multiprocessing.forkserver import",
    "from multiprocessing.resource_tracker import",
    "from billiard.spawn import",
];

const RUBY_HOSTS: &[&str] = &["rspec", "rake", "minitest", "cucumber", "m", "mtest"];
const PHP_HOSTS: &[&str] = &["phpunit", "pest", "paratest", "codecept"];
/// In the arguments of a Java machine.
const JAVA_HOSTS: &[&str] = &[
    "GradleWorkerMain",
    "surefire",
    "ConsoleLauncher",
    "org.junit",
];
const JAVA_STARTERS: &[&str] = &[
    "org.gradle.",
    "gradle-wrapper.jar",
    "gradle-launcher",
    "org.codehaus.plexus.classworlds.launcher.Launcher",
    "sbt-launch",
];

/// Programs that are many: which one, their first argument says.
const MANY: &[&str] = &["busybox", "coreutils", "toybox", "rustup", "uutils"];

impl<'a> Name<'a> {
    /// From the path of the executable, if that can be seen, and the arguments.
    pub(super) fn of(executable: Option<&'a str>, arguments: &'a [String]) -> Name<'a> {
        let mut words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        if let [title] = words[..] {
            // A program that has written a title over its arguments.
            words = title.split_ascii_whitespace().collect();
        }
        let first = words.first().copied().unwrap_or_default();
        let shown = executable.map(|path| path.trim_end_matches(" (deleted)"));
        let own = base(shown.unwrap_or(first));
        let program = match MANY.contains(&own) {
            true => base(first),
            false => own,
        };
        Name {
            program: without_version(program).to_owned(),
            executable: shown.unwrap_or(first),
            words,
        }
    }

    /// What it is, seen by itself.
    pub(super) fn kind(&self) -> Kind {
        if self.is_built_test() || self.is_doctest() {
            return Kind::Host;
        }
        let program = self.program.as_str();
        match program {
            "node" | "nodejs" | "bun" | "deno" | "electron" => self.node(),
            "python" | "pypy" => self.python(),
            "ruby" => by_script(self.script(&["-r", "-I"]), RUBY_HOSTS, &["bundle"]),
            "php" => by_script(self.script(&["-d", "-c"]), PHP_HOSTS, &["composer"]),
            "perl" => by_script(self.script(&["-I", "-M"]), &[], &["prove", "parallel"]),
            "java" => self.java(),
            "dotnet" if self.has("testhost") => Kind::Host,
            "git" if self.has_word("gc") || self.has_word("maintenance") => Kind::Tool,
            _ if TOOLS.contains(&program) => Kind::Tool,
            _ if STARTERS.contains(&program) || program.starts_with("cargo-") => Kind::Starter,
            _ => Kind::Unknown,
        }
    }

    /// Whether this is a process that `parent` has started to run a file of tests in. `node --test` and rustdoc cannot be told by
    /// the child's own words.
    pub(super) fn is_worker_of(&self, parent: &Name<'_>) -> bool {
        let isolates = |name: &Name<'_>| {
            name.options().any(|word| word == "--test")
                && !name.options().any(|word| word.ends_with("isolation=none"))
        };
        self.kind() == Kind::Worker
            || (self.executable == parent.executable
                && parent.program == "node"
                && isolates(parent)
                && !isolates(self))
            || (self.executable == parent.executable && self.is_doctest())
    }

    /// What rustdoc builds: `/tmp/rustdoctestXXXXXX/rust_out`. Of edition 2024 it is many tests, and executes itself for each.
    fn is_doctest(&self) -> bool {
        let mut parts = self.executable.rsplit('/');
        parts.next() == Some("rust_out")
            && parts.any(|directory| directory.starts_with("rustdoctest"))
    }

    /// Whether it builds, and is no test.
    pub(super) fn builds(&self) -> bool {
        is_builder(self.executable)
    }

    /// What cargo and Go build for tests: `target/debug/deps/NAME-0123456789abcdef`, `NAME.test -test.…`.
    fn is_built_test(&self) -> bool {
        let mut parts = self.executable.rsplit('/');
        let file = parts.next().unwrap_or_default();
        let hash = file.rsplit_once('-').map(|(_, hash)| hash);
        let of_cargo = parts.next() == Some("deps")
            && hash.is_some_and(|hash| {
                hash.len() == 16 && hash.bytes().all(|byte| byte.is_ascii_hexdigit())
            });
        let of_go =
            file.ends_with(".test") && self.words.iter().any(|word| word.starts_with("-test."));
        of_cargo || of_go
    }

    fn node(&self) -> Kind {
        let first = self.words.first().copied().unwrap_or_default();
        // npm and vitest write titles; a title has no interpreter in it, or one and parentheses.
        let title = match self.words.get(1) {
            Some(word) if first == "node" && word.starts_with('(') => word.trim_matches(['(', ')']),
            _ => base(first),
        };
        if NODE_HOSTS.contains(&title) {
            return Kind::Host;
        }
        if NODE_STARTERS.contains(&title) {
            return Kind::Starter;
        }
        if self.options().any(|word| word == "--test")
            || matches!(self.words.get(1), Some(&"test") if self.program != "node")
        {
            return Kind::Host;
        }
        let Some(script) = self.script(NODE_TAKING) else {
            return Kind::Unknown;
        };
        if NODE_WORKERS.iter().any(|worker| script.ends_with(worker)) {
            return Kind::Worker;
        }
        let file = base(script)
            .trim_end_matches(".js")
            .trim_end_matches(".mjs")
            .trim_end_matches(".cjs");
        let package = script
            .rsplit_once("node_modules/")
            .map(|(_, rest)| rest.split('/').next().unwrap_or_default());
        // A package's own scripts, its link in .bin, and a global installation's.
        let is_in = |list: &[&str]| match package {
            Some(".bin") | None => list.contains(&file),
            Some(package) => list.contains(&package),
        };
        match () {
            () if is_in(NODE_HOSTS) => Kind::Host,
            () if is_in(NODE_STARTERS) => Kind::Starter,
            () => Kind::Unknown,
        }
    }

    fn python(&self) -> Kind {
        if self
            .words
            .first()
            .is_some_and(|word| word.starts_with("[pytest-xdist"))
        {
            return Kind::Worker;
        }
        let code = self.after("-c");
        if let Some(code) = code {
            let is_worker = PYTHON_WORKERS.iter().any(|part| code.contains(part));
            return if is_worker {
                Kind::Worker
            } else {
                Kind::Unknown
            };
        }
        let module = self
            .after("-m")
            .map(|module| module.split('.').next().unwrap_or(module));
        let script = module.or_else(|| self.script(&["-W", "-X"]).map(base));
        let in_coverage =
            script == Some("coverage") && self.words.iter().any(|word| PYTHON_HOSTS.contains(word));
        match script {
            Some(_) if in_coverage => Kind::Host,
            Some(name) if PYTHON_HOSTS.contains(&name) => Kind::Host,
            Some("manage.py") if self.has_word("test") => Kind::Host,
            Some(name) if PYTHON_STARTERS.contains(&name) => Kind::Starter,
            _ => Kind::Unknown,
        }
    }

    fn java(&self) -> Kind {
        let any = |list: &[&str]| list.iter().any(|part| self.has(part));
        match () {
            () if any(JAVA_HOSTS) => Kind::Host,
            () if any(JAVA_STARTERS) => Kind::Starter,
            () => Kind::Unknown,
        }
    }

    fn has(&self, part: &str) -> bool {
        self.words.iter().any(|word| word.contains(part))
    }

    fn has_word(&self, wanted: &str) -> bool {
        self.words.contains(&wanted)
    }

    /// The words of node after the first up to the first that is neither an option nor the value of one.
    fn options(&self) -> impl Iterator<Item = &'a str> {
        let mut words = self.words.iter().skip(1).copied();
        std::iter::from_fn(move || {
            let word = words.next().filter(|word| word.starts_with('-'))?;
            if NODE_TAKING.contains(&word) {
                words.next();
            }
            Some(word)
        })
    }

    /// The word after this option of the interpreter.
    fn after(&self, option: &str) -> Option<&'a str> {
        let mut words = self.words.iter().skip(1);
        while let Some(word) = words.next() {
            if *word == option {
                return words.next().copied();
            }
            if !word.starts_with('-') {
                return None;
            }
        }
        None
    }

    /// What an interpreter runs: its first word that is neither an option nor the value of one of `taking`.
    fn script(&self, taking: &[&str]) -> Option<&'a str> {
        let mut words = self.words.iter().skip(1);
        while let Some(word) = words.next() {
            if taking.contains(word) {
                words.next();
            } else if !word.starts_with('-') {
                return Some(word);
            }
        }
        None
    }
}

fn by_script(script: Option<&str>, hosts: &[&str], starters: &[&str]) -> Kind {
    match script.map(base) {
        Some(name) if hosts.contains(&name) => Kind::Host,
        Some(name) if starters.contains(&name) => Kind::Starter,
        _ => Kind::Unknown,
    }
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// `python3.12`, `node22`, `gcc-13`: without what counts versions.
fn without_version(name: &str) -> &str {
    let short = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    if short.is_empty() {
        name
    } else {
        short.trim_end_matches('-')
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Name};

    fn kind(executable: &str, line: &str) -> Kind {
        let words: Vec<String> = shell_words::split(line).unwrap();
        Name::of(Some(executable), &words).kind()
    }

    #[test]
    fn runners_and_their_workers_are_known() {
        let (node, python) = ("/usr/bin/node", "/usr/bin/python3.12");
        for (executable, line) in [
            (node, "node /p/node_modules/vitest/vitest.mjs run"),
            (node, "node /p/node_modules/.bin/jest --ci"),
            (node, "node /p/node_modules/mocha/bin/mocha.js"),
            (node, "node --import tsx --test"),
            (node, "'node (vitest)'"),
            (python, "python3 -m pytest -x"),
            (python, "/usr/bin/python3 /home/u/.venv/bin/pytest tests"),
            (python, "python -u -m unittest discover"),
            (python, "python -m coverage run -m pytest"),
            (python, "python manage.py test"),
            (
                "/p/target/debug/deps/it-0123456789abcdef",
                "/p/target/debug/deps/it-0123456789abcdef --exact",
            ),
            ("/tmp/rustdoctest1x/rust_out", "/tmp/rustdoctest1x/rust_out"),
            (
                "/tmp/go-build1/b001/net.test",
                "/tmp/go-build1/b001/net.test -test.timeout=10m0s",
            ),
            (
                "/usr/bin/java",
                "java -cp x worker.org.gradle.process.internal.worker.GradleWorkerMain",
            ),
        ] {
            assert_eq!(kind(executable, line), Kind::Host, "{line}");
        }
        for (executable, line) in [
            (
                node,
                "node /p/node_modules/jest-worker/build/workers/processChild.js",
            ),
            (
                "/usr/bin/node",
                "node /p/node_modules/jest-worker/build/child.js",
            ),
            (
                node,
                "node --conditions node /p/node_modules/.pnpm/tinypool@1/node_modules/tinypool/dist/entry/process.js",
            ),
            (
                python,
                "python -u -c 'import sys;exec(eval(sys.stdin.readline()))'",
            ),
            (
                python,
                "python -c 'from multiprocessing.spawn import spawn_main; spawn_main()' --multiprocessing-fork",
            ),
        ] {
            assert_eq!(kind(executable, line), Kind::Worker, "{line}");
        }
    }

    #[test]
    fn what_starts_others_is_seen_through() {
        for (executable, line) in [
            ("/bin/dash", "sh -c 'cargo test'"),
            ("/usr/bin/make", "make test"),
            ("/usr/bin/node", "'npm test'"),
            (
                "/usr/bin/node",
                "node /usr/lib/node_modules/npm/bin/npm-cli.js test",
            ),
            ("/usr/bin/node", "node /p/node_modules/.bin/tsx x.ts"),
            ("/usr/bin/python3", "python3 /usr/bin/tox -e py"),
            ("/home/u/.cargo/bin/rustup", "cargo test"),
            ("/bin/busybox", "sh -c x"),
        ] {
            assert_eq!(kind(executable, line), Kind::Starter, "{line}");
        }
        assert_eq!(
            kind("/usr/bin/git", "git maintenance run --auto"),
            Kind::Tool
        );
        assert_eq!(kind("/usr/bin/sccache", "sccache"), Kind::Tool);
    }

    #[test]
    fn no_table_knows_a_daemon_or_a_plain_script() {
        for (executable, line) in [
            ("/usr/bin/redis-server", "redis-server --daemonize yes"),
            ("/usr/bin/node", "node --import tsx src/bin.ts"),
            ("/usr/bin/node", "node -e 'server()'"),
            (
                "/usr/bin/node",
                "node /p/node_modules/http-server/bin/http-server",
            ),
            ("/usr/bin/python3", "python3 -m http.server"),
            ("/usr/bin/python3", "python3 server.py test"),
            ("/p/target/debug/app", "app --serve"),
            ("/p/target/debug/deps/app", "app --serve"),
            ("/usr/bin/java", "java -jar server.jar"),
        ] {
            assert_eq!(kind(executable, line), Kind::Unknown, "{line}");
        }
    }

    #[test]
    fn a_file_that_node_runs_as_a_test_is_a_worker_and_what_that_starts_is_not() {
        let words = |line: &str| -> Vec<String> { shell_words::split(line).unwrap() };
        let (runner, file, server) = (
            words("node --test"),
            words("node a.test.js"),
            words("node server.js"),
        );
        let in_process = words("node --test --test-isolation=none");
        let name = |words| Name::of(Some("/usr/bin/node"), words);
        assert!(name(&file).is_worker_of(&name(&runner)));
        assert!(!name(&server).is_worker_of(&name(&file)));
        assert!(!name(&server).is_worker_of(&name(&in_process)));
    }
}
