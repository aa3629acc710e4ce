//! Where a self-test happens: a directory of its own with a repository, a policy and a place for records, gone at the end.

use crate::sys::ask::{self, Question};
use crate::values::Status;
use serde_json::Value;
use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The policy. Each suite runs what FEED says, and owes another proof.
pub(super) const POLICY: &str = r#"
[gate.real]
env   = "SELF_TEST_GATE"
why   = "it is there to be closed"
where = "here, where it is opened"

[suite.counted]
command = ["sh", "-c", 'eval "$FEED"']
proof   = { report = "out/report", min-executed = 2 }

[suite.named]
command = ["sh", "-c", 'eval "$FEED" # named']
proof   = { report = "out/report", must-run = ["wanted"] }

[suite.bounded]
command = ["sh", "-c", 'eval "$FEED" # bounded']
proof   = { report = "out/report", max-skipped = 0 }

[suite.listed]
command = ["sh", "-c", 'eval "$FEED" # listed']
proof   = { report = "out/report", ratchet = "skips.toml" }

[suite.probe]
command = ["sh", "-c", 'eval "$FEED" # probe']
proof   = { report = "out/report", strict = "report" }

[suite.mislisted]
command = ["sh", "-c", 'eval "$FEED" # mislisted']
proof   = { report = "out/report", ratchet = "out/skips.toml" }

[suite.tap]
command = ["sh", "-c", 'eval "$FEED" # tap']
proof   = { report = "out/report", format = "tap" }

[suite.ledger]
command = ["sh", "-c", 'eval "$FEED" # ledger']
proof   = { format = "ledger" }

[suite.gated]
gate    = "real"
command = ["sh", "-c", 'eval "$FEED" # gated']
proof   = { report = "out/report", min-executed = 2 }
[suite.gated.dangerously-hold-weaker]
at-least = "subreaper"
reason   = "it starts nothing"
[suite.gated.dangerously-run-concurrently]
reason   = "nobody else is here"

[suite.bare]
gate    = "real"
command = ["true"]
[suite.bare.dangerously-hold-weaker]
at-least = "subreaper"
reason   = "it starts nothing"
[suite.bare.dangerously-run-concurrently]
reason   = "nobody else is here"
"#;

/// How long one guardrun may take. Each is over in a moment.
const PATIENCE: Duration = Duration::from_secs(60);
/// How much of what one says is read, in bytes.
const MOST: u64 = 1024 * 1024;
/// What begins the names of variables that would make a guardrun or a git do something else, or tell somebody.
const OTHERS: [&str; 3] = ["GUARDRUN_", "GITHUB_", "GIT_"];

/// The ground.
pub(super) struct Ground {
    all: PathBuf,
    /// The repository.
    pub(super) repository: PathBuf,
}

/// How one guardrun ended, and the names in its answer.
pub(super) type Answered = (Option<u8>, Vec<String>);

impl Ground {
    /// Makes it, without any commit yet.
    pub(super) fn make() -> io::Result<Ground> {
        let all = nix::unistd::mkdtemp(&std::env::temp_dir().join("guardrun-self-test-XXXXXX"))?;
        let repository = all.join("repository");
        let ground = Ground { all, repository };
        for directory in [&ground.repository, &ground.all.join("runtime")] {
            DirBuilder::new().mode(0o700).create(directory)?;
        }
        // Nothing above it is asked for a policy, nor is the repository that it may lie in.
        ground.file(".git/HEAD", "ref: refs/heads/main\n")?;
        ground.file("guardrun.toml", POLICY)?;
        ground.file(
            "skips.toml",
            "[[skip]]\ntest = \"known\"\nreason = \"it is on the list\"\n",
        )?;
        ground.file(".gitignore", "/out\n")?;
        Ok(ground)
    }

    /// Writes a file of the repository.
    pub(super) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> io::Result<PathBuf> {
        let path = self.repository.join(name);
        fs::create_dir_all(path.parent().unwrap_or(&self.repository))?;
        fs::write(&path, content)?;
        Ok(path)
    }

    /// Does this while a file of the repository has another content, and puts it back.
    pub(super) fn while_it_is<T>(
        &self,
        name: &str,
        content: &[u8],
        then: impl FnOnce() -> T,
    ) -> io::Result<T> {
        let before = fs::read(self.repository.join(name))?;
        self.file(name, content)?;
        let answer = then();
        self.file(name, before)?;
        Ok(answer)
    }

    /// Takes away what suites have written.
    pub(super) fn clear(&self, name: &str) {
        let _ = fs::remove_dir_all(self.repository.join(name));
    }

    /// Runs a suite that does this, with this report at hand, and answers with what is not proved.
    pub(super) fn run(&self, options: &[&str], suite: &str, feed: &str, report: &[u8]) -> Answered {
        self.run_where(Gate::Open, options, suite, feed, report)
    }

    /// The same with the gate closed, for a suite that is not to be started.
    pub(super) fn run_closed(&self, suite: &str) -> Answered {
        self.run_where(Gate::Closed, &[], suite, "touch out", b"")
    }

