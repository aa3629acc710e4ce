//! One project with gated tests, and the questions that are the same for every runner.

use crate::support::bench::Bench;
use crate::support::gate;
use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// What opens the gate.
pub(crate) const VARIABLE: &str = "LIVE_TESTS";

/// How many seconds one command may take.
const LONGEST: &str = "150";

/// A project in a directory of its own.
pub(crate) struct Project<'b> {
    bench: &'b Bench,
    /// Its root.
    pub(crate) root: PathBuf,
    /// A server: it listens on a socket of its own, and is over then.
    pub(crate) program: PathBuf,
    /// The directory of its sockets. The kernel makes one in bind(2), and nobody else does.
    sockets: PathBuf,
    /// The command line of its tests.
    suite: Vec<String>,
    variables: Vec<(String, String)>,
}

/// What came of one command.
#[derive(Debug)]
pub(crate) struct Told {
    /// The exit code; None for a death by signal.
    pub(crate) code: Option<i32>,
    /// Both streams.
    pub(crate) text: String,
    /// How many sockets were bound to listen.
    pub(crate) starts: usize,
}

/// How many sockets lie in a directory.
fn bound(directory: &Path) -> usize {
    let entries = fs::read_dir(directory).expect("the directory of the sockets");
    let kinds = entries.map(|entry| entry.and_then(|entry| entry.file_type()).expect("a file"));
    kinds.filter(|kind| kind.is_socket()).count()
}

impl<'b> Project<'b> {
    /// Makes it, with the helper of its language, and a policy whose one suite is this command line.
    pub(crate) fn new(bench: &'b Bench, language: &str, suite: &[&str]) -> Project<'b> {
        let place = bench.place(crate::support::bench::User::present());
        let root = place.join("work");
        let project = Project {
            bench,
            program: place.join("start"),
            sockets: place.join("sockets"),
            root,
            suite: suite.iter().map(|word| (*word).to_owned()).collect(),
            variables: Vec::new(),
        };
        // A name from the directory on: that of a socket may not be long (unix(7)).
        let script = format!(
            "#!/bin/sh\ncd '{}' && exec '{}' bind \"$(mktemp -u XXXXXXXXXX)\"\n",
            project.sockets.display(),
            bench.actor().display()
        );
        fs::write(&project.program, script).expect("a script");
        fs::set_permissions(&project.program, fs::Permissions::from_mode(0o755)).expect("a mode");
        project.file(".git/HEAD", "");
        project.write_policy();
        let helper = project.run(&[], &["guardrun", "init", "--helper", language]);
        assert_eq!(helper.code, Some(0), "{}", helper.text);
        project
    }

    /// A variable for every command.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self.write_policy();
        self
    }

    /// With another command line of its tests.
    pub(crate) fn with_suite(mut self, suite: &[&str]) -> Self {
        self.suite = suite.iter().map(|word| (*word).to_owned()).collect();
        self.write_policy();
        self
    }

