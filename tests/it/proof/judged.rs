//! "Each its own clear message with remedy": from what was seen to what is not proved.

use guardrun::policy::Place;
use guardrun::policy::proof::{Format, Proof, Strictness};
use guardrun::proof::{
    Counts, Evidence, Fate, Judged, Ratchet, Report, ReportState, Seen, Skip, Subject, Unreadable,
    judge, nothing_to_judge,
};

const HERE: Subject<'static> = Subject {
    suite: "daemon",
    gated: true,
    required: false,
    passed: true,
};

fn rules() -> Proof {
    Proof {
        reports: vec!["junit.xml".to_owned()],
        stdout: false,
        format: None,
        min_executed: 1,
        max_skipped: None,
        must_run: Vec::new(),
        ratchet: None,
        strict: Strictness::All,
        place: Place::built_in(),
    }
}

fn seen(counts: Counts) -> Seen {
    Seen {
        reports: vec![report(ReportState::Read(Format::Junit))],
        evidence: Evidence {
            counts,
            ..Evidence::default()
        },
        ratchet: None,
    }
}

fn report(state: ReportState) -> Report {
    Report {
        name: "junit.xml".to_owned(),
        state,
    }
}

fn executed(executed: u64) -> Counts {
    Counts {
        executed,
        passed: executed,
        ..Counts::default()
    }
}

fn skip(name: &str) -> Skip {
    Skip {
        name: name.to_owned(),
        reason: Some("no pilot".to_owned()),
    }
}

/// The names of the problems, each of which has a hint.
fn problems(judged: &Judged) -> Vec<&'static str> {
    for problem in judged.problems.iter().chain(&judged.notes) {
        assert!(
            !problem.hint.is_empty() && !problem.text.ends_with('.'),
            "{problem:?}"
        );
    }
    judged.problems.iter().map(|problem| problem.name).collect()
}

fn notes(judged: &Judged) -> Vec<&'static str> {
    judged.notes.iter().map(|note| note.name).collect()
}

#[track_caller]
fn only(judged: &Judged, name: &str, text: &str) {
    assert_eq!(problems(judged), [name]);
    assert!(
        judged.problems[0].text.contains(text),
        "{}",
        judged.problems[0].text
    );
}

#[test]
fn enough_is_enough() {
    let judged = judge(&HERE, &rules(), &seen(executed(1)));
    assert_eq!(judged, Judged::default());
}

#[test]
fn a_report_that_proves_nothing_says_what_is_wrong_with_it() {
    for (state, name, text) in [
        (ReportState::Missing, "missing-report", "is not there"),
        (
            ReportState::Stale("old".to_owned()),
            "stale-report",
            "not of this run: old",
        ),
        (ReportState::NotAFile, "unreadable-report", "is no file"),
        (
            ReportState::Unreadable(Unreadable::Empty),
            "unreadable-report",
            "is empty",
        ),
        (
            ReportState::Unreadable(Unreadable::Unknown),
            "unreadable-report",
            "no format",
        ),
        (
            ReportState::Unreadable(Unreadable::Truncated("x".to_owned())),
            "unreadable-report",
            "ends in the middle: x",
        ),
    ] {
        let mut seen = seen(Counts::default());
        seen.reports = vec![report(state)];
        only(&judge(&HERE, &rules(), &seen), name, text);
        // Also where hardly anything is asked for, and where what failed is the suite.
        let lax = Proof {
            strict: Strictness::Report,
            ..rules()
        };
        let failed = Subject {
            passed: false,
            ..HERE
        };
        only(&judge(&failed, &lax, &seen), name, text);
    }
}

#[test]
fn nothing_executed_has_four_causes() {
    let none = Counts::default();
    for (counts, name, text) in [
        (none, "nothing-executed", "has no test in it"),
        (
            Counts {
                skipped: 1745,
                ..none
            },
            "all-skipped",
            "all 1745 tests were skipped (no pilot)",
        ),
        (
            Counts {
                filtered: 12,
                ..none
            },
            "nothing-executed",
            "all 12 tests were filtered out",
        ),
        (
            Counts {
                cached: 2,
                skipped: 1,
                ..none
            },
            "nothing-executed",
            "of an earlier run",
        ),
    ] {
        let mut seen = seen(counts);
        seen.evidence.skips = vec![skip("tide")];
        only(&judge(&HERE, &rules(), &seen), name, text);
    }
}

