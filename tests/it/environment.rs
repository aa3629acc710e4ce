//! What a suite finds itself with: everything as it would be without guardrun, but for what guardrun says that it changes.
//!
//! Each test asks the same program the same questions twice, bare and held, and compares.

mod private;
mod rules;

use crate::escape::matrix::can_hold;
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::proc;
use crate::support::room::daemon_test;
use crate::support::run::{LEVELS, Run, words};
use crate::support::scene::Ended;
use std::fs;

/// What a program said of itself, a line per property.
struct Shown(Vec<(String, String)>);

impl Shown {
    fn read(text: &str) -> Shown {
        Shown(
            text.lines()
                .filter_map(|line| line.split_once(' '))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
        )
    }

    /// The one value of `name`.
    fn get(&self, name: &str) -> &str {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map_or_else(|| panic!("nothing said of {name}"), |(_, value)| value)
    }

    /// The variable `name` of its environment.
    fn variable(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .filter(|(known, _)| known == "env")
            .find_map(|(_, pair)| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// Every value of `name`.
    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of =
            move |(known, value): &'a (String, String)| (known == name).then_some(value.as_str());
        self.0.iter().filter_map(of)
    }

    /// Its environment without what guardrun adds.
    fn inherited_environment(&self) -> Vec<&str> {
        let own = "GUARDRUN_";
        let mut found: Vec<_> = self
            .0
            .iter()
            .filter(|(name, value)| name == "env" && !value.starts_with(own))
            .map(|(_, value)| value.as_str())
            .collect();
        found.sort_unstable();
        found
    }
}

/// What the program says of itself when it is started like that: bare, or held at a level. `wrap` is a command that ends in
/// executing its arguments, such as a shell that prepares something.
fn shown(bench: &Bench, level: Option<&str>, stage: &[&str], wrap: &[&str]) -> Shown {
    let place = bench.place(User::present());
    let answer = place.join("answer");
    let mut command = words(wrap);
    if let Some(level) = level {
        command.push(bench.guardrun().into());
        command.extend(words(["--quiet", "--level", level, "--"]));
    }
    command.push(bench.actor().into());
    command.extend(words(["show", "--to"]));
    command.push(answer.clone().into());
    // Everything is the suite's command line here, so that a shell can stand between the stage and guardrun.
    let ended = Run::bare(bench, User::present())
        .stage(stage.iter().copied())
        .silent()
        .suite(command)
        .start()
        .finish();
    assert_eq!(ended.ended, Ended::Exited(0), "{level:?}: {ended:?}");
    Shown::read(&fs::read_to_string(answer).expect("the program has written its answer"))
}

/// What the program says of itself at a level, under a policy, where guardrun is given these variables besides the usual.
fn shown_with(bench: &Bench, level: &str, policy: &str, given: &[(&str, &str)]) -> Shown {
    let run = Run::held(bench, User::present(), level)
        .policy(policy)
        .silent();
    let answer = run.news().with_file_name("answer");
    let run = given
        .iter()
        .fold(run, |run, (name, value)| run.variable(name, *value));
    let mut suite = words([bench.actor()]);
    suite.extend(words(["show", "--to"]));
    suite.push(answer.clone().into());
    let mut scene = run.suite(suite).start();
    let ended = scene.wait_for_end();
    assert_eq!(ended, Some(Ended::Exited(0)), "{}", scene.report(level));
    Shown::read(&fs::read_to_string(answer).expect("the program has written its answer"))
}

/// Compares what is shown bare with what is shown at every level.
fn at_every_level(stage: &[&str], wrap: &[&str], check: impl Fn(&str, &Shown, &Shown)) {
    let bench = Bench::new();
    let bare = shown(&bench, None, stage, wrap);
    for level in LEVELS {
        if can_hold(&bench, User::present(), level) {
            check(level, &bare, &shown(&bench, Some(level), stage, wrap));
        }
    }
}

/// "Give the suite the signal mask and the dispositions that the front was started with (nohup's ignored HUP stays ignored)."
#[test]
fn signal_mask_and_dispositions_are_those_that_guardrun_was_started_with() {
    daemon_test(|| {
        let ignored = ["--ignore", "1", "--ignore", "13", "--ignore", "17"];
        let blocked = ["--block", "10", "--block", "17", "--block", "36"];
        let both = [ignored, blocked].concat();
        for stage in [&[][..], &ignored, &blocked, &both] {
            at_every_level(stage, &[], |level, bare, held| {
                for name in ["SigIgn", "SigBlk", "SigCgt"] {
                    assert_eq!(
                        held.get(name),
                        bare.get(name),
                        "{name} at {level}, {stage:?}"
                    );
                }
            });
        }
    });
}

/// "Leave inherited fds alone: jobserver, LISTEN_FDS, NODE_CHANNEL_FD are legitimate. Own fds are close-on-exec."
#[test]
fn inherited_descriptors_stay_and_none_of_guardruns_own_are_added() {
    daemon_test(|| {
        let shell = [
            "sh",
            "-c",
            r#"exec 7</dev/null 9>>/dev/null; exec "$@""#,
            "sh",
        ];
        at_every_level(&[], &shell, |level, bare, held| {
            assert!(
                bare.get("fds").contains("9:/dev/null"),
                "{}",
                bare.get("fds")
            );
            assert_eq!(held.get("fds"), bare.get("fds"), "at {level}");
        });
    });
}

/// The suite sees its standard streams closed as it would without guardrun, and not replaced by something else.
#[test]
fn closed_standard_streams_stay_closed() {
    daemon_test(|| {
        for closed in [&["--close", "0"][..], &["--close", "1"], &["--close", "2"]] {
            at_every_level(closed, &[], |level, bare, held| {
                assert_eq!(held.get("fds"), bare.get("fds"), "at {level}, {closed:?}");
            });
        }
        let all = ["--close", "0", "--close", "1", "--close", "2"];
        at_every_level(&all, &[], |level, bare, held| {
            assert_eq!(held.get("fds"), bare.get("fds"), "at {level}, all closed");
        });
    });
}

/// What guardrun does not speak of it does not change: directory, umask, and the environment.
#[test]
fn directory_umask_and_environment_are_as_they_were() {
    daemon_test(|| {
        let shell = ["sh", "-c", r#"umask 0027; A=b exec "$@""#, "sh"];
        at_every_level(&[], &shell, |level, bare, held| {
            assert_eq!(held.get("Umask"), bare.get("Umask"), "at {level}");
            // Its fence takes this one away (docs/fence.md); what has none keeps it.
            assert_eq!(held.get("NoNewPrivs"), "1", "at {level}");
            assert!(held.get("directory").ends_with("/work"), "at {level}");
            let without_place = |shown: &Shown| {
                shown
                    .inherited_environment()
                    .into_iter()
                    .filter(|pair| !pair.contains("/run-"))
                    .map(str::to_owned)
                    .collect::<Vec<_>>()
            };
            assert_eq!(without_place(held), without_place(bare), "at {level}");
        });
    });
}

/// "LISTEN_FDS (rewrite LISTEN_PID)": sd_listen_fds(3) wants it to name the process that the sockets are for.
#[test]
fn listen_pid_names_the_suite_when_it_named_guardrun_and_else_stays() {
    daemon_test(|| {
        let meant = ["sh", "-c", r#"LISTEN_FDS=1 LISTEN_PID=$$ exec "$@""#, "sh"];
        at_every_level(&[], &meant, |level, _, held| {
            assert_eq!(
                held.variable("LISTEN_PID"),
                Some(held.get("pid")),
                "at {level}"
            );
            assert_eq!(held.variable("LISTEN_FDS"), Some("1"), "at {level}");
        });
        let others = ["sh", "-c", r#"LISTEN_FDS=1 LISTEN_PID=1 exec "$@""#, "sh"];
        at_every_level(&[], &others, |level, bare, held| {
            assert_eq!(
                held.variable("LISTEN_PID"),
                bare.variable("LISTEN_PID"),
                "at {level}"
            );
        });
    });
}

/// "Raise the suite's oom_score_adj to 1000 in every run."
#[test]
fn the_suite_is_the_first_that_the_kernel_takes_when_memory_runs_out() {
    daemon_test(|| {
        at_every_level(&[], &[], |level, _, held| {
            assert_eq!(held.get("oom_score_adj"), "1000", "at {level}");
        });
    });
}

/// Every run has an id of its own, which the suite can see; a run inside a run has another.
#[test]
fn every_run_tells_its_suite_a_run_id_of_its_own() {
    daemon_test(|| {
        let outer = ["env", "GUARDRUN_RUN_ID=outer"];
        at_every_level(&[], &outer, |level, _, held| {
            let id = held.variable("GUARDRUN_RUN_ID").expect("a run id");
            assert!(!id.is_empty() && id != "outer", "at {level}: {id:?}");
        });
    });
}

/// "Suite in its own process group in the same session (setsid loses the terminal and breaks Ctrl-Z)."
#[test]
fn the_suite_leads_its_own_process_group_in_guardruns_session() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in LEVELS {
            if !can_hold(&bench, User::present(), level) {
                continue;
            }
            let mut scene = Run::held(&bench, User::present(), level)
                .plays("nothing", "wait", &[])
                .start();
            scene.wait_until_ready().expect("the suite is there");
            let front = scene.front().expect("the front").pid;
            let leader = proc::descendants(front)
                .into_iter()
                .find(|pid| proc::portrait(*pid).contains(" play nothing"))
                .expect("the leader is below the front");
            assert_eq!(proc::group(leader), Some(leader), "at {level}");
            assert_ne!(proc::group(front), Some(leader), "at {level}");
            assert_eq!(proc::session(leader), proc::session(front), "at {level}");
        }
    });
}

/// "An optional pipe whose write end only guardrun holds": end of file tells the suite that guardrun is gone.
#[test]
fn the_lifeline_ends_when_guardrun_dies() {
    daemon_test(|| {
        let bench = Bench::new();
        let run = Run::held(&bench, User::present(), "subreaper");
        let news = run.news().display().to_string();
        let actor = bench.actor().display().to_string();
        let suite = format!("setsid {actor} lifeline --news {news} & exec sleep 97");
        let mut scene = run
            .policy("[suite.lifeline]\nmatch = [\"sh -c *\"]\nlifeline = true\n")
            .suite(["sh", "-c", &suite])
            .start();
        scene.wait_until_ready().expect("the suite has a lifeline");
        // Whoever of guardrun is left would end the suite before it could tell, so nobody is left. The front holds still while
        // its keeper dies.
        let front = scene.front().expect("the front");
        let keeper = scene.keeper().expect("a keeper");
        front.signal(libc::SIGSTOP);
        assert!(front.stops_within(PATIENCE));
        keeper.signal(libc::SIGKILL);
        front.signal(libc::SIGKILL);
        let told = scene.news.wait_for(&["lifeline gave "], PATIENCE);
        assert_eq!(told.as_deref(), Some("lifeline gave 0 bytes"));
    });
}

/// "Absent unless asked for": also when guardrun itself was given one.
#[test]
fn there_is_no_lifeline_unless_the_policy_asks_for_one() {
    daemon_test(|| {
        let outer = ["env", "GUARDRUN_LIFELINE_FD=9"];
        at_every_level(&[], &outer, |level, _, held| {
            assert_eq!(held.variable("GUARDRUN_LIFELINE_FD"), None, "at {level}");
        });
    });
}
