//! "Environment scrub: policy deny list and an allow-list mode; socket and daemon locators removed or pinned": with a real
//! suite that says what it has got, at each level.

use super::{Shown, shown_with};
use crate::escape::matrix::can_hold;
use crate::support::bench::{Bench, User};
use crate::support::room::daemon_test;
use crate::support::run::LEVELS;
use std::process::Command;

/// Shows what a suite has at every level under these rules, given these variables besides the usual ones.
fn at_every_level(rules: &str, given: &[(&str, &str)], check: impl Fn(&str, &Shown)) {
    let bench = Bench::new();
    let mut seen = 0;
    for level in LEVELS {
        if can_hold(&bench, User::present(), level) {
            let policy = format!("[defaults.environment]\n{rules}\n");
            check(level, &shown_with(&bench, level, &policy, given));
            seen += 1;
        }
    }
    assert!(seen > 0, "some level can be had everywhere");
}

#[test]
fn a_suite_does_not_get_what_is_removed_and_gets_its_neighbours() {
    daemon_test(|| {
        let given = [("TMUX", "x"), ("TMUX_PANE", "y"), ("ATMUX", "z")];
        at_every_level("remove = ['TMUX*']", &given, |level, suite| {
            assert_eq!(suite.variable("TMUX"), None, "at {level}");
            assert_eq!(suite.variable("TMUX_PANE"), None, "at {level}");
            assert_eq!(suite.variable("ATMUX"), Some("z"), "at {level}");
            assert!(suite.variable("PATH").is_some(), "at {level}");
        });
    });
}

#[test]
fn with_a_list_of_what_may_stay_a_suite_gets_that_and_what_guardrun_tells_it() {
    daemon_test(|| {
        let given = [("LC_ALL", "C"), ("SECRET", "s"), ("GUARDRUN_REQUIRE", "1")];
        at_every_level("only = ['PATH', 'LC_*']", &given, |level, suite| {
            let mut names: Vec<_> = suite
                .all("env")
                .map(|pair| pair.split('=').next().unwrap_or_default())
                .collect();
            names.sort_unstable();
            let expected = [
                "GUARDRUN_KEEPER",
                "GUARDRUN_LEDGER",
                "GUARDRUN_REQUIRE",
                "GUARDRUN_RUN_ABOVE",
                "GUARDRUN_RUN_ID",
                "LC_ALL",
                "PATH",
            ];
            assert_eq!(names, expected, "at {level}");
        });
    });
}

#[test]
fn what_is_set_and_what_is_hidden_reaches_the_suite() {
    daemon_test(|| {
        let rules = "set = { TZ = 'UTC', DOCKER_HOST = 'tcp://mine' }\nhide = ['docker', 'dbus', 'ssh-agent', 'tmux']";
        let given = [
            ("TZ", "CET"),
            ("SSH_AUTH_SOCK", "/s"),
            ("DBUS_SESSION_BUS_ADDRESS", "/d"),
        ];
        at_every_level(rules, &given, |level, suite| {
            assert_eq!(suite.variable("TZ"), Some("UTC"), "at {level}");
            assert_eq!(
                suite.variable("DOCKER_HOST"),
                Some("tcp://mine"),
                "at {level}"
            );
            assert_eq!(suite.variable("SSH_AUTH_SOCK"), None, "at {level}");
            assert_eq!(
                suite.variable("DBUS_SESSION_BUS_ADDRESS"),
                Some("disabled:"),
                "at {level}"
            );
            assert!(
                suite
                    .variable("TMUX_TMPDIR")
                    .is_some_and(|path| path.contains("/gr-")),
                "at {level}"
            );
        });
    });
}

#[test]
fn a_hint_for_workers_reaches_the_suite_and_never_raises() {
    daemon_test(|| {
        let given = [("RUST_TEST_THREADS", "1"), ("CARGO_BUILD_JOBS", "64")];
        at_every_level("workers = 3", &given, |level, suite| {
            assert_eq!(suite.variable("RUST_TEST_THREADS"), Some("1"), "at {level}");
            assert_eq!(suite.variable("CARGO_BUILD_JOBS"), Some("3"), "at {level}");
        });
    });
}

/// "names, never values of secrets: values only of what the policy sets".
#[test]
fn before_a_run_names_are_shown_and_no_values_but_the_policys() {
    let scratch = crate::scratch::Scratch::new();
    scratch.file(".git/HEAD", "");
    scratch.file(
        "guardrun.toml",
        "[defaults.environment]\nonly = ['LC_*']\nset = { TZ = 'UTC' }\nprivate = ['TMPDIR']\n",
    );
    for words in [&["--dry-run", "--", "true"][..], &["explain", "--", "true"]] {
        for json in [&[][..], &["--json"]] {
            let out = Command::new(env!("CARGO_BIN_EXE_guardrun"))
                .args(json)
                .args(words)
                .current_dir(scratch.path())
                .env("API_TOKEN", "hunter2")
                .output()
                .expect("guardrun can be started");
            let said = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
            assert!(
                said.contains("API_TOKEN") && said.contains("TZ") && said.contains("UTC"),
                "{words:?}: {said}"
            );
            assert!(
                said.contains("TMPDIR") && !said.contains("hunter2"),
                "{words:?}: {said}"
            );
            let noted =
                said.contains("the suite gets no PATH") && said.contains("the suite gets no HOME");
            assert_eq!(noted, words[0] == "explain", "{words:?}: {said}");
        }
    }
}
