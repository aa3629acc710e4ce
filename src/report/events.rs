//! Where the events of an audit go: standard output, a file, or both. Part of the front while a run goes on, so it never waits
//! for a reader; what a reader has not taken yet is kept, up to a bound, and then the suite waits.

use crate::audit;
use crate::sys::poll;
use crate::sys::poll::Interest;
use crate::sys::stream::{self, Stream};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How much is kept for a reader before the suite waits.
const FULL: usize = 1 << 20;
/// How much is gathered before a file is written to within a batch.
const PART: usize = 1 << 16;
/// How long, when the run is over, a reader may take nothing before the rest is given up.
const UNTAKEN: Duration = Duration::from_secs(10);

/// The events' way out.
#[derive(Debug, Default)]
pub struct Events {
    out: Option<stream::Sink>,
    waiting: Vec<u8>,
    file: Option<(File, PathBuf)>,
    unwritten: Vec<u8>,
    lost: Option<String>,
    dropped: u64,
}

impl Events {
    /// To standard output, if `stdout` says so, and to this file. The file is made anew.
    pub fn open(stdout: Option<Stream>, file: Option<&Path>) -> io::Result<Events> {
        let told = |path: &Path, error: &io::Error| {
            let text = format!(
                "cannot write the events to {}: {error}\nhint: give --events a file in a directory that can be written",
                path.display()
            );
            io::Error::new(error.kind(), text)
        };
        let file = file.map(|path| {
            // Whoever does not read a pipe would hold the run up.
            let kind = std::fs::metadata(path).map(|found| found.file_type());
            if kind.is_ok_and(|kind| !kind.is_file()) {
                let error = io::Error::other("it is no regular file");
                return Err(told(path, &error));
            }
            let file = anew().open(path).map_err(|error| told(path, &error))?;
            Ok((file, path.to_owned()))
        });
        Ok(Events {
            out: stdout.map(stream::Sink::of),
            file: file.transpose()?,
            ..Events::default()
        })
    }

    /// Keeps all events for the run's page, where they go to no file. They lie in one without a name beside the page, which the kernel
    /// removes with guardrun, whatever becomes of that.
    pub fn keep(&mut self, page: &Path) -> io::Result<()> {
        if self.file.is_some() {
            return Ok(());
        }
        let name = format!(".guardrun-events-{}", std::process::id());
        let path = page.with_file_name(name);
        let file = anew().mode(0o600).create_new(true).open(&path)?;
        fs::remove_file(&path)?;
        self.file = Some((file, page.to_owned()));
        Ok(())
    }

    /// The events again that have gone to a file, from the first. To be taken before `finish` and read after it.
    pub fn again(&self) -> Option<File> {
        self.file.as_ref()?.0.try_clone().ok()
    }

    /// Writes the rest, which takes as long as the reader does, up to a bound. The error is what was lost.
    pub fn finish(mut self) -> Result<(), String> {
        let mut deadline = Instant::now() + UNTAKEN;
        loop {
            let before = self.waiting.len();
            audit::Sink::flush(&mut self);
            if self.waiting.is_empty() {
                break;
            }
            if self.waiting.len() < before {
                deadline = Instant::now() + UNTAKEN;
            }
            let wanted = audit::Sink::backlog(&self).map(|fd| (fd, Interest::Writable));
            if Instant::now() >= deadline || poll::wait([wanted], Some(deadline)).is_err() {
                self.lost = Some("nobody reads them".to_owned());
                break;
            }
        }
        match (self.lost, self.dropped) {
            (None, 0) => Ok(()),
            (None, dropped) => Err(format!(
                "{dropped} events of the end were not written: nobody took them"
            )),
            (Some(error), _) => Err(format!("not all events could be written: {error}")),
        }
    }

    fn write_file(&mut self) {
        let Some((file, path)) = &mut self.file else {
            return;
        };
        if let Err(error) = file.write_all(&self.unwritten) {
            self.lost = Some(format!("{}: {error}", path.display()));
            self.file = None;
        }
        self.unwritten.clear();
    }
}

/// To be written, and read again.
fn anew() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(true);
    options
}

impl audit::Sink for Events {
    fn take(&mut self, line: &str) {
        if self.out.is_some() {
            // Beyond the bound only while the suite is being killed, which waits for nobody.
            if self.waiting.len() < 4 * FULL {
                self.waiting.extend_from_slice(line.as_bytes());
                self.waiting.push(b'\n');
            } else {
                self.dropped += 1;
            }
        }
        if self.file.is_some() {
            self.unwritten.extend_from_slice(line.as_bytes());
            self.unwritten.push(b'\n');
            if self.unwritten.len() >= PART {
                self.write_file();
            }
        }
    }

    fn backlog(&self) -> Option<BorrowedFd<'_>> {
        let out = self.out.as_ref().filter(|_| !self.waiting.is_empty());
        out.map(AsFd::as_fd)
    }

    fn is_full(&self) -> bool {
        self.waiting.len() >= FULL
    }

    fn flush(&mut self) {
        if !self.unwritten.is_empty() {
            self.write_file();
        }
        let Some(out) = &self.out else { return };
        let mut written = 0;
        while written < self.waiting.len() {
            if !poll::writable_within(out.as_fd(), Duration::ZERO) {
                break;
            }
            match out.write(&self.waiting[written..]) {
                Ok(0) => break,
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => {
                    // A reader who has left is noticed by the run itself.
                    self.lost = Some(error.to_string());
                    self.out = None;
                    self.waiting.clear();
                    return;
                }
            }
        }
        self.waiting.drain(..written);
        if self.waiting.is_empty() && self.waiting.capacity() > PART {
            self.waiting = Vec::new();
        }
    }
}
