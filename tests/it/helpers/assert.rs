//! "`guardrun assert [GATE]` for every other language, by exit status alone."

use super::project::{Project, Told, VARIABLE};
use crate::escape::matrix::can_hold;
use crate::support::bench::{Bench, User};
use crate::support::gate;
use crate::support::room::daemon_test;
use crate::support::run::LEVELS;
use std::process::Command;

/// What a shell inside a run is told by `guardrun assert`, at a level.
fn inside(project: &Project<'_>, bench: &Bench, level: &str, line: &str) -> Told {
    let guardrun = bench.guardrun().to_string_lossy().into_owned();
    let words = [
        "guardrun", "--quiet", "--level", level, "--", "sh", "-c", line, &guardrun,
    ];
    project.run(&[], &words)
}

fn project(bench: &Bench) -> Project<'_> {
    Project::new(bench, "python", &["sh", "-c", "exit 0"])
}

/// "A marker that the assert verifies as belonging to a **live** run", at every level, however deep the question is asked.
#[test]
fn whatever_a_run_has_started_is_held_by_it_at_every_level() {
    daemon_test(|| {
        let bench = Bench::new();
        let project = project(&bench);
        for level in LEVELS {
            if !can_hold(&bench, User::present(), level) {
                continue;
            }
            let outer = bench.guardrun().to_string_lossy().into_owned();
            let nested = format!("{outer} --quiet --level subreaper -- \"$0\" assert");
            for line in [
                "\"$0\" assert",
                "setsid --wait \"$0\" assert",
                // Its parent is gone, and the keeper has taken it in.
                "mkfifo here; (sh -c '\"$0\" assert; echo $? > here' \"$0\" &) & read -r code < here; exit \"$code\"",
                &nested,
            ] {
                let told = inside(&project, &bench, level, line);
                assert_eq!(told.code, Some(0), "{level}: {line}: {}", told.text);
                let _ = std::fs::remove_file(project.root.join("here"));
            }
            // Held, and its gate is closed all the same; past the judgement too.
            for line in ["\"$0\" assert live", "LIVE_TESTS=1 \"$0\" assert live"] {
                let told = inside(&project, &bench, level, line);
                assert_eq!(told.code, Some(40), "{level}: {line}: {}", told.text);
            }
        }
    });
}

/// "A stale or inherited marker does not open it."
#[test]
fn a_keeper_that_is_no_ancestor_or_started_at_another_time_holds_nothing() {
    daemon_test(|| {
        let bench = Bench::new();
        let project = project(&bench);
        let asks = |keeper: &str| {
            let variables = [
                ("GUARDRUN_KEEPER", keeper),
                ("GUARDRUN_OPENED", VARIABLE),
                (VARIABLE, "1"),
            ];
            project.run(&variables, &["guardrun", "assert", "live"])
        };
        let own = std::fs::read_to_string("/proc/self/stat").expect("one's own stat");
        let own = own.rsplit_once(')').expect("a name").1;
        let start: u64 = own
            .split_whitespace()
            .nth(19)
            .expect("a start")
            .parse()
            .expect("a number");
        let pid = std::process::id();
        // The one that holds: this test plays the keeper, and is an ancestor of what it starts.
        assert_eq!(asks(&format!("{pid}:{start}")).code, Some(0));
        for keeper in [
            format!("{pid}:{}", start + 1),
            format!("{}:{start}", pid + 100_000),
            format!("{pid}"),
            String::new(),
            "self:0".to_owned(),
        ] {
            let told = asks(&keeper);
            assert_eq!(told.code, Some(40), "{keeper}: {}", told.text);
        }
        // Alive, and not above: the sleeper is a process like any keeper, and the one who asks is not below it.
        let mut sleeper = Command::new("sleep").arg("60").spawn().expect("sleep");
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", sleeper.id()));
        let stat = stat.expect("the sleeper's stat");
        let start = stat.rsplit_once(')').expect("a name").1;
        let start = start
            .split_whitespace()
            .nth(19)
            .expect("a start")
            .to_owned();
        let told = asks(&format!("{}:{start}", sleeper.id()));
        let _ = sleeper.kill();
        let _ = sleeper.wait();
        assert_eq!(told.code, Some(40), "{}", told.text);
    });
}

