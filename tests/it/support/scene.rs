//! A run that has been started: its processes, what it says, and the proof that nothing of it is left.

use super::PATIENCE;
use super::delegation::Delegation;
use super::kernel::{self, Process};
use super::news::News;
use super::proc;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin};
use std::time::Duration;

/// How a program ended, as its parent was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this exit code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

/// What a finished run comes to.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How guardrun ended.
    pub(crate) ended: Ended,
    /// What came out on stderr.
    pub(crate) err: String,
}

/// A run in progress. When it is dropped its room ends, and everything in it.
pub(crate) struct Scene {
    door: Child,
    door_process: Process,
    leash: Option<ChildStdin>,
    /// What the stage and the suite tell.
    pub(crate) news: News,
    /// The parent of the front.
    pub(crate) stage: Option<Process>,
    /// The process that was started: guardrun, or the suite where that is bare.
    pub(crate) front: Option<Process>,
    place: PathBuf,
    delegation: Option<Delegation>,
}

impl Scene {
    pub(crate) fn new(
        door: Child,
        leash: ChildStdin,
        news: News,
        here: Option<String>,
        place: PathBuf,
        delegation: Option<Delegation>,
    ) -> Scene {
        let pid = door.id() as i32;
        let front = here.and_then(|line| line.strip_prefix("here ")?.parse().ok());
        let stage = below(pid, 1)
            .and_then(|first| below(first, 2))
            .and_then(|stage| Process::open(stage).ok());
        let front = match (&stage, front) {
            (Some(stage), Some(front)) => below(stage.pid, front),
            _ => None,
        };
        Scene {
            door,
            door_process: Process::open(pid).expect("an unreaped child has a pidfd"),
            leash: Some(leash),
            news,
            stage,
            front: front.and_then(|front| Process::open(front).ok()),
            place,
            delegation,
        }
    }

    /// Its directories.
    pub(crate) fn place(&self) -> &Path {
        &self.place
    }

    /// The reading end of its stdout, where that is a pipe.
    pub(crate) fn take_stdout(&mut self) -> std::process::ChildStdout {
        self.door
            .stdout
            .take()
            .expect("the run was made with a pipe")
    }

    /// The front; it is an error if it was gone before anybody could look.
    pub(crate) fn front(&self) -> Result<&Process, String> {
        self.front
            .as_ref()
            .ok_or_else(|| self.report("the front was never seen"))
    }

    /// The keeper: the front's oldest child, if it has one by now.
    pub(crate) fn keeper(&self) -> Option<Process> {
        let children = proc::children(self.front.as_ref()?.pid);
        Process::open(*children.first()?).ok()
    }

    /// Waits until the suite is where it should be; Err(Some) with the reason where that cannot be had here.
    pub(crate) fn wait_until_ready(&mut self) -> Result<(), Unready> {
        let words = ["ready", "cannot ", "exited ", "killed "];
        match self.news.wait_for(&words, 2 * PATIENCE) {
            Some(line) if line == "ready" => Ok(()),
            Some(line) if line.starts_with("cannot ") => Err(Unready::Cannot(line)),
            Some(line) => Err(Unready::Failed(self.report(&format!("not ready: {line}")))),
            None => Err(Unready::Failed(self.report("not ready"))),
        }
    }

    /// Waits until the front has ended; None if it does not.
    pub(crate) fn wait_for_end(&mut self) -> Option<Ended> {
        self.wait_for_end_of("")
    }

    /// The same for the later run.
    pub(crate) fn run_again(&mut self) -> Option<Ended> {
        let again = self.place.join("again");
        fs::File::options()
            .write(true)
            .open(again)
            .and_then(|mut fifo| fifo.write_all(b"."))
            .expect("the stage waits at the other end");
        self.wait_for_end_of("again ")
    }

    /// The same, for at most this long.
    pub(crate) fn wait_for_end_within(&mut self, time: Duration) -> Option<Ended> {
        self.wait_for_end_of_within("", time)
    }

    fn wait_for_end_of(&mut self, which: &str) -> Option<Ended> {
        self.wait_for_end_of_within(which, 2 * PATIENCE)
    }