#[test]
fn fewer_than_asked_for_is_too_few() {
    let rules = Proof {
        min_executed: 12,
        ..rules()
    };
    only(
        &judge(&HERE, &rules, &seen(executed(11))),
        "too-few",
        "11 tests were executed, and at least 12",
    );
    assert_eq!(judge(&HERE, &rules, &seen(executed(12))), Judged::default());
}

#[test]
fn absent_skipped_and_cached_are_told_apart() {
    let rules = Proof {
        must_run: ["a", "b", "c", "d"].map(str::to_owned).to_vec(),
        ..rules()
    };
    let mut seen = seen(executed(1));
    seen.evidence.must_run = vec![Fate::Absent, Fate::Skipped, Fate::Cached, Fate::Ran];
    let judged = judge(&HERE, &rules, &seen);
    let names = ["must-run-absent", "must-run-skipped", "must-run-cached"];
    assert_eq!(problems(&judged), names);
    assert_eq!(judged.problems[1].text, "`b` did not run: it was skipped");
    seen.evidence.nameless = true;
    assert!(
        judge(&HERE, &rules, &seen).problems[0]
            .text
            .contains("some have none")
    );
}

#[test]
fn skips_have_a_limit_and_are_named() {
    let rules = Proof {
        max_skipped: Some(1),
        ..rules()
    };
    let mut seen = seen(Counts {
        skipped: 7,
        ..executed(3)
    });
    seen.evidence.skips = (0..7).map(|n| skip(&format!("t{n}"))).collect();
    only(
        &judge(&HERE, &rules, &seen),
        "too-many-skipped",
        "7 tests were skipped, and at most 1 may be: `t0`, `t1`, `t2`, `t3`, `t4`, and 2 more",
    );
    seen.evidence.counts.skipped = 1;
    assert_eq!(judge(&HERE, &rules, &seen), Judged::default());
}

#[test]
fn the_ratchet_may_shrink_and_not_grow() {
    let rules = Proof {
        ratchet: Some("skips.toml".to_owned()),
        ..rules()
    };
    let list = Ratchet::read("[[skip]]\ntest='tide'\n[[skip]]\ntest='fog'\n[[skip]]\ntest='gone'")
        .unwrap();
    let mut seen = seen(Counts {
        skipped: 1,
        ..executed(3)
    });
    seen.ratchet = Some(Ok(list));
    seen.evidence.skips = vec![skip("tide")];
    seen.evidence.listed = vec![Fate::Skipped, Fate::Ran, Fate::Absent];
    let judged = judge(&HERE, &rules, &seen);
    assert_eq!(problems(&judged), [""; 0]);
    assert_eq!(notes(&judged), ["ratchet-can-shrink", "ratchet-unknown"]);

    seen.evidence.counts.skipped = 2;
    seen.evidence.skips.push(skip("new one"));
    only(
        &judge(&HERE, &rules, &seen),
        "skip-not-listed",
        "1 test was skipped that is not in the list of what may be: `new one`",
    );

    // A skip without a name cannot be on any list.
    seen.evidence.counts.skipped = 3;
    assert_eq!(
        problems(&judge(&HERE, &rules, &seen)),
        ["skip-not-listed"; 2]
    );

    seen.ratchet = Some(Err("line 1: no".to_owned()));
    only(
        &judge(&HERE, &rules, &seen),
        "unreadable-ratchet",
        "skips.toml, cannot be used: line 1: no",
    );
}

