//! What stands between the caller and a suite that sleeps: its memory, and the processor time that it takes.

use crate::contender::{BARE, Contender};
use crate::kernel::readable_within;
use crate::proc;
use crate::start::{self, RUN};
use crate::table::{Aim, Report, Row};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

/// The most memory that front and keeper together may take, in MiB.
const MEMORY: f64 = 6.0;

/// A run whose suite sleeps.
struct Resting {
    name: &'static str,
    child: Child,
    /// Everything between the caller and the suite, the suite left out.
    holders: Vec<i32>,
}

/// Starts everybody, and watches them all at once for this long.
pub(crate) fn measure(contenders: &[Contender], seconds: u64) -> io::Result<Report> {
    let resting: Vec<Resting> = contenders
        .iter()
        .filter(|contender| contender.name != BARE)
        .map(Resting::start)
        .collect::<io::Result<_>>()?;
    let before: Vec<u64> = resting.iter().map(Resting::processor_time).collect();
    // This is what is measured: a stretch of time in which nothing happens.
    std::thread::sleep(Duration::from_secs(seconds));
    let mut rows = Vec::new();
    for (run, before) in resting.iter().zip(before) {
        let spent = run.processor_time() - before;
        let sum = |figure: &str| run.holders.iter().map(|pid| memory(*pid, figure)).sum();
        rows.push(Row {
            name: run.name.to_owned(),
            figures: vec![
                Some(run.holders.len() as f64),
                Some(sum("Pss:")),
                Some(sum("Private_Dirty:")),
                Some(sum("Rss:")),
                Some(run.holders.iter().map(|pid| peak(*pid)).sum()),
                Some(spent as f64 / 1e3),
            ],
        });
    }
    for run in resting {
        run.end()?;
    }
    let ours = rows.iter().filter(|row| row.name.starts_with("guardrun"));
    let most = |column: usize| {
        ours.clone()
            .filter_map(|row| row.figures[column])
            .fold(0.0, f64::max)
    };
    let aims = vec![
        Aim::new(
            "front and keeper together, proportional (MiB)",
            MEMORY,
            most(1),
        ),
        Aim::new("front and keeper together, resident (MiB)", MEMORY, most(3)),
        Aim::new("processor time at rest (microseconds)", 0.0, most(5)),
    ];
    Ok(Report {
        title: format!(
            "At rest: processes that hold the suite, their memory in MiB, and microseconds of processor time in {seconds} s"
        ),
        columns: [
            "processes",
            "PSS",
            "private dirty",
            "RSS",
            "peak RSS",
            "processor time",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows,
        aims,
    })
}

impl Resting {
    /// Starts it, and comes back when the suite sleeps.
    fn start(contender: &Contender) -> io::Result<Resting> {
        // The shell becomes the sleeper after it has spoken, so that everything has been set up by then.
        let suite = ["sh", "-c", "echo ready; exec sleep 300"].map(OsString::from);
        let mut child = start::quiet(&contender.words, &suite)
            .stdout(Stdio::piped())
            .spawn()?;
        let out = child.stdout.take().expect("it is piped");
        if !readable_within(&out, RUN) {
            return Err(io::Error::other(format!(
                "{}: not ready within {RUN:?}",
                contender.name
            )));
        }
        child.stdout = Some(out);
        let all = |pid| {
            let mut all = vec![pid];
            all.extend(proc::descendants(pid));
            all
        };
        let until = Instant::now() + RUN;
        let pid = child.id() as i32;
        // The exec of the sleeper comes a moment after the word.
        while !all(pid).iter().any(|pid| is_suite(*pid)) && Instant::now() < until {
            std::thread::yield_now();
        }
        let holders = all(pid).into_iter().filter(|pid| !is_suite(*pid)).collect();
        Ok(Resting {
            name: contender.name,
            child,
            holders,
        })
    }

    /// Nanoseconds on a processor so far, of all holders.
    fn processor_time(&self) -> u64 {
        self.holders.iter().map(|pid| on_processor(*pid)).sum()
    }

    fn end(mut self) -> io::Result<()> {
        drop(self.child.stdout.take());
        let suite = proc::descendants(self.child.id() as i32);
        let suite = suite.into_iter().find(|pid| is_suite(*pid));
        match suite {
            // Under unshare it is process 1 of its namespace, and TERM is nothing to that.
            Some(suite) => crate::kernel::Process::open(suite)?.signal(libc::SIGKILL),
            None => self.child.kill()?,
        }
        start::end_within(self.child, RUN)
            .map(drop)
            .map_err(|error| io::Error::other(format!("{}: {error}", self.name)))
    }
}

fn is_suite(pid: i32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name == "sleep\n")
}

/// The first field of /proc/PID/schedstat (sched-stats in the kernel's documentation): exact, where ticks of 10 ms are not.
fn on_processor(pid: i32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat")).unwrap_or_default();
    let first = text.split(' ').next();
    first.and_then(|text| text.parse().ok()).unwrap_or_default()
}

/// A figure of smaps_rollup (proc_pid_smaps(5)), in MiB.
fn memory(pid: i32, figure: &str) -> f64 {
    kilobytes(&format!("/proc/{pid}/smaps_rollup"), figure)
}

/// The most that was ever resident, in MiB.
fn peak(pid: i32) -> f64 {
    kilobytes(&format!("/proc/{pid}/status"), "VmHWM:")
}

fn kilobytes(path: &str, figure: &str) -> f64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(figure));
    let number = line.and_then(|rest| rest.split_whitespace().next()?.parse::<f64>().ok());
    number.unwrap_or(f64::NAN) / 1024.0
}
