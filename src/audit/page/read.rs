//! The lines of an audit, read into one recording. Pure but for the reader that it is given.
//!
//! Lines come from a file that may be of another version, cut off in the middle, or no recording at all. Events and keys that are not
//! known are passed over; what is missing stays unknown. What makes no sense is an error with the number of its line.

use super::strings::Strings;
use crate::audit::event::{self, Event, SHAPE};
use std::collections::HashMap;
use std::io::{self, BufRead, ErrorKind};

/// The latest time that is believed, in seconds: some thirty years.
const LATEST: f64 = 1e9;
/// The longest line, in bytes. Arguments are cut far below it when they are recorded.
const LONGEST: u64 = 1 << 20;

/// Everything that the lines say.
#[derive(Debug, Default)]
pub(super) struct Recording {
    /// The first line.
    pub(super) run: event::Run,
    /// The last line, unless the run was killed or is going on.
    pub(super) end: Option<event::End>,
    /// When the last thing happened, in microseconds since the start of the run.
    pub(super) last: u64,
    /// In order of appearance.
    pub(super) processes: Vec<Process>,
    /// In order of appearance.
    pub(super) marks: Vec<Mark>,
    /// In order of appearance.
    pub(super) samples: Vec<Sample>,
    /// What processes were executed with.
    pub(super) strings: Strings,
    /// Whether the last line was cut off.
    pub(super) torn: bool,
    rows: HashMap<u64, usize>,
}

/// One process.
#[derive(Debug)]
pub(super) struct Process {
    /// The audit's own number.
    pub(super) id: u64,
    /// The system's number.
    pub(super) pid: Option<i32>,
    /// The index of its parent.
    pub(super) parent: Option<usize>,
    /// In microseconds; unless its start was seen, when it was first heard of.
    pub(super) start: u64,
    /// Whether the start was seen.
    pub(super) start_seen: bool,
    /// In microseconds.
    pub(super) end: Option<u64>,
    /// What it was when it came to be: its parent's program at that time.
    pub(super) forked: Option<Program>,
    /// What it executed, in order.
    pub(super) programs: Vec<Program>,
    /// How it ended.
    pub(super) code: Option<u8>,
    /// Or by which signal.
    pub(super) signal: Option<String>,
    /// Whether guardrun ended it.
    pub(super) by_guardrun: bool,
    /// The most memory that it had, in bytes.
    pub(super) peak_memory: Option<u64>,
    /// Processor time in seconds.
    pub(super) cpu: Option<f64>,
}

/// A program in execution. Texts are numbers of the recording's strings.
#[derive(Clone, Debug)]
pub(super) struct Program {
    /// Since when, in microseconds.
    pub(super) at: u64,
    pub(super) argv: Vec<u32>,
    pub(super) cut: bool,
    pub(super) exe: Option<u32>,
    pub(super) cwd: Option<u32>,
    pub(super) role: Option<event::Role>,
}

/// Something that a process did.
#[derive(Debug)]
pub(super) struct Mark {
    /// The process's index.
    pub(super) process: usize,
    /// In microseconds.
    pub(super) at: u64,
    pub(super) kind: Kind,
    /// On what.
    pub(super) object: Option<String>,
    pub(super) refused: bool,
}

/// What can be marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    Terminal,
    Listen,
    /// Anything else, refused.
    Refused,
    Orphan,
}

/// What the whole suite used.
#[derive(Debug)]
pub(super) struct Sample {
    /// In microseconds.
    pub(super) at: u64,
    pub(super) memory: u64,
}

impl Recording {
    /// What the run is called: its suite or, without one, its command.
    pub(super) fn title(&self) -> String {
        match &self.run.suite {
            Some(suite) => suite.clone(),
            None => {
                let command = self.run.command.join(" ");
                super::strings::beginning(&command, 80).to_owned()
            }
        }
    }

    /// The index of the process with this number.
    pub(super) fn row(&self, id: u64) -> Option<usize> {
        self.rows.get(&id).copied()
    }

    /// The same for one of whom something was heard; its start may have been missed.
    fn heard_of(&mut self, id: u64, at: u64) -> usize {
        let row = self.row(id);
        row.unwrap_or_else(|| self.add(id, at))
    }

    fn add(&mut self, id: u64, at: u64) -> usize {
        self.processes.push(Process {
            id,
            pid: None,
            parent: None,
            start: at,
            start_seen: false,
            end: None,
            forked: None,
            programs: Vec::new(),
            code: None,
            signal: None,
            by_guardrun: false,
            peak_memory: None,
            cpu: None,
        });
        self.rows.insert(id, self.processes.len() - 1);
        self.processes.len() - 1
    }

    fn at(&mut self, seconds: f64) -> Result<u64, String> {
        if !(0.0..=LATEST).contains(&seconds) {
            return Err(format!(
                "the time {seconds} is none since the start of a run"
            ));
        }
        let micros = (seconds * 1e6).round() as u64;
        self.last = self.last.max(micros);
        Ok(micros)
    }

    fn mark(&mut self, kind: Kind, deed: event::Deed) -> Result<(), String> {
        let at = self.at(deed.t)?;
        let process = self.heard_of(deed.id, at);
        let object = deed.object.or(deed.address);
        let object = match (deed.deed, object) {
            (Some(deed), Some(object)) => Some(format!("{deed} {object}")),
            (deed, object) => deed.or(object),
        };
        self.marks.push(Mark {
            process,
            at,
            kind,
            object,
            refused: deed.refused || kind == Kind::Refused,
        });
        Ok(())
    }

