//! Passing the suite's output on, so that one knows when it writes and what. Part of the front, and only of a run with an idle limit
//! or with a proof that is in what the suite prints.
//!
//! For each of stdout and stderr that is a terminal the suite gets a pseudoterminal, else a pipe; where both go to one place
//! it gets the same for both, so that the order stays. What it writes is read into one bounded buffer and written on. Nothing here
//! ever waits: a reader that is slow holds up the suite, as it would have done, and nothing else.
//! It promises: everything that was written before the suite's end is passed on, unless the reader leaves; nobody's end of
//! file is waited for, because somebody who got away may hold the other end for ever.
//! Whoever listens gets the same bytes after they were written on, and changes nothing about them.
//! The front keeps the suite's ends open: a stream that nobody has open any more is no news.

use crate::proof::Heard;
use crate::sys::fds;
use crate::sys::poll::Interest;
use crate::sys::pty::Pty;
use crate::sys::stream::{self, Sink, Stream};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// How much is held of what the suite has written, for each way.
const BUFFER: usize = 64 * 1024;
/// How often a way is read before anything else is looked at.
const STEPS: usize = 8;
/// More than a pseudoterminal ever holds: 64 KiB on the way and a page in its line discipline (tty_buffer.c, n_tty.c).
const PTY_HOLDS: usize = 256 * 1024;

/// The suite's output on its way.
#[derive(Debug)]
pub(super) struct Relay {
    /// One, or one for each stream.
    ways: Vec<Way>,
    /// Bytes read so far.
    seen: u64,
}

/// What listens to stdout, each under a number of its own.
type Listeners = Vec<(usize, Heard)>;

/// One way that output takes.
#[derive(Debug)]
struct Way {
    /// What it carries, the one to write to first.
    streams: Vec<Stream>,
    /// Where the suite's words are read; None when nobody reads what comes of it.
    source: Option<OwnedFd>,
    /// What the suite gets.
    suites_end: Ends,
    sink: Sink,
    /// Made with the first byte.
    buffer: Vec<u8>,
    /// How much of the buffer has been read into it.
    filled: usize,
    /// How much of that has been written on.
    written: usize,
    /// What gets to know what was read.
    listeners: Listeners,
}

/// The suite's end of a way.
#[derive(Debug)]
enum Ends {
    Pipe(OwnedFd),
    Terminal(OwnedFd),
}

/// What came of a look at a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// There may be more at once.
    More,
    /// There is nothing to read.
    Dry,
    /// There is no room to write.
    Full,
}

/// What an attempt to pass something on has shown.
#[derive(Debug, Default)]
pub(super) struct Passed {
    /// Bytes read.
    pub(super) bytes: usize,
    /// What went wrong with writing, other than that the reader has left.
    pub(super) failed: Option<io::Error>,
}

impl Relay {
    /// Makes the ways for what this process's streams are.
    pub(super) fn open() -> io::Result<Relay> {
        let open: Vec<Stream> = [Stream::Out, Stream::Err]
            .into_iter()
            .filter(|stream| !stream.was_closed())
            .collect();
        let ways = match open.len() == 2 && Stream::are_one() {
            true => vec![Way::open(open)?],
            false => open
                .into_iter()
                .map(|stream| Way::open(vec![stream]))
                .collect::<io::Result<_>>()?,
        };
        Ok(Relay { ways, seen: 0 })
    }

    /// Has these listen to stdout, in place of those before. Where both streams go to one place they hear both.
    pub(super) fn listen(&mut self, listeners: Listeners) {
        let mut ways = self.ways.iter_mut();
        if let Some(way) = ways.find(|way| way.streams.contains(&Stream::Out)) {
            way.listeners = listeners;
        }
    }

    /// Takes away those that have listened.
    pub(super) fn heard(&mut self) -> Listeners {
        let all = self.ways.iter_mut();
        all.flat_map(|way| std::mem::take(&mut way.listeners))
            .collect()
    }

