//! "Thousands of records stay fast; old ones are rotated."

use super::{POLICY, records_in};
use crate::locks::ground::Ground;
use crate::support::PATIENCE;
use crate::support::kernel::Process;
use crate::support::room::daemon_test;
use crate::support::say;
use serde_json::Value;
use std::fs;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

/// How many dead runs there are.
const STALE: usize = 5_000;
/// How many finished ones are kept, and how many there may be until somebody looks.
const KEPT: usize = 200;

#[test]
fn the_next_run_puts_five_thousand_dead_ones_away_and_ends_what_one_of_them_has_left() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        let before = median(&ground);
        let finished = ground.records().join("finished");
        let name = records_in(finished.clone())[0].clone();
        let text = fs::read_to_string(finished.join(&name)).expect("a record");
        let mut entry: Value =
            serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
        for number in 0..STALE {
            let run = format!("{number:012x}");
            entry["run"] = run.clone().into();
            fs::write(
                ground.records().join(format!("{run}.jsonl")),
                format!("{entry}\n"),
            )
            .expect("a record");
        }
        let mut left = Command::new("sleep");
        let mut left = left
            .arg("60")
            .env("GUARDRUN_RUN_ID", format!("{:012x}", STALE / 2))
            .spawn()
            .expect("a process");
        let held = Process::open(left.id() as i32).expect("it is there");
        let first = time(&ground);
        assert!(
            held.dies_within(PATIENCE),
            "a leftover among many was passed over"
        );
        let _ = left.wait();
        assert!(records_in(ground.records()).is_empty());
        let kept = records_in(finished).len();
        assert!(kept <= KEPT + 16, "{kept} finished ones are kept");
        let after = median(&ground);
        say(&format!(
            "records: a start with none {before:?}, with {STALE} dead ones {first:?} ({:.1} times), afterwards {after:?}",
            first.as_secs_f64() / before.as_secs_f64()
        ));
    });
}

fn time(ground: &Ground) -> Duration {
    let before = Instant::now();
    assert!(ground.run(&["--quiet", "run", "short"]).status.success());
    before.elapsed()
}

fn median(ground: &Ground) -> Duration {
    let mut times: Vec<_> = (0..9).map(|_| time(ground)).collect();
    times.sort();
    times[4]
}

/// "Old ones are rotated": not at every run, so one goes on until it has happened. That it does not happen in so many is less
/// likely than that this machine breaks.
#[test]
fn finished_records_do_not_become_more_and_more() {
    const RUNS: usize = 500;
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        assert!(ground.run(&["run", "short"]).status.success());
        let finished = ground.records().join("finished");
        let yesterday = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
        for number in 0..KEPT + 50 {
            let file = fs::File::create(finished.join(format!("z{number:011x}.jsonl")));
            let file = file.expect("a file can be made");
            file.set_modified(yesterday).expect("its time can be set");
        }
        let runs = (1..=RUNS).find(|_| {
            assert!(ground.run(&["run", "--quiet", "short"]).status.success());
            records_in(finished.clone()).len() <= KEPT
        });
        assert!(runs.is_some(), "none of {RUNS} runs has rotated");
        let kept = records_in(finished);
        let own = kept.iter().filter(|name| !name.starts_with('z')).count();
        assert!(
            own > runs.unwrap_or(0),
            "the newest stay: {own} of {runs:?}"
        );
    });
}
