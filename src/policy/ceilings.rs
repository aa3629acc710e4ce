//! What a run may use at the most, and what has to be free before it starts. Plain data.

use bytesize::ByteSize;
use std::time::Duration;

/// What a run may use at the most. None where there is no ceiling.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Ceilings {
    /// Memory of the whole suite.
    pub memory: Option<ByteSize>,
    /// Processes and threads of the whole suite at once.
    pub processes: Option<u64>,
    /// Processors' worth of time, such as 1.5.
    pub cpu: Option<f64>,
    /// Open files of each process.
    pub open_files: Option<u64>,
}

impl Ceilings {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        *self == Ceilings::default()
    }

    /// The lower of both, each for itself.
    pub fn lowest(self, other: Ceilings) -> Ceilings {
        Ceilings {
            memory: lower(self.memory, other.memory),
            processes: lower(self.processes, other.processes),
            cpu: lower(self.cpu, other.cpu),
            open_files: lower(self.open_files, other.open_files),
        }
    }
}

fn lower<T: PartialOrd>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other < one { other } else { one }),
        (one, other) => one.or(other),
    }
}

/// What has to be free before a run starts.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Needs {
    /// Memory that can be had without swapping.
    pub memory: Option<ByteSize>,
    /// Processes and threads that can still be made.
    pub processes: Option<u64>,
    /// The greatest share of the last ten seconds, in percent, in which something waited for memory.
    pub pressure: Option<f64>,
    /// How long to wait for it; None to refuse at once.
    pub wait: Option<Duration>,
}

impl Needs {
    /// Whether nothing is needed.
    pub fn is_empty(&self) -> bool {
        self.memory.is_none() && self.processes.is_none() && self.pressure.is_none()
    }

    /// What satisfies both.
    pub fn strictest(self, other: Needs) -> Needs {
        let wait = match (self.wait, other.wait) {
            // One that needs nothing has nothing to say about waiting.
            (mine, _) if other.is_empty() => mine,
            (_, theirs) if self.is_empty() => theirs,
            (Some(mine), Some(theirs)) => Some(mine.min(theirs)),
            _ => None,
        };
        Needs {
            memory: self.memory.max(other.memory),
            processes: self.processes.max(other.processes),
            pressure: lower(self.pressure, other.pressure),
            wait,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ceilings, Needs};
    use bytesize::ByteSize;

    #[test]
    fn of_two_ceilings_the_lower_holds_and_of_two_needs_the_higher() {
        let one = Ceilings {
            memory: Some(ByteSize::gib(2)),
            processes: Some(10),
            ..Ceilings::default()
        };
        let other = Ceilings {
            memory: Some(ByteSize::gib(1)),
            cpu: Some(1.5),
            ..Ceilings::default()
        };
        let both = one.lowest(other);
        assert_eq!(both, other.lowest(one));
        assert_eq!(both.memory, Some(ByteSize::gib(1)));
        assert_eq!((both.processes, both.cpu), (Some(10), Some(1.5)));

        let need = |gib| Needs {
            memory: Some(ByteSize::gib(gib)),
            ..Needs::default()
        };
        assert_eq!(need(1).strictest(need(2)), need(2));
    }

    #[test]
    fn who_needs_nothing_does_not_decide_about_waiting() {
        let waits = Needs {
            processes: Some(5),
            wait: Some(std::time::Duration::from_secs(60)),
            ..Needs::default()
        };
        assert_eq!(waits.strictest(Needs::default()), waits);
        assert_eq!(Needs::default().strictest(waits), waits);
        let refuses = Needs {
            wait: None,
            ..waits
        };
        assert_eq!(waits.strictest(refuses).wait, None);
    }
}
