//! "50 concurrent runs for one lock with holders killed at random: exactly one holder at any time, nothing lost, no deadlock."

use super::ground::{Ended, Ground, Started};
use crate::support::kernel::Process;
use crate::support::room::daemon_test;
use crate::support::run::LEVELS;
use crate::support::say;
use std::fs;
use std::time::{Duration, Instant};

/// How many runs want the lock.
const RUNS: usize = 50;
/// How many holders are killed on the way.
const BLOWS: usize = 24;
/// How long all of it may take.
const BOUND: Duration = Duration::from_secs(180);

const POLICY: &str = r#"
    [suite.s]
    command = ["ACTOR", "alone", "WITNESS", "15", "--life", "LIFE"]
    lock = { name = "crowded", scope = "repository", when-busy = "wait", wait = "3m" }
"#;

#[test]
fn of_fifty_runs_one_has_the_lock_at_any_time_though_holders_are_killed() {
    daemon_test(|| {
        for level in LEVELS {
            let ground = Ground::new(POLICY);
            if ground.can_hold(level) {
                crowd(&ground, level);
            }
        }
    });
}

fn crowd(ground: &Ground, level: &str) {
    let before = Instant::now();
    let started: Vec<Started> = (0..RUNS)
        .map(|_| ground.start(&["run", "--level", level, "s"]))
        .collect();
    let mut struck = Vec::new();
    let mut chance = Chance(0x9E37_79B9 ^ u64::from(std::process::id()));
    while struck.len() < BLOWS && started.iter().any(|run| !has_ended(run)) {
        std::thread::sleep(Duration::from_millis(chance.below(12)));
        // The holder is the one that has a keeper.
        let holder = started.iter().find_map(|run| {
            let keeper = (!has_ended(run)).then(|| run.keeper())??;
            Some((run.front.pid, &run.front, keeper))
        });
        if let Some((pid, front, keeper)) = holder {
            blow(chance.below(3), front, &keeper);
            struck.push(pid);
        }
        assert!(before.elapsed() < BOUND, "nothing moves");
    }
    let (mut passed, mut hit) = (0, 0);
    for run in started {
        let pid = run.front.pid;
        let (ended, said) = run.end();
        match ended {
            Ended::Exited(0) => passed += 1,
            // 42: the keeper was hit before the suite was there, so nothing was started.
            Ended::Killed(libc::SIGKILL) | Ended::Exited(52 | 42) if struck.contains(&pid) => {
                hit += 1;
            }
            other => panic!("at {level}: {other:?} of {pid}: {said}"),
        }
    }
    let (overlaps, out) = (ground.noted("overlap"), ground.noted("out"));
    say(&format!(
        "locks: {level}: {RUNS} runs, {passed} passed, {hit} hit, {overlaps} overlaps, {:.1} s",
        before.elapsed().as_secs_f64()
    ));
    assert_eq!(overlaps, 0, "at {level}");
    assert!(
        out >= passed,
        "at {level}: {out} of {passed} came to their end"
    );
    assert_eq!(passed + hit, RUNS, "at {level}: every run is accounted for");
    assert!(hit > 0, "at {level}: the blows fell on nobody");
    // Whoever was killed has left nothing that keeps the lock.
    assert_eq!(
        ground.start(&["run", "--level", level, "s"]).end().0,
        Ended::Exited(0)
    );
    let records = fs::read_dir(ground.records()).expect("records").flatten();
    let open: Vec<_> = records
        .map(|entry| entry.file_name())
        .filter(|name| name != "finished")
        .collect();
    assert!(open.is_empty(), "at {level}: {open:?}");
}

fn has_ended(run: &Started) -> bool {
    run.front.dies_within(Duration::ZERO)
}

fn blow(kind: u64, front: &Process, keeper: &Process) {
    match kind {
        0 => front.signal(libc::SIGKILL),
        1 => keeper.signal(libc::SIGKILL),
        _ => {
            keeper.signal(libc::SIGKILL);
            front.signal(libc::SIGKILL);
        }
    }
}

/// Numbers that nobody can guess and that need no library (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}
