//! memcached -d: daemonizes, and goes to the root directory.

use super::{Daemon, Who};
use crate::support::room::daemon_test;

#[test]
fn memcached_that_daemonizes_does_not_outlive_guardrun() {
    // The closure is here because it has the name of the test.
    daemon_test(|| MEMCACHED.does_not_outlive_guardrun());
}

#[test]
fn memcached_is_never_up_behind_a_fence() {
    daemon_test(|| MEMCACHED.is_never_up_behind_a_fence());
}

const MEMCACHED: Daemon = Daemon {
    programs: &["memcached"],
    who: Who::Anybody,
    // Root has to name a user; for anybody else the option means nothing.
    start: r#"
memcached -d -u root -s "$PWD/socket"
echo "unix $PWD/socket" > address
"#,
    question: b"version\r\n",
    answer: b"VERSION",
    processes: &["memcached"],
};
