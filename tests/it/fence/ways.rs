//! "Nothing slips through by: posix_spawn, vfork, clone3, execveat, memfd, static or 32-bit binaries, a thread, io_uring, a
//! script with a shebang, an inherited socket." Each has its allowing twin: the test process itself does the same.

use super::{FENCED, Yard};
use crate::support::gate;
use crate::support::room::daemon_test;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

const WAYS: [&str; 6] = ["fork", "spawn", "clone3", "execveat", "memfd", "thread"];

#[test]
fn a_test_may_listen_itself_in_every_way() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        for deed in ["listen", "listen-in-thread", "listen-in-fork", "ring"] {
            let ran = yard.run(&[], &["ACTOR", "try", deed]);
            assert_eq!(ran.code, Some(0), "{deed}: {ran:?}");
        }
    });
}

#[test]
fn what_a_test_has_started_in_whatever_way_may_not_listen() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        for way in WAYS {
            let ran = yard.run(
                &[],
                &["ACTOR", "start-by", way, "--", "ACTOR", "try", "listen"],
            );
            assert_eq!(ran.out, "listen errno 1\n", "{way}: {ran:?}");
            assert_eq!(ran.code, Some(FENCED), "{way}: {ran:?}");
        }
        for deed in ["listen-in-thread", "listen-in-fork"] {
            let ran = yard.run(
                &[],
                &["ACTOR", "start-by", "fork", "--", "ACTOR", "try", deed],
            );
            assert_eq!(ran.out, format!("{deed} errno 1\n"), "{ran:?}");
            assert_eq!(ran.code, Some(FENCED), "{deed}: {ran:?}");
        }
    });
}

#[test]
fn a_socket_that_was_inherited_is_no_way_round() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        for state in ["bound", "listening"] {
            let inherit = ["start-by", "fork", "--socket", state];
            let suite = ["ACTOR"].into_iter().chain(inherit);
            let suite = suite.chain(["--", "ACTOR", "try", "listen-fd", "--fd", "9"]);
            let ran = yard.run(&[], &suite.collect::<Vec<_>>());
            assert_eq!(ran.out, "listen-fd errno 1\n", "{state}: {ran:?}");
            assert_eq!(ran.code, Some(FENCED), "{state}: {ran:?}");
        }
    });
}

/// A ring can listen without the system call since Linux 6.11, so there is none below a test; that is nothing to be named.
#[test]
fn there_is_no_ring_below_a_test() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        let bare = yard.run(&[], &["ACTOR", "try", "ring"]);
        if bare.out != "ring done\n" {
            return gate::skip("there_is_no_ring_below_a_test", &bare.out);
        }
        let ran = yard.run(
            &[],
            &["ACTOR", "start-by", "fork", "--", "ACTOR", "try", "ring"],
        );
        assert_eq!(ran.out, "ring errno 38\n", "{ran:?}");
        assert_eq!(ran.code, Some(38), "the suite's own status: {ran:?}");
    });
}

/// `server & tests`: what a script starts on the side is not what it is there to run.
#[test]
fn a_background_job_of_a_script_may_not_listen_and_a_foreground_one_may() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        for (script, code) in [
            ("\"$ACTOR\" try listen; true", 0),
            ("\"$ACTOR\" try listen & wait", FENCED),
            // It sets SIGQUIT anew, as some programs do; that it was a background job was seen before.
            ("setsid python3 -c \"$SERVER\" & wait", FENCED),
            ("sh -c '\"$ACTOR\" try listen; true' & wait", FENCED),
        ] {
            let command = yard.command(&[], &["sh", "-c", script]);
            // A guardrun that was itself started on the side ignores what such jobs ignore.
            for begun in ["exec \"$@\"", "trap '' INT QUIT; exec \"$@\""] {
                let mut starter = Command::new("sh");
                starter
                    .args(["-c", begun, "sh"])
                    .arg(command.get_program())
                    .args(command.get_args())
                    .env_clear()
                    .envs(
                        command
                            .get_envs()
                            .filter_map(|(name, value)| Some((name, value?))),
                    )
                    .env("SERVER", SERVER)
                    .stdin(Stdio::null());
                let output = starter.output();
                let ran = super::Ran::of(&output.expect("guardrun can be started"));
                assert_eq!(ran.code, Some(code), "{begun}: {script}: {ran:?}");
            }
        }
    });
}

const SERVER: &str = "import signal, socket
signal.signal(signal.SIGQUIT, signal.SIG_DFL)
socket.create_server(('127.0.0.1', 0))";

#[test]
fn a_script_is_what_it_starts() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        let script = program(&yard, "script", b"#!/bin/sh\nexec \"$ACTOR\" try listen\n");
        let ran = yard.run(&[], &["ACTOR", "start-by", "spawn", "--", &script]);
        assert_eq!(ran.code, Some(FENCED), "{ran:?}");
        assert_eq!(ran.out, "listen errno 1\n");
    });
}

