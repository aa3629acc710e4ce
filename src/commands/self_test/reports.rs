//! What is fed of reports: each row is a run of a suite that writes, or does not write, the report that it owes.

use super::Fed;
use super::ground::Ground;

/// Writes the report that is at hand.
const WRITE: &str = "mkdir -p out && cat \"$REPORT\" > out/report";
/// A report of two tests that passed.
const GOOD: &str =
    r#"<testsuite tests="2"><testcase name="a"/><testcase name="wanted"/></testsuite>"#;
/// One of which somebody has skipped every test.
const HOLLOW: &str = r#"<testsuite tests="2"><testcase name="a"><skipped message="no gate"/></testcase><testcase name="wanted"><skipped/></testcase></testsuite>"#;

/// One row: what it is, the suite, what it does, the report at hand, and the answer that is right.
struct Row(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u8,
    Option<&'static str>,
);

const ROWS: &[Row] = &[
    Row("a good report", "counted", WRITE, GOOD, 0, None),
    Row(
        "a report in which every test is skipped",
        "counted",
        WRITE,
        HOLLOW,
        47,
        Some("all-skipped"),
    ),
    Row(
        "no report",
        "counted",
        "true",
        "",
        47,
        Some("missing-report"),
    ),
    Row(
        "a report that was copied from yesterday",
        "counted",
        "mkdir -p out && cat \"$REPORT\" > old && touch -t 202001010000 old && mv old out/report",
        GOOD,
        47,
        Some("stale-report"),
    ),
    Row(
        "a report that is cut off",
        "counted",
        WRITE,
        r#"<testsuite tests="2"><testcase name="a"/><testcase name="wan"#,
        47,
        Some("unreadable-report"),
    ),
    Row(
        "a report that is empty",
        "counted",
        WRITE,
        "",
        47,
        Some("unreadable-report"),
    ),
    Row(
        "a report that is no text",
        "counted",
        WRITE,
        "\u{0}\u{1}\u{2}\u{7f}ELF",
        47,
        Some("unreadable-report"),
    ),
    Row(
        "a directory in the report's place",
        "counted",
        "mkdir -p out/report",
        "",
        47,
        Some("unreadable-report"),
    ),
    Row(
        "a pipe in the report's place",
        "counted",
        "mkdir -p out && mkfifo out/report",
        "",
        47,
        Some("unreadable-report"),
    ),
    Row(
        "a report of another format than the policy says",
        "tap",
        WRITE,
        GOOD,
        47,
        Some("unreadable-report"),
    ),
    Row(
        "a report with no test in it",
        "counted",
        WRITE,
        r#"<testsuite tests="0"/>"#,
        47,
        Some("nothing-executed"),
    ),
    Row(
        "a report that says two tests and has none",
        "counted",
        WRITE,
        r#"<testsuite tests="2"/>"#,
        47,
        Some("nothing-executed"),
    ),
    Row(
        "a report that says tests=\"0\" and has two",
        "counted",
        WRITE,
        r#"<testsuite tests="0"><testcase name="a"/><testcase name="wanted"/></testsuite>"#,
        47,
        Some("contradiction"),
    ),
    Row(
        "a report that says five tests and has two",
        "counted",
        WRITE,
        r#"<testsuite tests="5"><testcase name="a"/><testcase name="wanted"/></testsuite>"#,
        47,
        Some("contradiction"),
    ),
    Row(
        "a report with one test where two are asked for",
        "counted",
        WRITE,
        r#"<testsuite tests="1"><testcase name="a"/></testsuite>"#,
        47,
        Some("too-few"),
    ),
    Row(
        "a report with a failure, and exit status 0",
        "counted",
        WRITE,
        r#"<testsuite tests="2" failures="1"><testcase name="a"/><testcase name="wanted"><failure/></testcase></testsuite>"#,
        47,
        Some("report-failed"),
    ),
    Row(
        "a good report, and exit status 1",
        "counted",
        "mkdir -p out && cat \"$REPORT\" > out/report; exit 1",
        GOOD,
        1,
        Some("report-passed"),
    ),
    Row(
        "output of libtest with every test filtered out",
        "counted",
        WRITE,
        "\nrunning 0 tests\n\ntest result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 12 filtered out; finished in 0.00s\n\n",
        47,
        Some("nothing-executed"),
    ),
    Row(
        "results of go test from its cache",
        "counted",
        WRITE,
        "{\"Action\":\"start\",\"Package\":\"p\"}\n{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"TestA\"}\n{\"Action\":\"output\",\"Package\":\"p\",\"Test\":\"TestA\",\"Output\":\"--- PASS: TestA (0.00s)\\n\"}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"TestA\",\"Elapsed\":0}\n{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"ok  \\tp\\t(cached)\\n\"}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Elapsed\":0}\n",
        47,
        Some("nothing-executed"),
    ),
    Row(
        "TAP with every point skipped",
        "tap",
        WRITE,
        "TAP version 13\n1..2\nok 1 - a # SKIP no gate\nok 2 - b # SKIP no gate\n",
        47,
        Some("all-skipped"),
    ),
    Row(
        "TAP that stops before its plan is done",
        "tap",
        WRITE,
        "TAP version 13\n1..3\nok 1 - a\nok 2 - b\n",
        47,
        Some("unreadable-report"),
    ),
    Row(
        "a report with the test that must run",
        "named",
        WRITE,
        GOOD,
        0,
        None,
    ),
    Row(
        "a report without the test that must run",
        "named",
        WRITE,
        r#"<testsuite tests="1"><testcase name="a"/></testsuite>"#,
        47,
        Some("must-run-absent"),
    ),
    Row(
        "a report that skips the test that must run",
        "named",
        WRITE,
        r#"<testsuite tests="2"><testcase name="a"/><testcase name="wanted"><skipped/></testcase></testsuite>"#,
        47,
        Some("must-run-skipped"),
    ),
    Row(
        "the test that must run, from the cache of go test",
        "named",
        WRITE,
        "{\"Action\":\"start\",\"Package\":\"p\"}\n{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"wanted\"}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"wanted\",\"Elapsed\":0}\n{\"Action\":\"output\",\"Package\":\"p\",\"Output\":\"ok  \\tp\\t(cached)\\n\"}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Elapsed\":0}\n",
        47,
        Some("must-run-cached"),
    ),
    Row(
        "a list of skips that is none",
        "mislisted",
        "mkdir -p out && cat \"$REPORT\" > out/report && echo '[skip' > out/skips.toml",
        GOOD,
        47,
        Some("unreadable-ratchet"),
    ),
    Row(
        "a report with more skipped than may be",
        "bounded",
        WRITE,
        r#"<testsuite tests="2"><testcase name="a"/><testcase name="b"><skipped/></testcase></testsuite>"#,
        47,
        Some("too-many-skipped"),
    ),
    Row(
        "a report with a skip that is on the list",
        "listed",
        WRITE,
        r#"<testsuite tests="2"><testcase name="a"/><testcase name="known"><skipped/></testcase></testsuite>"#,
        0,
        None,
    ),
    Row(
        "a report with a skip that is not on the list",
        "listed",
        WRITE,
        r#"<testsuite tests="2"><testcase name="a"/><testcase name="new"><skipped/></testcase></testsuite>"#,
        47,
        Some("skip-not-listed"),
    ),
    Row(
        "a ledger of this run",
        "ledger",
        r#"printf '{"v":1,"run":"%s","gate":"G","event":"ran","test":"a"}\n' "$GUARDRUN_RUN_ID" >> "$GUARDRUN_LEDGER""#,
        "",
        0,
        None,
    ),
    Row(
        "a ledger into which nobody wrote",
        "ledger",
        "true",
        "",
        47,
        Some("empty-ledger"),
    ),
    Row(
        "a ledger of another run",
        "ledger",
        r#"printf '{"v":1,"run":"000000000000","gate":"G","event":"ran","test":"a"}\n' >> "$GUARDRUN_LEDGER""#,
        "",
        47,
        Some("empty-ledger"),
    ),
];