#[test]
fn report_and_exit_status_have_to_agree() {
    let red = Counts {
        failed: 2,
        passed: 3,
        ..executed(5)
    };
    only(
        &judge(&HERE, &rules(), &seen(red)),
        "report-failed",
        "2 failed",
    );
    let error = Counts {
        errors: 1,
        ..executed(5)
    };
    only(
        &judge(&HERE, &rules(), &seen(error)),
        "report-failed",
        "1 errors outside",
    );
    let failed = Subject {
        passed: false,
        ..HERE
    };
    assert_eq!(judge(&failed, &rules(), &seen(red)), Judged::default());
    only(
        &judge(&failed, &rules(), &seen(executed(5))),
        "report-passed",
        "no test in the report did",
    );
    // A test that passed at its second try may have failed the run, or not; a ledger tells no results.
    let flaky = Counts {
        flaky: 1,
        ..executed(5)
    };
    assert_eq!(judge(&failed, &rules(), &seen(flaky)), Judged::default());
    assert_eq!(judge(&HERE, &rules(), &seen(flaky)), Judged::default());
    let mut ledger = seen(executed(5));
    ledger.reports = vec![report(ReportState::Read(Format::Ledger))];
    assert_eq!(judge(&failed, &rules(), &ledger), Judged::default());
}

#[test]
fn how_strict_decides_what_is_judged_and_what_is_only_told() {
    let mut seen = seen(Counts {
        failed: 1,
        ..Counts::default()
    });
    seen.evidence.contradictions = vec!["x says 5 and has 1".to_owned()];
    let of = |strict| {
        let judged = judge(&HERE, &Proof { strict, ..rules() }, &seen);
        (problems(&judged), notes(&judged))
    };
    let (nothing, failed, doctored) = ("nothing-executed", "report-failed", "contradiction");
    assert_eq!(
        of(Strictness::All),
        (vec![nothing, failed, doctored], vec![])
    );
    assert_eq!(
        of(Strictness::Counts),
        (vec![nothing], vec![failed, doctored])
    );
    assert_eq!(
        of(Strictness::Report),
        (vec![], vec![nothing, failed, doctored])
    );
}

#[test]
fn where_a_suite_is_required_a_skip_is_a_failure_unless_it_was_accepted() {
    let required = Subject {
        required: true,
        ..HERE
    };
    let mut seen = seen(Counts {
        skipped: 1,
        ..executed(3)
    });
    seen.evidence.skips = vec![skip("tide")];
    assert_eq!(judge(&HERE, &rules(), &seen), Judged::default());
    only(
        &judge(&required, &rules(), &seen),
        "too-many-skipped",
        "1 test was skipped, and at most 0",
    );
    let accepted = Proof {
        max_skipped: Some(1),
        ..rules()
    };
    assert_eq!(judge(&required, &accepted, &seen), Judged::default());
    let listed = Proof {
        ratchet: Some("skips.toml".to_owned()),
        ..rules()
    };
    seen.ratchet = Some(Ok(Ratchet::read("[[skip]]\ntest='tide'").unwrap()));
    seen.evidence.listed = vec![Fate::Skipped];
    assert_eq!(judge(&required, &listed, &seen), Judged::default());
    // There, a probe has to have executed something too.
    let probe = Proof {
        strict: Strictness::Report,
        ..rules()
    };
    seen.evidence.counts.executed = 0;
    assert_eq!(problems(&judge(&required, &probe, &seen)), ["all-skipped"]);
}

#[test]
fn without_a_proof_only_a_gated_suite_that_is_required_fails() {
    let of = |gated, required| {
        let subject = Subject {
            gated,
            required,
            ..HERE
        };
        let judged = nothing_to_judge(&subject);
        (judged.problems.len(), judged.notes.len())
    };
    assert_eq!(of(true, true), (1, 0));
    assert_eq!(of(false, true), (0, 1));
    assert_eq!(of(true, false), (0, 0));
}

#[test]
fn a_name_of_any_kind_and_size_reads_as_one_short_line() {
    let mut seen = seen(Counts {
        skipped: 1,
        ..executed(1)
    });
    seen.evidence.skips = vec![skip(&format!(
        "a\u{1b}[2Kb\n\u{202e}c{}",
        "x".repeat(1_000_000)
    ))];
    let rules = Proof {
        max_skipped: Some(0),
        ..rules()
    };
    let text = &judge(&HERE, &rules, &seen).problems[0].text;
    assert!(
        text.chars().count() < 300 && !text.contains(['\n', '\u{1b}', '\u{202e}']),
        "{text}"
    );
    assert!(text.contains("`a\\u{1b}[2Kb\\n\\u{202e}c"), "{text}");
}
