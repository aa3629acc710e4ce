//! "The policy is sound": nothing in it holds for nothing.

use super::{findings_under, shown};

const GATE: &str = "[gate.g]\nenv='APP_G'\nwhy='x'\nwhere='y'\n";

fn of(policy: &str) -> Vec<String> {
    shown(&findings_under(policy, &[]))
}

#[test]
fn a_gate_that_no_suite_needs_is_found() {
    assert_eq!(of(GATE), ["unused-gate guardrun.toml:1"]);
    let policy = format!("{GATE}[suite.s]\ngate='g'\ncommand=['a']\n");
    assert_eq!(of(&policy), ["no-lane guardrun.toml:5"]);
}

#[test]
fn a_suite_that_another_one_hides_is_found() {
    // Both have one literal word; the first has fewer wildcards, and matches whatever the second does.
    let hidden = "[suite.a]\nmatch=['run *']\n[suite.b]\nmatch=['run ? ?']\n";
    assert_eq!(of(hidden), ["unreached-suite guardrun.toml:3"]);
    for reached in [
        "[suite.a]\nmatch=['run *']\n[suite.b]\nmatch=['run ? ?', 'walk']\n",
        "[suite.a]\nmatch=['cargo test *']\n[suite.b]\nmatch=['carg[o] test *']\n",
        "[suite.a]\nmatch=['make test']\n[suite.b]\nmatch=['make *']\n",
    ] {
        assert_eq!(of(reached), Vec::<String>::new(), "{reached}");
    }
}

#[test]
fn two_suites_that_are_equally_close_to_one_line_are_found() {
    let policy =
        "[suite.a]\nmatch=['cargo test --all *']\n[suite.b]\nmatch=['cargo test * --all']\n";
    assert_eq!(of(policy), ["tie guardrun.toml:4"]);
    let policy = "[suite.a]\nmatch=['run ax*']\n[suite.b]\nmatch=['run bx*']\n";
    assert_eq!(of(policy), Vec::<String>::new());
    let policy = "[suite.a]\nmatch=['run aa *']\n[suite.b]\nmatch=['run * bb']\n";
    assert_eq!(of(policy), ["tie guardrun.toml:4"]);
}

#[test]
fn what_has_expired_is_told_and_fails_nothing() {
    let policy = "[suite.s]\ncommand=['a']\n[suite.s.dangerously-allow-leaks]\nreason='x'\nexpires=2020-01-01\n";
    assert_eq!(of(policy), ["policy-note guardrun.toml:3"]);
    assert!(!findings_under(policy, &[])[0].fails());
}
