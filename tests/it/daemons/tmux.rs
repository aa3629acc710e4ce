//! tmux: a server in a session of its own, and in it a program with a terminal and a session of its own again.

use super::{Daemon, Who};
use crate::support::room::daemon_test;

#[test]
fn tmux_and_what_runs_in_it_do_not_outlive_guardrun() {
    // The closure is here because it has the name of the test.
    daemon_test(|| TMUX.does_not_outlive_guardrun());
}

#[test]
fn tmux_is_never_up_behind_a_fence() {
    daemon_test(|| TMUX.is_never_up_behind_a_fence());
}

const TMUX: Daemon = Daemon {
    programs: &["tmux"],
    who: Who::Anybody,
    start: r#"
mkfifo inside
tmux -S "$PWD/socket" -f /dev/null new-session -d cat "$PWD/inside" -
# Waits until the program in the session has opened it; that then reads its terminal for ever.
: > inside
echo "unix $PWD/socket" > address
"#,
    // Its protocol is its own; that it accepts is all that is asked.
    question: b"",
    answer: b"",
    processes: &["tmux: server", "cat"],
};
