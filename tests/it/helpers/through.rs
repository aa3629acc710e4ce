//! "`guardrun doctor --through 'PREFIX…'` runs a canary through the same chain": which variables arrive, and who has lost the others.

use super::project::{Project, Told};
use crate::support::bench::{Bench, User};
use crate::support::gate;
use crate::support::room::daemon_test;
use std::process::Command;

const EVERYTHING: [&str; 5] = [
    "GUARDRUN_RUN_ID",
    "GUARDRUN_KEEPER",
    "GUARDRUN_OPENED",
    "GUARDRUN_LEDGER",
    "LIVE_TESTS",
];

fn through(project: &Project<'_>, chain: &str) -> Told {
    project.run(&[], &["guardrun", "--quiet", "doctor", "--through", chain])
}

fn line<'a>(told: &'a Told, name: &str) -> &'a str {
    let mut found = told.text.lines().filter_map(|line| line.strip_prefix(name));
    found.next().unwrap_or_default().trim()
}

#[test]
fn a_chain_that_keeps_everything_is_whole_and_one_that_does_not_is_named() {
    daemon_test(|| {
        let bench = Bench::new();
        let project = Project::new(&bench, "python", &["sh", "-c", "exit 0"]);
        for chain in [
            "nice",
            "setsid -w",
            "env -u NOTHING nice sh -c 'exec \"$@\"' sh",
        ] {
            let told = through(&project, chain);
            assert_eq!(told.code, Some(0), "{chain}: {}", told.text);
            assert_eq!(line(&told, "arrived"), EVERYTHING.join(", "));
            assert_eq!(line(&told, "held"), "yes");
        }
        let told = through(&project, "env -i");
        assert_eq!(told.code, Some(40), "{}", told.text);
        assert_eq!(line(&told, "lost"), EVERYTHING.join(", "));
        assert!(
            told.text.contains("hint: env -i begins with nothing"),
            "{}",
            told.text
        );
        let told = through(&project, "env -u LIVE_TESTS");
        assert_eq!(
            (told.code, line(&told, "lost")),
            (Some(40), "LIVE_TESTS"),
            "{}",
            told.text
        );
        let told = through(&project, "env LIVE_TESTS=0");
        assert_eq!(
            (told.code, line(&told, "changed")),
            (Some(40), "LIVE_TESTS"),
            "{}",
            told.text
        );
        // Nobody sings at the other end.
        for chain in ["false", "true", "no-such-program-anywhere"] {
            let told = through(&project, chain);
            assert_eq!(told.code, Some(40), "{}", told.text);
            assert!(
                told.text.contains("nothing was heard of the canary"),
                "{}",
                told.text
            );
        }
        // The chain is judged like any command: a canary is no way past a gate.
        let policy = "[gate.live]\nenv = \"LIVE_TESTS\"\nwhy = \"w\"\nwhere = \"CI\"\n\n\
                      [suite.live]\ngate = \"live\"\nmatch = [\"@START@ *\"]\n";
        project.file("guardrun.toml", policy);
        let told = through(&project, &project.program.to_string_lossy());
        assert_eq!((told.code, told.starts), (Some(40), 0), "{}", told.text);
        assert!(told.text.contains("refused"), "{}", told.text);
    });
}

#[test]
fn sudo_is_named_with_what_would_mend_it() {
    daemon_test(|| {
        let bench = Bench::new();
        let sudo = Command::new("sudo").args(["-n", "true"]).output();
        if User::present() != User::Root || !sudo.is_ok_and(|output| output.status.success()) {
            return gate::skip("sudo", "not installed, or it asks for a password");
        }
        let project = Project::new(&bench, "python", &["sh", "-c", "exit 0"]);
        let told = through(&project, "sudo");
        assert_eq!(told.code, Some(40), "{}", told.text);
        assert_eq!(line(&told, "lost"), EVERYTHING.join(", "));
        let remedy = format!("sudo --preserve-env={}", EVERYTHING.join(","));
        assert!(told.text.contains(&remedy), "{}", told.text);
        // And the remedy is one.
        let told = through(&project, &remedy);
        assert_eq!(told.code, Some(0), "{}", told.text);
    });
}
