//! The incident that guardrun was made after, again: a machine of 512 MiB, somebody's daemon, and a suite that forks thirty
//! growing processes. "A bystander daemon of 50, 150 and 250 MiB survives every time in 20 runs each under guardrun with and
//! without a ceiling (and how often it dies bare); front and keeper survive too and give the right verdict."

use super::vm::machine;
use crate::support::say;

/// How often, by GUARDRUN_MATRIX=full or not.
fn times() -> usize {
    match std::env::var("GUARDRUN_MATRIX") {
        Ok(all) if all == "full" => 20,
        _ => 2,
    }
}

/// A bystander of each size beside `suite`, so many times; each line says whether it lived and what the suite's command
/// exited with.
fn play(size: u32, suite: &str) -> Option<Vec<String>> {
    let vm = machine("lab::incident")?
        .with(&["--mem", "512"])
        .within(900);
    let script = format!(
        "for turn in $(seq {times}); do
            rm -f ready; ./guardrun-actor hog {size} --life 600 > ready & daemon=$!
            until grep -q full ready 2>/dev/null; do sleep 0.05; done
            {suite}
            code=$?
            if kill -0 $daemon 2>/dev/null; then echo \"turn: lived $code\"; else echo \"turn: died $code\"; fi
            kill -9 $daemon 2>/dev/null; wait 2>/dev/null
        done",
        times = times()
    );
    let said = vm.runs(&script);
    let turns = said
        .out
        .lines()
        .filter_map(|line| line.strip_prefix("turn: "));
    let turns: Vec<String> = turns.map(str::to_owned).collect();
    assert_eq!(turns.len(), times(), "{}", said.out);
    Some(turns)
}

/// Thirty processes that want a gigabyte together.
const HERD: &str = "./guardrun-actor herd 30 34";

#[test]
fn a_bystander_survives_a_suite_that_uses_up_the_machine() {
    for size in [50, 150, 250] {
        for options in ["", "--memory 64MiB"] {
            let Some(turns) = play(size, &format!("./guardrun {options} -- {HERD} 2>&1")) else {
                return;
            };
            // Without a ceiling the kernel takes one of the thirty, or the first process of the suite.
            let right: &[&str] = match options.is_empty() {
                true => &["lived 1", "lived 137"],
                false => &["lived 50"],
            };
            say(&format!(
                "a daemon of {size} MiB beside guardrun {options}: {turns:?}"
            ));
            assert!(
                turns.iter().all(|turn| right.contains(&turn.as_str())),
                "a daemon of {size} MiB beside guardrun {options}: {turns:?}"
            );
        }
    }
}

/// Without guardrun it dies, so that the test above can fail.
#[test]
fn bare_the_bystander_dies() {
    for size in [50, 150, 250] {
        let Some(turns) = play(size, &format!("{HERD} 2>&1")) else {
            return;
        };
        let died = turns.iter().filter(|turn| turn.starts_with("died")).count();
        say(&format!(
            "bare, a daemon of {size} MiB died in {died} of {} runs",
            turns.len()
        ));
        if size == 250 {
            assert!(died > 0, "{turns:?}");
        }
    }
}
