//! `play SHAPE --news FIFO --then END …`: the suite. It brings the shape about, says so, and ends as it is told to.
//!
//! Told through the fifo, a line each: `ready` when every process of the shape is where it should be, or `cannot WHY` when
//! the shape cannot be had here.
//!
//! Ends: `wait` (until somebody ends it) · `exit:N` · `signal:N` · `spout` (writes to stdout for as long as that goes) ·
//! `wait-deaf:N` (waits, and signal N does nothing to it).

use crate::shape::{self, Here};
use crate::words::{Words, number};
use crate::{life, small, sys};
use std::fs::File;
use std::io::{self, Write};

/// The manner `play`.
pub(crate) fn play(words: &mut Words) -> io::Result<i32> {
    // Held open for the whole life, and by every process that does not close it: a second witness besides the room.
    let mut news = match words.text("news") {
        Some(path) => Some(File::options().write(true).open(path)?),
        None => None,
    };
    let end = words.text("then").unwrap_or("wait").to_owned();
    let (word, signal) = end.split_once(':').unwrap_or((end.as_str(), "0"));
    let argument: i32 = number(signal, "--then")?;
    if word == "wait-deaf" {
        sys::disposition(argument, libc::SIG_IGN);
    }
    let here = shape::bring_about(words.plain(0)?, words)?;
    if let Some(news) = &mut news {
        let line = match here {
            Here::All => "ready\n".to_owned(),
            Here::Not(why) => format!("cannot {why}\n"),
        };
        news.write_all(line.as_bytes())?;
    }
    match word {
        "exit" => Ok(argument),
        "signal" => small::die_of(argument),
        "spout" => spout(),
        _ => life::sleep_out(),
    }
}

/// Writes to stdout until that fails or kills.
fn spout() -> io::Result<i32> {
    let line = [b'.'; 64];
    while !life::left().is_zero() {
        if sys::write(1, &line).is_err() {
            return Ok(1);
        }
    }
    Ok(0)
}