    fn run_where(
        &self,
        gate: Gate,
        options: &[&str],
        suite: &str,
        feed: &str,
        report: &[u8],
    ) -> Answered {
        let mut words = vec!["--json", "run"];
        words.extend(options);
        words.push(suite);
        let at_hand = self.all.join("report");
        if fs::write(&at_hand, report).is_err() {
            return (None, vec!["the report could not be made".to_owned()]);
        }
        let variables = [
            ("FEED", feed.into()),
            ("REPORT", at_hand.into_os_string()),
            ("SELF_TEST_GATE", gate.value().into()),
        ];
        let answer = self.guardrun(&words, &variables);
        let (code, _, err) = match answer {
            Ok(answer) => answer,
            Err(error) => return (None, vec![error.to_string()]),
        };
        let lines = err.lines().rev();
        let record = lines
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .next();
        let record = record.unwrap_or_default();
        let mut names = strings(&record["verdicts"]);
        if let Some(refused) = record["verdict"].as_str() {
            names.push(refused.to_owned());
        }
        for proved in record["proof"].as_array().into_iter().flatten() {
            names.extend(problems(proved));
        }
        // That it is not proved is in the exit code; the reason is what is asked for.
        names.retain(|name| name != "unproven");
        (code, names)
    }

    /// Asks `guardrun verify`, and answers with what is not proved.
    pub(super) fn verify(&self, options: &[&str]) -> Answered {
        let mut words = vec!["--json", "verify"];
        words.extend(options);
        let (code, out, err) = match self.guardrun(&words, &[]) {
            Ok(answer) => answer,
            Err(error) => return (None, vec![error.to_string()]),
        };
        let Ok(verified) = serde_json::from_str::<Value>(&out) else {
            return (
                code,
                err.lines().next().map(str::to_owned).into_iter().collect(),
            );
        };
        let mut names = problems(&verified);
        for suite in verified["suites"].as_array().into_iter().flatten() {
            names.extend(problems(suite));
        }
        (code, names)
    }

    fn guardrun(
        &self,
        words: &[&str],
        variables: &[(&str, OsString)],
    ) -> io::Result<(Option<u8>, String, String)> {
        // This very program, also when its file has been replaced since (proc_pid_exe(5)).
        let program = ["/proc/self/exe"];
        self.ask(
            program.iter().chain(words).map(OsString::from).collect(),
            variables,
        )
    }

    /// Asks git to do something in the repository; whether it did.
    pub(super) fn git(&self, words: &[&str]) -> Result<(), String> {
        let first = [
            "git",
            "-c",
            "core.fsmonitor=false",
            "-c",
            "commit.gpgsign=false",
        ];
        let words = first.iter().chain(words).map(OsString::from).collect();
        match self.ask(words, &[]) {
            Ok((Some(0), ..)) => Ok(()),
            Ok((_, _, err)) => Err(err.lines().next().unwrap_or("git failed").to_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err("git is not installed here".to_owned())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    fn ask(
        &self,
        words: Vec<OsString>,
        variables: &[(&str, OsString)],
    ) -> io::Result<(Option<u8>, String, String)> {
        let own: Vec<(OsString, OsString)> = [
            ("HOME", self.all.clone().into_os_string()),
            ("XDG_CONFIG_HOME", self.all.clone().into_os_string()),
            ("XDG_RUNTIME_DIR", self.all.join("runtime").into_os_string()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_AUTHOR_NAME", "self-test".into()),
            ("GIT_AUTHOR_EMAIL", "self-test@localhost".into()),
            ("GIT_COMMITTER_NAME", "self-test".into()),
            ("GIT_COMMITTER_EMAIL", "self-test@localhost".into()),
        ]
        .into_iter()
        .chain(variables.iter().cloned())
        .map(|(name, value)| (name.into(), value))
        .collect();
        let is_other = |name: &OsString| {
            let name = name.to_string_lossy();
            OTHERS.iter().any(|other| name.starts_with(other))
                || own.iter().any(|(own, _)| *own == *name)
        };
        let given = std::env::vars_os().filter(|(name, _)| !is_other(name));
        let answer = ask::ask(Question {
            words,
            environment: given.chain(own.iter().cloned()).collect(),
            directory: &self.repository,
            limit: PATIENCE,
            most: MOST,
        })?;
        let code = match answer.status {
            Status::Exited(code) => Some(code),
            Status::Signaled(_) => None,
        };
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok((code, text(answer.out), text(answer.err)))
    }

    /// A path of the repository, as a word of a command line.
    pub(super) fn path(&self, name: &str) -> String {
        self.repository.join(name).to_string_lossy().into_owned()
    }
}

/// Whether the gate of the policy is open.
#[derive(Clone, Copy)]
enum Gate {
    Open,
    Closed,
}

impl Gate {
    fn value(self) -> &'static str {
        match self {
            Gate::Open => "1",
            Gate::Closed => "0",
        }
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.all);
    }
}

fn problems(value: &Value) -> Vec<String> {
    let problems = value["problems"].as_array().into_iter().flatten();
    problems
        .filter_map(|problem| Some(problem["name"].as_str()?.to_owned()))
        .collect()
}

fn strings(value: &Value) -> Vec<String> {
    let strings = value.as_array().into_iter().flatten();
    strings
        .filter_map(|text| Some(text.as_str()?.to_owned()))
        .collect()
}

/// Every file in a directory.
pub(super) fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries.filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'));
    files.map(|entry| entry.path()).collect()
}
