//! "`guardrun audit` records every process: argv, exe, cwd, parent, start, end, status, what it listens on, terminals, sessions,
//! what outlived its parent or the run." Nothing is lost, and nothing that guardrun promises of a run is lost by it.

mod count;
mod derive;
mod ends;
mod fence;
mod files;
mod reader;
mod tree;

use crate::support::bench::Bench;
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// One bench for audits without a stage.
struct Hall {
    bench: Bench,
    place: PathBuf,
}

/// What an audit came to.
#[derive(Debug)]
struct Audited {
    code: Option<i32>,
    err: String,
    seen: Seen,
}

/// The events of an audit.
#[derive(Debug)]
struct Seen(Vec<Value>);

impl Hall {
    fn new() -> Hall {
        let bench = Bench::new();
        let place = bench.place(crate::support::bench::User::present());
        Hall { bench, place }
    }

    /// guardrun in this hall, with nothing of the caller's environment.
    fn guardrun(&self) -> Command {
        let actor = self.bench.actor();
        let mut command = Command::new(self.bench.guardrun());
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
            .env("ACTOR", &actor)
            .env("XDG_RUNTIME_DIR", self.place.join("runtime"))
            .current_dir(self.place.join("work"))
            .stdin(Stdio::null());
        std::fs::create_dir_all(self.place.join("work/.git")).expect("a directory");
        std::fs::write(self.place.join("work/.git/HEAD"), "").expect("a file");
        command
    }

    /// An audit of these words, `ACTOR` standing for the actor.
    fn audit(&self, options: &[&str], suite: &[&str]) -> Audited {
        let events = self.place.join("work/events");
        let actor = self.bench.actor();
        let output = self
            .guardrun()
            .args(["audit", "--events"])
            .arg(&events)
            .args(options)
            .arg("--")
            .args(suite.iter().map(|word| match *word {
                "ACTOR" => actor.as_os_str(),
                word => word.as_ref(),
            }))
            .output()
            .expect("guardrun can be started");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Audited {
            code: output.status.code(),
            err: text(&output.stderr),
            seen: Seen::of(&events),
        }
    }
}

impl Seen {
    fn of(file: &Path) -> Seen {
        Seen::read(&std::fs::read_to_string(file).unwrap_or_default())
    }

    fn read(text: &str) -> Seen {
        let lines = text.lines();
        Seen(
            lines
                .map(|line| serde_json::from_str(line).expect("each line is one object"))
                .collect(),
        )
    }

    fn all<'a>(&'a self, event: &'a str) -> impl Iterator<Item = &'a Value> {
        self.0.iter().filter(move |it| it["event"] == event)
    }

    fn count(&self, event: &str) -> usize {
        self.all(event).count()
    }

    /// Every process as `ID of PARENT: PROGRAM > PROGRAM = STATUS`, in order of birth.
    fn processes(&self) -> Vec<String> {
        let name = |path: &Value| {
            let path = path.as_str().unwrap_or("?");
            path.rsplit('/').next().unwrap_or(path).to_owned()
        };
        let lines = self.all("start").map(|start| {
            let id = &start["id"];
            let own = |event| self.all(event).filter(|it| it["id"] == *id);
            let programs: Vec<String> = own("exec").map(|it| name(&it["argv"][0])).collect();
            let ends: Vec<String> = own("exit")
                .map(|it| match it["signal"].as_str() {
                    Some(signal) => signal.to_owned(),
                    None => it["code"].to_string(),
                })
                .collect();
            let parent = start["parent"].as_u64().unwrap_or(0);
            format!(
                "{id} of {parent}: {} = {}",
                programs.join(" > "),
                ends.join(" ")
            )
        });
        lines.collect()
    }
}
