//! What is fed of receipts: real ones of real runs, and copies in which one thing is otherwise.

use super::Fed;
use super::ground::{Answered, Ground, POLICY, files};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// Where the runs of the self-test leave their receipts, and where doctored ones are put.
const OWN: &str = ".git/guardrun/receipts";
const DOCTORED: &str = "out/receipts";
/// The suite that everything is about.
const ABOUT: [&str; 2] = ["--suite", "gated"];
/// A suite that passes, and proves it.
const PASS: &str = "mkdir -p out && cat \"$REPORT\" > out/report";
const GOOD: &[u8] = br#"<testsuite tests="2"><testcase name="a"/><testcase name="b"/></testsuite>"#;
const HOLLOW: &[u8] =
    br#"<testsuite tests="1"><testcase name="a"><skipped/></testcase></testsuite>"#;

/// What is otherwise in a copy: a pointer into the receipt, and the value that is there instead.
struct Row(
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
    Option<&'static str>,
);

const ROWS: &[Row] = &[
    Row("a copy of a good receipt", &[], &[], None),
    Row(
        "a receipt of a run of yesterday",
        &[("/started", "\"2020-01-01T00:00:00Z\"")],
        &[],
        None,
    ),
    Row(
        "the same, where a day is the most",
        &[("/started", "\"2020-01-01T00:00:00Z\"")],
        &["--max-age", "24h"],
        Some("too-old"),
    ),
    Row(
        "a receipt from the future",
        &[("/started", "\"2999-01-01T00:00:00Z\"")],
        &[],
        Some("from-the-future"),
    ),
    Row(
        "a receipt without a time",
        &[("/started", "\"soon\"")],
        &[],
        Some("unreadable-receipt"),
    ),
    Row(
        "a receipt of another commit",
        &[("/commit", "\"1111111111111111111111111111111111111111\"")],
        &[],
        Some("other-commit"),
    ),
    Row(
        "a receipt of no commit",
        &[("/commit", "null")],
        &[],
        Some("other-commit"),
    ),
    Row(
        "a receipt of files that had changed",
        &[(
            "/tree",
            r#"{"state":"changed","changed":1,"untracked":0,"examples":["a"],"during_the_run":false}"#,
        )],
        &[],
        Some("changed-tree"),
    ),
    Row(
        "a receipt of files that nobody could compare",
        &[("/tree", r#"{"state":"unknown","why":"no git"}"#)],
        &[],
        Some("unknown-tree"),
    ),
    Row(
        "a receipt of a commit that was left during the run",
        &[("/tree", r#"{"state":"moved","to":null}"#)],
        &[],
        Some("changed-tree"),
    ),
    Row(
        "a receipt of another policy",
        &[(
            "/policy/sha256",
            "\"0000000000000000000000000000000000000000000000000000000000000000\"",
        )],
        &[],
        Some("other-policy"),
    ),
    Row(
        "a receipt of the same policy in another place",
        &[("/policy/file", "\"below/guardrun.toml\"")],
        &[],
        Some("other-policy"),
    ),
    Row(
        "a receipt in which nothing was executed",
        &[("/proof/executed", "0"), ("/proof/passed", "0")],
        &[],
        Some("nothing-executed"),
    ),
    Row(
        "a receipt in which too few were executed",
        &[("/proof/executed", "1"), ("/proof/passed", "1")],
        &[],
        Some("too-few"),
    ),
    Row(
        "a receipt of which nothing was counted",
        &[("/proof", "null")],
        &[],
        Some("nothing-executed"),
    ),
    Row(
        "a receipt whose counts contradict each other",
        &[("/proof/executed", "7")],
        &[],
        Some("unreadable-receipt"),
    ),
    Row(
        "a receipt that says passed, and exit code 1",
        &[("/exit", r#"{"code":1}"#)],
        &[],
        Some("unreadable-receipt"),
    ),
    Row(
        "a receipt that says passed, and a verdict",
        &[("/verdicts", r#"["fenced"]"#)],
        &[],
        Some("unreadable-receipt"),
    ),
    Row(
        "a receipt that says passed, and not proved",
        &[("/proof/problems", r#"["all-skipped"]"#)],
        &[],
        Some("unreadable-receipt"),
    ),
    Row(
        "a receipt of a run that its fence failed",
        &[
            ("/passed", "false"),
            ("/verdicts", r#"["fenced"]"#),
            ("/exit", r#"{"code":45}"#),
        ],
        &[],
        Some("not-passed"),
    ),
    Row(
        "a receipt of a run that was cut short",
        &[("/end", "\"asked\"")],
        &[],
        Some("cut-short"),
    ),
    Row(
        "a receipt of another suite",
        &[("/suite", "\"counted\"")],
        &[],
        Some("no-receipt"),
    ),
    Row(
        "a receipt of a newer shape",
        &[("/receipt", "2")],
        &[],
        Some("unreadable-receipt"),
    ),
    Row(
        "a receipt without its counts",
        &[("/proof/executed", "\"many\"")],
        &[],
        Some("unreadable-receipt"),
    ),
];

/// Feeds all of them. They need a commit, and so git: what cannot be tried is no right answer.
pub(super) fn feed(ground: &Ground) -> Vec<Fed> {
    let mut fed = Vec::new();
    let made = fs::remove_dir_all(ground.repository.join(".git"))
        .map_err(|error| error.to_string())
        .and_then(|()| ground.git(&["init", "--quiet"]))
        .map(|()| {
            fed.push(red(
                "a repository without a commit",
                "no-commit",
                ground.verify(&ABOUT),
            ))
        })
        .and_then(|()| commit(ground));
    if let Err(error) = made {
        let answered = (None, vec![error]);
        fed.push(Fed::new("a repository with a commit", 0, None, answered));
        return fed;
    }
    of_runs(ground, &mut fed);
    let good = match good_one(ground) {
        Ok(good) => good,
        Err(answered) => {
            fed.push(Fed::new("a receipt to make copies of", 0, None, answered));
            return fed;
        }
    };
    for Row(what, changes, options, name) in ROWS {
        let mut receipt = good.1.clone();
        for (pointer, value) in *changes {
            if let (Some(part), Ok(value)) =
                (receipt.pointer_mut(pointer), serde_json::from_str(value))
            {
                *part = value;
            }
        }
        let text = receipt.to_string();
        fed.push(doctored(
            ground,
            what,
            &good.0,
            text.as_bytes(),
            options,
            *name,
        ));
    }
    of_bytes(ground, &mut fed, &good);
    of_files(ground, &mut fed);
    fed
}

fn commit(ground: &Ground) -> Result<(), String> {
    ground.git(&["add", "--all"])?;
    ground.git(&[
        "commit",
        "--quiet",
        "--allow-empty",
        "--no-verify",
        "--message",
        "one more",
    ])
}

fn red(what: &'static str, name: &'static str, answered: Answered) -> Fed {
    Fed::new(what, 47, Some(name), answered)
}

/// What real runs leave.
fn of_runs(ground: &Ground, fed: &mut Vec<Fed>) {
    fed.push(red(
        "no receipt at all",
        "no-receipt",
        ground.verify(&ABOUT),
    ));
    fed.push(red(
        "a gated suite that owes no proof",
        "no-proof",
        ground.verify(&["--suite", "bare"]),
    ));
    fed.push(red(
        "a directory of receipts that is not there",
        "no-such-place",
        ground.verify(&["--receipts", "nowhere"]),
    ));
    let nothing = match ground.file("out/nothing.toml", "") {
        Ok(_) => ground.verify(&["--policy", "out/nothing.toml"]),
        Err(error) => (None, vec![error.to_string()]),
    };
    fed.push(red(
        "a policy without a gated suite",
        "nothing-to-verify",
        nothing,
    ));
    ground.run(&[], "gated", PASS, HOLLOW);
    fed.push(red(
        "the receipt of a run that skipped everything",
        "not-passed",
        ground.verify(&ABOUT),
    ));
    ground.run(&[], "gated", PASS, GOOD);
    fed.push(Fed::new(
        "the receipt of a good run",
        0,
        None,
        ground.verify(&ABOUT),
    ));
    let mut places = ABOUT.to_vec();
    places.extend(["--receipts", OWN, "--receipts", "nowhere"]);
    fed.push(red(
        "the same, and a directory of receipts that is not there",
        "no-such-place",
        ground.verify(&places),
    ));
    ground.run(&[], "gated", "exit 3", b"");
    fed.push(red(
        "the receipt of a run that failed after a good one",
        "not-passed",
        ground.verify(&ABOUT),
    ));
}

/// The receipt of a good run, and its name.
fn good_one(ground: &Ground) -> Result<(PathBuf, Value), Answered> {
    ground.clear(OWN);
    let answered = ground.run(&[], "gated", PASS, GOOD);
    let [file] = files(&ground.repository.join(OWN))
        .try_into()
        .map_err(|_| answered)?;
    let unreadable = || {
        (
            None,
            vec!["the receipt of a good run cannot be read".to_owned()],
        )
    };
    let text = fs::read(&file).map_err(|_| unreadable())?;
    let receipt = serde_json::from_slice(&text).map_err(|_| unreadable())?;
    Ok((file, receipt))
}

/// Asks about a directory with one file in it.
fn doctored(
    ground: &Ground,
    what: &'static str,
    like: &Path,
    content: &[u8],
    options: &[&str],
    name: Option<&'static str>,
) -> Fed {
    ground.clear(DOCTORED);
    let file = like.file_name().unwrap_or_default().to_string_lossy();
    let answered = match ground.file(&format!("{DOCTORED}/{file}"), content) {
        Ok(_) => verify_doctored(ground, options),
        Err(error) => (None, vec![error.to_string()]),
    };
    Fed::new(what, if name.is_some() { 47 } else { 0 }, name, answered)
}

fn verify_doctored(ground: &Ground, options: &[&str]) -> Answered {
    let place = ground.path(DOCTORED);
    let mut words = ABOUT.to_vec();
    words.extend(["--receipts", &place]);
    words.extend(options);
    ground.verify(&words)
}

/// Files that are no receipts.
fn of_bytes(ground: &Ground, fed: &mut Vec<Fed>, (file, good): &(PathBuf, Value)) {
    let whole = good.to_string();
    let name = Some("unreadable-receipt");
    let huge = format!("{whole}{}", " ".repeat(2 << 20));
    for (what, content) in [
        (
            "a receipt that is cut off",
            &whole.as_bytes()[..whole.len() / 2],
        ),
        ("a receipt that is empty", &b""[..]),
        ("a receipt that is no text", &b"\0\x01\x02\xff"[..]),
        ("a receipt of two MiB", huge.as_bytes()),
        (
            "a receipt that is something else in JSON",
            &b"{\"passed\":true}"[..],
        ),
    ] {
        fed.push(doctored(ground, what, file, content, &[], name));
    }
    // Two of one run that do not say the same.
    ground.clear(DOCTORED);
    let mut other = good.clone();
    other["host"]["name"] = json!("elsewhere");
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let both = [("a", good), ("b", &other)].map(|(directory, receipt)| {
        ground.file(
            &format!("{DOCTORED}/{directory}/{name}"),
            receipt.to_string(),
        )
    });
    let answered = match both.into_iter().all(|written| written.is_ok()) {
        true => verify_doctored(ground, &[]),
        false => (None, vec!["they could not be written".to_owned()]),
    };
    fed.push(red(
        "two receipts of one run that differ",
        "contradiction",
        answered,
    ));
    ground.clear(DOCTORED);
    let directory = fs::create_dir_all(ground.repository.join(DOCTORED).join(&*name));
    let answered = match directory {
        Ok(()) => verify_doctored(ground, &[]),
        Err(error) => (None, vec![error.to_string()]),
    };
    fed.push(red(
        "a directory in a receipt's place",
        "unreadable-receipt",
        answered,
    ));
    ground.clear(DOCTORED);
}

/// What becomes of a good receipt when the repository goes on.
fn of_files(ground: &Ground, fed: &mut Vec<Fed>) {
    let trouble = |error: std::io::Error| (None, vec![error.to_string()]);
    let verify = || ground.verify(&ABOUT);
    let run = |feed: &str| {
        ground.clear(OWN);
        ground.run(&[], "gated", feed, GOOD);
    };
    let run_and_verify = || {
        run(PASS);
        verify()
    };
    let list = b"[[skip]]\ntest = \"other\"\n";
    let changed = ground
        .while_it_is("skips.toml", list, verify)
        .unwrap_or_else(trouble);
    fed.push(red(
        "a good receipt, and a file that was changed since",
        "changed-here",
        changed,
    ));
    let other = [POLICY.as_bytes(), b"# another\n"].concat();
    let other = ground
        .while_it_is("guardrun.toml", &other, verify)
        .unwrap_or_else(trouble);
    fed.push(red(
        "a good receipt, and a policy that was changed since",
        "other-policy",
        other,
    ));
    // An index that git cannot read.
    let unknown = ground
        .while_it_is(".git/index", b"odd", verify)
        .unwrap_or_else(trouble);
    fed.push(red(
        "a good receipt, and a repository that git cannot read",
        "unknown-here",
        unknown,
    ));
    let unknown = ground.while_it_is(".git/index", b"odd", || run(PASS));
    let unknown = unknown.map(|()| verify()).unwrap_or_else(trouble);
    fed.push(red(
        "a run in a repository that git cannot read",
        "unknown-tree",
        unknown,
    ));
    let index = fs::read(ground.repository.join(".git/index")).unwrap_or_default();
    let unknown = ground.while_it_is(".git/index", &index, || {
        run(&format!("{PASS}; echo odd > .git/index"))
    });
    let unknown = unknown.map(|()| verify()).unwrap_or_else(trouble);
    fed.push(red(
        "a run after which git cannot read the repository",
        "unknown-tree",
        unknown,
    ));
    let back = ground.while_it_is("skips.toml", list, || run(PASS));
    let back = back.map(|()| verify()).unwrap_or_else(trouble);
    fed.push(red(
        "a run of a changed file that was put back",
        "changed-tree",
        back,
    ));
    let during = ground.while_it_is("skips.toml", list, || {
        // What was changed is committed by nobody, so it begins as the commit has it.
        let _ = ground.git(&["checkout", "--quiet", "skips.toml"]);
        run(&format!("{PASS}; echo >> skips.toml"));
    });
    let during = during.map(|()| verify()).unwrap_or_else(trouble);
    fed.push(red(
        "a run that changed a file while it ran",
        "changed-tree",
        during,
    ));
    let added = ground
        .file("test_new", "")
        .map(|_| run_and_verify())
        .unwrap_or_else(trouble);
    fed.push(red(
        "a run with a file that nobody has committed",
        "changed-tree",
        added,
    ));
    let _ = fs::remove_file(ground.repository.join("test_new"));
    fed.push(Fed::new(
        "a good run, when everything is as it was",
        0,
        None,
        run_and_verify(),
    ));
    let later = commit(ground).map(|()| verify());
    let later = later.unwrap_or_else(|error| (None, vec![error]));
    fed.push(red(
        "a good receipt, and a commit since",
        "other-commit",
        later,
    ));
}
