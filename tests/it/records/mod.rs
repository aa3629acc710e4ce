//! Records: what is known of a run after everyone has died, and what is done about what it left.

mod hostile;
mod leftovers;
mod many;

use crate::locks::ground::{Ended, Ground, wait_until};
use crate::support::PATIENCE;
use crate::support::bench::User;
use crate::support::room::daemon_test;
use crate::support::run::LEVELS;
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// A suite that lasts, and one that ends at once.
pub(crate) const POLICY: &str = r#"
    [suite.long]
    command = ["ACTOR", "alone", "WITNESS", "60000", "--life", "LIFE"]
    [suite.short]
    command = ["true"]
"#;

/// The names in a directory, without those of directories.
pub(crate) fn records_in(directory: PathBuf) -> Vec<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".jsonl")).collect()
}

/// "So that all of it can be read after a KILL of everybody."
#[test]
fn what_was_noted_can_be_read_after_everybody_was_killed() {
    daemon_test(|| {
        for level in LEVELS {
            let ground = Ground::new(POLICY);
            if !ground.can_hold(level) {
                continue;
            }
            let run = ground.start(&["run", "--level", level, "--timeout", "77s", "long"]);
            ground.wait_until_noted("in", 1);
            let keeper = run.keeper().expect("a keeper");
            keeper.signal(libc::SIGSTOP);
            assert!(keeper.stops_within(PATIENCE));
            run.front.signal(libc::SIGKILL);
            keeper.signal(libc::SIGKILL);
            assert_eq!(run.end().0, Ended::Killed(libc::SIGKILL));
            assert!(keeper.dies_within(PATIENCE));
            let told = ground.run(&["logs"]);
            let text = String::from_utf8_lossy(&told.stdout).into_owned();
            assert!(told.status.success(), "{told:?}");
            for part in [
                "dead",
                "suite      long",
                &format!("at level {level}"),
                "timeout 1m 17s",
                "guardrun's clock",
            ] {
                assert!(text.contains(part), "at {level}, {part}: {text}");
            }
            // The next run puts it away and says so in it.
            assert!(ground.run(&["run", "short"]).status.success());
            assert!(records_in(ground.records()).is_empty());
            let all = ground.run(&["--json", "ps", "--all"]);
            let all: Value = serde_json::from_slice(&all.stdout).expect("JSON");
            let dead = all
                .as_array()
                .expect("rows")
                .iter()
                .find(|row| row["suite"] == "long");
            let id = dead.expect("the dead run")["run"]
                .as_str()
                .expect("an id")
                .to_owned();
            let text = ground.run(&["logs", &id[..8]]).stdout;
            assert!(String::from_utf8_lossy(&text).contains("its guardrun died"));
        }
    });
}

/// The events of a run that went well, in order, and each a line by itself.
#[test]
fn a_run_that_went_well_has_noted_how_it_was_held_and_how_it_ended() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        assert!(ground.run(&["run", "short"]).status.success());
        let told = ground.run(&["--json", "logs"]);
        let lines = String::from_utf8(told.stdout).expect("text");
        let events: Vec<Value> = lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("each line is JSON"))
            .collect();
        let names: Vec<_> = events
            .iter()
            .map(|event| event["event"].as_str().unwrap_or(""))
            .collect();
        assert_eq!(names, ["held", "limits", "ending"]);
        assert_eq!(events[2]["cause"], "passed");
        assert!(events.iter().all(|event| event["at_ms"].is_u64()));
    });
}

/// A watch notes what it sees; where the kernel holds the ceilings, or there are none, nobody looks and nothing is noted.
#[test]
fn what_a_watch_sees_is_noted_and_without_a_watch_there_are_no_samples() {
    daemon_test(|| {
        let policy = POLICY.replace("[suite.short]", "[suite.busy]\n    command = [\"sh\", \"-c\", \"end=$(($(date +%s) + 4)); while [ $(date +%s) -lt $end ]; do :; done\"]\n    [suite.short]");
        let ground = Ground::new(&policy);
        for (ceiling, may_watch) in [(Some(["--memory", "1GiB"]), true), (None, false)] {
            let mut words = vec!["run", "--level", "subreaper"];
            words.extend(ceiling.iter().flatten());
            words.push("busy");
            assert!(ground.run(&words).status.success());
            let told = ground.run(&["--json", "logs"]);
            let lines = String::from_utf8(told.stdout).expect("text");
            let watched = lines.contains("guardrun's watch");
            let events = lines
                .lines()
                .map(|line| serde_json::from_str(line).expect("each line is JSON"));
            let samples: Vec<Value> = events
                .filter(|event: &Value| event["event"] == "sample")
                .collect();
            assert!(may_watch || !watched, "{lines}");
            assert_eq!(!samples.is_empty(), watched, "{lines}");
            for sample in &samples {
                assert!(sample["processes"].as_u64() >= Some(1), "{sample}");
                assert!(sample["memory_bytes"].as_u64() > Some(0), "{sample}");
            }
            let times: Vec<u64> = samples
                .iter()
                .map(|sample| sample["at_ms"].as_u64().expect("a time"))
                .collect();
            assert!(
                times.windows(2).all(|pair| pair[1] - pair[0] >= 900),
                "about once a second at the most: {times:?}"
            );
            if let [.., last] = &samples[..] {
                assert!(last["cpu_seconds"].as_f64() > Some(0.0), "{last}");
            }
        }
    });
}

