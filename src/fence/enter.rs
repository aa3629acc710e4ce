//! Going behind the fence: the suite's leader, right before it executes the command.

use super::{Attention, calls};
use crate::policy::FenceRules;
use crate::sys::seccomp;
use crate::sys::signal;
use crate::sys::socket::{self, Line};
use crate::values::Fence;
use std::io;
use std::os::fd::AsFd;

/// The leader's end of a fence, made by the front and handed down through the keeper.
#[derive(Debug)]
pub struct Entry {
    class: Fence,
    attention: Attention,
    demanded: bool,
    door: Line,
}

/// Both ends: the front's, which hears of the listener, and the leader's.
pub(super) fn make(rules: &FenceRules, attention: Attention) -> io::Result<(Line, Entry)> {
    let (front, leader) = socket::pair()?;
    front.want_senders()?;
    let entry = Entry {
        class: rules.class,
        attention,
        demanded: rules.demanded,
        door: leader,
    };
    Ok((front, entry))
}

impl Entry {
    /// One for a child that only tries it. It is not demanded, so that what is missing is told.
    pub(super) fn for_probe(class: Fence, door: Line) -> Entry {
        Entry {
            class,
            attention: Attention::Refusals,
            demanded: false,
            door,
        }
    }

    /// Installs the filter in the calling thread and sends the listener to the front. No copy of it stays here: the front's
    /// is the last one, so that its death is the listener's.
    ///
    /// A fence that nobody has asked for by name and that cannot be had is told to the front, and is no error.
    pub fn enter(&self) -> io::Result<()> {
        if self.class >= Fence::Daemons || self.attention == Attention::Everything {
            // A background job is told by ignoring SIGQUIT while its shell does not (`lineage::Generation::background`). A
            // guardrun that is itself one, as in many a CI script, would hand down a shell that does, and no job would be told.
            // The terminal cannot send it to the suite then anyway, which is in a group of its own.
            signal::heed(signal::QUIT);
        }
        match seccomp::install(calls(self.class, self.attention)) {
            Ok(listener) => self.door.send_parcel(0, Some(listener.as_fd())),
            Err(error) if self.demanded => Err(error),
            Err(error) => self
                .door
                .send_parcel(error.raw_os_error().unwrap_or(0), None),
        }
    }
}
