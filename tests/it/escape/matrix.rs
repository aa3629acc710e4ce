//! The matrix itself: which cells are played, by how many at a time, and what the whole comes to.
//!
//! `GUARDRUN_MATRIX` says which: unset, a selection that touches every shape and every ending at every level as every
//! user; `full`, all of them (`just matrix`); otherwise one cell or several by name, `LEVEL/USER/SHAPE/ENDING` with `*` for
//! any, which is how a failure is played again.

use super::cell::{Cell, Result};
use super::endings::{ENDINGS, Ending, run_at};
use super::shapes::SHAPES;
use super::table;
use crate::support::bench::{Bench, User};
use crate::support::room::{daemon_test, daemon_test_within};
use crate::support::run::LEVELS;
use crate::support::scene::Ended;
use crate::support::{gate, say};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, RwLock};
use std::time::Duration;

/// How many cells are played at a time.
const HANDS: usize = 3;
/// How many processes "thousands" are, in the selection and in the whole.
const CROWDS: (u32, u32) = (1_000, 5_000);
/// The longest that the whole matrix takes.
const LIFE: Duration = Duration::from_secs(3 * 3600);

/// "When guardrun returns, or dies in whatever way, no process of the suite lives on."
#[test]
fn nothing_of_a_suite_outlives_guardrun() {
    daemon_test_within(LIFE, || {
        let bench = Bench::new();
        let wanted = Wanted::from_environment();
        let mut cells = Vec::new();
        for user in users() {
            for (row, level) in LEVELS.into_iter().enumerate() {
                if can_hold(&bench, user, level) {
                    cells.extend(wanted.cells(Some(level), user, row * 5 + user as usize * 8));
                }
            }
        }
        let played = play(&bench, cells, wanted.crowd());
        say(&table::draw(&played));
        judge(&played, |result| {
            !matches!(result, Result::Left(_) | Result::Wrong(_))
        });
    });
}

/// A test that cannot fail proves nothing: without guardrun, the same harness must see every shape stay behind.
#[test]
fn without_guardrun_every_shape_is_seen_to_stay_behind() {
    daemon_test(|| {
        let bench = Bench::new();
        let mut cells = Vec::new();
        for user in users() {
            for shape in SHAPES {
                for ending in [Ending::Exit0, Ending::KillFront] {
                    cells.push(Cell {
                        level: None,
                        user,
                        shape,
                        ending,
                    });
                }
            }
        }
        let played = play(&bench, cells, CROWDS.0);
        say(&table::draw(&played));
        judge(&played, |result| {
            matches!(
                result,
                Result::Left(_) | Result::Meaningless | Result::Skipped(_)
            )
        });
    });
}

/// Which cells somebody wants.
enum Wanted {
    Some,
    All,
    Named(Vec<String>),
}

impl Wanted {
    fn from_environment() -> Wanted {
        match std::env::var("GUARDRUN_MATRIX") {
            Err(_) => Wanted::Some,
            Ok(word) if word.is_empty() => Wanted::Some,
            Ok(word) if word == "full" => Wanted::All,
            Ok(name) => Wanted::Named(name.split('/').map(str::to_owned).collect()),
        }
    }

    fn crowd(&self) -> u32 {
        match self {
            Wanted::Some => CROWDS.0,
            Wanted::All | Wanted::Named(_) => CROWDS.1,
        }
    }

    /// The cells of one level and user. The selection walks shapes and endings together, beginning elsewhere for each.
    fn cells(&self, level: Option<&'static str>, user: User, offset: usize) -> Vec<Cell> {
        let cell = |shape, ending| Cell {
            level,
            user,
            shape,
            ending,
        };
        if let Wanted::Some = self {
            return ENDINGS
                .into_iter()
                .enumerate()
                .map(|(number, ending)| cell(SHAPES[(number + offset) % SHAPES.len()], ending))
                .collect();
        }
        SHAPES
            .into_iter()
            .flat_map(|shape| ENDINGS.map(|ending| cell(shape, ending)))
            .filter(|cell| self.names(cell))
            .collect()
    }

