//! "Per-run TMPDIR (and optionally HOME/XDG) removed at the end, leftovers counted; removal only of paths the run created",
//! whatever the end, and whatever is in them.

use crate::escape::endings::kill_both;
use crate::escape::matrix::can_hold;
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::gate;
use crate::support::room::daemon_test;
use crate::support::run::{LEVELS, Run};
use crate::support::scene::{Ended, Scene};
use std::fs;
use std::path::{Path, PathBuf};

const POLICY: &str = "[defaults.environment]\nprivate = ['TMPDIR', 'XDG_RUNTIME_DIR', 'HOME']\n";

/// A run of this script, with private directories.
fn script<'b>(bench: &'b Bench, user: User, level: &str, text: &str) -> Run<'b> {
    let run = Run::held(bench, user, level).policy(POLICY);
    let news = run.news().display().to_string();
    let actor = bench.actor().display().to_string();
    run.variable("NEWS", news)
        .variable("ACTOR", actor)
        .suite(["sh", "-c", text])
}

/// The directories of runs in the place for temporary files of this run.
fn directories(place: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(place.join("tmp"))
        .expect("the place is there")
        .flatten();
    let names = entries.map(|entry| entry.path());
    names
        .filter(|path| path.to_string_lossy().contains("/gr-"))
        .collect()
}

/// Leaves three files and a directory, says that it is there, and waits.
const LEAVES_AND_WAITS: &str = r#"
    mkdir "$TMPDIR/d" && touch "$TMPDIR/d/1" "$TMPDIR/d/2" "$HOME/3" && echo ready > "$NEWS"
    exec sleep 97"#;

fn levels(bench: &Bench) -> Vec<&'static str> {
    let can = |level: &&str| can_hold(bench, User::present(), level);
    LEVELS.into_iter().filter(can).collect()
}

fn ready(bench: &Bench, level: &str, again: bool) -> Scene {
    let run = script(bench, User::present(), level, LEAVES_AND_WAITS);
    let run = if again { run.with_a_later_run() } else { run };
    let mut scene = run.start();
    scene.wait_until_ready().expect("the suite is there");
    let made = directories(scene.place());
    assert_eq!(made.len(), 1, "at {level}: {made:?}");
    scene
}

#[test]
fn they_are_the_suites_alone_and_gone_after_a_green_and_a_red_run() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in levels(&bench) {
            for code in [0, 7] {
                let text = format!(
                    r#"for it in "$TMPDIR" "$XDG_RUNTIME_DIR" "$HOME"; do
                        test "$(stat -c %a-%u "$it")" = "700-$(id -u)" || exit 3
                    done
                    test -z "$(ls -A "$TMPDIR$XDG_CONFIG_HOME")" || exit 4
                    mkdir "$TMPDIR/d"; touch "$TMPDIR/d/x" "$TMPDIR/.y" "$HOME/z"; exit {code}"#
                );
                let mut scene = script(&bench, User::present(), level, &text).start();
                assert_eq!(
                    scene.wait_for_end(),
                    Some(Ended::Exited(code)),
                    "{}",
                    scene.report(level)
                );
                let err = scene.text("err");
                assert!(
                    err.contains("left 2 files and 1 directory in its private TMPDIR, removed"),
                    "{err}"
                );
                assert!(
                    err.contains("left 1 file in its private HOME, removed"),
                    "{err}"
                );
                assert_eq!(
                    directories(scene.place()),
                    Vec::<PathBuf>::new(),
                    "at {level}"
                );
            }
        }
    });
}

#[test]
fn they_are_the_suites_alone_whatever_the_umask() {
    daemon_test(|| {
        let bench = Bench::new();
        let guardrun = bench.guardrun().display().to_string();
        for umask in ["0000", "0777"] {
            let run = Run::bare(&bench, User::present());
            let policy = run.news().with_file_name("guardrun.toml");
            fs::write(&policy, POLICY).expect("a policy");
            // The umask is guardrun's, so a shell stands before it; what the suite says, it says by its exit code.
            let text = format!(
                r#"umask {umask}; exec {guardrun} --policy {} --level subreaper -- sh -c 'test "$(stat -c %a "$TMPDIR" "$TMPDIR/.." | xargs)" = "700 700"'"#,
                policy.display()
            );
            let mut scene = run.suite(["sh", "-c", &text]).start();
            assert_eq!(
                scene.wait_for_end(),
                Some(Ended::Exited(0)),
                "{}",
                scene.report(umask)
            );
            assert_eq!(directories(scene.place()), Vec::<PathBuf>::new(), "{umask}");
        }
    });
}

