//! Locks in a policy: who has one without asking, whom a name is shared with, and what a flag may say about it.

use super::{bad, good};
use guardrun::policy::Reach;
use guardrun::values::WhenBusy;
use std::time::Duration;

const GATE: &str = "[gate.g]\nenv='G_TESTS'\nwhy='w'\nwhere='here'\n";

#[test]
fn a_gated_suite_has_a_lock_of_its_own_and_another_has_none() {
    let policy = good(&format!("{GATE}[suite.s]\ngate='g'\ncommand=['s']"));
    let [lock] = policy.suites[0].hold.locks.as_slice() else {
        panic!("{:?}", policy.suites[0].hold.locks);
    };
    assert_eq!((lock.name.as_str(), lock.reach), ("s", Reach::Repository));
    assert_eq!(lock.when_busy, WhenBusy::Refuse);
    assert_eq!(lock.place.line, 6);
    assert!(
        good("[suite.s]\ncommand=['s']").suites[0]
            .hold
            .locks
            .is_empty()
    );
}

#[test]
fn to_run_a_gated_suite_concurrently_takes_a_reason() {
    let suite = format!("{GATE}[suite.s]\ngate='g'\ncommand=['s']\n");
    let table = "[suite.s.dangerously-run-concurrently]\n";
    let policy = good(&format!("{suite}{table}reason='each has ports of its own'"));
    assert!(policy.suites[0].hold.locks.is_empty());
    let expired = good(&format!("{suite}{table}reason='r'\nexpires=2020-01-01"));
    assert_eq!(expired.suites[0].hold.locks.len(), 1, "the safety is back");
    assert_eq!(expired.notes.len(), 1);
    assert!(bad(&format!("{suite}{table}")).contains("missing field `reason`"));
}

#[test]
fn a_name_that_was_chosen_is_shared_by_the_machine_and_the_suites_own_by_the_repository() {
    let lock = |text: &str| {
        let policy = good(&format!("[suite.s]\ncommand=['s']\n{text}"));
        policy.suites[0].hold.locks[0].clone()
    };
    assert_eq!(lock("lock='ports'").reach, Reach::Machine);
    assert_eq!(lock("lock={name='ports'}").reach, Reach::Machine);
    let own = lock("lock={when-busy='wait', wait='90s'}");
    assert_eq!((own.name.as_str(), own.reach), ("s", Reach::Repository));
    assert_eq!(own.wait, Duration::from_secs(90));
    assert_eq!(
        lock("lock={name='p', scope='repository'}").reach,
        Reach::Repository
    );
}

#[test]
fn what_is_wrong_with_a_lock_is_said_with_its_place_and_a_remedy() {
    let error = bad("[suite.s]\ncommand=['s']\nlock={when-busy='wayt'}");
    assert!(error.contains("guardrun.toml:3:17"), "{error}");
    assert!(error.contains("did you mean `wait`?"), "{error}");
    let error = bad("[suite.s]\ncommand=['s']\nlock='../../etc/x'");
    assert!(error.contains("cannot be the name of a lock"), "{error}");
    let long = "x".repeat(65);
    let error = bad(&format!("[suite.s]\ncommand=['s']\nlock='{long}'"));
    assert!(error.contains("at most 64 bytes"), "{error}");
}
