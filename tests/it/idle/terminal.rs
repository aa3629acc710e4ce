//! A relay on a real terminal: it looks like the terminal, and the terminal is as ever. What `terminal.rs` says of Ctrl-C, Ctrl-Z
//! and reading is tried there with a relay, too.

use crate::support::PATIENCE;
use crate::support::bench::Bench;
use crate::support::pty::Pty;
use crate::support::room::daemon_test;
use crate::support::run::{LEVELS, Run};
use crate::support::scene::Ended;
use crate::support::{bench::User, kernel, proc};
use crate::terminal::{interactive_shell, leave, line, on_terminal};
use std::time::Duration;

fn at_every_level(check: impl Fn(&Bench, &str)) {
    let bench = Bench::relaying();
    for level in LEVELS {
        if crate::escape::matrix::can_hold(&bench, User::present(), level) {
            check(&bench, level);
        }
    }
}

fn shell_script<'b>(bench: &'b Bench, level: &str, pty: &Pty, text: &str) -> Run<'b> {
    on_terminal(bench, level, pty).suite(["/bin/sh", "-c", text])
}

/// "isatty and colours stay as they were", the size too, and each line ends once.
#[test]
fn the_suite_finds_a_terminal_of_the_same_size_and_lines_end_once() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let mut pty = Pty::open();
            kernel::set_size(pty.master(), 33, 77);
            let text = "test -t 0 && test -t 1 && test -t 2 && echo all three; stty size <&1; stty size <&2; printf 'one\\ntwo\\n'; echo end";
            let mut scene = shell_script(bench, level, &pty, text).start();
            pty.wait_for("all three\r\n33 77\r\n33 77\r\n")
                .unwrap_or_else(|told| panic!("{level}: {told}"));
            pty.wait_for("one\r\ntwo\r\nend\r\n")
                .unwrap_or_else(|told| panic!("{level}: {told}"));
            assert_eq!(scene.wait_for_end(), Some(Ended::Exited(0)), "{level}");
            assert!(!pty.text().contains("\r\r"), "{:?}", pty.text());
        });
    });
}

/// Only stdout is a terminal: stderr into a file stays none.
#[test]
fn each_stream_is_what_it_was() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let mut pty = Pty::open();
            let run = on_terminal(bench, level, &pty);
            let script = "test -t 1 && echo out; test -t 2 || echo no err; echo to the file >&2";
            let outer = format!(
                "{} --quiet --level {level} -- sh -c '{script}' 2>file; cat file",
                bench.guardrun().display()
            );
            let mut scene = Run::bare(bench, User::present())
                .terminal(&pty)
                .suite(["/bin/sh", "-c", &outer])
                .start();
            drop(run);
            pty.wait_for("out\r\nno err\r\nto the file\r\n")
                .unwrap_or_else(|told| panic!("{level}: {told}"));
            assert_eq!(scene.wait_for_end(), Some(Ended::Exited(0)), "{level}");
        });
    });
}

/// "Window size and its changes are passed on": the suite is told, and finds the new size.
#[test]
fn a_new_size_reaches_the_suite() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let mut pty = Pty::open();
            kernel::set_size(pty.master(), 20, 70);
            let text = "trap 'stty size <&1' WINCH; echo begun; while :; do sleep 0.1; done";
            let mut scene = shell_script(bench, level, &pty, text).start();
            pty.wait_for("begun").expect("the suite is there");
            kernel::set_size(pty.master(), 21, 71);
            pty.wait_for("21 71\r\n")
                .unwrap_or_else(|told| panic!("{level}: {told}"));
            pty.keys("\x03");
            assert_eq!(scene.wait_for_end(), Some(Ended::Killed(2)), "{level}");
        });
    });
}

/// Nobody tells a stopped job that the terminal has got another size; it is looked at when the job goes on.
#[test]
fn a_new_size_of_a_stopped_job_reaches_the_suite() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let Some((shell, mut pty)) = interactive_shell(bench) else {
                return;
            };
            kernel::set_size(pty.master(), 20, 70);
            let suite = "sh -c 'echo begun; while :; do stty size <&1; sleep 0.1; done'";
            let held = line(bench, level, suite).replace("--quiet", "--quiet --idle 10m");
            pty.keys(&format!("{held}\n"));
            pty.wait_for("20 70\r\n").expect("the suite is there");
            pty.keys("\x1a");
            pty.wait_for("Stopped")
                .expect("the shell sees its job stop");
            kernel::set_size(pty.master(), 21, 71);
            pty.keys("fg\n");
            pty.wait_for("21 71\r\n")
                .unwrap_or_else(|told| panic!("{level}: {told}"));
            pty.keys("\x03");
            leave(shell, pty);
        });
    });
}

/// "Ctrl-Z pauses": the job is stopped for longer than the limit, and goes on.
#[test]
fn a_stopped_job_is_not_silent() {
    daemon_test(|| {
        let bench = Bench::new();
        let Some((shell, mut pty)) = interactive_shell(&bench) else {
            return;
        };
        let suite = format!("{} read-terminal --life 100", bench.actor().display());
        let held = line(&bench, "subreaper", &suite).replace("--quiet", "--quiet --idle 3s");
        pty.keys(&format!("{held}\n"));
        pty.wait_for("reading").expect("the suite is there");
        pty.keys("\x1a");
        pty.wait_for("Stopped")
            .expect("the shell sees its job stop");
        std::thread::sleep(Duration::from_secs(4));
        pty.keys("fg\n");
        pty.wait_for("guardrun")
            .expect("the shell says what it fetches");
        std::thread::sleep(Duration::from_millis(500));
        pty.keys("words\n");
        pty.wait_for(r#"read "words""#).expect("it was not ended");
        leave(shell, pty);
    });
}

/// Ctrl-S holds up the output and nothing else: the time limit ends the run, and what was written comes after Ctrl-Q.
#[test]
fn a_limit_ends_a_run_behind_ctrl_s() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let mut pty = Pty::open();
            let run = shell_script(bench, level, &pty, "echo begun; sleep 1; echo later; yes");
            let mut scene = run.option(["--timeout", "3s", "--grace", "1s"]).start();
            pty.wait_for("begun").expect("the suite is there");
            pty.keys("\x13");
            let front = scene.front().expect("the front").pid;
            let yes = loop {
                let below = proc::descendants(front);
                if let Some(yes) = below.into_iter().find(|pid| proc::command(*pid) == "yes") {
                    break kernel::Process::open(yes).expect("it is there");
                }
            };
            assert!(yes.dies_within(PATIENCE), "{level}");
            pty.keys("\x11");
            pty.wait_for("later").expect("it comes after all");
            pty.wait_for("timed-out: ").expect("the verdict is said");
            assert_eq!(scene.wait_for_end(), Some(Ended::Exited(48)), "{level}");
        });
    });
}
