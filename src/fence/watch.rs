//! The front's side of a fence: hears of the listener, answers its questions, and watches sessions. Lives in the front's
//! loop, never waits, and does a bounded amount of work at a time.

use super::enter::{self, Entry};
use super::kind::{Kind, Name};
use super::ledger::{Case, Ledger};
use super::lineage::{Lineage, Place, Standing};
use super::rules::{Act, LEFT_BEHIND, NO_BACKGROUND, Rule, Ruling, rule};
use super::sessions::{Begun, LeftBehind, Sessions};
use super::{Attention, calls};
use crate::contain::tree;
use crate::outcome::{Fenced, Refusal};
use crate::policy::FenceRules;
use crate::sys::identity::PidFd;
use crate::sys::memory;
use crate::sys::poll::{self, Ahead};
use crate::sys::procfs::{self, Stat};
use crate::sys::seccomp::{Answer, Call, Listener, Question};
use crate::sys::signal;
use crate::sys::socket::{Line, bound_address};
use crate::values::{Deed, Fence};
use nix::errno::Errno;
use std::collections::BTreeSet;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};
use tracing::debug;

/// How many questions are answered before the front looks at everything else again.
const AT_A_TIME: usize = 64;
/// How many arguments of a program that is to be started are read, and how much of each.
const WORDS: usize = 256;
/// The longest path (PATH_MAX, linux/limits.h).
const WORD: usize = 4096;

/// How long a process that has only forked may be kept waiting for its session while its parent is busy: a program that puts
/// itself into the background forks, and its parent ends at once. Others wait for their child to execute something, and are
/// seen to wait.
const HOLD: Duration = Duration::from_millis(20);
/// How soon one looks again at its parent.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

/// What is to be told while the run goes on.
#[derive(Debug)]
pub enum Happening {
    /// Something was refused, for the first time in its kind.
    Refused(Box<Refusal>),
    /// There is no fence, for this reason.
    Unfenced(String),
    /// Something was done or refused, as an audit wants to know it.
    Seen(Seen),
}

/// Something that a process did, or was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Who.
    pub process: i32,
    /// What.
    pub deed: Deed,
    /// For a start the program's path, for a listen the address; empty where that could not be found out.
    pub object: String,
    /// Whether it was refused.
    pub refused: bool,
}

/// The front's side of one run's fence.
#[derive(Debug)]
pub struct Watch<'a> {
    rules: &'a FenceRules,
    attention: Attention,
    /// The keeper, above which nobody looks.
    keeper: i32,
    leader: i32,
    /// Until the leader has sent the listener.
    door: Option<Line>,
    /// As long as somebody may ask.
    listener: Option<Listener>,
    sessions: Sessions,
    held: Vec<Held>,
    ledger: Ledger,
    started: u64,
    lack: Option<String>,
}

impl<'a> Watch<'a> {
    /// Both sides of a fence, to be made before the keeper is forked. The leader's is None where there is no fence.
    pub fn prepare(
        rules: &'a FenceRules,
        attention: Attention,
    ) -> io::Result<(Watch<'a>, Option<Entry>)> {
        let ends = match calls(rules.class, attention) {
            [] => None,
            _ => Some(enter::make(rules, attention)?),
        };
        let (door, entry) = match ends {
            Some((door, entry)) => (Some(door), Some(entry)),
            None => (None, None),
        };
        let watch = Watch {
            rules,
            attention,
            keeper: 0,
            leader: 0,
            door,
            listener: None,
            sessions: Sessions::default(),
            held: Vec::new(),
            ledger: Ledger::default(),
            started: 0,
            lack: None,
        };
        Ok((watch, entry))
    }

    /// The end of it that the keeper must not keep open.
    pub fn door(&self) -> Option<&Line> {
        self.door.as_ref()
    }

    /// Says who the keeper is, once it has been forked.
    pub fn below(&mut self, keeper: i32) {
        self.keeper = keeper;
    }

    /// What to wait for; either is a reason to call `look`.
    pub fn descriptors(&self) -> [Option<BorrowedFd<'_>>; 2] {
        let door = self.door.as_ref().map(AsFd::as_fd);
        let questions = self.listener.as_ref().map(AsFd::as_fd);
        [questions.or(door), self.sessions.fd()]
    }

