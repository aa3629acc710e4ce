//! "Ceilings per suite, by cgroup v2 controllers where they can be had, else by a watch that says it is one; the whole suite goes at
//! once on a ceiling; verdict 50." Here with whatever this machine has; the kernel's own ceilings are in `lab`.

use crate::escape::endings::run_at;
use crate::escape::matrix::at_every_level;
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::room::daemon_test;
use crate::support::run::Run;
use crate::support::scene::{Ended, Finished};
use std::time::Instant;

/// guardrun's verdict: a ceiling was reached.
const OVER_LIMIT: Ended = Ended::Exited(50);
/// guardrun's verdict: there is no room.
const NO_ROOM: Ended = Ended::Exited(44);

fn play<'b>(run: Run<'b>, words: &[&str]) -> Finished {
    run.acts(words.iter().copied()).start().finish()
}

fn under<'b>(bench: &'b Bench, user: User, level: &str, rules: &str) -> Run<'b> {
    run_at(bench, user, Some(level)).policy(&format!("[suite.greedy]\nmatch = [\"*\"]\n{rules}\n"))
}

#[test]
fn a_suite_that_takes_more_memory_than_its_ceiling_is_ended_with_50() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let done = play(
                under(bench, user, level, "memory = '48MiB'"),
                &["hog", "400"],
            );
            assert_eq!(done.ended, OVER_LIMIT, "at {level} as {user:?}: {done:?}");
            assert!(done.err.contains("48.0 MiB memory"), "{}", done.err);
        });
    });
}

#[test]
fn a_suite_that_stays_below_its_ceilings_is_left_alone() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let rules = "memory = '1GiB'\nprocesses = 50\ncpu = 1.5\nopen-files = 256";
            let done = play(under(bench, user, level, rules), &["herd", "4", "16"]);
            assert_eq!(
                done.ended,
                Ended::Exited(0),
                "at {level} as {user:?}: {done:?}"
            );
        });
    });
}

#[test]
fn a_suite_with_more_processes_than_its_ceiling_is_ended_as_one() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let done = play(
                under(bench, user, level, "processes = 12"),
                &["crowd", "40"],
            );
            assert_eq!(done.ended, OVER_LIMIT, "at {level} as {user:?}: {done:?}");
            let named = "its ceiling of 12 processes and threads";
            assert!(done.err.contains(named), "{}", done.err);
        });
    });
}

/// "The enforcement in force is always printed."
#[test]
fn every_run_with_a_ceiling_says_by_what_it_is_held() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let done = play(under(bench, user, level, "memory = '1GiB'"), &["exit", "0"]);
            let said = |how: &str| {
                done.err
                    .contains(&format!("at most 1.0 GiB of memory, {how}"))
            };
            assert!(
                said("held by the kernel") || said("only watched"),
                "{}",
                done.err
            );
        });
    });
}

/// The suite's hard limit cannot be raised again by an ordinary user; root can, and an honest suite does not.
#[test]
fn the_ceiling_of_open_files_reaches_the_suite() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let run = under(bench, user, level, "open-files = 77");
            let mut scene = run
                .suite(["/bin/sh", "-c", "ulimit -n; ulimit -Hn"])
                .start();
            assert_eq!(scene.wait_for_end(), Some(Ended::Exited(0)));
            assert_eq!(scene.text("out"), "77\n77\n", "at {level}");
        });
    });
}

/// Where there is no controller the suite is kept to that many processors, which is what runners count their workers by.
#[test]
fn a_share_of_one_processor_is_one_processor_or_a_quota() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let mut scene = under(bench, user, level, "cpu = 1")
                .suite(["/bin/sh", "-c", "grep Cpus_allowed_list /proc/self/status"])
                .start();
            assert_eq!(scene.wait_for_end(), Some(Ended::Exited(0)));
            let (allowed, said) = (scene.text("out"), scene.text("err"));
            let one = allowed
                .trim()
                .rsplit('\t')
                .next()
                .is_some_and(|list| !list.contains([',', '-']));
            assert!(
                one || said.contains("processors, held by the kernel"),
                "{allowed} {said}"
            );
        });
    });
}

#[test]
fn a_run_without_room_is_refused_and_told_how_much_is_missing() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let rules = "needs = { memory = '900TiB', processes = 1 }";
            let done = play(under(bench, user, level, rules), &["say", "started"]);
            assert_eq!(done.ended, NO_ROOM, "{done:?}");
            assert!(
                done.err.contains("it needs 900.0 TiB of memory and"),
                "{}",
                done.err
            );
            assert!(done.err.contains("nothing was started"), "{}", done.err);
            let enough = "needs = { memory = '1MiB', processes = 1 }";
            let done = play(under(bench, user, level, enough), &["exit", "0"]);
            assert_eq!(done.ended, Ended::Exited(0), "its twin with room: {done:?}");
        });
    });
}

#[test]
fn a_run_that_may_wait_for_room_waits_and_is_refused_only_then() {
    daemon_test(|| {
        let bench = Bench::new();
        let start = Instant::now();
        let rules = "needs = { processes = 100000000000, wait = '2s' }";
        let done = play(
            under(&bench, User::present(), "subreaper", rules),
            &["exit", "0"],
        );
        assert_eq!(done.ended, NO_ROOM, "{done:?}");
        assert!(start.elapsed().as_secs() >= 2, "it did not wait");
        assert!(start.elapsed() < PATIENCE, "it waited on and on");
        assert!(done.err.contains("waiting for room"), "{}", done.err);
    });
}
