//! The columns: how a run ends. Each has two halves, what has to be arranged before the start, and what is done to it.

use super::shapes::{Leader, Shape};
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::kernel::Process;
use crate::support::pty::Pty;
use crate::support::run::Run;
use crate::support::scene::{Ended, Scene};
use std::fs;
use std::io::Read;
use std::time::{Duration, Instant};

/// The span in which a run that is just starting is hit.
pub(crate) const EARLY: Duration = Duration::from_millis(12);

/// How often and how soon an impatient person presses Ctrl-C again.
const MORE_PRESSES: usize = 3;
const BETWEEN_PRESSES: Duration = Duration::from_secs(3);

/// One way for a run to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Ending {
    /// The suite exits with 0, by which it claims that all is well.
    Exit0,
    /// The suite exits with 7.
    Exit7,
    /// The suite's leader dies of SIGKILL.
    SuiteKilled,
    /// SIGTERM to the front.
    Term,
    /// SIGINT to the front.
    Int,
    /// SIGHUP to the front.
    Hup,
    /// SIGQUIT to the front.
    Quit,
    /// SIGKILL to the front.
    KillFront,
    /// SIGKILL to the front's parent.
    KillParent,
    /// SIGKILL to the front's process group.
    KillGroup,
    /// SIGKILL to the keeper.
    KillKeeper,
    /// SIGKILL to front and keeper, so that neither can do anything about the other's death.
    KillBoth,
    /// The terminal is closed, with a shell between it and guardrun.
    CloseTerminal,
    /// The terminal is closed, and guardrun leads its session.
    CloseOwnTerminal,
    /// Ctrl-C.
    CtrlC,
    /// Ctrl-C, to which the suite is deaf, and again.
    CtrlCTwice,
    /// Ctrl-Z, and then SIGKILL to the front.
    CtrlZKill,
    /// The wall clock limit.
    Timeout,
    /// Whoever reads stdout goes away, as with `| head -1`.
    CloseStdout,
    /// The working directory is removed, and then SIGTERM to the front.
    RemoveDirectory,
    /// SIGKILL to the front at a random moment of its first 12 ms.
    KillEarly,
}

/// Every ending.
pub(crate) const ENDINGS: [Ending; 21] = [
    Ending::Exit0,
    Ending::Exit7,
    Ending::SuiteKilled,
    Ending::Term,
    Ending::Int,
    Ending::Hup,
    Ending::Quit,
    Ending::KillFront,
    Ending::KillParent,
    Ending::KillGroup,
    Ending::KillKeeper,
    Ending::KillBoth,
    Ending::CloseTerminal,
    Ending::CloseOwnTerminal,
    Ending::CtrlC,
    Ending::CtrlCTwice,
    Ending::CtrlZKill,
    Ending::Timeout,
    Ending::CloseStdout,
    Ending::RemoveDirectory,
    Ending::KillEarly,
];

/// What a test knows of the front after an ending.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Front {
    /// It ended by itself, like this.
    Ended(Ended),
    /// It was killed, or nobody was left to see how it ended.
    Gone,
}

