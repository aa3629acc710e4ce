//! The keeper: parent and reaper of everything that the suite starts.
//!
//! It is forked from the front before the front has any thread, and is single-threaded itself. At level `namespace` it is
//! process 1 of the suite's pid namespace: it dies with the front, and the kernel ends the namespace with it. At the other
//! levels it is a subreaper in a process group of its own, and it **outlives** a killed front, in order to end the suite.
//! It promises: every orphan of the suite becomes its child and is reaped; the leader's group is signalled only while
//! the leader is not reaped; when the front is gone, nothing of the suite stays.
//! It does not decide anything: when and how a run ends is the front's business while the front lives.

mod ear;
mod launch;
mod message;

pub use message::{News, Order, Received};

use crate::contain::{Leaf, tree};
use crate::outcome::Step;
use crate::registry::{Event, Held, Record};
use crate::sys::child::Command;
use crate::sys::identity::PidFd;
use crate::sys::namespace::{self, Ids};
use crate::sys::poll::{self, Interest};
use crate::sys::procfs::{self, Stat};
use crate::sys::signal::{self, Inherited, Set, SignalFd};
use crate::sys::socket::Line;
use crate::sys::stream::Stream;
use crate::sys::terminal::Terminal;
use crate::sys::wait::{self, Change, Children};
use crate::sys::{clone, fds, prctl, title};
use crate::values::Level;
use launch::errno;
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long an orphaned keeper waits for deaths between two rounds of killing.
const BETWEEN_ROUNDS: Duration = Duration::from_millis(20);
/// How long an orphaned keeper goes on trying before it leaves the rest to the sweep of the next run.
const ORPHANED_LIMIT: Duration = Duration::from_secs(60);

/// What the front hands to the keeper, by forking it.
pub struct Orders<'a> {
    /// How the run is held.
    pub level: Level,
    /// The ids to map, when the keeper is born into a user namespace.
    pub ids: Option<Ids>,
    /// The keeper's end of the line to the front.
    pub line: Line,
    /// The front, opened by itself before the keeper was born.
    pub front: &'a PidFd,
    /// What to execute.
    pub command: &'a Command,
    /// The signal mask and dispositions that guardrun was started with.
    pub inherited: &'a Inherited,
    /// The terminal, if there is one.
    pub terminal: Option<&'a Terminal>,
    /// Whether the suite starts in the terminal's foreground.
    pub foreground: bool,
    /// The suite's cgroup, at level `cgroup`.
    pub leaf: Option<&'a Leaf>,
    /// What the suite gets in place of which of guardrun's own streams; empty where they are not touched.
    pub outputs: Vec<(Stream, BorrowedFd<'a>)>,
    /// The read end of the lifeline, if the suite asked for one.
    pub lifeline: Option<&'a OwnedFd>,
    /// Whether LISTEN_PID names the front and is to name the leader (sd_listen_fds(3)).
    pub listens: bool,
    /// The run's record, put away by an orphaned keeper that has left nothing.
    pub record: Option<&'a Record>,
    /// The run's locks, which the kernel frees when front and keeper have both let go.
    pub locks: &'a [Held],
    /// The most files that each process of the suite may have open.
    pub open_files: Option<u64>,
    /// How many processors the suite is kept to, where no controller does that.
    pub processors: Option<f64>,
    /// Whether the front is the last that the kernel takes when memory runs out, which the suite must not inherit.
    pub protected: bool,
    /// The leader's end of the suite's fence, if it has one.
    pub fence: Option<crate::fence::Entry>,
    /// The leader's end of an audit, if it has one.
    pub audit: Option<crate::audit::Entry>,
    /// The run's private directories, removed by an orphaned keeper that has left nobody.
    pub private: Option<&'a crate::registry::Private>,
}

