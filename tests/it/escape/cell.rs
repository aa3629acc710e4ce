//! One cell of the matrix: one shape, one ending, one level, one user.

use super::endings::{Ending, Front, run_at};
use super::exceptions::exception;
use super::shapes::{Needs, Shape};
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::pty::Pty;
use crate::support::run::words;
use crate::support::scene::{Ended, Scene, Unready};
use std::time::Duration;

/// The size of the pid table of a room that is there to be filled; the kernel's least is 301.
const SMALL_TABLE: &str = "400";

/// How long a bare run's leavings are watched, to be sure that they are not just about to go.
const WATCH: Duration = Duration::from_millis(500);

/// How many processes have to end for another guardrun to find room.
const ROOM_FOR_ANOTHER: usize = 8;

/// A cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// None: nothing holds it.
    pub(crate) level: Option<&'static str>,
    pub(crate) user: User,
    pub(crate) shape: Shape,
    pub(crate) ending: Ending,
}

/// What came of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Result {
    /// Nothing was left.
    Empty,
    /// These were left.
    Left(Vec<String>),
    /// Something was left, and a written exception says so.
    Excepted,
    /// The shape cannot be had here.
    Skipped(String),
    /// The shape makes no sense for this user.
    Meaningless,
    /// Something else was wrong.
    Wrong(String),
}

impl Cell {
    /// Its name, by which it can be asked for with GUARDRUN_MATRIX.
    pub(crate) fn name(&self) -> String {
        let level = self.level.unwrap_or("bare");
        let (user, shape) = (self.user.name(), self.shape.name);
        format!("{level}/{user}/{shape}/{}", self.ending.name())
    }

    /// Plays it.
    pub(crate) fn play(&self, bench: &Bench, crowd: u32) -> Result {
        let mut more = words(["--count", &crowd.to_string()]);
        let mut run = run_at(bench, self.user, self.level);
        match self.shape.needs {
            Needs::SetuidProgram if self.user == User::Root => return Result::Meaningless,
            Needs::SetuidProgram => match bench.setuid_actor() {
                Some(program) => more.extend(["--setuid-program".into(), program.into()]),
                None => return Result::Skipped("a setuid-root program takes root to make".into()),
            },
            Needs::SmallTable if !bench.has_small_tables() => {
                return Result::Skipped("a pid table of one's own takes Linux 6.14".into());
            }
            Needs::SmallTable => run = run.room(["--pid-max", SMALL_TABLE]),
            Needs::Nothing | Needs::Quiet => {}
        }
        if self.is_cleared_later() {
            run = run.with_a_later_run();
        }
        let pty = self.ending.has_terminal().then(Pty::open);
        let mut scene = self
            .ending
            .arrange(run, pty.as_ref(), self.shape)
            .plays(self.shape.name, self.ending.then(), &more)
            .start();
        match (self.end(&mut scene, pty), self.level) {
            (Result::Left(_), Some(level))
                if exception(level, self.user, self.shape.name, self.ending).is_some() =>
            {
                Result::Excepted
            }
            (Result::Wrong(why), _) => Result::Wrong(scene.report(&why)),
            (other, _) => other,
        }
    }

    fn end(&self, scene: &mut Scene, pty: Option<Pty>) -> Result {
        if self.ending != Ending::KillEarly {
            match scene.wait_until_ready() {
                Ok(()) => {}
                Err(Unready::Cannot(why)) => return Result::Skipped(why),
                Err(Unready::Failed(why)) => return Result::Wrong(why),
            }
        }
        match self.ending.bring_about(scene, pty, self.shape.leader) {
            Ok(Front::Ended(Ended::Exited(0))) if self.level.is_some() => {
                return Result::Wrong("guardrun exited with 0, and this was no success".to_owned());
            }
            Ok(_) => {}
            Err(why) => return Result::Wrong(why),
        }
        if self.is_cleared_later() {
            if self.shape.needs == Needs::SmallTable {
                // Nobody can start anything in a full table, the next guardrun included, until somebody has made room.
                scene.end_the_newest(ROOM_FOR_ANOTHER);
            }
            scene.run_again();
        }
        let patience = match self.level {
            Some(_) => PATIENCE,
            None => WATCH,
        };
        match scene.empty_within(patience) {
            Ok(()) => Result::Empty,
            Err(left) => Result::Left(left),
        }
    }

    /// At the weaker levels it is the next guardrun that clears away what front and keeper left when both died at once.
    fn is_cleared_later(&self) -> bool {
        self.ending == Ending::KillBoth && self.level != Some("namespace")
    }
}