    /// What the suite gets in place of which stream.
    pub(super) fn outputs(&self) -> Vec<(Stream, BorrowedFd<'_>)> {
        let of = |way: &'_ Way| way.streams.clone();
        self.ways
            .iter()
            .flat_map(|way| {
                of(way)
                    .into_iter()
                    .map(|stream| (stream, way.suites_end.as_fd()))
            })
            .collect()
    }

    /// Closes, in a child, the copies of what only the front may hold: a suite is to notice when nobody reads it any more, and
    /// whoever reads guardrun when guardrun is gone.
    pub(super) fn close_copies(&self) {
        for way in &self.ways {
            way.source.iter().for_each(fds::close_copy);
            way.sink.own_description().iter().for_each(fds::close_copy);
        }
    }

    /// What to wait for.
    pub(super) fn interests(&self) -> [Option<(BorrowedFd<'_>, Interest)>; 2] {
        [0, 1].map(|at| self.ways.get(at)?.interest())
    }

    /// Passes on what there is on those ways that are ready, without waiting.
    pub(super) fn pass_on(&mut self, ready: [bool; 2]) -> Passed {
        let mut passed = Passed::default();
        for (way, ready) in self.ways.iter_mut().zip(ready) {
            let mut steps = if ready { STEPS } else { 0 };
            while steps > 0 && way.step(BUFFER, &mut passed) == Flow::More {
                steps -= 1;
            }
        }
        self.seen += passed.bytes as u64;
        passed
    }

    /// Passes on everything that has been written until now, as far as that goes without waiting.
    pub(super) fn catch_up(&mut self) -> Passed {
        let mut passed = Passed::default();
        for way in &mut self.ways {
            way.catch_up(&mut way.holds_at_most(), &mut passed);
        }
        self.seen += passed.bytes as u64;
        passed
    }

    /// Whether something waits for a reader.
    pub(super) fn is_held_up(&self) -> bool {
        self.ways.iter().any(|way| !way.is_written())
    }

    /// Whether nothing was ever written.
    pub(super) fn nothing_was_written(&self) -> bool {
        self.seen == 0
    }

    /// Nobody reads this stream any more: the suite's next write to it is to fail, as it would have done.
    pub(super) fn reader_left(&mut self, stream: Stream) {
        let mut ways = self.ways.iter_mut();
        if let Some(way) = ways.find(|way| way.streams.contains(&stream)) {
            way.give_up();
        }
    }

    /// Gives every pseudoterminal the size of the terminal behind it. Answers whether there is any.
    pub(super) fn take_sizes(&self) -> bool {
        let mut any = false;
        for way in &self.ways {
            if let Ends::Terminal(end) = &way.suites_end {
                any = true;
                crate::sys::pty::take_size_of(way.sink.as_fd(), end.as_fd());
            }
        }
        any
    }

    /// What is left to be passed on after the end.
    pub(super) fn rest(&mut self) -> Rest<'_> {
        let left = self.ways.iter().map(Way::holds_at_most).collect();
        Rest { relay: self, left }
    }
}

/// The rest of the output, after the end of the suite. What was written before the end is what the ways hold now; what somebody
/// who got away goes on writing is not waited for.
pub(super) struct Rest<'a> {
    relay: &'a mut Relay,
    left: Vec<usize>,
}

impl Rest<'_> {
    /// Passes on what goes without waiting.
    pub(super) fn pass_on(&mut self) -> Passed {
        let mut passed = Passed::default();
        for (way, left) in self.relay.ways.iter_mut().zip(&mut self.left) {
            way.catch_up(left, &mut passed);
        }
        self.relay.seen += passed.bytes as u64;
        passed
    }

    /// What has to be waited for, if anything; None when all is passed on.
    pub(super) fn interests(&self) -> Option<[Option<(BorrowedFd<'_>, Interest)>; 2]> {
        let full = [0, 1].map(|at| self.relay.ways.get(at).filter(|way| !way.is_written()));
        let wanted = full.map(|way| Some((way?.sink.as_fd(), Interest::Writable)));
        wanted.iter().any(Option::is_some).then_some(wanted)
    }
}

