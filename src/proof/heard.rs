//! A report that is read while the suite prints it: the same bytes that pass to whoever reads the suite's output.
//!
//! Its memory is bounded: the line that is being written, the first lines until it is known what the report is written in, and
//! what the tally keeps of a test. What is in the report's way, such as colours and the words of a build, is passed over as in a file.

use super::lines::{ByLine, LONGEST_LINE, Line, plain};
use super::tally::Tally;
use super::{Unreadable, go_json, guess, libtest, tap};
use crate::policy::proof::Format;
use std::collections::VecDeque;
use std::fmt;

/// How many lines are kept until it is known what the report is written in. The last ones before it say what it is of.
const FIRST_LINES: usize = 64;
/// How much of each of them, in bytes.
const LONGEST_FIRST: usize = 4096;

/// What a suite prints, as a report.
pub struct Heard {
    stage: Stage,
    /// What there is of the line that is being written.
    line: Vec<u8>,
    any: bool,
}

enum Stage {
    /// Nothing has shown yet what it is.
    Guessing(Box<Tally>, VecDeque<Line>),
    Reading(Format, Box<dyn ByLine>),
    /// It cannot be used, and the rest is let by.
    Unreadable(Unreadable, Box<Tally>),
}

impl fmt::Debug for Heard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Heard").finish_non_exhaustive()
    }
}

impl Heard {
    /// Begins to listen for a report in this format, or in the one that it shows by its lines.
    pub fn new(format: Option<Format>, mut tally: Tally) -> Heard {
        tally.next_report();
        Heard {
            stage: match format {
                Some(format) => begin(format, tally),
                None => Stage::Guessing(Box::new(tally), VecDeque::new()),
            },
            line: Vec::new(),
            any: false,
        }
    }

    /// Takes in what was written.
    pub fn hear(&mut self, mut bytes: &[u8]) {
        self.any |= !bytes.is_empty();
        while let Some(end) = bytes.iter().position(|byte| *byte == b'\n') {
            self.keep(&bytes[..end]);
            self.line_ends(true);
            bytes = &bytes[end + 1..];
        }
        self.keep(bytes);
    }

    fn keep(&mut self, part: &[u8]) {
        let room = LONGEST_LINE - self.line.len();
        self.line.extend_from_slice(&part[..part.len().min(room)]);
    }

    fn line_ends(&mut self, ended: bool) {
        let line = Line {
            text: plain(&self.line),
            ended,
        };
        self.line.clear();
        // One long line is no reason to keep the room for it.
        self.line.shrink_to(64 * 1024);
        self.stage = match std::mem::take(&mut self.stage) {
            Stage::Guessing(tally, mut first) => match guess::of_line(&line.text) {
                None => {
                    if first.len() == FIRST_LINES {
                        first.pop_front();
                    }
                    let mut line = line;
                    super::tally::shorten(&mut line.text, LONGEST_FIRST);
                    first.push_back(line);
                    Stage::Guessing(tally, first)
                }
                Some(format) => {
                    let mut stage = begin(format, *tally);
                    for line in first.iter().chain([&line]) {
                        stage = stage.take(line);
                    }
                    stage
                }
            },
            stage => stage.take(&line),
        };
    }

    /// There is no more: what it was written in, and what it comes to.
    pub fn end(mut self) -> (Result<Format, Unreadable>, Tally) {
        if !self.line.is_empty() {
            self.line_ends(false);
        }
        let (read, tally) = match self.stage {
            Stage::Guessing(tally, _) => (Err(Unreadable::Unknown), *tally),
            Stage::Unreadable(why, tally) => (Err(why), *tally),
            Stage::Reading(format, mut report) => {
                let end = report.end();
                (end.map(|()| format), report.into_tally())
            }
        };
        match self.any {
            true => (read, tally),
            false => (Err(Unreadable::Empty), tally),
        }
    }
}

fn begin(format: Format, tally: Tally) -> Stage {
    let report: Box<dyn ByLine> = match format {
        Format::Libtest => Box::new(libtest::Report::new(tally)),
        Format::GoJson => Box::new(go_json::Report::new(tally)),
        Format::Tap => Box::new(tap::Report::new(tally)),
        // Neither is printed line by line; the policy does not let one ask for them here.
        Format::Junit | Format::Ledger => {
            return Stage::Unreadable(Unreadable::Unknown, Box::new(tally));
        }
    };
    Stage::Reading(format, report)
}

impl Default for Stage {
    fn default() -> Stage {
        Stage::Unreadable(Unreadable::Unknown, Box::default())
    }
}

