//! Taking the locks that a run needs, before its record and before anything is started.
//!
//! One waits for the *end of the holder's processes*, which their pidfds tell, and looks again once a second besides: a
//! holder can let go a little before it ends, and one in another pid namespace cannot be held. A blocking flock(2) would need
//! a timer signal to be bounded, and could not also watch the process that started guardrun. Signals have their default
//! effect here, so that Ctrl-C ends the wait and guardrun with it: nothing is held yet and nothing runs.

use super::Listener;
use crate::host::{self, Parent};
use crate::plan::Plan;
use crate::policy::Lock;
use crate::registry::{self, Attempt, Held, Holder, Key, LockError, MARK, Moment, Scope};
use crate::sys::identity::PidFd;
use crate::sys::poll::{self, Interest};
use crate::sys::{procfs, signal};
use crate::values::{ProcessId, WhenBusy};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The longest that one waits before one looks again.
const LOOK: Duration = Duration::from_secs(1);
/// The same while a holder has not yet said who it is, or has just ended.
const SOON: Duration = Duration::from_millis(10);
/// The same while a holder's processes cannot be seen from here, so that nobody tells of their end.
const OUT_OF_SIGHT: Duration = Duration::from_millis(250);
/// How often one says that one is still waiting.
const SAY: Duration = Duration::from_secs(30);
/// What a run that is asked to end may take beyond its own grace, until it is given up on.
const BEYOND_GRACE: Duration = Duration::from_secs(15);
/// The variable that lists the runs above this one, the outermost first.
pub(super) const ABOVE: &str = "GUARDRUN_RUN_ABOVE";

/// The locks of this run, all taken.
#[derive(Debug, Default)]
pub struct Locks {
    held: Vec<Held>,
    names: Vec<String>,
    /// When the first of the runs that this one goes on from was started, and how long they may take together.
    expiry: Option<(Moment, Duration)>,
}

/// What came of it.
#[derive(Debug)]
pub enum Taken {
    /// The run may start.
    All(Locks),
    /// It may not.
    Busy(Busy),
    /// The process that started guardrun died meanwhile.
    ParentDied,
}

/// A lock that is not to be had.
#[derive(Debug)]
pub struct Busy {
    /// As people know it.
    pub lock: String,
    /// Who has it, as far as they have said.
    pub holder: Option<Box<Holder>>,
    /// Why one did not wait, or does not any more.
    pub why: Why,
}

/// Why a lock is not to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// It is held, and the policy says to start nothing then.
    Held,
    /// The holder is above this run: it would wait for itself.
    OwnAncestor,
    /// It was held for this long.
    Waited(Duration),
    /// The holder was asked to end, and was still there after this long.
    NotEnded(Duration),
    /// The holder cannot be reached from here, so it cannot be asked to end.
    OutOfReach,
    /// The run that was to be replaced has ended, and another one was faster.
    Overtaken,
    /// Runs have replaced each other for as long as they may.
    Expired(Duration),
    /// Nobody holds it, and so many processes of its last holder are still there.
    LeftOver(usize),
}

impl Locks {
    /// The names of the locks, as the policy has them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How long this run may still take, if runs that replace each other have a limit together.
    pub fn time_left(&self) -> Option<Duration> {
        let (first, limit) = self.expiry.as_ref()?;
        // Never nothing: a limit of zero would be over before the suite has said a word about it.
        Some(
            limit
                .saturating_sub(first.age())
                .max(Duration::from_millis(1)),
        )
    }

    /// Adds the calling process, a keeper, to what each of them says.
    pub(crate) fn held(&self) -> &[Held] {
        &self.held
    }

    /// Goes on holding all for another attempt, the run of this id. It has what is left of the time of the first one.
    pub fn go_on_as(&self, run: &str) -> Result<(), LockError> {
        let record = record_of(run);
        self.held
            .iter()
            .try_for_each(|held| held.go_on_as(run, record.as_deref()))
    }

    /// Lets go of all: the run has been seen to end, and nothing of it is left.
    pub fn release(self) {
        self.held.into_iter().for_each(Held::release);
    }
}

