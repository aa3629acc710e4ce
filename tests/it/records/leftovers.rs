//! "reap: leftovers of dead runs only; dry run by default; with the flag it ends them; exit status non-zero when something
//! survives."

use super::{POLICY, records_in};
use crate::locks::ground::{Ended, Ground, wait_until};
use crate::support::PATIENCE;
use crate::support::bench::User;
use crate::support::gate;
use crate::support::kernel::Process;
use crate::support::proc;
use crate::support::room::daemon_test;
use serde_json::Value;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// A run of which everything of guardrun's is killed, and a daemon is left.
fn dead_run(ground: &Ground, level: &str) -> Vec<i32> {
    let run = ground.start(&["run", "--level", level, "leaving"]);
    ground.wait_until_noted("in", 1);
    let keeper = run.keeper().expect("a keeper");
    for process in [&run.front, &keeper] {
        process.signal(libc::SIGSTOP);
        assert!(process.stops_within(PATIENCE));
    }
    let left: Vec<i32> = proc::descendants(keeper.pid)
        .into_iter()
        .filter(|pid| proc::portrait(*pid).contains("guardrun-actor alone"))
        .collect();
    assert!(!left.is_empty());
    keeper.signal(libc::SIGKILL);
    run.front.signal(libc::SIGKILL);
    assert_eq!(run.end().0, Ended::Killed(libc::SIGKILL));
    assert!(keeper.dies_within(PATIENCE));
    left
}

