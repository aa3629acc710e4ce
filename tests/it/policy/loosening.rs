//! "What loosens is visible: such a key has an ugly name, needs a reason, may expire."

use super::{bad, good};
use guardrun::values::{Leaks, Level};

const GATED: &str =
    "[gate.g]\nenv='G_TESTS'\nwhy='w'\nwhere='here'\n[suite.s]\ngate='g'\ncommand=['s']\n";

fn gated(more: &str) -> String {
    format!("{GATED}{more}")
}

#[test]
fn a_gated_suite_is_held_at_least_by_a_cgroup() {
    let policy = good(&gated(""));
    assert_eq!(policy.suites[0].hold.at_least, Level::Cgroup);
    assert_eq!(policy.suites[0].said.at_least.as_ref().unwrap().line, 6);
    let ungated = good("[suite.s]\ncommand=['s']");
    assert_eq!(ungated.suites[0].hold.at_least, Level::Subreaper);
    let stronger = good(&gated("at-least='namespace'"));
    assert_eq!(stronger.suites[0].hold.at_least, Level::Namespace);
}

#[test]
fn a_gated_suite_is_held_weaker_only_with_a_reason() {
    assert!(
        bad(&gated("at-least='subreaper'"))
            .contains("weaker than the cgroup that a gated suite asks for")
    );
    assert!(bad(&gated("level='subreaper'")).contains("weaker than the cgroup"));
    let table = "[suite.s.dangerously-hold-weaker]\nat-least='subreaper'\n";
    assert!(bad(&gated(table)).contains("missing field `reason`"));
    assert!(bad(&gated(&format!("{table}reason='  '"))).contains("`reason` says nothing"));
    let policy = good(&gated(&format!(
        "{table}reason='no cgroups on the old runners'"
    )));
    assert_eq!(policy.suites[0].hold.at_least, Level::Subreaper);
    assert_eq!(
        policy.suites[0]
            .loosened("dangerously-hold-weaker")
            .unwrap()
            .reason,
        "no cgroups on the old runners"
    );
    good(&gated(&format!(
        "level='subreaper'\n{table}reason='old runners'"
    )));
}

#[test]
fn defaults_do_not_reach_below_what_a_gate_asks_for() {
    let policy = good(&format!("[defaults]\nat-least='subreaper'\n{GATED}"));
    assert_eq!(policy.suites[0].hold.at_least, Level::Cgroup);
    let error = bad(&format!("[defaults]\nlevel='subreaper'\n{GATED}"));
    assert!(error.contains("inherits the level subreaper"), "{error}");
    assert!(
        error.contains("guardrun.toml:2: the level is said here"),
        "{error}"
    );
    good(&format!(
        "[defaults]\nlevel='subreaper'\n{GATED}level='auto'"
    ));
}

#[test]
fn a_table_that_loosens_nothing_is_an_error() {
    let table = |level: &str| {
        gated(&format!(
            "[suite.s.dangerously-hold-weaker]\nat-least='{level}'\nreason='r'"
        ))
    };
    assert!(bad(&table("cgroup")).contains("is not weaker"));
    assert!(bad("[suite.s]\ncommand=['s']\n[suite.s.dangerously-hold-weaker]\nat-least='subreaper'\nreason='r'").contains("is not weaker"));
    assert!(
        bad(&gated(
            "at-least='cgroup'\n[suite.s.dangerously-hold-weaker]\nat-least='subreaper'\nreason='r'"
        ))
        .contains("said twice")
    );
}

#[test]
fn leaks_fail_unless_the_policy_says_why_not() {
    let hold = |more: &str| good(&gated(more)).suites[0].hold.clone();
    assert_eq!(hold("").leaks, Leaks::Fail);
    assert_eq!(
        hold("[suite.s.dangerously-allow-leaks]\nreason='upstream bug'").leaks,
        Leaks::Warn
    );
    assert!(!hold("").outlive_parent);
    assert!(
        hold("[suite.s.dangerously-outlive-parent]\nreason='started by a dying hook'")
            .outlive_parent
    );
    let leftover = hold("[[suite.s.dangerously-expect-leftover]]\nprogram='sccache*'\nreason='shared on purpose'\nexpires=2026-12-31").leftovers;
    assert_eq!(
        (leftover[0].program.as_str(), leftover[0].reason.as_str()),
        ("sccache*", "shared on purpose")
    );
}

#[test]
fn a_leftover_is_one_program_and_not_every_program() {
    let table = |program: &str| {
        gated(&format!(
            "[[suite.s.dangerously-expect-leftover]]\nprogram='{program}'\nreason='r'"
        ))
    };
    for program in ["*", "**", "?*", ""] {
        assert!(
            bad(&table(program)).contains("names no program"),
            "{program}"
        );
    }
    assert!(bad(&table("/usr/bin/sccache")).contains("is a path"));
    assert!(bad(&table("a[")).contains("is not a glob"));
    good(&table("sccache"));
}

#[test]
fn a_loosening_holds_through_its_last_day_and_then_is_a_note() {
    let table = |day: &str| {
        gated(&format!(
            "[suite.s.dangerously-allow-leaks]\nreason='r'\nexpires={day}"
        ))
    };
    for last in ["2026-06-15", "'2026-06-15'", "2030-01-01"] {
        let policy = good(&table(last));
        assert_eq!(policy.suites[0].hold.leaks, Leaks::Warn, "{last}");
        assert!(policy.notes.is_empty());
    }
    let policy = good(&table("2026-06-14"));
    assert_eq!(policy.suites[0].hold.leaks, Leaks::Fail);
    assert_eq!(policy.notes.len(), 1);
    assert_eq!(
        policy.notes[0].text,
        "`dangerously-allow-leaks` of the suite `s` expired on 2026-06-14 and is no longer in force"
    );
    assert_eq!(policy.notes[0].place.line, 8);
}

#[test]
fn an_expired_weaker_hold_tightens_and_breaks_nothing() {
    let policy = good(&gated(
        "level='subreaper'\n[suite.s.dangerously-hold-weaker]\nat-least='subreaper'\nreason='r'\nexpires=2020-01-01",
    ));
    let hold = &policy.suites[0].hold;
    assert_eq!(
        (hold.level, hold.at_least),
        (Some(Level::Cgroup), Level::Cgroup)
    );
    assert_eq!(policy.notes.len(), 2);
    assert!(
        policy.notes[1].text.contains("is held at cgroup"),
        "{}",
        policy.notes[1].text
    );
}

#[test]
fn a_day_is_a_day() {
    let table = |day: &str| {
        gated(&format!(
            "[suite.s.dangerously-allow-leaks]\nreason='r'\nexpires={day}"
        ))
    };
    for day in [
        "2026-12-31T00:00:00Z",
        "2026-12-31T00:00:00",
        "'2026-13-31'",
        "'next year'",
        "20261231",
        "'20261231'",
        "12:00:00",
    ] {
        assert!(bad(&table(day)).contains("expires"), "{day}");
    }
}
