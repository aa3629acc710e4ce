//! `[[dangerously-allow-check]]`: an exception has a rule, a file and a reason, and one that excepts nothing is told.

use super::{CI, POLICY, findings_under, shown, workflow};
use crate::policy::bad;
use guardrun::check::{Warnings, check};

fn with(more: &str) -> String {
    format!("{POLICY}\n[[dangerously-allow-check]]\n{more}\n")
}

fn findings(more: &str) -> Vec<guardrun::check::Finding> {
    let lane = workflow("      - run: APP_DAEMON_TESTS=1 guardrun run daemon\n");
    findings_under(
        &with(more),
        &[
            (CI, &lane),
            ("docker/Dockerfile", "ENV APP_DAEMON_TESTS=1\n"),
        ],
    )
}

#[test]
fn an_exception_takes_the_failure_away_and_stays_visible() {
    for more in [
        "rule='arms-workstation'\nfile='docker/Dockerfile'\nreason='the image of CI'",
        "rule='arms-workstation'\nfile='docker/*'\nsuite='daemon'\nreason='the image of CI'",
        "rule='arms-workstation'\nfile='docker/*'\nreason='the image of CI'\nexpires=2030-01-01",
    ] {
        let all = findings(more);
        assert_eq!(shown(&all), ["arms-workstation docker/Dockerfile:1"]);
        assert_eq!(all[0].excepted.as_deref(), Some("the image of CI"));
        assert!(!all[0].fails());
    }
}

#[test]
fn one_that_excepts_nothing_is_told_and_one_that_expired_does_nothing() {
    for more in [
        "rule='arms-workstation'\nfile='.env'\nreason='x'",
        "rule='through-ci'\nfile='docker/*'\nreason='x'",
    ] {
        let all = findings(more);
        assert_eq!(
            shown(&all),
            [
                "arms-workstation docker/Dockerfile:1",
                "unused-exception guardrun.toml:17"
            ],
            "{more}"
        );
        assert!(all.iter().any(guardrun::check::Finding::fails));
    }
    let all = findings("rule='arms-workstation'\nfile='docker/*'\nreason='x'\nexpires=2020-01-01");
    assert_eq!(
        shown(&all),
        [
            "arms-workstation docker/Dockerfile:1",
            "policy-note guardrun.toml:17"
        ]
    );
}

#[test]
fn a_bad_exception_is_a_bad_policy() {
    for (more, expected) in [
        (
            "rule='arms-workstaton'\nfile='x'\nreason='y'",
            "did you mean `arms-workstation`?",
        ),
        ("rule='no-lane'\nfile='*'\nreason='y'", "names no file"),
        (
            "rule='no-lane'\nfile='x'\nreason=' '",
            "`reason` says nothing",
        ),
        (
            "rule='no-lane'\nfile='x'\nreason='y'\nsuite='demon'",
            "did you mean `daemon`?",
        ),
        ("rule='no-lane'\nfile='x'", "missing field `reason`"),
        (
            "rule='no-lane'\nfile='x'\nreason='y'\nline=3",
            "unknown key `line`",
        ),
    ] {
        let error = bad(&with(more));
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn warnings_fail_a_strict_check_alone() {
    let lane = "on: workflow_dispatch\njobs:\n  a:\n    steps:\n      - run: APP_DAEMON_TESTS=1 guardrun run daemon\n";
    let files = super::Files::new(&[("guardrun.toml", POLICY), (CI, lane)]);
    let report = check(&crate::policy::good(POLICY), "guardrun.toml", &files);
    assert!(report.passes(Warnings::AreTold) && !report.passes(Warnings::Fail));
}
