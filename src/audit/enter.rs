//! Becoming seen: the suite's leader says to the front that it is there, and executes nothing before the front traces it.

use crate::sys::poll::{self, Interest};
use crate::sys::socket::{self, Line};
use std::io;
use std::os::fd::AsFd;

/// The leader's end, made by the front and handed down through the keeper.
#[derive(Debug)]
pub struct Entry {
    door: Line,
}

/// Both ends: the front's, which hears of the leader, and the leader's.
pub(super) fn make() -> io::Result<(Line, Entry)> {
    let (front, leader) = socket::pair()?;
    front.want_senders()?;
    Ok((front, Entry { door: leader }))
}

impl Entry {
    /// Waits until the front traces the calling process. The error is that of the front's attempt; a front that is gone is one
    /// too. There is no bound on the wait but the front's life: it answers in its loop, or dies.
    pub fn enter(&self) -> io::Result<()> {
        self.door.send_parcel(0, None)?;
        let mut answer = [0; 4];
        loop {
            poll::wait([Some((self.door.as_fd(), Interest::Readable))], None)?;
            match self.door.try_receive(&mut answer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
                Ok(0) => return Err(io::ErrorKind::BrokenPipe.into()),
                Ok(_) => {
                    return match i32::from_ne_bytes(answer) {
                        0 => Ok(()),
                        errno => Err(io::Error::from_raw_os_error(errno)),
                    };
                }
            }
        }
    }
}
