//! ssh-agent: daemonizes, cannot be traced, and is set-group-id in Debian, which clears the death signal.

use super::{Daemon, Who};
use crate::support::room::daemon_test;

#[test]
fn ssh_agent_does_not_outlive_guardrun() {
    // The closure is here because it has the name of the test.
    daemon_test(|| SSH_AGENT.does_not_outlive_guardrun());
}

#[test]
fn ssh_agent_is_never_up_behind_a_fence() {
    daemon_test(|| SSH_AGENT.is_never_up_behind_a_fence());
}

const SSH_AGENT: Daemon = Daemon {
    programs: &["ssh-agent", "ssh-add"],
    who: Who::Anybody,
    start: r#"
ssh-agent -a "$PWD/socket" > environment
# It talks to its own user only, whom a test outside the user namespace is not: so the suite asks it. 1 is "no identities".
status=0
SSH_AUTH_SOCK="$PWD/socket" ssh-add -l > identities || status=$?
[ $status = 1 ]
echo "unix $PWD/socket" > address
"#,
    question: b"",
    answer: b"",
    processes: &["ssh-agent"],
};
