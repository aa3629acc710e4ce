//! How much processor time a run has used: looked at twice, the difference is what it did in between.
//!
//! A process that has ended hands its time to whoever waited for it, up to the keeper, so the sum over everybody does not fall
//! when somebody ends. It does where a parent lets the kernel reap its children (wait(2), SIGCHLD ignored), and the sum then
//! hides what others did; so what those used who were there at both looks counts as well. The cgroup's own count, where there
//! is one, forgets nobody, but leaves out who has moved out of it. Each of these may say too little, so the most counts.

use super::hold::Hold;
use crate::sys::procfs::{self, Stat};
use crate::values::ProcessId;
use std::collections::BTreeMap;
use std::time::Duration;

/// Processor time as it was at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Effort {
    /// Of everybody, alive and reaped, in clock ticks.
    sum: u64,
    each: BTreeMap<ProcessId, u64>,
    /// What the cgroup has counted.
    counted: Option<Duration>,
}

impl Effort {
    /// Looks at everybody.
    pub(super) fn look(hold: &Hold<'_>) -> Effort {
        let members = hold.members();
        Effort {
            sum: of(hold, &members),
            each: members.iter().map(|stat| (stat.id, stat.ticks)).collect(),
            counted: hold.leaf.and_then(crate::contain::Leaf::processor_time),
        }
    }

    /// What was used between an earlier look and this one.
    pub(super) fn since(&self, earlier: &Effort) -> Duration {
        let sum = self.sum.saturating_sub(earlier.sum);
        let of_each = self.each.iter().filter_map(|(id, ticks)| {
            let before = earlier.each.get(id)?;
            Some(ticks.saturating_sub(*before))
        });
        let ticks = sum.max(of_each.sum());
        let seen = Duration::from_millis(ticks * 1000 / procfs::ticks_per_second());
        let counted = self.counted.zip(earlier.counted);
        seen.max(counted.map_or(Duration::ZERO, |(now, before)| now.saturating_sub(before)))
    }
}

/// What these have used who belong to the run, and those that they or the keeper have reaped, in clock ticks.
pub(super) fn of(hold: &Hold<'_>, members: &[Stat]) -> u64 {
    let keeper = procfs::stat(hold.keeper.pid).map_or(0, |stat| stat.ticks_of_children);
    let all = members
        .iter()
        .map(|stat| stat.ticks + stat.ticks_of_children);
    keeper + all.sum::<u64>()
}

#[cfg(test)]
mod tests {
    use super::Effort;
    use crate::sys::procfs::ticks_per_second;
    use crate::values::ProcessId;
    use std::time::Duration;

    fn effort(sum: u64, each: &[(i32, u64)]) -> Effort {
        let second = ticks_per_second();
        let id = |pid| ProcessId { pid, start: 1 };
        let each = each.iter().map(|(pid, ticks)| (id(*pid), ticks * second));
        Effort {
            sum: sum * second,
            each: each.collect(),
            counted: None,
        }
    }

    #[test]
    fn what_was_used_before_the_first_look_is_not_counted_when_its_user_ends() {
        let before = effort(100, &[(1, 0), (2, 100)]);
        let after = effort(100, &[(1, 0)]);
        assert_eq!(after.since(&before), Duration::ZERO);
    }

    #[test]
    fn what_was_lost_with_one_does_not_hide_what_another_did() {
        let before = effort(105, &[(1, 5), (2, 100)]);
        let after = effort(12, &[(1, 12)]);
        assert_eq!(after.since(&before), Duration::from_secs(7));
    }
}
