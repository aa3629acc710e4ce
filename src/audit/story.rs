//! What the events of a run come to, taken in one after the other: the tree of its programs, its profile, and what each class
//! of fence would have refused. Pure; the same for a run that goes on and for one that is read from a file.
//!
//! What is kept grows with what is alive, and with the kinds of things that there were, up to a bound; not with their number.

use super::event::{Event, Exec, Exit, Id, Role, Run, Sample, Start};
use super::label::label;
use super::living::{Everybody, Living, Program};
use super::replay::Replay;
use super::role::role;
use crate::values::Deed;
use std::collections::BTreeMap;
use std::rc::Rc;

/// How many places in the tree of programs are told apart.
const NODES: usize = 4000;
/// How many programs, edges and so on are told apart.
const KINDS: usize = 2000;
/// The name for all the others.
const OTHERS: &str = "(others)";
/// How long something may outlive its parent without being told: the members of a pipeline do so by milliseconds.
const GRACE: f64 = 1.0;
/// How many processes are named that outlived the run.
const NAMED: usize = 200;

/// What there is to tell of a run.
#[derive(Debug, Default)]
pub struct Story {
    /// How it began.
    pub run: Run,
    everybody: Everybody,
    /// How many processes there were.
    pub processes: u64,
    /// The most at one time.
    pub at_once: u64,
    /// The most memory that was in use at one time, as far as somebody looked.
    pub peak_memory: Option<u64>,
    /// The same of one process.
    pub largest: Option<(u64, String)>,
    /// The tree of programs. The first is the root, which is none.
    pub tree: Vec<Node>,
    /// What each program came to.
    pub programs: BTreeMap<String, Tally>,
    /// How often each role was executed.
    pub roles: BTreeMap<Role, u64>,
    /// Who started what, how often.
    pub edges: BTreeMap<(String, String), u64>,
    /// Who listened where, how often.
    pub listening: BTreeMap<(String, String), u64>,
    /// Who opened pseudoterminals, how many.
    pub terminals: BTreeMap<String, u64>,
    /// Who made sessions, how many.
    pub sessions: BTreeMap<String, u64>,
    /// What the fence refused: who, what, how often.
    pub refused: BTreeMap<(String, String), u64>,
    /// What outlived its parent by more than a second: how many, and the longest, in seconds.
    pub outlived_parent: BTreeMap<String, (u64, f64)>,
    /// What was alive when the run was over.
    pub outlived_run: Vec<(Id, String)>,
    /// The time of the last event.
    pub now: f64,
    /// The threads, as a ceiling counts.
    pub threads_at_once: Option<u64>,
    /// How the run ended, as it was told.
    pub exit: Option<u8>,
    /// guardrun's verdicts.
    pub verdicts: Vec<String>,
    pub(super) replay: Replay,
    /// What was not seen, found out after the beginning.
    pub gaps: Vec<String>,
    ended: bool,
}

/// A place in the tree of programs: a program below those that led to it.
#[derive(Debug, Default)]
pub struct Node {
    /// What it is called.
    pub label: String,
    /// The command line of the first.
    pub example: String,
    /// Its role.
    pub role: Option<Role>,
    /// How often it was executed there.
    pub times: u64,
    /// Whether it took the place of the program above it, in the same process.
    pub in_place: bool,
    /// How many processes it made that executed nothing.
    pub forks: u64,
    /// What it listened on, the first of it.
    pub listening: Option<String>,
    /// Whether it was killed by a signal, and which: the first.
    pub signal: Option<String>,
    /// What is below it.
    pub below: BTreeMap<(String, Option<Role>), usize>,
}

/// What one program came to.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// How often it was executed.
    pub times: u64,
    /// The processor time of those processes that ended with it, in seconds.
    pub cpu: f64,
    /// The largest resident memory of one of them, in bytes.
    pub peak: u64,
    /// The longest life of one of them, in seconds.
    pub longest: f64,
}

