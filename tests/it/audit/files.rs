//! The events: as a stream, as a file, read again, compared, and broken.

use super::Hall;
use crate::support::room::daemon_test;
use serde_json::Value;
use std::fs;

const SUITE: [&str; 3] = [
    "sh",
    "-c",
    "echo said; /bin/true; \"$ACTOR\" start-by fork -- \"$ACTOR\" try listen; exit 2",
];

#[test]
fn the_stream_is_the_events_and_nothing_of_the_suites_is_in_it() {
    daemon_test(|| {
        let hall = Hall::new();
        let output = hall
            .guardrun()
            .args(["audit", "--json", "--observe", "--"])
            .args(SUITE)
            .output();
        let output = output.expect("guardrun can be started");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let text = String::from_utf8(output.stdout).expect("text");
        let events: Vec<Value> = text
            .lines()
            .map(|line| serde_json::from_str(line).expect("one object in a line"))
            .collect();
        assert_eq!(events.first().unwrap()["event"], "run");
        assert_eq!(events.last().unwrap()["event"], "end");
        assert!(String::from_utf8_lossy(&output.stderr).contains("said"));
        let mut times = events.iter().filter_map(|it| it["t"].as_f64());
        let mut last = 0.0;
        assert!(
            times.all(|t| std::mem::replace(&mut last, t) <= t),
            "in order"
        );
    });
}

#[test]
fn every_event_is_as_the_schema_says() {
    daemon_test(|| {
        let hall = Hall::new();
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        let schema: Value = serde_json::from_str(guardrun::audit::SCHEMA).expect("JSON");
        compiler
            .add_resource("audit.json", schema)
            .expect("a schema");
        let index = compiler
            .compile("audit.json", &mut schemas)
            .expect("a schema");
        let suites: [&[&str]; 4] = [
            &SUITE,
            &[
                "ACTOR",
                "play",
                "double-fork",
                "--then",
                "exit:0",
                "--life",
                "60",
            ],
            &["sh", "-c", "sleep 1.2; kill -9 $$"],
            &["ACTOR", "start-by", "fork", "--", "ACTOR", "try", "pty"],
        ];
        for options in [&["--observe"][..], &[], &["--fence", "processes"]] {
            for suite in suites {
                for event in hall.audit(options, suite).seen.0 {
                    if let Err(wrong) = schemas.validate(&event, index) {
                        panic!("{event}: {wrong:#}");
                    }
                }
            }
        }
    });
}

#[test]
fn a_file_that_is_read_again_tells_the_same() {
    daemon_test(|| {
        let hall = Hall::new();
        let ran = hall.audit(&["--observe"], &SUITE);
        let again = hall.guardrun().args(["audit", "--from", "events"]).output();
        let again = again.expect("guardrun can be started");
        assert_eq!(again.status.code(), Some(0), "{again:?}");
        let again = String::from_utf8(again.stderr).expect("text");
        let from = ran.err.find("guardrun: audit of").expect("the tree");
        assert_eq!(ran.err[from..], again);
        let json = hall
            .guardrun()
            .args(["--json", "audit", "--from", "events"])
            .output()
            .expect("guardrun can be started");
        let json: Value = serde_json::from_slice(&json.stdout).expect("one object");
        let end = ran.seen.0.last().unwrap();
        for key in ["processes", "at_once", "would_refuse", "class", "policy"] {
            assert_eq!(json[key], end[key], "{key}");
        }
        for part in [
            "× 2",
            "listens on",
            "[gate.sh]",
            "under the fence `daemons`",
        ] {
            assert!(again.contains(part), "{part}: {again}");
        }
    });
}

#[test]
fn what_has_begun_since_is_named_and_without_a_run_it_is_an_exit_code() {
    daemon_test(|| {
        let hall = Hall::new();
        let ran = hall.audit(&[], &["sh", "-c", "/bin/true; exit 0"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let work = hall.place.join("work");
        fs::rename(work.join("events"), work.join("old")).expect("a file");
        let ran = hall.audit(
            &["--diff", "old"],
            &["sh", "-c", "/bin/true; /bin/sleep 0; exit 0"],
        );
        assert_eq!(ran.code, Some(0), "told, and no verdict: {ran:?}");
        assert!(
            ran.err.contains("new: sh -c … starts sleep")
                || ran.err.contains("new: dash -c … starts sleep"),
            "{ran:?}"
        );
        let diff = |new: &str, old: &str| {
            let output = hall
                .guardrun()
                .args(["audit", "--from", new, "--diff", old])
                .output();
            output.expect("guardrun can be started").status.code()
        };
        assert_eq!(diff("events", "old"), Some(1));
        assert_eq!(diff("old", "events"), Some(0));
        assert_eq!(diff("old", "old"), Some(0));
    });
}

#[test]
fn a_broken_file_is_one_error_with_its_line_and_nothing_is_run() {
    let hall = Hall::new();
    let work = hall.place.join("work");
    for (text, told) in [
        ("", "bad:1: there are no events"),
        ("hello\n", "bad:1: this is no event"),
        (
            "{\"event\":\"run\",\"schema\":1}\n{\"event\":\"start\"}\n",
            "bad:2: this is no event",
        ),
        (
            "{\"event\":\"run\",\"schema\":9}\n",
            "bad:1: the events are of shape 9",
        ),
        ("\u{0}\u{0}\n", "bad:1: "),
    ] {
        fs::write(work.join("bad"), text).expect("a file");
        let output = hall
            .guardrun()
            .args(["audit", "--from", "bad"])
            .output()
            .expect("guardrun");
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            err.contains(told) && err.contains("hint: "),
            "{told}: {err}"
        );
        let output = hall
            .guardrun()
            .args(["audit", "--diff", "bad", "--", "touch", "started"])
            .output();
        assert_eq!(output.expect("guardrun").status.code(), Some(2));
        assert!(!work.join("started").exists());
    }
    let output = hall
        .guardrun()
        .args(["audit", "--from", "nowhere"])
        .output()
        .expect("guardrun");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let output = hall.guardrun().args(["audit"]).output().expect("guardrun");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}

#[test]
fn a_place_that_cannot_be_written_is_found_before_anything_runs() {
    let hall = Hall::new();
    for place in ["/nowhere/events", "/dev/full", "."] {
        let output = hall
            .guardrun()
            .args(["audit", "--events", place, "--", "touch", "started"])
            .output();
        assert_eq!(output.expect("guardrun").status.code(), Some(2), "{place}");
        assert!(!hall.place.join("work/started").exists());
    }
}
