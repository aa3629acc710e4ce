//! The eyes of an audit: the front traces the suite's first process from before it executes anything, and by that all that
//! comes of it. Lives in the front's loop, never waits, and does a bounded amount of work at a time.
//!
//! The keeper stays everybody's parent and reaper. A dead tracee is told to its parent only when the tracer has taken
//! in its end, so the front must look as long as anything of the suite is alive, also while the rest of it waits for an end.
//!
//! Each look first takes in what everybody has to tell, and only then lets them go on: nobody can tell a second thing while
//! another still waits with his first, so nobody is kept waiting for ever by others who always have something new.

use super::enter::{self, Entry};
use crate::sys::procfs;
use crate::sys::ptrace::{self, Next, Stop};
use crate::sys::signal;
use crate::sys::socket::Line;
use crate::values::Status;
use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

/// How much is taken in before the front looks at everything else again.
const AT_A_TIME: usize = 1024;
/// How many bytes of arguments are read of a program.
const ARGUMENTS: usize = 8192;
/// How long after a child was seen its parent may still have to tell of it.
const LATE: Duration = Duration::from_secs(1);

/// A fact about a process.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Sight {
    /// It was born, of this one. None for the first, and where the parent was gone before it could be seen.
    Born {
        /// Who.
        pid: i32,
        /// Of whom.
        parent: Option<i32>,
    },
    /// It executed this.
    Executed {
        /// Who.
        pid: i32,
        /// What.
        program: Program,
    },
    /// It ended.
    Ended {
        /// Who.
        pid: i32,
        /// How.
        status: Status,
        /// The largest resident memory of its last program, in bytes.
        peak: Option<u64>,
        /// Its processor time.
        cpu: Option<Duration>,
    },
}

/// What somebody executed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Program {
    pub(super) argv: Vec<String>,
    pub(super) cut: bool,
    pub(super) exe: Option<String>,
    /// The path with which it was executed.
    pub(super) path: Option<String>,
    pub(super) cwd: Option<String>,
    /// Whether it ignores SIGQUIT, as a background job of a shell does.
    pub(super) ignores_quit: bool,
}

/// What is remembered of a process that is alive.
#[derive(Debug, Default)]
struct Traced {
    /// Whether its first thread has ended while others go on: nothing can be read under its own number then.
    first_is_gone: bool,
    /// Whether it has, or had, other threads.
    has_threads: bool,
    peak: Option<u64>,
    cpu: Option<Duration>,
}

/// The front's side of it.
#[derive(Debug)]
pub(super) struct Eyes {
    /// Until the leader has been seized, or never will be.
    door: Option<Line>,
    /// The front's own child, which is no tracee.
    keeper: i32,
    own: i32,
    /// Clock ticks in a second.
    ticks: u64,
    processes: HashMap<i32, Traced>,
    /// The threads that are not the first of their process, with the process.
    threads: HashMap<i32, i32>,
    /// Children that were seen before their parents told of them.
    early: HashMap<i32, Instant>,
    /// Whether there may be more than the last look has taken in.
    more: bool,
    /// The most threads that there were at one time.
    pub(super) most_threads: u64,
}

impl Eyes {
    /// Both sides, to be made before the keeper is forked.
    pub(super) fn prepare() -> io::Result<(Eyes, Entry)> {
        let (door, entry) = enter::make()?;
        let eyes = Eyes {
            door: Some(door),
            keeper: 0,
            own: std::process::id() as i32,
            ticks: procfs::ticks_per_second(),
            processes: HashMap::new(),
            threads: HashMap::new(),
            early: HashMap::new(),
            more: false,
            most_threads: 0,
        };
        Ok((eyes, entry))
    }

    /// The end of the line to the leader that the keeper must not keep open.
    pub(super) fn door(&self) -> Option<&Line> {
        self.door.as_ref()
    }

    /// Says who the keeper is, once it has been forked.
    pub(super) fn below(&mut self, keeper: i32) {
        self.keeper = keeper;
    }

