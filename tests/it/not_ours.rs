//! "Only what is proved to be ours is signalled": what was there before the run stays.

use crate::support::PATIENCE;
use crate::support::proc;
use crate::support::room::daemon_test;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

/// A shell that starts a process of its own and then becomes guardrun, whose child that process is from then on.
fn shell_that_becomes_guardrun(level: &str) -> (Child, i32) {
    let script = format!(
        "sleep 97 & echo $!; exec {} --quiet --level {level} -- sleep 98",
        env!("CARGO_BIN_EXE_guardrun")
    );
    let mut shell = Command::new("sh")
        .args(["-c", &script])
        .stdout(Stdio::piped())
        .spawn()
        .expect("a shell");
    let mut line = String::new();
    BufReader::new(shell.stdout.take().expect("a pipe"))
        .read_line(&mut line)
        .expect("the shell says the pid");
    (shell, line.trim().parse().expect("a pid"))
}

/// The child of guardrun that is its keeper, once the suite runs.
fn keeper_of(front: i32) -> i32 {
    let until = Instant::now() + PATIENCE;
    loop {
        let keeper = proc::children(front).into_iter().find(|pid| {
            proc::children(*pid)
                .iter()
                .any(|child| proc::portrait(*child).contains("sleep 98"))
        });
        if let Some(keeper) = keeper {
            return keeper;
        }
        assert!(Instant::now() < until, "no keeper below {front}");
    }
}

fn kill(pid: i32, signal: nix::sys::signal::Signal) {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal)
        .expect("a process of this test");
}

#[test]
fn a_process_that_guardrun_did_not_start_survives_the_loss_of_the_keeper() {
    daemon_test(|| {
        for level in ["cgroup", "subreaper"] {
            if level == "cgroup" && !nix::unistd::geteuid().is_root() {
                continue;
            }
            let (mut shell, elder) = shell_that_becomes_guardrun(level);
            let front = shell.id() as i32;
            let keeper = keeper_of(front);
            let suite = proc::children(keeper);
            kill(keeper, nix::sys::signal::SIGKILL);
            assert_eq!(
                shell.wait().expect("guardrun ends").code(),
                Some(52),
                "{level}"
            );
            for pid in suite {
                assert!(
                    matches!(proc::state(pid), None | Some('Z')),
                    "{level}: {pid} of the suite lives"
                );
            }
            assert_eq!(
                proc::state(elder),
                Some('S'),
                "{level}: what was there before is gone"
            );
            kill(elder, nix::sys::signal::SIGKILL);
        }
    });
}

/// "The kernel ends the namespace": also when the keeper cannot act any more.
#[test]
fn a_stopped_keeper_ends_with_its_front_and_takes_the_namespace_with_it() {
    daemon_test(|| {
        let (mut shell, elder) = shell_that_becomes_guardrun("namespace");
        let front = shell.id() as i32;
        let keeper = keeper_of(front);
        let suite = proc::children(keeper);
        kill(keeper, nix::sys::signal::SIGSTOP);
        kill(front, nix::sys::signal::SIGKILL);
        shell.wait().expect("it was killed");
        let until = Instant::now() + PATIENCE;
        while suite
            .iter()
            .any(|pid| !matches!(proc::state(*pid), None | Some('Z')))
        {
            assert!(Instant::now() < until, "the suite lives: {suite:?}");
            std::thread::yield_now();
        }
        kill(elder, nix::sys::signal::SIGKILL);
    });
}
