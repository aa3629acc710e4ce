//! A recording as columns: one array for each field of the processes, texts by number, times as differences. Pure.
//!
//! A page of 10,000 processes is to stay under some 3 MB, and the arguments of one compiler can fill 100 kB. So arguments are given whole as
//! long as all of them fit into [`BUDGET`], and are otherwise cut for every process at the same length, which the page says.

use super::read::{Kind, Process, Program, Recording};
use super::strings::{Strings, beginning};
use crate::audit::event::{self, Refusal};
use serde::Serialize;
use std::collections::HashMap;

/// What all arguments, paths and objects may take together, in bytes of JSON.
const BUDGET: usize = 2 << 20;
/// The lengths at which the arguments of a process are cut, in bytes, until they fit.
const LENGTHS: [usize; 6] = [usize::MAX, 65_536, 16_384, 4096, 1024, 400];
/// The length that is used whether they fit or not.
const SHORTEST: usize = 160;
/// The longest path or address that is kept whole, in bytes: PATH_MAX (limits.h).
const LONGEST: usize = 4096;

/// Not known, or none.
const NONE: i64 = -1;

/// What the page is drawn from. Times are whole microseconds.
#[derive(Debug, Serialize)]
pub(super) struct Columns<'a> {
    run: Run<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<End<'a>>,
    /// When the last thing happened.
    last: u64,
    /// The length at which arguments were cut, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    cut: Option<usize>,
    torn: bool,
    strings: Vec<String>,
    /// Lists of arguments, each as numbers of strings.
    argvs: Vec<Vec<u32>>,
    processes: Processes,
    /// What processes had been before their last program: process, time, arguments, executable, directory.
    before: Vec<[i64; 5]>,
    /// Process, time, kind (the place in [`KINDS`]), object, 1 if it was refused.
    marks: Vec<[i64; 5]>,
    samples: Samples,
    /// Rows of processes.
    outlived: Vec<usize>,
    would_refuse: WouldRefuse,
}

/// The kinds of marks, by number; `app/marks.js` has the same list.
const KINDS: [Kind; 5] = [
    Kind::Session,
    Kind::Terminal,
    Kind::Listen,
    Kind::Refused,
    Kind::Orphan,
];

#[derive(Debug, Serialize)]
struct Run<'a> {
    guardrun: &'a str,
    run: &'a str,
    suite: &'a Option<String>,
    command: &'a [String],
    cwd: &'a str,
    started: &'a str,
    level: &'a str,
    fence: &'a str,
    cpus: u32,
    memory: Option<u64>,
    eyes: &'a [String],
    /// Also those that were found out later.
    gaps: Vec<&'a str>,
}

#[derive(Debug, Serialize)]
struct End<'a> {
    exit: Option<u8>,
    signal: &'a Option<String>,
    verdicts: &'a [String],
    processes: u64,
    at_once: u64,
    peak: Option<u64>,
    class: &'a str,
    policy: &'a str,
}

/// One entry in each for every process, in the order of their birth. What is not known is -1.
#[derive(Debug, Default, Serialize)]
struct Processes {
    id: Vec<i64>,
    pid: Vec<i64>,
    /// The row of the parent.
    parent: Vec<i64>,
    /// Differences to the one before.
    start: Vec<i64>,
    /// How long it lived.
    lived: Vec<i64>,
    role: Vec<i64>,
    argv: Vec<i64>,
    exe: Vec<i64>,
    cwd: Vec<i64>,
    /// Exit code or name of a signal, as a string.
    status: Vec<i64>,
    /// In KiB.
    peak: Vec<i64>,
    /// Processor time in milliseconds.
    cpu: Vec<i64>,
    flags: Vec<u8>,
}

/// It executed nothing, and is what its parent was.
const FORKED: u8 = 1;
/// guardrun ended it.
const BY_GUARDRUN: u8 = 2;
/// Its arguments are not all there.
const CUT: u8 = 4;
/// It was there when it was first heard of.
const START_UNKNOWN: u8 = 8;

#[derive(Debug, Default, Serialize)]
struct Samples {
    at: Vec<u64>,
    memory: Vec<u64>,
}

/// The first process, what it did, the rule, the program, how often.
#[derive(Debug, Default, Serialize)]
struct WouldRefuse {
    daemons: Vec<[i64; 5]>,
    processes: Vec<[i64; 5]>,
}

