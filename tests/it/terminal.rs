//! The terminal, by a real one: "the foreground and the settings are given back on every way out", and Ctrl-C, Ctrl-Z, `fg`
//! and `bg` do what they do without guardrun. Each is tried with guardrun relaying the suite's output, too.

use crate::escape::matrix::can_hold;
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::gate;
use crate::support::proc;
use crate::support::pty::Pty;
use crate::support::room::daemon_test;
use crate::support::run::{LEVELS, Run, words};
use crate::support::scene::{Ended, Scene};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::path::Path;
use std::time::{Duration, Instant};

/// A grace that nobody lives to see the end of: who ends before was ended at once.
const LONG_GRACE: [&str; 2] = ["--grace", "10m"];
/// What Ctrl-C and Ctrl-Z send.
const CTRL_C: &str = "\x03";
const CTRL_Z: &str = "\x1a";

/// At every level, with the suite's output as it is and with guardrun relaying it: neither makes a difference here.
pub(crate) fn at_every_level(check: impl Fn(&Bench, &str)) {
    at_every_level_on(Bench::new(), &check);
    at_every_level_on(Bench::relaying(), &check);
}

fn at_every_level_on(bench: Bench, check: &impl Fn(&Bench, &str)) {
    for level in LEVELS {
        if can_hold(&bench, User::present(), level) {
            check(&bench, level);
        }
    }
}

/// A run of the present user's on a terminal.
pub(crate) fn on_terminal<'b>(bench: &'b Bench, level: &str, pty: &Pty) -> Run<'b> {
    Run::held(bench, User::present(), level).terminal(pty)
}

/// A shell's line that runs a command under guardrun.
pub(crate) fn line(bench: &Bench, level: &str, command: &str) -> String {
    let guardrun = bench.guardrun().display().to_string();
    format!("{guardrun} --quiet --level {level} -- {command}")
}

/// Waits until the suite is there, and gives the scene back.
fn ready(mut scene: Scene) -> Scene {
    scene.wait_until_ready().expect("the suite is there");
    scene
}

/// "If the suite dies of SIGINT, the front dies of SIGINT, so that shell loops stop."
#[test]
fn ctrl_c_ends_the_suite_and_guardrun_dies_of_sigint() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let mut pty = Pty::open();
            let mut scene = ready(
                on_terminal(bench, level, &pty)
                    .plays("nothing", "wait", &[])
                    .start(),
            );
            pty.keys(CTRL_C);
            assert_eq!(
                scene.wait_for_end(),
                Some(Ended::Killed(2)),
                "{level}: {}",
                pty.text()
            );
        });
    });
}

/// "A second Ctrl-C kills at once."
#[test]
fn a_second_ctrl_c_ends_a_suite_that_ignores_the_first() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let mut pty = Pty::open();
            let mut scene = ready(
                on_terminal(bench, level, &pty)
                    .option(LONG_GRACE)
                    .plays("deaf", "wait", &[])
                    .start(),
            );
            pty.keys(CTRL_C);
            pty.wait_for("interrupted")
                .expect("guardrun says that it has heard");
            pty.keys(CTRL_C);
            let ended = scene.wait_for_end();
            assert_eq!(
                ended,
                Some(Ended::Killed(2)),
                "{level}: {}",
                scene.report(pty.text())
            );
            scene.empty_within(PATIENCE).expect("nothing is left");
        });
    });
}

/// The suite gets the foreground only when somebody hears what is typed to it: a Ctrl-C at that very moment is heard too. The
/// suite is started with SIGINT ignored, so that it is there for the second one however early the first one comes.
#[test]
fn a_ctrl_c_is_heard_as_soon_as_the_suite_has_the_foreground() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            for _ in 0..10 {
                let mut pty = Pty::open();
                let command = format!(
                    "trap '' INT; exec {} --grace 10m --level {level} -- {} play nothing --then wait --life 100",
                    bench.guardrun().display(),
                    bench.actor().display(),
                );
                let mut scene = Run::bare(bench, User::present())
                    .terminal(&pty)
                    .suite(["/bin/sh", "-c", &command])
                    .start();
                let before = pty.foreground();
                let until = Instant::now() + PATIENCE;
                while pty.foreground() == before && Instant::now() < until {}
                pty.keys(CTRL_C);
                pty.wait_for("interrupted")
                    .unwrap_or_else(|told| panic!("{level}: not heard: {told}"));
                pty.keys(CTRL_C);
                assert_eq!(scene.wait_for_end(), Some(Ended::Killed(2)), "{level}");
            }
        });
    });
}

