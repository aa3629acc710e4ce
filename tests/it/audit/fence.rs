//! The fence during an audit: what the policy says stays in force; `--observe` lets a suite without a gate do what it would refuse.

use super::Hall;
use crate::support::room::daemon_test;

const SERVER: [&str; 6] = ["ACTOR", "start-by", "fork", "--", "ACTOR", "try"];

fn server(deed: &'static str) -> Vec<&'static str> {
    [&SERVER[..], &[deed]].concat()
}

#[test]
fn what_the_fence_refuses_is_refused_and_recorded() {
    daemon_test(|| {
        let hall = Hall::new();
        for (deed, event) in [("listen", "listen"), ("pty", "terminal")] {
            let ran = hall.audit(&[], &server(deed));
            assert_eq!(ran.code, Some(45), "{ran:?}");
            let seen: Vec<_> = ran.seen.all(event).collect();
            assert!(seen.len() == 1 && seen[0]["refused"] == true, "{ran:?}");
            let end = ran.seen.0.last().unwrap();
            assert_eq!(end["would_refuse"]["daemons"][0]["deed"], deed, "{ran:?}");
            assert_eq!(end["class"], "gated");
        }
        let ran = hall.audit(
            &["--fence", "processes"],
            &["ACTOR", "start-by", "spawn", "--", "/bin/true"],
        );
        assert_eq!(ran.code, Some(45), "{ran:?}");
        let refused: Vec<_> = ran.seen.all("refused").collect();
        assert_eq!(refused[0]["deed"], "exec", "{ran:?}");
        assert_eq!(refused[0]["object"], "/bin/true");
    });
}

#[test]
fn with_observe_it_is_done_and_told_what_the_fence_would_have_refused() {
    daemon_test(|| {
        let hall = Hall::new();
        for (deed, event) in [("listen", "listen"), ("pty", "terminal")] {
            let ran = hall.audit(&["--observe"], &server(deed));
            assert_eq!(ran.code, Some(0), "{ran:?}");
            assert!(ran.seen.all(event).all(|it| it["refused"].is_null()));
            let end = ran.seen.0.last().unwrap();
            assert_eq!(end["would_refuse"]["daemons"][0]["deed"], deed, "{ran:?}");
            assert_eq!(ran.seen.0[0]["fence"], "observe");
        }
        // Held all the same.
        let ran = hall.audit(
            &["--observe"],
            &[
                "ACTOR", "play", "session", "--then", "exit:0", "--life", "60",
            ],
        );
        assert_eq!(ran.code, Some(46), "{ran:?}");
    });
}

#[test]
fn a_coding_agent_may_not_observe_and_no_flag_opens_a_gate() {
    daemon_test(|| {
        let hall = Hall::new();
        let agent = hall
            .guardrun()
            .args(["audit", "--observe", "--", "touch", "started"])
            .env("GEMINI_CLI", "1")
            .output()
            .expect("guardrun can be started");
        assert_eq!(agent.status.code(), Some(40), "{agent:?}");
        let policy = "[gate.x]\nenv = \"X_TESTS\"\nwhy = \"x\"\nwhere = \"x\"\n[suite.x]\ngate = \"x\"\ncommand = [\"touch\", \"started\"]\n";
        std::fs::write(hall.place.join("work/guardrun.toml"), policy).expect("a policy");
        let closed = hall.audit(&["--observe"], &["touch", "started"]);
        assert_eq!(closed.code, Some(40), "{closed:?}");
        assert!(!hall.place.join("work/started").exists());
        let by_name = hall.guardrun().args(["audit", "--suite", "x"]).output();
        assert_eq!(by_name.expect("guardrun").status.code(), Some(40));
        let open = hall
            .guardrun()
            .args(["audit", "--suite", "x"])
            .env("X_TESTS", "1")
            .output();
        let open = open.expect("guardrun");
        assert_eq!(open.status.code(), Some(0), "{open:?}");
        assert!(hall.place.join("work/started").exists());
    });
}