/// The kernel asks, so it does not matter what a program is linked with.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_static_program_is_asked_about_like_any_other() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        let path = program(&yard, "static", &elf64(LISTEN_64));
        let own = yard.run(&[], &[&path]);
        assert_eq!(own.code, Some(0), "it listens by itself: {own:?}");
        let ran = yard.run(&[], &["ACTOR", "start-by", "spawn", "--", &path]);
        assert_eq!(ran.code, Some(FENCED), "{ran:?}");
        assert!(ran.err.contains("exit code 1,"), "EPERM: {ran:?}");
    });
}

/// 32-bit programs come in by another door, with other numbers: listen has one of its own there, and one among
/// those of socketcall.
#[cfg(target_arch = "x86_64")]
#[test]
fn a_32_bit_program_is_asked_about_like_any_other() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        for (name, code) in [("direct", LISTEN_32), ("socketcall", SOCKETCALL_32)] {
            let path = program(&yard, name, &elf32(code));
            let own = yard.run(&[], &[&path]);
            if own.code == Some(126) {
                return gate::skip("32-bit programs", "this kernel does not run them");
            }
            assert_eq!(own.code, Some(0), "it listens by itself: {own:?}");
            let ran = yard.run(&[], &["ACTOR", "start-by", "spawn", "--", &path]);
            assert_eq!(ran.code, Some(FENCED), "{name}: {ran:?}");
            assert!(ran.err.contains("exit code 1,"), "EPERM: {ran:?}");
        }
    });
}

#[test]
fn under_processes_a_test_starts_nothing_in_whatever_way() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"processes\"");
        for way in WAYS {
            let ran = yard.run(
                &[],
                &["ACTOR", "start-by", way, "--", "ACTOR", "say", "here"],
            );
            assert_eq!(ran.code, Some(FENCED), "{way}: {ran:?}");
            assert!(!ran.out.contains("here"), "{way}: {ran:?}");
            assert!(ran.err.contains("tried to start "), "{way}: {ran:?}");
        }
        // By names that mean something else to the front than to whoever uses them.
        for itself in ["/proc/self/exe", "/proc/thread-self/exe"] {
            let ran = yard.run(
                &[],
                &["ACTOR", "start-by", "fork", "--", itself, "say", "here"],
            );
            assert_eq!(ran.out, "start errno 13\n", "{itself}: {ran:?}");
            assert_eq!(ran.code, Some(FENCED), "{itself}: {ran:?}");
        }
        // What is not there is started by nobody, and nothing is refused.
        let missing = ["ACTOR", "start-by", "fork", "--", "/nowhere/program"];
        let ran = yard.run(&[], &missing);
        assert_eq!((ran.code, ran.out.as_str()), (Some(90), "start errno 2\n"));
        let allowed = yard.run(&[], &["sh", "-c", "true; \"$ACTOR\" say here"]);
        assert_eq!(
            allowed.code,
            Some(0),
            "a script may start the test: {allowed:?}"
        );
        assert_eq!(allowed.out, "here\n");
    });
}

/// Another root, in which the program is reached by a link that leads nowhere out here.
const OTHER_ROOT: &str = "set -e
mkdir -p root; mount -t tmpfs none root; cd root
mkdir usr away bench
for at in lib lib64 bin; do
    if [ -L /$at ]; then ln -s usr/$at $at; elif [ -d /$at ]; then mkdir $at; mount --bind /$at $at; fi
