//! An XML document without its text: only the tags come through, each whole.
//!
//! What tests have printed stands in a report as text, can be gigabytes, and says nothing here. A parser takes in a text
//! as a whole; so it is dropped before the parser sees it, and memory stays flat. Tags are passed on as they are, and what
//! they mean is quick-xml's to say. A document type that declares entities is refused: no report needs one, and those are
//! what "billion laughs" is made of.

use std::io::{self, BufRead, Read};

/// The longest tag, in bytes. The name of a test is in it.
const LONGEST_TAG: usize = 4 * 1024 * 1024;

/// Why nothing more comes through. Wrapped in an `io::Error` of kind `InvalidData`, or `UnexpectedEof` for the end.
const ENDS_INSIDE: &str = "it ends inside a tag, a comment or a text of its own kind";
const DECLARES: &str = "it has a document type with declarations, which no report needs";
const TOO_LONG: &str = "a tag in it is longer than 4 MiB";

/// Passes on the tags of a document. In place of each text that is more than blanks it puts one `x`.
pub(super) struct Tags<'a> {
    input: &'a mut dyn BufRead,
    state: State,
    /// What has been read of the tag that is being read.
    tag: Vec<u8>,
    /// What is ready to be taken.
    ready: Vec<u8>,
    taken: usize,
    /// Whether this text has been found to be more than blanks.
    said: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    /// Within `<…>`: what quote is open.
    Tag(Option<u8>),
    Comment,
    CData,
    Instruction,
    DocumentType,
}

impl<'a> Tags<'a> {
    pub(super) fn new(input: &'a mut dyn BufRead) -> Tags<'a> {
        Tags {
            input,
            state: State::Text,
            tag: Vec::new(),
            ready: Vec::new(),
            taken: 0,
            said: false,
        }
    }

    /// Takes in what the input has at hand; whether there was anything.
    fn advance(&mut self) -> io::Result<bool> {
        let available = self.input.fill_buf()?;
        let used = available.len();
        if used == 0 {
            return match self.state {
                State::Text => Ok(false),
                _ => Err(io::Error::new(io::ErrorKind::UnexpectedEof, ENDS_INSIDE)),
            };
        }
        let mut rest = available;
        while let Some((first, tail)) = rest.split_first() {
            // Long texts are the bulk of a large report, and are passed over in one go.
            let skipped = match self.state {
                State::Text if self.said => position(rest, b'<'),
                State::CData | State::Comment => position(rest, b'>'),
                _ => 0,
            };
            if skipped > 0 {
                if self.state != State::Text {
                    // They may belong to `-->` or `]]>`.
                    for byte in &rest[skipped.saturating_sub(2)..skipped] {
                        push_last(&mut self.tag, *byte);
                    }
                }
                rest = &rest[skipped..];
                continue;
            }
            step(
                *first,
                &mut self.state,
                &mut self.tag,
                &mut self.ready,
                &mut self.said,
            )
            .map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why))?;
            rest = tail;
        }
        self.input.consume(used);
        Ok(true)
    }
}

fn position(bytes: &[u8], wanted: u8) -> usize {
    bytes
        .iter()
        .position(|byte| *byte == wanted)
        .unwrap_or(bytes.len())
}

/// Keeps the last two bytes.
fn push_last(tag: &mut Vec<u8>, byte: u8) {
    if tag.len() >= 2 {
        tag.remove(0);
    }
    tag.push(byte);
}