#[test]
fn they_are_gone_after_every_signal_to_guardrun() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in levels(&bench) {
            for signal in [libc::SIGTERM, libc::SIGINT, libc::SIGHUP] {
                let mut scene = ready(&bench, level, false);
                scene.front().expect("the front").signal(signal);
                assert!(scene.wait_for_end().is_some(), "{}", scene.report(level));
                assert_eq!(
                    directories(scene.place()),
                    Vec::<PathBuf>::new(),
                    "at {level}, signal {signal}"
                );
            }
        }
    });
}

/// At level `namespace` the keeper dies with the front, so it is the next guardrun that removes them.
#[test]
fn they_are_gone_after_a_kill_of_guardrun() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in levels(&bench) {
            let by_the_next = level == "namespace";
            let mut scene = ready(&bench, level, by_the_next);
            scene.front().expect("the front").signal(libc::SIGKILL);
            if by_the_next {
                assert_eq!(
                    scene.run_again(),
                    Some(Ended::Exited(0)),
                    "{}",
                    scene.report(level)
                );
            }
            if let Err(left) = scene.empty_within(PATIENCE) {
                panic!("at {level}: {}", scene.report(&format!("left: {left:#?}")));
            }
            assert_eq!(
                directories(scene.place()),
                Vec::<PathBuf>::new(),
                "at {level}"
            );
        }
    });
}

#[test]
fn they_are_gone_after_a_kill_of_everybody_and_the_next_guardrun_says_so() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in levels(&bench) {
            let mut scene = ready(&bench, level, true);
            kill_both(&scene).expect("both can be killed");
            assert_eq!(
                directories(scene.place()).len(),
                1,
                "nobody was left to remove them, at {level}"
            );
            assert_eq!(
                scene.run_again(),
                Some(Ended::Exited(0)),
                "{}",
                scene.report(level)
            );
            scene.empty_within(PATIENCE).expect("nothing is left");
            assert_eq!(
                directories(scene.place()),
                Vec::<PathBuf>::new(),
                "at {level}"
            );
            let err = scene.text("err");
            assert!(
                err.contains("removed the private directories of run"),
                "at {level}: {err}"
            );
            let records = scene.place().join("runtime/guardrun");
            let left = fs::read_dir(records)
                .expect("records")
                .flatten()
                .filter(|it| it.path().extension().is_some_and(|it| it == "json"));
            assert_eq!(left.count(), 0, "at {level}");
        }
    });
}

/// "Removal only of paths the run created": what has taken their place since is somebody's.
#[test]
fn the_sweep_leaves_alone_what_has_taken_their_place() {
    daemon_test(|| {
        let bench = Bench::new();
        let mut scene = ready(&bench, "subreaper", true);
        kill_both(&scene).expect("both can be killed");
        let made = directories(scene.place())
            .pop()
            .expect("nobody was left to remove it");
        let moved = scene.place().join("moved");
        fs::rename(&made, &moved).expect("it can be renamed");
        fs::create_dir_all(made.join("precious")).expect("another");
        assert_eq!(
            scene.run_again(),
            Some(Ended::Exited(0)),
            "{}",
            scene.report("")
        );
        scene.empty_within(PATIENCE).expect("nothing is left");
        assert!(made.join("precious").exists() && moved.join("tmp/d/1").exists());
        let err = scene.text("err");
        assert!(err.contains("it is not the one that was made"), "{err}");
    });
}

