//! Real daemons, as suites start them, a file for each. Stubs behave badly in the ways that somebody thought of; these behave
//! in the ways that they do.
//!
//! Every daemon is started by a small shell script that runs under guardrun, and answers a real question before its run is
//! ended in one of three ways. That it is gone afterwards is the kernel's word three times: the pidfds that were opened while
//! it lived are readable, nobody accepts its connections, and the room has become empty.

mod chromium;
mod conversation;
mod gpg_agent;
mod memcached;
mod nginx;
mod node;
mod postgres;
mod programs;
mod redis;
mod ssh_agent;
mod tmux;

use crate::escape::matrix::{can_hold, users};
use crate::support::bench::{Bench, User};
use crate::support::gate;
use crate::support::kernel::Process;
use crate::support::pty::Pty;
use crate::support::run::{LEVELS, Run};
use crate::support::scene::{Ended, Scene};
use crate::support::{PATIENCE, proc};
use conversation::Address;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long a script may take to notice that what it has started is not there.
const SETTLED: Duration = Duration::from_secs(5);

/// A program that goes into the background and stays.
struct Daemon {
    /// Programs without which there is nothing to test.
    programs: &'static [&'static str],
    /// Who may run it.
    who: Who,
    /// Shell lines that start it in the working directory, and write where it answers into the file `address`.
    start: &'static str,
    /// What it is asked, and what it answers.
    question: &'static [u8],
    answer: &'static [u8],
    /// The names of its processes, as the kernel has them.
    processes: &'static [&'static str],
}

/// Who may run a daemon.
#[derive(PartialEq, Eq)]
enum Who {
    Anybody,
    /// Somebody with an account, which the tests' unprivileged user has not.
    AnybodyWithAnAccount,
}

/// How a run with a daemon in it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Exit0,
    CtrlC,
    KillFront,
}

/// What comes after the start: the script says so, waits for a word from the test, and is content.
const THEN: &str = "echo ready > ../news\nread -r word < go\nexit 0\n";

impl Daemon {
    /// "When guardrun returns, or dies in whatever way, no process of the suite lives on."
    fn does_not_outlive_guardrun(&self) {
        if !programs::are_here(self.programs) {
            return;
        }
        let users: Vec<User> = users()
            .into_iter()
            .filter(|user| self.is_for(*user))
            .collect();
        if users.is_empty() {
            return gate::skip(
                self.processes[0],
                "needs an account, and there is only a number",
            );
        }
        let bench = Bench::new();
        for user in users {
            for level in LEVELS
                .into_iter()
                .filter(|level| can_hold(&bench, user, level))
            {
                for ending in [Ending::Exit0, Ending::CtrlC, Ending::KillFront] {
                    self.end_held(&bench, user, level, ending);
                }
            }
        }
        self.stays_without_guardrun(&bench);
    }

    fn is_for(&self, user: User) -> bool {
        self.who == Who::Anybody || (user.to_become().is_none() && has_account())
    }

    /// One run under guardrun, and its end.
    fn end_held(&self, bench: &Bench, user: User, level: &str, ending: Ending) {
        let name = format!(
            "{} at {level} as {} by {ending:?}",
            self.processes[0],
            user.name()
        );
        let mut pty = (ending == Ending::CtrlC).then(Pty::open);
        let run = Run::held(bench, user, level);
        let mut alive = self.start(match &pty {
            Some(pty) => run.terminal(pty),
            None => run,
        });
        let at_once = Duration::ZERO;
        // Guardrun's return is the promise; its death can only be the beginning of the end.
        let bound = match ending {
            Ending::Exit0 => {
                alive
                    .go
                    .write_all(b"go\n")
                    .expect("one's own fifo can be written");
                alive.expect_end(Ended::Exited(46), &name);
                at_once
            }
            Ending::CtrlC => {
                pty.as_mut().expect("opened above").keys("\x03");
                alive.expect_end(Ended::Killed(libc::SIGINT), &name);
                at_once
            }
            Ending::KillFront => {
                alive
                    .scene
                    .front()
                    .expect("the front")
                    .signal(libc::SIGKILL);
                alive.expect_end(Ended::Killed(libc::SIGKILL), &name);
                PATIENCE
            }
        };
        if ending == Ending::Exit0 {
            let err = alive.scene.text("err");
            for process in self.processes {
                // tmux calls its server `tmux: server`; its command line does not.
                let program = process.split(':').next().unwrap_or(process);
                assert!(
                    err.contains(program),
                    "{name}: {process} is not named: {err}"
                );
            }
        }
        for process in &alive.processes {
            assert!(
                process.dies_within(bound),
                "{name}: {} lives on",
                proc::portrait(process.pid)
            );
        }
        assert!(
            !alive.address.accepts(),
            "{name}: somebody still accepts its connections"
        );
        if let Err(left) = alive.scene.empty_within(PATIENCE) {
            panic!(
                "{}",
                alive
                    .scene
                    .report(&format!("{name}: left behind: {left:#?}"))
            );
        }
    }

    /// "Fence on, daemon suites: nothing of them is ever up, each is named."
    fn is_never_up_behind_a_fence(&self) {
        if !programs::are_here(self.programs) {
            return;
        }
        let bench = Bench::new();
        for user in users().into_iter().filter(|user| self.is_for(*user)) {
            for level in LEVELS
                .into_iter()
                .filter(|level| can_hold(&bench, user, level))
            {
                self.try_fenced(&bench, user, level);
            }
        }
    }

