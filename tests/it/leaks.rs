//! "A survivor after a green run makes the run fail with its own code, and is named; a red run keeps its own."

use crate::cli::guardrun;
use crate::escape::endings::run_at;
use crate::escape::matrix::at_every_level;
use crate::scratch::Scratch;
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::proc;
use crate::support::room::daemon_test;
use crate::support::run::{Run, words};
use crate::support::scene::Ended;
use std::time::Instant;

/// guardrun's verdict: it passed, and left something.
const LEAKED: Ended = Ended::Exited(46);

/// It is there to leave what a fence would refuse.
const UNFENCED: &str =
    "[suite.leaving.dangerously-fence-weaker]\nfence = \"off\"\nreason = \"a test of leaks\"\n";

/// A suite that leaves a daemon and ends like that, under a policy if there is one.
fn leaves_a_daemon<'b>(
    bench: &'b Bench,
    user: User,
    level: &str,
    then: &str,
    policy: Option<&str>,
) -> Run<'b> {
    let run = run_at(bench, user, Some(level));
    match policy {
        Some(rules) => run.policy(&format!(
            "[suite.leaving]\nmatch = [\"*\"]\n{rules}\n{UNFENCED}"
        )),
        None => run,
    }
    .plays("session", then, &[])
}

/// "It passed, and left live processes (now killed, and named)."
#[test]
fn a_green_run_that_leaves_a_daemon_exits_with_46_and_names_it() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let mut scene = leaves_a_daemon(bench, user, level, "exit:0", None).start();
            scene.wait_until_ready().expect("the daemon is there");
            let front = scene.front().expect("the front").pid;
            let pids = daemons(front);
            let done = scene.finish();
            assert_eq!(done.ended, LEAKED, "at {level} as {user:?}: {done:?}");
            assert!(
                pids.iter()
                    .any(|pid| done.err.contains(&format!("pid {pid} "))),
                "at {level} as {user:?}, none of {pids:?} is named: {}",
                done.err
            );
            assert!(done.err.contains("play session"), "{}", done.err);
        });
    });
}

/// The shape's processes below `front`, by the pids that it knows them by. They have at least the settling time to be found
/// in, and may be between two parents at any one look.
fn daemons(front: i32) -> Vec<i32> {
    let until = Instant::now() + PATIENCE;
    loop {
        let found: Vec<_> = proc::descendants(front)
            .into_iter()
            .filter(|pid| proc::portrait(*pid).contains(" play session "))
            .filter_map(|pid| proc::pid_as_seen_by(front, pid))
            .collect();
        if !found.is_empty() || Instant::now() > until {
            return found;
        }
    }
}

/// "Policy may downgrade, with a reason": named programs are known to stay behind.
#[test]
fn a_leftover_that_the_policy_expects_is_ended_and_no_failure() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let rules = r#"[[suite.leaving.dangerously-expect-leftover]]
                program = "guardrun-act*"
                reason = "stays for the next run""#;
            let done = leaves_a_daemon(bench, user, level, "exit:0", Some(rules))
                .start()
                .finish();
            assert_eq!(done.ended, Ended::Exited(0), "at {level}: {done:?}");
        });
    });
}

/// The twin: what the policy expects is that program and no other.
#[test]
fn a_leftover_that_is_not_the_one_expected_is_a_leak() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let rules = r#"[[suite.leaving.dangerously-expect-leftover]]
                program = "sccache*"
                reason = "stays for the next run""#;
            let done = leaves_a_daemon(bench, user, level, "exit:0", Some(rules))
                .start()
                .finish();
            assert_eq!(done.ended, LEAKED, "at {level}: {done:?}");
        });
    });
}

/// "The suite's own exit code passes through": a failure is not hidden behind a leak.
#[test]
fn a_red_run_that_leaves_a_daemon_keeps_its_own_code() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            for (then, ended) in [("exit:7", Ended::Exited(7)), ("signal:9", Ended::Killed(9))] {
                let done = leaves_a_daemon(bench, user, level, then, None)
                    .start()
                    .finish();
                assert_eq!(done.ended, ended, "at {level}: {done:?}");
            }
        });
    });
}

