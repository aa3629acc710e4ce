//! Waiting for a number of things that grows and shrinks, as one descriptor in a poll: epoll(7).

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};

/// A set of descriptors, each with a number of the caller's.
#[derive(Debug)]
pub struct Set(Epoll);

impl Set {
    /// An empty one, close-on-exec.
    pub fn new() -> io::Result<Set> {
        Ok(Set(Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?))
    }

    /// Adds a descriptor that leaves the set by being closed. It is reported once.
    pub fn add(&self, fd: &impl AsFd, number: u64) -> io::Result<()> {
        let once = EpollFlags::EPOLLIN | EpollFlags::EPOLLONESHOT;
        Ok(self.0.add(fd, EpollEvent::new(once, number))?)
    }

    /// The numbers of those that are ready, at most 1024 at a time; never waits.
    pub fn ready(&self) -> Vec<u64> {
        let mut events = [EpollEvent::empty(); 1024];
        let found = self.0.wait(&mut events, EpollTimeout::ZERO).unwrap_or(0);
        events[..found].iter().map(EpollEvent::data).collect()
    }
}

impl AsFd for Set {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.0.as_fd()
    }
}
