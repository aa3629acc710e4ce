//! The reports of a suite on disk: which were there before a run, and which are of the run.
//!
//! A report is of the run if the file is another one than before it, or changed since, by inode, size and both its times;
//! and if it was not written before the run began. Either alone is not enough: a copy of yesterday's report that keeps its
//! time is a new file, and a file system whose clock ticks every two seconds cannot part what was written right before the
//! run from what was written in it.

use super::chain::CULPRITS;
use crate::policy::glob::is_literal;
use crate::policy::proof::{Format, Proof, STDOUT};
use crate::proof::{self, Heard, Ratchet, Report, ReportState, Seen, Tally, Unreadable};
use globset::{GlobBuilder, GlobMatcher};
use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// The coarsest times that a file system has (FAT's). The kernel's own clock for files is some milliseconds late as well.
const COARSEST: Duration = Duration::from_secs(2);
/// The largest report, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024 * 1024;
/// The largest list of what may be skipped, in bytes.
const LARGEST_LIST: u64 = 16 * 1024 * 1024;
/// The most files and directories that are looked at for one glob.
const MOST_ENTRIES: usize = 200_000;
/// The most reports of one suite.
const MOST_REPORTS: usize = 10_000;
/// How deep `**` goes.
const DEEPEST: usize = 64;

/// What was there before a run.
#[derive(Debug)]
pub struct Before {
    began: SystemTime,
    /// The list of what may be skipped, where names have to be compared while the suite runs.
    ratchet: Option<Result<Ratchet, String>>,
    marks: HashMap<PathBuf, Mark>,
}

/// What tells a file from what it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Mark {
    fn of(file: &Metadata) -> Mark {
        Mark {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        }
    }
}

/// Notes the reports that are there already. To be called right before the run.
pub fn before(root: &Path, rules: &Proof) -> Before {
    let files = rules.reports.iter().flat_map(|pattern| {
        // What cannot be found now is told when it is missed.
        find(root, pattern).unwrap_or_default()
    });
    let marks = files.filter_map(|file| {
        let mark = Mark::of(&fs::metadata(&file).ok()?);
        Some((file, mark))
    });
    let ratchet = rules.ratchet.as_ref().filter(|_| rules.stdout);
    Before {
        ratchet: ratchet.map(|path| list(&root.join(path))),
        marks: marks.collect(),
        began: SystemTime::now(),
    }
}

/// Begins to listen for the report that the suite prints, if its proof asks for that.
pub fn listen(rules: &Proof, before: &Before) -> Option<Heard> {
    let listed = before.ratchet.iter().flatten().flat_map(Ratchet::names);
    rules
        .stdout
        .then(|| Heard::new(rules.format, Tally::new(&rules.must_run, listed)))
}

/// The same as [`look`], with the report that was heard while the suite ran, if one was.
pub fn look_and_hear(
    root: &Path,
    rules: &Proof,
    before: Option<&Before>,
    ledger: Option<(&Path, &str)>,
    heard: Option<Heard>,
) -> Seen {
    let name = STDOUT.to_owned();
    let Some(heard) = heard else {
        let mut seen = look(root, rules, before, ledger);
        if rules.stdout {
            let state = ReportState::Missing;
            seen.reports.push(Report { name, state });
        }
        return seen;
    };
    let ratchet = before.and_then(|before| before.ratchet.clone());
    let (read, mut tally) = heard.end();
    let state = read.map_or_else(ReportState::Unreadable, ReportState::Read);
    let mut reports = vec![Report { name, state }];
    files(root, rules, before, &mut tally, &mut reports);
    Seen {
        reports,
        evidence: tally.close(),
        ratchet,
    }
}

/// Reads the reports, and the list of what may be skipped. With `before`, only what is of the run counts. `ledger` is the run's
/// own, with the run's id.
pub fn look(
    root: &Path,
    rules: &Proof,
    before: Option<&Before>,
    ledger: Option<(&Path, &str)>,
) -> Seen {
    let ratchet = rules.ratchet.as_ref().map(|path| list(&root.join(path)));
    let listed = ratchet.iter().flatten().flat_map(Ratchet::names);
    let mut tally = Tally::new(&rules.must_run, listed);
    if let Some((_, run)) = ledger {
        tally = tally.of_run(run);
    }
    let mut reports = Vec::new();
    if rules.reports.is_empty() && !rules.stdout {
        let name = "the run's ledger (GUARDRUN_LEDGER)".to_owned();
        let state = match ledger {
            None => ReportState::Missing,
            Some((file, _)) => read(file, Some(Format::Ledger), None, &mut tally),
        };
        let state = match state {
            ReportState::Missing
            | ReportState::Unreadable(Unreadable::Empty)
            | ReportState::Unreadable(Unreadable::Malformed(..)) => {
                ReportState::NobodyWrote(CULPRITS)
            }
            state => state,
        };
        reports.push(Report { name, state });
    }
    files(root, rules, before, &mut tally, &mut reports);
    let evidence = tally.close();
    Seen {
        reports,
        evidence,
        ratchet,
    }
}