impl Story {
    /// Takes in an event. What is missing in it and can be told here is put into it: the role of a program.
    pub fn take(&mut self, event: &mut Event) {
        match event {
            Event::Run(run) => self.run = (**run).clone(),
            Event::Start(start) => self.start(start),
            Event::Exec(exec) => self.exec(exec),
            Event::Session(deed) => {
                self.at(deed.t);
                let label = self.label_of(deed.id);
                count(&mut self.sessions, label, 1);
                self.session(deed.id);
            }
            Event::Terminal(deed) => {
                self.at(deed.t);
                let label = self.label_of(deed.id);
                if deed.refused {
                    count(&mut self.refused, (label, "pty".to_owned()), 1);
                } else {
                    count(&mut self.terminals, label, 1);
                }
                self.replay.did(&self.everybody, deed.id, Deed::Pty, None);
            }
            Event::Listen(deed) => {
                self.at(deed.t);
                let label = self.label_of(deed.id);
                if deed.refused {
                    count(&mut self.refused, (label, "listen".to_owned()), 1);
                } else {
                    let address = deed.address.clone().unwrap_or_default();
                    if let Some(living) = self.everybody.0.get(&deed.id)
                        && let Some(node) = self.tree.get_mut(living.node)
                    {
                        node.listening.get_or_insert_with(|| address.clone());
                    }
                    count(&mut self.listening, (label, address), 1);
                }
                self.replay
                    .did(&self.everybody, deed.id, Deed::Listen, None);
            }
            Event::Refused(deed) => {
                self.at(deed.t);
                let label = self.label_of(deed.id);
                let what = deed.deed.clone().unwrap_or_default();
                if what == "setsid" {
                    self.refused_session(deed.id);
                } else {
                    self.refused_start(deed);
                }
                count(&mut self.refused, (label, what), 1);
            }
            Event::Orphan(orphan) => {
                self.at(orphan.t);
                if let Some(living) = self.everybody.0.get_mut(&orphan.id) {
                    living.left.get_or_insert(orphan.t);
                }
            }
            Event::Sample(sample) => self.sample(sample),
            Event::Exit(exit) => self.exit(exit),
            Event::End(end) => {
                self.at(end.t);
                self.finish();
                self.exit = end.exit;
                self.verdicts.clone_from(&end.verdicts);
                self.threads_at_once = self.threads_at_once.max(end.threads_at_once);
                self.peak_memory = self.peak_memory.max(end.peak_memory_bytes);
                self.gaps.clone_from(&end.gaps);
                for id in end.outlived_run.iter().take(NAMED) {
                    if !self.outlived_run.iter().any(|(known, _)| known == id) {
                        self.outlived_run.push((*id, String::new()));
                    }
                }
            }
            Event::Unknown => {}
        }
    }

    /// Notes who is alive though the suite has ended.
    pub(super) fn outlives(&mut self, id: Id) {
        if self.outlived_run.len() < NAMED && !self.outlived_run.iter().any(|it| it.0 == id) {
            let label = self.label_of(id);
            self.outlived_run.push((id, label));
        }
    }

    /// The children of somebody who ends, of those who are alive.
    pub(super) fn children_of(&self, parent: Id) -> Vec<Id> {
        let living = &self.everybody.0;
        if living
            .get(&parent)
            .is_none_or(|parent| parent.children == 0)
        {
            return Vec::new();
        }
        let children = living.iter();
        let children = children.filter(|(_, it)| it.parent == Some(parent) && it.left.is_none());
        let mut children: Vec<Id> = children.map(|(id, _)| *id).collect();
        children.sort_unstable();
        children
    }

    /// The programs that a process comes from, from the top, as they are called.
    pub(super) fn started_by(&self, id: Id) -> Vec<String> {
        let Some(living) = self.everybody.0.get(&id) else {
            return Vec::new();
        };
        let line = living.program.as_deref().map(Program::line);
        let line = line.unwrap_or_default();
        let above = line.len() - usize::from(living.executed);
        let above = line[..above].iter();
        above.map(|it| label(it.executable, it.arguments)).collect()
    }

