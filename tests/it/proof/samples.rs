//! The reports of real runners, counted (tests/it/proof/samples/README.md).

use super::{evidence_in, evidence_of, sample};
use guardrun::policy::proof::Format::{self, GoJson, Junit, Ledger, Libtest, Tap};
use guardrun::proof::{Fate, Unreadable};
use std::fs;

/// Sample, what it is written in, and (executed, failed, flaky, skipped, cached, errors).
const TABLE: &[(&str, Format, [u64; 6])] = &[
    ("nextest.xml", Junit, [5, 0, 1, 0, 0, 0]),
    ("nextest-failed.xml", Junit, [5, 1, 0, 0, 0, 0]),
    ("pytest-xunit1.xml", Junit, [4, 0, 0, 3, 0, 0]),
    ("pytest-xunit2.xml", Junit, [4, 0, 0, 3, 0, 0]),
    ("pytest-xdist.xml", Junit, [4, 0, 0, 3, 0, 0]),
    // Each of its three tests was tried twice; two failed both times.
    ("pytest-failed.xml", Junit, [3, 2, 0, 0, 0, 0]),
    // Two tests have one name; a third was tried twice, which this runner does not write down.
    ("vitest.xml", Junit, [4, 0, 0, 4, 0, 0]),
    ("vitest-failed.xml", Junit, [5, 1, 0, 4, 0, 0]),
    // One of the two that are skipped is a `todo`, which looks like a pass.
    ("jest.xml", Junit, [2, 0, 0, 2, 0, 0]),
    // A file that could not be loaded is in this report only if the runner is asked for it …
    ("jest-failed.xml", Junit, [2, 0, 0, 2, 0, 0]),
    // … and then twice.
    ("jest-errors.xml", Junit, [4, 2, 0, 2, 0, 0]),
    ("node.xml", Junit, [3, 0, 0, 6, 0, 0]),
    ("node-failed.xml", Junit, [5, 1, 0, 6, 0, 0]),
    ("gotestsum.xml", Junit, [3, 0, 0, 3, 0, 0]),
    ("surefire.xml", Junit, [3, 1, 1, 1, 0, 0]),
    ("libtest.txt", Libtest, [6, 0, 0, 2, 0, 0]),
    ("libtest-both.txt", Libtest, [6, 0, 0, 2, 0, 0]),
    ("libtest-colour.txt", Libtest, [6, 0, 0, 2, 0, 0]),
    ("libtest-failed.txt", Libtest, [6, 1, 0, 2, 0, 0]),
    ("libtest-filtered.txt", Libtest, [0, 0, 0, 0, 0, 0]),
    ("libtest-json.txt", Libtest, [6, 0, 0, 2, 0, 0]),
    ("libtest-nocapture.txt", Libtest, [6, 0, 0, 2, 0, 0]),
    ("libtest-quiet.txt", Libtest, [6, 0, 0, 2, 0, 0]),
    ("go.json", GoJson, [4, 0, 0, 3, 0, 0]),
    ("go-cached.json", GoJson, [0, 0, 0, 3, 4, 0]),
    ("go-panic.json", GoJson, [4, 1, 0, 3, 0, 0]),
    ("go-broken.json", GoJson, [4, 0, 0, 3, 0, 1]),
    ("node.tap", Tap, [3, 0, 0, 6, 0, 0]),
    ("node-failed.tap", Tap, [5, 1, 0, 6, 0, 0]),
    ("bats.tap", Tap, [2, 1, 0, 1, 0, 0]),
    ("ledger.jsonl", Ledger, [3, 1, 0, 1, 0, 0]),
];

/// "Counts are counted": every sample, its format guessed from its content.
#[test]
fn every_runners_report_is_counted_right() {
    for (name, format, expected) in TABLE {
        let (guessed, evidence) = evidence_in(name, &[]);
        let counts = evidence.counts;
        let counted = [
            counts.executed,
            counts.failed,
            counts.flaky,
            counts.skipped,
            counts.cached,
            counts.errors,
        ];
        assert_eq!((guessed, counted), (*format, *expected), "{name}");
        assert_eq!(counts.passed + counts.failed, counts.executed, "{name}");
        assert!(evidence.contradictions.is_empty(), "{name}: {evidence:?}");
    }
    let samples = fs::read_dir(sample("")).unwrap().count();
    assert_eq!(
        samples,
        TABLE.len() + 1,
        "each sample is in the table, but for the README"
    );
}

/// "A truncated report proves nothing": each sample, cut anywhere in its last three quarters.
#[test]
fn no_report_that_is_cut_off_counts_as_whole() {
    for (name, format, _) in TABLE {
        // A ledger has no end that could be missed: each line stands for itself.
        if *format == Ledger {
            continue;
        }
        let bytes = fs::read(sample(name)).unwrap();
        let end = bytes.trim_ascii_end().len();
        let (_, whole) = evidence_in(name, &[]);
        for cut in (end / 4..end).step_by(7) {
            match evidence_of(&bytes[..cut], Some(*format), &[]) {
                Err(_) => {}
                // Where a part is whole by itself, as with one binary of several, it counts less or the same, never more.
                Ok((_, part)) => assert!(
                    part.counts.executed <= whole.counts.executed,
                    "{name} cut at {cut}: {part:?}"
                ),
            }
            if *format == Junit {
                let error = evidence_of(&bytes[..cut], Some(*format), &[]).unwrap_err();
                assert!(
                    matches!(error, Unreadable::Truncated(_)),
                    "{name} cut at {cut}: {error}"
                );
            }
        }
    }
}

