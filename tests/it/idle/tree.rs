//! "Before it kills for a limit, it prints the tree; the same on SIGUSR1."

use super::{FAR, LEVELS, ended, find, guardrun, outcome, script};
use crate::support::PATIENCE;
use crate::support::kernel::{Process, readable_within};
use crate::support::room::daemon_test;
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

/// Lines of a run's stderr, each waited for.
struct Said(BufReader<std::process::ChildStderr>);

impl Said {
    fn of(run: &mut Child) -> Said {
        Said(BufReader::new(run.stderr.take().expect("it is piped")))
    }

    /// The next line that contains this.
    fn wait_for(&mut self, words: &str) -> String {
        loop {
            let ready = !self.0.buffer().is_empty() || readable_within(self.0.get_ref(), PATIENCE);
            assert!(ready, "nobody says {words:?}");
            let mut line = String::new();
            let got = self.0.read_line(&mut line).expect("it is text");
            assert!(got > 0, "it ended without {words:?}");
            if line.contains(words) {
                return line;
            }
        }
    }
}

/// With and without a relay, at every level: the suite lives on, and has not heard the signal.
#[test]
fn sigusr1_shows_the_processes_and_the_suite_lives() {
    daemon_test(|| {
        for level in LEVELS {
            for options in [&[][..], &["--idle", FAR]] {
                let suite = script("trap 'exit 9' USR1; sleep 96 & read line; kill $!; exit 5");
                let mut run = guardrun(level, options, &suite)
                    .stdin(Stdio::piped())
                    .stderr(Stdio::piped())
                    .spawn()
                    .expect("it starts");
                find(&run, "sleep 96");
                let mut said = Said::of(&mut run);
                let front = Process::open(run.id() as i32).expect("it runs");
                for _ in 0..2 {
                    front.signal(libc::SIGUSR1);
                    let head = said.wait_for("the processes of the run (2)");
                    assert_eq!(
                        head.contains("after its last output"),
                        !options.is_empty(),
                        "{head}"
                    );
                    said.wait_for("sh -c");
                    let child = said.wait_for("sleep 96");
                    assert!(child.contains("   sleep 96"), "indented: {child:?}");
                }
                drop(run.stdin.take());
                assert_eq!(ended(&mut run).code(), Some(5), "{level}");
            }
        }
    });
}

/// A machine gets one object in one line.
#[test]
fn in_json_the_processes_are_one_line() {
    daemon_test(|| {
        let mut run = guardrun("namespace", &["--json"], &["sleep", "95"])
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let sleep = find(&run, "sleep 95");
        let mut said = Said::of(&mut run);
        let front = Process::open(run.id() as i32).expect("it runs");
        front.signal(libc::SIGUSR1);
        let line = said.wait_for("\"tree\"");
        let value: Value = serde_json::from_str(&line).expect("a line is an object");
        let tree = &value["tree"];
        assert_eq!(tree["why"], "asked");
        assert_eq!(tree["processes"][0]["pid"], sleep);
        assert_eq!(tree["processes"][0]["command"], "sleep 95");
        // On a busy machine it may not have come to sleep yet.
        let state = tree["processes"][0]["state"].as_str();
        assert!(matches!(state, Some("S" | "R" | "D")), "{tree}");
        front.signal(libc::SIGTERM);
        ended(&mut run);
    });
}

/// Also a limit that needs no relay shows what it ends, and of many only the first.
#[test]
fn a_time_limit_shows_the_processes_before_they_are_asked_to_end() {
    daemon_test(|| {
        let suite = script("i=0; while [ $i -lt 70 ]; do sleep 94 & i=$((i+1)); done; wait");
        let (status, err) = outcome(guardrun("subreaper", &["--timeout", "3s"], &suite));
        assert_eq!(status.code(), Some(48), "{err}");
        let shown = err.find("the processes of the run (71)");
        assert!(shown.is_some(), "{err}");
        assert!(shown < err.find("the time limit of 3s is over"), "{err}");
        assert!(err.contains("and 11 more"), "{err}");
    });
}
