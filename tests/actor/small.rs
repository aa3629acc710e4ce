//! Small programs with one property each, for the tests that are not about ways out.
//!
//! `exit N` · `die N` by that signal · `sleep` until the end of its life · `deaf-sleep N…` and signal N does nothing to it ·
//! `say WORD` on stdout · `read-line` from stdin and say it · `read-terminal` the same from /dev/tty · `lifeline` waits for
//! the end of file on GUARDRUN_LIFELINE_FD and says so · `leave SECONDS` a child that lives that long, and exit 0 ·
//! `become WORD…` exec the command after `--`, to be a program by another name.

use crate::words::{Words, number};
use crate::{life, stage, sys};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::time::Duration;

/// A manner that has no file of its own.
pub(crate) fn run(manner: &str, words: &Words) -> io::Result<i32> {
    match manner {
        "exit" => number(words.plain(0)?, "exit"),
        "die" => die_of(number(words.plain(0)?, "die")?),
        "sleep" => life::sleep_out(),
        "deaf-sleep" => {
            sys::disposition(number(words.plain(0)?, "deaf-sleep")?, libc::SIG_IGN);
            say("deaf")?;
            life::sleep_out()
        }
        "say" => say(words.plain(0)?).map(|()| 0),
        "read-line" => echo_line(&mut io::stdin().lock()),
        "read-terminal" => echo_line(&mut BufReader::new(File::open("/dev/tty")?)),
        "lifeline" => lifeline(words),
        "leave" => leave(number(words.plain(0)?, "leave")?),
        "become" => stage::exec_or_exit(&words.command),
        other => Err(io::Error::other(format!("no such manner: {other:?}"))),
    }
}

/// Ends this process by a signal, without a core file.
pub(crate) fn die_of(signal: i32) -> ! {
    let _ = sys::limit(libc::RLIMIT_CORE, 0);
    let _ = sys::prctl(libc::PR_SET_DUMPABLE, 0);
    sys::disposition(signal, libc::SIG_DFL);
    sys::mask_all(libc::SIG_UNBLOCK);
    let _ = sys::send(sys::me(), signal);
    // A signal that does not kill (or pid 1's deafness to itself) ends up here.
    sys::exit_now(95)
}

/// A line on stdout.
pub(crate) fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

/// Reads a line and says it.
fn echo_line(from: &mut impl BufRead) -> io::Result<i32> {
    say("reading")?;
    let mut line = String::new();
    from.read_line(&mut line)?;
    say(&format!("read {:?}", line.trim_end()))?;
    Ok(0)
}

/// Waits until the lifeline says that guardrun is gone, and writes that into the file `--note`.
fn lifeline(words: &Words) -> io::Result<i32> {
    let note = words.text("note").unwrap_or("/dev/null").to_owned();
    let Ok(fd) = std::env::var("GUARDRUN_LIFELINE_FD") else {
        say("no lifeline")?;
        return Ok(3);
    };
    // It has to outlast guardrun to tell the tale: out of its group, and as deaf as can be.
    sys::set_group(0, 0)?;
    sys::disposition(libc::SIGTERM, libc::SIG_IGN);
    say("holding the lifeline")?;
    let mut byte = [0];
    let got = sys::read(number(&fd, "GUARDRUN_LIFELINE_FD")?, &mut byte)?;
    std::fs::write(note, format!("got {got} bytes"))?;
    Ok(0)
}

/// Leaves a child in a session of its own that ends by itself after `milliseconds`.
fn leave(milliseconds: u64) -> io::Result<i32> {
    if let sys::Side::Child = sys::fork()? {
        sys::new_session()?;
        sys::nap(Duration::from_millis(milliseconds));
        sys::exit_now(0);
    }
    Ok(0)
}
