//! "Everything that was written before the end is passed on; nobody's end of file is waited for; blocked output holds up nothing."

use super::{FAR, LEVELS, ended, find, guardrun, script, wait_for_file, wait_until};
use crate::scratch::Scratch;
use crate::support::PATIENCE;
use crate::support::kernel::Process;
use crate::support::proc;
use crate::support::room::daemon_test;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How much is passed on in the long test, on each stream.
const LONG: usize = 100_000_000;

/// Bytes in which every place is different from those near it, so that a loss or a repetition shows.
fn noise(length: usize, seed: u64) -> Vec<u8> {
    let mut state = seed;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Reads slowly up to the last stretch, waits there until the suite is dead, and reads the rest.
fn read_slowly(mut from: impl Read, suite_is_dead: &(dyn Fn() + Sync)) -> Vec<u8> {
    let mut all = Vec::with_capacity(LONG);
    let mut piece = [0; 50_000];
    let mut waited = false;
    loop {
        if !waited && all.len() > LONG - 100_000 {
            suite_is_dead();
            waited = true;
        }
        match from.read(&mut piece).expect("a pipe can be read") {
            0 => return all,
            got => all.extend(&piece[..got]),
        }
        if all.len() % 64 == 0 {
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

#[test]
fn nothing_is_lost_through_a_slow_reader_on_either_stream() {
    daemon_test(|| {
        let scratch = Scratch::new();
        let (out, err) = (noise(LONG, 1), noise(LONG, 2));
        fs::write(scratch.path().join("out"), &out).expect("a file");
        fs::write(scratch.path().join("err"), &err).expect("a file");
        let done = scratch.path().join("done");
        let at = scratch.path().display();
        let text = format!("cat {at}/out & cat {at}/err >&2; wait; touch {at}/done; exit 4");
        for level in LEVELS {
            let _ = fs::remove_file(&done);
            let mut run = guardrun(level, &["--quiet", "--idle", FAR], &script(&text))
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("it starts");
            let from = (run.stdout.take().unwrap(), run.stderr.take().unwrap());
            let suite_is_dead = || wait_for_file(&done);
            let (got_out, got_err) = std::thread::scope(|scope| {
                let other = scope.spawn(|| read_slowly(from.1, &suite_is_dead));
                (read_slowly(from.0, &suite_is_dead), other.join().unwrap())
            });
            assert_eq!(ended(&mut run).code(), Some(4), "{level}");
            assert!(got_out == out, "{level}: stdout, {} bytes", got_out.len());
            assert!(got_err == err, "{level}: stderr, {} bytes", got_err.len());
        }
    });
}

/// Where both streams go to one place, what is written to the two stays in order.
#[test]
fn the_order_between_the_two_streams_stays() {
    daemon_test(|| {
        let (mut read, write) = std::io::pipe().expect("a pipe");
        let text =
            "i=0; while [ $i -lt 2000 ]; do echo $i; i=$((i+1)); echo $i >&2; i=$((i+1)); done";
        let mut command = guardrun("subreaper", &["--quiet", "--idle", FAR], &script(text));
        command.stdout(write.try_clone().unwrap()).stderr(write);
        let mut run = command.spawn().expect("it starts");
        drop(command);
        let mut got = String::new();
        read.read_to_string(&mut got).expect("it is text");
        let wanted: String = (0..2000).map(|i| format!("{i}\n")).collect();
        assert!(got == wanted, "out of order");
        assert_eq!(ended(&mut run).code(), Some(0));
    });
}

/// "A slow reader must not make it eat memory", and the description that others share is left as it was.
#[test]
fn a_reader_who_takes_nothing_costs_no_memory_and_nobodys_description_is_changed() {
    daemon_test(|| {
        let (read, write) = std::io::pipe().expect("a pipe");
        let shared: OwnedFd = write.try_clone().expect("a descriptor").into();
        let suite = ["head", "-c", "300000000", "/dev/zero"];
        let mut command = guardrun("namespace", &["--idle", FAR], &suite);
        let mut run = command.stdout(write).spawn().expect("it starts");
        drop(command);
        let suite = find(&run, "head -c");
        wait_until("the suite is held up", || {
            fs::read_to_string(format!("/proc/{suite}/wchan")).is_ok_and(|at| at.contains("pipe"))
        });
        let status = fs::read_to_string(format!("/proc/{}/status", run.id())).expect("it runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib: usize = line
            .unwrap()
            .trim()
            .trim_end_matches(" kB")
            .parse()
            .unwrap();
        assert!(kib < 30_000, "{kib} KiB");
        let flags = fcntl(&shared, FcntlArg::F_GETFL).expect("flags");
        assert!(!OFlag::from_bits_retain(flags).contains(OFlag::O_NONBLOCK));
        drop((read, shared));
        assert_eq!(ended(&mut run).signal(), Some(libc::SIGPIPE));
    });
}

/// "Blocked output must not stop the front from handling signals, timeouts, parent death", though it has much to say itself:
/// stdout and stderr are one pipe, it is full, and nobody reads.
#[test]
fn a_limit_ends_a_suite_whose_output_nobody_takes() {
    daemon_test(|| {
        for level in LEVELS {
            for options in [&["--idle", FAR][..], &[]] {
                let (mut read, write) = std::io::pipe().expect("a pipe");
                let mut command = guardrun(level, options, &script("trap '' TERM; yes; sleep 99"));
                command
                    .env("GUARDRUN_TIMEOUT", "1s")
                    .env("GUARDRUN_GRACE", "500ms");
                command.stdout(write.try_clone().unwrap()).stderr(write);
                let mut run = command.spawn().expect("it starts");
                drop(command);
                let suite = Process::open(find(&run, "yes")).expect("it is there");
                assert!(suite.dies_within(PATIENCE), "{level}: it is not ended");
                // Whoever reads again finds all of it, and what guardrun had to say.
                let mut got = Vec::new();
                read.read_to_end(&mut got).expect("a pipe can be read");
                let got = String::from_utf8_lossy(&got);
                assert!(got.contains("the processes of the run"), "{level}");
                assert_eq!(ended(&mut run).code(), Some(48), "{level}");
            }
        }
    });
}

/// After a run that was ended nobody waits for ever for a reader who takes nothing.
#[test]
fn a_reader_who_takes_nothing_holds_up_no_run_that_was_ended() {
    daemon_test(|| {
        let mut run = guardrun("namespace", &["--idle", FAR, "--timeout", "1s"], &["yes"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let _unread = run.stdout.take();
        assert_eq!(ended(&mut run).code(), Some(48));
    });
}

/// After a suite that ended by itself its reader decides, and a signal ends the waiting.
#[test]
fn a_signal_ends_the_waiting_for_a_reader() {
    daemon_test(|| {
        let scratch = Scratch::new();
        let text = format!(
            "head -c 100000 /dev/zero; touch {}/done; exit 6",
            scratch.path().display()
        );
        let mut run = guardrun("namespace", &["--idle", FAR], &script(&text))
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let _unread = run.stdout.take();
        wait_for_file(&scratch.path().join("done"));
        wait_until("nothing of the run is left", || {
            proc::descendants(run.id() as i32)
                .into_iter()
                .all(|pid| matches!(proc::state(pid), None | Some('Z')))
        });
        let front = Process::open(run.id() as i32).expect("it waits");
        assert!(!front.dies_within(Duration::from_millis(300)), "it waits");
        front.signal(libc::SIGTERM);
        assert_eq!(ended(&mut run).code(), Some(6), "the suite's own status");
    });
}

/// `guardrun -- yes | head -1` ends as it does without guardrun.
#[test]
fn a_reader_who_leaves_is_noticed_by_the_suite_itself() {
    daemon_test(|| {
        for level in LEVELS {
            let scratch = Scratch::new();
            let text = format!("yes; echo $? > {}/status", scratch.path().display());
            let mut run = guardrun(level, &["--idle", FAR], &script(&text))
                .stdout(Stdio::piped())
                .spawn()
                .expect("it starts");
            let mut out = run.stdout.take().unwrap();
            out.read_exact(&mut [0; 100_000]).expect("it writes");
            drop(out);
            ended(&mut run);
            let status = fs::read_to_string(scratch.path().join("status"));
            assert_eq!(status.ok().as_deref(), Some("141\n"), "{level}: SIGPIPE");
        }
    });
}

/// "It never waits for a pipe's end of file": somebody outside the run holds the suite's end and writes for ever.
#[test]
fn a_writer_who_got_away_holds_up_no_end() {
    daemon_test(|| {
        let mut run = guardrun("namespace", &["--idle", FAR], &script("read line; exit 7"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it starts");
        let suite = find(&run, "sh -c read line");
        let away = File::options()
            .write(true)
            .open(format!("/proc/{suite}/fd/1"))
            .expect("the suite's end can be opened");
        let mut out = run.stdout.take().unwrap();
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let _ = (&away).write(&[b'x'; 4096]);
                }
            });
            // Slowly, so that there is always more by the time that there is room for it.
            scope.spawn(|| {
                while out.read(&mut [0; 4096]).is_ok_and(|got| got > 0) {
                    std::thread::sleep(Duration::from_millis(20));
                }
            });
            drop(run.stdin.take());
            let status = ended(&mut run);
            over.store(true, Ordering::Relaxed);
            assert_eq!(status.code(), Some(7));
        });
    });
}

/// What is on its way when the suite dies of a signal arrives as well.
#[test]
fn what_a_suite_wrote_before_it_was_killed_arrives() {
    daemon_test(|| {
        let mut run = guardrun(
            "subreaper",
            &["--quiet", "--idle", FAR],
            &script("head -c 60000 /dev/zero; kill -9 $$"),
        )
        .stdout(Stdio::piped())
        .spawn()
        .expect("it starts");
        let mut all = Vec::new();
        run.stdout
            .take()
            .unwrap()
            .read_to_end(&mut all)
            .expect("it can be read");
        assert_eq!(all.len(), 60_000);
        assert_eq!(ended(&mut run).signal(), Some(9));
    });
}

/// Nor does the last word: nobody reads it, and TERM ends guardrun all the same.
#[test]
fn a_signal_ends_guardrun_whose_last_word_nobody_reads() {
    daemon_test(|| {
        let (read, write) = std::io::pipe().expect("a pipe");
        let mut fill = write.try_clone().expect("a descriptor");
        fill.write_all(&[b'x'; 65_536]).expect("it fits");
        let mut command = guardrun("namespace", &[], &script("exit 0"));
        let policy = Scratch::new();
        // One that knows the command: of another something would be said before it starts, while TERM still ends guardrun anyway.
        let known = "[suite.known]\nmatch = ['sh *']\n";
        fs::write(policy.path().join("guardrun.toml"), known).expect("a policy");
        command.arg("x").current_dir(policy.path()).stderr(write);
        let mut run = command.spawn().expect("it starts");
        drop(command);
        let front = Process::open(run.id() as i32).expect("it runs");
        wait_until("it waits for a reader", || {
            fs::read_to_string(format!("/proc/{}/wchan", front.pid))
                .is_ok_and(|at| at.contains("pipe"))
        });
        front.signal(libc::SIGTERM);
        let status = ended(&mut run);
        drop((read, fill));
        assert_eq!(status.signal(), Some(libc::SIGTERM));
    });
}
