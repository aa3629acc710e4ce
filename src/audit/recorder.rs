//! The recorder of one run, in the front's loop: makes events of what the eyes and the fence see, hands them to a sink at once,
//! and takes them into the story.

use super::enter::Entry;
use super::event::{self, Event, Id, Run};
use super::eyes::{Eyes, Program, Sight};
use super::story::Story;
use crate::fence::Seen;
use crate::sys::socket::Line;
use crate::sys::{procfs, signal};
use crate::values::{self, Status};
use std::collections::HashMap;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

/// How much time is between two samples at the least.
const BETWEEN_SAMPLES: Duration = Duration::from_secs(1);
/// Sampling may take this part of all the time.
const SHARE: u32 = 20;

/// Where events go. It never waits.
pub trait Sink {
    /// Takes a line, without its end.
    fn take(&mut self, line: &str);
    /// What to wait for until more can be written; None when nothing is waiting.
    fn backlog(&self) -> Option<BorrowedFd<'_>>;
    /// Whether so much is waiting that the suite is to wait as well.
    fn is_full(&self) -> bool;
    /// Writes what can be written now.
    fn flush(&mut self);
}

/// What is known of a run before it begins: the event `run`.
pub type About = Run;

/// How far the end of the run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ending {
    /// It goes on, or ends by itself.
    Not,
    /// guardrun has asked it to end.
    Asked,
    /// guardrun is killing it.
    Killing,
}

/// A process that is alive.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: Id,
    executed: bool,
    /// Whether its program ignores SIGQUIT, and whether the program above it does.
    quits: [bool; 2],
}

/// The audit of one run.
#[derive(Debug)]
pub struct Audit {
    eyes: Eyes,
    story: Story,
    /// Until the event `run` is out, with those that came before it.
    about: Option<(Box<About>, Vec<Event>)>,
    known: HashMap<i32, Known>,
    last_id: Id,
    start: Instant,
    next_sample: Instant,
    ending: Ending,
    page: u64,
}

impl Audit {
    /// The front's side and the leader's, to be made before the keeper is forked.
    pub fn prepare(about: About) -> io::Result<(Audit, Entry)> {
        let (eyes, entry) = Eyes::prepare()?;
        let now = Instant::now();
        let audit = Audit {
            eyes,
            story: Story::default(),
            about: Some((Box::new(about), Vec::new())),
            known: HashMap::new(),
            last_id: 0,
            start: now,
            next_sample: now + BETWEEN_SAMPLES,
            ending: Ending::Not,
            page: procfs::page_size(),
        };
        Ok((audit, entry))
    }

    /// The end of the line to the leader that the keeper must not keep open.
    pub fn door(&self) -> Option<&Line> {
        self.eyes.door()
    }

    /// Says who the keeper is, once it has been forked.
    pub fn below(&mut self, keeper: i32) {
        self.eyes.below(keeper);
    }