    /// When to call `look` though nothing happens.
    pub fn deadline(&self) -> Option<Instant> {
        let again = self.held.iter().map(|held| held.again).min();
        again.into_iter().chain(self.sessions.deadline()).min()
    }

    /// Does what there is to do.
    pub fn look(&mut self) -> Vec<Happening> {
        let mut happened = Vec::new();
        self.open_the_door(&mut happened);
        for _ in 0..AT_A_TIME {
            let Some(listener) = &self.listener else {
                break;
            };
            match poll::ahead(listener.as_fd()) {
                Ahead::Something => {}
                Ahead::Nothing => break,
                // Nobody is left who could ask. The descriptor would stay ready for ever, and before Linux 6.11 whoever reads
                // it then waits for ever.
                Ahead::End => {
                    self.listener = None;
                    break;
                }
            }
            match listener.next() {
                Ok(Some(question)) => self.answer(&question, &mut happened),
                Ok(None) => {}
                // Nobody is left who could ask; the descriptor would stay readable for ever.
                Err(_) => self.listener = None,
            }
        }
        self.look_at_held(&mut happened);
        self.end_what_was_left_behind(&mut happened);
        happened
    }

    /// What there is to be said at the end.
    pub fn finish(self) -> Fenced {
        let in_force = self.lack.is_none();
        let mut fenced = Fenced {
            class: if in_force {
                self.rules.class
            } else {
                Fence::Off
            },
            lack: self.lack,
            started: calls(self.rules.class, self.attention)
                .contains(&Call::Exec)
                .then_some(self.started),
            refusals: self.ledger.refusals,
            refused: self.ledger.refused,
            forgiven: false,
        };
        fenced.started = fenced.started.filter(|_| in_force);
        fenced.forgive(self.rules.refused);
        fenced
    }

