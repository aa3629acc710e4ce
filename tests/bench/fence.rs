//! What a fence costs, and an audit: one start of a program by posix_spawn(3), bare, under each class, and audited; and under
//! `strace -f`, which is what people would use to see as much.

use crate::contender::guardrun;
use crate::figures::Sample;
use crate::start;
use crate::table::{Aim, Report, Row};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A policy without a fence.
pub(crate) const UNFENCED: &str = "[suite.all]\nmatch = [\"**\"]\n\
    [suite.all.dangerously-fence-weaker]\nfence = \"off\"\nreason = \"measured\"\n";

/// How often each is measured, in turns.
const TURNS: usize = 7;
/// How long one may take.
const LIMIT: Duration = Duration::from_secs(300);

/// `starts NUMBER`: starts `true` so often, one after the other.
pub(crate) fn start_many(number: usize) -> io::Result<()> {
    for _ in 0..number {
        let status = Command::new("/bin/true").stdin(Stdio::null()).status()?;
        if !status.success() {
            return Err(io::Error::other(format!("true: {status}")));
        }
    }
    Ok(())
}

/// A name, and what stands in front of the command.
pub(crate) type Front = (String, Vec<OsString>);

/// Nothing, guardrun with each of these classes, and `strace -f` where it works.
pub(crate) fn everybody(place: &Path, classes: &[&str]) -> io::Result<Vec<Front>> {
    let mut everybody = vec![("bare".to_owned(), Vec::new())];
    for class in classes {
        let policy = place.join(format!("{class}.toml"));
        std::fs::write(&policy, rules(class))?;
        let words = [
            "-q".into(),
            "--policy".into(),
            policy.into_os_string(),
            "--".into(),
        ];
        let front = [guardrun()].into_iter().chain(words).collect();
        everybody.push((format!("guardrun, fence {class}"), front));
    }
    // Behind no fence, so that what is measured is the tracing and the events.
    let mut audit: Vec<OsString> = vec![guardrun(), "-q".into(), "audit".into()];
    audit.extend([
        "--policy".into(),
        place.join("off.toml").into(),
        "--events".into(),
    ]);
    audit.extend([place.join("events").into_os_string(), "--".into()]);
    everybody.push(("guardrun audit".to_owned(), audit));
    let trace = "strace -f -qq -o /dev/null -e trace=execve,execveat,setsid,listen";
    let trace: Vec<OsString> = trace.split(' ').map(OsString::from).collect();
    if start::quiet(&trace, &["true".into()])
        .status()
        .is_ok_and(|status| status.success())
    {
        everybody.push(("strace -f".to_owned(), trace));
    }
    Ok(everybody)
}

/// Measures everybody in turns.
pub(crate) fn measure(place: &Path, number: usize) -> io::Result<Report> {
    let everybody = everybody(place, &["off", "observe", "daemons", "processes"])?;
    let own = std::env::current_exe()?.into_os_string();
    let suite = [own, "starts".into(), number.to_string().into()];
    let mut samples = vec![Sample::default(); everybody.len()];
    for _ in 0..TURNS {
        for ((name, front), sample) in everybody.iter().zip(&mut samples) {
            let begin = Instant::now();
            let child = start::quiet(front, &suite).spawn()?;
            let status = start::end_within(child, LIMIT)?;
            let took = begin.elapsed().as_secs_f64();
            if !status.success() {
                return Err(io::Error::other(format!("{name}: {status}")));
            }
            sample.0.push(took * 1e6 / number as f64);
        }
    }
    let bare = samples[0].clone();
    let over = |sample: &Sample| sample.with(&bare, |x, bare| x - bare).median();
    let rows: Vec<Row> = everybody
        .iter()
        .zip(&samples)
        .map(|((name, _), sample)| Row {
            name: name.clone(),
            figures: vec![
                Some(sample.median()),
                Some(over(sample)),
                Some(sample.with(&bare, |x, bare| x / bare).median()),
            ],
        })
        .collect();
    let of = |class: &str| {
        let row = rows.iter().find(|row| row.name.ends_with(class))?;
        row.figures[1]
    };
    let aim = |class: &str| {
        let what = format!("microseconds for one start under fence {class}, over bare");
        Some(Aim::new(&what, 40.0, of(class)?))
    };
    let aims = ["observe", "daemons", "processes"].map(aim);
    Ok(Report {
        title: format!("One of {number} starts of `true`, microseconds, {TURNS} turns"),
        columns: ["median", "over bare", "÷ bare"]
            .map(str::to_owned)
            .to_vec(),
        aims: aims.into_iter().flatten().collect(),
        rows,
    })
}

fn rules(class: &str) -> String {
    let suite = "[suite.all]\nmatch = [\"**\"]\n";
    match class {
        "off" | "observe" => UNFENCED.replace("\"off\"", &format!("\"{class}\"")),
        "processes" => format!(
            "{suite}fence = \"processes\"\n[[suite.all.dangerously-allow-fenced]]\nwhat = \"start\"\nmatch = \"true\"\nreason = \"measured\"\n"
        ),
        class => format!("{suite}fence = \"{class}\"\n"),
    }
}