/// Feeds all of them.
pub(super) fn feed(ground: &Ground) -> Vec<Fed> {
    let mut fed = Vec::new();
    for Row(what, suite, script, report, exit, name) in ROWS {
        ground.clear("out");
        let answered = ground.run(&[], suite, script, report.as_bytes());
        fed.push(Fed::new(what, *exit, *name, answered));
    }
    ground.clear("out");
    let stale = match ground.file("out/report", GOOD) {
        Ok(_) => ground.run(&[], "counted", "true", b""),
        Err(error) => (None, vec![error.to_string()]),
    };
    fed.push(Fed::new(
        "a report that an earlier run has left",
        47,
        Some("stale-report"),
        stale,
    ));
    ground.clear("out");
    let required = ground.run(&["--require"], "bare", "", b"");
    fed.push(Fed::new(
        "a gated suite that is required and owes no proof",
        47,
        Some("no-proof"),
        required,
    ));
    let hollow = ground.run(&["--require"], "listed", WRITE, HOLLOW.as_bytes());
    fed.push(Fed::new(
        "a required suite that skips everything",
        47,
        Some("all-skipped"),
        hollow,
    ));
    let lax = ground.run(&[], "probe", WRITE, HOLLOW.as_bytes());
    fed.push(Fed::new(
        "a suite that may skip everything, and does",
        0,
        None,
        lax,
    ));
    let probe = ground.run(&["--require"], "probe", WRITE, HOLLOW.as_bytes());
    fed.push(Fed::new(
        "the same, where it is required",
        47,
        Some("all-skipped"),
        probe,
    ));
    let closed = ground.run_closed("gated");
    fed.push(Fed::new(
        "a gated suite whose gate is closed",
        40,
        Some("refused"),
        closed,
    ));
    ground.clear("out");
    fed
}