    /// Closes the account: what is alive now has outlived its parent until now.
    pub fn finish(&mut self) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let alive: Vec<Id> = self.everybody.0.keys().copied().collect();
        for id in alive {
            self.leaves(id, self.now);
        }
    }

    fn at(&mut self, t: f64) {
        if t.is_finite() {
            self.now = self.now.max(t);
        }
    }

    fn start(&mut self, start: &Start) {
        self.at(start.t);
        if self.tree.is_empty() {
            self.tree.push(Node::default());
        }
        self.processes += 1;
        let parent = start.parent.and_then(|it| self.everybody.0.get_mut(&it));
        let (program, session, node) = match parent {
            Some(parent) => {
                parent.children += 1;
                (parent.program.clone(), parent.session.clone(), parent.node)
            }
            None => (None, None, 0),
        };
        // Of one whose parent was gone before it could be seen nobody knows where it comes from.
        let lost = start.parent.is_none() && start.id != 1;
        let living = Living {
            parent: start.parent,
            left: lost.then_some(start.t),
            program,
            executed: false,
            session,
            started: start.t,
            children: 0,
            node,
        };
        self.everybody.0.insert(start.id, living);
        self.at_once = self.at_once.max(self.everybody.0.len() as u64);
    }

    fn exec(&mut self, exec: &mut Exec) {
        self.at(exec.t);
        let name = label(exec.exe.as_deref(), &exec.argv);
        let program = self.everybody.program(exec, name, role);
        exec.role = Some(program.role);
        let Some(living) = self.everybody.0.get(&exec.id) else {
            return;
        };
        let above = living.program.as_ref();
        if let Some(above) = above {
            let edge = (above.label.clone(), program.label.clone());
            count(&mut self.edges, edge, 1);
            let id = exec.id;
            self.replay
                .did(&self.everybody, id, Deed::Start, Some(&program));
        }
        let (executed, node) = (living.executed, living.node);
        let node = self.node_below(node, &program, executed);
        *self.roles.entry(program.role).or_default() += 1;
        tally(&mut self.programs, &program.label).times += 1;
        if let Some(living) = self.everybody.0.get_mut(&exec.id) {
            living.node = node;
            living.executed = true;
            living.program = Some(program);
        }
    }

    /// The place of a program below another place in the tree.
    fn node_below(&mut self, above: usize, program: &Program, in_place: bool) -> usize {
        let full = self.tree.len() >= NODES;
        let known = (program.label.clone(), Some(program.role));
        let (label, role) = match self.tree[above].below.contains_key(&known) || !full {
            true => known,
            false => (OTHERS.to_owned(), None),
        };
        // The one place for all the others, wherever they are; it has nothing below it but itself.
        if full
            && label == OTHERS
            && (self.tree[above].label == OTHERS || self.tree.len() > NODES + 200)
        {
            self.tree[above].times += 1;
            return above;
        }
        let next = self.tree.len();
        let key = (label.clone(), role);
        let at = *self.tree[above].below.entry(key).or_insert(next);
        if at == next {
            self.tree.push(Node {
                label,
                example: shown(&program.argv),
                role,
                in_place,
                ..Node::default()
            });
        }
        self.tree[at].times += 1;
        at
    }

    fn session(&mut self, id: Id) {
        let session = self.replay.did(&self.everybody, id, Deed::Setsid, None);
        if let Some(living) = self.everybody.0.get_mut(&id) {
            living.session = session.map(Rc::new);
        }
    }

    /// A fence has refused a session, or has ended what was left behind in one.
    fn refused_session(&mut self, id: Id) {
        let known = self.everybody.0.get_mut(&id);
        match known.filter(|living| living.session.is_some()) {
            None => self.session(id),
            Some(living) => {
                living.left.get_or_insert(0.0);
                self.replay.outlived(&self.everybody, id, f64::INFINITY);
                if let Some(living) = self.everybody.0.get_mut(&id) {
                    living.session = None;
                }
            }
        }
    }

    /// A fence has refused to start a program, of which only the path is known.
    fn refused_start(&mut self, deed: &super::event::Deed) {
        let exec = Exec {
            id: deed.id,
            argv: deed.object.clone().into_iter().collect(),
            exe: deed.object.clone(),
            ..Exec::default()
        };
        let name = label(exec.exe.as_deref(), &exec.argv);
        let program = self.everybody.program(&exec, name, role);
        self.replay
            .did(&self.everybody, deed.id, Deed::Start, Some(&program));
    }

    fn sample(&mut self, sample: &Sample) {
        self.at(sample.t);
        self.peak_memory = self.peak_memory.max(Some(sample.memory_bytes));
    }

    fn exit(&mut self, exit: &Exit) {
        self.at(exit.t);
        self.leaves(exit.id, exit.t);
        let Some(living) = self.everybody.0.remove(&exit.id) else {
            return;
        };
        if let Some(parent) = living.parent
            && let Some(parent) = self.everybody.0.get_mut(&parent)
        {
            parent.children = parent.children.saturating_sub(1);
        }
        let label = living.program.as_ref().map(|it| it.label.as_str());
        let label = label.unwrap_or_default();
        if let Some(node) = self.tree.get_mut(living.node) {
            match living.executed {
                true => {
                    if let Some(signal) = exit.signal.as_ref().filter(|_| !exit.by_guardrun) {
                        node.signal.get_or_insert_with(|| signal.clone());
                    }
                }
                false => node.forks += 1,
            }
        }
        let peak = exit.peak_memory_bytes.unwrap_or(0);
        let tally = tally(&mut self.programs, label);
        tally.cpu += exit.cpu_seconds.unwrap_or(0.0);
        tally.peak = tally.peak.max(peak);
        tally.longest = tally.longest.max(exit.t - living.started);
        if self.largest.as_ref().is_none_or(|(most, _)| peak > *most) && peak > 0 {
            self.largest = Some((peak, label.to_owned()));
        }
    }

    /// Somebody ends, or is seen for the last time.
    fn leaves(&mut self, id: Id, now: f64) {
        self.replay.outlived(&self.everybody, id, now);
        let Some(living) = self.everybody.0.get(&id) else {
            return;
        };
        let Some(left) = living.left else { return };
        if now - left <= GRACE {
            return;
        }
        let label = self.label_of(id);
        if self.outlived_parent.len() < KINDS || self.outlived_parent.contains_key(&label) {
            let (times, longest) = self.outlived_parent.entry(label).or_default();
            *times += 1;
            *longest = longest.max(now - left);
        }
    }

    fn label_of(&self, id: Id) -> String {
        let program = self.everybody.0.get(&id).and_then(|it| it.program.as_ref());
        program.map_or_else(String::new, |program| program.label.clone())
    }
}