done
mount --rbind /usr usr; mount --rbind /usr/bin away; mount --bind .. bench; ln -s /away ways
exec chroot . /bench/$(basename \"$ACTOR\") start-by fork -- /ways/true
";

#[test]
fn a_program_that_is_not_there_from_outside_is_refused_and_named_all_the_same() {
    daemon_test(|| {
        let can = Command::new("unshare").args(["-rm", "true"]).status();
        if !can.is_ok_and(|status| status.success()) {
            return gate::skip("another root", "no user namespace can be made here");
        }
        let yard = Yard::with("fence = \"processes\"");
        let ran = yard.run(&[], &["unshare", "-rm", "sh", "-c", OTHER_ROOT]);
        assert_eq!(ran.out, "start errno 13\n", "{ran:?}");
        assert_eq!(ran.code, Some(FENCED), "{ran:?}");
        assert!(ran.err.contains("tried to start /ways/true"), "{ran:?}");
    });
}

#[test]
fn a_test_opens_no_pseudoterminal_and_a_starter_does() {
    daemon_test(|| {
        let yard = Yard::with("fence = \"daemons\"");
        for suite in [
            &["ACTOR", "try", "pty"][..],
            &["ACTOR", "start-by", "spawn", "--", "ACTOR", "try", "pty"],
        ] {
            let ran = yard.run(&[], suite);
            assert_eq!(ran.out, "pty errno 1\n", "{ran:?}");
            assert_eq!(ran.code, Some(FENCED), "{ran:?}");
        }
        let locked = yard.run(&[], &["ACTOR", "try", "peer"]);
        assert_eq!(
            locked.out, "peer errno 5\n",
            "the kernel itself keeps it locked"
        );
        let script = ["script", "-qec", "echo in a terminal", "/dev/null"];
        let ran = yard.run(&[], &script);
        assert_eq!(ran.code, Some(0), "{ran:?}");
    });
}

fn program(yard: &Yard, name: &str, bytes: &[u8]) -> String {
    let path: PathBuf = yard.bench.actor().with_file_name(name);
    fs::write(&path, bytes).expect("a program can be written");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a mode");
    path.to_string_lossy().into_owned()
}

/// socket(AF_INET, SOCK_STREAM, 0); listen(it, 5); exit(-answer)
#[cfg(target_arch = "x86_64")]
const LISTEN_64: &[u8] = &[
    0xb8, 41, 0, 0, 0, 0xbf, 2, 0, 0, 0, 0xbe, 1, 0, 0, 0, 0x31, 0xd2, 0x0f, 0x05, // socket
    0x89, 0xc7, 0xb8, 50, 0, 0, 0, 0xbe, 5, 0, 0, 0, 0x0f, 0x05, // listen
    0xf7, 0xd8, 0x89, 0xc7, 0xb8, 60, 0, 0, 0, 0x0f, 0x05, // exit
];

/// The same by the 32-bit numbers 359, 363 and 1.
#[cfg(target_arch = "x86_64")]
const LISTEN_32: &[u8] = &[
    0xb8, 0x67, 1, 0, 0, 0xbb, 2, 0, 0, 0, 0xb9, 1, 0, 0, 0, 0x31, 0xd2, 0xcd, 0x80, // socket
    0x89, 0xc3, 0xb8, 0x6b, 1, 0, 0, 0xb9, 5, 0, 0, 0, 0xcd, 0x80, // listen
    0xf7, 0xd8, 0x89, 0xc3, 0xb8, 1, 0, 0, 0, 0xcd, 0x80, // exit
];

/// The same with socketcall(SYS_LISTEN, {it, 5}), whose arguments are on the stack.
#[cfg(target_arch = "x86_64")]
const SOCKETCALL_32: &[u8] = &[
    0xb8, 0x67, 1, 0, 0, 0xbb, 2, 0, 0, 0, 0xb9, 1, 0, 0, 0, 0x31, 0xd2, 0xcd, 0x80, // socket
    0x6a, 5, 0x50, 0x89, 0xe1, 0xb8, 102, 0, 0, 0, 0xbb, 4, 0, 0, 0, 0xcd, 0x80, // socketcall
    0xf7, 0xd8, 0x89, 0xc3, 0xb8, 1, 0, 0, 0, 0xcd, 0x80, // exit
];

/// A program of nothing but this code (elf(5)).
#[cfg(target_arch = "x86_64")]
fn elf64(code: &[u8]) -> Vec<u8> {
    let base: u64 = 0x40_0000;
    let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    file.extend([2u16, 62].iter().flat_map(|n| n.to_le_bytes()));
    file.extend(1u32.to_le_bytes());
    file.extend([base + 120, 64, 0].iter().flat_map(|n| n.to_le_bytes()));
    file.extend(0u32.to_le_bytes());
    file.extend(
        [64u16, 56, 1, 64, 0, 0]
            .iter()
            .flat_map(|n| n.to_le_bytes()),
    );
    file.extend([1u32, 5].iter().flat_map(|n| n.to_le_bytes()));
    let size = 120 + code.len() as u64;
    let header = [0, base, base, size, size, 0x1000];
    file.extend(header.iter().flat_map(|n| n.to_le_bytes()));
    file.extend(code);
    file
}

/// The same for 32 bits.
#[cfg(target_arch = "x86_64")]
fn elf32(code: &[u8]) -> Vec<u8> {
    let base: u32 = 0x804_8000;
    let mut file = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    file.extend([2u16, 3].iter().flat_map(|n| n.to_le_bytes()));
    file.extend(
        [1, base + 84, 52, 0, 0]
            .iter()
            .flat_map(|n: &u32| n.to_le_bytes()),
    );
    file.extend(
        [52u16, 32, 1, 40, 0, 0]
            .iter()
            .flat_map(|n| n.to_le_bytes()),
    );
    let size = 84 + code.len() as u32;
    let header = [1, 0, base, base, size, size, 5, 0x1000];
    file.extend(header.iter().flat_map(|n: &u32| n.to_le_bytes()));
    file.extend(code);
    file
}
