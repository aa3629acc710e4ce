//! "A flag may tighten what the policy says; to loosen takes the policy."

use super::{OPEN, allowed, command, run};
use crate::policy::{DAEMON, good};
use guardrun::cli::{LevelChoice, RunOptions};
use guardrun::gate::Loosening;
use guardrun::policy::{Hold, Policy};
use guardrun::values::{Leaks, Level, WhenBusy, Working};
use std::time::Duration;

fn flagged(policy: &Policy, suite: Option<&str>, flags: &RunOptions) -> Result<Hold, Loosening> {
    let request = suite.map_or_else(|| command("make"), |name| run(name, &[]));
    let grant = allowed(policy, &request, OPEN);
    grant.tighten(flags).map(|grant| grant.hold().clone())
}

fn none() -> RunOptions {
    RunOptions::default()
}

fn seconds(seconds: u64) -> Option<Duration> {
    Some(Duration::from_secs(seconds))
}

#[test]
fn an_idle_limit_may_be_shorter_and_not_longer_and_stays_as_strict_to_one_that_works() {
    let policy = good(&DAEMON.replace(
        "timeout = \"10m\"",
        "idle = { after = \"2m\", working = \"kill\" }",
    ));
    let hold = |idle| flagged(&policy, Some("daemon"), &RunOptions { idle, ..none() });
    let shorter = hold(seconds(60)).unwrap().idle.unwrap();
    assert_eq!(
        (Some(shorter.after), shorter.working),
        (seconds(60), Working::Kill)
    );
    let error = hold(seconds(121)).unwrap_err().to_string();
    assert!(
        error.contains("asked for is an idle limit of 2m (guardrun.toml:15)"),
        "{error}"
    );
    let flags = RunOptions {
        idle: seconds(9999),
        ..none()
    };
    let new = flagged(&policy, Some("unit"), &flags)
        .unwrap()
        .idle
        .unwrap();
    assert_eq!(new.working, Working::Warn);
}

#[test]
fn without_flags_the_policy_holds() {
    let policy = good(DAEMON);
    assert_eq!(
        flagged(&policy, Some("daemon"), &none()).unwrap(),
        policy.suite("daemon").unwrap().hold
    );
}

#[test]
fn a_timeout_may_be_shorter_and_not_longer() {
    let policy = good(DAEMON);
    let hold = |timeout| flagged(&policy, Some("daemon"), &RunOptions { timeout, ..none() });
    assert_eq!(hold(seconds(60)).unwrap().timeout, seconds(60));
    assert_eq!(hold(seconds(600)).unwrap().timeout, seconds(600));
    assert_eq!(
        hold(seconds(601)).unwrap_err().to_string(),
        "--timeout 10m 1s (or the variable of that name) would loosen the run: asked for is a timeout of 10m (guardrun.toml:15)\n\
         hint: ask for that much or less; a longer `timeout` is written in the policy"
    );
    let unlimited = flagged(
        &policy,
        Some("unit"),
        &RunOptions {
            timeout: seconds(9999),
            ..none()
        },
    );
    assert_eq!(
        unlimited.unwrap().timeout,
        seconds(9999),
        "a limit where there was none tightens"
    );
}

#[test]
fn a_grace_may_be_shorter_and_not_longer_unless_there_is_no_policy() {
    let grace = |grace| RunOptions { grace, ..none() };
    let policy = good(DAEMON);
    assert_eq!(
        flagged(&policy, None, &grace(seconds(1))).unwrap().grace,
        Duration::from_secs(1)
    );
    assert!(flagged(&policy, None, &grace(seconds(60))).is_err());
    assert!(flagged(&Policy::built_in(), None, &grace(seconds(60))).is_ok());
}

#[test]
fn a_level_may_be_stronger_and_not_weaker() {
    let level = |level| RunOptions {
        level: Some(level),
        ..none()
    };
    let policy = good(&DAEMON.replace("timeout = \"10m\"", "level = \"cgroup\""));
    let hold = |choice| flagged(&policy, Some("daemon"), &level(choice));
    assert_eq!(
        hold(LevelChoice::Namespace).unwrap().level,
        Some(Level::Namespace)
    );
    assert_eq!(
        hold(LevelChoice::Cgroup).unwrap().level,
        Some(Level::Cgroup)
    );
    let error = hold(LevelChoice::Subreaper).unwrap_err().to_string();
    assert!(
        error.contains("asked for is the level cgroup (guardrun.toml:15)"),
        "{error}"
    );
}