/// Only the terminal's own Ctrl-C counts: a signal that guardrun passes on to the suite's group is heard there as well, and must
/// not be taken for the second. The grace is waited for, so it is the least that the end may take.
#[test]
fn a_signal_that_is_passed_on_is_not_taken_for_a_second_ctrl_c() {
    const GRACE: Duration = Duration::from_secs(2);
    daemon_test(|| {
        at_every_level(|bench, level| {
            let pty = Pty::open();
            let mut scene = ready(
                on_terminal(bench, level, &pty)
                    .option(["--grace", "2s"])
                    .plays("deaf", "wait", &[])
                    .start(),
            );
            let front = scene.front().expect("the front").pid;
            let asked = Instant::now();
            kill(Pid::from_raw(front), Signal::SIGINT).expect("guardrun is there");
            assert_eq!(scene.wait_for_end(), Some(Ended::Killed(2)), "{level}");
            assert!(asked.elapsed() >= GRACE, "{level}: killed at once");
        });
    });
}

/// "The whole Ctrl-Z / fg / Ctrl-C cycle works", and `bg`: guardrun is a job like any other to a shell.
#[test]
fn a_shell_can_stop_it_let_it_go_on_in_the_background_and_fetch_it_back() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let Some((mut shell, mut pty)) = interactive_shell(bench) else {
                return;
            };
            let suite = suite_line(bench, &shell, "play nothing --then wait --life 100");
            pty.keys(&format!("{}\n", line(bench, level, &suite)));
            assert_eq!(
                shell.news.wait_for(&["ready"], PATIENCE).as_deref(),
                Some("ready")
            );
            let leader = find(&shell, " play nothing");
            for _ in 0..2 {
                pty.keys(CTRL_Z);
                pty.wait_for("Stopped")
                    .expect("the shell sees its job stop");
                wait_until("the suite is stopped", || proc::state(leader) == Some('T'));
                pty.keys("bg\n");
                pty.wait_for("&").expect("the shell lets it go on");
                pty.keys("jobs\n");
                pty.wait_for("Running").expect("it runs in the background");
                wait_until_running(leader);
                // A shell does not continue a job that runs, so nobody tells guardrun; until it asks, the keys are its own.
                pty.keys("fg\n");
                wait_until_shell_has_left(&shell, &pty);
            }
            pty.keys(CTRL_Z);
            pty.wait_for("Stopped")
                .expect("the shell sees its job stop");
            pty.keys("fg\n");
            wait_for_foreground(&mut pty, leader);
            wait_until_running(leader);
            pty.keys(CTRL_C);
            pty.keys("echo status=$?\n");
            pty.wait_for("status=130").expect("it died of SIGINT");
            leave(shell, pty);
        });
    });
}

/// The shell continues guardrun once, and so is the suite continued: what came a moment later would undo a Ctrl-Z of that moment.
#[test]
fn a_suite_that_is_fetched_back_is_continued_once() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let Some((mut shell, mut pty)) = interactive_shell(bench) else {
                return;
            };
            let count = shell.place().join("continued");
            let suite = format!(
                "sh -c 'trap \"printf . >> {}\" CONT; sleep 100 & echo ready > {}; while :; do wait; done'",
                count.display(),
                shell.news.path().display()
            );
            pty.keys(&format!("{}\n", line(bench, level, &suite)));
            let news = shell.news.wait_for(&["ready"], PATIENCE);
            assert_eq!(news.as_deref(), Some("ready"), "{}", pty.text());
            let leader = find(&shell, "sh -c trap");
            let continued = || std::fs::read(&count).map_or(0, |dots| dots.len());
            for times in 1..=5 {
                pty.keys(CTRL_Z);
                pty.wait_for("Stopped")
                    .expect("the shell sees its job stop");
                wait_until("the suite is stopped", || proc::state(leader) == Some('T'));
                pty.keys("fg\n");
                wait_for_foreground(&mut pty, leader);
                wait_until("it is continued", || continued() >= times);
            }
            pty.keys(CTRL_C);
            pty.keys("echo status=$?\n");
            pty.wait_for("status=130").expect("it died of SIGINT");
            assert_eq!(continued(), 5, "at {level}");
            leave(shell, pty);
        });
    });
}

