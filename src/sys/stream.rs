//! Standard output and error as places to write to without ever waiting there.
//!
//! Their open file descriptions are shared with the shell and whoever else has them, so O_NONBLOCK must not be set on them. A
//! pipe or a terminal is therefore opened once more (/proc/self/fd), which makes a description of one's own. Where that may not
//! be done, a write is asked not to wait (RWF_NOWAIT, MSG_DONTWAIT), and where the kernel cannot do that either, it is no
//! larger than what a pipe that is ready surely takes.

use super::{check, start};
use std::cell::Cell;
use std::fs::{File, OpenOptions};
use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::OpenOptionsExt;

/// The most that a pipe with room takes without waiting, as long as nobody else writes to it (pipe(7), PIPE_BUF).
const SURE: usize = 4096;

/// One of the standard streams that a program writes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Stream {
    /// Its number.
    pub fn number(self) -> RawFd {
        match self {
            Stream::Out => 1,
            Stream::Err => 2,
        }
    }

    /// This process's own.
    pub fn own(self) -> BorrowedFd<'static> {
        // SAFETY: both numbers are open for the whole life of this program: the Rust runtime opens /dev/null there if nothing
        // else is, and the front never closes them.
        unsafe { BorrowedFd::borrow_raw(self.number()) }
    }

    /// Whether it was closed when this process was started.
    pub fn was_closed(self) -> bool {
        start::closed_streams().any(|closed| closed == self.number())
    }

    /// Whether it is a terminal.
    pub fn is_terminal(self) -> bool {
        // SAFETY: isatty takes a number and touches no memory.
        unsafe { libc::isatty(self.number()) == 1 }
    }

    /// Whether both of this process's streams go to the same place in the same way, so that the order of what is written to
    /// the two means something.
    pub fn are_one() -> bool {
        let (Some(out), Some(err)) = (stat(Stream::Out.own()), stat(Stream::Err.own())) else {
            return false;
        };
        if (out.st_dev, out.st_ino) != (err.st_dev, err.st_ino) {
            return false;
        }
        // A file has a position for each description; nothing else has one.
        out.st_mode & libc::S_IFMT != libc::S_IFREG || have_one_description()
    }
}

/// Whether the two streams share one open file description (kcmp(2)). Where that cannot be asked, the same position
/// says so; two that are both at the beginning would overwrite each other anyway.
fn have_one_description() -> bool {
    const KCMP_FILE: libc::c_int = 0;
    let own = std::process::id();
    // SAFETY: kcmp takes numbers and touches no memory.
    match unsafe { libc::syscall(libc::SYS_kcmp, own, own, KCMP_FILE, 1, 2) } {
        0 => true,
        1.. => false,
        _ => position(Stream::Out) == position(Stream::Err),
    }
}

/// Where the next byte goes.
fn position(stream: Stream) -> libc::off_t {
    // SAFETY: lseek by 0 from here takes numbers and moves nothing.
    unsafe { libc::lseek(stream.number(), 0, libc::SEEK_CUR) }
}

fn stat(fd: BorrowedFd<'_>) -> Option<libc::stat> {
    // SAFETY: stat is plain old data for which all zeroes is a valid value.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `stat` is valid for writing for the whole call.
    (unsafe { libc::fstat(fd.as_raw_fd(), &mut stat) } == 0).then_some(stat)
}

/// A stream to be written to.
#[derive(Debug)]
pub struct Sink {
    stream: Stream,
    way: Way,
}

/// How to write without waiting.
#[derive(Debug)]
enum Way {
    /// Through a description of one's own that never waits.
    Own(File),
    /// With a flag for each write, as long as the kernel knows it.
    Asking(Cell<bool>),
    /// To a socket.
    Socket,
    /// To what never makes one wait for somebody else: a file, /dev/null.
    Plain,
}

impl Sink {
    /// Finds out how to write to it.
    pub fn of(stream: Stream) -> Sink {
        let kind = stat(stream.own()).map_or(0, |stat| stat.st_mode & libc::S_IFMT);
        let way = match kind {
            libc::S_IFIFO => Sink::once_more(stream),
            libc::S_IFCHR if stream.is_terminal() => Sink::once_more(stream),
            libc::S_IFSOCK => Way::Socket,
            _ => Way::Plain,
        };
        Sink { stream, way }
    }

    fn once_more(stream: Stream) -> Way {
        let opened = OpenOptions::new()
            .write(true)
            .custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY)
            .open(format!("/proc/self/fd/{}", stream.number()));
        opened.map_or_else(|_| Way::Asking(Cell::new(true)), Way::Own)
    }

    /// The description that was opened for it, which is the front's alone.
    pub fn own_description(&self) -> Option<&File> {
        match &self.way {
            Way::Own(file) => Some(file),
            _ => None,
        }
    }

    /// Writes what can be written now, and answers how much that was; WouldBlock when it is nothing.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let few = &bytes[..bytes.len().min(SURE)];
        match &self.way {
            Way::Own(file) => plain(file.as_fd(), bytes),
            Way::Plain => plain(self.stream.own(), bytes),
            Way::Socket => send(self.stream.own(), bytes),
            Way::Asking(knows) if knows.get() => match ask(self.stream.own(), bytes) {
                Err(error) if is_unknown(&error) => {
                    knows.set(false);
                    Err(io::ErrorKind::WouldBlock.into())
                }
                answer => answer,
            },
            // The caller has just been told that there is room.
            Way::Asking(_) => plain(self.stream.own(), few),
        }
    }
}

impl AsFd for Sink {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.way {
            Way::Own(file) => file.as_fd(),
            _ => self.stream.own(),
        }
    }
}

fn is_unknown(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EOPNOTSUPP | libc::ENOSYS | libc::EINVAL | libc::ESPIPE)
    )
}

fn plain(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    Ok(nix::unistd::write(fd, bytes)?)
}

fn send(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    let flags = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
    // SAFETY: the kernel reads at most `len` bytes of a slice that outlives the call.
    let sent = unsafe { libc::send(fd.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), flags) };
    count(sent)
}

/// pwritev2(2) at the current position, without waiting.
fn ask(fd: BorrowedFd<'_>, bytes: &[u8]) -> io::Result<usize> {
    let slice = IoSlice::new(bytes);
    // SAFETY: an IoSlice is an iovec (std::io::IoSlice), and what it points to outlives the call; the kernel only reads it.
    let written = unsafe {
        libc::pwritev2(
            fd.as_raw_fd(),
            (&raw const slice).cast(),
            1,
            -1,
            libc::RWF_NOWAIT,
        )
    };
    count(written)
}

fn count(answer: isize) -> io::Result<usize> {
    if answer < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(answer as usize)
    }
}

/// How much a pipe can hold, in bytes (F_GETPIPE_SZ); None for what is no pipe.
pub fn capacity(fd: BorrowedFd<'_>) -> Option<usize> {
    // SAFETY: F_GETPIPE_SZ takes nothing and touches no memory.
    let size = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_GETPIPE_SZ) }).ok()?;
    usize::try_from(size).ok()
}