/// Takes every lock that the plan needs, or says why not. Those that were taken before one could not be are let go of.
pub fn take_locks(plan: &Plan, listener: &mut dyn Listener) -> Result<Taken, LockError> {
    let mut locks = Locks::default();
    if plan.hold.locks.is_empty() {
        return Ok(Taken::All(locks));
    }
    let outlives = plan.hold.outlive_parent || signal::is_ignored(signal::HUP);
    let parent = match host::parent() {
        _ if outlives => None,
        Parent::Held(parent) => Some(parent),
        Parent::OutOfReach => None,
        Parent::Gone => return Ok(Taken::ParentDied),
    };
    let keys = plan
        .hold
        .locks
        .iter()
        .map(|lock| Key::of(lock, plan.root.as_deref()).map(|key| (key, lock)));
    let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
    // Everybody takes them in the same order, so that no two runs wait for each other.
    keys.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (key, lock) in keys {
        let mut wanted = Wanted {
            plan,
            lock,
            key: &key,
            parent: parent.as_ref(),
            start: Instant::now(),
            asked: None,
            first: Moment::now(),
            said: None,
        };
        match wanted.take(listener)? {
            Got::Held(held) => {
                if let Some(limit) = lock.expires_after {
                    locks.expire(wanted.first, limit);
                }
                locks.names.push(lock.name.clone());
                locks.held.push(held);
            }
            Got::Not(busy) => {
                locks.release();
                return Ok(Taken::Busy(busy));
            }
            Got::ParentDied => {
                locks.release();
                return Ok(Taken::ParentDied);
            }
        }
    }
    Ok(Taken::All(locks))
}

impl Locks {
    fn expire(&mut self, first: Moment, limit: Duration) {
        let left = |(first, limit): &(Moment, Duration)| limit.saturating_sub(first.age());
        let new = (first, limit);
        if self
            .expiry
            .as_ref()
            .is_none_or(|old| left(&new) < left(old))
        {
            self.expiry = Some(new);
        }
    }
}

/// One lock, on the way to it.
struct Wanted<'a> {
    plan: &'a Plan,
    lock: &'a Lock,
    key: &'a Key,
    parent: Option<&'a PidFd>,
    start: Instant,
    /// The run that was asked to end, and how long it may take.
    asked: Option<(String, Duration)>,
    /// When the first of the runs was started that this one goes on from.
    first: Moment,
    /// When one has last said that one is waiting.
    said: Option<Instant>,
}

enum Got {
    Held(Held),
    Not(Busy),
    ParentDied,
}