    /// Takes the listener from the leader.
    fn open_the_door(&mut self, happened: &mut Vec<Happening>) {
        let Some(door) = &self.door else { return };
        match door.try_receive_parcel() {
            Ok(Some(parcel)) => {
                self.leader = parcel.sender;
                match parcel.fd {
                    Some(fd) => self.listener = Some(Listener::from(fd)),
                    None => {
                        let why = match Errno::from_raw(parcel.word) {
                            Errno::EBUSY => "a fence further up holds this run already".to_owned(),
                            errno => format!(
                                "the kernel, or a container's filter, refuses it ({})",
                                errno.desc()
                            ),
                        };
                        self.lack = Some(why.clone());
                        happened.push(Happening::Unfenced(why));
                    }
                }
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            // The leader never got that far, which it says elsewhere.
            Ok(None) | Err(_) => {}
        }
        self.door = None;
    }

    fn answer(&mut self, question: &Question, happened: &mut Vec<Happening>) {
        if self.rules.class < Fence::Daemons {
            self.count(question);
            if self.attention == Attention::Everything {
                // While it waits: afterwards it may be gone, and what it listens on.
                happened.extend(Sight::brief(question).map(Happening::Seen));
            }
            self.reply(question, Answer::GoOn);
            return;
        }
        let Some(sight) = Sight::of(question, self.keeper, self.leader) else {
            // Whoever asked has ended, or is not to be seen; what cannot be judged is not done.
            self.reply(question, Answer::Refuse(Errno::EPERM as i32));
            return;
        };
        if !self.still_waits(question) {
            return;
        }
        let mut standing = sight.standing();
        if standing.place == Place::Host && self.sessions.was_made_below(sight.process.session) {
            standing = Standing {
                place: Place::Below,
                host: None,
            };
        }
        if question.call == Call::Ring {
            // Below a test nobody may listen, so there is nobody who needs what could listen. Programs ask for a ring in
            // passing and do without one, so this is no attempt at anything and is not named.
            let above = standing.place != Place::Below;
            let answer = if above {
                Answer::GoOn
            } else {
                Answer::Refuse(Errno::ENOSYS as i32)
            };
            self.reply(question, answer);
            return;
        }
        let ruling = rule(self.rules.class, &self.rules.allowed, &sight.act(standing));
        debug!(call = ?question.call, process = ?sight.process.id, ?standing, ?ruling);
        match ruling {
            Ruling::Free => {
                self.count(question);
                self.witness(&sight, happened);
                self.reply(question, Answer::GoOn);
            }
            Ruling::Watched if is_leaving(&sight.process) => {
                let now = Instant::now();
                self.held.push(Held {
                    question: *question,
                    sight,
                    again: now + LOOK_AGAIN,
                    until: now + HOLD,
                });
            }
            Ruling::Watched => self.begin(question, sight, standing, happened),
            // As the kernel would answer, and nothing that anybody did.
            Ruling::Refused(_) if searches(question) => {
                self.reply(question, Answer::Refuse(Errno::ENOENT as i32));
            }
            Ruling::Refused(rule) => self.refuse(question, &sight, standing, rule, happened),
        }
    }

    /// Lets a session begin, and watches it.
    fn begin(
        &mut self,
        question: &Question,
        mut sight: Sight,
        standing: Standing,
        happened: &mut Vec<Happening>,
    ) {
        self.witness(&sight, happened);
        // Before the answer: afterwards the parent may be gone, and who it was.
        let Some(lineage) = sight.lineage.take() else {
            return self.reply(question, Answer::GoOn);
        };
        match self.sessions.watch(lineage, standing.place) {
            Ok(Begun::Watched) => self.reply(question, Answer::GoOn),
            Ok(Begun::ByAnOrphan(lineage)) => {
                sight.lineage = Some(lineage);
                self.refuse(question, &sight, standing, NO_BACKGROUND, happened);
            }
            Err(_) => self.reply(question, Answer::Refuse(Errno::EAGAIN as i32)),
        }
    }

    /// Looks again at those whose parents were about to do something.
    fn look_at_held(&mut self, happened: &mut Vec<Happening>) {
        let now = Instant::now();
        for mut held in std::mem::take(&mut self.held) {
            if !self.still_waits(&held.question) {
                continue;
            }
            let process = &held.sight.process;
            let parent = procfs::stat(process.id.pid).map(|stat| stat.parent);
            if parent == Some(process.parent) && is_leaving(process) && now < held.until {
                if now >= held.again {
                    held.again = now + LOOK_AGAIN;
                }
                self.held.push(held);
                continue;
            }
            // A parent that has ended is seen there.
            let standing = held.sight.standing();
            self.begin(&held.question, held.sight, standing, happened);
        }
    }

    fn refuse(
        &mut self,
        question: &Question,
        sight: &Sight,
        standing: Standing,
        rule: Rule,
        happened: &mut Vec<Happening>,
    ) {
        let case = Case {
            deed: sight.deed,
            object: sight.object.clone(),
            who: &sight.process,
            lineage: sight.lineage.as_ref(),
            standing,
            rule,
        };
        let first = self.ledger.write(self.rules, &case);
        happened.extend(first.map(|first| Happening::Refused(Box::new(first.clone()))));
        if self.attention == Attention::Everything {
            happened.push(Happening::Seen(Seen {
                refused: true,
                ..sight.seen()
            }));
        }
        // After it was written down: once it has the answer it may be gone.
        self.reply(question, Answer::Refuse(rule.errno as i32));
    }

    /// Tells an audit what is let through.
    fn witness(&self, sight: &Sight, happened: &mut Vec<Happening>) {
        let wanted = self.attention == Attention::Everything && sight.deed != Deed::Start;
        if wanted && !(sight.deed == Deed::Setsid && leads_a_group(&sight.process)) {
            happened.push(Happening::Seen(sight.seen()));
        }
    }

    /// Counts a program that is about to be started. Who looks for one in PATH asks about every directory of it.
    fn count(&mut self, question: &Question) {
        if !matches!(question.call, Call::Exec | Call::ExecAt) {
            return;
        }
        if !searches(question) {
            self.started += 1;
            debug!(thread = question.thread, "started");
        }
    }

    fn reply(&self, question: &Question, answer: Answer) {
        if let Some(listener) = &self.listener {
            listener.answer(question, answer);
        }
    }

    fn still_waits(&self, question: &Question) -> bool {
        let listener = self.listener.as_ref();
        listener.is_some_and(|listener| listener.still_waits(question))
    }

    fn end_what_was_left_behind(&mut self, happened: &mut Vec<Happening>) {
        let mut to_end = BTreeSet::new();
        for left in self.sessions.left_behind(self.keeper) {
            let LeftBehind { lineage, root } = left;
            let arguments = procfs::arguments(root.id.pid);
            let text = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
            let program: Vec<String> = arguments.into_iter().map(text).collect();
            let executable = procfs::executable(root.id.pid);
            let executable = executable.map(|path| path.to_string_lossy().into_owned());
            let standing = lineage.standing();
            let act = Act {
                deed: Deed::Setsid,
                standing,
                orphan: true,
                free_to_start: false,
                program: &program,
                host: host(&lineage, standing),
            };
            let is_tool = Name::of(executable.as_deref(), &program).kind() == Kind::Tool;
            if is_tool || rule(self.rules.class, &self.rules.allowed, &act) == Ruling::Free {
                continue;
            }
            let case = Case {
                deed: Deed::Setsid,
                object: String::new(),
                who: &root,
                lineage: Some(&lineage),
                standing,
                rule: LEFT_BEHIND,
            };
            // It does nothing any more while it is written down.
            tree::signal_each(std::slice::from_ref(&root), &[signal::STOP]);
            let first = self.ledger.write(self.rules, &case);
            happened.extend(first.map(|first| Happening::Refused(Box::new(first.clone()))));
            if self.attention == Attention::Everything {
                happened.push(Happening::Seen(Seen {
                    process: root.id.pid,
                    deed: Deed::Setsid,
                    object: String::new(),
                    refused: true,
                }));
            }
            to_end.insert(root.session);
        }
        if !to_end.is_empty() {
            Sessions::end(&to_end, self.keeper);
        }
    }
}

/// A question whose answer depends on what the asker's parent does next.
#[derive(Debug)]
struct Held {
    question: Question,
    sight: Sight,
    again: Instant,
    until: Instant,
}

/// Whether this process may be about to be left by its parent: it has only forked, and the parent is running. One that is
/// waiting, perhaps for this child to execute a program, is not about to end.
fn is_leaving(process: &Stat) -> bool {
    process.forked
        && procfs::stat(process.parent)
            .is_none_or(|parent| !matches!(parent.state, 'S' | 'D' | 'T' | 't'))
}

/// Whether it leads a process group: such a one cannot lead a session as well, and setsid(2) fails.
fn leads_a_group(process: &Stat) -> bool {
    process.group == process.id.pid
}

fn host(lineage: &Lineage, standing: Standing) -> Option<&[String]> {
    let host = lineage.programs.get(standing.host?)?;
    Some(&host.arguments)
}

/// A question with all that is known about the one who asks.
#[derive(Debug)]
struct Sight {
    deed: Deed,
    /// For a start the program's path, for a listen the address.
    object: String,
    /// For a start, the arguments of the program that is to be started; else those of the one who asks.
    program: Vec<String>,
    process: Stat,
    /// None where it is not to be seen.
    lineage: Option<Lineage>,
}

impl Sight {
    /// None when the asker is gone.
    fn of(question: &Question, keeper: i32, leader: i32) -> Option<Sight> {
        let pid = procfs::process_of(question.thread)?;
        let process = procfs::stat(pid)?;
        let lineage = Lineage::of(pid, keeper, leader);
        let own = || {
            let last = lineage.as_ref().and_then(|lineage| lineage.programs.last());
            last.map(|program| program.arguments.clone())
                .unwrap_or_default()
        };
        let (deed, object, program) = match question.call {
            Call::Exec | Call::ExecAt => {
                let (path, words) = started(question, pid);
                (Deed::Start, path, words)
            }
            Call::Session | Call::Ring => (Deed::Setsid, String::new(), own()),
            Call::UnlockTerminal => (Deed::Pty, String::new(), own()),
            Call::Listen => (Deed::Listen, address(question, pid), own()),
        };
        Some(Sight {
            deed,
            object,
            program,
            process,
            lineage,
        })
    }

