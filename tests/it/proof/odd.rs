//! "No input makes a parser panic, hang or use more than flat memory."

use super::{evidence_of, sample};
use guardrun::policy::proof::Format;
use guardrun::proof::{self, Fate, Tally, Unreadable};
use proptest::prelude::*;
use std::fs;
use std::io::{Read, repeat};

/// Pieces of which reports are made, and some that are in none.
const PIECES: &[&str] = &[
    "<testsuites>",
    "</testsuites>",
    "<testsuite name=\"s\" tests=\"3\" skipped=\"9\">",
    "</testsuite>",
    "<testcase name=\"a\" classname=\"c\">",
    "<testcase name='b'/>",
    "</testcase>",
    "<skipped/>",
    "<failure>",
    "</failure>",
    "<error/>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<!DOCTYPE a [",
    "]>",
    "&lol;",
    "&#0;",
    "<?xml?>",
    "<property name=\"go.version\"/>",
    "test a ... ok",
    "test b ... ",
    "FAILED",
    "running 2 tests",
    "test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out",
    "1..2",
    "1..0 # SKIP",
    "ok 1 - a",
    "not ok 2 # TODO",
    "    ok 1 # skip x",
    "    # Subtest: a",
    "  ---",
    "  ...",
    "Bail out!",
    r#"{"Action":"run","Package":"p","Test":"T/a"}"#,
    r#"{"Action":"skip","Package":"p","Test":"T/a"}"#,
    r#"{"Action":"pass","Package":"p"}"#,
    r#"{"Action":"output","Package":"p","Output":"ok  p (cached)"}"#,
    r#"{"type":"suite","event":"started","test_count":18446744073709551615}"#,
    r#"{"type":"suite","event":"ok","passed":18446744073709551615,"failed":18446744073709551615,"ignored":1}"#,
    r#"{"v":1,"event":"ran","gate":"g","test":"x"}"#,
    "\u{1b}[1m",
    "\u{202e}",
    "\0",
    "\r",
    "\n",
    "\n",
    " ",
    "é",
    "\u{feff}",
    "99999999999999999999999999",
];

fn all_formats() -> impl Iterator<Item = Option<Format>> {
    Format::ALL.into_iter().map(Some).chain([None])
}