/// Reads the files that are reports.
fn files(
    root: &Path,
    rules: &Proof,
    before: Option<&Before>,
    tally: &mut Tally,
    reports: &mut Vec<Report>,
) {
    for pattern in &rules.reports {
        let files = match find(root, pattern) {
            Ok(files) => files,
            Err(why) => {
                let state = ReportState::Unreadable(Unreadable::Disk(why));
                let name = pattern.clone();
                reports.push(Report { name, state });
                continue;
            }
        };
        if files.is_empty() {
            let (name, state) = (pattern.clone(), ReportState::Missing);
            reports.push(Report { name, state });
            continue;
        }
        let mut found: Vec<Report> = files
            .iter()
            .map(|file| Report {
                name: file
                    .strip_prefix(root)
                    .unwrap_or(file)
                    .to_string_lossy()
                    .into_owned(),
                state: read(file, rules.format, before, tally),
            })
            .collect();
        // What a glob finds besides the reports of this run is no proof, and no reason to doubt them.
        let any_is_new = found
            .iter()
            .any(|report| !matches!(report.state, ReportState::Stale(_)));
        for report in found
            .iter_mut()
            .filter(|_| any_is_new && !is_literal(pattern))
        {
            if let ReportState::Stale(why) = &mut report.state {
                report.state = ReportState::PassedOver(std::mem::take(why));
            }
        }
        reports.append(&mut found);
    }
}

/// The list of what may be skipped. One that is not there lists nothing.
fn list(file: &Path) -> Result<Ratchet, String> {
    Ratchet::read(&list_text(file)?).map_err(|error| error.to_string())
}

/// The text of the list; empty where there is none yet.
pub fn list_text(file: &Path) -> Result<String, String> {
    let mut text = String::new();
    match File::open(file) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(text),
        Err(error) => return Err(error.to_string()),
        Ok(opened) => opened
            .take(LARGEST_LIST)
            .read_to_string(&mut text)
            .map_err(|error| error.to_string())?,
    };
    Ok(text)
}

fn read(
    file: &Path,
    format: Option<Format>,
    before: Option<&Before>,
    tally: &mut Tally,
) -> ReportState {
    let disk = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => ReportState::Missing,
        _ => ReportState::Unreadable(Unreadable::Disk(error.to_string())),
    };
    // Asked before it is opened: opening a FIFO waits for somebody to write.
    let metadata = match fs::metadata(file) {
        Ok(metadata) if !metadata.is_file() => return ReportState::NotAFile,
        Ok(metadata) => metadata,
        Err(error) => return disk(error),
    };
    if let Some(why) = before.and_then(|before| before.is_older(file, &metadata)) {
        return ReportState::Stale(why);
    }
    if metadata.size() > LARGEST {
        let why = format!(
            "it has {} bytes, and {LARGEST} are the most",
            metadata.size()
        );
        return ReportState::Unreadable(Unreadable::Disk(why));
    }
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) => return disk(error),
    };
    match proof::read(format, opened.take(LARGEST), tally) {
        Ok(format) => ReportState::Read(format),
        Err(why) => ReportState::Unreadable(why),
    }
}

impl Before {
    /// Why this file is not of the run, if it is not.
    fn is_older(&self, file: &Path, now: &Metadata) -> Option<String> {
        let modified = now.modified().ok()?;
        let ago = |time: SystemTime| {
            let ago = self.began.duration_since(time).unwrap_or_default();
            humantime::format_duration(Duration::from_secs(ago.as_secs())).to_string()
        };
        if self.marks.get(file) == Some(&Mark::of(now)) {
            return Some(format!(
                "it is as it was before the run, written {} before its start",
                ago(modified)
            ));
        }
        (modified + COARSEST < self.began).then(|| {
            format!(
                "it came during the run, and was written {} before its start",
                ago(modified)
            )
        })
    }
}

/// The files that a path or a glob below the root stands for, in the order of their names.
fn find(root: &Path, pattern: &str) -> Result<Vec<PathBuf>, String> {
    if is_literal(pattern) {
        let file = root.join(pattern);
        return Ok(fs::symlink_metadata(&file)
            .is_ok()
            .then_some(file)
            .into_iter()
            .collect());
    }
    let glob = GlobBuilder::new(pattern)
        .literal_separator(true)
        .backslash_escape(true)
        .empty_alternates(true)
        .build()
        .map_err(|error| error.to_string())?
        .compile_matcher();
    let components: Vec<&str> = pattern.split('/').collect();
    let literal = components
        .iter()
        .take_while(|part| is_literal(part))
        .count();
    let literal = literal.min(components.len() - 1);
    let deepest = match pattern.contains("**") {
        true => DEEPEST,
        false => components.len(),
    };
    let mut search = Search {
        root,
        glob,
        deepest,
        looked_at: 0,
        found: Vec::new(),
    };
    let start: PathBuf = components[..literal].iter().collect();
    search.walk(&start, literal)?;
    search.found.sort_unstable();
    Ok(search.found)
}

struct Search<'a> {
    root: &'a Path,
    glob: GlobMatcher,
    deepest: usize,
    looked_at: usize,
    found: Vec<PathBuf>,
}

impl Search<'_> {
    fn walk(&mut self, below: &Path, depth: usize) -> Result<(), String> {
        let directory = self.root.join(below);
        let entries = match fs::read_dir(&directory) {
            Ok(entries) => entries,
            // One that cannot be read holds no report that anybody could read.
            Err(_) => return Ok(()),
        };
        for entry in entries.flatten() {
            self.looked_at += 1;
            if self.looked_at > MOST_ENTRIES {
                return Err(format!(
                    "more than {MOST_ENTRIES} files and directories would have to be looked at; name a narrower place"
                ));
            }
            let path = below.join(entry.file_name());
            // A link to a directory is not followed: it may lead back up.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                if depth + 1 < self.deepest {
                    self.walk(&path, depth + 1)?;
                }
            } else if self.glob.is_match(&path) {
                if self.found.len() >= MOST_REPORTS {
                    return Err(format!("it stands for more than {MOST_REPORTS} files"));
                }
                self.found.push(self.root.join(&path));
            }
        }
        Ok(())
    }
}