    /// What an audit wants to know of one that is let through unseen.
    fn brief(question: &Question) -> Option<Seen> {
        let process = procfs::process_of(question.thread)?;
        let (deed, object) = match question.call {
            Call::Session if leads_a_group(&procfs::stat(process)?) => return None,
            Call::Session => (Deed::Setsid, String::new()),
            Call::UnlockTerminal => (Deed::Pty, String::new()),
            Call::Listen => (Deed::Listen, address(question, process)),
            Call::Exec | Call::ExecAt | Call::Ring => return None,
        };
        Some(Seen {
            process,
            deed,
            object,
            refused: false,
        })
    }

    /// The same of this one.
    fn seen(&self) -> Seen {
        Seen {
            process: self.process.id.pid,
            deed: self.deed,
            object: self.object.clone(),
            refused: false,
        }
    }

    fn standing(&self) -> Standing {
        match &self.lineage {
            Some(lineage) => lineage.standing(),
            // It is there, and where it comes from cannot be seen.
            None => Standing {
                place: Place::Below,
                host: None,
            },
        }
    }

    fn act(&self, standing: Standing) -> Act<'_> {
        let caller = self
            .lineage
            .as_ref()
            .and_then(|lineage| lineage.programs.last());
        let starts_worker = self.deed == Deed::Start
            && standing.place == Place::Host
            && caller.is_some_and(|caller| {
                Name::of(Some(&self.object), &self.program).is_worker_of(&caller.name())
            });
        Act {
            deed: self.deed,
            standing,
            orphan: self.lineage.as_ref().is_none_or(|lineage| !lineage.whole),
            free_to_start: starts_worker || self.lineage.as_ref().is_some_and(Lineage::builds),
            program: &self.program,
            host: self
                .lineage
                .as_ref()
                .and_then(|lineage| host(lineage, standing)),
        }
    }
}