/// "Take the foreground only if the front had it": a job that is started in the background stays there, and is stopped when
/// it reads the terminal, until the shell fetches it.
#[test]
fn a_background_job_that_reads_the_terminal_stops_until_it_is_fetched() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let Some((shell, mut pty)) = interactive_shell(bench) else {
                return;
            };
            let suite = suite_line(bench, &shell, "read-terminal --life 100");
            pty.keys(&format!("{} &\n", line(bench, level, &suite)));
            pty.wait_for("reading").expect("the suite is there");
            let leader = find(&shell, " read-terminal");
            wait_until("it is stopped", || proc::state(leader) == Some('T'));
            // The shell takes a job that stops while it is being fetched for stopped again, whoever the job is.
            let front = proc::parent(leader).and_then(proc::parent);
            wait_until("guardrun is stopped", || {
                front.and_then(proc::state) == Some('T')
            });
            pty.keys("fg\n");
            wait_for_foreground(&mut pty, leader);
            wait_until_running(leader);
            pty.keys("words\n");
            pty.wait_for(r#"read "words""#)
                .expect("it reads the terminal");
            leave(shell, pty);
        });
    });
}

/// A suite in the foreground reads the terminal, by its stdin and by name.
#[test]
fn a_suite_reads_the_terminal() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            for manner in ["read-line", "read-terminal"] {
                let mut pty = Pty::open();
                let mut scene = on_terminal(bench, level, &pty).acts([manner]).start();
                pty.wait_for("reading").expect("the suite is there");
                pty.keys("some words\n");
                pty.wait_for(r#"read "some words""#)
                    .expect("it reads the terminal");
                assert_eq!(scene.wait_for_end(), Some(Ended::Exited(0)), "{level}");
            }
        });
    });
}

/// "Give the foreground and termios back on every way out": here the settings, after a suite that has set the terminal raw.
#[test]
fn the_terminals_settings_are_restored_after_every_ending() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            for then in ["exit:0", "exit:7", "signal:9", "signal:6"] {
                restores(bench, level, then, &[], &|_| {});
            }
            restores(bench, level, "wait", &["--timeout", "500ms"], &|_| {});
            for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP, libc::SIGQUIT] {
                restores(bench, level, "wait", &[], &|scene| {
                    scene.front().expect("the front").signal(signal);
                });
            }
            restores(bench, level, "wait", &[], &|scene| {
                scene.keeper().expect("a keeper").signal(libc::SIGKILL);
            });
        });
    });
}

/// Runs a suite that sets the terminal raw, ends it, and compares the settings before and after.
fn restores(bench: &Bench, level: &str, then: &str, options: &[&str], end: &dyn Fn(&Scene)) {
    let pty = Pty::open();
    let before = pty.settings();
    let run = on_terminal(bench, level, &pty).option(["--grace", "300ms"]);
    let news = run.news().as_os_str().to_owned();
    let mut manner = words(["raw-terminal", "nothing", "--then", then, "--news"]);
    manner.push(news);
    let mut scene = ready(run.option(options).acts(manner).start());
    if then == "wait" {
        assert_ne!(pty.settings(), before, "the suite has set it raw");
    }
    end(&scene);
    let ended = scene.wait_for_end();
    assert!(ended.is_some(), "{}", scene.report("it did not end"));
    assert_eq!(
        pty.settings(),
        before,
        "{level}, {then} {options:?}: {ended:?}"
    );
}

