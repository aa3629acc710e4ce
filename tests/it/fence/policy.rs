//! Which suite has which fence, what loosens it, and that flags only tighten.

use super::{FENCED, Yard};
use crate::support::room::daemon_test;

const BELOW: [&str; 7] = ["ACTOR", "start-by", "spawn", "--", "ACTOR", "try", "listen"];

#[test]
fn a_suite_without_a_gate_is_fenced_though_nobody_says_so_and_a_gated_one_is_not() {
    daemon_test(|| {
        let plain = Yard::with("timeout = \"1m\"").run(&[], &BELOW);
        assert_eq!(plain.code, Some(FENCED), "{plain:?}");
        assert!(
            plain.err.contains("built in, for suites without a gate"),
            "{plain:?}"
        );
        let gated = Yard::with(
            "gate = \"g\"\nlevel = \"namespace\"\n[gate.g]\nenv = \"YARD_TESTS\"\nwhy = \"w\"\nwhere = \"here\"",
        );
        let mut command = gated.command(&[], &BELOW);
        let open = command.env("YARD_TESTS", "1").output().expect("guardrun");
        let out = String::from_utf8_lossy(&open.stdout).into_owned();
        assert_eq!(
            out,
            "listen done\n",
            "{}",
            String::from_utf8_lossy(&open.stderr)
        );
    });
}

#[test]
fn what_the_policy_lets_through_is_that_deed_of_that_program_below_that_test() {
    daemon_test(|| {
        let allow = |what: &str, pattern: &str, by: &str| {
            let by = if by.is_empty() {
                String::new()
            } else {
                format!("by = \"{by}\"\n")
            };
            let rules = format!(
                "[[suite.yard.dangerously-allow-fenced]]\nwhat = \"{what}\"\nmatch = \"{pattern}\"\n{by}reason = \"a test\""
            );
            Yard::with(&rules).run(&[], &BELOW).code
        };
        assert_eq!(allow("listen", "guardrun-actor try *", ""), Some(0));
        assert_eq!(
            allow(
                "listen",
                "guardrun-actor try *",
                "guardrun-actor start-by **"
            ),
            Some(0)
        );
        assert_eq!(
            allow("listen", "guardrun-actor try *", "pytest *"),
            Some(FENCED)
        );
        assert_eq!(allow("listen", "redis-server *", ""), Some(FENCED));
        assert_eq!(allow("pty", "guardrun-actor try *", ""), Some(FENCED));
    });
}

#[test]
fn under_processes_the_policy_lets_programs_be_started() {
    daemon_test(|| {
        let yard = Yard::with(
            "fence = \"processes\"\n[[suite.yard.dangerously-allow-fenced]]\nwhat = \"start\"\nmatch = \"guardrun-actor say *\"\nreason = \"a test\"",
        );
        let start = |word| {
            yard.run(
                &[],
                &["ACTOR", "start-by", "fork", "--", "ACTOR", word, "0"],
            )
        };
        assert_eq!(start("say").code, Some(0));
        assert_eq!(start("exit").code, Some(FENCED));
    });
}

#[test]
fn a_refusal_that_only_warns_leaves_the_status_alone() {
    daemon_test(|| {
        let yard = Yard::with("[suite.yard.dangerously-warn-fenced]\nreason = \"moving\"");
        let script = "\"$ACTOR\" start-by spawn -- \"$ACTOR\" try listen; exit 3";
        let ran = yard.run(&[], &["sh", "-c", script]);
        assert_eq!(ran.code, Some(3), "{ran:?}");
        assert!(ran.err.contains("refused with EPERM") && ran.out.contains("errno 1\n"));
    });
}

#[test]
fn a_flag_tightens_a_fence_and_does_not_loosen_one() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        let tight = yard.run(
            &["--fence", "processes"],
            &["ACTOR", "start-by", "spawn", "--", "/bin/true"],
        );
        assert_eq!(tight.code, Some(FENCED), "{tight:?}");
        for class in ["off", "observe"] {
            let loose = yard.run(&["--fence", class], &BELOW);
            assert_eq!(loose.code, Some(2), "{loose:?}");
            assert!(loose.err.contains("dangerously-fence-weaker"), "{loose:?}");
        }
    });
}