/// The path and the arguments with which a program is to be started, as they stand in the asker's memory now. The path is
/// the first word too, so that a pattern sees what is really executed.
fn started(question: &Question, pid: i32) -> (String, Vec<String>) {
    let arguments = &question.arguments;
    let words_at = match question.call {
        Call::ExecAt => arguments[2],
        _ => arguments[1],
    };
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    let mut path = path_of(question, pid);
    if question.call == Call::ExecAt && path.is_empty() {
        // AT_EMPTY_PATH (execveat(2)): the descriptor is the program, as with fexecve(3).
        let file = procfs::descriptor(pid, arguments[0] as i32);
        path = file
            .map(|path| path.to_string_lossy().into_owned())
            .unwrap_or_default();
    }
    let words = memory::texts(pid, words_at, question.pointer, WORDS, WORD);
    let mut words: Vec<String> = words.unwrap_or_default().into_iter().map(text).collect();
    match words.first_mut() {
        Some(first) => first.clone_from(&path),
        None => words.push(path.clone()),
    }
    (path, words)
}

/// Whether a program is to be started where there is none, as whoever goes through PATH does. Where that cannot be told from here it
/// is no search: a path that cannot be read, that is relative to a descriptor, that is counted from another root, or that leads
/// through /proc, where `self` is somebody else for whoever looks.
fn searches(question: &Question) -> bool {
    let path = path_of(question, question.thread);
    let through_proc = path.split('/').any(|part| part == "proc" || part == "fd");
    if question.call != Call::Exec
        || path.is_empty()
        || path.contains(char::REPLACEMENT_CHARACTER)
        || through_proc
        || !procfs::shares_our_root(question.thread)
    {
        return false;
    }
    let seen_from = match path.starts_with('/') {
        true => format!("/proc/{}/root{path}", question.thread),
        false => format!("/proc/{}/cwd/{path}", question.thread),
    };
    let missing = |error: io::Error| {
        matches!(
            error.kind(),
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
        )
    };
    std::fs::symlink_metadata(seen_from).is_err_and(missing)
}

/// The path of the program that is to be started, as it was given.
fn path_of(question: &Question, pid: i32) -> String {
    let at = match question.call {
        Call::ExecAt => question.arguments[1],
        _ => question.arguments[0],
    };
    let bytes = memory::text(pid, at, WORD).unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The address that is to be listened on, where it can be found out.
fn address(question: &Question, pid: i32) -> String {
    let socket = question.descriptor().and_then(|number| {
        let process = PidFd::open(pid).ok()?;
        process.descriptor(number).ok()
    });
    socket
        .and_then(|socket| bound_address(&socket))
        .unwrap_or_default()
}
