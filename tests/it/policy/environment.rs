//! What a policy may say of the environment, and what it may not. Each refusal has its allowing twin.

use super::{bad, good};

const GATE: &str = "[gate.g]\nenv='G_TESTS'\nwhy='w'\nwhere='here'\n";

/// A rule of the defaults, with a gate.
fn with_gate(rules: &str) -> String {
    format!("{GATE}[defaults.environment]\n{rules}\n")
}

#[test]
fn a_policy_that_sets_the_variable_of_a_gate_is_refused_where_it_does() {
    assert_eq!(
        bad(&with_gate("set = { G_TESTS = '1' }")),
        "guardrun.toml:6:9: G_TESTS opens the gate `g`, and a policy opens no gate\n  |\n\
         6 | set = { G_TESTS = '1' }\n  |         ^^^^^^^\n\
         guardrun.toml:1: the gate is here\n\
         hint: take it out; whoever runs the suite sets it, in a place that is meant for it"
    );
    let closed = bad(&with_gate("set = { G_TESTS = '0' }"));
    assert!(
        closed.contains("opens the gate `g`"),
        "whatever the value: {closed}"
    );
    let suite = format!("{GATE}[suite.a]\ncommand=['a']\nenvironment.set.G_TESTS='1'");
    assert!(
        bad(&suite).starts_with("guardrun.toml:7:17: G_TESTS opens"),
        "{}",
        bad(&suite)
    );
    good(&with_gate("set = { H_TESTS = '1', CI = '1' }"));
}

#[test]
fn a_gates_variable_is_not_removed_nor_made_a_directory() {
    let error = bad(&with_gate("remove = ['G_TESTS']"));
    assert!(
        error.contains("6:11: G_TESTS opens the gate `g` and is not to be removed"),
        "{error}"
    );
    let error = bad(&with_gate("private = ['G_TESTS']"));
    assert!(
        error.contains("6:12: G_TESTS opens the gate `g` and is no directory"),
        "{error}"
    );
    // A glob passes it over, and a list of what may stay cannot take it.
    good(&with_gate(
        "remove = ['*_TESTS']\nonly = ['PATH']\nprivate = ['TMPDIR']",
    ));
}

#[test]
fn guardruns_own_variables_are_left_alone() {
    for rules in [
        "set={GUARDRUN_LEVEL='auto'}",
        "remove=['GUARDRUN_REQUIRE']",
        "private=['GUARDRUN_X']",
    ] {
        let error = bad(&with_gate(rules));
        assert!(error.contains(" is guardrun's own\n"), "{rules}: {error}");
    }
    good(&with_gate(
        "set={XGUARDRUN_LEVEL='auto'}\nremove=['GUARDRUNS']",
    ));
}

#[test]
fn one_table_does_not_say_two_things_of_one_variable() {
    for (rules, what) in [
        (
            "set={A='1'}\nremove=['A']",
            "6:6: A is set here, and removed",
        ),
        (
            "set={A='1'}\nprivate=['A']",
            "6:6: A is set here, and made a private directory",
        ),
        (
            "private=['A']\nremove=['A']",
            "6:10: A is made a private directory here, and removed",
        ),
    ] {
        let error = bad(&with_gate(rules));
        assert!(
            error.contains(what) && error.contains("guardrun.toml:7: the other is here"),
            "{rules}: {error}"
        );
    }
    good(&with_gate("set={A='1'}\nremove=['A*']"));
}

#[test]
fn what_cannot_be_hidden_is_told_with_what_was_probably_meant() {
    let error = bad(&with_gate("hide=['dockr']"));
    assert!(
        error.contains("6:7: `dockr` is nothing that can be hidden")
            && error.contains("did you mean `docker`?"),
        "{error}"
    );
    good(&with_gate("hide=['docker']"));
}

#[test]
fn names_globs_values_and_numbers_are_checked_where_they_stand() {
    for (rules, what) in [
        (
            "set={'A-B'='1'}",
            "`A-B` is not the name of an environment variable",
        ),
        (
            "set={A=\"x\\u0000\"}",
            "the value of A has a NUL byte in it",
        ),
        (
            "private=['']",
            "`` is not the name of an environment variable",
        ),
        ("private=['PATH']", "PATH cannot be a private directory"),
        ("remove=['A[']", "`A[` is not a glob"),
        (
            "only=['A=']",
            "`A=` is no name of a variable, and no glob over names",
        ),
        ("workers=0", "0 is no number of workers"),
        ("workers=-1", "-1 is no number of workers"),
        ("workers=65536", "65536 is no number of workers"),
    ] {
        let error = bad(&with_gate(rules));
        assert!(
            error.contains(what) && error.contains(" ^"),
            "{rules}: {error}"
        );
    }
    good(&with_gate(
        "set={A_B=\"x\\n\"}\nprivate=['X']\nremove=['A[BC]']\nonly=['*']\nworkers=65535",
    ));
}

#[test]
fn what_a_suite_says_replaces_the_key_of_the_defaults_and_no_other() {
    let policy = good(
        "[defaults.environment]\nremove=['A']\nworkers=4\n[suite.a]\ncommand=['a']\n[suite.a.environment]\nremove=['B']\n[suite.b]\ncommand=['b']",
    );
    let rules = |name: &str| &policy.suite(name).unwrap().hold.environment;
    let removed = |name: &str| {
        rules(name)
            .remove
            .iter()
            .map(|glob| glob.text())
            .collect::<Vec<_>>()
    };
    assert_eq!((removed("a"), rules("a").workers), (vec!["B"], Some(4)));
    assert_eq!((removed("b"), rules("b").workers), (vec!["A"], Some(4)));
    assert_eq!(rules("a").said.remove.as_ref().unwrap().line, 7);
    assert_eq!(rules("a").said.workers.as_ref().unwrap().line, 3);
}