impl Stage {
    fn take(self, line: &Line) -> Stage {
        match self {
            Stage::Reading(format, mut report) => match report.take(line) {
                Ok(()) => Stage::Reading(format, report),
                Err(why) => Stage::Unreadable(why, Box::new(report.into_tally())),
            },
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Heard;
    use crate::policy::proof::Format;
    use crate::proof::{Tally, Unreadable};
    use proptest::prelude::*;

    const LIBTEST: &str = "   Compiling x v0.1.0\n     Running unittests src/lib.rs (target/debug/deps/x-1)\n\nrunning 2 tests\ntest a ... \u{1b}[32mok\u{1b}(B\u{1b}[m\r\ntest b ... ignored, no docker\n\ntest result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\n";
    const TAP: &str = "> x@1.0.0 test\nTAP version 13\n# Subtest: a\nok 1 - a\n# Subtest: b\nok 2 - b # SKIP\n1..2\n";
    const GO: &str = "{\"Action\":\"run\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"pass\",\"Package\":\"p\",\"Test\":\"T\"}\n{\"Action\":\"pass\",\"Package\":\"p\"}\n";

    fn heard(text: &[u8], size: usize) -> (Result<Format, Unreadable>, (u64, u64)) {
        let mut heard = Heard::new(None, Tally::default());
        text.chunks(size.max(1)).for_each(|part| heard.hear(part));
        let (read, tally) = heard.end();
        let counts = tally.close().counts;
        (read, (counts.executed, counts.skipped))
    }

    #[test]
    fn it_comes_to_the_same_in_whatever_parts_it_arrives() {
        for size in [1, 2, 7, 64, 100_000] {
            assert_eq!(
                heard(LIBTEST.as_bytes(), size),
                (Ok(Format::Libtest), (1, 1))
            );
            assert_eq!(heard(TAP.as_bytes(), size), (Ok(Format::Tap), (1, 1)));
            assert_eq!(heard(GO.as_bytes(), size), (Ok(Format::GoJson), (1, 0)));
        }
    }

    #[test]
    fn what_stands_before_the_first_line_that_shows_the_format_counts_as_well() {
        let text =
            "# Subtest: outer\n    ok 1 - one\n    ok 2 - two\n    1..2\nok 1 - outer\n1..1\n";
        assert_eq!(heard(text.as_bytes(), 9), (Ok(Format::Tap), (2, 0)));
    }

    #[test]
    fn what_is_cut_off_or_is_no_report_is_said_to_be_that() {
        let cut = &LIBTEST.as_bytes()[..LIBTEST.find("test result").unwrap()];
        assert!(matches!(heard(cut, 10).0, Err(Unreadable::Truncated(_))));
        assert_eq!(heard(b"hello\n", 3).0, Err(Unreadable::Unknown));
        assert_eq!(heard(b"", 3).0, Err(Unreadable::Empty));
    }

    #[test]
    fn a_stream_without_end_or_lines_does_not_fill_the_memory() {
        let mut heard = Heard::new(None, Tally::default());
        for _ in 0..100 {
            heard.hear(&[b'x'; 1024 * 1024]);
        }
        assert!(heard.line.len() <= super::LONGEST_LINE);
        heard.hear(b"\n");
        for _ in 0..100_000 {
            heard.hear(b"more\n");
        }
        let super::Stage::Guessing(_, first) = &heard.stage else {
            panic!("it is no report")
        };
        assert_eq!(first.len(), super::FIRST_LINES);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]
        #[test]
        fn heard_and_read_come_to_the_same(text in "(running 2 tests\n|test a \\.\\.\\. ok\n|test result: ok\\. 1 passed; 0 failed;\n|ok 1\n|1\\.\\.1\n|\\{\"Action\":\"pass\",\"Package\":\"p\"\\}\n|[ -~\n]|\\PC){0,20}", size in 1_usize..40) {
            for format in [Format::Libtest, Format::Tap, Format::GoJson] {
                let mut heard = Heard::new(Some(format), Tally::default());
                text.as_bytes().chunks(size).for_each(|part| heard.hear(part));
                let (one, by_ear) = heard.end();
                let mut from_file = Tally::default();
                let two = crate::proof::read(Some(format), text.as_bytes(), &mut from_file);
                // An empty file is told as that, whatever its format.
                if !text.trim().is_empty() && !text.starts_with('\u{feff}') {
                    prop_assert_eq!(one, two);
                    prop_assert_eq!(by_ear.close(), from_file.close());
                }
            }
        }
    }
}