fn reads(bytes: &[u8]) {
    for format in all_formats() {
        if let Ok((_, evidence)) = evidence_of(bytes, format, &["T", "a*", "["]) {
            let counts = evidence.counts;
            assert_eq!(counts.passed + counts.failed, counts.executed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_a_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        reads(&bytes);
    }

    #[test]
    fn no_order_of_their_pieces_makes_a_parser_panic(
        pieces in proptest::collection::vec(proptest::sample::select(PIECES), 0..40)
    ) {
        reads(pieces.concat().as_bytes());
        reads(pieces.join("\n").as_bytes());
    }

    #[test]
    fn no_change_to_a_real_report_makes_a_parser_panic(
        which in any::<proptest::sample::Index>(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let samples = ["nextest.xml", "node.xml", "gotestsum.xml", "go.json", "node.tap", "libtest-both.txt", "libtest-json.txt", "ledger.jsonl"];
        let mut bytes = fs::read(sample(samples[which.index(samples.len())])).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        reads(&bytes);
    }

    #[test]
    fn any_name_is_found_as_it_is(name in "[^\\x00-\\x1f]{1,40}") {
        prop_assume!(name.trim() == name && !name.is_empty());
        let escaped = name.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
        let xml = format!("<testsuite><testcase classname=\"k\" name=\"{escaped}\"/></testsuite>");
        let (_, evidence) = evidence_of(xml.as_bytes(), None, &[&name]).unwrap();
        prop_assert_eq!(evidence.must_run, [Fate::Ran]);
    }
}

fn junit(inside: &str) -> Result<(Format, proof::Evidence), Unreadable> {
    evidence_of(inside.as_bytes(), Some(Format::Junit), &[])
}

/// "A test name with every odd character": in XML they are references, since XML has no raw control characters.
#[test]
fn a_name_with_every_odd_character_is_one_test() {
    let odd: String = (1..0x20u32)
        .chain([0x7f, 0x85, 0x200b, 0x202e, 0x2028, 0xfeff, 0x10ffff])
        .map(|code| format!("&#{code};"))
        .collect();
    let xml = format!(
        "<testsuite><testcase name=\"a{odd}\"><skipped/></testcase><testcase name=\"b\u{1}\u{8}\"/></testsuite>"
    );
    let (_, evidence) = junit(&xml).unwrap();
    assert_eq!((evidence.counts.executed, evidence.counts.skipped), (1, 1));
    assert!(evidence.skips[0].name.len() > 3, "{:?}", evidence.skips);
}

/// "1 MB long": a name costs what its hash costs, and what is kept of it is short.
#[test]
fn a_name_of_a_megabyte_is_one_test_in_every_format() {
    let long = "n".repeat(1_000_000);
    for text in [
        format!(
            "<testsuite><testcase name=\"{long}\"><skipped/></testcase><testcase name=\"{long}x\"/></testsuite>"
        ),
        format!(
            "running 2 tests\ntest {long} ... ignored\ntest {long}x ... ok\ntest result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out"
        ),
        format!("1..2\nok 1 - {long} # skip\nok 2 - {long}x\n"),
        format!(
            "{{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"{long}\"}}\n{{\"Action\":\"skip\",\"Package\":\"p\",\"Test\":\"{long}\"}}\n{{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"{long}x\"}}\n{{\"Action\":\"pass\",\"Package\":\"p\"}}\n"
        ),
    ] {
        let (format, evidence) = evidence_of(text.as_bytes(), None, &[]).unwrap();
        let counts = evidence.counts;
        assert_eq!((counts.executed, counts.skipped), (1, 1), "{format}");
        assert!(evidence.skips[0].name.len() < 2000, "{format}");
    }
}

/// "Billion laughs must be harmless", and so must any other document type with something in it.
#[test]
fn entities_are_neither_declared_nor_resolved() {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><testsuite><testcase name=\"&b;\"/></testsuite>";
    assert!(
        junit(laughs)
            .unwrap_err()
            .to_string()
            .contains("declarations")
    );
    let file = "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><testsuite><testcase name=\"&x;\"><skipped/></testcase></testsuite>";
    let (_, evidence) = junit(file).unwrap();
    assert_eq!(
        evidence.skips[0].name, "&x;",
        "an unknown entity stays as it is written"
    );
}

#[test]
fn what_is_no_junit_says_so() {
    for (text, expected) in [
        ("<checkstyle/>", "its element is <checkstyle>"),
        (
            "<html><body>502 Bad Gateway</body></html>",
            "its element is <html>",
        ),
        ("<testsuite/><testsuite/>", "more than one document"),
        ("<testsuite/>and text", "text outside"),
        ("<testsuite></testcase>", "no readable junit report"),
        (
            "<testsuite><testcase name='a'><testcase name='b'/></testcase></testsuite>",
            "within a test case",
        ),
        ("just words", "text outside"),
        ("<!-- only a comment -->", "no element"),
    ] {
        let error = junit(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let deep = "<testsuite>".repeat(100_000);
    assert!(junit(&deep).unwrap_err().to_string().contains("deep"));
    let long_tag = format!("<testsuite><testcase name=\"{}", "x".repeat(5_000_000));
    assert!(
        junit(&long_tag)
            .unwrap_err()
            .to_string()
            .contains("longer than 4 MiB")
    );
}

/// Some editors, and some runners, put a mark before a text.
#[test]
fn a_byte_order_mark_changes_nothing() {
    for name in ["nextest.xml", "go.json", "node.tap", "libtest.txt"] {
        let bytes = fs::read(sample(name)).unwrap();
        let marked = [b"\xef\xbb\xbf".as_slice(), &bytes].concat();
        let plain = evidence_of(&bytes, None, &[]);
        assert_eq!(evidence_of(&marked, None, &[]), plain, "{name}");
    }
    assert_eq!(
        evidence_of(b"\xef\xbb\xbf", None, &[]),
        Err(Unreadable::Empty)
    );
}

#[test]
fn empty_and_unknown_are_told_apart() {
    assert_eq!(evidence_of(b"", None, &[]), Err(Unreadable::Empty));
    assert_eq!(
        evidence_of(b" \n\n", Some(Format::Junit), &[]),
        Err(Unreadable::Empty)
    );
    assert_eq!(
        evidence_of(b"PASS: 0 / 0", None, &[]),
        Err(Unreadable::Unknown)
    );
    let (_, none) = junit("<testsuites tests=\"0\"/>").unwrap();
    assert_eq!(
        none.counts.executed, 0,
        "a report with tests=\"0\" is readable, and hollow"
    );
}

/// "Attributes that contradict the counted cases are told", and never believed.
#[test]
fn a_doctored_report_contradicts_itself() {
    let (_, evidence) = junit("<testsuites tests=\"212\" failures=\"3\"><testsuite name=\"s\" tests=\"212\" failures=\"3\" skipped=\"4\"><testcase name=\"a\"/></testsuite></testsuites>").unwrap();
    assert_eq!(evidence.counts.executed, 1);
    assert_eq!(
        evidence.contradictions.len(),
        5,
        "{:?}",
        evidence.contradictions
    );
    assert!(
        evidence
            .contradictions
            .contains(&"`s` says tests=\"212\" and has 1".to_owned())
    );
    let more = "<testsuite name='s' tests='1'><testcase name='a'/><testcase name='b'/></testsuite>";
    assert_eq!(junit(more).unwrap().1.contradictions.len(), 1);
    let lines = "running 1 test\ntest a ... ok\ntest b ... ok\ntest result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out\n";
    let (_, evidence) = evidence_of(lines.as_bytes(), None, &[]).unwrap();
    assert_eq!(
        (evidence.counts.executed, evidence.contradictions.len()),
        (1, 1),
        "the harness's own number stands"
    );
}

#[test]
fn tap_has_a_plan_or_no_end() {
    let tap = |text: &str| evidence_of(text.as_bytes(), Some(Format::Tap), &[]);
    for (text, expected) in [
        ("ok 1\nok 2\n", "no plan"),
        ("1..3\nok 1\nok 2\n", "plans 3 tests and has 2"),
        (
            "1..2\nok 1\nBail out! no harbour\n",
            "gave up: Bail out! no harbour",
        ),
        ("1..1\n    1..3\n    ok 1\nok 1\n", "a subtest plans 3"),
        ("TAP version 13\n", "neither a plan"),
    ] {
        let error = tap(text).unwrap_err().to_string();
        assert!(error.contains(expected), "{text}: {error}");
    }
    let counts = |text: &str| {
        let counts = tap(text).unwrap().1.counts;
        (counts.executed, counts.failed, counts.skipped)
    };
    assert_eq!(counts("1..0 # SKIP no harbour\n"), (0, 0, 1));
    assert_eq!(
        counts("ok 1 - a\nnot ok 2 - b\n1..2\n"),
        (2, 1, 0),
        "the plan may come last"
    );
    assert_eq!(
        counts("1..3\nnot ok 1 a # TODO later\nok 2 # skipped\nok 3 - with \\# skip in its name\n"),
        (1, 0, 2)
    );
    assert_eq!(
        counts("1..1\n    ok 1 - a # SKIP\n    ok 2 - b # SKIP\n    1..2\nok 1 - both\n"),
        (0, 0, 2),
        "what only holds others does not count"
    );
    assert_eq!(
        counts("1..1\n    ok 1 - a\n    1..1\nnot ok 1 - its own end\n"),
        (2, 1, 0)
    );
    assert_eq!(
        counts("1..1\nok 1 - a\n  ---\n  ok 7 - in yaml\n  ...\n"),
        (1, 0, 0)
    );
}

#[test]
fn go_that_stops_in_the_middle_is_cut_off() {
    let go = |text: &str| evidence_of(text.as_bytes(), Some(Format::GoJson), &[]);
    let run = "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA\"}\n";
    assert!(
        go(run)
            .unwrap_err()
            .to_string()
            .contains("of the package p there is no end")
    );
    let ended = format!("{run}{{\"Action\":\"fail\",\"Package\":\"p\"}}\n");
    assert_eq!(
        go(&ended).unwrap().1.counts.failed,
        1,
        "it was running when its package ended"
    );
    let broken = "{\"ImportPath\":\"p\",\"Action\":\"build-fail\"}\n{\"Action\":\"start\",\"Package\":\"p\"}\n{\"Action\":\"fail\",\"Package\":\"p\",\"FailedBuild\":\"p\"}\n";
    assert!(go(broken).unwrap().1.counts.errors > 0);
    assert!(
        go("go: downloading x\n")
            .unwrap_err()
            .to_string()
            .contains("no event")
    );
}

/// "A truncated XML of 50 MB": what a test has printed is passed over, and the end that is missing is missed.
#[test]
fn fifty_megabytes_that_are_cut_off_are_cut_off() {
    let head: &[u8] =
        b"<testsuite name=\"s\"><testcase name=\"a\"/><testcase name=\"b\"><system-out>";
    let mut tally = Tally::new(&[], []);
    let error =
        proof::read(None, head.chain(repeat(b'x').take(50_000_000)), &mut tally).unwrap_err();
    assert_eq!(
        error.to_string(),
        "ends in the middle: 3 of its elements are never closed"
    );
    // The same as one attribute, and as one comment.
    for open in [
        "<testsuite><testcase name=\"",
        "<testsuite><!-- ",
        "<testsuite><![CDATA[",
    ] {
        let mut tally = Tally::new(&[], []);
        let input = open.as_bytes().chain(repeat(b'-').take(50_000_000));
        assert!(proof::read(None, input, &mut tally).is_err(), "{open}");
    }
}
