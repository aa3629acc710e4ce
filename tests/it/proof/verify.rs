//! "`verify` fails when a gated suite has no fresh one for this commit, in text, JSON, JUnit, GitHub summary." Nothing here outlives its
//! test. What each doctored receipt gets for an answer is in the self-test, which is a test too.

use super::receipts::agrees;
use super::repository::{PASS, Repository, json, repository, told};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

/// Puts this receipt into a place like one that was fetched.
fn fetched(repository: &Repository, job: &str, receipt: &Value) -> PathBuf {
    let name = format!(
        "fetched/{job}/{}.{}.receipt.json",
        receipt["suite"].as_str().unwrap(),
        receipt["run"].as_str().unwrap()
    );
    repository.file(&name, receipt.to_string())
}

/// A receipt of a good run, with these parts changed.
fn changed(good: &Value, run: &str, parts: &[(&str, Value)]) -> Value {
    let mut receipt = good.clone();
    receipt["run"] = json!(run);
    for (pointer, value) in parts {
        *receipt.pointer_mut(pointer).expect("a part") = value.clone();
    }
    receipt
}

/// The receipt of a good run, by itself.
fn good(repository: &Repository) -> Value {
    assert_eq!(repository.run("d", PASS).status.code(), Some(0));
    json(&repository.receipts()[0])
}

#[test]
fn a_gated_suite_is_proved_by_a_good_run_at_this_commit_and_by_nothing_else() {
    let Some(repository) = repository("verify") else {
        return;
    };
    assert_eq!(repository.missing(&[]), ["no-receipt"]);
    assert_eq!(repository.run("d", "exit 1").status.code(), Some(1));
    assert_eq!(repository.missing(&[]), ["not-passed"]);
    assert_eq!(repository.run("d", PASS).status.code(), Some(0));
    assert_eq!(repository.missing(&[]), [""; 0]);
    let (_, verified) = repository.verify(&[]);
    agrees(guardrun::receipt::VERIFIED_SCHEMA, &verified);
    assert_eq!(verified["suites"][0]["run"]["executed"], 2);
    assert_eq!(verified["suites"][0]["notes"][0]["name"], "failed-before");
    repository.commit();
    assert_eq!(repository.missing(&[]), ["other-commit"]);
    agrees(
        guardrun::receipt::VERIFIED_SCHEMA,
        &repository.verify(&[]).1,
    );
    // Back where it was tested.
    repository.git(&["checkout", "-q", "HEAD~"]);
    assert_eq!(repository.missing(&[]), [""; 0]);
}

#[test]
fn the_text_names_each_suite_with_the_reason_and_the_command_that_mends_it() {
    let Some(repository) = repository("text") else {
        return;
    };
    repository.policy(|policy| {
        policy + "[suite.e]\ngate = 'live'\nmatch = ['e2e *']\nproof = { report = 'r' }\n"
    });
    repository.commit();
    repository.run("d", PASS);
    let output = repository.guardrun(&["verify"]).output().unwrap();
    assert_eq!(output.status.code(), Some(47));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(
        lines[0].starts_with("proved    d  2 executed, 0 skipped, "),
        "{text}"
    );
    assert_eq!(lines[1], "unproven  e  no run that counts");
    assert_eq!(
        lines[2],
        "          there is no receipt of a run of it (no-receipt)"
    );
    assert_eq!(
        lines[3],
        "          hint: run it where the gate `live` may be open: guardrun -- 'e2e *'"
            .replace('\'', "")
    );
    assert_eq!(
        lines[4],
        format!(
            "unproven: 1 of 2 suites for the commit {}",
            &repository.head()[..12]
        )
    );
    assert!(
        !text.contains("LIVE_TESTS"),
        "who may open the gate is told elsewhere"
    );
}

