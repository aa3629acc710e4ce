//! "A run leaves a receipt bound to commit, dirty state, policy hash, suite, counts, level." Nothing here outlives its test.

use super::repository::{PASS, Repository, git, json, receipts_in, repository, told};
use crate::cli::guardrun;
use crate::scratch::Scratch;
use boon::{Compiler, Schemas};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// Panics with the reason where the published schema does not agree.
#[track_caller]
pub(super) fn agrees(schema: &str, value: &Value) {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.enable_format_assertions();
    let schema = serde_json::from_str(schema).expect("the schema is JSON");
    compiler
        .add_resource("schema.json", schema)
        .expect("a schema");
    let schema = compiler
        .compile("schema.json", &mut schemas)
        .expect("it compiles");
    if let Err(error) = schemas.validate(value, schema) {
        panic!("{error:#}\nin {value:#}");
    }
}

/// The one receipt that there is.
#[track_caller]
fn receipt(repository: &Repository) -> Value {
    let files = repository.receipts();
    assert_eq!(files.len(), 1, "{files:?}");
    let receipt = json(&files[0]);
    agrees(guardrun::receipt::SCHEMA, &receipt);
    receipt
}

/// The same, which is removed.
#[track_caller]
fn taken(repository: &Repository) -> Value {
    let receipt = receipt(repository);
    fs::remove_dir_all(repository.path().join(".git/guardrun")).expect("receipts");
    receipt
}

#[test]
fn a_run_of_a_suite_leaves_one_that_says_what_was_run_and_what_came_of_it() {
    let Some(repository) = repository("a receipt") else {
        return;
    };
    let output = repository.run("d", PASS);
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let receipt = receipt(&repository);
    assert_eq!(receipt["commit"], repository.head());
    assert_eq!(receipt["tree"]["state"], "clean");
    assert_eq!(receipt["policy"]["file"], "guardrun.toml");
    let sum = guardrun::policy::receipts::Digest::of(
        &fs::read(repository.path().join("guardrun.toml")).expect("the policy"),
    );
    assert_eq!(receipt["policy"]["sha256"], sum.to_string());
    assert_eq!(receipt["suite"], "d");
    assert_eq!(receipt["gates"][0]["gate"], "live");
    assert_eq!(receipt["passed"], true);
    assert_eq!(receipt["required"], false);
    assert_eq!(
        (&receipt["proof"]["executed"], &receipt["proof"]["passed"]),
        (&2.into(), &2.into())
    );
    assert_eq!(receipt["attempts"], 1);
    // No change of the repository, to git either.
    assert_eq!(repository.git(&["status", "--porcelain"]), "");
}

#[test]
fn a_run_that_failed_leaves_one_that_says_so() {
    let Some(repository) = repository("a receipt of a failure") else {
        return;
    };
    for (feed, code, verdicts, class) in [
        ("exit 3", Some(3), vec![], "failed"),
        ("kill -SEGV $$", None, vec![], "crashed"),
        ("true", Some(47), vec!["unproven"], "passed"),
    ] {
        assert_eq!(repository.run("d", feed).status.code(), code);
        let receipt = taken(&repository);
        assert_eq!(receipt["passed"], false, "{feed}");
        assert_eq!(receipt["verdicts"], serde_json::json!(verdicts));
        assert_eq!(receipt["class"], class);
    }
}

#[test]
fn what_was_not_started_and_what_is_no_suite_leaves_none() {
    let Some(repository) = repository("no receipt") else {
        return;
    };
    let closed = repository
        .guardrun(&["run", "d"])
        .env("LIVE_TESTS", "0")
        .output()
        .unwrap();
    assert_eq!(closed.status.code(), Some(40));
    let dry = repository
        .guardrun(&["run", "--dry-run", "d"])
        .output()
        .unwrap();
    assert_eq!(dry.status.code(), Some(0));
    let command = repository.guardrun(&["--", "true"]).output().unwrap();
    assert_eq!(command.status.code(), Some(0));
    repository.policy(|policy| policy + "[suite.m]\ncommand = ['no-such-program-anywhere']\n");
    assert_eq!(repository.run("m", "").status.code(), Some(127));
    assert!(!repository.path().join(".git/guardrun").exists());
}

