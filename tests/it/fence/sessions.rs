//! Going into the background in a session of one's own: refused where it can be seen at the call, ended where it is seen when
//! the parent has gone. A session that is waited for is no daemon.

use super::{FENCED, Yard};
use crate::support::room::daemon_test;

#[test]
fn what_goes_into_the_background_is_refused_or_ended_however_it_is_done() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        for suite in [
            &["ACTOR", "try", "daemon"][..],
            &["ACTOR", "play", "session", "--then", "exit:0"],
            &["ACTOR", "play", "double-fork", "--then", "exit:0"],
            &["ACTOR", "play", "no-environment", "--then", "exit:0"],
            &["ACTOR", "start-by", "spawn", "--", "ACTOR", "try", "daemon"],
            &["sh", "-c", "setsid \"$ACTOR\" sleep & sleep 1"],
            &[
                "ACTOR",
                "start-by",
                "fork",
                "--",
                "sh",
                "-c",
                "(setsid \"$ACTOR\" sleep &)",
            ],
        ] {
            let ran = yard.run(&[], suite);
            assert_eq!(ran.code, Some(FENCED), "{suite:?}: {ran:?}");
            assert!(
                ran.err
                    .contains("into the background in a session of its own"),
                "{ran:?}"
            );
            assert!(ran.err.contains("nothing left"), "{suite:?}: {ran:?}");
        }
    });
}

#[test]
fn a_session_that_is_waited_for_is_nobodys_daemon() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        for suite in [
            &["setsid", "--wait", "true"][..],
            &["ACTOR", "start-by", "fork", "--", "ACTOR", "try", "setsid"],
            // Its parent ends, and it follows.
            &[
                "python3",
                "-c",
                "import subprocess; subprocess.Popen(['sleep', '0.2'], start_new_session=True)",
            ],
        ] {
            let ran = yard.run(&[], suite);
            assert_eq!(ran.code, Some(0), "{suite:?}: {ran:?}");
            assert!(!ran.err.contains("fenced"), "{suite:?}: {ran:?}");
        }
    });
}