/// A suite whose leader waits for a daemon in a session of its own.
fn policy() -> String {
    format!(
        "{POLICY}
    [suite.leaving]
    command = [\"sh\", \"-c\", \"setsid \\\"$0\\\" alone WITNESS 60000 --life LIFE & sleep 90\", \"ACTOR\"]\n"
    )
}

fn alive(pids: &[i32]) -> bool {
    pids.iter()
        .all(|pid| !matches!(proc::state(*pid), None | Some('Z')))
}

#[test]
fn reap_touches_nothing_until_it_is_told_to_and_then_ends_what_dead_runs_have_left() {
    daemon_test(|| {
        for level in ["cgroup", "subreaper"] {
            let ground = Ground::new(&policy());
            if !ground.can_hold(level) {
                continue;
            }
            let left = dead_run(&ground, level);
            let bystander = Command::new("sleep")
                .arg("60")
                .arg0("guardrun-actor alone")
                .spawn();
            let bystander = bystander.expect("a bystander");
            let listed = ground.run(&["reap"]);
            let text = String::from_utf8_lossy(&listed.stdout).into_owned();
            assert_eq!(listed.status.code(), Some(0), "{text}");
            for pid in &left {
                assert!(text.contains(&format!("pid {pid} ")), "at {level}: {text}");
            }
            assert!(text.contains("nothing was touched"), "{text}");
            assert!(alive(&left), "at {level}: a dry run has ended something");
            assert_eq!(records_in(ground.records()).len(), 1);
            let held: Vec<Process> = left
                .iter()
                .filter_map(|pid| Process::open(*pid).ok())
                .collect();
            let done = ground.run(&["--json", "reap", "--yes"]);
            let told: Value = serde_json::from_slice(&done.stdout).expect("JSON");
            assert_eq!(done.status.code(), Some(0), "at {level}: {told}");
            assert!(
                held.iter().all(|one| one.dies_within(PATIENCE)),
                "at {level}"
            );
            assert_eq!(told[0]["left"], Value::Array(Vec::new()), "{told}");
            assert!(alive(&[bystander.id() as i32]), "somebody else was hit");
            assert!(records_in(ground.records()).is_empty());
            let again = ground.run(&["reap", "--yes"]);
            assert_eq!(again.status.code(), Some(0));
            assert!(String::from_utf8_lossy(&again.stdout).contains("(0): none"));
            let mut bystander = bystander;
            let _ = bystander.kill();
            let _ = bystander.wait();
        }
    });
}

/// The twin: what a live run has is nobody's leftover.
#[test]
fn reap_does_not_touch_a_run_that_lives() {
    daemon_test(|| {
        let ground = Ground::new(&policy());
        let run = ground.start(&["run", "--level", "subreaper", "leaving"]);
        ground.wait_until_noted("in", 1);
        let done = ground.run(&["reap", "--yes"]);
        assert!(
            String::from_utf8_lossy(&done.stdout).contains("(0): none"),
            "{done:?}"
        );
        assert!(!run.front.dies_within(Duration::from_millis(200)));
        assert!(
            ground.run(&["run", "short"]).status.success(),
            "nor does a sweep"
        );
        assert_eq!(ground.noted("in"), 1);
        assert_eq!(records_in(ground.records()).len(), 1);
        run.front.signal(libc::SIGTERM);
        run.end();
    });
}

/// What may not be signalled is named, and reap says so by its status. Here it is a process of another user's, for a root that
/// may not signal others: an ordinary user cannot even read the mark of a setuid program, so to that one nothing is proved.
#[test]
fn what_cannot_be_ended_is_named_and_reap_exits_with_51() {
    daemon_test(|| {
        if User::present() != User::Root {
            return gate::skip("a survivor of another user's", "it takes root to make one");
        }
        let ground = Ground::new(&policy());
        copy_of_a_record(&ground, "abababababab", |_| {});
        let mut other = Command::new("setpriv")
            .args(["--reuid", "4242", "--regid", "4242", "--clear-groups"])
            .args(["sleep", "60"])
            .env("GUARDRUN_RUN_ID", "abababababab")
            .spawn()
            .expect("setpriv is part of util-linux");
        let pid = other.id() as i32;
        wait_until("sleep", || proc::portrait(pid).ends_with("S sleep 60"));
        let without_kill = |words: &[&str]| {
            let plain = ground.guardrun(words);
            let mut command = Command::new("setpriv");
            command.args(["--bounding-set", "-kill", "--inh-caps", "-kill"]);
            command.arg(plain.get_program()).args(plain.get_args());
            command.env_clear().current_dir(ground.work());
            for (name, value) in plain.get_envs() {
                command.env(name, value.expect("a value"));
            }
            command.output().expect("setpriv can be run")
        };
        let before = Instant::now();
        let done = without_kill(&["reap", "--yes"]);
        let text = String::from_utf8_lossy(&done.stdout).into_owned();
        assert_eq!(done.status.code(), Some(51), "{text}");
        assert!(text.contains(&format!("still there  pid {pid} ")), "{text}");
        assert!(alive(&[pid]));
        assert_eq!(
            records_in(ground.records()),
            ["abababababab.jsonl"],
            "it is not forgotten"
        );
        // Nor does every later start wait for what cannot be ended.
        assert!(without_kill(&["run", "short"]).status.success());
        assert!(before.elapsed() < PATIENCE);
        let done = ground.run(&["reap", "--yes"]);
        assert_eq!(
            done.status.code(),
            Some(0),
            "one who may signal it ends it: {done:?}"
        );
        let _ = other.wait();
    });
}

/// Writes the record of a run that was, under another id, as if its guardrun had been killed.
fn copy_of_a_record(ground: &Ground, run: &str, change: impl FnOnce(&mut Value)) -> PathBuf {
    assert!(ground.run(&["run", "short"]).status.success());
    let finished = ground.records().join("finished");
    let name = records_in(finished.clone())[0].clone();
    let text = fs::read_to_string(finished.join(&name)).expect("a record");
    let mut entry: Value =
        serde_json::from_str(text.lines().next().expect("a line")).expect("JSON");
    entry["run"] = run.into();
    change(&mut entry);
    let record = ground.records().join(format!("{run}.jsonl"));
    fs::write(&record, format!("{entry}\n")).expect("a file");
    record
}

/// "Records from before a reboot are put away with what is known." No process is looked for by them.
#[test]
fn a_record_from_before_a_reboot_is_put_away_and_says_so() {
    daemon_test(|| {
        let ground = Ground::new(POLICY);
        let record = copy_of_a_record(&ground, "abababababab", |entry| {
            entry["boot"] = "another".into();
        });
        // A mark of the same name in this boot is somebody else's.
        let mut marked = Command::new("sleep")
            .arg("60")
            .env("GUARDRUN_RUN_ID", "abababababab")
            .spawn()
            .expect("a process");
        let pid = marked.id() as i32;
        wait_until("its environment", || proc::portrait(pid).contains("sleep"));
        assert!(ground.run(&["run", "short"]).status.success());
        assert!(!record.exists());
        assert!(alive(&[pid]), "a process of another boot was ended");
        let _ = marked.kill();
        let _ = marked.wait();
        let told = ground.run(&["logs", "abab"]).stdout;
        let told = String::from_utf8_lossy(&told).into_owned();
        assert!(told.contains("the machine was restarted since"), "{told}");
    });
}
