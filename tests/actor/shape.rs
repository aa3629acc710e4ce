//! The shapes that a suite's processes take to get out of reach: section by section the ways out that must be shut.
//!
//! Each process of a shape says that it is there with one byte through a pipe, when it is *where it should be* and not
//! before: in its session, deaf, stopped. `bring_about` comes back when all are.
//!
//! Nothing here is unbounded. Every process has its own deadline (`life.rs`), and whatever forks again and again has a
//! number as well: `REBIRTHS`, `FAST_HOPS`, `SLOW_HOPS`, `--count`.

use crate::life;
use crate::sys::{self, Change, Side};
use crate::words::Words;
use std::ffi::OsString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::time::Duration;

/// How often something that rises again does so.
const REBIRTHS: u32 = 64;
/// Hops of the moving target as fast as it can, which takes about two seconds; then
const FAST_HOPS: u32 = 10_000;
/// hops with a breath between them.
const SLOW_HOPS: u32 = 5_000;
/// The breath.
const BREATH: Duration = Duration::from_millis(2);
/// How many processes fill a table that no limit of its own bounds: then it is not to be filled.
const TABLE_BOUND: u32 = 4_000;
/// How long a shape may take to come about.
const PATIENCE: Duration = Duration::from_secs(30);

/// There.
const THERE: u8 = b'.';
/// Cannot be had here.
const CANNOT: u8 = b'x';

/// Whether a shape came about.
pub(crate) enum Here {
    All,
    Not(String),
}

/// The pipe through which the processes of a shape say that they are there.
struct Roll {
    read: OwnedFd,
    write: OwnedFd,
}

impl Roll {
    fn call(&self) -> Call {
        Call(self.write.as_raw_fd())
    }

    /// Waits until `number` processes have said that they are there.
    fn wait_for(self, number: u32) -> io::Result<Here> {
        // Only those who are to answer hold the other end now, so that their death is heard.
        let Roll { read, write } = self;
        drop(write);
        let until = sys::now() + PATIENCE.as_nanos() as u64;
        let mut there = 0;
        let mut bytes = [0; 512];
        while there < number {
            let left = Duration::from_nanos(until.saturating_sub(sys::now()));
            if left.is_zero() || !sys::readable(read.as_raw_fd(), left) {
                return Err(io::Error::other(format!("{there} of {number} are there")));
            }
            let got = match sys::read(read.as_raw_fd(), &mut bytes) {
                Ok(0) => return Err(io::Error::other("some died before they were there")),
                Ok(got) => &bytes[..got],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if got.contains(&CANNOT) {
                return Ok(Here::Not("the kernel refuses it here".to_owned()));
            }
            there += got.len() as u32;
        }
        Ok(Here::All)
    }
}

/// One process's end of the roll.
#[derive(Clone, Copy)]
struct Call(RawFd);

impl Call {
    fn there(self) {
        self.say(THERE);
    }

    fn cannot(self) {
        self.say(CANNOT);
    }

