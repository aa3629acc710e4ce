//! "The suite's own status passes through, death by signal included."

use crate::escape::matrix::can_hold;
use crate::support::bench::{Bench, User};
use crate::support::room::daemon_test;
use crate::support::run::LEVELS;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// Signals that stop, and those whose default is to do nothing: no suite dies of them (signal(7)).
const NOT_DEADLY: [i32; 8] = [
    libc::SIGSTOP,
    libc::SIGTSTP,
    libc::SIGTTIN,
    libc::SIGTTOU,
    libc::SIGCHLD,
    libc::SIGCONT,
    libc::SIGURG,
    libc::SIGWINCH,
];
/// The last signal.
const LAST_SIGNAL: i32 = 64;

/// "The suite's own exit code passes through."
#[test]
fn every_exit_code_passes_through_at_every_level() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            for code in 0..=255 {
                let status = run(bench, level, "exit", code);
                assert_eq!(status.code(), Some(code), "at {level}: {status}");
            }
        });
    });
}

/// "If it died of a signal, die of the same signal (no second core file)."
#[test]
fn death_by_every_signal_passes_through_at_every_level_without_a_second_core_file() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            for signal in (1..=LAST_SIGNAL).filter(|signal| !NOT_DEADLY.contains(signal)) {
                let status = run(bench, level, "die", signal);
                assert_eq!(status.signal(), Some(signal), "at {level}: {status}");
                assert!(!status.core_dumped(), "at {level}, signal {signal}");
            }
        });
    });
}

/// "126 not executable, 127 not found", as a shell says it.
#[test]
fn a_command_that_cannot_be_run_gives_126_and_one_that_is_not_there_127() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let place = bench.place(User::present());
            let plain = place.join("plain");
            fs::write(&plain, "not a program").expect("a file");
            for (program, code) in [
                (plain.as_path(), 126),
                (place.as_path(), 126),
                (&place.join("absent"), 127),
            ] {
                let status = bench.held(level).arg(program).status().expect("guardrun");
                assert_eq!(status.code(), Some(code), "at {level}: {program:?}");
            }
            let absent = bench.held(level).arg("guardrun-no-such-program").status();
            assert_eq!(absent.expect("guardrun").code(), Some(127), "at {level}");
        });
    });
}

fn at_every_level(check: impl Fn(&Bench, &str)) {
    let bench = Bench::new();
    for level in LEVELS {
        if can_hold(&bench, User::present(), level) {
            check(&bench, level);
        }
    }
}

/// The actor's manner `word number`, held at `level`.
fn run(bench: &Bench, level: &str, word: &str, number: i32) -> ExitStatus {
    bench
        .held(level)
        .arg(bench.actor())
        .args([word, &number.to_string()])
        .status()
        .expect("guardrun can be started")
}
