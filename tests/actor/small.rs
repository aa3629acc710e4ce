//! Small programs with one property each, for the tests that are not about ways out.
//!
//! `exit N` · `die N` by that signal · `sleep` until the end of its life · `deaf-sleep N…` and signal N does nothing to it ·
//! `say WORD` on stdout · `read-line` from stdin and say it · `read-terminal` the same from /dev/tty · `raw-terminal` sets it
//! raw and leaves it so · `headless` ends its first thread and goes on with another ·
//! `lifeline` waits for the end of file on GUARDRUN_LIFELINE_FD and tells the test through `--news` ·
//! `alone FILE MILLISECONDS` writes `in` and `out` into FILE, and `overlap` if it is not the only one there is of it; with
//! `--mebibytes N` it has so much memory that it takes a while to die, and until it is dead it counts ·
//! `bind PATH` a socket that nobody listens on any more ·
//! `leave MILLISECONDS` a child that lives that long, and exit 0 · `become` the command
//! after `--`, as a shell would start it.

use crate::words::{Words, number};
use crate::{leader, life, stage, sys};
use nix::sys::termios::{SetArg, cfmakeraw, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::time::Duration;

/// A manner that has no file of its own.
pub(crate) fn run(manner: &str, words: &mut Words) -> io::Result<i32> {
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
        "raw-terminal" => raw_terminal(words),
        "lifeline" => lifeline(words),
        "headless" => headless(),
        "leave" => leave(number(words.plain(0)?, "leave")?),
        "alone" => alone(words),
        // Dropping a listener leaves its file.
        "bind" => UnixListener::bind(words.plain(0)?).map(|_| 0),
        "become" => {
            sys::undo_spawn();
            stage::exec_or_exit(&words.command)
        }
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

/// Sets the terminal raw, as an editor does, and plays on as a leader without any shape.
fn raw_terminal(words: &mut Words) -> io::Result<i32> {
    let terminal = File::options().read(true).write(true).open("/dev/tty")?;
    let mut modes = tcgetattr(&terminal)?;
    cfmakeraw(&mut modes);
    tcsetattr(&terminal, SetArg::TCSANOW, &modes)?;
    leader::play(words)
}

/// Waits until the lifeline says that guardrun is gone, and tells the test so. It has to outlast guardrun for that.
fn lifeline(words: &Words) -> io::Result<i32> {
    let path = words
        .text("news")
        .ok_or_else(|| io::Error::other("no --news"))?;
    let mut news = File::options().write(true).open(path)?;
    let fd = std::env::var("GUARDRUN_LIFELINE_FD").map_err(io::Error::other)?;
    news.write_all(b"ready\n")?;
    let mut byte = [0];
    let got = sys::read(number(&fd, "GUARDRUN_LIFELINE_FD")?, &mut byte)?;
    news.write_all(format!("lifeline gave {got} bytes\n").as_bytes())?;
    life::sleep_out()
}

/// Looks whether it is alone. The kernel keeps a dying process's lock until its memory has been given back.
fn alone(words: &Words) -> io::Result<i32> {
    let path = words.plain(0)?;
    let mut file = File::options().append(true).create(true).open(path)?;
    if file.try_lock().is_err() {
        file.write_all(b"overlap\n")?;
        return Ok(9);
    }
    let mebibytes: usize = words.number("mebibytes")?.unwrap_or(0);
    let mut memory = vec![0_u8; mebibytes << 20];
    // Each page is written to, so that it is there.
    for page in memory.chunks_mut(4096) {
        page[0] = 1;
    }
    file.write_all(b"in\n")?;
    sys::nap(Duration::from_millis(number(words.plain(1)?, "alone")?));
    file.write_all(b"out\n")?;
    drop(memory);
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

/// Goes on without its first thread: to /proc it looks like a zombie, and it is alive.
fn headless() -> io::Result<i32> {
    std::thread::spawn(|| life::sleep_out());
    sys::end_this_thread()
}
