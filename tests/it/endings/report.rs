//! "`--report FILE`": whole or not there, found unwritable before anything runs, and true also when nothing was run.

use super::{agrees_with_the_schema, record};
use crate::cli::{guardrun, with_policy};
use crate::scratch::Scratch;
use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::gate;
use crate::support::room::daemon_test;
use crate::support::run::Run;
use serde_json::{Value, json};
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Output};

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The names in a directory that are no policy and no repository.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .expect("a directory")
        .map(|entry| {
            let name = entry.expect("an entry").file_name();
            name.to_string_lossy().into_owned()
        })
        .filter(|name| name != "guardrun.toml" && name != ".git")
        .collect();
    names.sort();
    names
}

#[test]
fn the_schema_that_is_printed_is_the_one_that_is_published() {
    let scratch = Scratch::new();
    let print = |args: &[&str]| {
        let output = guardrun(scratch.path()).args(args).output();
        String::from_utf8(output.expect("guardrun").stdout).expect("text")
    };
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs");
    let published = |name: &str| fs::read_to_string(docs.join(name)).expect("a document");
    assert_eq!(
        print(&["schema", "--of", "report"]),
        published("guardrun-report.schema.json")
    );
    assert_eq!(
        print(&["schema", "--of", "policy"]),
        published("guardrun.schema.json")
    );
    assert_eq!(print(&["schema"]), published("guardrun.schema.json"));
}

#[test]
fn the_line_of_json_and_the_report_are_one_record() {
    let scratch = with_policy();
    let output = guardrun(scratch.path())
        .args(["--json", "--report", "r.json", "--", "sh", "-c", "exit 3"])
        .output()
        .expect("guardrun");
    let line: Value = serde_json::from_str(&told(&output)).expect("one line of JSON");
    agrees_with_the_schema(&line);
    assert_eq!(line, record(&scratch.path().join("r.json")));
    assert!(line["usage"]["largest_resident_bytes"].is_u64());
    assert_eq!(line["host"]["uid"], nix::unistd::geteuid().as_raw());
}

/// The twin of a run: nothing was started, and the report says so, with nothing of yesterday in it.
#[test]
fn what_was_refused_is_in_the_report_too() {
    let scratch = with_policy();
    let path = scratch.file("r.json", "of yesterday");
    for (args, code, verdict) in [
        (vec!["run", "--report", "r.json", "daemon"], 40, "refused"),
        (
            vec!["--report", "r.json", "--suite", "none", "--", "true"],
            2,
            "usage",
        ),
        (
            vec![
                "--policy",
                "absent.toml",
                "--report",
                "r.json",
                "--",
                "true",
            ],
            41,
            "bad-policy",
        ),
    ] {
        let output = guardrun(scratch.path()).args(&args).output();
        let output = output.expect("guardrun");
        assert_eq!(
            output.status.code(),
            Some(code),
            "{args:?}: {}",
            told(&output)
        );
        let told = record(&path);
        assert_eq!(told["verdicts"], json!([verdict]), "{args:?}");
        assert_eq!(told["end"]["name"], "not-run");
        assert_eq!(told["class"], "not-started");
    }
}

#[test]
fn there_is_no_report_while_the_suite_runs_and_no_trace_besides_it_afterwards() {
    let scratch = with_policy();
    scratch.file("r.json", "of yesterday");
    let output = guardrun(scratch.path())
        .args(["-q", "--report", "r.json", "--", "sh", "-c", "ls -A >&2"])
        .output()
        .expect("guardrun");
    let seen = told(&output);
    let seen: Vec<_> = seen.lines().collect();
    assert_eq!(seen, [".git", "guardrun.toml"]);
    assert_eq!(names(scratch.path()), ["r.json"]);
    record(&scratch.path().join("r.json"));
}

#[test]
fn a_dry_run_touches_no_report() {
    let scratch = with_policy();
    let path = scratch.file("r.json", "of yesterday");
    let output = guardrun(scratch.path())
        .args(["--dry-run", "--report", "r.json", "--", "true"])
        .output()
        .expect("guardrun");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(
        fs::read_to_string(path).expect("it is there"),
        "of yesterday"
    );
}