    /// The suite `live`, and the same with all that guardrun sets lost on the way, and nothing else.
    fn write_policy(&self) {
        let quoted = |words: &[String]| {
            let words: Vec<String> = words.iter().map(|word| format!("{word:?}")).collect();
            words.join(", ")
        };
        let mut lost = vec!["env".to_owned(), "-i".to_owned()];
        for name in ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME"] {
            lost.extend(std::env::var(name).map(|value| format!("{name}={value}")));
        }
        lost.extend(
            self.variables
                .iter()
                .map(|(name, value)| format!("{name}={value}")),
        );
        lost.extend_from_slice(&self.suite);
        let policy = format!(
            "[gate.live]\nenv = \"{VARIABLE}\"\nwhy = \"starts a real process\"\nwhere = \"CI\"\n\n\
             [suite.live]\ngate = \"live\"\ncommand = [{}]\n\n\
             [suite.lost]\ngate = \"live\"\ncommand = [{}]\n",
            quoted(&self.suite),
            quoted(&lost)
        );
        self.file("guardrun.toml", &policy);
    }

    /// Writes a file. `@START@` in it is the server.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.root.join(name);
        fs::create_dir_all(path.parent().expect("a file has a directory")).expect("a directory");
        let text = text.replace("@START@", &self.program.to_string_lossy());
        fs::write(&path, text).expect("a file can be written");
        path
    }

    /// Runs a command in the project's root.
    pub(crate) fn run(&self, variables: &[(&str, &str)], words: &[&str]) -> Told {
        self.run_in(&self.root, variables, words)
    }

    /// Runs a command somewhere.
    pub(crate) fn run_in(
        &self,
        directory: &Path,
        variables: &[(&str, &str)],
        words: &[&str],
    ) -> Told {
        let _ = fs::remove_dir_all(&self.sockets);
        fs::create_dir(&self.sockets).expect("a directory for the sockets");
        let program = match words[0] {
            "guardrun" => self.bench.guardrun(),
            other => PathBuf::from(other),
        };
        // A runner that hangs is a failure, and not the end of the machine's patience.
        let mut command = Command::new("timeout");
        command
            .args(["--signal=KILL", LONGEST])
            .arg(program)
            .args(&words[1..])
            .current_dir(directory)
            .stdin(Stdio::null());
        // What the tests themselves were started with is not the project's: an opt-in, CI, a coding agent's mark.
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            let foreign = [
                "GUARDRUN",
                "CI",
                "CARGO_",
                "RUST_TEST",
                "RUSTUP_TOOLCHAIN",
                "VITEST",
                "NODE_",
                "PYTEST",
            ];
            if foreign.iter().any(|start| name.starts_with(start)) && name != "CARGO_HOME" {
                command.env_remove(name);
            }
        }
        command.env_remove(VARIABLE);
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.envs(variables.iter().copied());
        let Output {
            status,
            stdout,
            stderr,
        } = command.output().expect("the command can be started");
        let text = [stdout, stderr].map(|stream| String::from_utf8_lossy(&stream).into_owned());
        Told {
            code: status.code(),
            text: text.concat(),
            starts: bound(&self.sockets),
        }
    }

    /// The project's own runner, called directly.
    pub(crate) fn bare(&self, variables: &[(&str, &str)]) -> Told {
        let words: Vec<&str> = self.suite.iter().map(String::as_str).collect();
        self.run(variables, &words)
    }

    /// The suite under guardrun with its gate open: what came of it, and what the ledger held. None where the level that gated suites
    /// ask for cannot be had, which is skipped by name.
    pub(crate) fn open(&self, suite: &str, more: &[&str]) -> Option<(Told, serde_json::Value)> {
        let report = self.root.with_file_name("report.json");
        let path = report.to_string_lossy().into_owned();
        let mut words = vec!["guardrun", "run", suite, "--report", &path];
        words.extend(more);
        let told = self.run(&[(VARIABLE, "1")], &words);
        if told.code == Some(42) {
            gate::skip("a gated suite", &told.text);
            return None;
        }
        let text =
            fs::read_to_string(&report).unwrap_or_else(|error| panic!("{error}: {}", told.text));
        let report: serde_json::Value = serde_json::from_str(&text).expect("a report is JSON");
        Some((told, report["ledger"].clone()))
    }
}

/// What happens when the gate is open.
#[derive(Clone, Copy)]
pub(crate) struct Starts {
    /// How many processes are started.
    pub(crate) processes: usize,
    /// How many gated tests there are.
    pub(crate) tests: usize,
}