    fn names(&self, cell: &Cell) -> bool {
        let Wanted::Named(parts) = self else {
            return true;
        };
        let name = cell.name();
        name.split('/')
            .zip(parts)
            .all(|(word, part)| part == "*" || part == word)
    }
}

/// Who can run guardrun here.
pub(crate) fn users() -> Vec<User> {
    match User::present() {
        User::Root => User::ALL.to_vec(),
        User::Ordinary => {
            gate::skip("rows of root", "the tests are not run by root");
            vec![User::Ordinary]
        }
    }
}

/// Whether `level` can be had here by `user`; skips it by name, with guardrun's own reason, if not.
pub(crate) fn can_hold(bench: &Bench, user: User, level: &str) -> bool {
    let finished = run_at(bench, user, Some(level))
        .suite(["true"])
        .start()
        .finish();
    if finished.ended == Ended::Exited(42) {
        let row = format!("level {level} as {}", user.name());
        let why = finished
            .err
            .lines()
            .find(|line| line.contains("could not be had"));
        gate::skip(&row, why.unwrap_or(finished.err.trim()));
        return false;
    }
    assert_eq!(
        finished.ended,
        Ended::Exited(0),
        "`true` at level {level} as {}: {finished:?}",
        user.name()
    );
    true
}

/// Checks it as everybody, at every level that they can have.
pub(crate) fn at_every_level(check: impl Fn(&Bench, User, &str)) {
    let bench = Bench::new();
    for user in users() {
        for level in LEVELS {
            if can_hold(&bench, user, level) {
                check(&bench, user, level);
            }
        }
    }
}

/// Plays the cells, a few at a time; those that want the machine to themselves get it.
fn play(bench: &Bench, cells: Vec<Cell>, crowd: u32) -> Vec<(Cell, Result)> {
    let waiting = Mutex::new(VecDeque::from(cells));
    let played = Mutex::new(Vec::new());
    let quiet = RwLock::new(());
    let next = || waiting.lock().expect("no hand panics").pop_front();
    std::thread::scope(|scope| {
        for _ in 0..HANDS {
            scope.spawn(|| {
                while let Some(cell) = next() {
                    let result = if cell.shape.wants_quiet() {
                        let _alone = quiet.write().expect("no hand panics");
                        cell.play(bench, crowd)
                    } else {
                        let _together = quiet.read().expect("no hand panics");
                        cell.play(bench, crowd)
                    };
                    if matches!(result, Result::Wrong(_))
                        || (cell.level.is_some() && matches!(result, Result::Left(_)))
                    {
                        // At once, for the whole takes long.
                        say(&describe(&cell, &result));
                    }
                    played.lock().expect("no hand panics").push((cell, result));
                }
            });
        }
    });
    played.into_inner().expect("no hand panics")
}

/// Tells what was skipped, and fails unless every cell is good.
fn judge(played: &[(Cell, Result)], is_good: impl Fn(&Result) -> bool) {
    let mut skipped: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut bad = Vec::new();
    for (cell, result) in played {
        match result {
            Result::Skipped(why) => *skipped.entry((cell.shape.name, why)).or_default() += 1,
            result if !is_good(result) => bad.push(describe(cell, result)),
            _ => {}
        }
    }
    say(&format!("{} cells played, {} bad", played.len(), bad.len()));
    assert!(!played.is_empty(), "no cell was played");
    assert!(
        bad.is_empty(),
        "{} bad cells:\n{}",
        bad.len(),
        bad.join("\n")
    );
    for ((shape, why), count) in skipped {
        gate::skip(&format!("shape {shape}"), &format!("{why} ({count} cells)"));
    }
}

fn describe(cell: &Cell, result: &Result) -> String {
    let name = cell.name();
    match result {
        Result::Left(left) => {
            let some: Vec<_> = left.iter().take(5).collect();
            format!("{name}: {} left: {some:#?}", left.len())
        }
        Result::Wrong(why) => format!("{name}: {why}"),
        other => format!("{name}: {other:?}"),
    }
}
