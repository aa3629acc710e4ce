//! Programs that run another program that their arguments name.

/// One of them.
pub(super) struct Wrapper {
    /// Its name, and the word after it where only that makes it one.
    pub(super) name: (&'static str, Option<&'static str>),
    /// Options that take the next word with them.
    pub(super) takes: &'static [&'static str],
    /// How many words come before the program that are not options.
    pub(super) words: usize,
    /// What becomes of the environment.
    pub(super) environment: Passes,
}

/// What a wrapper makes of the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passes {
    /// It passes it on.
    All,
    /// It takes assignments before the program, and passes on the rest.
    Adds,
    /// It passes on nothing, unless an option says so.
    Little,
}

const fn plain(name: &'static str, takes: &'static [&'static str], words: usize) -> Wrapper {
    Wrapper {
        name: (name, None),
        takes,
        words,
        environment: Passes::All,
    }
}

const fn second(name: &'static str, word: &'static str, words: usize) -> Wrapper {
    Wrapper {
        name: (name, Some(word)),
        takes: &[
            "--with",
            "--extra",
            "--group",
            "--python",
            "-p",
            "--package",
            "--features",
        ],
        words,
        environment: Passes::All,
    }
}

const fn changing(
    name: &'static str,
    takes: &'static [&'static str],
    environment: Passes,
) -> Wrapper {
    Wrapper {
        name: (name, None),
        takes,
        words: 0,
        environment,
    }
}

/// Every wrapper that is looked through. `docker run`, `ssh` and their like are not: what arrives there is `guardrun doctor --through`'s question.
pub(super) const WRAPPERS: &[Wrapper] = &[
    changing("env", &["-u", "--unset", "-C", "--chdir"], Passes::Adds),
    changing("cross-env", &[], Passes::Adds),
    changing("cross-env-shell", &[], Passes::Adds),
    changing(
        "sudo",
        &[
            "-u", "--user", "-g", "--group", "-C", "-D", "-h", "-p", "-r", "-t", "-T", "-R", "-U",
        ],
        Passes::Little,
    ),
    changing("doas", &["-u", "-C"], Passes::Little),
    plain("exec", &["-a"], 0),
    plain("command", &[], 0),
    plain("builtin", &[], 0),
    plain("time", &["-f", "-o"], 0),
    plain("nohup", &[], 0),
    plain("setsid", &[], 0),
    plain("nice", &["-n", "--adjustment"], 0),
    plain("ionice", &["-c", "-n", "--class", "--classdata"], 0),
    plain("stdbuf", &["-i", "-o", "-e"], 0),
    plain("timeout", &["-s", "--signal", "-k", "--kill-after"], 1),
    plain("flock", &["-w", "--timeout", "-E"], 1),
    plain("unbuffer", &[], 0),
    plain("catchsegv", &[], 0),
    plain("dbus-run-session", &["--config-file", "--dbus-daemon"], 0),
    plain(
        "xvfb-run",
        &[
            "-n",
            "-s",
            "-e",
            "-f",
            "-p",
            "-w",
            "--server-num",
            "--server-args",
        ],
        0,
    ),
    plain("npx", &["-p", "--package"], 0),
    plain("bunx", &[], 0),
    plain("pnpx", &[], 0),
    plain("dotenv", &["-e", "-f"], 0),
    second("uv", "run", 0),
    second("poetry", "run", 0),
    second("pipenv", "run", 0),
    second("pixi", "run", 0),
    second("hatch", "run", 0),
    second("devbox", "run", 0),
    second("bundle", "exec", 0),
    second("mise", "exec", 0),
    second("mise", "x", 0),
    second("direnv", "exec", 1),
    second("pnpm", "exec", 0),
    second("npm", "exec", 0),
    second("yarn", "exec", 0),
];