/// The answer is noted, `-q` says nothing, and a name that nobody knows is an error and no answer.
#[test]
fn an_answer_is_an_exit_status_and_a_line_in_the_ledger() {
    daemon_test(|| {
        let bench = Bench::new();
        let guardrun = bench.guardrun().to_string_lossy().into_owned();
        let line = "\"$0\" assert && \"$0\" assert live --test one && \"$0\" assert LIVE_TESTS --test two && \"$0\" assert live --test one";
        let project = Project::new(&bench, "python", &["sh", "-c", line, &guardrun]);
        let Some((told, ledger)) = project.open("live", &[]) else {
            return;
        };
        assert_eq!(told.code, Some(0), "{}", told.text);
        assert_eq!(ledger["ran"], 2, "{ledger}");
        let quiet = project.run(&[], &["guardrun", "-q", "assert", "live"]);
        assert_eq!((quiet.code, quiet.text.as_str()), (Some(40), ""));
        let closed = project.run(&[], &["guardrun", "assert", "live"]);
        assert_eq!(closed.code, Some(40));
        assert!(
            closed
                .text
                .contains("guardrun: closed: LIVE_TESTS is not set"),
            "{}",
            closed.text
        );
        let unknown = project.run(&[(VARIABLE, "1")], &["guardrun", "assert", "life"]);
        assert_eq!(unknown.code, Some(2), "{}", unknown.text);
        assert!(
            unknown.text.contains("did you mean `live`?"),
            "{}",
            unknown.text
        );
    });
}

/// What the suite itself does to the ledger is no harm to guardrun: rubbish, endless lines, other runs' lines, and removal.
#[test]
fn a_ledger_full_of_rubbish_is_read_as_far_as_it_is_one() {
    daemon_test(|| {
        let bench = Bench::new();
        let line = r#"entry() { printf '{"v":1,"run":"%s","gate":"%s","event":"ran","test":"%s"}\n' "$1" LIVE_TESTS "$2" >> "$GUARDRUN_LEDGER"; }
            entry "$GUARDRUN_RUN_ID" one; entry other two; echo rubbish >> "$GUARDRUN_LEDGER"
            head -c 30000000 /dev/zero >> "$GUARDRUN_LEDGER"; echo >> "$GUARDRUN_LEDGER"
            entry "$GUARDRUN_RUN_ID" three; entry "$GUARDRUN_RUN_ID" three; printf '{"v":1' >> "$GUARDRUN_LEDGER""#;
        let project = Project::new(&bench, "python", &["sh", "-c", line]);
        let Some((told, ledger)) = project.open("live", &[]) else {
            return;
        };
        assert_eq!(told.code, Some(0), "{}", told.text);
        assert_eq!(
            (&ledger["ran"], &ledger["unreadable"]),
            (&2.into(), &4.into()),
            "{ledger}"
        );
        let removed = project.with_suite(&["sh", "-c", "rm \"$GUARDRUN_LEDGER\""]);
        if let Some((told, ledger)) = removed.open("live", &[]) {
            assert_eq!(
                (told.code, ledger),
                (Some(0), serde_json::Value::Null),
                "{}",
                told.text
            );
        }
    });
}

/// Parallel workers do not mix their lines, and a ledger whose run was killed is removed by the next.
#[test]
fn lines_of_many_processes_at_once_stay_whole() {
    daemon_test(|| {
        let bench = Bench::new();
        if Command::new("python3").arg("--version").output().is_err() {
            return gate::skip("parallel writers", "python3 is not installed");
        }
        // They begin together: a start of python takes longer than all the writing.
        let writer = "import guardrun_gate, os, sys\nopen('ready-' + sys.argv[1], 'w').close()\n\
                      while sum(name.startswith('ready-') for name in os.listdir('.')) < 4: pass\n\
                      for n in range(1000): guardrun_gate._note('LIVE_TESTS', 'ran', sys.argv[1] + str(n) + 'x' * 3000)";
        let line = format!("for w in 1 2 3 4; do python3 -B -c \"{writer}\" $w- & done; wait");
        let project = Project::new(&bench, "python", &["sh", "-c", &line]);
        let Some((told, ledger)) = project.open("live", &[]) else {
            return;
        };
        assert_eq!(told.code, Some(0), "{}", told.text);
        assert_eq!(
            (&ledger["ran"], &ledger["unreadable"]),
            (&4_000.into(), &0.into()),
            "{ledger}"
        );
    });
}
