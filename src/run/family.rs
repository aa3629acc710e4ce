//! The processes of a run as they are right now, put in order for a reader. Forks nothing, and looks closely only at what is
//! shown: of ten thousand processes that is one file of /proc for each, and two more for each of the first.

use super::hold::Hold;
use super::survey;
use crate::outcome::Relative;
use crate::sys::procfs::{self, Stat};
use std::collections::{BTreeMap, BTreeSet};

/// How many processes are shown.
const SHOWN: usize = 60;
/// The name of the ear, which is guardrun's and not the suite's.
const EAR: &str = "guardrun-ear";

/// The first processes of the run, every parent before its children, and how many more there are.
pub(super) fn look(hold: &Hold<'_>) -> (Vec<Relative>, usize) {
    let mut members = hold.members();
    members.retain(|stat| !(stat.parent == hold.keeper.pid && stat.name == EAR));
    let ordered = in_order(&members);
    let (ticks_per_second, page_size) = (procfs::ticks_per_second(), procfs::page_size());
    let now = procfs::uptime_seconds().unwrap_or_default() * ticks_per_second as f64;
    let shown = ordered.iter().take(SHOWN).map(|(depth, stat)| Relative {
        id: stat.id,
        parent: stat.parent,
        depth: *depth,
        state: stat.state,
        waiting_in: procfs::waiting_in(stat.id.pid),
        age_seconds: (now as u64).saturating_sub(stat.id.start) / ticks_per_second,
        cpu_milliseconds: stat.ticks * 1000 / ticks_per_second,
        resident_bytes: stat.resident * page_size,
        command: survey::command(stat),
    });
    (shown.collect(), ordered.len().saturating_sub(SHOWN))
}

/// Every parent before its children, the children right after it, the older first; each with how deep it lies. Without
/// recursion: a chain of processes may be longer than a stack is deep.
fn in_order(members: &[Stat]) -> Vec<(usize, &Stat)> {
    let known: BTreeSet<i32> = members.iter().map(|stat| stat.id.pid).collect();
    let mut children: BTreeMap<i32, Vec<&Stat>> = BTreeMap::new();
    let mut next: Vec<(usize, &Stat)> = Vec::new();
    let mut by_age: Vec<&Stat> = members.iter().collect();
    by_age.sort_by_key(|stat| std::cmp::Reverse((stat.id.start, stat.id.pid)));
    for stat in by_age {
        match known.contains(&stat.parent) && stat.parent != stat.id.pid {
            true => children.entry(stat.parent).or_default().push(stat),
            false => next.push((0, stat)),
        }
    }
    let mut ordered = Vec::with_capacity(members.len());
    while let Some((depth, stat)) = next.pop() {
        ordered.push((depth, stat));
        let below = children.remove(&stat.id.pid).unwrap_or_default();
        next.extend(below.into_iter().map(|child| (depth + 1, child)));
    }
    ordered
}

#[cfg(test)]
mod tests {
    use super::in_order;
    use crate::sys::procfs::{Stat, stat};
    use crate::values::ProcessId;

    fn process(pid: i32, parent: i32, start: u64) -> Stat {
        let own = stat(std::process::id() as i32).unwrap();
        Stat {
            id: ProcessId { pid, start },
            parent,
            ..own
        }
    }

    fn order(members: &[Stat]) -> Vec<(usize, i32)> {
        let ordered = in_order(members).into_iter();
        ordered.map(|(depth, stat)| (depth, stat.id.pid)).collect()
    }

    #[test]
    fn children_follow_their_parent_the_older_first() {
        let members = [
            process(12, 10, 5),
            process(30, 1, 9),
            process(11, 10, 3),
            process(10, 1, 2),
            process(13, 11, 6),
        ];
        assert_eq!(
            order(&members),
            [(0, 10), (1, 11), (2, 13), (1, 12), (0, 30)]
        );
    }

    #[test]
    fn numbers_that_were_used_again_while_one_looked_make_no_endless_tree() {
        // Two that call each other their parent cannot both be right; nothing is said of them rather than for ever.
        let members = [process(10, 11, 1), process(11, 10, 2), process(12, 12, 3)];
        assert_eq!(order(&members), [(0, 12)]);
    }
}
