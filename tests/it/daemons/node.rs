//! A server that a Node program leaves behind: `spawn(…, { detached: true }).unref()`.

use super::{Daemon, Who};
use crate::support::room::daemon_test;

#[test]
fn a_server_that_node_detached_does_not_outlive_guardrun() {
    // The closure is here because it has the name of the test.
    daemon_test(|| NODE.does_not_outlive_guardrun());
}

#[test]
fn node_is_never_up_behind_a_fence() {
    daemon_test(|| NODE.is_never_up_behind_a_fence());
}

const NODE: Daemon = Daemon {
    programs: &["node"],
    who: Who::Anybody,
    start: r#"
cat > server.js <<'END'
require('net').createServer(socket => socket.end('alive\n')).listen(process.argv[2]);
END
cat > start.js <<'END'
const { spawn } = require('child_process');
spawn(process.execPath, ['server.js', process.argv[2]], { detached: true, stdio: 'ignore' }).unref();
END
node start.js "$PWD/socket"
echo "unix $PWD/socket" > address
"#,
    question: b"",
    answer: b"alive",
    processes: &["node"],
};
