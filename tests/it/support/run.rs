//! One run to be watched: who, at which level, under what, which suite, on which stage.

use super::PATIENCE;
use super::bench::{Bench, User};
use super::delegation::Delegation;
use super::news::News;
use super::pty::Pty;
use super::scene::Scene;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How long a cell's room lasts at the most: longer than everything that is waited for in it.
const ROOM_LIFE: &str = "150";
/// How long a suite's processes live at the most: longer than anybody waits for their death, so that dying of old age is
/// never taken for having been killed.
const SUITE_LIFE: &str = "120";

/// The levels, by the words of the command line.
pub(crate) const LEVELS: [&str; 3] = ["namespace", "cgroup", "subreaper"];

/// A run that has not been started yet.
pub(crate) struct Run<'b> {
    bench: &'b Bench,
    user: User,
    place: PathBuf,
    news: News,
    front: Vec<OsString>,
    options: Vec<OsString>,
    suite: Vec<OsString>,
    stage: Vec<OsString>,
    room: Vec<OsString>,
    environment: BTreeMap<OsString, OsString>,
    delegation: Option<Delegation>,
    stdout: Stdout,
    fence: Fence,
}

/// Whether the suite is behind the fence that every suite without a gate has.
#[derive(PartialEq, Eq)]
enum Fence {
    /// No: it is there to do what a fence forbids.
    Off,
    /// As the policy says, or as it is without one.
    AsIs,
}

/// For the suites that are there to start daemons.
pub(crate) const UNFENCED: &str = "[suite.actor]\nmatch = [\"**\"]\n\
    [suite.actor.dangerously-fence-weaker]\nfence = \"off\"\nreason = \"it is there to do what a fence forbids\"\n";

/// Where the run's stdout goes when there is no terminal.
#[derive(PartialEq, Eq)]
enum Stdout {
    File,
    Pipe,
    Null,
}

/// Words of a command line.
pub(crate) fn words<I: IntoIterator>(words: I) -> Vec<OsString>
where
    I::Item: Into<OsString>,
{
    words.into_iter().map(Into::into).collect()
}

