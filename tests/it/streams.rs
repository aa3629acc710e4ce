//! "A closed stdout ends the tree": also under a suite that writes nothing and so would never notice.

use crate::support::PATIENCE;
use crate::support::room::daemon_test;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// guardrun with a suite that is silent, its output going into a pipe.
fn silent(level: &str, suite: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guardrun"));
    command
        .args(["--quiet", "--grace", "1s", "--level", level, "--"])
        .args(suite);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .expect("guardrun starts")
}

#[test]
fn a_silent_suite_whose_output_nobody_reads_is_ended_as_by_sigpipe() {
    daemon_test(|| {
        for level in ["namespace", "subreaper"] {
            let mut run = silent(
                level,
                &["sh", "-c", "trap '' TERM; sleep 99 & wait; sleep 99"],
            );
            drop(run.stdout.take());
            let until = Instant::now() + PATIENCE;
            let status = loop {
                if let Some(status) = run.try_wait().expect("a child") {
                    break status;
                }
                assert!(Instant::now() < until, "{level}: it goes on");
                std::thread::yield_now();
            };
            assert_eq!(status.signal(), Some(13), "{level}: {status}");
        }
    });
}

#[test]
fn a_suite_that_ends_by_itself_keeps_its_status_though_nobody_reads() {
    daemon_test(|| {
        let mut run = silent("namespace", &["sh", "-c", "exit 5"]);
        drop(run.stdout.take());
        assert_eq!(run.wait().expect("a child").code(), Some(5));
    });
}
