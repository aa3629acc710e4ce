//! Keeping what is written to standard output: memfd_create(2), dup2(2).

use super::check;
use super::fds::move_up;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Standard output leads into memory from here on, for this process and those it starts.
#[derive(Debug)]
pub struct Capture {
    kept: File,
    before: OwnedFd,
}

impl Capture {
    /// Begins.
    pub fn start() -> io::Result<Capture> {
        // SAFETY: the name is a NUL-terminated string that outlives the call.
        let made = check(unsafe { libc::memfd_create(c"guardrun".as_ptr(), libc::MFD_CLOEXEC) })?;
        // SAFETY: the kernel has just made it for us.
        let kept = unsafe { OwnedFd::from_raw_fd(made) };
        // SAFETY: number 1 is open for the whole life of this program (fds::stdout); F_DUPFD_CLOEXEC takes numbers only.
        let copy = check(unsafe { libc::fcntl(1, libc::F_DUPFD_CLOEXEC, 3) })?;
        // SAFETY: the kernel has just made it for us.
        let before = move_up(unsafe { OwnedFd::from_raw_fd(copy) }, 10)?;
        // SAFETY: dup2 takes two numbers, both open; what stood at 1 is kept in `before`.
        check(unsafe { libc::dup2(kept.as_raw_fd(), 1) })?;
        Ok(Capture {
            kept: kept.into(),
            before,
        })
    }

    /// Ends, and answers with the first `most` bytes of what was written.
    pub fn finish(mut self, most: u64) -> io::Result<Vec<u8>> {
        let mut text = Vec::new();
        self.kept.seek(SeekFrom::Start(0))?;
        self.kept.by_ref().take(most).read_to_end(&mut text)?;
        Ok(text)
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // SAFETY: dup2 takes two numbers; `before` is open until after this.
        unsafe { libc::dup2(self.before.as_raw_fd(), 1) };
    }
}