impl Wanted<'_> {
    fn take(&mut self, listener: &mut dyn Listener) -> Result<Got, LockError> {
        loop {
            let holder = match self.key.attempt(|path| self.holder(path))? {
                Attempt::Held(held) => return Ok(Got::Held(held)),
                Attempt::LeftOver(holder, left) => {
                    return Ok(self.not(Some(holder), Why::LeftOver(left)));
                }
                Attempt::Busy(holder) => holder,
            };
            if let Some(why) = self.give_up(holder.as_deref()) {
                return Ok(self.not(holder, why));
            }
            self.say(holder.as_deref(), listener);
            if self.wait_for(holder.as_deref()) == Waited::ParentDied {
                return Ok(Got::ParentDied);
            }
        }
    }

    /// Why there is nothing to wait for, or not any longer. Where the holder is to be replaced, it is asked to end here.
    fn give_up(&mut self, holder: Option<&Holder>) -> Option<Why> {
        if holder.is_some_and(|holder| holder.is_above(&runs_above())) {
            return Some(Why::OwnAncestor);
        }
        let waited = self.start.elapsed();
        match (self.lock.when_busy, holder) {
            // A holder says who it is as soon as it has the lock; one that was stopped in between is waited for a moment.
            (WhenBusy::Refuse, None) if waited < LOOK => None,
            (WhenBusy::Refuse, _) => Some(Why::Held),
            (WhenBusy::Wait, _) => (waited > self.lock.wait).then_some(Why::Waited(waited)),
            (WhenBusy::Replace, None) => (waited > BEYOND_GRACE).then_some(Why::Waited(waited)),
            (WhenBusy::Replace, Some(holder)) => self.replace(holder, waited),
        }
    }

    /// Asks the holder to end, once. The run that is to be replaced is the one that had the lock when one first looked, and no
    /// newer one: that would have been started knowing of nobody.
    fn replace(&mut self, holder: &Holder, waited: Duration) -> Option<Why> {
        match &self.asked {
            Some((run, _)) if *run != holder.nonce => return Some(Why::Overtaken),
            Some((_, bound)) => return (waited > *bound).then_some(Why::NotEnded(waited)),
            None => {}
        }
        if !holder.can_be_seen() {
            return Some(Why::OutOfReach);
        }
        if let Some(limit) = self.lock.expires_after
            && holder.first.age() > limit
        {
            return Some(Why::Expired(limit));
        }
        // The number was pinned and the start time compared. A stopped front hears nothing before it goes on. Where there is none
        // the keeper is ending the suite.
        if let Some(front) = holder.live_front() {
            let _ = front.signal(signal::TERM);
            let _ = front.signal(signal::CONT);
        }
        self.first = holder.first.clone();
        let grace = Duration::try_from_secs_f64(holder.grace_seconds).unwrap_or_default();
        self.asked = Some((
            holder.nonce.clone(),
            waited + grace.saturating_add(BEYOND_GRACE),
        ));
        None
    }

    fn say(&mut self, holder: Option<&Holder>, listener: &mut dyn Listener) {
        let due = self.said.is_none_or(|at| at.elapsed() >= SAY);
        if let Some(holder) = holder.filter(|_| due) {
            self.said = Some(Instant::now());
            listener.waiting(self.key.shown(), holder, self.start.elapsed());
        }
    }

    /// Waits for the end of one of the holder's processes, for a bounded time.
    fn wait_for(&self, holder: Option<&Holder>) -> Waited {
        let alive = holder.map(Holder::processes).unwrap_or_default();
        let time = match holder {
            Some(holder) if !holder.can_be_seen() => OUT_OF_SIGHT,
            Some(_) if !alive.is_empty() => LOOK,
            _ => SOON,
        };
        let readable = |fd: &'_ PidFd| -> Option<()> {
            poll::readable_within(fd.as_fd(), Duration::ZERO).then_some(())
        };
        let wanted = [
            self.parent
                .map(|parent| (parent.as_fd(), Interest::Readable)),
            alive.last().map(|fd| (fd.as_fd(), Interest::Readable)),
        ];
        let _ = poll::wait(wanted, Some(Instant::now() + time));
        match self.parent.and_then(readable) {
            Some(()) => Waited::ParentDied,
            None => Waited::Somewhat,
        }
    }

    fn not(&self, holder: Option<Box<Holder>>, why: Why) -> Got {
        Got::Not(Busy {
            lock: self.key.shown().to_owned(),
            holder,
            why,
        })
    }

    /// What this run says about itself in the lock's file.
    fn holder(&self, path: &Path) -> Holder {
        let own = procfs::own();
        let command = self.plan.command.iter().map(|word| word.to_string_lossy());
        Holder {
            run: self.plan.run.clone(),
            nonce: format!("{:016x}", crate::sys::random().unwrap_or_default()),
            scope: Scope::here(),
            front: own.map_or(ProcessId { pid: 0, start: 0 }, |stat| stat.id),
            user: nix::unistd::geteuid().as_raw(),
            host: procfs::text("/proc/sys/kernel/hostname")
                .map(|name| name.trim().to_owned())
                .unwrap_or_default(),
            suite: self.plan.suite.clone(),
            command: shorten(&command.collect::<Vec<_>>().join(" ")),
            record: record_of(&self.plan.run),
            path: path.to_owned(),
            grace_seconds: self.plan.hold.grace.as_secs_f64(),
            since: Moment::now(),
            first: match &self.asked {
                Some(_) => self.first.clone(),
                None => Moment::now(),
            },
            others: Vec::new(),
        }
    }
}

#[derive(PartialEq, Eq)]
enum Waited {
    Somewhat,
    ParentDied,
}

/// Where the record of this run is, or is going to be.
fn record_of(run: &str) -> Option<PathBuf> {
    let records = registry::directory(std::env::var_os("XDG_RUNTIME_DIR")).ok()?;
    Some(registry::Record::place(&records, run))
}

/// The runs that this process is in.
fn runs_above() -> Vec<String> {
    let all = std::env::var(ABOVE).unwrap_or_default();
    let own = std::env::var(MARK).unwrap_or_default();
    let runs = all.split(',').chain([own.as_str()]);
    runs.filter(|run| !run.is_empty())
        .map(str::to_owned)
        .collect()
}

/// What the suite is to find in `ABOVE`.
pub(super) fn runs_above_and(own: &str) -> String {
    let mut runs = runs_above();
    runs.push(own.to_owned());
    runs.dedup();
    runs.join(",")
}

/// A command line that fits into the lock's file besides everything else, so that the file has one block of the disk and what
/// the keeper adds needs no other.
fn shorten(command: &str) -> String {
    command.chars().take(500).collect()
}