#[test]
fn suites_can_be_named_and_one_that_there_is_not_is_a_usage_error() {
    let Some(repository) = repository("named suites") else {
        return;
    };
    repository.run("d", PASS);
    assert_eq!(
        repository.missing(&["--suite", "d", "--suite", "d"]),
        [""; 0]
    );
    assert_eq!(repository.missing(&["--suite", "u"]), ["no-proof"]);
    let output = repository
        .guardrun(&["verify", "--suite", "dd"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(
        told(&output).contains("did you mean `d`?"),
        "{}",
        told(&output)
    );
}

/// "0/0 is never a pass."
#[test]
fn a_policy_without_a_gated_suite_proves_nothing_and_no_policy_is_a_usage_error() {
    let Some(repository) = repository("nothing to verify") else {
        return;
    };
    repository.file("guardrun.toml", "[suite.u]\ncommand = ['true']\n");
    repository.commit();
    assert_eq!(repository.missing(&[]), ["nothing-to-verify"]);
    fs::remove_file(repository.path().join("guardrun.toml")).unwrap();
    let output = repository.guardrun(&["verify"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", told(&output));
}

/// "Many receipts, several suites, merges; the newest that counts decides."
#[test]
fn receipts_of_several_jobs_are_put_together_and_the_newest_that_counts_decides() {
    let Some(repository) = repository("several jobs") else {
        return;
    };
    repository.policy(|policy| {
        policy.clone()
            + &policy
                .split("[suite.d]")
                .nth(1)
                .unwrap()
                .split("[suite.u]")
                .next()
                .unwrap()
                .replace("suite.d.", "suite.e.")
                .replacen('\n', "[suite.e]\n", 1)
                .replace("eval \"$FEED\"", "eval \"$FEED\" # e")
    });
    repository.commit();
    let good = good(&repository);
    let ago = |minutes: i64| {
        let time = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        json!(time.to_string())
    };
    let failed = [
        ("/passed", json!(false)),
        ("/exit", json!({"code": 1})),
        ("/cause", json!("failed with exit code 1")),
    ];
    let put = |job: &str, receipt: &Value| fetched(&repository, job, receipt);
    let verify = || repository.missing(&["--receipts", "fetched"]);
    put(
        "one",
        &changed(&good, "000000000001", &[("/started", ago(30))]),
    );
    assert_eq!(verify(), ["no-receipt"], "of the suite e");
    put(
        "two",
        &changed(
            &good,
            "000000000002",
            &[("/suite", json!("e")), ("/started", ago(30))],
        ),
    );
    assert_eq!(verify(), [""; 0]);
    // It failed later; then it was run again.
    let mut later = changed(&good, "000000000003", &failed);
    later["started"] = ago(20);
    put("three", &later);
    assert_eq!(verify(), ["not-passed"]);
    let four = changed(&good, "000000000004", &[("/started", ago(10))]);
    put("four", &four);
    assert_eq!(verify(), [""; 0]);
    // What does not count decides nothing, however new it is.
    let other = json!("1111111111111111111111111111111111111111");
    put(
        "five",
        &changed(
            &later,
            "000000000005",
            &[("/started", ago(5)), ("/commit", other)],
        ),
    );
    put(
        "six",
        &changed(
            &later,
            "000000000006",
            &[
                ("/started", ago(4)),
                ("/tree", json!({"state": "unknown", "why": "w"})),
            ],
        ),
    );
    put(
        "seven",
        &changed(
            &later,
            "000000000007",
            &[("/started", ago(3)), ("/end", json!("asked"))],
        ),
    );
    repository.file("fetched/eight/d.000000000008.receipt.json", "{");
    assert_eq!(verify(), [""; 0]);
    let (_, verified) = repository.verify(&["--receipts", "fetched"]);
    let notes = verified["suites"][0]["notes"].as_array().unwrap();
    let names: Vec<_> = notes
        .iter()
        .map(|note| note["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "failed-before",
            "cut-short",
            "unknown-tree",
            "other-commit",
            "more-receipts"
        ]
    );
    let text = notes[3]["text"].as_str().unwrap();
    assert!(
        text.contains("which this repository does not have"),
        "{text}"
    );
    // The same receipt twice is one receipt; two places are one place.
    put("nine", &four);
    assert_eq!(verify(), [""; 0]);
    let both = ["--receipts", "fetched/one", "--receipts", "fetched/two"];
    assert_eq!(repository.missing(&both), [""; 0]);
    assert_eq!(
        repository.missing(&["--receipts", "fetched/one"]),
        ["no-receipt"]
    );
    assert_eq!(
        repository.missing(&["--receipts", "fetched/one", "--receipts", "gone"]),
        ["no-such-place", "no-receipt"]
    );
    // A failure at the very same moment decides.
    let same = ago(1);
    put(
        "a",
        &changed(&good, "00000000000b", &[("/started", same.clone())]),
    );
    put("a", &changed(&later, "00000000000c", &[("/started", same)]));
    assert_eq!(verify(), ["not-passed"]);
}

#[test]
fn how_old_a_run_may_be_can_be_said() {
    let Some(repository) = repository("age") else {
        return;
    };
    let good = good(&repository);
    let hours = |hours: i64| {
        let time = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(hours);
        json!(time.to_string())
    };
    fetched(
        &repository,
        "a",
        &changed(&good, "000000000001", &[("/started", hours(25))]),
    );
    let verify = |most: &str| repository.missing(&["--receipts", "fetched", "--max-age", most]);
    assert_eq!(verify("24h"), ["too-old"]);
    assert_eq!(verify("26h"), [""; 0]);
    let output = repository
        .guardrun(&["verify", "--max-age", "1"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
}

/// "Lists each suite": one test for each, in a document that a reader of JUnit takes.
#[test]
fn the_junit_report_has_a_test_for_each_suite_and_one_for_the_repository() {
    let Some(repository) = repository("junit") else {
        return;
    };
    repository.run("d", "exit 1");
    repository.file("code", "two\n");
    let output = repository
        .guardrun(&["verify", "--junit", "out/v.xml"])
        .output()
        .unwrap();
    assert_eq!(
        output.status.code(),
        Some(2),
        "there is no directory out: {}",
        told(&output)
    );
    fs::create_dir(repository.path().join("out")).unwrap();
    let output = repository
        .guardrun(&["verify", "--junit", "out/v.xml"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(47));
    let text = fs::read_to_string(repository.path().join("out/v.xml")).unwrap();
    for part in [
        "<testsuite name=\"guardrun verify\" tests=\"2\" failures=\"2\" errors=\"0\">",
        "<testcase name=\"d\" classname=\"guardrun verify\">",
        "<failure type=\"not-passed\" message=\"its last run at this commit",
        "<testcase name=\"this repository\" classname=\"guardrun verify\">",
        "<failure type=\"changed-here\"",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    // guardrun's own reader of such reports agrees.
    let mut tally = guardrun::proof::Tally::new(&[], []);
    guardrun::proof::read(None, text.as_bytes(), &mut tally).unwrap();
    let evidence = tally.close();
    assert_eq!((evidence.counts.executed, evidence.counts.failed), (2, 2));
    assert_eq!(evidence.contradictions, [""; 0]);
}

#[test]
fn github_gets_one_annotation_and_a_summary() {
    let Some(repository) = repository("github") else {
        return;
    };
    let summary = repository.file(".git/summary", "");
    let verify = |words: &[&str]| {
        let mut command = repository.guardrun(words);
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", &summary);
        let told = told(&command.output().unwrap());
        let annotations: Vec<String> = told
            .lines()
            .filter(|line| line.starts_with("::"))
            .map(str::to_owned)
            .collect();
        let text = fs::read_to_string(&summary).unwrap();
        fs::write(&summary, "").unwrap();
        (annotations, text)
    };
    repository.run("d", "exit 1");
    repository.file("code", "two\n");
    let (annotations, text) = verify(&["verify"]);
    assert_eq!(annotations.len(), 1, "{annotations:?}");
    assert!(
        annotations[0].starts_with(
            "::error title=guardrun%3A verify%3A unproven::unproven: 0 of 1 suite for the commit "
        ),
        "{annotations:?}"
    );
    assert!(
        annotations[0].contains("%0Ad: its last run at this commit"),
        "{annotations:?}"
    );
    assert!(text.contains("| ` d ` | unproven |"), "{text}");
    assert!(
        text.contains("| ` d ` | not-passed |") && text.contains("|  | changed-here |"),
        "{text}"
    );
    let (annotations, text) = verify(&["--json", "verify"]);
    assert_eq!(annotations, [""; 0]);
    assert!(text.contains("not-passed"));
    assert_eq!(verify(&["verify", "--no-github"]), (vec![], String::new()));
    repository.git(&["checkout", "-q", "code"]);
    repository.run("d", PASS);
    let (annotations, text) = verify(&["verify"]);
    assert_eq!(annotations, [""; 0]);
    assert!(text.contains("| ` d ` | proved | ` 2 executed"), "{text}");
}

/// A policy below the top of a repository is another one than its twin beside it.
#[test]
fn the_same_policy_in_two_places_is_two_policies() {
    let Some(repository) = repository("two policies") else {
        return;
    };
    for package in ["a", "b"] {
        let text = fs::read_to_string(repository.path().join("guardrun.toml")).unwrap();
        repository.file(&format!("{package}/guardrun.toml"), text);
    }
    repository.commit();
    let of = |package: &str, words: &[&str]| {
        let mut command = repository.guardrun(words);
        command
            .current_dir(repository.path().join(package))
            .env("FEED", PASS);
        command.output().unwrap().status.code()
    };
    assert_eq!(of("a", &["run", "d"]), Some(0));
    assert_eq!(
        (of("a", &["verify"]), of("b", &["verify"])),
        (Some(0), Some(47))
    );
}