#[test]
fn five_thousand_files_are_counted_and_gone() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in levels(&bench) {
            let text = r#"cd "$TMPDIR" && seq 5000 | xargs touch"#;
            let mut scene = script(&bench, User::present(), level, text).start();
            assert_eq!(
                scene.wait_for_end(),
                Some(Ended::Exited(0)),
                "{}",
                scene.report(level)
            );
            let err = scene.text("err");
            assert!(
                err.contains("left 5000 files in its private TMPDIR, removed"),
                "{err}"
            );
            assert_eq!(
                directories(scene.place()),
                Vec::<PathBuf>::new(),
                "at {level}"
            );
        }
    });
}

#[test]
fn hostile_contents_go_and_what_they_point_to_stays() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in levels(&bench) {
            let text = r#"
                cd "$TMPDIR" && mkdir "$OUTSIDE" && echo x > "$OUTSIDE/precious" || exit 3
                ln -s "$OUTSIDE" link; ln -s / root; mkdir -p a/b; ln -s "$OUTSIDE" a/b/link
                mkfifo fifo; "$ACTOR" bind "$XDG_RUNTIME_DIR/a-socket-with-a-name-of-usual-length.sock" || exit 4
                touch "$(printf 'line\nbreak')" "$(printf '\377\376')" -- -rf
                mkdir closed && touch closed/x && chmod 0 closed a/b a
                i=0; while [ $i -lt 1000 ]; do mkdir d && cd d || exit 5; i=$((i+1)); done
                chmod 0 "$HOME" "$TMPDIR""#;
            let run = script(&bench, User::present(), level, text);
            let outside = run.news().with_file_name("outside");
            let mut scene = run.variable("OUTSIDE", outside.clone()).start();
            assert_eq!(
                scene.wait_for_end(),
                Some(Ended::Exited(0)),
                "{}",
                scene.report(level)
            );
            assert_eq!(
                directories(scene.place()),
                Vec::<PathBuf>::new(),
                "{}",
                scene.report(level)
            );
            assert!(outside.join("precious").exists(), "at {level}");
            let err = scene.text("err");
            assert!(
                err.contains("left 8 files and 1003 directories in its private TMPDIR"),
                "{err}"
            );
            assert!(
                err.contains("left 1 file in its private XDG_RUNTIME_DIR"),
                "{err}"
            );
        }
    });
}

/// A directory of the same file system that is mounted inside looks like any other, but for its mount.
#[test]
fn what_is_mounted_inside_is_not_entered_and_is_named() {
    daemon_test(|| {
        if User::present() != User::Root {
            return gate::skip("a mount inside", "only root can mount");
        }
        let bench = Bench::new();
        for level in levels(&bench) {
            let text = r#"
                mkdir -p "$OUTSIDE/sub" "$TMPDIR/a/bound" "$TMPDIR/a/other" && touch "$OUTSIDE/precious" "$TMPDIR/a/file" &&
                mount --bind "$OUTSIDE" "$TMPDIR/a/bound" && mount -t tmpfs none "$TMPDIR/a/other" &&
                mount --bind "$OUTSIDE" "$HOME""#;
            let run = script(&bench, User::Root, level, text);
            let outside = run.news().with_file_name("outside");
            let mut scene = run.variable("OUTSIDE", outside.clone()).start();
            assert_eq!(
                scene.wait_for_end(),
                Some(Ended::Exited(0)),
                "{}",
                scene.report(level)
            );
            assert!(
                outside.join("precious").exists() && outside.join("sub").exists(),
                "at {level}"
            );
            let err = scene.text("err");
            // In a mount namespace of its own a mount ends with the run.
            let stays = level != "namespace";
            assert_eq!(
                err.contains("something is mounted there"),
                stays,
                "at {level}: {err}"
            );
            assert_eq!(
                directories(scene.place()).len(),
                usize::from(stays),
                "at {level}: {err}"
            );
            assert!(
                err.contains("left ") && err.contains("in its private TMPDIR, removed"),
                "{err}"
            );
        }
    });
}