    fn say(self, byte: u8) {
        // The leader may be dead already, and that is no reason to follow it.
        let before = sys::disposition(libc::SIGPIPE, libc::SIG_IGN);
        let _ = sys::write(self.0, &[byte]);
        sys::disposition(libc::SIGPIPE, before);
    }
}

/// Brings the shape about, with this process as the suite's leader.
pub(crate) fn bring_about(shape: &str, words: &Words) -> io::Result<Here> {
    // Inherited over exec, for some shapes are another program.
    let (read, write) = sys::pipe(0)?;
    let roll = Roll { read, write };
    let call = roll.call();
    let number = match shape {
        "nothing" => 0,
        "background" => one(|| call.there())?,
        "session" => one(|| {
            leave_session();
            call.there();
        })?,
        "double-fork" => double_fork(|| call.there())?,
        "deaf" => deaf(call)?,
        "no-environment" => no_environment(call)?,
        "stopped" => stopped(call)?,
        "holds-stdout" => one(|| {
            leave_session();
            call.there();
            // Everything but the one thing that keeps a reader waiting.
            sys::close(0);
            sys::close(2);
            sys::close_from(3);
        })?,
        "closes-all" => double_fork(|| {
            call.there();
            sys::close_from(0);
        })?,
        "subreaper" => own_subreaper(call)?,
        "pid-namespace" => own_namespace(call)?,
        "rises-again" => one(|| rise_again(call))?,
        "pair" => one(|| keeper_of_another(call, None, 0))? + 1,
        "moving-target" => {
            let pause = Duration::from_millis(words.number("pause")?.unwrap_or(0));
            one(|| hop(call, pause))?
        }
        "setuid-root" => setuid_root(call, words)?,
        "thousands" => crowd(call, words.number("count")?.unwrap_or(1000))?,
        "full-table" => return fill_table(roll),
        other => return Err(io::Error::other(format!("no such shape: {other:?}"))),
    };
    if number == 0 {
        return Ok(Here::All);
    }
    roll.wait_for(number)
}

/// `lurk --roll FD`: another program's end of a shape. It may have become root on the way here.
pub(crate) fn lurk(words: &Words) -> io::Result<i32> {
    if sys::effective_user() == 0 {
        let _ = sys::become_user(0, 0);
    }
    leave_session();
    go_deaf();
    if let Some(roll) = words.number("roll")? {
        Call(roll).there();
    }
    life::sleep_out()
}

/// A child that does `deed` and sleeps.
fn one(deed: impl FnOnce()) -> io::Result<u32> {
    sys::child(deed).map(|_| 1)
}

/// setsid, where that is possible; who leads a session already has nothing to leave.
fn leave_session() {
    let _ = sys::new_session();
}

/// Ignores and blocks every signal that can be.
fn go_deaf() {
    for signal in 1..=64 {
        sys::disposition(signal, libc::SIG_IGN);
    }
    sys::mask_all(libc::SIG_BLOCK);
}

/// The classical daemon: fork, setsid, fork, and the one in between exits.
fn double_fork(deed: impl FnOnce()) -> io::Result<u32> {
    let middle = match sys::fork()? {
        Side::Parent(pid) => pid,
        Side::Child => {
            leave_session();
            match sys::child(deed) {
                Ok(_) => sys::exit_now(0),
                Err(_) => sys::exit_now(1),
            }
        }
    };
    sys::wait(middle, 0)?;
    Ok(1)
}

/// Deaf to every signal that can be caught: one child beside the leader, one in a session of its own, and the leader.
fn deaf(call: Call) -> io::Result<u32> {
    go_deaf();
    one(|| call.there())?;
    one(|| {
        leave_session();
        call.there();
    })?;
    Ok(2)
}

/// Another program with an empty environment, in a session of its own, with a parent that is gone.
fn no_environment(call: Call) -> io::Result<u32> {
    let command = lurk_command(sys::own_path(), call);
    double_fork(|| {
        life::arm_over_exec();
        let error = sys::exec(&command, Some(&[]));
        sys::complain(&format!("exec {command:?}: {error}"));
    })
}

/// The command line of `lurk`.
fn lurk_command(program: OsString, call: Call) -> Vec<OsString> {
    let until = life::until().to_string();
    let roll = call.0.to_string();
    let mut command = vec![program];
    command.extend(["lurk", "--until", &until, "--roll", &roll].map(OsString::from));
    command
}

/// Two that are stopped: one beside the leader, and one deaf, in a session of its own.
fn stopped(call: Call) -> io::Result<u32> {
    let stop = || {
        let _ = sys::send(sys::me(), libc::SIGSTOP);
    };
    let near = sys::child(stop)?;
    let far = sys::child(|| {
        leave_session();
        go_deaf();
        stop();
    })?;
    for child in [near, far] {
        match sys::wait(child, libc::WUNTRACED)? {
            Some((_, Change::Stopped(_))) => call.there(),
            other => return Err(io::Error::other(format!("not stopped but {other:?}"))),
        }
    }
    Ok(2)
}

/// A supervisor of its own kind: a subreaper in a session of its own, which its daemons come back to.
fn own_subreaper(call: Call) -> io::Result<u32> {
    one(|| {
        leave_session();
        let _ = sys::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
        for _ in 0..3 {
            let _ = double_fork(|| call.there());
        }
        call.there();
    })?;
    Ok(4)
}

/// A pid namespace inside the run, with a process in it besides its first.
fn own_namespace(call: Call) -> io::Result<u32> {
    one(|| {
        leave_session();
        let made = sys::unshare(libc::CLONE_NEWPID)
            .or_else(|_| sys::unshare(libc::CLONE_NEWPID | libc::CLONE_NEWUSER))
            .and_then(|()| {
                sys::child(|| {
                    let _ = sys::child(|| call.there());
                    call.there();
                })
            });
        if made.is_err() {
            call.cannot();
        }
    })?;
    Ok(2)
}

/// Signals on which somebody could rise again.
const KNOCKS: [i32; 6] = [
    libc::SIGTERM,
    libc::SIGINT,
    libc::SIGHUP,
    libc::SIGQUIT,
    libc::SIGUSR1,
    libc::SIGUSR2,
];

/// Forks a new copy of itself whenever it is asked to end.
fn rise_again(call: Call) {
    for signal in KNOCKS {
        sys::block(signal);
    }
    leave_session();
    call.there();
    for _ in 0..REBIRTHS {
        sys::wait_for_signal(&KNOCKS);
        match sys::fork() {
            Ok(Side::Child) => leave_session(),
            Ok(Side::Parent(_)) => sys::exit_now(0),
            Err(_) => {}
        }
    }
}

/// One of two who each start the other again when it dies, of which the end of file on `other` tells.
fn keeper_of_another(call: Call, other: Option<OwnedFd>, births: u32) {
    leave_session();
    let mut births = births;
    let mut other = other;
    if births <= 1 {
        call.there();
    }
    while births < REBIRTHS {
        if let Some(other) = other.take() {
            // Nothing is ever written: what comes is the end of file, when the last holder of the other end is dead.
            let _ = sys::read(other.as_raw_fd(), &mut [0]);
        }
        births += 1;
        let (Ok(mine), Ok(its)) = (sys::pipe(libc::O_CLOEXEC), sys::pipe(libc::O_CLOEXEC)) else {
            return;
        };
        match sys::fork() {
            Ok(Side::Parent(_)) => {
                // This process alone holds mine.1, so that the other hears its death, and hears the other's by its.0.
                forget(mine.1);
                other = Some(its.0);
            }
            Ok(Side::Child) => {
                forget(its.1);
                drop((mine.1, its.0));
                keeper_of_another(call, Some(mine.0), births);
                life::sleep_out();
            }
            Err(_) => return,
        }
    }
}

/// Keeps a descriptor open for as long as this process lives.
fn forget(fd: OwnedFd) {
    std::mem::forget(fd);
}

/// Never the same process twice: forks, and the child goes on in a new session while the parent exits. Begins after `pause`.
fn hop(call: Call, pause: Duration) {
    call.there();
    sys::nap(pause);
    for hop in 0..FAST_HOPS + SLOW_HOPS {
        if hop >= FAST_HOPS {
            sys::nap(BREATH);
        }
        match sys::fork() {
            Ok(Side::Parent(_)) => sys::exit_now(0),
            Ok(Side::Child) => leave_session(),
            // The table is full for the moment.
            Err(_) => sys::nap(BREATH),
        }
    }
}

/// A child that becomes root through a setuid program, which an ordinary user cannot signal.
fn setuid_root(call: Call, words: &Words) -> io::Result<u32> {
    let program = words
        .text("setuid-program")
        .ok_or_else(|| io::Error::other("no --setuid-program"))?;
    let command = lurk_command(program.into(), call);
    one(|| {
        life::arm_over_exec();
        let error = sys::exec(&command, None);
        sys::complain(&format!("exec {command:?}: {error}"));
        call.cannot();
    })
}

/// Very many at once, every other one in a session of its own.
fn crowd(call: Call, count: u32) -> io::Result<u32> {
    for number in 0..count {
        one(|| {
            if number % 2 == 0 {
                leave_session();
            }
            call.there();
        })?;
    }
    Ok(count)
}

/// Forks until the kernel says no, so that whoever ends this has to do it without a fork.
fn fill_table(roll: Roll) -> io::Result<Here> {
    let call = roll.call();
    let mut number = 0;
    loop {
        let child = one(|| {
            leave_session();
            call.there();
        });
        match child {
            Ok(_) => number += 1,
            Err(_) if number > 0 => return roll.wait_for(number),
            Err(error) => return Err(error),
        }
        if number >= TABLE_BOUND {
            return Ok(Here::Not("no limit bounds the table here".to_owned()));
        }
    }
}
