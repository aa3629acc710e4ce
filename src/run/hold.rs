//! The hold that the front has on a run at its level: who is in it, asking them to end, killing them.

use super::survey::{Care, Survey};
use crate::contain::{Leaf, tree};
use crate::outcome::Survivor;
use crate::policy::Hold as Rules;
use crate::registry;
use crate::sys::clone::Child;
use crate::sys::procfs::{self, Stat};
use crate::sys::signal;
use crate::sys::wait::{self, Children};
use crate::values::Level;

/// How many survivors are looked at closely. Their sockets are found in tables that grow with them, and nobody reads
/// about the thousandth.
const CLOSELY: usize = 64;

/// The hold on one run.
pub(super) struct Hold<'a> {
    pub(super) level: Level,
    pub(super) run: &'a str,
    pub(super) keeper: &'a Child,
    pub(super) leaf: Option<&'a Leaf>,
    /// Whether the front had children before the run: it was executed in place of a process that had some. They are
    /// not ours to end.
    pub(super) had_children: bool,
    /// Whether the keeper has died before its time, so that its children are now the front's.
    pub(super) orphaned: bool,
}

impl Hold<'_> {
    /// Everything alive that belongs to the run, keeper left out.
    pub(super) fn members(&self) -> Vec<Stat> {
        let mut found = match self.orphaned {
            false => tree::below(self.keeper.pid),
            true => self.adopted(),
        };
        // What was moved between cgroups is in one of the two, whatever it did.
        let inside = self.leaf.map(Leaf::members).unwrap_or_default();
        found.extend(
            inside
                .into_iter()
                .filter_map(procfs::stat)
                .filter(|stat| !stat.is_dead()),
        );
        found.sort_by_key(|stat| stat.id);
        found.dedup_by_key(|stat| stat.id);
        found
    }

    /// What the front has inherited from the dead keeper. At level `namespace` there is never anything: the kernel
    /// has ended it all with the keeper.
    fn adopted(&self) -> Vec<Stat> {
        if self.level == Level::Namespace {
            return Vec::new();
        }
        let below = tree::below(std::process::id() as i32);
        if !self.had_children {
            return below;
        }
        let marked = registry::marked(self.run);
        below
            .into_iter()
            .filter(|stat| marked.iter().any(|other| other.id == stat.id))
            .collect()
    }

    /// Everything alive that belongs to the run, looked at.
    pub(super) fn survivors(&self, rules: &Rules) -> Vec<Survivor> {
        let care = |at| {
            if at < CLOSELY {
                Care::Close
            } else {
                Care::Brief
            }
        };
        let (members, survey) = (self.members(), Survey::new(rules));
        let looked = members.iter().enumerate();
        looked
            .map(|(at, stat)| survey.look_at(stat, care(at)))
            .collect()
    }

    /// Asks everything to end. A stopped process cannot handle TERM before it goes on.
    pub(super) fn ask_all(&self) {
        tree::signal_each(&self.members(), &[signal::TERM, signal::CONT]);
    }

    /// Kills everything, in the way of the level. Forks nothing and waits for nothing.
    pub(super) fn kill(&self) {
        if self.level == Level::Namespace {
            // Process 1 of the namespace; the kernel ends the rest before it reports this one's end.
            let _ = self.keeper.fd.signal(signal::KILL);
            return;
        }
        if let Some(leaf) = self.leaf {
            leaf.kill();
            // What had moved out of it is looked for when it is empty; until then there is nothing but dying to be seen.
            if !leaf.is_empty() {
                return;
            }
        }
        // The ear is the keeper's too and is killed here like the rest; by now there is nothing left to hear.
        tree::kill_round(|| self.members());
    }

    /// Whether nothing is left, as far as that can be proved without the keeper's word.
    pub(super) fn is_empty(&self) -> bool {
        if self.leaf.is_some_and(|leaf| !leaf.is_empty()) {
            return false;
        }
        match self.orphaned && self.level != Level::Namespace {
            false => true,
            true => reaped_all() || (self.had_children && self.adopted().is_empty()),
        }
    }
}

/// Reaps what has ended of the front's children, and answers whether there are none left.
fn reaped_all() -> bool {
    loop {
        match wait::any_end() {
            Ok(Children::None) => return true,
            Ok(Children::Changed(_)) => {}
            Ok(Children::Unchanged) | Err(_) => return false,
        }
    }
}