#[test]
fn what_belongs_to_others_is_named_and_the_verdict_stays() {
    daemon_test(|| {
        if User::present() != User::Root {
            return gate::skip("files of others", "only root can put them there");
        }
        let bench = Bench::new();
        let text = r#"echo ready > "$NEWS"; read line < "$GO"; exit 7"#;
        let run = script(&bench, User::Ordinary, "subreaper", text);
        let go = run.news().with_file_name("go");
        nix::unistd::mkfifo(&go, nix::sys::stat::Mode::from_bits_truncate(0o666)).expect("a fifo");
        nix::sys::stat::fchmodat(
            nix::fcntl::AT_FDCWD,
            &go,
            nix::sys::stat::Mode::from_bits_truncate(0o666),
            nix::sys::stat::FchmodatFlags::FollowSymlink,
        )
        .expect("for everybody");
        let mut scene = run.variable("GO", go.clone()).start();
        scene.wait_until_ready().expect("the suite is there");
        let made = directories(scene.place()).pop().expect("its directories");
        fs::create_dir_all(made.join("tmp/theirs/inner")).expect("root may");
        fs::write(&go, "go\n").expect("the suite reads");
        assert_eq!(
            scene.wait_for_end(),
            Some(Ended::Exited(7)),
            "{}",
            scene.report("")
        );
        let err = scene.text("err");
        assert!(
            err.contains("tmp/theirs in ") && err.contains("it belongs to user 0"),
            "{err}"
        );
        assert!(made.join("tmp/theirs/inner").exists() && !made.join("home").exists());
    });
}

#[test]
fn guardruns_records_do_not_move_and_a_guardrun_inside_works() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in levels(&bench) {
            let text = r#"
                ls "$RECORDS" | grep -q "$GUARDRUN_RUN_ID.json" || exit 3
                test ! -e "$XDG_RUNTIME_DIR/guardrun" || exit 4
                "$GUARDRUN" --level subreaper --policy "$POLICY" -- sh -c 'touch "$TMPDIR/x"; test -d "$OUTER/guardrun"' || exit 5
                test -z "$(ls -A "$TMPDIR")" || exit 6"#;
            let text = format!("export OUTER=\"$XDG_RUNTIME_DIR\"; {text}");
            let run = script(&bench, User::present(), level, &text);
            let place = run.news().with_file_name("");
            let mut scene = run
                .variable("RECORDS", place.join("runtime/guardrun"))
                .variable("POLICY", place.join("guardrun.toml"))
                .variable("GUARDRUN", bench.guardrun())
                .start();
            assert_eq!(
                scene.wait_for_end(),
                Some(Ended::Exited(0)),
                "{}",
                scene.report(level)
            );
            assert_eq!(
                directories(scene.place()),
                Vec::<PathBuf>::new(),
                "at {level}"
            );
        }
    });
}

#[test]
fn a_run_that_cannot_be_held_leaves_no_directories() {
    daemon_test(|| {
        let bench = Bench::new();
        let run = script(&bench, User::present(), "subreaper", "true")
            .option(["--at-least", "subreaper"]);
        let mut scene = run.suite(["/nowhere/at/all"]).start();
        assert_eq!(
            scene.wait_for_end(),
            Some(Ended::Exited(127)),
            "{}",
            scene.report("")
        );
        assert_eq!(directories(scene.place()), Vec::<PathBuf>::new());
    });
}

#[test]
fn a_machine_is_told_what_was_left() {
    daemon_test(|| {
        let bench = Bench::new();
        let text = r#"touch "$TMPDIR/a" "$TMPDIR/b""#;
        let run = script(&bench, User::present(), "subreaper", text).option(["--json"]);
        let mut scene = run.start();
        assert_eq!(
            scene.wait_for_end(),
            Some(Ended::Exited(0)),
            "{}",
            scene.report("")
        );
        let err = scene.text("err");
        let line = err.lines().last().expect("one line of JSON");
        let said: serde_json::Value = serde_json::from_str(line).expect("JSON");
        let left = &said["private"]["left"];
        assert_eq!(
            left,
            &serde_json::json!([{ "variable": "TMPDIR", "files": 2, "directories": 0 }])
        );
        assert_eq!(said["private"]["finished"], true);
    });
}
