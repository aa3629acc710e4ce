//! `stage … -- COMMAND`: what stands above guardrun in a test, as a shell would stand above it in life.
//!
//! It leads a session, has the terminal if there is one (`--tty PATH`), and starts COMMAND in a process group of its
//! own in the foreground, as the user, with the limits, and with the streams that the test wants. Then it waits, and
//! tells the test what it sees, a line each, through the fifo `--news PATH`:
//!
//! `here PID` — the child that is about to become COMMAND; `stopped N`, `continued`; `exited N`, `killed N`.
//!
//! With `--again PATH` it then waits for a byte from that fifo and runs `COMMAND[0] --level … -- true`: a later guardrun,
//! which is to clear away what dead ones have left. It is told as `again exited N`.
//!
//! Options: `--user UID` (and group) · `--cgroup DIR` to be in · `--directory DIR` · `--out FILE`, `--err FILE` ·
//! `--close N` a standard stream · `--ignore N`, `--block N` a signal · `--processes N` limit · `--leader child` (COMMAND
//! itself leads the session).

use crate::sys::{self, Change, Side};
use crate::words::{Words, number};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::time::Duration;

/// How soon a fork is tried again that found the table full.
const RETRY: Duration = Duration::from_millis(10);

/// The manner `stage`.
pub(crate) fn run(words: &Words) -> io::Result<i32> {
    let child_leads = words.text("leader") == Some("child");
    sys::limit(libc::RLIMIT_CORE, 0)?;
    if let Some(group) = words.text("cgroup") {
        fs::write(format!("{group}/cgroup.procs"), "0")?;
    }
    let terminal = words
        .text("tty")
        .map(|path| OpenOptions::new().read(true).write(true).open(path))
        .transpose()?;
    let news = words
        .text("news")
        .ok_or_else(|| io::Error::other("no --news"))?;
    // Kept open for both, so that a later open cannot be refused to another user.
    let news = File::options().write(true).open(news)?;
    if !child_leads {
        sys::new_session()?;
        if let Some(terminal) = &terminal {
            sys::take_terminal(terminal.as_raw_fd())?;
        }
    }
    let again = words.text("again").map(str::to_owned);
    let start = |command: &[OsString]| -> io::Result<i32> {
        match sys::fork()? {
            Side::Parent(pid) => Ok(pid),
            Side::Child => {
                let done = become_command(words, terminal.as_ref(), child_leads, &news);
                if let Err(error) = done {
                    sys::complain(&format!("stage: {error}"));
                    sys::exit_now(96);
                }
                exec_or_exit(command);
            }
        }
    };
    let child = start(&words.command)?;
    watch(child, "", terminal.as_ref(), &news)?;
    if let Some(again) = again {
        let mut byte = [0];
        File::open(again)?.read_exact(&mut byte)?;
        let mut later = vec![words.command[0].clone()];
        later.extend(["--", "true"].map(OsString::from));
        let child = loop {
            match start(&later) {
                // No room in a full pid table yet; whoever filled it has no say in when there will be.
                Err(error) if error.raw_os_error() == Some(libc::EAGAIN) => sys::nap(RETRY),
                done => break done?,
            }
        };
        watch(child, "again ", terminal.as_ref(), &news)?;
    }
    Ok(0)
}

/// Waits for the end of `child` and tells every change on the way.
fn watch(child: i32, word: &str, terminal: Option<&File>, mut news: &File) -> io::Result<()> {
    loop {
        match sys::wait(child, libc::WUNTRACED | libc::WCONTINUED)? {
            Some((_, Change::Stopped(signal))) => {
                // As a shell does: the terminal comes home when the job stops.
                if let Some(terminal) = terminal {
                    let _ = sys::set_foreground(terminal.as_raw_fd(), sys::me());
                }
                news.write_all(format!("{word}stopped {signal}\n").as_bytes())?;
            }
            Some((_, Change::Continued)) => {
                news.write_all(format!("{word}continued\n").as_bytes())?;
            }
            Some((_, Change::Exited(code))) => {
                return news.write_all(format!("{word}exited {code}\n").as_bytes());
            }
            Some((_, Change::Killed(signal))) => {
                return news.write_all(format!("{word}killed {signal}\n").as_bytes());
            }
            None => {}
        }
    }
}

/// Everything between the fork and the exec of COMMAND.
fn become_command(
    words: &Words,
    terminal: Option<&File>,
    leads: bool,
    mut news: &File,
) -> io::Result<()> {
    if leads {
        sys::new_session()?;
        if let Some(terminal) = terminal {
            sys::take_terminal(terminal.as_raw_fd())?;
        }
    } else {
        sys::set_group(0, 0)?;
    }
    if let Some(terminal) = terminal {
        sys::set_foreground(terminal.as_raw_fd(), sys::me())?;
        for stream in 0..3 {
            sys::put(terminal.as_raw_fd(), stream)?;
        }
    }
    for (key, stream) in [("out", 1), ("err", 2)] {
        if let Some(path) = words.text(key) {
            let file = File::options().append(true).create(true).open(path)?;
            sys::put(file.as_raw_fd(), stream)?;
        }
    }
    if let Some(most) = words.number("processes")? {
        sys::limit(libc::RLIMIT_NPROC, most)?;
    }
    if let Some(user) = words.number("user")? {
        sys::become_user(user, user)?;
    }
    if let Some(directory) = words.text("directory") {
        std::env::set_current_dir(directory)?;
    }
    for signal in words.all("ignore") {
        sys::disposition(number(signal, "--ignore")?, libc::SIG_IGN);
    }
    for signal in words.all("block") {
        sys::block(number(signal, "--block")?);
    }
    news.write_all(format!("here {}\n", sys::me()).as_bytes())?;
    for stream in words.all("close") {
        sys::close(number(stream, "--close")?);
    }
    Ok(())
}

/// Becomes `command`, or says why not and exits as a shell would.
pub(crate) fn exec_or_exit(command: &[OsString]) -> ! {
    let error = sys::exec(command, None);
    sys::complain(&format!("cannot run {command:?}: {error}"));
    sys::exit_now(127)
}
