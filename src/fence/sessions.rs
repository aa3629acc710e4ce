//! Who went into a session of his own, and whether he was left there.
//!
//! setsid(2) alone means little: terminals, job runners and detached children that are waited for all use it. A daemon is what
//! is then left behind: its parent ends, and it goes on. The kernel tells of the parent's end (a pidfd becomes readable);
//! by then the child has a new parent, the keeper.
//!
//! A process that has only forked and is left behind has put itself into the background, and is ended at once. One that has
//! executed a program since may be about to be ended by its test, and has a moment.

use super::lineage::{Lineage, Place};
use crate::contain::tree;
use crate::sys::epoll::Set;
use crate::sys::fds;
use crate::sys::identity::PidFd;
use crate::sys::procfs::{self, Stat};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How long a program in a session of its own may outlive its parent. Shorter than the time in which a suite's leftovers may
/// go by themselves (`run::course`), so that the fence speaks first.
const MOMENT: Duration = Duration::from_millis(500);

/// The sessions that are watched.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    /// Made with the first session: most runs have none.
    set: Option<Set>,
    watched: BTreeMap<u64, Session>,
    next: u64,
}

/// One session, from the call that made it.
#[derive(Debug)]
struct Session {
    /// Who called setsid, and where he came from then.
    lineage: Lineage,
    /// Held so that their ends are told: the leader's parent, and the leader.
    _parent: PidFd,
    leader: Option<PidFd>,
    /// Where the one stood who made it.
    place: Place,
    /// When what was left behind is to be ended.
    until: Option<Instant>,
}

/// What there is to a session that is about to be made.
pub(super) enum Begun {
    /// It is watched.
    Watched,
    /// While one looked, whoever started this process has ended.
    ByAnOrphan(Lineage),
}

/// A session that was left behind.
#[derive(Debug)]
pub(super) struct LeftBehind {
    /// Where it came from when it was made.
    pub(super) lineage: Lineage,
    /// The process that has lost its parent.
    pub(super) root: Stat,
}

impl Session {
    /// Whether this is its maker, who has the answer and has not come to the call yet. On a busy machine the parent can end in
    /// between, and nothing else will happen of which one would hear.
    fn is_yet_to_be_made_by(&self, stat: &Stat) -> bool {
        let maker = self.lineage.process.id;
        stat.id == maker && stat.session != maker.pid
    }
}

impl Sessions {
    /// Watches the session that this process is about to make.
    pub(super) fn watch(&mut self, lineage: Lineage, place: Place) -> io::Result<Begun> {
        let set = match self.set.take() {
            Some(set) => set,
            None => {
                // Two descriptors for each session that is open at a time.
                fds::allow_as_many_as_possible();
                Set::new()?
            }
        };
        let set = self.set.insert(set);
        let number = self.next;
        self.next += 1;
        let process = &lineage.process;
        let leader = PidFd::open_exactly(process.id)?;
        let parent = PidFd::open(process.parent);
        // Looked at after the parent is held: one that ends from now on is heard of.
        let still = procfs::stat(process.id.pid).is_some_and(|now| now.parent == process.parent);
        let (Ok(parent), true) = (parent, still) else {
            return Ok(Begun::ByAnOrphan(lineage));
        };
        set.add(&parent, 2 * number)?;
        if let Some(leader) = &leader {
            set.add(leader, 2 * number + 1)?;
        }
        let session = Session {
            lineage,
            _parent: parent,
            leader,
            place,
            until: None,
        };
        self.watched.insert(number, session);
        Ok(Begun::Watched)
    }

    /// Whether this session was made by something below a test. What was a background job of a script may show that no more:
    /// some programs set all their signals when they begin.
    pub(super) fn was_made_below(&self, session: i32) -> bool {
        let mut watched = self.watched.values();
        watched.any(|it| it.lineage.process.id.pid == session && it.place == Place::Below)
    }

    /// Becomes readable when there is something to look at.
    pub(super) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.set.as_ref().map(AsFd::as_fd)
    }

    /// When there is something to look at though nothing happens.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.watched
            .values()
            .filter_map(|session| session.until)
            .min()
    }

    /// Takes out the sessions that were left behind, and forgets those that are over.
    pub(super) fn left_behind(&mut self, keeper: i32) -> Vec<LeftBehind> {
        let now = Instant::now();
        let due = |session: &Session| session.until.is_some_and(|until| now >= until);
        let mut concerned: Vec<u64> = self
            .set
            .as_ref()
            .map(Set::ready)
            .unwrap_or_default()
            .iter()
            .map(|number| number / 2)
            .chain(self.watched.iter().filter(|it| due(it.1)).map(|it| *it.0))
            .collect();
        concerned.sort_unstable();
        concerned.dedup();
        if concerned.is_empty() {
            return Vec::new();
        }
        let alive = tree::below(keeper);
        let mut found = Vec::new();
        for number in concerned {
            let Some(session) = self.watched.get_mut(&number) else {
                continue;
            };
            let name = session.lineage.process.id.pid;
            let members = alive.iter().filter(|stat| stat.session == name);
            let mut roots = members.clone().filter(|stat| stat.parent == keeper);
            match roots.next() {
                Some(root) if root.forked || due(session) => {
                    let root = root.clone();
                    let session = self.watched.remove(&number).expect("it was just found");
                    let lineage = session.lineage;
                    found.push(LeftBehind { lineage, root });
                }
                Some(_) => session.until = session.until.or(Some(now + MOMENT)),
                None if alive.iter().any(|stat| session.is_yet_to_be_made_by(stat)) => {
                    session.until = Some(now + MOMENT);
                }
                None => {
                    session.until = None;
                    let over = session.leader.as_ref().is_none_or(PidFd::has_ended);
                    if over && members.count() == 0 {
                        self.watched.remove(&number);
                    }
                }
            }
        }
        found
    }

    /// Ends everything that is in these sessions.
    pub(super) fn end(sessions: &BTreeSet<i32>, keeper: i32) {
        tree::kill_round(|| {
            let mut alive = tree::below(keeper);
            alive.retain(|stat| sessions.contains(&stat.session));
            alive
        });
    }
}
