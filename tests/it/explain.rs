//! "What would happen, and which line of the policy says so; runs nothing."

use crate::policy::{DAEMON, good};
use guardrun::commands::explain::{Explanation, explain, survey};
use guardrun::gate::{Environment, Request};
use guardrun::host::origin::{Ancestor, Origin};
use guardrun::policy::Policy;

fn explained(policy: &Policy, line: &str, variables: &[(&str, &str)]) -> Explanation {
    let request = Request::Command {
        argv: line.split(' ').map(Into::into).collect(),
        suite: None,
    };
    let environment: Environment = variables.iter().copied().collect();
    let origin = |_: &str| Origin::ThisCommand {
        by: Ancestor {
            pid: 7,
            name: "bash".to_owned(),
        },
    };
    explain(policy, &request, &environment, origin).unwrap()
}

#[test]
fn a_refused_command_is_explained_with_every_line_that_has_a_say() {
    let policy = good(DAEMON);
    let text = explained(&policy, "cargo test --test daemon", &[]).to_string();
    for part in [
        "command    cargo test --test daemon\n",
        "suite      daemon  (guardrun.toml:13)\n",
        "decided by `cargo test --test daemon` of daemon  (guardrun.toml:13)\n",
        "not by     `cargo test --test daemon *` of daemon  (guardrun.toml:14): more wildcards\n",
        "not by     `cargo test *` of unit  (guardrun.toml:9): fewer literal words\n",
        "gate       daemon: KOLU_DAEMON_TESTS is not set  (guardrun.toml:2)\n",
        "level      auto  (built in)\n",
        "at least   cgroup  (guardrun.toml:12)\n",
        "timeout    10m  (guardrun.toml:15)\n",
        "grace      10s  (built in)\n",
        "leaks      fail\n",
        "verdict    refused: the suite `daemon` needs the gate `daemon`",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
}

#[test]
fn an_open_gate_is_explained_with_where_the_opt_in_came_from() {
    let policy = good(DAEMON);
    let open = explained(
        &policy,
        "cargo test --test daemon",
        &[("KOLU_DAEMON_TESTS", "1")],
    );
    assert_eq!(open.verdict, "allowed");
    let text = open.to_string();
    assert!(
        text.contains("KOLU_DAEMON_TESTS is 1, set in `bash` (pid 7), or by it for this command"),
        "{text}"
    );
    assert!(text.ends_with("verdict    allowed\n"), "{text}");
}

#[test]
fn what_is_removed_and_what_is_loosened_is_said() {
    let policy = good(&format!(
        "{DAEMON}[suite.daemon.dangerously-allow-leaks]\nreason='x'\nexpires=2020-01-01\n[suite.unit.dangerously-allow-leaks]\nreason='upstream'\nexpires=2030-01-01"
    ));
    let text = explained(&policy, "cargo test", &[]).to_string();
    for part in [
        "removed    KOLU_DAEMON_TESTS\n",
        "leaks      warn\n",
        "loosened   dangerously-allow-leaks: upstream, until 2030-01-01  (guardrun.toml:19)\n",
        "note       `dangerously-allow-leaks` of the suite `daemon` expired on 2020-01-01",
    ] {
        assert!(text.contains(part), "{part}\n---\n{text}");
    }
}

#[test]
fn an_explanation_is_json_with_the_same_facts() {
    let json =
        serde_json::to_value(explained(&good(DAEMON), "cargo test --test daemon", &[])).unwrap();
    assert_eq!(json["suite"], "daemon");
    assert_eq!(json["hold"]["at_least"]["value"], "cgroup");
    assert_eq!(json["hold"]["at_least"]["place"], "guardrun.toml:12");
    assert_eq!(json["refusal"]["verdict"], "refused");
    assert_eq!(json["gates"][0]["state"], "unset");
}

#[test]
fn without_a_command_every_suite_is_listed() {
    let policy = good(DAEMON);
    let environment: Environment = [("KOLU_DAEMON_TESTS", "1")].into_iter().collect();
    assert_eq!(
        survey(&policy, &environment).to_string(),
        "policy /repo/guardrun.toml\n\
         SUITE   GATE           LEVEL  AT LEAST   TIMEOUT  COMMAND\n\
         unit    -              auto   subreaper  none     cargo test\n\
         daemon  daemon (open)  auto   cgroup     10m      cargo test --test daemon\n\
         any other command runs held under the defaults\n"
    );
    let none = survey(&Policy::built_in(), &environment).to_string();
    assert!(
        none.starts_with("no policy here; `guardrun init` writes a first one\n"),
        "{none}"
    );
}
