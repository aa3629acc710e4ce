//! Programs that take more than their share, each bounded like every other.
//!
//! `hog MEBIBYTES` takes that much memory, says `full` and waits · `herd PROCESSES MEBIBYTES` starts so many that each grow to that much,
//! and waits for them: 0 when all are still there · `crowd PROCESSES` starts so many that wait, says `full` and waits.

use crate::life;
use crate::small::say;
use crate::sys::{self, Change, Side};
use crate::words::{Words, number};
use std::hint::black_box;
use std::io;
use std::time::Duration;

/// How much is taken at a time.
const STEP: usize = 4 << 20;
/// Between two steps.
const PAUSE: Duration = Duration::from_millis(10);

/// The manner of this name.
pub(crate) fn run(manner: &str, words: &Words) -> io::Result<i32> {
    let first: usize = number(words.plain(0)?, manner)?;
    match manner {
        "hog" => {
            let _kept = take(first);
            say("full")?;
            life::sleep_out()
        }
        "herd" => herd(first, number(words.plain(1)?, manner)?),
        _ => {
            for _ in 0..first {
                if let Side::Child = sys::fork()? {
                    life::sleep_out();
                }
            }
            say("full")?;
            life::sleep_out()
        }
    }
}

/// Takes memory, step by step, every page of it written to.
fn take(mebibytes: usize) -> Vec<Vec<u8>> {
    let mut kept = Vec::new();
    while kept.len() * STEP < mebibytes << 20 {
        kept.push(black_box(vec![1; STEP]));
        sys::nap(PAUSE);
    }
    kept
}

fn herd(processes: usize, mebibytes: usize) -> io::Result<i32> {
    for _ in 0..processes {
        if let Side::Child = sys::fork()? {
            let _kept = take(mebibytes);
            sys::exit_now(0);
        }
    }
    for _ in 0..processes {
        match sys::wait(-1, 0)? {
            Some((_, Change::Exited(0))) => {}
            _ => return Ok(1),
        }
    }
    Ok(0)
}
