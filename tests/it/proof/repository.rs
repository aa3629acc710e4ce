//! A git repository of a test's own, with a policy and a commit.

use crate::cli::guardrun;
use crate::scratch::Scratch;
use crate::support::gate;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The policy: a gated suite that does what FEED says and owes a report, and one without a gate.
const POLICY: &str = r#"
[gate.live]
env   = "LIVE_TESTS"
why   = "w"
where = "CI"

[suite.d]
gate    = "live"
command = ["sh", "-c", 'eval "$FEED"']
proof   = { report = "out/report", min-executed = 2 }
[suite.d.dangerously-hold-weaker]
at-least = "subreaper"
reason   = "r"

[suite.u]
command = ["sh", "-c", 'eval "$FEED" # u']
"#;

/// Passes, and writes a report of two tests.
pub(super) const PASS: &str = "mkdir -p out; echo '<testsuite tests=\"2\"><testcase name=\"a\"/><testcase name=\"b\"/></testsuite>' > out/report";

/// The repository.
pub(super) struct Repository {
    scratch: Scratch,
}

/// A repository with one commit; None, which is said, where there is no git.
pub(super) fn repository(test: &str) -> Option<Repository> {
    if Command::new("git").arg("--version").output().is_err() {
        gate::skip(test, "git is not installed");
        return None;
    }
    let scratch = Scratch::new();
    scratch.file("guardrun.toml", POLICY);
    scratch.file(".gitignore", "/out\n");
    scratch.file("code", "one\n");
    let repository = Repository { scratch };
    repository.git(&["init", "--quiet", "--initial-branch=main"]);
    repository.commit();
    Some(repository)
}

impl Repository {
    pub(super) fn path(&self) -> &Path {
        self.scratch.path()
    }

    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        self.scratch.file(name, content)
    }

    /// The policy, changed.
    pub(super) fn policy(&self, change: impl FnOnce(String) -> String) {
        self.file("guardrun.toml", change(POLICY.to_owned()));
    }

    pub(super) fn git(&self, words: &[&str]) -> String {
        let output = git(self.path()).args(words).output().expect("git");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {words:?}: {err}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    pub(super) fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "--message", "m"]);
    }

    pub(super) fn head(&self) -> String {
        self.git(&["rev-parse", "HEAD"])
    }

    /// guardrun there, with the gate open.
    pub(super) fn guardrun(&self, words: &[&str]) -> Command {
        let mut command = guardrun(self.path());
        without_git(&mut command);
        command.args(words).env("LIVE_TESTS", "1");
        command
    }

    /// Runs a suite that does this; what came of it.
    pub(super) fn run(&self, suite: &str, feed: &str) -> Output {
        let mut command = self.guardrun(&["run", suite]);
        command.env("FEED", feed).output().expect("guardrun")
    }

    /// `guardrun verify`: its exit code, and what it prints as JSON.
    pub(super) fn verify(&self, words: &[&str]) -> (Option<i32>, Value) {
        let output = self.guardrun(&["--json", "verify"]).args(words).output();
        let output = output.expect("guardrun");
        let text = String::from_utf8_lossy(&output.stdout);
        let value = serde_json::from_str(&text)
            .unwrap_or_else(|error| panic!("{error}: {}", told(&output)));
        (output.status.code(), value)
    }

    /// The names of what is not proved; none, with exit code 0, where all is.
    pub(super) fn missing(&self, words: &[&str]) -> Vec<String> {
        let (code, verified) = self.verify(words);
        let suites = verified["suites"].as_array().expect("suites");
        let lists = std::iter::once(&verified).chain(suites);
        let problems = lists.flat_map(|list| list["problems"].as_array().expect("problems"));
        let names = problems.map(|problem| problem["name"].as_str().expect("a name").to_owned());
        let names: Vec<String> = names.collect();
        assert_eq!(
            code,
            Some(if names.is_empty() { 0 } else { 47 }),
            "{verified:#}"
        );
        assert_eq!(verified["proved"], names.is_empty());
        names
    }

    /// The receipts that runs have left in the default place.
    pub(super) fn receipts(&self) -> Vec<PathBuf> {
        receipts_in(&self.path().join(".git/guardrun/receipts"))
    }
}

/// git, as it is without anybody's own settings.
pub(super) fn git(directory: &Path) -> Command {
    let mut command = Command::new("git");
    without_git(&mut command);
    command.current_dir(directory);
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "n"),
        ("GIT_AUTHOR_EMAIL", "e@localhost"),
        ("GIT_COMMITTER_NAME", "n"),
        ("GIT_COMMITTER_EMAIL", "e@localhost"),
    ] {
        command.env(name, value);
    }
    command
}

/// What a hook of git's would have set.
fn without_git(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("GIT_") {
            command.env_remove(name);
        }
    }
}

pub(super) fn receipts_in(place: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(place).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .filter(|entry| entry.file_name() != ".gitignore")
        .map(|entry| entry.path())
        .collect();
    files.sort();
    files
}

pub(super) fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub(super) fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("a receipt")).expect("JSON")
}