fn tally<'a>(programs: &'a mut BTreeMap<String, Tally>, label: &str) -> &'a mut Tally {
    let known = programs.contains_key(label) || programs.len() < KINDS;
    let label = if known { label } else { OTHERS };
    programs.entry(label.to_owned()).or_default()
}

fn count<K: Ord>(counts: &mut BTreeMap<K, u64>, key: K, by: u64) {
    if counts.len() < KINDS || counts.contains_key(&key) {
        *counts.entry(key).or_default() += by;
    }
}

/// A command line, short enough to be kept.
fn shown(argv: &[String]) -> String {
    let line = shell_words::join(argv);
    match line.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::{KINDS, NODES, Story};
    use crate::audit::event::{Deed, Event, Exec, Exit, Start};

    /// The story of these programs, each in a process of its own that listens somewhere of its own: side by side, or each started
    /// by the one before it.
    fn story(programs: u64, deep: bool) -> Story {
        let mut story = Story::default();
        let parent = |id: u64| match deep {
            true => id - 1,
            false => 1,
        };
        for id in 1..=programs {
            let parent = (id > 1).then(|| parent(id));
            let started = Start {
                t: 0.0,
                id,
                pid: 0,
                parent,
            };
            let executed = Exec {
                id,
                argv: vec![format!("/bin/program-{id}")],
                ..Exec::default()
            };
            let listens = Deed {
                id,
                address: Some(format!("/run/{id}.sock")),
                ..Deed::default()
            };
            story.take(&mut Event::Start(started));
            story.take(&mut Event::Exec(Box::new(executed)));
            story.take(&mut Event::Listen(listens));
        }
        for id in (1..=programs).rev() {
            let exit = Exit {
                id,
                ..Exit::default()
            };
            story.take(&mut Event::Exit(exit));
        }
        story
    }

    #[test]
    fn what_is_kept_has_a_bound_and_what_is_counted_has_none() {
        for deep in [false, true] {
            let many = NODES as u64 + 1000;
            let story = story(many, deep);
            assert!(story.tree.len() <= NODES + 300, "{}", story.tree.len());
            assert!(story.programs.len() <= KINDS + 1, "{deep}");
            assert!(story.edges.len() <= KINDS, "{deep}");
            assert!(story.listening.len() <= KINDS, "{deep}");
            assert_eq!(story.processes, many);
            let in_the_tree: u64 = story.tree.iter().map(|node| node.times).sum();
            let by_name: u64 = story.programs.values().map(|tally| tally.times).sum();
            assert_eq!((in_the_tree, by_name), (many, many), "deep: {deep}");
        }
    }
}
