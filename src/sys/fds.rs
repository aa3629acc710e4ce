//! Descriptors: pipes, and what is inherited across exec.

use super::{check, start};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// A pipe, both ends close-on-exec: (read end, write end).
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends: [RawFd; 2] = [-1; 2];
    // SAFETY: pipe2 writes two descriptors into an array of two.
    check(unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) })?;
    Ok(own_both(ends))
}

/// Lets a descriptor survive exec, so that the suite has it.
pub fn let_through_exec(fd: &impl AsFd) -> io::Result<()> {
    // SAFETY: F_SETFD on an open descriptor takes a number and touches no memory.
    check(unsafe { libc::fcntl(fd.as_fd().as_raw_fd(), libc::F_SETFD, 0) }).map(drop)
}

/// Gives the descriptor a number of at least `lowest`, out of the way of scripts that use the low ones; close-on-exec.
pub fn move_up(fd: OwnedFd, lowest: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: F_DUPFD_CLOEXEC on an open descriptor takes a number and touches no memory.
    let moved = check(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, lowest) })?;
    // SAFETY: the kernel has just made it for us.
    Ok(unsafe { OwnedFd::from_raw_fd(moved) })
}

/// Lets the suite find closed the standard streams that were closed for guardrun: the /dev/null that the Rust runtime
/// put there keeps the numbers taken while guardrun runs, and goes at exec.
pub fn close_placeholders_at_exec() {
    for fd in start::closed_streams() {
        // SAFETY: F_SETFD takes a number and touches no memory; were the stream not open, it would only fail.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
}

/// Whether guardrun's standard output is a pipe or a socket, whose reader can go away.
pub fn stdout_has_a_reader() -> bool {
    // SAFETY: stat is plain old data for which all zeroes is a valid value.
    let mut stat: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: `stat` is valid for writing for the whole call.
    let known = unsafe { libc::fstat(1, &mut stat) } == 0;
    known && matches!(stat.st_mode & libc::S_IFMT, libc::S_IFIFO | libc::S_IFSOCK)
}

/// Puts this file in place of standard input, output and error.
pub fn replace_streams(file: &impl AsFd) -> io::Result<()> {
    for stream in 0..3 {
        // SAFETY: dup2 takes two numbers; the standard streams belong to nobody in particular, and what had them open
        // before is closed by the kernel.
        check(unsafe { libc::dup2(file.as_fd().as_raw_fd(), stream) })?;
    }
    Ok(())
}

/// Closes, in a child, its copy of something that its parent goes on using.
pub fn close_copy(parents: &impl AsFd) {
    // SAFETY: the caller is a child that never returns to the owner of this descriptor (clone::child sees to that), so
    // nobody uses or closes the number again in this process.
    unsafe { libc::close(parents.as_fd().as_raw_fd()) };
}

/// Waits until nobody holds the other end of this pipe.
pub fn wait_for_end(read_end: &OwnedFd) {
    // Nobody writes to it; an error, which cannot be mended here, ends the wait as well.
    while matches!(
        nix::unistd::read(read_end, &mut [0]),
        Ok(1..) | Err(nix::Error::EINTR)
    ) {}
}

/// Lets reads and writes through this descriptor's description fail where they would wait (O_NONBLOCK). Only for what this
/// program has opened itself: others who share a description would be changed as well.
pub fn never_wait(fd: &impl AsFd) -> io::Result<()> {
    let fd = fd.as_fd().as_raw_fd();
    // SAFETY: F_GETFL on an open descriptor takes nothing and touches no memory.
    let flags = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    // SAFETY: F_SETFL on an open descriptor takes a number and touches no memory.
    check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_NONBLOCK) }).map(drop)
}

/// Makes this the standard stream of that number, surviving exec. For a child that is about to become the suite.
pub fn put_in_place(fd: BorrowedFd<'_>, stream: RawFd) -> io::Result<()> {
    // SAFETY: dup2 takes two numbers; the stream's copy in this child belongs to nobody else.
    check(unsafe { libc::dup2(fd.as_raw_fd(), stream) }).map(drop)
}

/// Standard output, to be watched.
pub fn stdout() -> BorrowedFd<'static> {
    // SAFETY: number 1 is open for the whole life of this program: the Rust runtime opens /dev/null there if nothing else
    // is, and the front never closes it.
    unsafe { BorrowedFd::borrow_raw(1) }
}

/// Takes over two descriptors that the kernel has just made for this process.
pub(super) fn own_both(ends: [RawFd; 2]) -> (OwnedFd, OwnedFd) {
    // SAFETY: both callers, `pipe` and `socket::pair`, pass what a successful call has just stored; nobody else knows them.
    let own = |fd| unsafe { OwnedFd::from_raw_fd(fd) };
    (own(ends[0]), own(ends[1]))
}

/// Raises this process's limit of open descriptors as far as it may (getrlimit(2)). Not for a process that is yet to start
/// the suite, which inherits limits.
pub fn allow_as_many_as_possible() {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    if let Ok((now, most)) = getrlimit(Resource::RLIMIT_NOFILE)
        && now < most
    {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}
