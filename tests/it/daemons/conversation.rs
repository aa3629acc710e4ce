//! Talking to a daemon where it says that it answers, by a real connection.

use crate::support::PATIENCE;
use crate::support::kernel::readable_within;
use std::fs;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// How long an answer may take from a daemon that has accepted the connection, before another try.
const ANSWER: Duration = Duration::from_secs(2);

/// Where a daemon answers, as a script writes it: `unix PATH`, `abstract NAME` or `tcp PORT`.
pub(super) enum Address {
    Unix(String),
    Abstract(String),
    Tcp(u16),
}

trait Stream: Read + Write + AsFd {}
impl<T: Read + Write + AsFd> Stream for T {}

impl Address {
    /// Waits until whoever is named in the file `address` in `work` gives the right answer. Some daemons let go of their
    /// starter before they listen, and there is nothing to wait on for that, so this tries again until it succeeds.
    pub(super) fn answering(work: &Path, question: &[u8], answer: &[u8]) -> Option<Address> {
        let until = Instant::now() + PATIENCE;
        while Instant::now() < until {
            match Address::read(&work.join("address")) {
                Some(address) if address.says(question, answer) => return Some(address),
                _ => std::thread::yield_now(),
            }
        }
        None
    }

    /// None as long as the line is not complete.
    pub(super) fn read(path: &Path) -> Option<Address> {
        let text = fs::read_to_string(path).ok()?;
        let (kind, rest) = text.strip_suffix('\n')?.split_once(' ')?;
        match kind {
            "unix" => Some(Address::Unix(rest.to_owned())),
            "abstract" => Some(Address::Abstract(rest.to_owned())),
            "tcp" => Some(Address::Tcp(rest.parse().ok()?)),
            other => panic!("no such kind of address: {other}"),
        }
    }

    fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match self {
            Address::Unix(path) => Box::new(UnixStream::connect(path)?),
            Address::Abstract(name) => Box::new(UnixStream::connect_addr(
                &SocketAddr::from_abstract_name(name)?,
            )?),
            Address::Tcp(port) => Box::new(TcpStream::connect(("127.0.0.1", *port))?),
        })
    }

    /// Whether anybody accepts a connection.
    pub(super) fn accepts(&self) -> bool {
        self.connect().is_ok()
    }

    /// Whether the question is given this answer, somewhere in what comes back.
    pub(super) fn says(&self, question: &[u8], answer: &[u8]) -> bool {
        let Ok(mut stream) = self.connect() else {
            return false;
        };
        if stream.write_all(question).is_err() {
            return false;
        }
        let mut said = Vec::new();
        let mut bytes = [0; 1024];
        while !contains(&said, answer) {
            if !readable_within(&stream.as_fd(), ANSWER) {
                return false;
            }
            match stream.read(&mut bytes) {
                Ok(0) | Err(_) => return false,
                Ok(got) => said.extend_from_slice(&bytes[..got]),
            }
        }
        true
    }
}

fn contains(said: &[u8], answer: &[u8]) -> bool {
    answer.is_empty() || said.windows(answer.len()).any(|part| part == answer)
}