/// "Dirty state": what is changed, what nobody has committed, and what changes while it runs.
#[test]
fn what_is_changed_is_told() {
    let Some(repository) = repository("changed files") else {
        return;
    };
    let tree = |feed: &str| {
        repository.run("d", feed);
        taken(&repository)["tree"].clone()
    };
    repository.run("u", "true");
    let unasked = taken(&repository)["tree"].clone();
    assert_eq!(
        unasked["why"],
        "the suite has nothing to prove, so git was not asked"
    );
    assert_eq!(tree("echo > written-by-the-suite")["state"], "clean");
    // By now it is there before the run.
    let untracked = tree("true");
    assert_eq!(
        (&untracked["state"], &untracked["untracked"]),
        (&"changed".into(), &1.into())
    );
    assert_eq!(untracked["examples"][0], "written-by-the-suite");
    fs::remove_file(repository.path().join("written-by-the-suite")).unwrap();
    let during = tree("echo >> code");
    assert_eq!(
        (&during["changed"], &during["during_the_run"]),
        (&1.into(), &true.into())
    );
    let changed = tree("true");
    assert_eq!(
        (&changed["changed"], &changed["during_the_run"]),
        (&1.into(), &false.into())
    );
    repository.git(&["add", "code"]);
    assert_eq!(
        tree("true")["changed"],
        1,
        "in the index is not in the commit"
    );
    repository.commit();
    assert_eq!(tree("true")["state"], "clean");
    let moved = tree("git -c user.name=n -c user.email=e commit -q --allow-empty -m x");
    assert_eq!(
        (&moved["state"], &moved["to"]),
        (&"moved".into(), &repository.head().into())
    );
}

