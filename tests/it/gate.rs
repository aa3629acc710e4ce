//! "A gate opens only when its variable is exactly 1; CI never opens or is needed for anything."

use crate::policy::{DAEMON, good};
use guardrun::exit::Verdict;
use guardrun::gate::{Environment, Grant, Judgement, Refusal, Request, Unjudged, judge};
use guardrun::policy::Policy;
use guardrun::values::Level;
use std::ffi::OsString;
use std::time::Duration;

mod flags;
mod forks;

const OPEN: &[(&str, &str)] = &[("KOLU_DAEMON_TESTS", "1")];

fn command(line: &str) -> Request {
    Request::Command {
        argv: line.split(' ').map(OsString::from).collect(),
        suite: None,
    }
}

fn as_suite(name: &str, line: &str) -> Request {
    Request::Command {
        argv: line.split(' ').map(OsString::from).collect(),
        suite: Some(name.to_owned()),
    }
}

fn run(name: &str, extra: &[&str]) -> Request {
    Request::Suite {
        name: name.to_owned(),
        extra: extra.iter().map(OsString::from).collect(),
    }
}

fn environment(variables: &[(&str, &str)]) -> Environment {
    variables.iter().copied().collect()
}

#[track_caller]
fn allowed(policy: &Policy, request: &Request, variables: &[(&str, &str)]) -> Grant {
    match judge(policy, request, &environment(variables)) {
        Ok(Judgement::Allowed(grant)) => grant,
        Ok(Judgement::Refused(refusal)) => panic!("refused:\n{refusal}"),
        Err(error) => panic!("unjudged:\n{error}"),
    }
}

#[track_caller]
fn refused(policy: &Policy, request: &Request, variables: &[(&str, &str)]) -> Refusal {
    match judge(policy, request, &environment(variables)) {
        Ok(Judgement::Allowed(grant)) => panic!("allowed: {grant:?}"),
        Ok(Judgement::Refused(refusal)) => refusal,
        Err(error) => panic!("unjudged:\n{error}"),
    }
}

#[track_caller]
fn unjudged(policy: &Policy, request: &Request) -> Unjudged {
    judge(policy, request, &environment(&[])).expect_err("there is no judgement to be made")
}

#[test]
fn a_closed_gate_refuses_and_an_open_one_allows() {
    let policy = good(DAEMON);
    for request in [
        command("cargo test --test daemon"),
        command("/usr/bin/cargo test --test daemon x"),
        run("daemon", &[]),
        run("daemon", &["x"]),
    ] {
        refused(&policy, &request, &[]);
        let grant = allowed(&policy, &request, OPEN);
        assert_eq!(grant.suite(), Some("daemon"));
        assert_eq!(grant.opened()[0].variable, "KOLU_DAEMON_TESTS");
    }
}

#[test]
fn only_exactly_1_opens_and_the_refusal_says_what_it_was() {
    let policy = good(DAEMON);
    for value in ["true", "yes", "0", "", " 1", "1 ", "11", "one"] {
        let refusal = refused(
            &policy,
            &run("daemon", &[]),
            &[("KOLU_DAEMON_TESTS", value)],
        )
        .to_string();
        assert!(
            refusal.contains("only \"1\" opens it"),
            "{value:?}: {refusal}"
        );
        assert!(
            value.is_empty() || refusal.contains(&format!("is \"{value}\"")),
            "{value:?}: {refusal}"
        );
    }
}

#[test]
fn ci_opens_nothing_and_is_needed_for_nothing() {
    let policy = good(DAEMON);
    let ci = [
        ("CI", "1"),
        ("GITHUB_ACTIONS", "1"),
        ("NODE_ENV", "1"),
        ("ACT", "1"),
        ("OTHER_TESTS", "1"),
    ];
    refused(&policy, &run("daemon", &[]), &ci);
    allowed(&policy, &run("daemon", &[]), OPEN);
    let both: Vec<_> = ci.iter().chain(OPEN).copied().collect();
    allowed(&policy, &run("daemon", &[]), &both);
}

#[test]
fn a_refusal_is_four_lines_for_a_person() {
    let policy = good(DAEMON);
    let refusal = refused(&policy, &command("cargo test --test daemon"), &[]);
    assert_eq!(
        refusal.to_string(),
        "refused: the suite `daemon` needs the gate `daemon`, and KOLU_DAEMON_TESTS is not set\n\
         why: forks real daemons and PTY shells (guardrun.toml:2)\n\
         at risk: everything that this user runs on this machine: real processes compete with it for memory, ports and \
         sockets, and what they leave behind stays\n\
         instead: CI, or a disposable box: just test-daemon (there, with KOLU_DAEMON_TESTS set to 1)"
    );
}