/// "Live is decided by the lock on the record, never by pid."
#[test]
fn ps_shows_who_is_alive_and_what_it_holds() {
    daemon_test(|| {
        let policy = POLICY.replace("LIFE\"]", "LIFE\"]\n    lock = { scope = \"repository\" }");
        for level in LEVELS {
            let ground = Ground::new(&policy);
            if !ground.can_hold(level) {
                continue;
            }
            let rows = |words: &[&str]| -> Vec<Value> {
                let done = ground.run(words);
                assert!(done.status.success(), "{done:?}");
                serde_json::from_slice(&done.stdout).expect("JSON")
            };
            assert!(
                rows(&["--json", "ps"]).is_empty(),
                "{:?}",
                rows(&["--json", "ps"])
            );
            let run = ground.start(&["run", "--level", level, "long"]);
            ground.wait_until_noted("in", 1);
            let alive = rows(&["--json", "ps"]);
            assert_eq!(alive.len(), 1, "{alive:?}");
            let row = &alive[0];
            assert_eq!(
                (&row["suite"], &row["level"], &row["life"]),
                (&"long".into(), &level.into(), &"live".into())
            );
            assert_eq!(row["pid"], run.front.pid);
            assert_eq!(row["processes"], 1, "{row}");
            assert!(row["memory_bytes"].as_u64() > Some(10_000), "{row}");
            assert_eq!(row["locks"][0], "long");
            let text = ground.run(&["ps"]).stdout;
            assert!(String::from_utf8_lossy(&text).starts_with("RUN "));
            run.front.signal(libc::SIGTERM);
            run.end();
            assert!(rows(&["--json", "ps"]).is_empty());
            let all = rows(&["--json", "ps", "--all"]);
            assert!(all.iter().any(|row| row["life"] == "finished"), "{all:?}");
            // A live pid in a record that nobody has locked is nobody's run.
            let entry = fs::read_to_string(
                ground
                    .records()
                    .join("finished")
                    .join(records_in(ground.records().join("finished"))[0].clone()),
            );
            fs::write(
                ground.records().join("0123456789ab.jsonl"),
                entry.expect("a record"),
            )
            .expect("a file");
            assert!(rows(&["--json", "ps"]).is_empty());
        }
    });
}

/// "--watch ends on Ctrl-C; without a terminal it prints a line block each time."
#[test]
fn ps_says_it_again_until_it_is_interrupted() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        let out = ground.work().join("out");
        let mut child = ground
            .guardrun(&["ps", "--watch"])
            .stdout(fs::File::create(&out).expect("a file"))
            .spawn()
            .expect("guardrun can be started");
        let text = || fs::read_to_string(&out).unwrap_or_default();
        wait_until("two blocks", || {
            text().matches("runs (0): none\n").count() >= 2
        });
        let watch = crate::support::kernel::Process::open(child.id() as i32).expect("it is there");
        watch.signal(libc::SIGINT);
        assert!(watch.dies_within(PATIENCE));
        use std::os::unix::process::ExitStatusExt;
        assert_eq!(
            child.wait().expect("its status").signal(),
            Some(libc::SIGINT)
        );
        assert!(!text().contains('\x1b'), "no terminal, no control codes");
    });
}

/// "Prefix of the id is enough, newest when left out; ambiguous prefix is an error."
#[test]
fn logs_finds_a_run_by_the_beginning_of_its_id() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        // An ordinary user's own records of other runs, in /tmp, cannot be hidden from the test.
        if User::present() == User::Root {
            let none = ground.run(&["logs"]);
            assert_eq!(none.status.code(), Some(2), "{none:?}");
        }
        for _ in 0..2 {
            assert!(ground.run(&["run", "short"]).status.success());
        }
        let finished = ground.records().join("finished");
        let text =
            fs::read_to_string(finished.join(&records_in(finished.clone())[0])).expect("a record");
        let id = records_in(finished.clone())[0]
            .trim_end_matches(".jsonl")
            .to_owned();
        for twin in ["aaaaaaaaaaa1", "aaaaaaaaaaa2"] {
            let name = format!("{twin}.jsonl");
            fs::write(finished.join(name), text.replace(&id, twin)).expect("a file");
        }
        let fails = |words: &[&str], said: &str| {
            let done = ground.run(words);
            let err = String::from_utf8_lossy(&done.stderr).into_owned();
            assert_eq!(done.status.code(), Some(2), "{words:?}: {err}");
            assert!(err.contains(said), "{words:?}: {err}");
        };
        fails(&["logs", "aaaa"], "2 runs begin with `aaaa`");
        fails(&["logs", "../../etc"], "is not the beginning of a run's id");
        fails(&["logs", ""], "is not the beginning of a run's id");
        fails(&["logs", "ffffffffffff"], "there is no record");
        let one = ground.run(&["logs", "aaaaaaaaaaa2"]).stdout;
        assert!(String::from_utf8_lossy(&one).contains("aaaaaaaaaaa2"));
    });
}

/// A line that was cut short, as on a full disk, and one that a newer guardrun has written.
#[test]
fn a_record_with_a_line_that_was_cut_short_can_still_be_read() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        assert!(ground.run(&["run", "short"]).status.success());
        let finished = ground.records().join("finished");
        let path = finished.join(&records_in(finished.clone())[0]);
        let mut text = fs::read_to_string(&path).expect("a record");
        text += "{\"at_ms\":99999999999,\"event\":\"sang\",\"song\":\"la\"}\n{\"at_ms\":1,\"ev";
        fs::write(&path, text).expect("a file");
        let told = ground.run(&["logs"]).stdout;
        let told = String::from_utf8_lossy(&told);
        assert!(told.contains("sang") && told.contains("la"), "{told}");
        assert!(told.contains("cut-short"), "{told}");
    });
}