    fn wait_for_end_of_within(&mut self, which: &str, time: Duration) -> Option<Ended> {
        let (exited, killed) = (format!("{which}exited "), format!("{which}killed "));
        let line = self.news.wait_for(&[&exited, &killed], time)?;
        let number = line.rsplit_once(' ')?.1.parse().ok()?;
        Some(if line.starts_with(&exited) {
            Ended::Exited(number)
        } else {
            Ended::Killed(number)
        })
    }

    /// Waits for the kernel's word that nothing is left in the room; names who is, if it does not come.
    pub(crate) fn empty_within(&mut self, time: Duration) -> Result<(), Vec<String>> {
        if self.door_process.dies_within(time) {
            let status = self.door.wait().expect("the door can be waited for");
            if status.success() {
                return Ok(());
            }
            return Err(vec![format!("the room ended by {status}")]);
        }
        Err(self.survivors())
    }

    /// Fails, and says where, if something is left in the room after a while.
    pub(crate) fn must_become_empty(&mut self, place: &str) {
        if let Err(left) = self.empty_within(PATIENCE) {
            panic!("{place}: {}", self.report(&format!("left: {left:#?}")));
        }
    }

    /// A line about each that is alive in the room besides its first process and the stage.
    pub(crate) fn survivors(&self) -> Vec<String> {
        self.alive().into_iter().map(proc::portrait).collect()
    }

    /// Ends the processes of the room that were started last.
    pub(crate) fn end_the_newest(&self, number: usize) {
        let mut alive = self.alive();
        alive.sort_unstable();
        for pid in alive.into_iter().rev().take(number) {
            if let Ok(process) = Process::open(pid) {
                process.signal(libc::SIGKILL);
            }
        }
    }

    fn alive(&self) -> Vec<i32> {
        let Some(first) = below(self.door_process.pid, 1) else {
            return Vec::new();
        };
        let stage = self.stage.as_ref().map(|stage| stage.pid);
        proc::descendants(first)
            .into_iter()
            .filter(|pid| Some(*pid) != stage && !matches!(proc::state(*pid), None | Some('Z')))
            .collect()
    }

    /// Waits for the end and the empty room, and gives what came out.
    pub(crate) fn finish(mut self) -> Finished {
        let Some(ended) = self.wait_for_end() else {
            panic!("{}", self.report("guardrun did not end"));
        };
        if let Err(left) = self.empty_within(PATIENCE) {
            panic!("{}", self.report(&format!("left behind: {left:#?}")));
        }
        Finished {
            ended,
            err: self.text("err"),
        }
    }

    /// The file `out` or `err` of this run.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read(self.place.join(name))
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    /// `what`, with all that is known besides.
    pub(crate) fn report(&self, what: &str) -> String {
        format!(
            "{what}\n  news: {:?}\n  stdout: {:?}\n  stderr: {:?}\n  alive: {:?}",
            self.news.lines,
            shorten(&self.text("out")),
            shorten(&self.text("err")),
            self.survivors().iter().take(12).collect::<Vec<_>>(),
        )
    }

    /// Sends a signal to the front's process group.
    pub(crate) fn signal_front_group(&self, signal: i32) -> Result<(), String> {
        let front = self.front()?;
        let group = proc::group(front.pid).ok_or("the front has no group any more")?;
        kernel::signal_group(group, signal);
        Ok(())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // The first process of the room sees its input end, and exits; the kernel kills the rest.
        drop(self.leash.take());
        let _ = self.door.wait();
        drop(self.delegation.take());
        let _ = fs::remove_dir_all(&self.place);
    }
}

/// Why a suite is not where it should be.
#[derive(Debug)]
pub(crate) enum Unready {
    /// The shape cannot be had here.
    Cannot(String),
    /// Something went wrong.
    Failed(String),
}

/// The child of `parent` that has the pid `own` in its own pid namespace.
fn below(parent: i32, own: i32) -> Option<i32> {
    proc::children(parent)
        .into_iter()
        .find(|child| proc::own_pid(*child) == Some(own))
}

fn shorten(text: &str) -> String {
    text.chars().take(2000).collect()
}
