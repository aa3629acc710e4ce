//! Chromium on an X server without a screen, as browser tests have them: a tree of a dozen processes, one of which, the
//! crash handler, daemonizes.

use super::{Daemon, Who};
use crate::support::room::daemon_test;

#[test]
fn xvfb_and_chromium_do_not_outlive_guardrun() {
    // The closure is here because it has the name of the test.
    daemon_test(|| CHROMIUM.does_not_outlive_guardrun());
}

#[test]
fn chromium_is_never_up_behind_a_fence() {
    daemon_test(|| CHROMIUM.is_never_up_behind_a_fence());
}

const CHROMIUM: Daemon = Daemon {
    programs: &["Xvfb", "chromium"],
    who: Who::Anybody,
    start: r#"
mkfifo number said
# It chooses a free display itself, says which, and listens on the abstract socket only, which leaves nothing behind.
setsid Xvfb -displayfd 3 -screen 0 640x480x24 -nolisten tcp -nolisten unix 3> number > xvfb.log 2>&1 &
read -r display < number
echo "/tmp/.X$display-lock" > traces
export DISPLAY=":$display"
# Held open for both, so that it can go on saying things when nobody listens any more.
exec 4<> said
# Its own sandbox takes namespaces that not every container gives; what holds it here is guardrun.
setsid chromium --headless --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run \
  --user-data-dir="$PWD/profile" --remote-debugging-port=0 about:blank > chromium.log 2>&4 4>&- &
while read -r line <&4; do
  case $line in
    'DevTools listening on ws://127.0.0.1:'*)
      port=${line#*127.0.0.1:}
      echo "tcp ${port%%/*}" > address
      break ;;
  esac
done
"#,
    question: b"GET /json/version HTTP/1.1\r\nHost: localhost\r\n\r\n",
    answer: b"webSocketDebuggerUrl",
    processes: &["Xvfb", "chromium"],
};