/// "`must-run`: absent and skipped are told apart; a name is one with brackets too; the whole name or the test's own".
#[test]
fn names_are_found_in_every_dialect() {
    for (sample, name, fate) in [
        ("nextest.xml", "tests::moors", Fate::Ran),
        ("nextest.xml", "harbour::storm::second_try", Fate::Ran),
        ("nextest.xml", "moors", Fate::Absent),
        ("nextest.xml", "*::moors", Fate::Ran),
        ("pytest-xunit2.xml", "test_sounding[1]", Fate::Ran),
        (
            "pytest-xunit2.xml",
            "test_harbour::test_sounding[[]?]",
            Fate::Ran,
        ),
        ("pytest-xunit2.xml", "test_tide", Fate::Skipped),
        (
            "pytest-xunit2.xml",
            "test_harbour.TestPilot::*",
            Fate::Skipped,
        ),
        ("vitest.xml", "the harbour > moors", Fate::Ran),
        ("vitest.xml", "harbour.vitest.mjs::*", Fate::Ran),
        ("jest.xml", "the harbour moors", Fate::Ran),
        ("node.xml", "the harbour > in a storm::sails", Fate::Ran),
        ("node.xml", "all is skipped::*", Fate::Skipped),
        ("node.tap", "the harbour > in a storm::sails", Fate::Ran),
        ("node.tap", "all is skipped::*", Fate::Skipped),
        ("libtest.txt", "src/lib.rs - moor (line 1)", Fate::Ran),
        ("libtest.txt", "tests::fog", Fate::Skipped),
        ("libtest-nocapture.txt", "tests::capsizes", Fate::Ran),
        ("libtest-quiet.txt", "tests::moors", Fate::Absent),
        ("go.json", "TestMoors", Fate::Ran),
        ("go.json", "TestSteps", Fate::Ran),
        ("go.json", "TestSteps/a/b", Fate::Ran),
        ("go.json", "example.com/harbour::TestSteps", Fate::Ran),
        ("go.json", "TestHollow", Fate::Skipped),
        ("go.json", "Test*", Fate::Ran),
        ("go-cached.json", "TestMoors", Fate::Cached),
        ("gotestsum.xml", "TestSteps", Fate::Ran),
        ("gotestsum.xml", "TestHollow", Fate::Skipped),
        (
            "surefire.xml",
            "com.example.HarbourTest::secondTry",
            Fate::Ran,
        ),
        ("surefire.xml", "printed", Fate::Absent),
        ("ledger.jsonl", "moors", Fate::Ran),
    ] {
        let (_, evidence) = evidence_in(sample, &[name]);
        assert_eq!(evidence.must_run, [fate], "{name} in {sample}");
    }
}

/// "Names and reasons where present".
#[test]
fn reasons_of_skips_are_kept() {
    for (sample, name, reason) in [
        (
            "pytest-xunit1.xml",
            "test_harbour.TestPilot::test_boards",
            Some("a \"quoted\" <reason> & more"),
        ),
        (
            "node.xml",
            "the harbour::waits for the tide",
            Some("needs a tide table"),
        ),
        ("node.xml", "all is skipped::one", None),
        ("libtest.txt", "tests::tide", Some("needs a tide table")),
        (
            "libtest-json.txt",
            "tests::tide",
            Some("needs a tide table"),
        ),
        (
            "go.json",
            "example.com/harbour::TestTide",
            Some("harbour_test.go:4: needs a tide table"),
        ),
        (
            "gotestsum.xml",
            "example.com/harbour::TestTide",
            Some("harbour_test.go:4: needs a tide table"),
        ),
        ("bats.tap", "the tide comes", Some("(needs a tide table)")),
    ] {
        let (_, evidence) = evidence_in(sample, &[]);
        let skip = evidence.skips.iter().find(|skip| skip.name == name);
        let skip = skip.unwrap_or_else(|| panic!("{name} in {sample}: {:?}", evidence.skips));
        assert_eq!(skip.reason.as_deref(), reason, "{name} in {sample}");
    }
}

/// "The same test in two reports counts once."
#[test]
fn a_copy_of_a_report_counts_nothing_again() {
    for name in [
        "nextest.xml",
        "vitest.xml",
        "pytest-xunit2.xml",
        "go.json",
        "libtest-both.txt",
    ] {
        let bytes = fs::read(sample(name)).unwrap();
        let none: [String; 0] = [];
        let mut tally = guardrun::proof::Tally::new(&none, []);
        guardrun::proof::read(None, bytes.as_slice(), &mut tally).unwrap();
        guardrun::proof::read(None, bytes.as_slice(), &mut tally).unwrap();
        let twice = tally.close();
        let (_, once) = evidence_in(name, &[]);
        assert_eq!(twice.counts.executed, once.counts.executed, "{name}");
        assert_eq!(twice.skips, once.skips, "{name}");
        assert!(twice.counts.repeated > 0, "{name}");
    }
}