#[test]
fn an_agent_is_never_given_a_line_that_arms_it() {
    let text = DAEMON.replace(
        "just test-daemon",
        "KOLU_DAEMON_TESTS=1 just test, or KOLU_DAEMON_TESTS=\\\"1\\\" x",
    );
    let policy = good(&text);
    for agent in [
        "CLAUDECODE",
        "CODEX_THREAD_ID",
        "CURSOR_AGENT",
        "GEMINI_CLI",
        "OPENCODE",
        "AI_AGENT",
        "COPILOT_CLI",
    ] {
        let refusal = refused(
            &policy,
            &run("daemon", &[]),
            &[(agent, "1"), ("KOLU_DAEMON_TESTS", "0")],
        );
        let json = serde_json::to_string(&refusal).unwrap();
        for said in [refusal.to_string(), json.replace('\\', "")] {
            assert!(
                !said.contains("TESTS=1") && !said.contains("TESTS=\"1\""),
                "{said}"
            );
            assert!(!said.contains("set to 1"), "{said}");
            assert!(
                said.contains("KOLU_DAEMON_TESTS"),
                "the variable is named all the same: {said}"
            );
        }
        assert!(refusal.agent().is_some());
    }
    let person = refused(&policy, &run("daemon", &[]), &[]).to_string();
    assert!(person.contains("KOLU_DAEMON_TESTS=1 just test"), "{person}");
}

#[test]
fn a_refusal_reads_the_same_in_json() {
    let policy = good(DAEMON);
    let refusal = refused(
        &policy,
        &run("daemon", &[]),
        &[("KOLU_DAEMON_TESTS", "yes")],
    );
    let json = serde_json::to_value(&refusal).unwrap();
    assert_eq!(json["verdict"], "refused");
    assert_eq!(json["reason"], "gate-closed");
    let first = &json["refusals"][0];
    assert_eq!(
        (&first["suite"], &first["gate"]),
        (&"daemon".into(), &"daemon".into())
    );
    assert_eq!(
        (&first["state"], &first["place"]),
        (&"not-one".into(), &"guardrun.toml:2".into())
    );
    for key in ["what", "why", "at_risk", "instead"] {
        assert!(
            refusal.to_string().contains(first[key].as_str().unwrap()),
            "{key}"
        );
    }
}

#[test]
fn naming_a_suite_never_loosens() {
    let policy = good(DAEMON);
    // The command is the daemon suite whatever it is called.
    refused(&policy, &as_suite("unit", "cargo test --test daemon"), &[]);
    refused(&policy, &run("unit", &["--test", "daemon"]), &[]);
    // And the name's own gate is needed whatever the command is.
    refused(&policy, &as_suite("daemon", "cargo test"), &[]);
    refused(&policy, &as_suite("daemon", "true"), &[]);

    let grant = allowed(&policy, &as_suite("unit", "cargo test --test daemon"), OPEN);
    assert_eq!(grant.suite(), Some("unit"));
    assert_eq!(
        grant.hold().at_least,
        Level::Cgroup,
        "the stricter of the two"
    );
    assert_eq!(grant.hold().timeout, Some(Duration::from_secs(600)));
    assert!(
        grant.removed_variables().is_empty(),
        "the gate that it needed stays"
    );
    allowed(&policy, &as_suite("unit", "cargo test --lib"), &[]);
}

#[test]
fn every_gate_that_is_needed_has_to_be_open() {
    let policy = good(&format!(
        "{DAEMON}\n[gate.net]\nenv='NET_TESTS'\nwhy='uses the network'\nwhere='CI'\n[suite.net]\ngate='net'\ncommand=['net']\n"
    ));
    let request = as_suite("net", "cargo test --test daemon");
    let both = refused(&policy, &request, &[]).to_string();
    assert_eq!(both.lines().count(), 8, "{both}");
    let one = refused(&policy, &request, OPEN).to_string();
    assert!(
        one.contains("NET_TESTS is not set") && one.lines().count() == 4,
        "{one}"
    );
    let grant = allowed(
        &policy,
        &request,
        &[("KOLU_DAEMON_TESTS", "1"), ("NET_TESTS", "1")],
    );
    assert_eq!(grant.opened().len(), 2);
}