/// "Unknown must be said to be unknown."
#[test]
fn without_git_it_is_unknown_whether_anything_is_changed() {
    let Some(repository) = repository("no git") else {
        return;
    };
    let programs = Scratch::new();
    for program in ["sh", "mkdir", "true"] {
        let found = std::env::split_paths(&std::env::var_os("PATH").unwrap())
            .map(|directory| directory.join(program))
            .find(|path| path.exists());
        symlink(found.expect("a program"), programs.path().join(program)).unwrap();
    }
    let run = |path: &Path| {
        let mut command = repository.guardrun(&["run", "d"]);
        let output = command
            .env("PATH", path)
            .env("FEED", PASS)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    };
    run(programs.path());
    assert_eq!(repository.missing(&[]), ["unknown-tree"]);
    let receipt = taken(&repository);
    assert_eq!(
        receipt["commit"],
        repository.head(),
        "that is read from files"
    );
    assert_eq!(receipt["tree"]["why"], "git is not installed here");
    // One that answers with an error is told in its own words.
    let script = "#!/bin/sh\necho 'fatal: not today' >&2\nexit 128\n";
    let fake = programs.file("git", script);
    fs::set_permissions(&fake, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    run(programs.path());
    let why = taken(&repository)["tree"]["why"].to_string();
    assert!(
        why.contains("git refused and said: fatal: not today"),
        "{why}"
    );
}

/// A hook of git's sets variables that lead elsewhere.
#[test]
fn the_repository_is_the_one_that_the_policy_is_in_whatever_the_environment_says() {
    let Some(repository) = repository("another repository") else {
        return;
    };
    let other = Scratch::new();
    let made = git(other.path())
        .args(["init", "-q", "."])
        .status()
        .unwrap();
    assert!(made.success());
    other.file("in-no-commit", "");
    let mut command = repository.guardrun(&["run", "d"]);
    command
        .env("FEED", PASS)
        .env("GIT_DIR", other.path().join(".git"));
    command
        .env("GIT_WORK_TREE", other.path())
        .env("GIT_INDEX_FILE", other.path().join("x"));
    assert_eq!(command.output().unwrap().status.code(), Some(0));
    assert_eq!(taken(&repository)["tree"]["state"], "clean");
    // One that is broken is not taken for the one that it lies in.
    let inner = repository.path().join("inner");
    fs::create_dir_all(inner.join(".git")).unwrap();
    fs::write(inner.join(".git/HEAD"), "").unwrap();
    fs::copy(
        repository.path().join("guardrun.toml"),
        inner.join("guardrun.toml"),
    )
    .unwrap();
    let mut command = guardrun(&inner);
    let output = command
        .args(["run", "u"])
        .env("FEED", "true")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let files = receipts_in(&inner.join(".git/guardrun/receipts"));
    assert_eq!(json(&files[0])["commit"], Value::Null);
    assert_eq!(json(&files[0])["tree"]["state"], "unknown");
}

#[test]
fn each_worktree_has_its_own() {
    let Some(repository) = repository("a worktree") else {
        return;
    };
    let place = Scratch::new();
    let tree = place.path().join("tree");
    repository.git(&[
        "worktree",
        "add",
        "-q",
        tree.to_str().unwrap(),
        "-b",
        "side",
    ]);
    let run = |words: &[&str]| {
        let mut command = guardrun(&tree);
        command.args(words).env("LIVE_TESTS", "1").env("FEED", PASS);
        command.output().unwrap().status.code()
    };
    assert_eq!(run(&["run", "d"]), Some(0));
    assert_eq!(run(&["verify"]), Some(0));
    assert!(repository.receipts().is_empty());
    assert_eq!(repository.missing(&[]), ["no-receipt"]);
}

/// "The policy's `receipts`", and none where there is no place.
#[test]
fn the_policy_can_say_where_and_outside_of_a_repository_it_has_to() {
    let scratch = Scratch::new();
    let policy = "[suite.u]\ncommand = ['true']\n";
    let run = || {
        let output = guardrun(scratch.path())
            .args(["run", "u"])
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        told(&output)
    };
    // Scratch directories lie below our own repository: this one is none.
    scratch.file(".git", "gitdir: nowhere\n");
    scratch.file("guardrun.toml", policy);
    assert!(!run().contains("receipt"), "nobody has asked for one");
    scratch.file(
        "guardrun.toml",
        format!("receipts = 'some/where'\n{policy}"),
    );
    run();
    let place = scratch.path().join("some/where");
    let files = receipts_in(&place);
    assert_eq!(
        json(&files[0])["tree"]["why"],
        "they are in no git repository"
    );
    assert_eq!(fs::read_to_string(place.join(".gitignore")).unwrap(), "*\n");
}

/// "Unwritable: told, never changes a pass to a lie; under `--require` it is a failure."
#[test]
fn one_that_cannot_be_written_is_told_and_where_the_suite_is_required_it_fails() {
    let Some(repository) = repository("an unwritable receipt") else {
        return;
    };
    repository.file(".git/guardrun", "in the way");
    let run = |words: &[&str], feed: &str| {
        let output = repository
            .guardrun(words)
            .env("FEED", feed)
            .output()
            .unwrap();
        let told = told(&output);
        assert!(
            told.contains("could not write the run's receipt into "),
            "{told}"
        );
        (output.status.code(), told)
    };
    assert_eq!(run(&["run", "d"], PASS).0, Some(0));
    assert_eq!(run(&["run", "d"], "exit 3").0, Some(3));
    let (code, told) = run(&["run", "--require", "d"], PASS);
    assert_eq!(code, Some(47));
    assert!(
        told.contains("unproven: d passed, and left no receipt"),
        "{told}"
    );
    assert_eq!(run(&["run", "--require", "d"], "exit 3").0, Some(3));
}

#[test]
fn the_newest_of_each_suite_are_kept() {
    let Some(repository) = repository("many receipts") else {
        return;
    };
    repository.run("u", "true");
    let own = repository.receipts().remove(0);
    for number in 0..60 {
        for suite in ["u", "other"] {
            let copy = own.with_file_name(format!("{suite}.{number:012x}.receipt.json"));
            fs::copy(&own, &copy).unwrap();
        }
    }
    repository.run("u", "true");
    let of = |suite: &str| {
        let files = repository.receipts();
        let of = files.iter().filter(|file| {
            file.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(&format!("{suite}."))
        });
        of.count()
    };
    assert_eq!((of("u"), of("other")), (50, 60));
}

/// A command can be two suites at once; each owes its own proof, and has its own receipt.
#[test]
fn a_run_that_is_two_suites_leaves_two() {
    let Some(repository) = repository("two suites") else {
        return;
    };
    let words = ["--suite", "u", "--", "sh", "-c", "eval \"$FEED\""];
    let output = repository
        .guardrun(&words)
        .env("FEED", PASS)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let receipts: Vec<Value> = repository
        .receipts()
        .iter()
        .map(|file| json(file))
        .collect();
    let suites: Vec<_> = receipts.iter().map(|receipt| &receipt["suite"]).collect();
    assert_eq!(suites, ["d", "u"]);
    assert_eq!(receipts[0]["proof"]["executed"], 2);
    assert_eq!(receipts[1]["proof"], Value::Null);
}

/// What is left of a run that turned out to be unproven does not say that it passed.
#[test]
fn one_of_two_that_cannot_be_written_takes_the_other_with_it_where_the_suites_are_required() {
    let Some(repository) = repository("one of two") else {
        return;
    };
    // The name of a file that is being written has a dot, the suite, a dot and the run: a suite with too long a name cannot have one.
    let long = "u".repeat(240);
    repository.policy(|policy| {
        policy
            + &format!("[suite.{long}]\ncommand = ['true']\nproof = {{ report = 'out/report' }}\n")
    });
    let run = |words: &[&str]| {
        let mut all = words.to_vec();
        all.extend(["--suite", &long, "--", "sh", "-c", "eval \"$FEED\""]);
        let output = repository
            .guardrun(&all)
            .env("FEED", PASS)
            .output()
            .unwrap();
        (output.status.code(), repository.receipts().len())
    };
    assert_eq!(run(&[]), (Some(0), 1));
    fs::remove_dir_all(repository.path().join(".git/guardrun")).unwrap();
    assert_eq!(run(&["--require"]), (Some(47), 0));
}

/// "Without a file system monitor, which would be a daemon, and without its optional locks."
#[test]
fn asking_git_starts_no_monitor_and_writes_nothing() {
    let Some(repository) = repository("git is only asked") else {
        return;
    };
    let monitor = repository.file(".git/monitor", "#!/bin/sh\n: > .git/was-asked\n");
    fs::set_permissions(
        &monitor,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();
    repository.git(&["config", "core.fsmonitor", monitor.to_str().unwrap()]);
    // The same content with another time: git would like to note that.
    repository.file("code", "one\n");
    let index = repository.path().join(".git/index");
    let before = fs::read(&index).unwrap();
    assert_eq!(repository.run("d", PASS).status.code(), Some(0));
    assert_eq!(receipt(&repository)["tree"]["state"], "clean");
    assert!(!repository.path().join(".git/was-asked").exists());
    assert_eq!(fs::read(&index).unwrap(), before);
}

/// What git keeps in another way than this program reads is told by git.
#[test]
fn commits_of_sha_256_and_references_in_tables_are_known() {
    for format in ["--object-format=sha256", "--ref-format=reftable"] {
        let Some(repository) = repository(format) else {
            return;
        };
        fs::remove_dir_all(repository.path().join(".git")).unwrap();
        let made = git(repository.path()).args(["init", "-q", format]).status();
        if !made.is_ok_and(|made| made.success()) {
            crate::support::gate::skip(format, "this git does not know it");
            continue;
        }
        repository.commit();
        assert_eq!(repository.run("d", PASS).status.code(), Some(0));
        assert_eq!(
            receipt(&repository)["commit"],
            repository.head(),
            "{format}"
        );
        assert_eq!(repository.missing(&[]), [""; 0], "{format}");
    }
}

proptest::proptest! {
    /// "Huge, binary, corrupt": whatever is in the file, it is read or refused, and never more than that.
    #[test]
    fn a_receipt_with_a_byte_that_is_another_is_read_or_refused(at in 0_usize..2000, byte: u8, rest: Vec<u8>) {
        let good = include_bytes!("receipt.json");
        let mut bytes = good.to_vec();
        // Never behind the last brace.
        let at = at % (bytes.len() - 2);
        bytes[at] = byte;
        let _ = guardrun::receipt::parse(&bytes);
        let _ = guardrun::receipt::parse(&rest);
        assert!(guardrun::receipt::parse(&bytes[..at]).is_err(), "cut off at {at}");
        assert!(guardrun::receipt::parse(good).is_ok());
    }
}
