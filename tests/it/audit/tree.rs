//! Who started what, exactly, however it was started.

use super::Hall;
use crate::support::room::daemon_test;

#[test]
fn a_known_script_has_exactly_its_processes_its_programs_and_its_ends() {
    daemon_test(|| {
        let hall = Hall::new();
        let script =
            "/bin/true; (exit 4); /bin/sh -c 'exec \"$ACTOR\" exit 3'; \"$ACTOR\" die 9; exit 5";
        let ran = hall.audit(&[], &["sh", "-c", script]);
        assert_eq!(ran.code, Some(5), "{ran:?}");
        assert_eq!(
            ran.seen.processes(),
            [
                "1 of 0: sh = 5",
                "2 of 1: true = 0",
                "3 of 1:  = 4",
                "4 of 1: sh > guardrun-actor = 3",
                "5 of 1: guardrun-actor = SIGKILL",
            ],
            "{ran:?}"
        );
        assert!(
            ran.err.contains(" · 5 processes, 2 at once · "),
            "the last line too: {ran:?}"
        );
        assert!(ran.seen.all("exit").all(|it| it["by_guardrun"].is_null()));
        let first = &ran.seen.0[0];
        assert_eq!(
            (&first["event"], &first["schema"]),
            (&"run".into(), &1.into())
        );
        assert_eq!(ran.seen.0.last().unwrap()["exit"], 5);
        let roles: Vec<_> = ran.seen.all("exec").map(|it| it["role"].clone()).collect();
        assert_eq!(roles, ["runner", "host", "runner", "host", "host"]);
    });
}

#[test]
fn a_process_is_seen_however_it_was_started_and_a_thread_is_none() {
    daemon_test(|| {
        let hall = Hall::new();
        for way in ["fork", "spawn", "clone3", "execveat", "memfd", "thread"] {
            let ran = hall.audit(
                &[],
                &["ACTOR", "start-by", way, "--", "/bin/sh", "-c", "exit 6"],
            );
            assert_eq!(ran.code, Some(6), "{way}: {ran:?}");
            let processes = ran.seen.processes();
            assert_eq!(processes.len(), 2, "{way}: {processes:?}");
            assert!(
                processes[1].starts_with("2 of 1: ") && processes[1].ends_with("= 6"),
                "{processes:?}"
            );
        }
    });
}

/// A thread that executes becomes the first of its process, whose number it takes over.
#[test]
fn a_thread_that_executes_is_still_the_same_process() {
    daemon_test(|| {
        let hall = Hall::new();
        let code = "import os, threading, time\n\
            threading.Thread(target=lambda: time.sleep(60), daemon=True).start()\n\
            threading.Thread(target=lambda: os.execv('/bin/sh', ['sh', '-c', '/bin/true; exit 7'])).start()\n\
            time.sleep(60)";
        let ran = hall.audit(&[], &["python3", "-c", code]);
        assert_eq!(ran.code, Some(7), "{ran:?}");
        assert_eq!(
            ran.seen.processes(),
            ["1 of 0: python3 > sh = 7", "2 of 1: true = 0"],
            "{ran:?}"
        );
        let most = &ran.seen.0.last().unwrap()["threads_at_once"];
        assert_eq!(most, 3, "{ran:?}");
    });
}

#[test]
fn a_process_goes_on_when_its_first_thread_has_ended() {
    daemon_test(|| {
        let hall = Hall::new();
        let ran = hall.audit(
            &["--timeout", "1s", "--grace", "100ms"],
            &["ACTOR", "headless", "--life", "60"],
        );
        assert_eq!(ran.code, Some(48), "{ran:?}");
        assert_eq!(ran.seen.count("start"), 1, "{ran:?}");
        let exits: Vec<_> = ran.seen.all("exit").collect();
        assert_eq!(exits.len(), 1);
        assert_eq!(exits[0]["by_guardrun"], true, "{ran:?}");
    });
}