#[test]
fn the_variables_of_other_gates_are_removed() {
    let policy = good(&format!(
        "{DAEMON}\n[gate.net]\nenv='NET_TESTS'\nwhy='uses the network'\nwhere='CI'\n[suite.net]\ngate='net'\ncommand=['net']\n"
    ));
    let grant = allowed(
        &policy,
        &run("daemon", &[]),
        &[("KOLU_DAEMON_TESTS", "1"), ("NET_TESTS", "1")],
    );
    assert_eq!(grant.removed_variables(), ["NET_TESTS"]);
    let grant = allowed(&policy, &command("cargo test"), OPEN);
    assert_eq!(
        grant.removed_variables(),
        ["KOLU_DAEMON_TESTS", "NET_TESTS"]
    );
    let grant = allowed(&policy, &command("make"), OPEN);
    assert_eq!(
        grant.removed_variables(),
        ["KOLU_DAEMON_TESTS", "NET_TESTS"],
        "an unmatched command arms nothing either"
    );
}

#[test]
fn a_command_that_nothing_describes_is_held_or_refused_as_the_policy_says() {
    let hold = good(&format!("[defaults]\ntimeout='5m'\n{DAEMON}"));
    let grant = allowed(&hold, &command("make e2e"), &[]);
    assert_eq!(
        (grant.suite(), grant.hold().timeout),
        (None, Some(Duration::from_secs(300)))
    );

    let refuse = good(&format!("unmatched='refuse'\n{DAEMON}"));
    let refusal = refused(&refuse, &command("make e2e"), &[]).to_string();
    assert!(
        refusal.starts_with(
            "refused: no suite of the policy describes `make e2e`\nwhy: guardrun.toml:1 "
        ),
        "{refusal}"
    );
    assert_eq!(refusal.lines().count(), 4);
    refused(&refuse, &as_suite("unit", "make e2e"), &[]);
    allowed(&refuse, &command("cargo test"), &[]);

    // A suite that is run by its name is known, whatever is added to its command.
    let narrow = good("unmatched='refuse'\n[suite.a]\ncommand=['just', 't']\nmatch=['x']");
    allowed(&narrow, &run("a", &["more"]), &[]);
    refused(&narrow, &command("just t more"), &[]);
}

#[test]
fn without_a_policy_everything_is_held_and_nothing_is_named() {
    let policy = Policy::built_in();
    let grant = allowed(&policy, &command("cargo test"), &[]);
    assert_eq!((grant.suite(), grant.policy_file()), (None, None));
    assert_eq!(grant.place().to_string(), "the built-in policy");
    let error = unjudged(&policy, &run("daemon", &[]));
    assert!(
        error.to_string().contains("there is no policy here"),
        "{error}"
    );
}

#[test]
fn extra_arguments_go_on_as_they_are() {
    let policy = good(DAEMON);
    let grant = allowed(&policy, &run("unit", &["--", "-x", "*", ""]), &[]);
    assert_eq!(grant.argv(), ["cargo", "test", "--", "-x", "*", ""]);
    assert_eq!(grant.program(), "cargo");
}

#[test]
fn an_unknown_suite_is_a_usage_error_with_the_nearest_name() {
    let policy = good(DAEMON);
    for request in [run("deamon", &[]), as_suite("deamon", "true")] {
        let error = unjudged(&policy, &request);
        assert_eq!(error.verdict(), Verdict::Usage);
        assert_eq!(
            error.to_string(),
            "there is no suite `deamon`\ndid you mean `daemon`?\nhint: the suites are unit, daemon"
        );
    }
}

#[test]
fn a_suite_without_a_command_cannot_be_run_by_its_name() {
    let policy = good("[suite.a]\nmatch=['make *']");
    let error = unjudged(&policy, &run("a", &[]));
    assert_eq!(error.verdict(), Verdict::Usage);
    assert!(
        error
            .to_string()
            .contains("the suite `a` has no command of its own (guardrun.toml:1)"),
        "{error}"
    );
    allowed(&policy, &as_suite("a", "make x"), &[]);
}

#[test]
fn a_tie_is_an_error_of_the_policy_that_names_both_lines() {
    let policy = good("[suite.a]\nmatch=['x *b']\n[suite.b]\nmatch=['x b*']");
    let error = unjudged(&policy, &command("x b"));
    assert_eq!(error.verdict(), Verdict::BadPolicy);
    assert_eq!(
        error.to_string(),
        "the command is the suite `a` and the suite `b` alike\n\
         guardrun.toml:2: `x *b` says `a`\n\
         guardrun.toml:4: `x b*` says `b`\n\
         hint: make one of the two patterns more specific, and hold it with an example"
    );
    allowed(&policy, &command("x ab"), &[]);
}

#[test]
fn no_command_at_all_is_a_usage_error() {
    let request = Request::Command {
        argv: Vec::new(),
        suite: None,
    };
    assert_eq!(
        unjudged(&Policy::built_in(), &request).verdict(),
        Verdict::Usage
    );
}