impl Ending {
    /// The word for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Ending::Exit0 => "exit-0",
            Ending::Exit7 => "exit-7",
            Ending::SuiteKilled => "suite-killed",
            Ending::Term => "term",
            Ending::Int => "int",
            Ending::Hup => "hup",
            Ending::Quit => "quit",
            Ending::KillFront => "kill-front",
            Ending::KillParent => "kill-parent",
            Ending::KillGroup => "kill-group",
            Ending::KillKeeper => "kill-keeper",
            Ending::KillBoth => "kill-both",
            Ending::CloseTerminal => "close-terminal",
            Ending::CloseOwnTerminal => "close-own-terminal",
            Ending::CtrlC => "ctrl-c",
            Ending::CtrlCTwice => "ctrl-c-twice",
            Ending::CtrlZKill => "ctrl-z-kill",
            Ending::Timeout => "timeout",
            Ending::CloseStdout => "close-stdout",
            Ending::RemoveDirectory => "remove-directory",
            Ending::KillEarly => "kill-early",
        }
    }

    /// How the suite is to end of itself.
    pub(crate) fn then(self) -> &'static str {
        match self {
            Ending::Exit0 => "exit:0",
            Ending::Exit7 => "exit:7",
            Ending::SuiteKilled => "signal:9",
            Ending::CtrlCTwice => "wait-deaf:2",
            Ending::CloseStdout => "spout",
            _ => "wait",
        }
    }

    /// Whether it needs a terminal.
    pub(crate) fn has_terminal(self) -> bool {
        matches!(
            self,
            Ending::CloseTerminal
                | Ending::CloseOwnTerminal
                | Ending::CtrlC
                | Ending::CtrlCTwice
                | Ending::CtrlZKill
        )
    }

    /// The run, arranged for this ending.
    pub(crate) fn arrange<'b>(self, run: Run<'b>, pty: Option<&Pty>, shape: Shape) -> Run<'b> {
        // Those that take their time to come about are to be there when it is up.
        let limit = if shape.wants_quiet() { "10s" } else { "1s" };
        let run = match pty {
            Some(pty) => run.terminal(pty),
            None => run,
        };
        match self {
            Ending::CloseOwnTerminal => run.stage(["--leader", "child"]),
            Ending::Timeout => run.option(["--timeout", limit]),
            // A leader that is deaf to it goes on after one Ctrl-C, as it should; then time is up.
            Ending::CtrlC if shape.leader == Leader::Deaf => run.option(["--timeout", "3s"]),
            Ending::CloseStdout => run.piped(),
            _ => run,
        }
    }

    /// Ends the run that is in its shape, and says what became of the front.
    pub(crate) fn bring_about(
        self,
        scene: &mut Scene,
        mut pty: Option<Pty>,
        leader: Leader,
    ) -> Result<Front, String> {
        match self {
            Ending::Exit0 | Ending::Exit7 | Ending::SuiteKilled | Ending::Timeout => {}
            Ending::Term => scene.front()?.signal(libc::SIGTERM),
            Ending::Int => scene.front()?.signal(libc::SIGINT),
            Ending::Hup => scene.front()?.signal(libc::SIGHUP),
            Ending::Quit => scene.front()?.signal(libc::SIGQUIT),
            Ending::KillFront => return kill(scene.front()?),
            Ending::KillGroup => {
                scene.signal_front_group(libc::SIGKILL)?;
                return wait_for_death(scene.front()?);
            }
            Ending::KillParent => {
                let parent = scene.stage.as_ref().ok_or("the parent was never seen")?;
                kill(parent)?;
                return wait_for_own_death(scene.front()?);
            }
            Ending::KillKeeper => {
                let keeper = scene.keeper().ok_or("the front has no child")?;
                kill(&keeper)?;
            }
            Ending::KillBoth => return kill_both(scene),
            Ending::CloseTerminal | Ending::CloseOwnTerminal => {
                drop(pty.take());
                return wait_for_own_death(scene.front()?);
            }
            Ending::CtrlC => press(pty.as_mut(), "\x03", "^C")?,
            Ending::CtrlCTwice => {
                press(pty.as_mut(), "\x03", "^C")?;
                press(pty.as_mut(), "\x03", "^C")?;
                // Keys pressed faster than anybody can hear them are one; a person presses again.
                for _ in 0..MORE_PRESSES {
                    if scene.front()?.dies_within(BETWEEN_PRESSES) {
                        break;
                    }
                    press(pty.as_mut(), "\x03", "^C")?;
                }
            }
            Ending::CtrlZKill => {
                press(pty.as_mut(), "\x1a", "^Z")?;
                if leader == Leader::Ordinary && !scene.front()?.stops_within(PATIENCE) {
                    return Err("the front did not stop at Ctrl-Z".to_owned());
                }
                return kill(scene.front()?);
            }
            Ending::CloseStdout => {
                let mut reader = scene.take_stdout();
                let mut some = [0; 100];
                reader
                    .read_exact(&mut some)
                    .map_err(|e| format!("stdout: {e}"))?;
                drop(reader);
            }
            Ending::RemoveDirectory => {
                fs::remove_dir(scene.place().join("work")).map_err(|e| format!("work: {e}"))?;
                scene.front()?.signal(libc::SIGTERM);
            }
            Ending::KillEarly => {
                let moment = Instant::now() + random_moment();
                // The blow is to fall at a moment, and not when something has happened.
                while Instant::now() < moment {
                    std::hint::spin_loop();
                }
                if let Some(front) = &scene.front {
                    return kill(front);
                }
            }
        }
        scene
            .wait_for_end()
            .map(Front::Ended)
            .ok_or_else(|| "guardrun did not end".to_owned())
    }
}

/// A random moment of a run's first milliseconds.
pub(crate) fn random_moment() -> Duration {
    use std::hash::{BuildHasher, RandomState};
    let random = RandomState::new().hash_one(0);
    EARLY.mul_f64((random % 10_000) as f64 / 10_000.0)
}

/// Kills a process and waits until it is dead.
fn kill(process: &Process) -> Result<Front, String> {
    process.signal(libc::SIGKILL);
    wait_for_death(process)
}

fn wait_for_death(process: &Process) -> Result<Front, String> {
    dead_within(process, PATIENCE)
}

/// Waits until the front has ended of itself, which takes it long where it has to give up on somebody.
fn wait_for_own_death(front: &Process) -> Result<Front, String> {
    dead_within(front, 2 * PATIENCE)
}

fn dead_within(process: &Process, time: Duration) -> Result<Front, String> {
    if process.dies_within(time) {
        return Ok(Front::Gone);
    }
    Err(format!("{} did not die", process.pid))
}

/// Kills front and keeper when both have been stopped, so that neither can do anything about the other's death. The keeper
/// first: its group is orphaned by the front's death, and the kernel continues who is stopped in such a group.
pub(crate) fn kill_both(scene: &Scene) -> Result<Front, String> {
    let front = scene.front()?;
    let keeper = scene.keeper().ok_or("the front has no child")?;
    for process in [front, &keeper] {
        process.signal(libc::SIGSTOP);
        if !process.stops_within(PATIENCE) {
            return Err(format!("{} could not be stopped", process.pid));
        }
    }
    kill(&keeper)?;
    kill(front)
}

/// Presses a key and waits for its echo, which proves that the terminal has acted on it.
fn press(pty: Option<&mut Pty>, key: &str, echo: &str) -> Result<(), String> {
    let pty = pty.ok_or("no terminal")?;
    pty.keys(key);
    pty.wait_for(echo)
}

/// A run of `user`'s at a level, or bare.
pub(crate) fn run_at<'b>(bench: &'b Bench, user: User, level: Option<&str>) -> Run<'b> {
    match level {
        Some(level) => Run::held(bench, user, level).option(["--grace", "300ms"]),
        None => Run::bare(bench, user),
    }
}
