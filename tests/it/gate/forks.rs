//! "A refusal forks nothing."

use crate::cli::{guardrun, with_policy};
use crate::support::room::daemon_test;
use std::process::{Command, Stdio};

/// The last pid that was given out in this pid namespace (proc(5), the fifth field of loadavg). In a room of one's own
/// nobody else takes any, so what a command has forked can be counted without tracing it.
fn last_pid() -> u32 {
    let text = std::fs::read_to_string("/proc/loadavg").expect("/proc is there");
    text.split_whitespace()
        .last()
        .expect("a fifth field")
        .parse()
        .expect("a pid")
}

/// Runs it and answers with the number of processes and threads that it made.
fn made_by(command: &mut Command) -> (Option<i32>, u32) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("guardrun starts");
    let status = child.wait().expect("guardrun ends");
    (status.code(), last_pid() - child.id())
}

#[test]
fn a_refusal_forks_nothing_and_a_run_is_seen_to_fork() {
    daemon_test(|| {
        let scratch = with_policy();
        let refused = made_by(guardrun(scratch.path()).args(["run", "daemon"]));
        assert_eq!(refused, (Some(40), 0));
        let (status, made) = made_by(
            guardrun(scratch.path())
                .args(["run", "daemon"])
                .env("KOLU_DAEMON_TESTS", "1"),
        );
        assert_eq!(status, Some(0));
        assert!(made >= 2, "the keeper and the leader are counted: {made}");
    });
}
