//! What a fence costs a command of the caller's own choice, such as a build or a test run: `just bench --command 'cargo test'
//! --directory DIR --before 'cargo clean'`. Bare, under guardrun with a fence of each class that refuses nothing there, and under
//! `strace -f`.

use crate::fence;
use crate::figures::Sample;
use crate::start;
use crate::table::{Aim, Report, Row};
use clap::Args;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How long one run may take.
const LIMIT: Duration = Duration::from_secs(1800);

/// A command of the caller's.
#[derive(Args)]
pub(crate) struct Words {
    /// Measure this command line of the shell instead, bare and behind fences
    #[arg(long, value_name = "LINE")]
    pub(crate) command: Option<String>,
    /// Where it runs
    #[arg(long, value_name = "DIR", requires = "command", default_value = ".")]
    directory: PathBuf,
    /// A command line that makes everything as it was, before each turn
    #[arg(long, value_name = "LINE", requires = "command")]
    before: Option<String>,
    /// Turns of each
    #[arg(long, requires = "command", default_value_t = 7)]
    turns: usize,
}

impl Words {
    /// With paths that stay true in another directory.
    pub(crate) fn absolute(mut self) -> io::Result<Words> {
        self.directory = std::fs::canonicalize(&self.directory)?;
        Ok(self)
    }
}

/// Measures everybody in turns.
pub(crate) fn measure(place: &Path, words: &Words, line: &str) -> io::Result<Report> {
    let everybody = fence::everybody(place, &["off", "observe", "daemons"])?;
    let shell = |line: &str| ["sh", "-c", line].map(OsString::from);
    let mut samples = vec![Sample::default(); everybody.len()];
    for _ in 0..words.turns {
        for ((name, front), sample) in everybody.iter().zip(&mut samples) {
            if let Some(before) = &words.before {
                run(&[], &shell(before), words, before)?;
            }
            let begin = Instant::now();
            run(front, &shell(line), words, name)?;
            sample.0.push(begin.elapsed().as_secs_f64());
        }
    }
    let bare = samples[0].clone();
    let ratio = |sample: &Sample| sample.with(&bare, |x, bare| x / bare).median();
    let rows: Vec<Row> = everybody
        .iter()
        .zip(&samples)
        .map(|((name, _), sample)| Row {
            name: name.clone(),
            figures: vec![Some(sample.median()), Some(ratio(sample))],
        })
        .collect();
    let daemons = rows.iter().find(|row| row.name.ends_with("daemons"));
    let daemons = daemons.and_then(|row| row.figures[1]);
    Ok(Report {
        title: format!("`{line}`, seconds, {} turns", words.turns),
        columns: ["median", "÷ bare"].map(str::to_owned).to_vec(),
        aims: daemons
            .map(|is| Aim::new("wall time under fence daemons over bare", 1.03, is))
            .into_iter()
            .collect(),
        rows,
    })
}

fn run(front: &[OsString], command: &[OsString], words: &Words, name: &str) -> io::Result<()> {
    let child = start::quiet(front, command)
        .current_dir(&words.directory)
        .spawn()?;
    let status = start::end_within(child, LIMIT)?;
    match status.success() {
        true => Ok(()),
        false => Err(io::Error::other(format!("{name}: {status}"))),
    }
}