/// What holds for every runner. `bypasses` are other
/// command lines for the same tests, each with the directory that it is called in.
pub(crate) fn holds(project: &Project<'_>, starts: Starts, bypasses: &[(&Path, Vec<String>)]) {
    let closed = |told: &Told, reason: &str| {
        assert_eq!(
            told.starts, 0,
            "started behind a closed gate: {}",
            told.text
        );
        assert!(
            told.text.contains(reason),
            "no reason `{reason}`: {}",
            told.text
        );
    };
    // Bare and closed: nothing starts, the skip says why, what needs no gate runs. CI opens nothing.
    for variables in [
        &[][..],
        &[("CI", "1")],
        &[("CI", "true"), ("GITHUB_ACTIONS", "true")],
    ] {
        let told = project.bare(variables);
        assert_eq!(told.code, Some(0), "{}", told.text);
        closed(&told, "LIVE_TESTS is not set");
    }
    closed(&project.bare(&[(VARIABLE, "true")]), "only \"1\" opens it");
    // The opt-in alone is not a run: whoever calls the runner directly is not held.
    closed(
        &project.bare(&[(VARIABLE, "1")]),
        "no run of guardrun holds this process",
    );
    // Where a skip is not allowed it is a failure, and still nothing starts.
    let required = project.bare(&[("GUARDRUN_REQUIRE", "1")]);
    assert_ne!(required.code, Some(0), "{}", required.text);
    closed(&required, "LIVE_TESTS is not set");
    for (directory, words) in bypasses {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        for variables in [&[][..], &[("CI", "1")], &[(VARIABLE, "1")]] {
            let told = project.run_in(directory, variables, &words);
            assert_eq!(told.starts, 0, "{words:?} passes the gate: {}", told.text);
        }
    }
    // Under guardrun and closed: refused, and the runner itself is not executed.
    let refused = project.run(&[("CI", "1")], &["guardrun", "run", "live"]);
    assert_eq!(
        (refused.code, refused.starts),
        (Some(40), 0),
        "{}",
        refused.text
    );
    // Under guardrun, and the opt-in set past its judgement.
    let mut inside = vec![
        "guardrun",
        "--",
        "env",
        "LIVE_TESTS=1",
        "sh",
        "-c",
        "\"$@\"",
        "sh",
    ];
    inside.extend(project.suite.iter().map(String::as_str));
    closed(&project.run(&[], &inside), "was set inside the run");
    // Open: executed, and counted.
    let Some((told, ledger)) = project.open("live", &[]) else {
        return;
    };
    assert_eq!(told.code, Some(0), "{}", told.text);
    assert_eq!(told.starts, starts.processes, "{}", told.text);
    assert_eq!(ledger["ran"], starts.tests, "{ledger} {}", told.text);
    assert_eq!(
        (&ledger["unreadable"], &ledger["stopped"]),
        (&0.into(), &0.into()),
        "{ledger}"
    );
    // The environment of a run that is over opens nothing.
    let stale = project.root.with_file_name("stale");
    let keep = format!("env > '{}'", stale.display());
    let words = ["guardrun", "--", "sh", "-c", keep.as_str()];
    assert_eq!(project.run(&[], &words).code, Some(0));
    let kept = fs::read_to_string(&stale).expect("the environment of a run");
    let of_the_run: Vec<(&str, &str)> = kept
        .lines()
        .filter(|line| line.starts_with("GUARDRUN_") && !line.starts_with("GUARDRUN_OPENED"))
        .filter_map(|line| line.split_once('='))
        .chain([(VARIABLE, "1"), ("GUARDRUN_OPENED", VARIABLE)])
        .collect();
    assert!(
        of_the_run
            .iter()
            .any(|(name, _)| *name == "GUARDRUN_KEEPER"),
        "{kept}"
    );
    closed(
        &project.bare(&of_the_run),
        "no live run of guardrun holds this process",
    );
    // Lost on the way: nothing starts, and the ledger shows that nobody asked, or that it was closed.
    if let Some((told, ledger)) = project.open("lost", &[]) {
        assert_eq!(told.starts, 0, "{}", told.text);
        assert_eq!(
            (&ledger["ran"], &ledger["open"]),
            (&0.into(), &serde_json::json!({})),
            "{ledger}"
        );
    }
}