/// The keeper's whole life; the answer is its exit code, which nobody relies on.
pub fn keep(orders: Orders<'_>) -> i32 {
    let started = settle_in(&orders).and_then(|()| {
        // Nobody waits for an ear where there is no terminal.
        let wait = orders.terminal.map(|_| fds::pipe()).transpose();
        let wait = wait.map_err(|error| (Step::Fork, error))?;
        Ok((launch::leader(&orders, wait.as_ref())?, wait))
    });
    let (leader, wait) = match started {
        Ok(started) => started,
        Err((step, error)) => {
            News::SetupFailed(step, errno(&error)).send(&orders.line);
            return 1;
        }
    };
    // In a pid namespace the keeper's end is the end of all; elsewhere the leader may take longer to die.
    if orders.level != Level::Namespace
        && let Some(stat) = if_locked(orders.locks, || procfs::stat(leader.pid))
    {
        orders.locks.iter().for_each(|lock| lock.note(stat.id));
    }
    let ear = wait.and_then(|(_, ready)| ear::open(leader.pid, &orders.line, ready).ok());
    let _ = let_go_of_the_users_things();
    let mut keeper = Keeper {
        orders,
        leader: Some(leader.pid),
        ear: ear.map(|ear| ear.pid),
    };
    match keeper.serve() {
        Ok(()) => 0,
        // Without a front, or unable to serve it, the keeper has one duty left.
        Err(_) => keeper.end_everything(),
    }
}

/// Looks only where there is a lock in which it is to be noted.
fn if_locked(locks: &[Held], look: impl FnOnce() -> Option<Stat>) -> Option<Stat> {
    if locks.is_empty() { None } else { look() }
}

/// Makes the keeper what its level asks for.
fn settle_in(orders: &Orders<'_>) -> Result<(), (Step, io::Error)> {
    // Before there is a /proc of its own, in which it has another number.
    if let Some(own) = if_locked(orders.locks, procfs::own) {
        orders.locks.iter().for_each(|lock| lock.note(own.id));
    }
    match orders.level {
        Level::Namespace => {
            bind_to(orders.front)?;
            if let Some(ids) = orders.ids {
                ids.map().map_err(|error| (Step::IdMap, error))?;
            }
            namespace::mount_own_proc().map_err(|error| (Step::Proc, error))?;
            bind_to(orders.front)?;
        }
        Level::Cgroup | Level::Subreaper => {
            prctl::become_subreaper().map_err(|error| (Step::Subreaper, error))?;
        }
    }
    // Out of the front's group, so that a signal to that group, even KILL, leaves somebody to clean up; in the same
    // session, because the suite is to keep the terminal.
    clone::lead_own_group().map_err(|error| (Step::Group, error))?;
    prctl::set_name(c"guardrun-keeper");
    title::set("guardrun: keeper");
    Ok(())
}

/// Ties the life of process 1 of the namespace to the front's, also when the front died before this was asked for.
fn bind_to(front: &PidFd) -> Result<(), (Step, io::Error)> {
    prctl::set_parent_death_signal(signal::KILL).map_err(|error| (Step::DeathSignal, error))?;
    if front.has_ended() {
        return Err((Step::DeathSignal, io::ErrorKind::NotFound.into()));
    }
    Ok(())
}

/// The keeper keeps no pipe of the user's open and no directory busy.
fn let_go_of_the_users_things() -> io::Result<()> {
    std::env::set_current_dir("/")?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    fds::replace_streams(&null)
}

struct Keeper<'a> {
    orders: Orders<'a>,
    /// None once it is reaped: its group must not be signalled any more.
    leader: Option<i32>,
    ear: Option<i32>,
}