/// "A pipeline's members outlive it by milliseconds": that is no leak.
#[test]
fn what_ends_by_itself_within_a_second_is_no_leak() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let run = run_at(bench, user, Some(level)).acts(words(["leave", "300"]));
            let done = run.start().finish();
            assert_eq!(done.ended, Ended::Exited(0), "at {level}: {done:?}");
            assert!(
                !done.err.contains("still alive"),
                "at {level}: {}",
                done.err
            );
        });
    });
}

/// The twin: what stays longer is one.
#[test]
fn what_would_end_by_itself_only_later_is_a_leak() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            let run = run_at(bench, user, Some(level)).acts(words(["leave", "60000"]));
            let done = run.start().finish();
            assert_eq!(done.ended, LEAKED, "at {level}: {done:?}");
        });
    });
}

/// "What is still there gets TERM, and CONT": it may put its affairs in order before it is killed.
#[test]
fn what_is_left_is_asked_before_it_is_killed_also_when_it_is_stopped() {
    daemon_test(|| {
        for level in ["namespace", "subreaper"] {
            let scratch = Scratch::new();
            scratch.file(".git/HEAD", "");
            let rules = format!(
                "[defaults]\ngrace = \"1m\"\n[suite.leaving]\nmatch = [\"**\"]\n{UNFENCED}"
            );
            scratch.file("guardrun.toml", &rules);
            let daemon = "trap 'echo asked > asked; exit 0' TERM; echo > ready; kill -STOP $$; while :; do sleep 0.05; done";
            let suite = format!(
                "setsid sh -c '{}' & until [ -e ready ]; do :; done",
                daemon.replace('\'', "'\\''")
            );
            let status = guardrun(scratch.path())
                .args([
                    "--quiet", "--grace", "30s", "--level", level, "--", "sh", "-c", &suite,
                ])
                .status()
                .expect("guardrun starts");
            assert_eq!(status.code(), Some(46), "{level}");
            assert!(
                scratch.path().join("asked").exists(),
                "{level}: it was killed unasked"
            );
        }
    });
}

/// "Zombies excluded": but not a process whose first thread has ended, which looks like one.
#[test]
fn a_process_without_its_first_thread_is_alive_and_ended() {
    daemon_test(|| {
        for level in ["namespace", "subreaper"] {
            let scratch = Scratch::new();
            scratch.file(".git/HEAD", "");
            let actor = env!("CARGO_BIN_EXE_guardrun-actor");
            let looks_dead = "grep -q '^State:.Z' /proc/$!/status";
            let suite = format!("{actor} headless --life 100 & until {looks_dead}; do :; done");
            let output = guardrun(scratch.path())
                .args([
                    "--quiet", "--grace", "1s", "--level", level, "--", "sh", "-c", &suite,
                ])
                .output()
                .expect("guardrun starts");
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(46), "{level}: {told}");
            assert!(told.contains("[guardrun-actor]"), "{level}: {told}");
        }
    });
}

/// How many times a target is looked for that moves while it is looked for.
const LOOKS: usize = 12;

/// "A survivor after a green run makes the run fail": also one that is never the same process twice, so that a look at the
/// processes, which are read one after the other, can find nobody.
#[test]
fn what_is_never_the_same_process_twice_is_a_leak_all_the_same() {
    daemon_test(|| {
        at_every_level(|bench, user, level| {
            // It begins to move just before the second is over after which guardrun looks.
            let look = || {
                run_at(bench, user, Some(level))
                    .plays("moving-target", "exit:0", &words(["--pause", "800"]))
                    .start()
                    .finish()
            };
            std::thread::scope(|scope| {
                let looks: Vec<_> = (0..LOOKS).map(|_| scope.spawn(look)).collect();
                for look in looks {
                    let done = look.join().expect("a look does not panic");
                    assert_eq!(done.ended, LEAKED, "at {level} as {user:?}: {done:?}");
                }
            });
        });
    });
}