    /// What to wait for besides SIGCHLD.
    pub fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.eyes.descriptor()
    }

    /// When to look though nothing happens.
    pub fn deadline(&self) -> Instant {
        match self.eyes.more() {
            true => self.start,
            false => self.next_sample,
        }
    }

    /// Notes something that is not seen. To be called before anything has been executed.
    pub fn gap(&mut self, what: String) {
        match &mut self.about {
            Some((about, _)) => {
                about.eyes.retain(|eye| eye != "seccomp");
                about.gaps.push(what);
            }
            None => self.story.gaps.push(what),
        }
    }

    /// guardrun asks the suite to end.
    pub fn asked(&mut self) {
        self.ending = self.ending.max(Ending::Asked);
    }

    /// guardrun kills the suite.
    pub fn killing(&mut self) {
        self.ending = Ending::Killing;
    }

    /// The suite has ended, and what is alive now is left over.
    pub fn outlived(&mut self) {
        let mut left: Vec<Id> = self.known.values().map(|known| known.id).collect();
        left.sort_unstable();
        for id in left {
            self.story.outlives(id);
        }
    }

    /// The programs that a process comes from, from the top, as they are called.
    pub fn started_by(&self, pid: i32) -> Vec<String> {
        let known = self.known.get(&pid);
        known.map_or_else(Vec::new, |known| self.story.started_by(known.id))
    }

    /// Takes in what the eyes see. True when there may be more at once.
    pub fn look(&mut self, sink: &mut dyn Sink) {
        for sight in self.eyes.look() {
            match sight {
                Sight::Born { pid, parent } => self.born(pid, parent, sink),
                Sight::Executed { pid, program } => self.executed(pid, program, sink),
                Sight::Ended {
                    pid,
                    status,
                    peak,
                    cpu,
                } => self.ended(pid, status, (peak, cpu), sink),
            }
        }
        self.sample(sink);
    }

    /// Takes in what the fence was asked about.
    pub fn fenced(&mut self, seen: &Seen, sink: &mut dyn Sink) {
        let Some(id) = self.known.get(&seen.process).map(|known| known.id) else {
            return;
        };
        let deed = |address, what: Option<&str>, object| event::Deed {
            t: self.now(),
            id,
            address,
            deed: what.map(str::to_owned),
            object,
            refused: seen.refused,
        };
        let object = Some(seen.object.clone()).filter(|object| !object.is_empty());
        // Of `refused` the name of the event says it already.
        let refused = |what, object| event::Deed {
            refused: false,
            ..deed(None, Some(what), object)
        };
        let event = match seen.deed {
            values::Deed::Listen => Event::Listen(deed(object.map(address), None, None)),
            values::Deed::Pty => Event::Terminal(deed(None, None, None)),
            values::Deed::Setsid if seen.refused => Event::Refused(refused("setsid", None)),
            values::Deed::Setsid => Event::Session(deed(None, None, None)),
            values::Deed::Start if seen.refused => Event::Refused(refused("exec", object)),
            values::Deed::Start => return,
        };
        self.tell(event, sink);
    }

    /// The story of the run, with all its events written but the last. None when nothing was seen.
    pub fn finish(mut self, sink: &mut dyn Sink) -> Story {
        self.open(sink);
        self.story.threads_at_once = Some(self.eyes.most_threads).filter(|most| *most > 0);
        self.story.now = self.story.now.max(self.now());
        self.story
    }

    /// Whether the event `run` is out.
    pub fn is_open(&self) -> bool {
        self.about.is_none()
    }

    fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    /// Lets the events out. Not before something was executed: until then it may turn out that there is no run at this level, or
    /// that something cannot be seen.
    fn open(&mut self, sink: &mut dyn Sink) {
        if let Some((about, held)) = self.about.take() {
            self.tell(Event::Run(about), sink);
            for event in held {
                self.tell(event, sink);
            }
        }
    }

    fn tell(&mut self, mut event: Event, sink: &mut dyn Sink) {
        if let Some((_, held)) = &mut self.about {
            held.push(event);
            return;
        }
        self.story.take(&mut event);
        sink.take(&event.line());
    }

    fn born(&mut self, pid: i32, parent: Option<i32>, sink: &mut dyn Sink) {
        self.last_id += 1;
        let above = parent.and_then(|parent| self.known.get(&parent)).copied();
        let known = Known {
            id: self.last_id,
            executed: false,
            quits: above.map_or([false; 2], |above| match above.executed {
                true => [above.quits[0]; 2],
                false => above.quits,
            }),
        };
        self.known.insert(pid, known);
        let start = event::Start {
            t: self.now(),
            id: self.last_id,
            pid,
            parent: above.map(|above| above.id),
        };
        self.tell(Event::Start(start), sink);
    }

    fn executed(&mut self, pid: i32, program: Program, sink: &mut dyn Sink) {
        let t = self.now();
        let Some(known) = self.known.get_mut(&pid) else {
            return;
        };
        known.executed = true;
        let base = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let first = program.argv.first().map(|word| base(word));
        let script = program.path.filter(|path| first != Some(base(path)));
        known.quits[0] = program.ignores_quit;
        let exec = event::Exec {
            t,
            id: known.id,
            argv: program.argv,
            argv_cut: program.cut,
            exe: program.exe,
            path: script,
            cwd: program.cwd,
            role: None,
            background: known.quits == [true, false] && known.id != 1,
        };
        self.open(sink);
        self.tell(Event::Exec(Box::new(exec)), sink);
    }

    fn ended(
        &mut self,
        pid: i32,
        status: Status,
        (peak, cpu): (Option<u64>, Option<Duration>),
        sink: &mut dyn Sink,
    ) {
        let Some(known) = self.known.remove(&pid) else {
            return;
        };
        let (code, number) = match status {
            Status::Exited(code) => (Some(code), None),
            Status::Signaled(number) => (None, Some(number)),
        };
        let by_guardrun = match number {
            Some(signal::KILL) => self.ending == Ending::Killing,
            Some(signal::TERM) => self.ending >= Ending::Asked,
            _ => false,
        };
        let t = self.now();
        let children = self.story.children_of(known.id);
        let exit = event::Exit {
            t,
            id: known.id,
            code,
            signal: number.map(signal::name),
            peak_memory_bytes: peak,
            cpu_seconds: cpu.map(|cpu| cpu.as_secs_f64()),
            by_guardrun,
        };
        self.tell(Event::Exit(exit), sink);
        for id in children {
            let by = known.id;
            self.tell(Event::Orphan(event::Orphan { t, id, by }), sink);
        }
    }

    /// Notes now and then what the whole suite uses.
    fn sample(&mut self, sink: &mut dyn Sink) {
        let before = Instant::now();
        if before < self.next_sample || self.about.is_some() {
            return;
        }
        let page = self.page;
        let resident = self
            .eyes
            .alive()
            .filter_map(|pid| procfs::resident(pid, page));
        let memory_bytes = resident.sum();
        let sample = event::Sample {
            t: self.now(),
            memory_bytes,
            processes: self.known.len() as u64,
        };
        self.next_sample = Instant::now() + BETWEEN_SAMPLES.max(before.elapsed() * SHARE);
        self.tell(Event::Sample(sample), sink);
    }
}

/// An address as the events have it, from what the fence calls it.
fn address(text: String) -> String {
    match (text.strip_prefix("tcp "), text.strip_prefix("unix ")) {
        (Some(inet), _) => inet.to_owned(),
        (_, Some(path)) => format!("unix:{path}"),
        _ => text,
    }
}