/// "Give the foreground back on every way out": a program that the same script runs next is in the foreground again.
#[test]
fn the_foreground_is_given_back_after_every_ending() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            for (then, blow) in [
                ("exit:0", None),
                ("exit:7", None),
                ("signal:9", None),
                ("wait", Some(libc::SIGTERM)),
                ("wait", Some(libc::SIGHUP)),
            ] {
                let mut pty = Pty::open();
                let run = Run::bare(bench, User::present()).terminal(&pty);
                let suite = format!(
                    "{} play nothing --then {then} --news {} --life 100",
                    bench.actor().display(),
                    run.news().display()
                );
                let script = format!(
                    "{}; exec {} show",
                    line(bench, level, &suite),
                    bench.actor().display()
                );
                let mut scene = ready(run.suite(["sh", "-c", &script]).start());
                if let Some(signal) = blow {
                    // The script is what the stage started; guardrun is its child.
                    let guardrun = scene.keeper().expect("guardrun runs");
                    guardrun.signal(signal);
                }
                assert_eq!(
                    scene.wait_for_end(),
                    Some(Ended::Exited(0)),
                    "{level}, {then}"
                );
                let text = pty.text();
                let said = |name: &str| {
                    text.lines()
                        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
                        .map(str::trim)
                };
                assert!(said("pgid").is_some(), "{level}: {text}");
                assert_eq!(said("pgid"), said("tpgid"), "{level}, {then}, {blow:?}");
            }
        });
    });
}

/// guardrun inside guardrun: the terminal and Ctrl-C go all the way down, and the status all the way up.
#[test]
fn guardrun_inside_guardrun_has_the_terminal_too() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let mut pty = Pty::open();
            let run = on_terminal(bench, level, &pty);
            let mut inner = words([bench.guardrun()]);
            inner.extend(words(["--level", level, "--"]));
            let news = run.news().as_os_str().to_owned();
            let mut command = inner.clone();
            command.push(bench.actor().into());
            command.extend(words([
                "play", "nothing", "--then", "wait", "--life", "100", "--news",
            ]));
            command.push(news);
            let mut scene = ready(run.suite(command).start());
            pty.keys(CTRL_C);
            let ended = scene.wait_for_end();
            assert_eq!(
                ended,
                Some(Ended::Killed(2)),
                "{level}: {}",
                scene.report(pty.text())
            );
            scene.empty_within(PATIENCE).expect("nothing is left");

            let mut pty = Pty::open();
            let run = on_terminal(bench, level, &pty);
            let mut command = inner;
            command.push(bench.actor().into());
            command.extend(words(["read-terminal", "--life", "100"]));
            let mut scene = run.suite(command).start();
            pty.wait_for("reading").expect("the suite is there");
            pty.keys("deep words\n");
            pty.wait_for(r#"read "deep words""#)
                .expect("it reads the terminal");
            assert_eq!(scene.wait_for_end(), Some(Ended::Exited(0)), "{level}");
        });
    });
}

/// In a pipeline, guardrun shares its process group with others, and its output is still the suite's own.
#[test]
fn guardrun_works_in_a_pipeline() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            let Some((shell, mut pty)) = interactive_shell(bench) else {
                return;
            };
            let actor = bench.actor().display().to_string();
            let says = line(bench, level, &format!("{actor} say 'from the suite'"));
            pty.keys(&format!(
                "{says} | tr a-z A-Z; echo status=\"${{PIPESTATUS[*]}}\"\n"
            ));
            pty.wait_for("FROM THE SUITE")
                .expect("the output comes through");
            pty.wait_for("status=0 0").expect("both end well");
            let reads = line(bench, level, &format!("{actor} read-line"));
            pty.keys(&format!(
                "echo piped words | {reads} | cat; echo status=\"${{PIPESTATUS[*]}}\"\n"
            ));
            pty.wait_for(r#"read "piped words""#)
                .expect("the input comes through");
            pty.wait_for("status=0 0 0").expect("all end well");
            let sleeps = line(bench, level, &format!("{actor} read-terminal --life 100"));
            pty.keys(&format!("{sleeps} | cat\n"));
            pty.wait_for("reading").expect("the suite is there");
            pty.keys(CTRL_C);
            pty.wait_for("prompt> ").expect("the pipeline ends");
            pty.keys("echo status=\"${PIPESTATUS[*]}\"\n");
            pty.wait_for("status=130 ").expect("Ctrl-C reaches it");
            leave(shell, pty);
        });
    });
}

