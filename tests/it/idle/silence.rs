//! When silence ends a run, and when it does not.

use super::{FAR, LEVELS, ended, find, guardrun, outcome, script};
use crate::support::kernel::Process;
use crate::support::room::daemon_test;
use std::io::Read;
use std::process::Stdio;
use std::time::Duration;

/// "Silent and doing nothing: the tree is printed, then TERM, the grace, KILL; exit code 49."
#[test]
fn a_silent_suite_is_shown_and_ended_with_49() {
    daemon_test(|| {
        for level in LEVELS {
            let suite = script("echo a word; trap '' TERM; sleep 98 & sleep 99; sleep 97");
            let (status, err) = outcome(guardrun(
                level,
                &["--idle", "1s", "--grace", "500ms"],
                &suite,
            ));
            assert_eq!(status.code(), Some(49), "{level}: {err}");
            let shown = err.find("the processes of the run (3)");
            let ending = err.find("no output for 1s; ending the suite");
            assert!(shown.is_some() && shown < ending, "{level}: {err}");
            let tree = &err[shown.expect("it is shown")..ending.expect("it is said")];
            assert!(
                tree.contains("sleep 98") && tree.contains("sleep 99"),
                "{tree}"
            );
            assert!(err.contains("after its last output"), "{err}");
            assert!(
                err.contains("silent: the command was ended after 1s without output"),
                "{err}"
            );
        }
    });
}

/// "Any byte resets", on either stream. Its words come four times before the limit would be over.
#[test]
fn one_byte_begins_the_time_anew() {
    daemon_test(|| {
        let suite = script("for i in 1 2 3 4 5 6; do printf . >&$((i % 2 + 1)); sleep 1; done");
        let (status, err) = outcome(guardrun("namespace", &["--idle", "4s"], &suite));
        assert_eq!(status.code(), Some(0), "{err}");
    });
}

/// "Alive and using CPU only warns": once in each such time, and the run goes on, here until its own time limit.
#[test]
fn a_suite_that_works_silently_is_only_warned_of() {
    daemon_test(|| {
        for level in LEVELS {
            let options = ["--idle", "1s", "--timeout", "3500ms"];
            let (status, err) = outcome(guardrun(level, &options, &script("while :; do :; done")));
            assert_eq!(status.code(), Some(48), "{level}: {err}");
            let warned = err.matches("goes on, because it works").count();
            assert!((1..=3).contains(&warned), "{level}: {err}");
        }
    });
}

/// Work counts that is done by children which have ended, whoever reaps them.
#[test]
fn work_of_those_who_have_ended_counts() {
    daemon_test(|| {
        for level in LEVELS {
            let suite = script(
                "while :; do sh -c 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done'; done",
            );
            let options = ["--idle", "2s", "--timeout", "5s"];
            let (status, err) = outcome(guardrun(level, &options, &suite));
            assert_eq!(status.code(), Some(48), "{level}: {err}");
        }
    });
}

/// "… unless the policy says kill."
#[test]
fn the_policy_may_end_one_that_works() {
    daemon_test(|| {
        let scratch = crate::scratch::Scratch::new();
        let policy = scratch.path().join("guardrun.toml");
        std::fs::write(
            &policy,
            "[defaults]\nidle = { after = \"1s\", working = \"kill\" }\n",
        )
        .expect("a policy");
        let policy = policy.display().to_string();
        let suite = script("while :; do :; done");
        let (status, err) = outcome(guardrun("namespace", &["--policy", &policy], &suite));
        assert_eq!(status.code(), Some(49), "{err}");
        assert!(!err.contains("goes on"), "{err}");
    });
}

/// What was done before the silence is no work in it: whoever has computed for long and then hangs is ended at the limit.
#[test]
fn work_before_the_silence_does_not_count() {
    daemon_test(|| {
        let work = "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; sleep 99";
        let (status, err) = outcome(guardrun("subreaper", &["--idle", "2s"], &script(work)));
        assert_eq!(status.code(), Some(49), "{err}");
        let after = &err[err.find("the processes of the run").expect("it is shown")..];
        assert!(!after.contains("goes on"), "{err}");
    });
}

/// A suite that cannot write because nobody takes it is not silent.
#[test]
fn a_reader_who_takes_nothing_is_not_the_suites_silence() {
    daemon_test(|| {
        let suite = ["head", "-c", "400000", "/dev/zero"];
        let mut run = guardrun("namespace", &["--idle", "1s"], &suite)
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        // It fills what there is to fill, and is held up for three times the limit.
        let _held_up = Process::open(find(&run, "head -c")).expect("it is there");
        std::thread::sleep(Duration::from_secs(3));
        let mut out = Vec::new();
        let read = run
            .stdout
            .take()
            .expect("it is piped")
            .read_to_end(&mut out);
        assert_eq!((read.ok(), out.len()), (Some(400_000), 400_000));
        assert_eq!(ended(&mut run).code(), Some(0));
    });
}

/// "Exited at once without output", which is only known when output is relayed.
#[test]
fn one_that_fails_at_once_without_a_word_is_said_to_have_done_so() {
    daemon_test(|| {
        let relayed = ["--idle", FAR];
        for (options, text, said) in [
            (&relayed[..], "exit 3", true),
            (&relayed[..], "echo why; exit 3", false),
            (&relayed[..], "echo why >&2; exit 3", false),
            (&[][..], "exit 3", false),
        ] {
            let (status, err) = outcome(guardrun("namespace", options, &script(text)));
            assert_eq!(status.code(), Some(3));
            let cause = "failed with exit code 3, at once and without any output";
            assert_eq!(err.contains(cause), said, "{text}, {options:?}: {err}");
        }
    });
}