fn step(
    byte: u8,
    state: &mut State,
    tag: &mut Vec<u8>,
    ready: &mut Vec<u8>,
    said: &mut bool,
) -> Result<(), &'static str> {
    match *state {
        State::Text if byte == b'<' => {
            tag.clear();
            tag.push(byte);
            *said = false;
            *state = State::Tag(None);
        }
        State::Text => {
            if !byte.is_ascii_whitespace() && !*said {
                *said = true;
                ready.push(b'x');
            }
        }
        State::Tag(quote) => {
            tag.push(byte);
            match tag.as_slice() {
                b"<!--" => (*state, *tag) = (State::Comment, Vec::new()),
                b"<![CDATA[" => (*state, *tag) = (State::CData, Vec::new()),
                b"<?" => (*state, *tag) = (State::Instruction, Vec::new()),
                b"<!DOCTYPE" => (*state, *tag) = (State::DocumentType, Vec::new()),
                _ => {
                    *state = State::Tag(match (quote, byte) {
                        (None, b'"' | b'\'') => Some(byte),
                        (Some(open), close) if open == close => None,
                        (quote, _) => quote,
                    });
                    if *state == State::Tag(None) && byte == b'>' {
                        ready.extend_from_slice(String::from_utf8_lossy(tag).as_bytes());
                        tag.clear();
                        *state = State::Text;
                    } else if tag.len() > LONGEST_TAG {
                        return Err(TOO_LONG);
                    }
                }
            }
        }
        State::Comment | State::CData | State::Instruction => {
            let ends = match *state {
                State::Comment => tag == b"--",
                State::CData => tag == b"]]",
                _ => tag.last() == Some(&b'?'),
            };
            if ends && byte == b'>' {
                if *state == State::CData {
                    ready.push(b'x');
                }
                tag.clear();
                (*state, *said) = (State::Text, false);
            } else {
                push_last(tag, byte);
            }
        }
        State::DocumentType => match byte {
            b'[' => return Err(DECLARES),
            b'>' => *state = State::Text,
            _ => {}
        },
    }
    Ok(())
}

impl Read for Tags<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let available = self.fill_buf()?;
        let number = available.len().min(into.len());
        into[..number].copy_from_slice(&available[..number]);
        self.consume(number);
        Ok(number)
    }
}

impl BufRead for Tags<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.taken == self.ready.len() {
            self.ready.clear();
            self.taken = 0;
            while self.ready.is_empty() && self.advance()? {}
        }
        Ok(&self.ready[self.taken..])
    }

    fn consume(&mut self, number: usize) {
        self.taken = (self.taken + number).min(self.ready.len());
    }
}

#[cfg(test)]
mod tests {
    use super::Tags;
    use std::io::{BufReader, Read};

    fn tags(text: &str) -> Result<String, String> {
        // One byte at a time is the hardest way to be given something.
        let mut input = BufReader::with_capacity(1, text.as_bytes());
        let mut found = String::new();
        match Tags::new(&mut input).read_to_string(&mut found) {
            Ok(_) => {
                let mut whole = text.as_bytes();
                let mut at_once = String::new();
                Tags::new(&mut whole).read_to_string(&mut at_once).unwrap();
                assert_eq!(found, at_once);
                Ok(found)
            }
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn only_tags_come_through() {
        assert_eq!(
            tags("<?xml a='>'?>\n<a b=\"1 > 2\"> \n<b>text &lol; <!-- <c> - -- --></b></a>\n")
                .unwrap(),
            "<a b=\"1 > 2\"><b>x</b></a>"
        );
        assert_eq!(
            tags("<a><![CDATA[<b>]]]]><![CDATA[>]]></a>").unwrap(),
            "<a>xx</a>"
        );
        assert_eq!(tags("<!DOCTYPE a><a c='\"'/>").unwrap(), "<a c='\"'/>");
        assert_eq!(tags("<a>t</a> garbage").unwrap(), "<a>x</a>x");
    }

    #[test]
    fn an_end_inside_something_is_an_error() {
        for text in [
            "<a",
            "<a b='",
            "<!-- x -",
            "<![CDATA[ x ]]",
            "<?xml",
            "<!DOCTYPE a",
            "<",
        ] {
            assert!(tags(text).unwrap_err().contains("ends inside"), "{text}");
        }
    }

    #[test]
    fn entities_are_not_even_declared() {
        let laughs = "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><a>&b;</a>";
        assert!(tags(laughs).unwrap_err().contains("declarations"));
    }
}
