//! Every ending at every level that can be had, as the record tells it.

use super::record;
use crate::escape::matrix::can_hold;
use crate::support::bench::{Bench, User};
use crate::support::gate;
use crate::support::room::daemon_test;
use crate::support::run::{LEVELS, Run, words};
use crate::support::scene::{Ended, Scene};
use serde_json::{Value, json};

/// An ending: what the suite does, what befalls it, and what is to be told.
struct Row {
    suite: &'static str,
    options: &'static [&'static str],
    blow: Blow,
    ended: Ended,
    end: &'static str,
    class: &'static str,
    verdicts: &'static [&'static str],
    cause: &'static str,
}

/// What befalls a suite that is ready.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Blow {
    Nothing,
    Signal(i32),
    KeeperKilled,
    OutputUnread,
}

/// The suite says that it is ready, and goes on for longer than anybody waits.
const WAITS: &str = "echo ready >\"$NEWS\"; exec sleep 120";
/// The same, deaf to everything that can be not heard.
const DEAF: &str = "trap '' TERM INT HUP; echo ready >\"$NEWS\"; while :; do sleep 1; done";

const fn row(
    suite: &'static str,
    ended: Ended,
    end: &'static str,
    class: &'static str,
    verdicts: &'static [&'static str],
    cause: &'static str,
) -> Row {
    Row {
        suite,
        options: &[],
        blow: Blow::Nothing,
        ended,
        end,
        class,
        verdicts,
        cause,
    }
}

const ROWS: &[Row] = &[
    row(
        "exit 0",
        Ended::Exited(0),
        "itself",
        "passed",
        &[],
        "passed",
    ),
    row(
        "exit 3",
        Ended::Exited(3),
        "itself",
        "failed",
        &[],
        "failed with exit code 3",
    ),
    row(
        "kill -ABRT $$",
        Ended::Killed(6),
        "itself",
        "crashed",
        &[],
        "was killed by SIGABRT",
    ),
    row(
        "exit 139",
        Ended::Exited(139),
        "itself",
        "crashed",
        &[],
        "failed with exit code 139",
    ),
    row(
        "kill -KILL $$",
        Ended::Killed(9),
        "itself",
        "killed",
        &[],
        "was killed by SIGKILL, ",
    ),
    row(
        "kill -TERM $$",
        Ended::Killed(15),
        "itself",
        "ended-on-purpose",
        &[],
        "was ended on purpose by SIGTERM",
    ),
    row(
        "exit 143",
        Ended::Exited(143),
        "itself",
        "ended-on-purpose",
        &[],
        "ended on purpose by SIGTERM",
    ),
    row(
        "exit 130",
        Ended::Exited(130),
        "itself",
        "ended-on-purpose",
        &[],
        "ended on purpose by SIGINT",
    ),
    row(
        "sleep 120 >/dev/null 2>&1 & exit 0",
        Ended::Exited(46),
        "itself",
        "passed",
        &["leaked"],
        "passed, and left 1 live process behind",
    ),
    row(
        "sleep 120 >/dev/null 2>&1 & exit 3",
        Ended::Exited(3),
        "itself",
        "failed",
        &[],
        "failed with exit code 3",
    ),
    Row {
        options: &["--timeout", "300ms"],
        ..row(
            WAITS,
            Ended::Exited(48),
            "timeout",
            "limited",
            &["timed-out"],
            "was ended after its time limit of 300ms",
        )
    },
    Row {
        // A suite that makes a 0 of it has not passed for that.
        options: &["--timeout", "300ms"],
        ..row(
            "trap 'exit 0' TERM; while :; do sleep 0.05; done",
            Ended::Exited(48),
            "timeout",
            "limited",
            &["timed-out"],
            "time limit",
        )
    },
    Row {
        options: &["--processes", "10"],
        ..row(
            "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 120 & done; wait",
            Ended::Exited(50),
            "over-limit",
            "limited",
            &["over-limit"],
            "was ended at its ceiling of 10 processes",
        )
    },
    Row {
        blow: Blow::Signal(libc::SIGTERM),
        ..row(
            WAITS,
            Ended::Killed(15),
            "asked",
            "ended-on-purpose",
            &[],
            "on SIGTERM",
        )
    },
    Row {
        blow: Blow::Signal(libc::SIGINT),
        options: &["--grace", "200ms"],
        ..row(
            DEAF,
            Ended::Killed(2),
            "asked",
            "ended-on-purpose",
            &[],
            "was killed on SIGINT",
        )
    },
    Row {
        // It makes a 0 of the signal, and leaves one that has to be killed.
        blow: Blow::Signal(libc::SIGTERM),
        options: &["--grace", "200ms"],
        ..row(
            "trap 'exit 0' TERM; (trap '' TERM; echo ready >\"$NEWS\"; while :; do sleep 1; done) & while :; do sleep 0.05; done",
            Ended::Killed(15),
            "asked",
            "ended-on-purpose",
            &[],
            "ended with exit code 0 when it was ended on SIGTERM",
        )
    },
    Row {
        blow: Blow::KeeperKilled,
        ..row(
            WAITS,
            Ended::Exited(52),
            "keeper-died",
            "unknown",
            &["lost"],
            "keeper died",
        )
    },
    Row {
        blow: Blow::OutputUnread,
        ..row(
            "trap 'exit 0' TERM; echo ready >\"$NEWS\"; while :; do sleep 0.05; done",
            Ended::Killed(13),
            "stdout-closed",
            "ended-on-purpose",
            &[],
            "because nobody reads its output any more",
        )
    },
];