    fn try_fenced(&self, bench: &Bench, user: User, level: &str) {
        let name = format!("{} at {level} as {}", self.processes[0], user.name());
        let run = Run::held(bench, user, level).fenced();
        let work = run.news().with_file_name("work");
        let mut go = fifo(&work.join("go"));
        let script = format!("set -e\n{}\n{THEN}", self.start);
        let mut scene = run.suite(["sh", "-c", &script]).start();
        let _traces = Traces { work: work.clone() };
        let until = Instant::now() + PATIENCE;
        // The script may fail, wait for what never comes, or be content; all the while nobody may answer.
        while !scene.text("err").contains("fenced: pid") {
            assert!(
                Instant::now() < until,
                "{}",
                scene.report(&format!("{name}: nothing is refused"))
            );
            self.does_not_answer(&work, &name);
        }
        go.write_all(b"go\n")
            .expect("one's own fifo can be written");
        let ended = match scene.wait_for_end_within(2 * SETTLED) {
            None => {
                self.does_not_answer(&work, &name);
                scene.front().expect("the front").signal(libc::SIGTERM);
                scene.wait_for_end()
            }
            ended => {
                assert_eq!(ended, Some(Ended::Exited(45)), "{}", scene.report(&name));
                ended
            }
        };
        let err = scene.text("err");
        let program = self.fenced_as();
        assert!(
            err.lines()
                .any(|line| line.contains("  program ") && line.contains(program)),
            "{name}: {program} is not named: {err}"
        );
        assert!(ended.is_some(), "{}", scene.report(&name));
        if let Err(left) = scene.empty_within(PATIENCE) {
            panic!(
                "{}",
                scene.report(&format!("{name}: left behind: {left:#?}"))
            );
        }
    }

    /// The process that is refused something: the last in the list, for some are display servers and the like.
    fn fenced_as(&self) -> &str {
        match self.processes {
            ["tmux: server", ..] => "tmux",
            [.., last] => last,
            [] => "",
        }
    }

    fn does_not_answer(&self, work: &Path, name: &str) {
        let answered = Address::read(&work.join("address"))
            .is_some_and(|address| address.says(self.question, self.answer));
        assert!(!answered, "{name} is up behind a fence");
    }

    /// A test that cannot fail proves nothing: without guardrun, the daemon has to be seen to stay.
    fn stays_without_guardrun(&self, bench: &Bench) {
        let mut alive = self.start(Run::bare(bench, User::present()));
        alive
            .go
            .write_all(b"go\n")
            .expect("one's own fifo can be written");
        alive.expect_end(Ended::Exited(0), "bare");
        assert!(
            alive.address.says(self.question, self.answer),
            "the daemon left with its suite"
        );
    }

    /// Starts the suite, and comes back when the daemon answers.
    fn start(&self, run: Run<'_>) -> Alive {
        let work = run.news().with_file_name("work");
        let go = fifo(&work.join("go"));
        let script = format!("set -e\n{}\n{THEN}", self.start);
        let mut scene = run.suite(["sh", "-c", &script]).start();
        scene.wait_until_ready().expect("the script has started it");
        let Some(address) = Address::answering(&work, self.question, self.answer) else {
            panic!("{}", scene.report("the daemon does not answer"));
        };
        let processes = self.find_processes(&scene);
        Alive {
            scene,
            address,
            processes,
            go,
            _traces: Traces { work },
        }
    }

    /// Takes hold of every process of the daemon.
    fn find_processes(&self, scene: &Scene) -> Vec<Process> {
        let stage = scene.stage.as_ref().expect("the stage").pid;
        // Orphans of a bare run go to the first process of the room, which is the parent of the stage.
        let below = proc::descendants(proc::parent(stage).expect("the stage has a parent"));
        let mut found = Vec::new();
        for name in self.processes {
            let of_this_name = below
                .iter()
                .filter(|pid| proc::name(**pid).as_deref() == Some(name));
            let held: Vec<_> = of_this_name
                .filter_map(|pid| Process::open(*pid).ok())
                .collect();
            assert!(
                !held.is_empty(),
                "{}",
                scene.report(&format!("there is no {name}"))
            );
            found.extend(held);
        }
        found
    }
}

/// A run whose daemon has answered.
struct Alive {
    scene: Scene,
    address: Address,
    processes: Vec<Process>,
    /// The other end of what the script waits for.
    go: File,
    _traces: Traces,
}

impl Alive {
    fn expect_end(&mut self, wanted: Ended, name: &str) {
        let ended = self.scene.wait_for_end();
        assert_eq!(
            ended,
            Some(wanted),
            "{name}: {}",
            self.scene.report("another end")
        );
    }
}

/// What a killed daemon leaves outside the working directory: the script lists it in `traces`, and it goes with the test.
struct Traces {
    work: PathBuf,
}

impl Drop for Traces {
    fn drop(&mut self) {
        let list = fs::read_to_string(self.work.join("traces")).unwrap_or_default();
        for path in list
            .lines()
            .map(Path::new)
            .filter(|path| path.is_absolute())
        {
            let _ = fs::remove_file(path);
        }
    }
}

/// A fifo that everybody may open, open for both directions, so that neither end has to wait for the other.
fn fifo(path: &Path) -> File {
    mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR).expect("a fifo can be made");
    fs::set_permissions(path, fs::Permissions::from_mode(0o666))
        .expect("one's own fifo can be opened to others");
    File::options()
        .read(true)
        .write(true)
        .open(path)
        .expect("the fifo can be opened")
}

/// Whether whoever runs the tests has an account, and not only a number.
fn has_account() -> bool {
    nix::unistd::User::from_uid(nix::unistd::Uid::effective()).is_ok_and(|user| user.is_some())
}
