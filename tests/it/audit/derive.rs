//! "Ends with the policy lines it derives": they are read by the policy's own reader, and do what they say.

use super::{Audited, Hall};
use crate::support::gate;
use crate::support::room::daemon_test;
use std::process::Command;

/// The derived lines with those taken up that are a choice.
fn chosen(ran: &Audited) -> String {
    let policy = ran.seen.0.last().unwrap()["policy"]
        .as_str()
        .expect("lines");
    let lines = policy.lines().map(|line| match line.strip_prefix('#') {
        Some(rest) if !rest.starts_with(' ') => rest,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_derived_list_lets_the_suite_through_the_strictest_fence_and_nothing_else() {
    daemon_test(|| {
        let hall = Hall::new();
        let work = hall.place.join("work");
        let script = |name: &str, text: &str| {
            let path = work.join(name);
            std::fs::write(&path, text).expect("a script");
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755))
                .expect("a mode");
        };
        script("helper.sh", "#!/bin/sh\n/bin/true\n");
        let suite = "import subprocess, sys\n\
            subprocess.check_call(['./helper.sh'])\n\
            subprocess.check_call(['/bin/sh', '-c', 'exit 0'])\n\
            sys.exit(subprocess.call([sys.argv[1]]) if len(sys.argv) > 1 else 0)\n";
        std::fs::write(work.join("tests.py"), suite).expect("a suite");
        let ran = hall.audit(&[], &["python3", "tests.py"]);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(ran.seen.0.last().unwrap()["class"], "daemons");
        let paths: Vec<_> = ran
            .seen
            .all("exec")
            .filter(|it| it["path"].is_string())
            .collect();
        assert_eq!(paths.len(), 1, "of the script: {ran:?}");
        let policy = chosen(&ran).replace("processes =", "fence = \"processes\"\nprocesses =");
        std::fs::write(work.join("guardrun.toml"), &policy).expect("a policy");
        let held = hall
            .guardrun()
            .args(["--", "python3", "tests.py"])
            .output()
            .expect("guardrun");
        assert_eq!(held.status.code(), Some(0), "{policy}\n{held:?}");
        let more = hall
            .guardrun()
            .args(["--", "python3", "tests.py", "/usr/bin/env"])
            .output();
        let more = more.expect("guardrun");
        assert_eq!(more.status.code(), Some(45), "{policy}\n{more:?}");
    });
}

/// vitest and npm write titles over their arguments, and a fence sees those.
#[test]
fn the_derived_list_fits_a_program_that_has_written_a_title_over_its_arguments() {
    daemon_test(|| {
        if Command::new("node").arg("--version").output().is_err() {
            return gate::skip("a title", "node is not installed");
        }
        let hall = Hall::new();
        let work = hall.place.join("work");
        let suite = "process.title = 'kaval (tests)'\n\
            process.exit(require('child_process').spawnSync('/bin/true').status ?? 1)\n";
        std::fs::write(work.join("tests.js"), suite).expect("a suite");
        let path = std::env::var("PATH").unwrap_or_default();
        let path = format!("PATH={path}");
        let suite = ["env", &path, "node", "tests.js"];
        let ran = hall.audit(&[], &suite);
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let policy = chosen(&ran).replace("processes =", "fence = \"processes\"\nprocesses =");
        std::fs::write(work.join("guardrun.toml"), &policy).expect("a policy");
        let held = hall.guardrun().arg("--").args(suite).output();
        let held = held.expect("guardrun");
        assert_eq!(held.status.code(), Some(0), "{policy}\n{held:?}");
    });
}

#[test]
fn a_suite_that_is_derived_to_be_gated_is_refused_until_its_gate_is_open() {
    daemon_test(|| {
        let hall = Hall::new();
        let work = hall.place.join("work");
        let suite = [
            "start-by",
            "fork",
            "--",
            "/bin/sh",
            "-c",
            "\"$ACTOR\" try listen",
        ];
        let ran = hall.audit(&["--observe"], &[&["ACTOR"][..], &suite].concat());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let end = ran.seen.0.last().unwrap();
        assert_eq!(end["class"], "gated", "{ran:?}");
        let policy = end["policy"].as_str().expect("lines");
        std::fs::write(work.join("guardrun.toml"), policy).expect("a policy");
        let command = || {
            let mut command = hall.guardrun();
            command.arg("--").arg(hall.bench.actor()).args(suite);
            command
        };
        let closed = command().output().expect("guardrun");
        assert_eq!(closed.status.code(), Some(40), "{policy}\n{closed:?}");
        let open = command()
            .env("GUARDRUN_ACTOR_DAEMON_TESTS", "1")
            .output()
            .expect("guardrun");
        assert_eq!(open.status.code(), Some(0), "{policy}\n{open:?}");
    });
}