/// The columns of a recording.
pub(super) fn columns(recording: &Recording) -> Columns<'_> {
    let mut tables = LENGTHS.iter().map(|length| Table::new(recording, *length));
    let fits = tables.find(|table| table.bytes() <= BUDGET);
    let table = fits.unwrap_or_else(|| Table::new(recording, SHORTEST));
    laid_out(recording, table)
}

fn laid_out<'a>(recording: &'a Recording, mut table: Table<'a>) -> Columns<'a> {
    let order = by_birth(recording);
    let mut row_of = vec![0; order.len()];
    for (row, process) in order.iter().enumerate() {
        row_of[*process] = row;
    }
    let mut processes = Processes::default();
    let mut before = Vec::new();
    let mut last_start = 0;
    for (row, process) in order.iter().enumerate() {
        let process = &recording.processes[*process];
        table.process(process, &row_of, &mut last_start, &mut processes);
        let earlier = process.programs.len().saturating_sub(1);
        for program in &process.programs[..earlier] {
            let [argv, exe, cwd, _] = table.program(program);
            before.push([row as i64, program.at as i64, argv, exe, cwd]);
        }
    }
    let marks = recording.marks.iter().map(|mark| {
        let kind = KINDS.iter().position(|kind| *kind == mark.kind);
        [
            row_of[mark.process] as i64,
            mark.at as i64,
            kind.map_or(NONE, |kind| kind as i64),
            table.short(mark.object.as_deref()),
            mark.refused.into(),
        ]
    });
    let mut marks: Vec<[i64; 5]> = marks.collect();
    marks.sort_by_key(|mark| (mark[0], mark[1]));
    let samples = &recording.samples;
    let end = recording.end.as_ref();
    let row = |id: u64| recording.row(id).map(|process| row_of[process]);
    let mut refusals = |list: &[Refusal]| {
        let known = list.iter().filter_map(|refusal| {
            let row = row(refusal.id)? as i64;
            let mut number = |text: &String| table.short(Some(text.as_str()));
            let [deed, rule, program] =
                [&refusal.deed, &refusal.rule, &refusal.program].map(&mut number);
            Some([row, deed, rule, program, refusal.times.max(1) as i64])
        });
        known.collect()
    };
    let would_refuse = end.map(|end| WouldRefuse {
        daemons: refusals(&end.would_refuse.daemons),
        processes: refusals(&end.would_refuse.processes),
    });
    Columns {
        run: run(recording),
        end: end.map(ending),
        last: recording.last,
        cut: table.was_cut.then_some(table.length),
        torn: recording.torn,
        processes,
        before,
        marks,
        samples: Samples {
            at: samples.iter().map(|sample| sample.at).collect(),
            memory: samples.iter().map(|sample| sample.memory).collect(),
        },
        outlived: end.map_or(Vec::new(), |end| {
            end.outlived_run.iter().copied().filter_map(row).collect()
        }),
        would_refuse: would_refuse.unwrap_or_default(),
        strings: table.strings.texts().map(str::to_owned).collect(),
        argvs: table.argvs,
    }
}

/// Parents before their children, and otherwise by the time of birth.
fn by_birth(recording: &Recording) -> Vec<usize> {
    let mut order: Vec<usize> = (0..recording.processes.len()).collect();
    order.sort_by_key(|process| {
        let process = &recording.processes[*process];
        (process.start, process.id)
    });
    order
}

fn run(recording: &Recording) -> Run<'_> {
    let event = &recording.run;
    let later = recording.end.iter().flat_map(|end| &end.gaps);
    Run {
        guardrun: &event.guardrun,
        run: &event.run,
        suite: &event.suite,
        command: &event.command,
        cwd: &event.cwd,
        started: &event.started,
        level: &event.level,
        fence: &event.fence,
        cpus: event.host.cpus,
        memory: event.host.memory_bytes,
        eyes: &event.eyes,
        gaps: event.gaps.iter().chain(later).map(String::as_str).collect(),
    }
}

fn ending(event: &event::End) -> End<'_> {
    End {
        exit: event.exit,
        signal: &event.signal,
        verdicts: &event.verdicts,
        processes: event.processes,
        at_once: event.at_once,
        peak: event.peak_memory_bytes,
        class: &event.class,
        policy: &event.policy,
    }
}

fn number(value: Option<u64>) -> i64 {
    value.map_or(NONE, |value| i64::try_from(value).unwrap_or(i64::MAX))
}

/// The texts of the page, with arguments of one length.
struct Table<'a> {
    recording: &'a Recording,
    length: usize,
    was_cut: bool,
    strings: Strings,
    argvs: Vec<Vec<u32>>,
    numbers: HashMap<Vec<u32>, i64>,
    /// By the numbers of the recording's strings.
    known: HashMap<&'a [u32], List>,
}

