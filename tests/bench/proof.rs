//! What it costs to count a large report: time and memory, for each format, in a process of its own.

use crate::figures::Sample;
use crate::table::{Aim, Report, Row};
use guardrun::proof::{self, Tally};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

/// How many tests are in one report.
const CASES: usize = 100_000;
/// How long that may take, in milliseconds.
const TIME: f64 = 1000.0;
/// How much of what it holds the counting process may take for it, in MiB.
const MEMORY: f64 = 16.0;

/// The words of the role.
#[derive(clap::Args)]
pub(crate) struct Words {
    /// The report to count
    report: PathBuf,
}

/// Counts one report, and says how long it took (in milliseconds) and how much memory it took at the most (in MiB).
pub(crate) fn count_here(words: &Words) -> io::Result<()> {
    let before = peak()?;
    let start = Instant::now();
    let mut tally = Tally::new(&[], []);
    let read = proof::read(None, File::open(&words.report)?, &mut tally);
    let executed = tally.close().counts.executed;
    let took = start.elapsed().as_secs_f64() * 1e3;
    let told = read.map_or_else(|why| why.to_string(), |format| format.to_string());
    writeln!(
        io::stdout(),
        "{took} {} {executed} {told}",
        peak()? - before
    )
}

/// Counts each kind of report, in turns.
pub(crate) fn measure(place: &Path, turns: usize) -> io::Result<Report> {
    let reports = [
        (
            "junit, 100,000 tests",
            "junit.xml",
            write_junit as fn(&mut dyn Write) -> io::Result<()>,
        ),
        ("libtest, 100,000 tests", "libtest.txt", write_libtest),
        ("go-json, 100,000 tests", "go.json", write_go),
        ("tap, 100,000 tests", "out.tap", write_tap),
        ("junit, 50 MB of output, cut off", "cut.xml", write_cut),
    ];
    for (_, file, write) in &reports {
        let mut out = BufWriter::new(File::create(place.join(file))?);
        write(&mut out)?;
        out.flush()?;
    }
    let mut samples = vec![(Sample::default(), Sample::default()); reports.len()];
    for _ in 0..turns {
        for ((_, file, _), (time, memory)) in reports.iter().zip(&mut samples) {
            let (took, most) = count(&place.join(file))?;
            time.0.push(took);
            memory.0.push(most);
        }
    }
    let mut rows = Vec::new();
    let (mut slowest, mut largest) = (0.0_f64, 0.0_f64);
    for ((name, file, _), (time, memory)) in reports.iter().zip(&samples) {
        let megabytes = fs::metadata(place.join(file))?.len() as f64 / 1e6;
        slowest = slowest.max(time.median());
        largest = largest.max(memory.median());
        rows.push(Row {
            name: (*name).to_owned(),
            figures: vec![
                Some(megabytes),
                Some(time.median()),
                Some(time.quantile(0.25)),
                Some(time.quantile(0.75)),
                Some(memory.median()),
            ],
        });
    }
    let columns = [
        "MB",
        "median ms",
        "lower quartile",
        "upper quartile",
        "peak MiB over the start",
    ];
    Ok(Report {
        title: format!("Counting a report, {turns} turns"),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
        aims: vec![
            Aim::new("the slowest, in milliseconds", TIME, slowest),
            Aim::new("the most memory, in MiB", MEMORY, largest),
        ],
    })
}

fn count(report: &Path) -> io::Result<(f64, f64)> {
    let output = Command::new(std::env::current_exe()?)
        .arg("count")
        .arg(report)
        .stderr(Stdio::inherit())
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut figures = text.split_whitespace().map(str::parse::<f64>);
    match (figures.next(), figures.next()) {
        (Some(Ok(time)), Some(Ok(memory))) => Ok((time, memory)),
        _ => Err(io::Error::other(format!("no figures: {text}"))),
    }
}

/// The most memory that this process has taken so far, in MiB (VmHWM of proc_pid_status(5)).
fn peak() -> io::Result<f64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    Ok(kilobytes.unwrap_or(f64::NAN) / 1024.0)
}

fn write_junit(out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<testsuites name=\"all\" tests=\"{CASES}\"><testsuite name=\"harbour\" tests=\"{CASES}\">"
    )?;
    for number in 0..CASES {
        writeln!(
            out,
            "<testcase name=\"module::test_number_{number}\" classname=\"harbour::it\" time=\"0.001\"><system-out>{:150}</system-out></testcase>",
            "said"
        )?;
    }
    writeln!(out, "</testsuite></testsuites>")
}

fn write_libtest(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "running {CASES} tests")?;
    for number in 0..CASES {
        writeln!(out, "test module::test_number_{number} ... ok")?;
    }
    writeln!(
        out,
        "\ntest result: ok. {CASES} passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s"
    )
}

fn write_go(out: &mut dyn Write) -> io::Result<()> {
    for number in 0..CASES {
        for action in ["run", "output", "pass"] {
            writeln!(
                out,
                "{{\"Time\":\"2026-11-21T05:51:26.978081058Z\",\"Action\":\"{action}\",\"Package\":\"example.com/harbour\",\"Test\":\"TestNumber{number}\",\"Output\":\"--- PASS\\n\"}}"
            )?;
        }
    }
    writeln!(
        out,
        "{{\"Action\":\"pass\",\"Package\":\"example.com/harbour\"}}"
    )
}

fn write_tap(out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "TAP version 13\n1..{CASES}")?;
    for number in 0..CASES {
        writeln!(
            out,
            "ok {} - test number {number}\n  ---\n  duration_ms: 0.1\n  ...",
            number + 1
        )?;
    }
    Ok(())
}

fn write_cut(out: &mut dyn Write) -> io::Result<()> {
    write!(
        out,
        "<testsuites><testsuite name=\"s\"><testcase name=\"a\"><system-out>"
    )?;
    for _ in 0..1_000_000 {
        writeln!(out, "fifty bytes of what some test has said &amp; done.")?;
    }
    Ok(())
}
