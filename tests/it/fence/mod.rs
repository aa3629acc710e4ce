//! "A suite that is not opted in still runs, and whatever in it tries to start a real daemon is refused at the system call
//! and named, however it was invoked." What real daemons make of it is in `daemons/`.

mod builds;
mod incident;
mod policy;
mod refusals;
mod sessions;
mod supervisor;
mod titles;
mod ways;

use crate::support::bench::Bench;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

/// The exit code of a run whose fence refused something.
const FENCED: i32 = 45;

/// One bench with a policy on it.
struct Yard {
    bench: Bench,
    policy: PathBuf,
}

/// What a run came to.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Yard {
    /// With these rules for a suite that is every command.
    fn with(rules: &str) -> Yard {
        let bench = Bench::new();
        let policy = bench.actor().with_file_name("guardrun.toml");
        let text = format!("[suite.yard]\nmatch = [\"**\"]\n{rules}\n");
        std::fs::write(&policy, text).expect("a policy can be written");
        Yard { bench, policy }
    }

    /// A run of these words under guardrun, `ACTOR` standing for the actor.
    fn command(&self, options: &[&str], suite: &[&str]) -> Command {
        let actor = self.bench.actor();
        let mut command = Command::new(self.bench.guardrun());
        command
            .arg("--policy")
            .arg(&self.policy)
            .args(options)
            .arg("--")
            .args(suite.iter().map(|word| match *word {
                "ACTOR" => actor.as_os_str(),
                word => word.as_ref(),
            }))
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("ACTOR", &actor)
            .current_dir(actor.parent().expect("the bench"))
            .stdin(Stdio::null());
        command
    }

    fn run(&self, options: &[&str], suite: &[&str]) -> Ran {
        let output = self.command(options, suite).output();
        Ran::of(&output.expect("guardrun can be started"))
    }
}

impl Ran {
    fn of(output: &Output) -> Ran {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ran {
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        }
    }
}