#[test]
fn a_daemon_that_forks_twice_is_an_orphan_in_a_session_and_outlives_the_run() {
    daemon_test(|| {
        let hall = Hall::new();
        let policy = hall.place.join("work/guardrun.toml");
        std::fs::write(&policy, crate::support::run::UNFENCED).expect("a policy");
        let ran = hall.audit(
            &[],
            &[
                "ACTOR",
                "play",
                "double-fork",
                "--then",
                "exit:0",
                "--life",
                "60",
            ],
        );
        assert_eq!(ran.code, Some(46), "{ran:?}");
        let orphan = ran.seen.all("orphan").next().expect("an orphan");
        let left = &ran.seen.0.last().unwrap()["outlived_run"];
        assert!(left.as_array().unwrap().contains(&orphan["id"]), "{ran:?}");
        assert_eq!(ran.seen.count("session"), 1, "{ran:?}");
        let exit = ran.seen.all("exit").find(|it| it["id"] == orphan["id"]);
        assert_eq!(exit.expect("its end")["by_guardrun"], true, "{ran:?}");
        assert!(ran.err.contains("started by guardrun-actor"), "{ran:?}");
        let refused = &ran.seen.0.last().unwrap()["would_refuse"]["daemons"];
        assert_eq!(refused[0]["deed"], "setsid", "{ran:?}");
    });
}

#[test]
fn sockets_terminals_and_sessions_are_seen() {
    daemon_test(|| {
        let hall = Hall::new();
        let policy = hall.place.join("work/guardrun.toml");
        std::fs::write(&policy, crate::support::run::UNFENCED).expect("a policy");
        for (deed, event) in [
            ("listen", "listen"),
            ("pty", "terminal"),
            ("setsid", "session"),
        ] {
            let ran = hall.audit(
                &[],
                &["ACTOR", "start-by", "fork", "--", "ACTOR", "try", deed],
            );
            assert_eq!(ran.code, Some(0), "{ran:?}");
            let seen: Vec<_> = ran.seen.all(event).collect();
            assert_eq!(seen.len(), 1, "{deed}: {ran:?}");
            assert_eq!(seen[0]["id"], 2, "{ran:?}");
            if deed == "listen" {
                let address = seen[0]["address"].as_str().expect("an address");
                assert!(
                    address.starts_with("127.0.0.1:") || address.starts_with("unix:"),
                    "{address}"
                );
            }
        }
        // A session that a group's leader asks for is none.
        let ran = hall.audit(&[], &["ACTOR", "try", "setsid"]);
        assert_eq!(ran.seen.count("session"), 0, "{ran:?}");
    });
}

/// "group-stops … so that Ctrl-Z and SIGTSTP work": a parent sees its child stop and go on as without an audit.
#[test]
fn a_child_that_is_stopped_and_goes_on_is_seen_to_by_its_parent() {
    daemon_test(|| {
        let hall = Hall::new();
        // The child counts for as long as nobody tells it to end; one that is stopped does not count.
        let code = "import mmap, os, signal, sys, time\n\
            m = mmap.mmap(-1, 16)\n\
            pid = os.fork()\n\
            if pid == 0:\n\
            \x20   n = 0\n\
            \x20   while m[8] == 0:\n\
            \x20       n += 1; m[0:8] = n.to_bytes(8, 'big')\n\
            \x20   os._exit(9)\n\
            while not any(m[0:8]): pass\n\
            for stop in (signal.SIGSTOP, signal.SIGTSTP):\n\
            \x20   os.kill(pid, stop)\n\
            \x20   _, status = os.waitpid(pid, os.WUNTRACED)\n\
            \x20   assert os.WIFSTOPPED(status) and os.WSTOPSIG(status) == stop, status\n\
            \x20   before = m[0:8]; time.sleep(0.2)\n\
            \x20   assert m[0:8] == before, 'it goes on'\n\
            \x20   os.kill(pid, signal.SIGCONT)\n\
            \x20   _, status = os.waitpid(pid, os.WCONTINUED)\n\
            \x20   assert os.WIFCONTINUED(status), status\n\
            \x20   while m[0:8] == before: pass\n\
            m[8] = 1\n\
            _, status = os.waitpid(pid, 0)\n\
            sys.exit(os.WEXITSTATUS(status))";
        let ran = hall.audit(&["--timeout", "20s"], &["python3", "-c", code]);
        assert_eq!(ran.code, Some(9), "{ran:?}");
    });
}
