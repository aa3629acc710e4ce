//! Did the suite do its work? From the bytes of its reports to evidence, and from evidence to what is not proved.
//!
//! ```text
//!  bytes ─ guess ─> junit | libtest | go_json | tap | ledger ─> Tally ─> Evidence ─ judge ─> problems, notes
//! ```
//!
//! Everything here is a pure function of what it is handed. A report is read as a stream: what is kept of a test is 24
//! bytes or so, whatever its name and its output, and names only of what is skipped. Counts are counted; what a report
//! says of itself in its attributes is compared with them and never believed.

mod evidence;
mod go_json;
mod guess;
mod heard;
mod judge;
mod junit;
mod ledger;
mod libtest;
mod lines;
mod ratchet;
mod tally;
mod tap;
mod xml;

pub use evidence::{Counts, Evidence, Fate, Skip};
pub use heard::Heard;
pub use judge::{Judged, Problem, Report, ReportState, Seen, Subject, judge, nothing_to_judge};
pub use ratchet::{Change, Entry, Ratchet, RatchetError, rewritten};
pub use tally::Tally;

use crate::policy::proof::Format;
use std::fmt;
use std::io::{BufRead, BufReader, Cursor, Read};

/// The most tests in all reports of a run together. More is not a test run.
pub const MOST_CASES: usize = 5_000_000;
/// How many bytes at the beginning of a report are looked at to find out what it is written in.
const WINDOW: u64 = 64 * 1024;

/// Why a report cannot be used. `Display` is the end of a sentence that begins with the report's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// There is nothing in it.
    Empty,
    /// It ends in the middle.
    Truncated(String),
    /// It is not written in what it should be written in.
    Malformed(Format, String),
    /// It is written in nothing that is known here.
    Unknown,
    /// More tests than any run has.
    TooMany,
    /// The disk would not give it.
    Disk(String),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::Empty => f.write_str("is empty"),
            Unreadable::Truncated(what) => write!(f, "ends in the middle: {what}"),
            Unreadable::Malformed(format, what) => {
                write!(f, "is no readable {format} report: {what}")
            }
            Unreadable::Unknown => f.write_str("is written in no format that guardrun knows"),
            Unreadable::TooMany => write!(f, "has more than {MOST_CASES} tests"),
            Unreadable::Disk(error) => write!(f, "could not be read: {error}"),
        }
    }
}

/// Reads one report into the tally, and says what it is written in. What was read before an error stays counted; the
/// error is what decides then.
pub fn read(
    format: Option<Format>,
    mut input: impl Read,
    tally: &mut Tally,
) -> Result<Format, Unreadable> {
    let mut window = Vec::new();
    let disk = |error: std::io::Error| Unreadable::Disk(error.to_string());
    input
        .by_ref()
        .take(WINDOW)
        .read_to_end(&mut window)
        .map_err(disk)?;
    let mark = window.len() - lines::strip_bom(&window).len();
    window.drain(..mark);
    if window.iter().all(u8::is_ascii_whitespace) && ((window.len() + mark) as u64) < WINDOW {
        return Err(Unreadable::Empty);
    }
    let format = match format {
        Some(format) => format,
        None => guess::format(&window).ok_or(Unreadable::Unknown)?,
    };
    let mut whole = BufReader::with_capacity(WINDOW as usize, Cursor::new(window).chain(input));
    let whole: &mut dyn BufRead = &mut whole;
    tally.next_report();
    match format {
        Format::Junit => junit::read(whole, tally)?,
        Format::Libtest => libtest::read(whole, tally)?,
        Format::GoJson => go_json::read(whole, tally)?,
        Format::Tap => tap::read(whole, tally)?,
        Format::Ledger => ledger::read(whole, tally)?,
    }
    Ok(format)
}
