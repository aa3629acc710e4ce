//! Is this process held by a run? The walk from a process to its ancestors that docs/gate-contract.md describes.

use crate::gate::Held;
use crate::sys::procfs;
use crate::values::ProcessId;

/// How often the walk begins again when somebody in the chain ends meanwhile.
const WALKS: usize = 100;

/// Whether this process has that keeper among its ancestors.
///
/// Everything that a suite starts has: at level `namespace` the keeper is process 1, and at the others it is a subreaper, so
/// whoever loses a parent gets it as one.
pub fn held_by(keeper: ProcessId) -> Held {
    // Not by getpid(2): below `unshare --pid` without a /proc of its own, that number is somebody else's in this /proc.
    let own = std::fs::read_link("/proc/self").ok();
    let own = own.and_then(|own| own.to_str()?.parse().ok());
    let who = |pid| procfs::stat(pid).map(|stat| (stat.id, stat.parent));
    own.map_or(Held::Unknown, |own| walk(keeper, own, who))
}

/// `who` answers with who a process is, and its parent.
fn walk(keeper: ProcessId, from: i32, who: impl Fn(i32) -> Option<(ProcessId, i32)>) -> Held {
    'walk: for _ in 0..WALKS {
        let mut pid = from;
        while pid != 0 {
            let Some((found, parent)) = who(pid) else {
                continue 'walk;
            };
            if found == keeper {
                return Held::Yes;
            }
            pid = parent;
        }
        return Held::No;
    }
    Held::Unknown
}

#[cfg(test)]
mod tests {
    use super::walk;
    use crate::gate::Held;
    use crate::values::ProcessId;
    use std::cell::Cell;

    const KEEPER: ProcessId = ProcessId { pid: 5, start: 50 };

    fn stat(pid: i32, start: u64, parent: i32) -> (ProcessId, i32) {
        (ProcessId { pid, start }, parent)
    }

    #[test]
    fn an_ancestor_with_the_right_start_holds_and_no_other_does() {
        let family = |start| {
            move |pid| match pid {
                9 => Some(stat(9, 90, 7)),
                7 => Some(stat(7, 70, 5)),
                5 => Some(stat(5, start, 1)),
                1 => Some(stat(1, 1, 0)),
                _ => None,
            }
        };
        assert_eq!(walk(KEEPER, 9, family(50)), Held::Yes);
        assert_eq!(walk(KEEPER, 9, family(51)), Held::No);
        assert_eq!(walk(KEEPER, 1, family(50)), Held::No);
    }

    #[test]
    fn a_parent_that_ends_meanwhile_is_no_reason_to_say_no() {
        let walks = Cell::new(0);
        let answer = walk(KEEPER, 9, |pid| match pid {
            9 => {
                walks.set(walks.get() + 1);
                Some(stat(9, 90, if walks.get() < 3 { 7 } else { 5 }))
            }
            5 => Some(stat(5, 50, 0)),
            _ => None,
        });
        assert_eq!(answer, Held::Yes);
        assert_eq!(walk(KEEPER, 9, |_| None), Held::Unknown);
    }
}