#[test]
fn a_report_onto_stdout_comes_after_what_the_suite_has_said() {
    let scratch = with_policy();
    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let args = ["-q", "--report", name, "--", "echo", "said"];
        let piped = guardrun(scratch.path()).args(args).output();
        let piped = String::from_utf8(piped.expect("guardrun").stdout).expect("text");
        // A file that several have as their stdout is neither emptied nor renamed away.
        let path = scratch.file("out", "");
        let out = File::options().append(true).open(&path).expect("a file");
        let status = guardrun(scratch.path()).args(args).stdout(out).status();
        assert!(status.expect("guardrun").success());
        for text in [piped, fs::read_to_string(&path).expect("text")] {
            let rest = text.strip_prefix("said\n").expect("the suite's word first");
            agrees_with_the_schema(&serde_json::from_str(rest).expect("JSON"));
        }
        // Several write to it one after the other, as in a shell's list.
        let output = Command::new("sh")
            .args(["-c", "exec >out2; echo before; \"$0\" \"$@\"; echo after"])
            .arg(env!("CARGO_BIN_EXE_guardrun"))
            .args(args)
            .current_dir(scratch.path())
            .output();
        assert!(output.expect("a shell").status.success());
        let text = fs::read_to_string(scratch.path().join("out2")).expect("text");
        assert!(
            text.starts_with("before\nsaid\n{") && text.ends_with("}\nafter\n"),
            "{text}"
        );
    }
}

#[test]
fn a_report_into_a_pipe_is_read_by_whoever_comes() {
    let scratch = with_policy();
    let path = scratch.path().join("pipe");
    nix::unistd::mkfifo(&path, nix::sys::stat::Mode::from_bits_truncate(0o600)).expect("a fifo");
    let reader = {
        let path = path.clone();
        std::thread::spawn(move || fs::read_to_string(path))
    };
    let status = guardrun(scratch.path())
        .args(["-q", "--report", "pipe", "--", "true"])
        .status();
    assert_eq!(status.expect("guardrun").code(), Some(0));
    let text = reader.join().expect("a reader").expect("text");
    agrees_with_the_schema(&serde_json::from_str(&text).expect("JSON"));
    // And nobody has to come: a pipe without a reader keeps no run waiting.
    let status = guardrun(scratch.path())
        .args(["-q", "--report", "pipe", "--", "sh", "-c", "exit 3"])
        .status();
    assert_eq!(status.expect("guardrun").code(), Some(3));
}

#[test]
fn a_report_that_may_not_be_replaced_stops_before_anything_runs() {
    if nix::unistd::geteuid().is_root() {
        return gate::skip(
            "a file that may not be written",
            "root may write every file",
        );
    }
    let scratch = with_policy();
    let path = scratch.file("r.json", "kept");
    fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o400))
        .expect("a mode");
    let output = guardrun(scratch.path())
        .args(["--report", "r.json", "--", "touch", "ran"])
        .output()
        .expect("guardrun");
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
    assert!(!scratch.path().join("ran").exists());
    assert_eq!(fs::read_to_string(path).expect("text"), "kept");
}

/// "Full disk says so and does not change the verdict."
#[test]
fn a_disk_that_is_full_in_the_end_is_said_and_changes_no_verdict() {
    daemon_test(|| {
        let scratch = with_policy();
        let script = "mount -t tmpfs -o size=64k none . && cd . && cd \"$PWD\" && \
            \"$0\" -q --report r.json -- sh -c 'dd if=/dev/zero of=fill bs=4k 2>/dev/null; exit 3'; \
            code=$?; ls -A; exit $code";
        let mut unshare = Command::new("unshare");
        if nix::unistd::geteuid().is_root() {
            unshare.arg("--mount");
        } else {
            unshare.args(["--user", "--map-root-user", "--mount"]);
        }
        let disk = scratch.directory("disk");
        let output = unshare
            .args(["sh", "-c", script])
            .arg(env!("CARGO_BIN_EXE_guardrun"))
            .current_dir(&disk)
            .output()
            .expect("unshare");
        let said = told(&output);
        if said.contains("unshare:") || said.contains("mount:") {
            return gate::skip("a full disk", said.trim());
        }
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains("could not write the report r.json"), "{said}");
        assert!(said.contains("No space left"), "{said}");
        let left = String::from_utf8_lossy(&output.stdout).into_owned();
        assert_eq!(left, "fill\n", "neither half a report nor a trace of one");
    });
}

/// "A crash leaves either nothing or a whole one."
#[test]
fn a_guardrun_that_is_killed_leaves_no_report_and_no_half_of_one() {
    daemon_test(|| {
        let bench = Bench::new();
        let run = Run::held(&bench, User::present(), "subreaper").option(["--report", "r.json"]);
        let news = run.news().to_owned();
        let suite = "echo ready >\"$NEWS\"; exec sleep 120";
        let mut scene = run
            .variable("NEWS", news)
            .suite(["sh", "-c", suite])
            .start();
        fs::write(scene.place().join("work/other"), "").expect("a file");
        scene.wait_until_ready().expect("the suite is ready");
        scene.front().expect("the front").signal(libc::SIGKILL);
        if let Err(left) = scene.empty_within(PATIENCE) {
            panic!("{left:#?}");
        }
        assert_eq!(names(&scene.place().join("work")), ["other"]);
    });
}
