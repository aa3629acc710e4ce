//! "A dead supervisor closes: when the front or keeper dies the suite cannot start anything any more and is killed; nothing
//! hangs."

use crate::escape::matrix::{at_every_level, users};
use crate::support::PATIENCE;
use crate::support::bench::Bench;
use crate::support::room::daemon_test;
use crate::support::run::Run;
use std::time::Duration;

/// Starts programs for as long as it lives, each of which the kernel asks the front about.
const BUSY: &str =
    "echo ready > ../news; i=0; while [ $i -lt 20000 ]; do /bin/true; i=$((i+1)); done";

#[test]
fn a_suite_whose_front_is_killed_in_the_middle_of_a_question_is_gone() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            for _ in 0..5 {
                let run = Run::held(bench, user, level).fenced();
                let run = run
                    .option(["--fence", "processes"])
                    .suite(["sh", "-c", BUSY]);
                let mut scene = run.start();
                scene.wait_until_ready().expect("the suite is busy");
                scene.front().expect("the front").signal(libc::SIGKILL);
                scene.must_become_empty(&format!("{level} as {user:?}"));
            }
        });
    });
}

#[test]
fn a_suite_whose_keeper_is_killed_in_the_middle_of_a_question_is_gone() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let run = Run::held(bench, user, level).fenced();
            let run = run
                .option(["--fence", "processes"])
                .suite(["sh", "-c", BUSY]);
            let mut scene = run.start();
            scene.wait_until_ready().expect("the suite is busy");
            scene.keeper().expect("the keeper").signal(libc::SIGKILL);
            scene.must_become_empty(&format!("{level} as {user:?}"));
        });
    });
}

/// A front that is stopped answers nobody; when it goes on, so does the suite.
#[test]
fn a_suite_waits_for_a_front_that_is_stopped_and_goes_on_with_it() {
    daemon_test(|| {
        let bench = Bench::new();
        for user in users() {
            let run = Run::held(&bench, user, "subreaper").fenced();
            let suite = "echo ready > ../news; i=0; while [ $i -lt 300 ]; do /bin/true; i=$((i+1)); done; exit 7";
            let run = run
                .option(["--fence", "processes"])
                .suite(["sh", "-c", suite]);
            let mut scene = run.start();
            scene.wait_until_ready().expect("the suite is busy");
            let front = scene.front().expect("the front");
            front.signal(libc::SIGSTOP);
            assert!(front.stops_within(PATIENCE));
            assert_eq!(scene.wait_for_end_within(Duration::from_millis(500)), None);
            scene.front().expect("the front").signal(libc::SIGCONT);
            let done = scene.finish();
            assert_eq!(
                done.ended,
                crate::support::scene::Ended::Exited(7),
                "{done:?}"
            );
        }
    });
}
