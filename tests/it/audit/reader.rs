//! Whoever reads the events from standard output may be slow, stand still, or leave: the suite waits, nothing is lost, and the run
//! ends as it would.

use super::{Hall, Seen};
use crate::support::PATIENCE;
use crate::support::room::daemon_test;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// More processes than fit, as events, into the pipe and into what guardrun keeps for a reader: each is two kilobytes and more.
const PROCESSES: usize = 1500;

/// One process after the other, each with long arguments, and a byte for each.
fn script() -> String {
    let long = "a".repeat(2000);
    format!(
        "i=0; while [ $i -lt {PROCESSES} ]; do /bin/true {long}; printf . >> count; i=$((i+1)); done"
    )
}

/// An audit whose events go into a pipe that nobody reads yet.
fn unread(hall: &Hall, options: &[&str], script: &str) -> Child {
    hall.guardrun()
        .args(["audit", "--json", "-q"])
        .args(options)
        .args(["--", "sh", "-c", script])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("guardrun can be started")
}

/// How many processes there were when that did not change for a while.
fn standstill(count: &Path) -> usize {
    let length = || std::fs::metadata(count).map_or(0, |found| found.len() as usize);
    let end = Instant::now() + PATIENCE;
    let (mut seen, mut since) = (length(), Instant::now());
    while seen == 0 || since.elapsed() < Duration::from_secs(1) {
        assert!(Instant::now() < end, "it goes on and on: {seen}");
        std::thread::sleep(Duration::from_millis(20));
        let now = length();
        if now != seen {
            (seen, since) = (now, Instant::now());
        }
    }
    seen
}

/// The most memory that it has had, in KiB.
fn peak(run: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", run.id())).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number
        .and_then(|number| number.parse().ok())
        .expect("a number")
}

#[test]
fn a_suite_whose_events_nobody_reads_waits_and_none_is_lost() {
    daemon_test(|| {
        let hall = Hall::new();
        let mut run = unread(&hall, &[], &script());
        let count = hall.place.join("work/count");
        let so_far = standstill(&count);
        assert!(so_far < PROCESSES, "it did not wait for its reader");
        let held_up = peak(&run);
        let mut text = String::new();
        let mut stdout = run.stdout.take().expect("a pipe");
        stdout.read_to_string(&mut text).expect("the events");
        assert_eq!(run.wait().expect("a child").code(), Some(0));
        let seen = Seen::read(&text);
        for event in ["start", "exit"] {
            assert_eq!(seen.count(event), PROCESSES + 1, "{event}");
        }
        assert_eq!(std::fs::read(count).expect("the count").len(), PROCESSES);
        // What was kept, and not everything: that is three megabytes and more.
        assert!(held_up < 32 << 10, "{held_up} KiB");
    });
}

#[test]
fn a_limit_ends_a_suite_that_waits_for_a_reader() {
    daemon_test(|| {
        let hall = Hall::new();
        let mut run = unread(&hall, &["--timeout", "10s", "--grace", "1s"], &script());
        let so_far = standstill(&hall.place.join("work/count"));
        assert!(so_far < PROCESSES, "it did not wait for its reader");
        // Nobody ever reads.
        let status = run.wait().expect("a child");
        assert_eq!(status.code(), Some(48), "{status}");
    });
}

#[test]
fn a_reader_who_leaves_ends_the_run_as_by_sigpipe() {
    daemon_test(|| {
        let hall = Hall::new();
        let mut run = unread(&hall, &[], &script());
        let so_far = standstill(&hall.place.join("work/count"));
        assert!(so_far < PROCESSES, "it did not wait for its reader");
        drop(run.stdout.take());
        let status = run.wait().expect("a child");
        assert_eq!(status.signal(), Some(libc::SIGPIPE), "{status}");
    });
}