    /// What to wait for besides SIGCHLD.
    pub(super) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.door.as_ref().map(AsFd::as_fd)
    }

    /// Whether to look again at once.
    pub(super) fn more(&self) -> bool {
        self.more
    }

    /// Everybody who is alive.
    pub(super) fn alive(&self) -> impl Iterator<Item = i32> {
        self.processes.keys().copied()
    }

    /// Does what there is to do.
    pub(super) fn look(&mut self) -> Vec<Sight> {
        let mut sights = Vec::new();
        self.seize_the_leader(&mut sights);
        let (mut stops, mut ends) = (Vec::new(), Vec::new());
        self.take_in(&mut stops, &mut ends, &mut sights);
        // Births first, so that whoever was born is known when something of its own is looked at.
        for (thread, stop) in &stops {
            self.born(*thread, *stop, &mut sights);
        }
        for (thread, stop) in stops {
            let go = self.stopped(thread, stop, &mut sights);
            match go {
                Go::On(signal) => ptrace::go_on(thread, signal),
                Go::Stay => ptrace::stay(thread),
            }
        }
        for (thread, status) in ends {
            self.ended(thread, status, &mut sights);
        }
        let now = Instant::now();
        self.early.retain(|_, seen| now - *seen < LATE);
        let alive = (self.processes.len() + self.threads.len()) as u64;
        self.most_threads = self.most_threads.max(alive);
        sights
    }

    /// Traces the leader, which waits for that, and tells it.
    fn seize_the_leader(&mut self, sights: &mut Vec<Sight>) {
        let Some(door) = &self.door else { return };
        match door.try_receive_parcel() {
            Ok(Some(parcel)) => {
                let leader = parcel.sender;
                let errno = match ptrace::seize(leader) {
                    Ok(()) => {
                        self.processes.insert(leader, Traced::default());
                        sights.push(Sight::Born {
                            pid: leader,
                            parent: None,
                        });
                        0
                    }
                    Err(error) => error.raw_os_error().unwrap_or(nix::Error::EIO as i32),
                };
                let _ = door.send(&errno.to_ne_bytes());
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            // The leader never got that far, which it says elsewhere.
            Ok(None) | Err(_) => {}
        }
        self.door = None;
    }

    /// Takes in what there is, up to a bound.
    fn take_in(
        &mut self,
        stops: &mut Vec<(i32, Stop)>,
        ends: &mut Vec<(i32, Status)>,
        sights: &mut Vec<Sight>,
    ) {
        self.more = false;
        while stops.len() + ends.len() < AT_A_TIME {
            match ptrace::next() {
                None => return,
                Some(Next::Stop(thread, stop)) => stops.push((thread, stop)),
                Some(Next::End(child, status)) if self.is_traced(child) => {
                    if !self.is_known(child) {
                        // Killed before it did anything, and before its parent told of it.
                        self.unannounced(child, sights);
                    }
                    self.bury(child);
                    ends.push((child, status));
                }
                // Somebody else's dead child stands before the tracees, and stays there until it is waited for.
                Some(Next::End(..)) => return self.take_in_each(stops, ends),
            }
        }
        self.more = true;
    }

    /// The same by looking for stops alone, and for the ends of everybody who is known.
    fn take_in_each(&mut self, stops: &mut Vec<(i32, Stop)>, ends: &mut Vec<(i32, Status)>) {
        while stops.len() < AT_A_TIME
            && let Some(stop) = ptrace::next_stop()
        {
            stops.push(stop);
        }
        self.more = stops.len() == AT_A_TIME;
        let processes = self.processes.keys();
        let everybody: Vec<i32> = processes.chain(self.threads.keys()).copied().collect();
        for thread in everybody {
            if let Some(status) = ptrace::end_of(thread) {
                self.bury(thread);
                ends.push((thread, status));
            }
        }
    }

    fn is_known(&self, thread: i32) -> bool {
        self.processes.contains_key(&thread) || self.threads.contains_key(&thread)
    }

    fn is_traced(&self, child: i32) -> bool {
        if child == self.keeper {
            return false;
        }
        self.is_known(child)
            || procfs::status(child).is_some_and(|status| status.tracer == self.own)
    }

    /// Takes in an end. What can still be read of the dead is read first.
    fn bury(&mut self, child: i32) {
        if let Some(traced) = self.processes.get_mut(&child)
            && (traced.cpu.is_none() || traced.has_threads)
        {
            traced.cpu = cpu(child, traced, self.ticks);
        }
        ptrace::bury(child);
    }

    /// Takes note of who was born, if this is the stop of somebody who has made somebody.
    fn born(&mut self, parent: i32, stop: Stop, sights: &mut Vec<Sight>) {
        if !is_birth(stop) {
            return;
        }
        let Some(child) = ptrace::message(parent) else {
            return;
        };
        // Seen before, and perhaps ended since.
        if self.early.remove(&child).is_some() || self.processes.contains_key(&child) {
            return;
        }
        let parent = self.threads.get(&parent).copied().unwrap_or(parent);
        if stop == Stop::Cloned && procfs::is_thread_of(parent, child) {
            self.is_thread(parent, child);
            return;
        }
        if self.threads.contains_key(&child) {
            return;
        }
        self.processes.insert(child, Traced::default());
        sights.push(Sight::Born {
            pid: child,
            parent: Some(parent),
        });
    }

    fn is_thread(&mut self, process: i32, thread: i32) {
        self.threads.insert(thread, process);
        if let Some(traced) = self.processes.get_mut(&process) {
            traced.has_threads = true;
        }
    }

    /// Takes note of somebody who shows up before its parent has told of it.
    fn unannounced(&mut self, thread: i32, sights: &mut Vec<Sight>) {
        let Some(status) = procfs::status(thread) else {
            return;
        };
        if status.process != thread {
            self.is_thread(status.process, thread);
            return;
        }
        self.early.insert(thread, Instant::now());
        self.processes.insert(thread, Traced::default());
        let parent = Some(status.parent).filter(|parent| self.processes.contains_key(parent));
        sights.push(Sight::Born {
            pid: thread,
            parent,
        });
    }

    /// Takes note of a stop, and says how it goes on.
    fn stopped(&mut self, thread: i32, stop: Stop, sights: &mut Vec<Sight>) -> Go {
        if !self.is_known(thread) {
            self.unannounced(thread, sights);
        }
        match stop {
            Stop::Executed => {
                self.executed(thread, sights);
                Go::On(0)
            }
            Stop::Exiting => {
                self.exiting(thread);
                Go::On(0)
            }
            Stop::Signal(signal) => Go::On(signal),
            Stop::Group(_) => Go::Stay,
            Stop::Forked | Stop::VForked | Stop::Cloned | Stop::Trap => Go::On(0),
        }
    }

    fn executed(&mut self, process: i32, sights: &mut Vec<Sight>) {
        // A thread that executes takes over the number of the process; its own is gone, and so is the first thread.
        if let Some(before) = ptrace::message(process)
            && before != process
        {
            self.threads.remove(&before);
        }
        self.processes.insert(process, Traced::default());
        let (argv, cut) = procfs::first_arguments(process, ARGUMENTS);
        let text = |path: std::path::PathBuf| path.to_string_lossy().into_owned();
        let exe = procfs::executable(process).map(text);
        let quit = 1u64 << (signal::QUIT - 1);
        sights.push(Sight::Executed {
            pid: process,
            program: Program {
                argv,
                cut,
                exe: exe.map(|exe| exe.trim_end_matches(" (deleted)").to_owned()),
                path: procfs::executed_as(process),
                cwd: procfs::working_directory(process).map(text),
                ignores_quit: procfs::status(process)
                    .is_some_and(|status| status.ignored & quit != 0),
            },
        });
    }

    /// Reads what is gone a moment later. Of several threads the first speaks for all, and when that one is gone each.
    fn exiting(&mut self, thread: i32) {
        let process = self.threads.get(&thread).copied().unwrap_or(thread);
        let Some(traced) = self.processes.get_mut(&process) else {
            return;
        };
        if thread != process && !traced.first_is_gone {
            return;
        }
        let peak = procfs::status(thread).and_then(|status| status.peak);
        traced.peak = traced.peak.max(peak);
        traced.cpu = cpu(process, traced, self.ticks);
        traced.first_is_gone = true;
    }

    fn ended(&mut self, thread: i32, status: Status, sights: &mut Vec<Sight>) {
        if self.threads.remove(&thread).is_some() {
            return;
        }
        let Some(traced) = self.processes.remove(&thread) else {
            return;
        };
        sights.push(Sight::Ended {
            pid: thread,
            status,
            peak: traced.peak,
            cpu: traced.cpu,
        });
    }
}

/// How a tracee goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Go {
    /// It runs, with this signal or 0.
    On(i32),
    /// It stays in the stop of its group.
    Stay,
}

/// The processor time of a process.
fn cpu(process: i32, traced: &Traced, ticks_per_second: u64) -> Option<Duration> {
    let exact = || procfs::run_time(process);
    let whole = || {
        let ticks = procfs::stat(process)?.ticks;
        Some(Duration::from_secs_f64(
            ticks as f64 / ticks_per_second as f64,
        ))
    };
    match traced.has_threads {
        true => whole(),
        false => exact().or_else(whole),
    }
}

fn is_birth(stop: Stop) -> bool {
    matches!(stop, Stop::Forked | Stop::VForked | Stop::Cloned)
}