/// R30: "Distinct classes and codes".
#[test]
fn every_ending_is_told_as_what_it_is_at_every_level() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in LEVELS {
            if can_hold(&bench, User::present(), level) {
                for row in ROWS {
                    check(&bench, level, row);
                }
            }
        }
    });
}

fn check(bench: &Bench, level: &str, row: &Row) {
    let mut run = Run::held(bench, User::present(), level).option(["--report", "r.json"]);
    run = run.option(row.options);
    if row.blow == Blow::OutputUnread {
        run = run.piped();
    }
    let news = run.news().to_owned();
    let run = run.variable("NEWS", news).suite(["sh", "-c", row.suite]);
    let mut scene = run.start();
    if row.blow != Blow::Nothing {
        scene.wait_until_ready().expect("the suite is ready");
        strike(&mut scene, row.blow);
    }
    let ended = scene.wait_for_end();
    let context = scene.report(&format!("`{}` at {level}", row.suite));
    assert_eq!(ended, Some(row.ended), "{context}");
    let told = record(&scene.place().join("work/r.json"));
    assert_eq!(told["end"]["name"], row.end, "{context}");
    assert_eq!(told["class"], row.class, "{context}");
    assert_eq!(told["verdicts"], json!(row.verdicts), "{context}");
    let cause = told["cause"].as_str().expect("a text");
    assert!(cause.contains(row.cause), "{cause:?}: {context}");
    assert_eq!(told["exit"], exit(row.ended), "{context}");
    assert_eq!(told["level"], level, "{context}");
    assert!(told["started"].is_string(), "{context}");
    for verdict in row.verdicts {
        assert!(
            scene.text("err").contains(&format!("{verdict}: ")),
            "{context}"
        );
    }
    let expected_usage = row.end != "keeper-died" || level == "namespace";
    assert_eq!(told["usage"].is_object(), expected_usage, "{context}");
    if let Err(left) = scene.empty_within(crate::support::PATIENCE) {
        panic!("{left:#?}: {context}");
    }
}

fn strike(scene: &mut Scene, blow: Blow) {
    match blow {
        Blow::Nothing => {}
        Blow::Signal(signal) => scene.front().expect("the front").signal(signal),
        Blow::KeeperKilled => scene.keeper().expect("the keeper").signal(libc::SIGKILL),
        Blow::OutputUnread => drop(scene.take_stdout()),
    }
}

fn exit(ended: Ended) -> Value {
    match ended {
        Ended::Exited(code) => json!({ "code": code }),
        Ended::Killed(signal) => {
            let name = match signal {
                2 => "SIGINT",
                6 => "SIGABRT",
                9 => "SIGKILL",
                13 => "SIGPIPE",
                15 => "SIGTERM",
                other => panic!("signal {other}"),
            };
            json!({ "signal": signal, "name": name })
        }
    }
}