impl Keeper<'_> {
    /// Reaps and obeys until nothing is left. An error means that there is no front to serve, or no way to.
    fn serve(&mut self) -> io::Result<()> {
        let deaths = SignalFd::new(&Set::of(&[signal::CHLD]))?;
        loop {
            if self.reap()? == Left::Nothing {
                News::Quiet.send(&self.orders.line);
                return Ok(());
            }
            let wanted = [
                Some((deaths.as_fd(), Interest::Readable)),
                Some((self.orders.line.as_fd(), Interest::Readable)),
                Some((self.orders.front.as_fd(), Interest::Readable)),
            ];
            let [_, order, front_gone] = poll::wait(wanted, None)?;
            while deaths.next().is_some() {}
            if front_gone {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            if order {
                self.obey_all()?;
            }
        }
    }

    /// Does what the front has asked for.
    fn obey_all(&self) -> io::Result<()> {
        loop {
            match Order::receive(&self.orders.line)? {
                Received::Message(order) => self.obey(order),
                Received::Nothing => return Ok(()),
                // The front has let go of the line, which it never does while it lives.
                Received::Gone => return Err(io::ErrorKind::BrokenPipe.into()),
            }
        }
    }

    /// Takes in everything that children have done. SIGCHLD coalesces, so it asks until there is no more.
    fn reap(&mut self) -> io::Result<Left> {
        loop {
            match wait::any_child()? {
                Children::None => return Ok(Left::Nothing),
                Children::Unchanged => return Ok(Left::Something),
                Children::Changed(child) if Some(child.pid) == self.leader => {
                    let line = &self.orders.line;
                    match child.change {
                        Change::Stopped(signal) => News::Stopped(signal).send(line),
                        Change::Continued => News::Continued.send(line),
                        Change::Ended(status) => {
                            self.leader = None;
                            self.dismiss_ear();
                            News::Ended(status).send(&self.orders.line);
                        }
                    }
                }
                Children::Changed(child) => {
                    if Some(child.pid) == self.ear && matches!(child.change, Change::Ended(_)) {
                        self.ear = None;
                    }
                }
            }
        }
    }

    /// The ear is a child like any other, so nothing would ever be quiet while it listens.
    fn dismiss_ear(&mut self) {
        if let Some(fd) = self.ear.and_then(|ear| PidFd::open(ear).ok()) {
            // The number is pinned: it is a child of ours that has not been reaped.
            let _ = fd.signal(signal::KILL);
        }
    }

    fn obey(&self, order: Order) {
        // Once the leader is reaped its number may belong to somebody else; the front then signals by pidfd.
        let Some(leader) = self.leader else { return };
        match order {
            Order::Signal(signal) => drop(signal::send_to_group(leader, signal)),
            Order::Foreground => {
                if let Some(terminal) = self.orders.terminal {
                    let _ = terminal.give_to(leader);
                }
            }
        }
    }

    /// Kills, reaps, and repeats until there is nothing left; the answer is the keeper's exit code.
    fn end_everything(&mut self) -> i32 {
        let own = std::process::id() as i32;
        let limit = Instant::now() + ORPHANED_LIMIT;
        // Without it, for want of descriptors, the rounds follow each other by the clock alone.
        let deaths = SignalFd::new(&Set::of(&[signal::CHLD])).ok();
        loop {
            if let Some(leaf) = self.orders.leaf {
                leaf.kill();
            }
            tree::kill_round(|| tree::below(own));
            let childless = self.reap().is_ok_and(|left| left == Left::Nothing);
            if childless && self.orders.leaf.is_none_or(Leaf::is_empty) {
                break;
            }
            if Instant::now() > limit {
                // The record stays, and the sweep of the next run goes on from here.
                return 1;
            }
            let waited_for = deaths
                .as_ref()
                .map(|deaths| (deaths.as_fd(), Interest::Readable));
            let _ = poll::wait([waited_for], Some(Instant::now() + BETWEEN_ROUNDS));
            while deaths
                .as_ref()
                .is_some_and(|deaths| deaths.next().is_some())
            {}
        }
        if let Some(leaf) = self.orders.leaf {
            let _ = leaf.remove();
        }
        let private = self.orders.private;
        if let Some(cleared) = private.and_then(|private| private.remove(|| true))
            && !cleared.finished
        {
            return 1;
        }
        if let Some(record) = self.orders.record {
            record.note(&Event::FrontDied);
            record.finish();
        }
        0
    }
}

/// Whether the keeper has any child left.
#[derive(PartialEq, Eq)]
enum Left {
    Something,
    Nothing,
}
