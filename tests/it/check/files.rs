//! The command on real files: what it prints, how it exits, and that no file makes it stumble.

use crate::scratch::Scratch;
use std::process::{Command, Output, Stdio};

fn check(scratch: &Scratch, arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_guardrun"));
    let clean = ["PATH", "HOME"].into_iter();
    command
        .arg("check")
        .args(arguments)
        .current_dir(scratch.path())
        .env_clear()
        .envs(clean.filter_map(|name| Some((name, std::env::var_os(name)?))))
        .envs(variables.iter().copied())
        .stdin(Stdio::null());
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A repository with a lane, and with an opt-in in .envrc.
fn repository() -> Scratch {
    let scratch = Scratch::new();
    scratch.file(".git/HEAD", "");
    scratch.file("guardrun.toml", super::POLICY);
    let lane = super::workflow("      - run: APP_DAEMON_TESTS=1 guardrun run daemon\n");
    scratch.file(super::CI, lane);
    scratch.file(".envrc", "export APP_DAEMON_TESTS=1\n");
    scratch
}

#[test]
fn people_get_place_excerpt_reason_and_remedy_and_exit_code_1() {
    let scratch = repository();
    let output = check(&scratch, &[], &[]);
    assert_eq!(output.status.code(), Some(1));
    let said = text(&output);
    for part in [
        ".envrc:1:8: error: APP_DAEMON_TESTS is set to 1 here, and direnv gives it to every shell in this directory [arms-workstation]\n",
        "1 | export APP_DAEMON_TESTS=1\n  |        ^^^^^^^^^^^^^^^^^^\n",
        "why: whoever has the repository has the gate open",
        "hint: take it out; CI, or a disposable box: just test-daemon is the place to run it\n",
        "guardrun.toml: 1 error, 0 warnings; 1 gated suite\n",
    ] {
        assert!(said.contains(part), "{part}\n---\n{said}");
    }
    std::fs::remove_file(scratch.path().join(".envrc")).unwrap();
    let output = check(&scratch, &[], &[]);
    assert_eq!(
        (output.status.code(), text(&output).as_str()),
        (
            Some(0),
            "guardrun.toml: 0 errors, 0 warnings; 1 gated suite\n"
        )
    );
    assert_eq!(text(&check(&scratch, &["-q"], &[])), "");
}

#[test]
fn json_keeps_to_its_schema() {
    let scratch = repository();
    scratch.file(
        "justfile",
        "t:\n    APP_DAEMON_TESTS=1 guardrun run daemon | tee x\n",
    );
    let output = check(&scratch, &["--json"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let schema: serde_json::Value = serde_json::from_str(guardrun::report::CHECK_SCHEMA).unwrap();
    let (mut schemas, mut compiler) = (boon::Schemas::new(), boon::Compiler::new());
    compiler.add_resource("check.json", schema.clone()).unwrap();
    let index = compiler.compile("check.json", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(&value, index) {
        panic!("{error:#}\n{value:#}");
    }
    // Each rule is in it.
    let rules = &schema["$defs"]["rule"]["enum"];
    let known: Vec<&str> = rules
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|it| it.as_str())
        .collect();
    let all: Vec<&str> = guardrun::policy::rule::Rule::ALL
        .iter()
        .map(|it| it.name())
        .collect();
    assert_eq!(known, all);
    assert_eq!(value["findings"][0]["rule"], "arms-workstation");
    assert_eq!(value["errors"], 2);
    let printed = Command::new(env!("CARGO_BIN_EXE_guardrun"))
        .args(["schema", "--of", "check"])
        .output()
        .unwrap();
    assert_eq!(printed.stdout, guardrun::report::CHECK_SCHEMA.as_bytes());
}

#[test]
fn github_gets_an_annotation_for_each_finding_at_its_line() {
    let scratch = repository();
    let on_github = [("GITHUB_ACTIONS", "true")];
    let said = text(&check(&scratch, &[], &on_github));
    assert!(said.contains("\n::error file=.envrc,line=1,col=8,title=guardrun check%3A arms-workstation::APP_DAEMON_TESTS is set"), "{said}");
    assert!(!text(&check(&scratch, &["--no-github"], &on_github)).contains("::error"));
    assert!(!text(&check(&scratch, &["--json"], &on_github)).contains("::error"));
}

#[test]
fn what_cannot_be_read_is_a_finding_and_no_crash() {
    let scratch = repository();
    std::fs::remove_file(scratch.path().join(".envrc")).unwrap();
    scratch.file(".github/workflows/broken.yml", "on: push\njobs: [\n");
    scratch.file(".github/workflows/binary.yml", b"on: push\n\0\x01");
    scratch.file(".github/workflows/latin.yml", b"on: push # \xe4\n");
    scratch.file(".github/workflows/huge.yml", "#".repeat(2 * 1024 * 1024));
    scratch.file("package.json", "{\"scripts\": {");
    scratch.file("web/package.json", "{}");
    let link = |target: &str, name: &str| {
        std::os::unix::fs::symlink(target, scratch.path().join(name)).unwrap()
    };
    link("loop.yml", ".github/workflows/loop.yml");
    link("/etc/passwd", ".env");
    link(".", "around");
    nix::unistd::mkfifo(
        &scratch.path().join("Dockerfile"),
        nix::sys::stat::Mode::S_IRWXU,
    )
    .unwrap();
    let output = check(&scratch, &["--json"], &[]);
    assert_eq!(output.status.code(), Some(1));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = value["findings"].as_array().unwrap();
    let mut lines: Vec<String> = findings
        .iter()
        .map(|it| {
            let part = |key: &str| it[key].as_str().unwrap().to_owned();
            let what = part("what");
            format!(
                "{} {}: {}",
                part("rule"),
                part("file"),
                what.split(": ").nth(1).unwrap_or(&what)
            )
        })
        .collect();
    lines.sort();
    let expected = [
        "unreadable .env: it leads out of the repository",
        "unreadable .github/workflows/binary.yml: it is no text",
        "unreadable .github/workflows/broken.yml: ",
        "unreadable .github/workflows/huge.yml: it is larger than 1 MiB",
        "unreadable .github/workflows/latin.yml: it is not UTF-8",
        "unreadable .github/workflows/loop.yml: ",
        "unreadable Dockerfile: it is no regular file",
        "unreadable package.json: there is no name where one belongs",
    ];
    assert_eq!(lines.len(), expected.len(), "{lines:#?}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line} / {expected}");
    }
}

#[test]
fn without_a_policy_there_is_nothing_to_check_and_a_bad_one_is_said() {
    let scratch = Scratch::new();
    scratch.file(".git/HEAD", "");
    let output = check(&scratch, &[], &[]);
    assert_eq!(output.status.code(), Some(41));
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no policy here to check"));
    scratch.file("guardrun.toml", "x = 1");
    assert_eq!(check(&scratch, &[], &[]).status.code(), Some(41));
}

#[test]
fn a_policy_below_the_root_is_checked_with_the_ci_of_the_root() {
    let scratch = repository();
    let policy = std::fs::read(scratch.path().join("guardrun.toml")).unwrap();
    std::fs::remove_file(scratch.path().join("guardrun.toml")).unwrap();
    scratch.file("pkg/.config/guardrun.toml", policy);
    let output = check(&scratch, &["--policy", "pkg/.config/guardrun.toml"], &[]);
    let said = text(&output);
    assert!(
        said.contains("\npkg/.config/guardrun.toml: 1 error, 0 warnings"),
        "{said}"
    );
}
