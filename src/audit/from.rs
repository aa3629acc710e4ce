//! Reading events again that an audit has written, so that nothing has to be run twice.

use super::event::{Event, SHAPE};
use super::story::Story;
use std::fmt;
use std::io::{self, BufRead, Read};

/// The longest line. Arguments are cut far below it; a file without line ends is no file of events.
const LONGEST: u64 = 1 << 20;

/// Why a file of events cannot be read.
#[derive(Debug)]
pub struct Unreadable {
    /// The line, counted from 1.
    pub line: u64,
    what: String,
}

/// The story that these lines tell. A last line without an end, as of a run that was killed, is passed over; anything else that
/// is no event is an error.
pub fn read(lines: &mut dyn BufRead) -> Result<Story, Unreadable> {
    let mut story = Story::default();
    let mut number = 0;
    let mut line = Vec::new();
    loop {
        line.clear();
        number += 1;
        let error = |what: String| Unreadable { line: number, what };
        let got = (&mut *lines).take(LONGEST).read_until(b'\n', &mut line);
        let got = got.map_err(|failed: io::Error| error(failed.to_string()))?;
        if got == 0 {
            break;
        }
        let whole = line.ends_with(b"\n");
        if got as u64 == LONGEST && !whole {
            return Err(error(format!("the line is longer than {LONGEST} bytes")));
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let mut event = match serde_json::from_slice::<Event>(&line) {
            Ok(event) => event,
            Err(_) if !whole && number > 1 => break,
            Err(wrong) => return Err(error(format!("this is no event: {wrong}"))),
        };
        match &event {
            Event::Run(run) if run.schema > SHAPE => {
                let what = format!(
                    "the events are of shape {}, and this guardrun knows {SHAPE}; use a newer one",
                    run.schema
                );
                return Err(error(what));
            }
            Event::Run(_) => {}
            _ if number == 1 => {
                return Err(error("the first event is not `run`".to_owned()));
            }
            _ => {}
        }
        story.take(&mut event);
    }
    if number == 1 {
        return Err(Unreadable {
            line: 1,
            what: "there are no events".to_owned(),
        });
    }
    story.finish();
    Ok(story)
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

impl std::error::Error for Unreadable {}

#[cfg(test)]
mod tests {
    use super::read;

    fn said(text: &str) -> String {
        match read(&mut text.as_bytes()) {
            Ok(story) => format!("{} processes", story.processes),
            Err(error) => error.to_string(),
        }
    }

    const RUN: &str = r#"{"event":"run","schema":1}"#;

    #[test]
    fn what_is_no_file_of_events_is_one_error_with_its_line() {
        let start = r#"{"event":"start","t":0,"id":1,"pid":7}"#;
        assert_eq!(said(&format!("{RUN}\n{start}\n")), "1 processes");
        assert_eq!(said(&format!("{RUN}\n\n{start}\n{{\"ev")), "1 processes");
        assert_eq!(said(""), "1: there are no events");
        assert!(said("hello\n").starts_with("1: this is no event"));
        assert!(said(&format!("{start}\n")).starts_with("1: the first event"));
        assert!(said(&format!("{RUN}\n{start}\n{{\n{start}\n")).starts_with("3: this is no event"));
        assert!(said(&RUN.replace('1', "2")).contains("use a newer one"));
        assert!(
            said(&format!("{RUN}\n{}", "x".repeat(2 << 20))).starts_with("2: the line is longer")
        );
        assert!(
            said(&format!(
                "{RUN}\n{{\"event\":\"start\",\"t\":\"x\",\"id\":1}}\n"
            ))
            .starts_with("2: ")
        );
    }
}