impl<'b> Run<'b> {
    /// A command of `user`'s with nothing above it but the stage.
    pub(crate) fn bare(bench: &'b Bench, user: User) -> Run<'b> {
        let place = bench.place(user);
        let news = News::new(place.join("news"));
        let mut run = Run {
            bench,
            user,
            news,
            front: Vec::new(),
            options: Vec::new(),
            suite: Vec::new(),
            stage: words(["--directory"]),
            room: Vec::new(),
            environment: BTreeMap::new(),
            delegation: None,
            stdout: Stdout::File,
            fence: Fence::Off,
            place,
        };
        run.stage.push(run.place.join("work").into());
        for (name, part) in [
            ("HOME", "home"),
            ("TMPDIR", "tmp"),
            ("XDG_RUNTIME_DIR", "runtime"),
            ("XDG_STATE_HOME", "state"),
        ] {
            let path = run.place.join(part);
            run = run.variable(name, path);
        }
        if bench.is_relaying() {
            run = run.variable("GUARDRUN_IDLE", "10m");
        }
        run.variable("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")
    }

    /// The same under guardrun at `level`.
    pub(crate) fn held(bench: &'b Bench, user: User, level: &str) -> Run<'b> {
        let mut run = Run::bare(bench, user);
        run.front = words([bench.guardrun()]);
        run.options = words(["--level", level]);
        if level == "cgroup" {
            let name = format!(
                "{}-{}",
                file_name(run.place.parent()),
                file_name(Some(&run.place))
            );
            run.delegation = Delegation::new(&name, user);
        }
        run
    }

    /// The fifo for news.
    pub(crate) fn news(&self) -> &Path {
        self.news.path()
    }

    /// Audited, with the events in the file `events` of the run's own directory.
    pub(crate) fn audited(mut self) -> Self {
        self.front.push("audit".into());
        let events = self.place.join("work/events");
        self.option(["--events".into(), events.into_os_string()])
    }

    /// More options for guardrun.
    pub(crate) fn option<I: IntoIterator>(mut self, more: I) -> Self
    where
        I::Item: Into<OsString>,
    {
        self.options.extend(words(more));
        self
    }

    /// Behind the fence that a suite has which nobody has described.
    pub(crate) fn fenced(mut self) -> Self {
        self.fence = Fence::AsIs;
        self
    }

    /// A policy for guardrun, which says what fence there is.
    pub(crate) fn policy(mut self, text: &str) -> Self {
        self.fence = Fence::AsIs;
        let path = self.place.join("guardrun.toml");
        fs::write(&path, text).expect("a policy can be written");
        self.option(["--policy".into(), path.into_os_string()])
    }

    /// A variable of the environment that guardrun is started in.
    pub(crate) fn variable(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// What the suite is.
    pub(crate) fn suite<I: IntoIterator>(mut self, suite: I) -> Self
    where
        I::Item: Into<OsString>,
    {
        self.suite = words(suite);
        self
    }

    /// The suite is the actor, in this manner.
    pub(crate) fn acts<I: IntoIterator>(self, manner: I) -> Self
    where
        I::Item: Into<OsString>,
    {
        let mut suite = words([self.bench.actor()]);
        suite.extend(words(manner));
        suite.extend(words(["--life", SUITE_LIFE]));
        self.suite(suite)
    }

    /// The suite is the actor, which brings a shape about and then ends like that.
    pub(crate) fn plays(self, shape: &str, then: &str, more: &[OsString]) -> Self {
        let mut manner = words(["play", shape, "--then", then, "--news"]);
        manner.push(self.news.path().into());
        manner.extend_from_slice(more);
        self.acts(manner)
    }

    /// More for the stage.
    pub(crate) fn stage<I: IntoIterator>(mut self, more: I) -> Self
    where
        I::Item: Into<OsString>,
    {
        self.stage.extend(words(more));
        self
    }

    /// More for the room.
    pub(crate) fn room<I: IntoIterator>(mut self, more: I) -> Self
    where
        I::Item: Into<OsString>,
    {
        self.room.extend(words(more));
        self
    }

    /// With a terminal.
    pub(crate) fn terminal(self, pty: &Pty) -> Self {
        pty.give_to(self.user);
        self.stage(["--tty".into(), pty.slave().as_os_str().to_owned()])
    }

    /// With a pipe for its stdout, whose other end the scene has.
    pub(crate) fn piped(mut self) -> Self {
        self.stdout = Stdout::Pipe;
        self
    }

    /// With stdout and stderr on /dev/null, the same for every run.
    pub(crate) fn silent(mut self) -> Self {
        self.stdout = Stdout::Null;
        self
    }

    /// A later guardrun that the scene can ask for.
    pub(crate) fn with_a_later_run(self) -> Self {
        let path = self.place.join("again");
        drop(News::new(path.clone()));
        self.stage(["--again".into(), path.into_os_string()])
    }

    /// Starts it, and comes back when the stage is about to become guardrun.
    pub(crate) fn start(mut self) -> Scene {
        if self.fence == Fence::Off && !self.front.is_empty() {
            // With a policy a flag may only shorten the grace.
            let has_grace = self.options.iter().any(|option| option == "--grace");
            let grace = if has_grace {
                "[defaults]\ngrace = \"1day\"\n"
            } else {
                ""
            };
            self = self.policy(&format!("{UNFENCED}{grace}"));
        }
        let has_terminal = self.stage.iter().any(|word| word == "--tty");
        let mut room = Command::new(self.bench.actor());
        room.args(["room", "--until-empty", "yes", "--life", ROOM_LIFE])
            .args(&self.room)
            .arg("--")
            .arg(self.bench.actor())
            .args(["stage", "--life", ROOM_LIFE, "--news"])
            .arg(self.news.path());
        if let Some(id) = self.user.to_become() {
            room.args(["--user", &id.to_string()]);
        }
        if let Some(delegation) = &self.delegation {
            room.arg("--cgroup").arg(delegation.path());
        }
        let (out, err) = match self.stdout {
            _ if has_terminal => (None, None),
            Stdout::File => (Some(self.place.join("out")), Some(self.place.join("err"))),
            Stdout::Pipe => (None, Some(self.place.join("err"))),
            Stdout::Null => (Some("/dev/null".into()), Some("/dev/null".into())),
        };
        for (option, path) in [("--out", out), ("--err", err)] {
            room.args(
                path.map(|path| [option.into(), path.into_os_string()])
                    .into_iter()
                    .flatten(),
            );
        }
        room.args(&self.stage).arg("--").args(&self.front);
        if !self.front.is_empty() {
            room.args(&self.options).arg("--");
        }
        room.args(&self.suite)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::piped())
            .stdout(if self.stdout == Stdout::Pipe {
                Stdio::piped()
            } else {
                Stdio::null()
            });
        let mut room = room.spawn().expect("a room can be started");
        let leash = room.stdin.take().expect("its stdin is piped");
        let mut news = self.news;
        let here = news.wait_for(&["here "], PATIENCE);
        Scene::new(room, leash, news, here, self.place, self.delegation)
    }
}

fn file_name(path: Option<&Path>) -> String {
    path.and_then(Path::file_name)
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}
