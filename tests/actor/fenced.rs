//! `try DEED` does one thing that a fence looks at and says on stdout what came of it: `DEED done`, or `DEED errno N`; it
//! exits with 0 or with that errno. `start-by WAY -- COMMAND` starts a program in one of the ways that there are, waits for it
//! and exits with what it exits with; where it could not be started, it says `start errno N` and exits with 90.
//!
//! Deeds: `listen` · `listen-fd --fd N` on a socket that was inherited · `listen-in-thread` · `listen-in-fork` · `ring` ·
//! `pty` · `peer` of a pseudoterminal that is still locked · `setsid` · `daemon`, by daemon(3), and then stays.
//! Ways: `fork` · `spawn` (posix_spawn(3), by which a child shares its parent's memory until it executes, as with
//! vfork(2)) · `clone3` · `execveat` · `memfd` · `thread`.

use crate::words::Words;
use crate::{life, small, sys};
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

/// The manner `try`.
pub(crate) fn attempt(words: &Words) -> io::Result<i32> {
    let deed = words.plain(0)?;
    let done = match deed {
        "listen" => sys::listen(&sys::bound_socket()?),
        "listen-fd" => sys::listen_on(words.number("fd")?.unwrap_or(3)),
        "listen-in-thread" => {
            let socket = sys::bound_socket()?;
            let thread = std::thread::spawn(move || sys::listen(&socket));
            thread.join().expect("the thread comes back")
        }
        "listen-in-fork" => {
            let pid = sys::child(|| {
                let done = sys::bound_socket().and_then(|socket| sys::listen(&socket));
                sys::exit_now(
                    done.err()
                        .map_or(0, |error| error.raw_os_error().unwrap_or(96)),
                );
            })?;
            match sys::wait(pid, 0)? {
                Some((_, sys::Change::Exited(0))) => Ok(()),
                Some((_, sys::Change::Exited(errno))) => Err(io::Error::from_raw_os_error(errno)),
                other => Err(io::Error::other(format!("{other:?}"))),
            }
        }
        "ring" => sys::make_ring(),
        "pty" => sys::unlocked_terminal().map(drop),
        "peer" => sys::peer_of_locked_terminal(),
        "setsid" => sys::new_session(),
        "daemon" => {
            sys::daemon()?;
            life::sleep_out()
        }
        other => Err(io::Error::other(format!("no such deed: {other}"))),
    };
    match done {
        Ok(()) => small::say(&format!("{deed} done")).map(|()| 0),
        Err(error) => {
            let errno = error.raw_os_error().unwrap_or(96);
            small::say(&format!("{deed} errno {errno}"))?;
            Ok(errno)
        }
    }
}

/// The manner `start-by`.
pub(crate) fn start(words: &Words) -> io::Result<i32> {
    let command = &words.command;
    // A socket for `listen-fd`, made here and not yet listening, or listening already.
    let _socket = match words.text("socket") {
        None => None,
        Some(state) => {
            let socket = sys::bound_socket()?;
            sys::put_anywhere(socket.as_raw_fd(), 9)?;
            if state == "listening" {
                sys::listen_on(9)?;
            }
            Some(socket)
        }
    };
    let started = match words.plain(0)? {
        "fork" => by_fork(|| sys::exec(command, None)),
        "clone3" => sys::clone3(|| sys::exec(command, None)),
        "execveat" => by_fork(|| sys::exec_at(command)),
        "memfd" => {
            let file = File::open(&command[0])?;
            by_fork(|| sys::exec_copy(&file, command).unwrap_or_else(|error| error))
        }
        "spawn" => sys::spawn(command),
        "thread" => {
            let command: Vec<OsString> = command.clone();
            let thread = std::thread::spawn(move || sys::spawn(&command));
            thread.join().expect("the thread comes back")
        }
        other => Err(io::Error::other(format!("no such way: {other}"))),
    };
    let pid = match started {
        Ok(pid) => pid,
        Err(error) => return not_started(&error),
    };
    match sys::wait(pid, 0)? {
        // What `by_fork` exits with where it could not execute anything; said there.
        Some((_, sys::Change::Exited(code))) => Ok(code),
        other => Err(io::Error::other(format!("{other:?}"))),
    }
}

fn not_started(error: &io::Error) -> io::Result<i32> {
    small::say(&format!(
        "start errno {}",
        error.raw_os_error().unwrap_or(96)
    ))?;
    Ok(90)
}

fn by_fork(exec: impl FnOnce() -> io::Error) -> io::Result<i32> {
    sys::child(|| {
        life::arm_over_exec();
        let code = not_started(&exec()).unwrap_or(90);
        sys::exit_now(code);
    })
}
