//! redis-server: forks once, leads a session of its own.

use super::{Daemon, Who};
use crate::support::room::daemon_test;

#[test]
fn redis_that_daemonizes_does_not_outlive_guardrun() {
    // The closure is here because it has the name of the test.
    daemon_test(|| REDIS.does_not_outlive_guardrun());
}

#[test]
fn redis_is_never_up_behind_a_fence() {
    daemon_test(|| REDIS.is_never_up_behind_a_fence());
}

const REDIS: Daemon = Daemon {
    programs: &["redis-server"],
    who: Who::Anybody,
    start: r#"
redis-server --daemonize yes --port 0 --unixsocket "$PWD/socket" --dir "$PWD" --save '' --logfile "$PWD/log"
echo "unix $PWD/socket" > address
"#,
    question: b"PING\r\n",
    answer: b"+PONG",
    processes: &["redis-server"],
};
