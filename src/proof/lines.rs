//! A report as lines: each within a bound, without colour, whatever bytes it is made of.

use super::Unreadable;
use super::tally::Tally;
use std::io::BufRead;

/// The longest line that is read, in bytes. What is beyond it is dropped.
pub(super) const LONGEST_LINE: usize = 4 * 1024 * 1024;

/// One line.
pub(super) struct Line {
    /// What is in it, without colours, and without its end.
    pub(super) text: String,
    /// Whether it has an end. The last line of a report that was cut off has none.
    pub(super) ended: bool,
}

/// A report that is read line by line, from a file or as it is written.
pub(super) trait ByLine {
    /// Takes in the next line.
    fn take(&mut self, line: &Line) -> Result<(), Unreadable>;
    /// There is no more. What is missing at the end makes the report unreadable.
    fn end(&mut self) -> Result<(), Unreadable>;
    /// What was counted, also where the report is unreadable.
    fn into_tally(self: Box<Self>) -> Tally;
}

/// Reads all lines, and puts what was counted into the tally.
pub(super) fn read_all(
    input: &mut dyn BufRead,
    report: impl ByLine,
    tally: &mut Tally,
) -> Result<(), Unreadable> {
    let mut report = Box::new(report);
    let read = loop {
        match next(input) {
            Ok(Some(line)) => {
                if let Err(why) = report.take(&line) {
                    break Err(why);
                }
            }
            Ok(None) => break report.end(),
            Err(why) => break Err(why),
        }
    };
    *tally = report.into_tally();
    read
}

/// The next line; None at the end.
pub(super) fn next(input: &mut dyn BufRead) -> Result<Option<Line>, Unreadable> {
    let mut bytes = Vec::new();
    let (mut ended, mut any) = (false, false);
    loop {
        let available = match input.fill_buf() {
            Ok(available) => available,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Unreadable::Disk(error.to_string())),
        };
        if available.is_empty() {
            break;
        }
        any = true;
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = &available[..end.unwrap_or(available.len())];
        let room = LONGEST_LINE - bytes.len();
        bytes.extend_from_slice(&part[..part.len().min(room)]);
        let used = part.len() + usize::from(end.is_some());
        input.consume(used);
        if end.is_some() {
            ended = true;
            break;
        }
    }
    if !any {
        return Ok(None);
    }
    Ok(Some(Line {
        text: plain(&bytes),
        ended,
    }))
}

/// Without the mark that some editors put before a text.
pub(super) fn strip_bom(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The text without the escape sequences of a terminal: a report that was written with colours is the same report.
pub(super) fn plain(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_suffix('\r').unwrap_or(&text);
    if !text.contains('\u{1b}') {
        return text.to_owned();
    }
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\u{1b}' {
            plain.push(character);
            continue;
        }
        match characters.next() {
            // A control sequence ends with a letter or one of a few signs (ECMA-48, 5.4).
            Some('[') => {
                let _ = characters.find(|c| ('\u{40}'..='\u{7e}').contains(c));
            }
            // The choice of a character set has one more.
            Some('(' | ')') => {
                let _ = characters.next();
            }
            _ => {}
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::{LONGEST_LINE, next, plain};

    #[test]
    fn colours_are_taken_off() {
        assert_eq!(plain(b"\x1b[1m\x1b[92mok\x1b(B\x1b[m, 2\r"), "ok, 2");
        assert_eq!(plain(b"a\x1b"), "a");
        assert_eq!(plain(b"a\x1b[12"), "a");
    }

    #[test]
    fn the_last_line_may_have_no_end() {
        let mut input: &[u8] = b"a\n\nb";
        let mut lines = Vec::new();
        while let Some(line) = next(&mut input).unwrap() {
            lines.push((line.text, line.ended));
        }
        let expected = [("a", true), ("", true), ("b", false)];
        assert_eq!(
            lines,
            expected.map(|(text, ended)| (text.to_owned(), ended))
        );
    }

    #[test]
    fn a_line_longer_than_any_is_cut_and_the_next_one_is_whole() {
        let mut text = vec![b'x'; 5 * 1024 * 1024];
        text.extend_from_slice(b"\nnext\n");
        let mut input: &[u8] = &text;
        assert_eq!(next(&mut input).unwrap().unwrap().text.len(), LONGEST_LINE);
        assert_eq!(next(&mut input).unwrap().unwrap().text, "next");
    }
}
