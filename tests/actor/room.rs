//! `room [--pid-max N] [--until-empty yes] -- COMMAND`: a pid namespace for a test to make its mess in.
//!
//! Two processes: the door, which the test started and which only waits and passes the exit code on; and inside, pid 1,
//! which starts COMMAND, reaps whatever comes to it, and holds the promise:
//!
//! * when the test dies, in whatever way, the room ends: standard input is a pipe that only the test can close, and pid
//!   1 exits when it does. The kernel then kills everything inside (pid_namespaces(7)), so nothing can go on;
//! * with `--until-empty`, the room ends of itself exactly when nothing is left alive in it. Every process of a pid
//!   namespace has pid 1 above it, so when waitpid(2) says ECHILD to pid 1, it is alone: that is the kernel's word, and
//!   needs no list of pids. Without it, the room ends when COMMAND does, whatever else is there.
//!
//! Exit codes: `EMPTY`, COMMAND's own (128 + n for a signal), `LEASH` when the test closed the pipe.

use crate::sys::{self, Change, Side};
use crate::words::Words;
use crate::{life, stage};
use std::fs;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::time::Duration;

/// The room became empty of itself.
const EMPTY: i32 = 0;
/// The test let go of the leash.
const LEASH: i32 = 125;
/// No room can be made here, and why is on stderr.
const NO_ROOM: i32 = 77;

/// The manner `room`.
pub(crate) fn run(words: &Words) -> io::Result<i32> {
    if let Err(error) = unshare() {
        sys::complain(&format!("no pid namespace can be made here: {error}"));
        return Ok(NO_ROOM);
    }
    match sys::fork()? {
        Side::Child => match inside(words) {
            Ok(code) => sys::exit_now(code),
            Err(error) => {
                sys::complain(&format!("no room can be made here: {error}"));
                sys::exit_now(NO_ROOM)
            }
        },
        Side::Parent(first) => loop {
            match sys::wait(first, 0)? {
                Some((_, Change::Exited(code))) => return Ok(code),
                Some((_, Change::Killed(signal))) => return Ok(128 + signal),
                _ => {}
            }
        },
    }
}

/// Leaves the pid and mount namespaces of the test, through a user namespace where that takes one.
fn unshare() -> io::Result<()> {
    let spaces = libc::CLONE_NEWPID | libc::CLONE_NEWNS;
    if sys::unshare(spaces).is_ok() {
        return Ok(());
    }
    let (user, group) = (sys::effective_user(), sys::group());
    sys::unshare(spaces | libc::CLONE_NEWUSER)?;
    fs::write("/proc/self/setgroups", "deny")?;
    fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
    fs::write("/proc/self/gid_map", format!("{group} {group} 1"))
}

/// Lays an empty directory over the one that guardrun has for this user below /tmp: the runs of the machine, one of which may be
/// around this very test, are not the room's. Where that cannot be had the room is as good for everything else.
fn hide_the_records_of_this_user() {
    let user = sys::effective_user();
    if user == 0 {
        return;
    }
    let place = format!("/tmp/guardrun-{user}");
    let private = fs::Permissions::from_mode(0o700);
    let _ = fs::DirBuilder::new().mode(0o700).create(&place);
    if sys::mount(Some("tmpfs"), &place, libc::MS_NOSUID | libc::MS_NODEV).is_ok() {
        let _ = fs::set_permissions(&place, private);
    }
}

/// Pid 1 of the room.
fn inside(words: &Words) -> io::Result<i32> {
    // The door is outside, so its death is heard even by pid 1; the leash is what counts when the test dies.
    sys::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL as u64)?;
    sys::mount(None, "/", libc::MS_REC | libc::MS_PRIVATE)?;
    let quiet = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
    sys::mount(Some("proc"), "/proc", quiet)?;
    hide_the_records_of_this_user();
    if let Some(most) = words.text("pid-max") {
        bound_pids(most)?;
    }
    let children = sys::child_signals()?;
    let command = match sys::fork()? {
        Side::Parent(pid) => pid,
        Side::Child => {
            sys::mask_all(libc::SIG_UNBLOCK);
            sys::undo_spawn();
            // Started by nohup, or in the background of a script, the whole test ignores these, and then guardrun outlives its
            // parent and hears no Ctrl-C, as it is meant to.
            for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT] {
                sys::disposition(signal, libc::SIG_DFL);
            }
            sys::prctl(libc::PR_SET_PDEATHSIG, 0)?;
            let null = fs::File::open("/dev/null")?;
            sys::put(null.as_raw_fd(), 0)?;
            stage::exec_or_exit(&words.command);
        }
    };
    let until_empty = words.text("until-empty").is_some();
    loop {
        if let Some(code) = reap(command, until_empty)? {
            return Ok(code);
        }
        // Either the leash has news, which can only be its end, or a child has.
        if sys::readable(0, Duration::ZERO) || life::left().is_zero() {
            return Ok(LEASH);
        }
        sys::either_readable(0, children.as_raw_fd(), life::left());
        let mut news = [0; 128];
        while sys::read(children.as_raw_fd(), &mut news).is_ok() {}
    }
}

/// Reaps all there is; the code to end with, if this is the end.
fn reap(command: i32, until_empty: bool) -> io::Result<Option<i32>> {
    loop {
        match sys::wait(-1, libc::WNOHANG) {
            Ok(None) => return Ok(None),
            Err(error) if error.raw_os_error() == Some(libc::ECHILD) => return Ok(Some(EMPTY)),
            Err(error) => return Err(error),
            Ok(Some((pid, change))) if pid == command && !until_empty => match change {
                Change::Exited(code) => return Ok(Some(code)),
                Change::Killed(signal) => return Ok(Some(128 + signal)),
                _ => {}
            },
            Ok(Some(_)) => {}
        }
    }
}

/// Lowers the pid limit of this namespace. Only since Linux 6.14 is it one of the namespace; before that, it is the
/// machine's, and nobody's to touch.
fn bound_pids(most: &str) -> io::Result<()> {
    if !limit_is_ours()? {
        return Err(io::Error::other("kernel.pid_max is not per namespace here"));
    }
    fs::write("/proc/sys/kernel/pid_max", most)
}

/// Whether `kernel.pid_max` belongs to the pid namespace.
fn limit_is_ours() -> io::Result<bool> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease")?;
    let mut numbers = release
        .split(['.', '-', '+'])
        .map(|part| part.trim().parse::<u32>().unwrap_or(0));
    let version = (numbers.next(), numbers.next());
    Ok(version >= (Some(6), Some(14)))
}