#[test]
fn auto_never_comes_to_less_than_the_level_of_the_policy() {
    let policy = good(&DAEMON.replace("timeout = \"10m\"", "level = \"namespace\""));
    let flags = RunOptions {
        level: Some(LevelChoice::Auto),
        ..none()
    };
    let hold = flagged(&policy, Some("daemon"), &flags).unwrap();
    assert_eq!((hold.level, hold.at_least), (None, Level::Namespace));
}

#[test]
fn a_level_below_what_the_gate_asks_for_is_refused() {
    let policy = good(DAEMON);
    let flags = RunOptions {
        level: Some(LevelChoice::Subreaper),
        ..none()
    };
    let error = flagged(&policy, Some("daemon"), &flags)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("asked for is at least cgroup (guardrun.toml:12)"),
        "{error}"
    );
    assert!(flagged(&policy, Some("unit"), &flags).is_ok());
    assert!(flagged(&Policy::built_in(), None, &flags).is_ok());
}

#[test]
fn at_least_may_be_stronger_and_not_weaker() {
    let at_least = |level| RunOptions {
        at_least: Some(level),
        ..none()
    };
    let policy = good(DAEMON);
    assert!(flagged(&policy, Some("daemon"), &at_least(Level::Subreaper)).is_err());
    assert_eq!(
        flagged(&policy, Some("daemon"), &at_least(Level::Namespace))
            .unwrap()
            .at_least,
        Level::Namespace
    );
    let fixed = good(&DAEMON.replace("timeout = \"10m\"", "level = \"cgroup\""));
    let hold = flagged(&fixed, Some("daemon"), &at_least(Level::Namespace)).unwrap();
    assert_eq!(
        hold.level,
        Some(Level::Namespace),
        "the one level rises with what is asked for"
    );
}

#[test]
fn two_flags_that_cannot_both_hold_are_refused_without_a_policy_too() {
    let flags = RunOptions {
        level: Some(LevelChoice::Subreaper),
        at_least: Some(Level::Cgroup),
        ..none()
    };
    let error = flagged(&Policy::built_in(), None, &flags)
        .unwrap_err()
        .to_string();
    assert!(error.contains("the two flags cannot both hold"), "{error}");
}

#[test]
fn leaks_are_forgiven_by_no_flag_with_or_without_a_policy() {
    let leaks = |leaks| RunOptions {
        leaks: Some(leaks),
        ..none()
    };
    for policy in [good(DAEMON), Policy::built_in()] {
        let error = flagged(&policy, None, &leaks(Leaks::Warn))
            .unwrap_err()
            .to_string();
        assert!(error.contains("dangerously-allow-leaks"), "{error}");
        assert!(flagged(&policy, None, &leaks(Leaks::Fail)).is_ok());
    }
    let warned = good(&format!(
        "{DAEMON}[suite.daemon.dangerously-allow-leaks]\nreason='r'"
    ));
    assert_eq!(
        flagged(&warned, Some("daemon"), &leaks(Leaks::Warn))
            .unwrap()
            .leaks,
        Leaks::Warn
    );
    assert_eq!(
        flagged(&warned, Some("daemon"), &leaks(Leaks::Fail))
            .unwrap()
            .leaks,
        Leaks::Fail
    );
}

#[test]
fn to_outlive_the_parent_takes_the_policy_where_there_is_one() {
    let flags = RunOptions {
        outlive_parent: true,
        ..none()
    };
    assert!(flagged(&good(DAEMON), Some("daemon"), &flags).is_err());
    assert!(
        flagged(&Policy::built_in(), None, &flags)
            .unwrap()
            .outlive_parent
    );
    let said = good(&format!(
        "{DAEMON}[suite.daemon.dangerously-outlive-parent]\nreason='r'"
    ));
    assert!(
        flagged(&said, Some("daemon"), &flags)
            .unwrap()
            .outlive_parent
    );
}

#[test]
fn a_flag_chooses_between_waiting_and_refusing_and_only_the_policy_allows_to_replace() {
    let when = |policy_says: &str, flag: WhenBusy| {
        let policy = good(&format!(
            "[suite.s]\ncommand=['s']\nlock={{when-busy='{policy_says}'}}"
        ));
        let flags = RunOptions {
            lock: Some(flag),
            ..none()
        };
        flagged(&policy, Some("s"), &flags).map(|hold| hold.locks[0].when_busy)
    };
    let flags = [WhenBusy::Refuse, WhenBusy::Wait, WhenBusy::Replace];
    for flag in flags {
        assert_eq!(when("replace", flag).unwrap(), flag);
    }
    for policy_says in ["refuse", "wait"] {
        for flag in &flags[..2] {
            assert_eq!(when(policy_says, *flag).unwrap(), *flag);
        }
        let error = when(policy_says, WhenBusy::Replace)
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("--lock replace"), "{error}");
        assert!(error.contains("guardrun.toml:3"), "{error}");
    }
}
