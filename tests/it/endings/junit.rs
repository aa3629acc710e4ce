//! "A JUnit file synthesised when the suite was killed before it could write its own", read by a real parser.

use crate::cli::guardrun;
use crate::scratch::Scratch;
use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// What the suite writes when it gets that far.
const WHOLE: &str =
    "<testsuites><testsuite name='own' tests='1'><testcase name='a'/></testsuite></testsuites>";

/// An element with its attributes.
type Element = (String, BTreeMap<String, String>);

/// Every element of a document, and its text. Panics where it is no document.
fn parse(path: &Path) -> (Vec<Element>, String) {
    let text =
        fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let legal = |c: char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
    assert!(
        text.chars().all(legal),
        "XML 1.0 has no such characters: {text:?}"
    );
    let mut reader = Reader::from_str(&text);
    let (mut elements, mut content, mut depth) = (Vec::new(), String::new(), 0);
    loop {
        match reader.read_event().expect("well-formed XML") {
            Event::Start(start) => {
                depth += 1;
                elements.push(element(&start));
            }
            Event::Empty(start) => elements.push(element(&start)),
            Event::End(_) => depth -= 1,
            Event::Text(text) => content += &text,
            Event::GeneralRef(name) => {
                content += quick_xml::escape::resolve_predefined_entity(&name).expect("an entity");
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(depth, 0, "{text}");
    (elements, content)
}

fn element(start: &BytesStart<'_>) -> Element {
    let name = start.name().as_ref().to_owned();
    let attributes = start.attributes().map(|attribute| {
        let attribute = attribute.expect("an attribute");
        let key = attribute.key.as_ref().to_owned();
        let value = attribute
            .normalized_value(quick_xml::XmlVersion::Implicit1_0)
            .expect("a value")
            .into_owned();
        (key, value)
    });
    (name, attributes.collect())
}

/// The one error of a report of guardrun's: its type and its message.
fn error_of(path: &Path) -> (String, String) {
    let (elements, _) = parse(path);
    let names: Vec<_> = elements.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["testsuites", "testsuite", "testcase", "error"]);
    assert_eq!(elements[1].1["errors"], "1");
    assert_eq!(elements[2].1["name"], "guardrun");
    assert_eq!(elements[1].1["name"], elements[2].1["classname"]);
    let error = &elements[3].1;
    (error["type"].clone(), error["message"].clone())
}

/// Runs a shell script with `--junit j.xml`, the whole report in `$WHOLE`; answers with guardrun's exit code.
fn run(scratch: &Scratch, options: &[&str], script: &str) -> Option<i32> {
    let status = guardrun(scratch.path())
        .args(["-q", "--grace", "200ms", "--junit", "j.xml"])
        .args(options)
        .args(["--", "sh", "-c", script])
        .env("WHOLE", WHOLE)
        .status();
    status.expect("guardrun").code()
}

fn scratch() -> Scratch {
    let scratch = Scratch::new();
    scratch.file(".git/HEAD", "");
    scratch
}

#[test]
fn a_suite_that_could_not_write_its_report_gets_one_that_says_why() {
    let scratch = scratch();
    let path = scratch.path().join("j.xml");
    assert_eq!(run(&scratch, &["--timeout", "200ms"], "sleep 30"), Some(48));
    let (kind, message) = error_of(&path);
    assert_eq!(kind, "timed-out");
    assert!(
        message.contains("was ended after its time limit of 200ms"),
        "{message}"
    );
    assert_eq!(run(&scratch, &[], "rm j.xml; kill -SEGV $$"), None);
    assert_eq!(error_of(&path).0, "crashed");
    assert_eq!(run(&scratch, &[], "exit 7"), Some(7));
    let (kind, message) = error_of(&path);
    assert_eq!(
        (kind.as_str(), message.as_str()),
        ("failed", "command failed with exit code 7")
    );
}

/// "Each problem a failure."
#[test]
fn each_thing_that_is_not_proved_is_a_failure_beside_the_error() {
    let scratch = scratch();
    let report =
        "<testsuite><testcase name='a'/><testcase name='b'><skipped/></testcase></testsuite>";
    let policy =
        "proof = { report = 'out.xml', min-executed = 2, max-skipped = 0, must-run = ['<c>'] }";
    let script = format!("echo \"{report}\" > out.xml");
    scratch.file(
        "guardrun.toml",
        format!(
            "[suite.s]\ncommand = ['sh', '-c', \"\"\"{}\"\"\"]\n{policy}\n",
            script.replace('"', "\\\"")
        ),
    );
    let status = guardrun(scratch.path())
        .args(["run", "--junit", "j.xml", "s"])
        .status()
        .expect("guardrun");
    assert_eq!(status.code(), Some(47));
    let (elements, content) = parse(&scratch.path().join("j.xml"));
    assert_eq!(elements[1].1["tests"], "4");
    assert_eq!(
        (&*elements[1].1["failures"], &*elements[1].1["errors"]),
        ("3", "1")
    );
    let of = |kind: &str| {
        elements
            .iter()
            .filter(|(name, _)| name == kind)
            .map(|(_, attributes)| attributes.clone())
            .collect::<Vec<_>>()
    };
    let failures: Vec<_> = of("failure")
        .iter()
        .map(|failure| failure["type"].clone())
        .collect();
    assert_eq!(failures, ["too-few", "must-run-absent", "too-many-skipped"]);
    assert!(of("failure")[1]["message"].contains("`<c>` did not run"));
    assert!(
        content.contains("hint: look whether it was renamed"),
        "{content}"
    );
    let cases: Vec<_> = of("testcase")
        .iter()
        .map(|case| case["name"].clone())
        .collect();
    assert_eq!(
        cases,
        [
            "guardrun",
            "proof 1: too-few",
            "proof 2: must-run-absent",
            "proof 3: too-many-skipped"
        ]
    );
}

#[test]
fn a_report_of_an_earlier_run_is_none_of_this_one() {
    let scratch = scratch();
    let path = scratch.file("j.xml", WHOLE);
    assert_eq!(run(&scratch, &["--timeout", "200ms"], "sleep 30"), Some(48));
    assert_eq!(error_of(&path).0, "timed-out");
}

#[test]
fn a_whole_report_of_the_suites_own_stays_and_guardruns_word_is_beside_it() {
    let scratch = scratch();
    let (own, beside) = (
        scratch.path().join("j.xml"),
        scratch.path().join("j.guardrun.xml"),
    );
    let script = "echo \"$WHOLE\" >j.xml; sleep 30 >/dev/null 2>&1 & exit 0";
    assert_eq!(run(&scratch, &[], script), Some(46));
    assert_eq!(fs::read_to_string(&own).expect("its own").trim(), WHOLE);
    assert_eq!(error_of(&beside).0, "leaked");
    // Also one with a date of long ago, as `cp -p` makes it: it was written in this run.
    let script = "echo \"$WHOLE\" >j.xml; touch -d 2001-01-01 j.xml; sleep 30";
    assert_eq!(run(&scratch, &["--timeout", "500ms"], script), Some(48));
    assert_eq!(fs::read_to_string(&own).expect("its own").trim(), WHOLE);
    assert_eq!(error_of(&beside).0, "timed-out");
    // What guardrun wrote for an earlier run does not stay to be read with a later one.
    assert_eq!(run(&scratch, &[], "exit 0"), Some(0));
    assert!(!beside.exists());
    assert_eq!(fs::read_to_string(&own).expect("its own").trim(), WHOLE);
}

#[test]
fn a_suite_that_passes_or_says_itself_that_it_failed_is_left_alone() {
    let scratch = scratch();
    assert_eq!(run(&scratch, &[], "exit 0"), Some(0));
    assert!(!scratch.path().join("j.xml").exists());
    assert_eq!(
        run(&scratch, &[], "echo \"$WHOLE\" >j.xml; exit 1"),
        Some(1)
    );
    assert_eq!(
        fs::read_to_string(scratch.path().join("j.xml"))
            .expect("text")
            .trim(),
        WHOLE
    );
    assert!(!scratch.path().join("j.guardrun.xml").exists());
}

#[test]
fn a_report_that_is_cut_off_is_kept_aside() {
    let scratch = scratch();
    let script = "printf '<testsuites><testsuite name=\"own\">' >j.xml; kill -KILL $$";
    assert_eq!(run(&scratch, &[], script), None);
    let (kind, message) = error_of(&scratch.path().join("j.xml"));
    assert_eq!(kind, "killed");
    assert!(message.contains("SIGKILL"), "{message}");
    let kept = fs::read_to_string(scratch.path().join("j.xml.truncated")).expect("what there was");
    assert_eq!(kept, "<testsuites><testsuite name=\"own\">");
}

#[test]
fn what_is_no_legal_xml_comes_out_as_legal_xml() {
    let scratch = scratch();
    let script = "exit 3 # \u{1}\u{1b}[2J <&>\"' ]]> \u{fffe} ü";
    assert_eq!(run(&scratch, &[], script), Some(3));
    let (_, text) = parse(&scratch.path().join("j.xml"));
    assert!(
        text.contains("<&>\"") && text.contains("]]> \u{fffd} ü"),
        "{text:?}"
    );
}

#[test]
fn the_path_of_the_policy_is_below_the_policy() {
    let scratch = scratch();
    scratch.file(
        ".config/guardrun.toml",
        "[suite.u]\ncommand=['sh','-c','exit 3']\njunit='target/new/j.xml'\n",
    );
    let inside = scratch.directory("some/where");
    let status = guardrun(&inside).args(["-q", "run", "u"]).status();
    assert_eq!(status.expect("guardrun").code(), Some(3));
    let (_, message) = error_of(&scratch.path().join("target/new/j.xml"));
    assert_eq!(message, "u failed with exit code 3");
    // The flag names another, from the working directory.
    let status = guardrun(&inside)
        .args(["-q", "run", "--junit", "k.xml", "u"])
        .status();
    assert_eq!(status.expect("guardrun").code(), Some(3));
    error_of(&inside.join("k.xml"));
}

#[test]
fn what_is_no_file_is_not_written_and_that_changes_nothing() {
    let scratch = scratch();
    scratch.directory("j.xml");
    let output = guardrun(scratch.path())
        .args(["--junit", "j.xml", "--", "sh", "-c", "exit 3"])
        .output()
        .expect("guardrun");
    assert_eq!(output.status.code(), Some(3));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("could not write the JUnit report j.xml"),
        "{said}"
    );
}
