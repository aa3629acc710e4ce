//! Whether there is room for a run: what it needs against what is free. Pure.

use crate::policy::Needs;
use bytesize::ByteSize;
use serde::Serialize;
use std::fmt;

/// What is free here. None where that cannot be told.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Room {
    /// Bytes of memory that can be had without swapping.
    pub memory: Option<u64>,
    /// Processes and threads that can still be made.
    pub processes: Option<u64>,
    /// The share of the last ten seconds, in percent, in which something waited for memory.
    pub pressure: Option<f64>,
}

/// One thing of which there is not enough.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "of")]
pub enum Short {
    /// Memory, in bytes.
    Memory {
        /// What is needed.
        need: u64,
        /// What is free.
        free: u64,
    },
    /// Processes and threads.
    Processes {
        /// What is needed.
        need: u64,
        /// What is free.
        free: u64,
    },
    /// Quiet: something waits for memory more often than it may.
    Pressure {
        /// The most that there may be, in percent.
        most: f64,
        /// What there is.
        now: f64,
    },
}

/// Everything of which there is not enough. What cannot be told is not held against the host.
pub fn short_of(needs: &Needs, room: &Room) -> Vec<Short> {
    let memory = needs.memory.zip(room.memory).and_then(|(need, free)| {
        let need = need.as_u64();
        (free < need).then_some(Short::Memory { need, free })
    });
    let processes = needs.processes.zip(room.processes);
    let processes =
        processes.and_then(|(need, free)| (free < need).then_some(Short::Processes { need, free }));
    let pressure = needs.pressure.zip(room.pressure);
    let pressure =
        pressure.and_then(|(most, now)| (now > most).then_some(Short::Pressure { most, now }));
    [memory, processes, pressure]
        .into_iter()
        .flatten()
        .collect()
}

/// What is needed and cannot be told here, as it reads in a sentence.
pub fn unknown(needs: &Needs, room: &Room) -> Vec<&'static str> {
    let all = [
        (
            needs.memory.is_some() && room.memory.is_none(),
            "how much memory is free",
        ),
        (
            needs.processes.is_some() && room.processes.is_none(),
            "how many processes can still be made",
        ),
        (
            needs.pressure.is_some() && room.pressure.is_none(),
            "how much waits for memory (the kernel has no pressure information)",
        ),
    ];
    let unknown = all.into_iter().filter(|(unknown, _)| *unknown);
    unknown.map(|(_, what)| what).collect()
}

impl fmt::Display for Short {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Short::Memory { need, free } => write!(
                f,
                "it needs {} of memory and {} are free: {} short",
                ByteSize(*need),
                ByteSize(*free),
                ByteSize(need - free)
            ),
            Short::Processes { need, free } => write!(
                f,
                "it needs {need} processes and threads and {free} can still be made: {} short",
                need - free
            ),
            Short::Pressure { most, now } => write!(
                f,
                "something waits for memory {now} % of the time, and it starts at {most} % or less"
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Room, Short, short_of, unknown};
    use crate::policy::Needs;
    use bytesize::ByteSize;

    const NEEDS: Needs = Needs {
        memory: Some(ByteSize::gib(2)),
        processes: Some(100),
        pressure: Some(10.0),
        wait: None,
    };

    #[test]
    fn exactly_enough_is_enough() {
        let room = Room {
            memory: Some(2 << 30),
            processes: Some(100),
            pressure: Some(10.0),
        };
        assert_eq!(short_of(&NEEDS, &room), []);
    }

    #[test]
    fn everything_of_which_there_is_too_little_is_named_with_the_shortfall() {
        let room = Room {
            memory: Some(1 << 30),
            processes: Some(99),
            pressure: Some(10.5),
        };
        let short = short_of(&NEEDS, &room);
        assert_eq!(short.len(), 3);
        let said: Vec<_> = short.iter().map(Short::to_string).collect();
        assert_eq!(
            said[0],
            "it needs 2.0 GiB of memory and 1.0 GiB are free: 1.0 GiB short"
        );
        assert!(said[1].ends_with("99 can still be made: 1 short"));
        assert!(said[2].starts_with("something waits for memory 10.5 %"));
    }

    #[test]
    fn what_cannot_be_told_is_said_and_not_held_against_the_host() {
        assert_eq!(short_of(&NEEDS, &Room::default()), []);
        assert_eq!(unknown(&NEEDS, &Room::default()).len(), 3);
        assert!(unknown(&Needs::default(), &Room::default()).is_empty());
    }
}