/// "Could not start is a different outcome from suite failed; it names the step."
#[test]
fn a_command_that_cannot_be_executed_is_told_with_the_errno_at_every_level() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in LEVELS {
            if !can_hold(&bench, User::present(), level) {
                continue;
            }
            for (suite, code, verdict, errno) in [
                ("guardrun-no-such-program", 127, "not-found", 2),
                ("/dev/null", 126, "not-executable", 13),
            ] {
                let mut scene = Run::held(&bench, User::present(), level)
                    .option(["--report", "r.json"])
                    .suite([suite])
                    .start();
                assert_eq!(scene.wait_for_end(), Some(Ended::Exited(code)));
                let told = record(&scene.place().join("work/r.json"));
                assert_eq!(told["verdicts"], json!([verdict]));
                assert_eq!(
                    told["end"],
                    json!({ "name": "not-executed", "errno": errno })
                );
                assert_eq!(told["class"], "not-started");
                assert_eq!(told["status"], Value::Null);
            }
        }
    });
}

/// "Which step, which errno": a level that this user cannot have.
#[test]
fn a_level_that_cannot_be_had_is_told_with_its_step() {
    daemon_test(|| {
        let bench = Bench::new();
        // Without a delegated subtree, in a directory of cgroups that is root's, and without systemd to ask.
        let mut command = words([bench.guardrun()]);
        command.extend(words([
            "--level",
            "cgroup",
            "--report",
            "r.json",
            "--",
            "/bin/true",
        ]));
        let mut scene = Run::bare(&bench, User::Ordinary)
            .variable("PATH", "/nowhere")
            .suite(command)
            .start();
        let ended = scene.wait_for_end();
        if ended == Some(Ended::Exited(0)) {
            return gate::skip(
                "a level that cannot be had",
                "an ordinary user has a cgroup here",
            );
        }
        assert_eq!(ended, Some(Ended::Exited(42)), "{}", scene.report("42"));
        let told = record(&scene.place().join("work/r.json"));
        assert_eq!(told["verdicts"], json!(["cannot-contain"]));
        assert_eq!(told["end"]["name"], "not-contained");
        assert_eq!(told["lacks"][0]["level"], "cgroup", "{told:#}");
        assert!(told["lacks"][0]["step"].is_string(), "{told:#}");
        let cause = told["cause"].as_str().expect("a text");
        assert!(cause.contains("could not be held: cgroup: "), "{cause}");
    });
}

/// "Something is still there; named": with the verdict that would have decided, had everything been ended.
#[test]
fn what_cannot_be_killed_decides_and_the_leak_is_told_too() {
    daemon_test(|| {
        let bench = Bench::new();
        let Some(program) = bench.setuid_actor() else {
            return gate::skip("a setuid-root program", "it takes root, and no nosuid");
        };
        let mut more = words(["--setuid-program"]);
        more.push(program.into());
        let mut scene = Run::held(&bench, User::Ordinary, "subreaper")
            .option(["--grace", "300ms", "--report", "r.json"])
            .plays("setuid-root", "exit:0", &more)
            .start();
        scene.wait_until_ready().expect("the program is there");
        assert_eq!(
            scene.wait_for_end(),
            Some(Ended::Exited(51)),
            "{}",
            scene.report("51")
        );
        let told = record(&scene.place().join("work/r.json"));
        assert_eq!(told["verdicts"], json!(["not-killed", "leaked"]));
        assert_eq!(
            told["unkilled"].as_array().map(Vec::len),
            Some(1),
            "{told:#}"
        );
        assert_eq!(told["killed"], true);
        let said = scene.text("err");
        assert!(said.contains("not-killed, leaked: "), "{said}");
    });
}

/// The parent of guardrun dies: told to whoever reads the report, since nobody else is left.
#[test]
fn the_death_of_the_parent_is_told_in_the_report() {
    daemon_test(|| {
        let bench = Bench::new();
        let run = Run::held(&bench, User::present(), "subreaper").option(["--report", "r.json"]);
        let news = run.news().to_owned();
        let mut scene = run
            .variable("NEWS", news)
            .suite(["sh", "-c", WAITS])
            .start();
        scene.wait_until_ready().expect("the suite is ready");
        let stage = scene.stage.as_ref().expect("the stage");
        stage.signal(libc::SIGKILL);
        if let Err(left) = scene.empty_within(crate::support::PATIENCE) {
            panic!("{left:#?}");
        }
        let told = record(&scene.place().join("work/r.json"));
        assert_eq!(told["end"]["name"], "parent-died");
        assert_eq!(told["class"], "ended-on-purpose");
    });
}