    fn take(&mut self, event: Event) -> Result<(), String> {
        match event {
            Event::Run(_) => Err("a second run begins here".to_owned()),
            Event::Start(start) => self.start(&start),
            Event::Exec(exec) => self.exec(&exec),
            Event::Session(deed) => self.mark(Kind::Session, deed),
            Event::Terminal(deed) => self.mark(Kind::Terminal, deed),
            Event::Listen(deed) => self.mark(Kind::Listen, deed),
            Event::Refused(deed) => self.mark(Kind::Refused, deed),
            Event::Orphan(orphan) => {
                let at = self.at(orphan.t)?;
                let process = self.heard_of(orphan.id, at);
                self.marks.push(Mark {
                    process,
                    at,
                    kind: Kind::Orphan,
                    object: None,
                    refused: false,
                });
                Ok(())
            }
            Event::Sample(sample) => {
                let at = self.at(sample.t)?;
                let memory = sample.memory_bytes;
                self.samples.push(Sample { at, memory });
                Ok(())
            }
            Event::Exit(exit) => self.exit(exit),
            Event::End(end) => {
                self.at(end.t)?;
                self.end = Some(*end);
                Ok(())
            }
            Event::Unknown => Ok(()),
        }
    }

    fn start(&mut self, start: &event::Start) -> Result<(), String> {
        let (at, id) = (self.at(start.t)?, start.id);
        let parent = start.parent.filter(|parent| *parent != id);
        let parent = parent.map(|parent| self.heard_of(parent, at));
        let forked = parent.and_then(|parent| {
            let parent = &self.processes[parent];
            parent.programs.last().or(parent.forked.as_ref()).cloned()
        });
        let heard_of = self.row(id).is_some();
        let row = self.heard_of(id, at);
        let process = &mut self.processes[row];
        if process.start_seen {
            return Err(format!("the process {id} starts a second time"));
        }
        process.pid = Some(start.pid).filter(|pid| *pid > 0);
        process.start_seen = true;
        process.forked = forked;
        process.parent = parent;
        if heard_of {
            self.break_circle(row);
        }
        Ok(())
    }

    fn exec(&mut self, exec: &event::Exec) -> Result<(), String> {
        let at = self.at(exec.t)?;
        let row = self.heard_of(exec.id, at);
        let mut number = |text: &String| self.strings.number(text);
        let program = Program {
            at,
            argv: exec.argv.iter().map(&mut number).collect(),
            cut: exec.argv_cut,
            exe: exec.exe.as_ref().map(&mut number),
            cwd: exec.cwd.as_ref().map(&mut number),
            role: exec.role,
        };
        self.processes[row].programs.push(program);
        Ok(())
    }

    fn exit(&mut self, exit: event::Exit) -> Result<(), String> {
        let at = self.at(exit.t)?;
        let row = self.heard_of(exit.id, at);
        let process = &mut self.processes[row];
        process.end = Some(at.max(process.start));
        process.code = exit.code;
        process.signal = exit.signal;
        process.by_guardrun = exit.by_guardrun;
        process.peak_memory = exit.peak_memory_bytes;
        process.cpu = exit.cpu_seconds;
        Ok(())
    }

    /// Nobody is among its own ancestors; lines that say so are believed but for the last.
    fn break_circle(&mut self, row: usize) {
        let mut above = self.processes[row].parent;
        while let Some(ancestor) = above {
            if ancestor == row {
                self.processes[row].parent = None;
                return;
            }
            above = self.processes[ancestor].parent;
        }
    }
}

/// Reads all lines.
pub(super) fn read(lines: &mut dyn BufRead) -> io::Result<Recording> {
    let mut recording: Option<Recording> = None;
    let (mut line, mut number) = (Vec::new(), 0_u64);
    loop {
        line.clear();
        number += 1;
        let length = io::Read::take(&mut *lines, LONGEST).read_until(b'\n', &mut line)?;
        if length == 0 {
            break;
        }
        let whole = line.ends_with(b"\n");
        if length as u64 == LONGEST && !whole {
            return Err(wrong(number, "it is longer than any line of an audit"));
        }
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        let event = match serde_json::from_slice(&line) {
            Ok(event) => event,
            // Whoever wrote it was killed in the middle of a line.
            Err(_) if !whole && recording.is_some() => {
                recording.as_mut().expect("asked right before").torn = true;
                break;
            }
            Err(_) if recording.is_none() => return Err(no_audit(number)),
            Err(error) => return Err(wrong(number, &no_position(&error))),
        };
        match (&mut recording, event) {
            (None, Event::Run(run)) if run.schema > SHAPE => {
                let text = format!(
                    "it was written by a newer guardrun (schema {}; this one reads {SHAPE})",
                    run.schema
                );
                return Err(wrong(number, &text));
            }
            (None, Event::Run(run)) => {
                recording = Some(Recording {
                    run: *run,
                    ..Recording::default()
                });
            }
            (None, _) => return Err(no_audit(number)),
            (Some(recording), event) => {
                recording.take(event).map_err(|why| wrong(number, &why))?;
            }
        }
    }
    recording.ok_or_else(|| no_audit(number))
}

fn wrong(number: u64, why: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, format!("line {number}: {why}"))
}

fn no_audit(number: u64) -> io::Error {
    wrong(
        number,
        "an audit begins with a line {\"event\":\"run\", …}, and this is none",
    )
}

/// The place that the parser gives is one inside the line, and reads as if it were one in the file.
fn no_position(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    format!("{} (column {})", &text[..end], error.column())
}