/// A list of arguments in the table, and whether it is all of them.
#[derive(Clone, Copy)]
struct List {
    number: i64,
    cut: bool,
}

impl<'a> Table<'a> {
    /// With every list of arguments in it.
    fn new(recording: &'a Recording, length: usize) -> Table<'a> {
        let mut table = Table {
            recording,
            length,
            was_cut: false,
            strings: Strings::default(),
            argvs: Vec::new(),
            numbers: HashMap::new(),
            known: HashMap::new(),
        };
        for process in &recording.processes {
            for program in &process.programs {
                table.argv(&program.argv);
            }
        }
        table
    }

    /// What it takes as JSON, roughly.
    fn bytes(&self) -> usize {
        let texts: usize = self.strings.texts().map(|text| text.len() + 3).sum();
        let lists: usize = self.argvs.iter().map(|argv| argv.len() * 6 + 3).sum();
        texts + lists
    }

    /// A list of arguments, cut to the table's length.
    fn argv(&mut self, argv: &'a [u32]) -> List {
        if let Some(known) = self.known.get(argv) {
            return *known;
        }
        let (mut room, mut cut) = (self.length, false);
        let mut list = Vec::new();
        for argument in argv {
            let whole = self.recording.strings.text(*argument);
            let text = beginning(whole, room);
            cut |= text.len() < whole.len();
            if room == 0 {
                cut = true;
                break;
            }
            list.push(self.strings.number(text));
            // An argument costs its place in the list too.
            room = room.saturating_sub(text.len() + 1);
        }
        let next = self.argvs.len() as i64;
        let number = *self.numbers.entry(list.clone()).or_insert(next);
        if number == next {
            self.argvs.push(list);
        }
        self.was_cut |= cut;
        let list = List { number, cut };
        self.known.insert(argv, list);
        list
    }

    /// Arguments, executable, directory and role of a program.
    fn program(&mut self, program: &'a Program) -> [i64; 4] {
        let strings = &self.recording.strings;
        let mut text = |number: Option<u32>| {
            number.map_or(NONE, |number| {
                self.strings
                    .number(beginning(strings.text(number), LONGEST))
                    .into()
            })
        };
        let (exe, cwd) = (text(program.exe), text(program.cwd));
        let role = self.short(program.role.map(event::Role::name));
        let argv = match program.argv.as_slice() {
            [] => NONE,
            argv => self.argv(argv).number,
        };
        [argv, exe, cwd, role]
    }

    fn short(&mut self, text: Option<&str>) -> i64 {
        text.map_or(NONE, |text| {
            self.strings.number(beginning(text, LONGEST)).into()
        })
    }

    fn process(
        &mut self,
        process: &'a Process,
        row_of: &[usize],
        last_start: &mut i64,
        to: &mut Processes,
    ) {
        let own = process.programs.last();
        let program = own.or(process.forked.as_ref());
        let [argv, exe, cwd, role] = program.map_or([NONE; 4], |program| self.program(program));
        let start = process.start as i64;
        to.id.push(process.id as i64);
        to.pid.push(process.pid.map_or(NONE, i64::from));
        to.parent
            .push(process.parent.map_or(NONE, |parent| row_of[parent] as i64));
        to.start.push(start - *last_start);
        *last_start = start;
        to.lived
            .push(process.end.map_or(NONE, |end| end as i64 - start));
        to.role.push(role);
        to.argv.push(argv);
        to.exe.push(exe);
        to.cwd.push(cwd);
        let status = match (&process.signal, process.code) {
            (Some(signal), _) => Some(signal.clone()),
            (None, code) => code.map(|code| code.to_string()),
        };
        to.status.push(self.short(status.as_deref()));
        to.peak.push(number(
            process.peak_memory.map(|bytes| bytes.div_ceil(1024)),
        ));
        to.cpu.push(
            process
                .cpu
                .map_or(NONE, |seconds| (seconds * 1000.0).round() as i64),
        );
        let cut = program.is_some_and(|program| program.cut || self.argv(&program.argv).cut);
        let flags = [
            (own.is_none() && program.is_some(), FORKED),
            (process.by_guardrun, BY_GUARDRUN),
            (cut, CUT),
            (!process.start_seen, START_UNKNOWN),
        ];
        to.flags.push(
            flags
                .iter()
                .filter(|(is, _)| *is)
                .map(|(_, flag)| flag)
                .sum(),
        );
    }
}
