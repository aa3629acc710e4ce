//! What a run costs: `just bench`, which is `cargo bench --bench cost`.
//!
//! Everything is measured next to what people would use instead, in turns (A B C A B C …), because a machine that other
//! things run on is slower at one moment than at the next, and only neighbours can be compared. Medians, never means: the
//! slow tail belongs to the machine.
//!
//! ```text
//!  wall.rs   how much longer `X -- true` takes than `true`
//!  rest.rs   memory and processor time of whatever stands between the caller and a sleeping suite
//!  relay.rs  bytes per second of a suite's output, with and without guardrun passing it on
//!  fence.rs  one start of a program, behind each class of fence and under strace
//!  end.rs    from the kill of N processes to the end of the run, next to what the kernel takes by itself
//!  real.rs   a command of the caller's own choice behind fences
//!  proof.rs  counting large reports: time and memory
//! ```
//!
//! The program starts itself again in small roles (`sleepers`, `end`), which nobody else needs to know of.

mod contender;
mod end;
mod fence;
mod figures;
mod proof;
mod real;
mod relay;
mod rest;
mod sleepers;
mod start;
mod sys;
mod table;
mod wall;

// The tests' own way to name a process for good, and to find the processes below another.
#[allow(dead_code)]
#[path = "../it/support/kernel.rs"]
mod kernel;
#[allow(dead_code)]
#[path = "../it/support/proc.rs"]
mod proc;

use clap::{Parser, Subcommand, ValueEnum};
use contender::Skipped;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use table::Report;

/// What a run costs.
#[derive(Parser)]
struct Words {
    /// Print JSON instead of tables
    #[arg(long)]
    json: bool,
    /// Measure only these
    #[arg(long, value_enum, value_delimiter = ',')]
    only: Vec<Part>,
    /// Turns of each program in the measurement of wall time
    #[arg(long, default_value_t = 200)]
    rounds: usize,
    /// Seconds for which an idle run is watched
    #[arg(long, default_value_t = 10)]
    idle: u64,
    /// Turns of each program in the measurement of output that is passed on
    #[arg(long, default_value_t = 15)]
    relay: usize,
    /// Programs to start behind a fence
    #[arg(long, default_value_t = 5_000)]
    starts: usize,
    /// Numbers of processes to end
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000])]
    end: Vec<usize>,
    #[command(flatten)]
    real: real::Words,
    /// cargo bench says this to every bench
    #[arg(long, hide = true)]
    bench: bool,
    #[command(subcommand)]
    role: Option<Role>,
}

/// How often each report is counted.
const COUNTINGS: usize = 9;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Wall,
    Rest,
    Relay,
    End,
    Fence,
    Proof,
}

/// A role that the program plays for itself.
#[derive(Subcommand)]
#[command(hide = true)]
enum Role {
    /// A suite that leaves many sleeping processes
    Sleepers(sleepers::Words),
    /// A suite that starts `true` so often
    Starts {
        /// How often
        number: usize,
    },
    /// One measurement of an end, in a room of its own
    End(end::Words),
    /// One report to count
    Count(proof::Words),
}

fn main() -> ExitCode {
    let words = Words::parse();
    let done = match &words.role {
        Some(Role::Sleepers(words)) => sleepers::sleep(words),
        Some(Role::Starts { number }) => fence::start_many(*number),
        Some(Role::End(words)) => end::measure_here(words),
        Some(Role::Count(words)) => proof::count_here(words),
        None => measure(words),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(words: Words) -> io::Result<()> {
    let real = words.real.absolute()?;
    let place = Place::new()?;
    if let Some(line) = &real.command {
        let report = real::measure(&place.path, &real, line)?;
        return tell(words.json, &[report], &[]);
    }
    let wants = |part| words.only.is_empty() || words.only.contains(&part);
    let mut reports: Vec<Report> = Vec::new();
    let (contenders, skipped) = contender::all(&place.path);
    for skip in &skipped {
        say(&format!("skipped: {}: {}", skip.name, skip.why))?;
    }
    if wants(Part::Wall) {
        say("wall time of `X -- true` …")?;
        reports.push(wall::measure(&contenders, words.rounds)?);
    }
    if wants(Part::Rest) {
        say("memory and processor time at rest …")?;
        reports.push(rest::measure(&contenders, words.idle)?);
    }
    if wants(Part::Relay) {
        say("output passed on …")?;
        reports.push(relay::measure(words.relay)?);
    }
    for number in words.end.iter().filter(|_| wants(Part::End)) {
        say(&format!("ending {number} processes …"))?;
        reports.push(end::measure(*number)?);
    }
    if wants(Part::Fence) {
        say("starts behind a fence …")?;
        reports.push(fence::measure(&place.path, words.starts)?);
    }
    if wants(Part::Proof) {
        say("counting large reports …")?;
        reports.push(proof::measure(&place.path, COUNTINGS)?);
    }
    tell(words.json, &reports, &skipped)
}

fn tell(json: bool, reports: &[Report], skipped: &[Skipped]) -> io::Result<()> {
    let out = io::stdout().lock();
    match json {
        true => table::json(out, reports, skipped),
        false => table::text(out, reports),
    }
}

/// What the user sees while it goes on.
fn say(line: &str) -> io::Result<()> {
    writeln!(io::stderr(), "bench: {line}")
}

/// An empty directory to run in, so that no policy of a project is read, nor any of its size.
struct Place {
    path: PathBuf,
}

impl Place {
    fn new() -> io::Result<Place> {
        let template = std::env::temp_dir().join("guardrun-bench.XXXXXX");
        let path = nix::unistd::mkdtemp(&template)?;
        std::env::set_current_dir(&path)?;
        Ok(Place { path })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}
