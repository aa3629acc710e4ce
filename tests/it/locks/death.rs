//! The lock is free when the suite has been seen to end, and not when guardrun has been killed.

use super::ground::{Ended, Ground, Started};
use crate::support::PATIENCE;
use crate::support::room::daemon_test;
use crate::support::run::LEVELS;
use std::time::Instant;

/// A suite with so much memory that the kernel takes a while to end it, and one that notices.
const POLICY: &str = r#"
    [suite.heavy]
    command = ["ACTOR", "alone", "WITNESS", "60000", "--mebibytes", "512", "--life", "LIFE"]
    lock = { name = "one", scope = "repository" }
    [suite.next]
    command = ["ACTOR", "alone", "WITNESS", "1", "--life", "LIFE"]
    lock = { name = "one", scope = "repository", when-busy = "wait", wait = "1m" }
"#;

/// "With a killed front the keeper still ends the suite and only then lets go." At level `namespace` the keeper closes its files
/// before the kernel has ended the others, so there the next one waits for the keeper's end.
#[test]
fn nobody_starts_while_a_suite_whose_front_was_killed_is_dying() {
    daemon_test(|| {
        strike(POLICY, |holder| holder.front.signal(libc::SIGKILL));
    });
}

/// The same where nobody is left to end the suite: the next one does it before it starts anything of its own.
#[test]
fn nobody_starts_beside_a_suite_whose_front_and_keeper_were_killed() {
    daemon_test(|| {
        strike(POLICY, kill_both);
    });
}

/// The same where the front ends the suite in the keeper's place.
#[test]
fn nobody_starts_while_a_suite_whose_keeper_was_killed_is_dying() {
    daemon_test(|| {
        strike(POLICY, |holder| {
            holder.keeper().expect("a keeper").signal(libc::SIGKILL)
        });
    });
}

/// Kills front and keeper so that neither does anything about the other's death.
pub(super) fn kill_both(holder: &Started) {
    let keeper = holder.keeper().expect("a keeper");
    for process in [&holder.front, &keeper] {
        process.signal(libc::SIGSTOP);
        assert!(process.stops_within(PATIENCE));
    }
    keeper.signal(libc::SIGKILL);
    holder.front.signal(libc::SIGKILL);
}

/// How the next one comes to the lock.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// It is there already, and waits.
    Waits,
    /// It comes afterwards, is refused, and comes again.
    Insists,
}

pub(super) fn strike(policy: &str, blow: impl Fn(&Started)) {
    for level in LEVELS {
        for next in [Next::Waits, Next::Insists] {
            let ground = Ground::new(policy);
            if ground.can_hold(level) {
                strike_one(&ground, level, next, &blow);
            }
        }
    }
}

fn strike_one(ground: &Ground, level: &str, next: Next, blow: &impl Fn(&Started)) {
    let holder = ground.start(&["run", "--level", level, "heavy"]);
    ground.wait_until_noted("in", 1);
    let (ended, said) = match next {
        Next::Waits => {
            let next = ground.start(&["run", "--level", level, "next"]);
            next.wait_until_said("waiting for the lock");
            blow(&holder);
            next.end()
        }
        Next::Insists => {
            blow(&holder);
            let until = Instant::now() + PATIENCE;
            loop {
                let words = ["run", "--level", level, "--lock", "refuse", "next"];
                let (ended, said) = ground.start(&words).end();
                if ended != Ended::Exited(43) || Instant::now() > until {
                    break (ended, said);
                }
            }
        }
    };
    assert_eq!(ground.noted("overlap"), 0, "at {level}, {next:?}: {said}");
    assert_eq!(ended, Ended::Exited(0), "at {level}, {next:?}: {said}");
    assert_eq!(ground.noted("out"), 1, "at {level}, {next:?}");
}