impl Way {
    fn open(streams: Vec<Stream>) -> io::Result<Way> {
        let stream = streams[0];
        let (source, suites_end) = match stream.is_terminal() {
            true => {
                let pty = Pty::like(stream.own())?;
                (pty.master, Ends::Terminal(pty.slave))
            }
            false => {
                let (read, write) = fds::pipe()?;
                fds::never_wait(&read)?;
                (read, Ends::Pipe(write))
            }
        };
        Ok(Way {
            sink: Sink::of(stream),
            streams,
            source: Some(source),
            suites_end,
            buffer: Vec::new(),
            filled: 0,
            written: 0,
            listeners: Listeners::new(),
        })
    }

    fn is_written(&self) -> bool {
        self.written == self.filled
    }

    fn interest(&self) -> Option<(BorrowedFd<'_>, Interest)> {
        match self.is_written() {
            true => Some((self.source.as_ref()?.as_fd(), Interest::Readable)),
            false => Some((self.sink.as_fd(), Interest::Writable)),
        }
    }

    /// The most that can have been written to it and not been read.
    fn holds_at_most(&self) -> usize {
        match &self.suites_end {
            Ends::Pipe(end) => stream::capacity(end.as_fd()).unwrap_or(BUFFER),
            Ends::Terminal(_) => PTY_HOLDS,
        }
    }

    /// Reads at most so much more, and writes on, until one of the two would wait.
    fn catch_up(&mut self, left: &mut usize, passed: &mut Passed) {
        loop {
            let before = passed.bytes;
            let flow = self.step(*left, passed);
            *left -= passed.bytes - before;
            if flow != Flow::More {
                return;
            }
        }
    }

    /// Writes what is there, reads once, and writes that.
    fn step(&mut self, at_most: usize, passed: &mut Passed) -> Flow {
        if !self.is_written() && self.write_on(passed) == Flow::Full {
            return Flow::Full;
        }
        let Some(source) = &self.source else {
            return Flow::Dry;
        };
        self.buffer.resize(BUFFER, 0);
        (self.filled, self.written) = (0, 0);
        // Nothing, and errors: at the end of what the kernel holds, at the end of what may be read, and where a terminal has
        // hung up.
        let room = &mut self.buffer[..at_most.min(BUFFER)];
        let got = nix::unistd::read(source, room).unwrap_or(0);
        self.filled = got;
        passed.bytes += got;
        let flow = match got {
            0 => Flow::Dry,
            _ => self.write_on(passed),
        };
        for (_, heard) in &mut self.listeners {
            heard.hear(&self.buffer[..got]);
        }
        flow
    }

    fn write_on(&mut self, passed: &mut Passed) -> Flow {
        while !self.is_written() {
            match self.sink.write(&self.buffer[self.written..self.filled]) {
                // Nothing was taken, and nothing said: not to be tried again at once.
                Ok(0) => return Flow::Full,
                Ok(written) => self.written += written,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Flow::Full,
                Err(error) => {
                    self.give_up();
                    if !has_left(&error) {
                        passed.failed = Some(error);
                    }
                    return Flow::Dry;
                }
            }
        }
        Flow::More
    }

    /// Stops reading: the suite's next write fails, or tells it with SIGPIPE.
    fn give_up(&mut self) {
        self.source = None;
        (self.filled, self.written) = (0, 0);
    }
}

/// EPIPE: the reader of a pipe or socket is gone. EIO: the terminal is.
fn has_left(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EPIPE | Errno::EIO | Errno::ECONNRESET))
}

impl AsFd for Ends {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Ends::Pipe(end) | Ends::Terminal(end) => end.as_fd(),
        }
    }
}
