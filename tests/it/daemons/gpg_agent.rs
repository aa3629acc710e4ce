//! gpg-agent --daemon: what every suite that signs something starts without knowing it.

use super::{Daemon, Who};
use crate::support::room::daemon_test;

#[test]
fn gpg_agent_does_not_outlive_guardrun() {
    // The closure is here because it has the name of the test.
    daemon_test(|| GPG_AGENT.does_not_outlive_guardrun());
}

#[test]
fn gpg_agent_is_never_up_behind_a_fence() {
    daemon_test(|| GPG_AGENT.is_never_up_behind_a_fence());
}

const GPG_AGENT: Daemon = Daemon {
    programs: &["gpg-agent", "gpgconf"],
    who: Who::Anybody,
    start: r#"
mkdir -m 700 gnupg
gpg-agent --homedir "$PWD/gnupg" --daemon > log 2>&1
socket=$(gpgconf --homedir "$PWD/gnupg" --list-dirs agent-socket)
# Where there is a runtime directory for the user in /run, the socket is there.
case $socket in "$PWD"/*) ;; *) echo "$socket" > traces ;; esac
echo "unix $socket" > address
"#,
    question: b"",
    answer: b"OK Pleased to meet you",
    processes: &["gpg-agent"],
};