/// Without any terminal there is nothing to hand over, and nothing that fails for want of it.
#[test]
fn guardrun_works_without_a_terminal_and_with_closed_streams() {
    daemon_test(|| {
        at_every_level(|bench, level| {
            for closed in [&[][..], &["0"], &["1"], &["2"], &["0", "1", "2"]] {
                let options = closed.iter().flat_map(|stream| ["--close", stream]);
                let done = Run::held(bench, User::present(), level)
                    .stage(options)
                    .plays("nothing", "exit:7", &[])
                    .start()
                    .finish();
                assert_eq!(
                    done.ended,
                    Ended::Exited(7),
                    "{level}, {closed:?}: {done:?}"
                );
            }
        });
    });
}

/// A real shell on a terminal, at its prompt; None, and skipped by name, where there is none.
pub(crate) fn interactive_shell(bench: &Bench) -> Option<(Scene, Pty)> {
    if !Path::new("/bin/bash").exists() {
        gate::skip("job control under a real shell", "there is no bash");
        return None;
    }
    let mut pty = Pty::open();
    let scene = Run::bare(bench, User::present())
        .terminal(&pty)
        .variable("PS1", "prompt> ")
        .variable("TERM", "dumb")
        .suite(["/bin/bash", "--norc", "--noprofile", "--noediting", "-i"])
        .start();
    pty.wait_for("prompt> ").expect("the shell is there");
    Some((scene, pty))
}

/// The actor's command line with news for this shell's test.
pub(crate) fn suite_line(bench: &Bench, shell: &Scene, manner: &str) -> String {
    format!(
        "{} {manner} --news {}",
        bench.actor().display(),
        shell.news.path().display()
    )
}

/// Leaves the shell and wants nothing to be left.
pub(crate) fn leave(mut shell: Scene, mut pty: Pty) {
    pty.keys("exit\n");
    assert!(
        shell.wait_for_end().is_some(),
        "the shell did not end: {}",
        pty.text()
    );
    shell.empty_within(PATIENCE).expect("nothing is left");
}

/// The process of this scene whose command line has `words` in it and that is not guardrun's.
pub(crate) fn find(scene: &Scene, words: &str) -> i32 {
    let front = scene.front().expect("the front").pid;
    let found = proc::descendants(front).into_iter().find(|pid| {
        let portrait = proc::portrait(*pid);
        portrait.contains(words) && !portrait.contains("guardrun --")
    });
    found.unwrap_or_else(|| panic!("{}", scene.report(&format!("no {words:?}"))))
}

fn wait_until_running(pid: i32) {
    wait_until(&format!("{pid} runs"), || proc::state(pid) != Some('T'));
}

/// Waits until the process has the terminal.
pub(crate) fn wait_for_foreground(pty: &mut Pty, pid: i32) {
    let group = proc::group(pid);
    let until = Instant::now() + PATIENCE;
    while group.is_none() || pty.foreground().map(nix::unistd::Pid::as_raw) != group {
        assert!(
            Instant::now() < until,
            "{pid} is not in the foreground, but {:?} is:\n{}",
            pty.foreground(),
            pty.text()
        );
        std::thread::yield_now();
    }
}

/// Waits until the shell has given the terminal away.
fn wait_until_shell_has_left(shell: &Scene, pty: &Pty) {
    let own = shell
        .front
        .as_ref()
        .and_then(|shell| proc::group(shell.pid));
    wait_until("the shell has given the terminal away", || {
        pty.foreground().map(nix::unistd::Pid::as_raw) != own
    });
}

/// Looks until it is so: for what only /proc and the terminal can tell, and that announces itself nowhere.
pub(crate) fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < until, "not so: {what}");
        std::thread::yield_now();
    }
}
