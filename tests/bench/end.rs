//! From the kill of N processes to the end of the run, next to what the kernel takes for as many.
//!
//! Every measurement is made in a room (`guardrun-actor room`): a pid namespace of its own, which ends with the bench and
//! after a set time, so that nothing of this stays on the machine whatever goes wrong. The kernel's own time is measured
//! in the same room, so that both ends go through as many namespaces.

use crate::contender::guardrun;
use crate::fence::UNFENCED;
use crate::figures::Sample;
use crate::kernel::{Process, readable_within};
use crate::proc;
use crate::start::end_within;
use crate::sys;
use crate::table::{Aim, Report, Row};
use clap::{Args, ValueEnum};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a room lasts at most.
const ROOM_LIFE: Duration = Duration::from_secs(150);
/// How long the suite may take to start its processes.
const READY: Duration = Duration::from_secs(60);
/// How long an end may take before the measurement is given up.
const END: Duration = Duration::from_secs(60);
/// How much longer than the kernel guardrun may take.
const AIM: f64 = 1.2;
/// Memory that a sleeping process takes at the most, for the question whether there is room for all of them.
const EACH: usize = 512 * 1024;

/// What is ended, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum What {
    /// The kernel: SIGKILL to process 1 of a pid namespace
    KernelNamespace,
    /// The kernel: cgroup.kill, until nothing is in the cgroup
    KernelCgroup,
    /// guardrun, asked twice
    Namespace,
    Cgroup,
    Subreaper,
    /// The front is killed; nothing is left when the last of them has closed what it inherited
    KilledNamespace,
    KilledCgroup,
    KilledSubreaper,
    /// The suite passes and leaves them all
    LeakedNamespace,
    LeakedCgroup,
    LeakedSubreaper,
}

impl What {
    /// The row's name.
    fn name(self) -> &'static str {
        match self {
            What::KernelNamespace => "kernel: end of a pid namespace",
            What::KernelCgroup => "kernel: cgroup.kill",
            What::Namespace => "guardrun namespace, asked twice",
            What::Cgroup => "guardrun cgroup, asked twice",
            What::Subreaper => "guardrun subreaper, asked twice",
            What::KilledNamespace => "guardrun namespace, front killed",
            What::KilledCgroup => "guardrun cgroup, front killed",
            What::KilledSubreaper => "guardrun subreaper, front killed",
            What::LeakedNamespace => "guardrun namespace, left by a green suite",
            What::LeakedCgroup => "guardrun cgroup, left by a green suite",
            What::LeakedSubreaper => "guardrun subreaper, left by a green suite",
        }
    }

    fn level(self) -> Option<&'static str> {
        match self {
            What::KernelNamespace | What::KernelCgroup => None,
            What::Namespace | What::KilledNamespace | What::LeakedNamespace => Some("namespace"),
            What::Cgroup | What::KilledCgroup | What::LeakedCgroup => Some("cgroup"),
            What::Subreaper | What::KilledSubreaper | What::LeakedSubreaper => Some("subreaper"),
        }
    }

    /// The kernel's own way, where there is one; `subreaper` has none and is held against the namespace.
    fn against(self) -> What {
        match self.level() {
            Some("cgroup") => What::KernelCgroup,
            None => self,
            _ => What::KernelNamespace,
        }
    }
}

/// One measurement.
#[derive(Args)]
pub(crate) struct Words {
    what: What,
    number: usize,
}

/// Measures every way in turns.
pub(crate) fn measure(number: usize) -> io::Result<Report> {
    let title = format!("From the kill of {number} processes to the end, milliseconds");
    let columns = ["median", "least", "most", "÷ kernel"]
        .map(str::to_owned)
        .to_vec();
    if let Some(lack) = lack_of_room(number)? {
        crate::say(&format!("skipped: end of {number}: {lack}"))?;
        return Ok(Report {
            title,
            columns,
            rows: Vec::new(),
            aims: Vec::new(),
        });
    }
    let turns = if number > 2_000 { 5 } else { 9 };
    let mut samples: Vec<(What, Sample)> = What::value_variants()
        .iter()
        .map(|what| (*what, Sample::default()))
        .collect();
    for _ in 0..turns {
        for (what, sample) in &mut samples {
            match in_a_room(*what, number) {
                Ok(took) => sample.0.push(took),
                Err(error) => crate::say(&format!("{}: {error}", what.name()))?,
            }
        }
    }
    let of = |what: What| {
        let found = samples.iter().find(|(other, _)| *other == what);
        found.map(|(_, sample)| sample.median()).unwrap_or(f64::NAN)
    };
    let rows = samples
        .iter()
        .filter(|(_, sample)| !sample.0.is_empty())
        .map(|(what, sample)| Row {
            name: what.name().to_owned(),
            figures: vec![
                Some(sample.median()),
                Some(sample.quantile(0.0)),
                Some(sample.quantile(1.0)),
                Some(sample.median() / of(what.against())),
            ],
        });
    let aims = [What::Namespace, What::Cgroup, What::Subreaper].map(|what| {
        let name = format!("{}, over the kernel's own time", what.name());
        Aim::new(&name, AIM, of(what) / of(what.against()))
    });
    Ok(Report {
        title: format!("{title}, {turns} turns"),
        columns,
        rows: rows.collect(),
        aims: aims.into(),
    })
}

/// Why so many processes are too many here.
fn lack_of_room(number: usize) -> io::Result<Option<String>> {
    let pids: usize = fs::read_to_string("/proc/sys/kernel/pid_max")?
        .trim()
        .parse()
        .unwrap_or(usize::MAX);
    let (own, _) = nix::sys::resource::getrlimit(nix::sys::resource::Resource::RLIMIT_NPROC)?;
    let memory = fs::read_to_string("/proc/meminfo")?;
    let free: usize = memory
        .lines()
        .find_map(|line| {
            line.strip_prefix("MemAvailable:")?
                .split_whitespace()
                .next()
        })
        .and_then(|text| text.parse().ok())
        .unwrap_or_default();
    Ok(if pids < 3 * number {
        Some(format!("kernel.pid_max is {pids}"))
    } else if own < 2 * number as u64 {
        Some(format!("the limit of processes is {own}"))
    } else if free < number * EACH / 1024 {
        Some(format!("only {} MiB are free", free / 1024))
    } else {
        None
    })
}

/// Starts this program again in a room, and reads the milliseconds that it prints.
fn in_a_room(what: What, number: usize) -> io::Result<f64> {
    let word = what.to_possible_value().expect("none is hidden");
    let mut room = Command::new(env!("CARGO_BIN_EXE_guardrun-actor"))
        .args(["room", "--life", &ROOM_LIFE.as_secs().to_string(), "--"])
        .arg(std::env::current_exe()?)
        .args(["end", word.get_name(), &number.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    // The room ends when this closes, be it by our death.
    let leash = room.stdin.take();
    let mut said = String::new();
    let mut out = room.stdout.take().expect("it is piped");
    out.read_to_string(&mut said)?;
    let ended = end_within(room, ROOM_LIFE);
    drop(leash);
    let status = ended?;
    said.trim()
        .parse()
        .map_err(|_| io::Error::other(format!("no figure, {status}")))
}

/// Makes one measurement and prints it.
pub(crate) fn measure_here(words: &Words) -> io::Result<()> {
    let took = match words.what {
        What::KernelNamespace => end_of_namespace(words.number)?,
        What::KernelCgroup => end_of_cgroup(words.number)?,
        what => end_of_run(what, words.number)?,
    };
    writeln!(io::stdout(), "{}", took.as_secs_f64() * 1e3)
}

fn end_of_namespace(number: usize) -> io::Result<Duration> {
    // The next child is process 1 of a new pid namespace, and here that is the suite's leader itself.
    sys::next_child_in_own_namespace()?;
    let (child, _out) = sleepers(&[], number, &[])?;
    let process = Process::open(child.id() as i32)?;
    let begin = Instant::now();
    process.signal(libc::SIGKILL);
    end_within(child, END)?;
    Ok(begin.elapsed())
}

fn end_of_cgroup(number: usize) -> io::Result<Duration> {
    let leaf = Leaf::make()?;
    let path = leaf.0.to_string_lossy().into_owned();
    let (child, _out) = sleepers(&[], number, &["--cgroup", &path])?;
    let mut events = File::open(leaf.0.join("cgroup.events"))?;
    let mut kill = File::options()
        .write(true)
        .open(leaf.0.join("cgroup.kill"))?;
    let begin = Instant::now();
    kill.write_all(b"1")?;
    wait_until_empty(&mut events)?;
    let took = begin.elapsed();
    end_within(child, END)?;
    Ok(took)
}

/// cgroups(7): a change of cgroup.events is announced by POLLPRI.
fn wait_until_empty(events: &mut File) -> io::Result<()> {
    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use std::io::Seek;
    let until = Instant::now() + END;
    loop {
        let mut text = String::new();
        events.rewind()?;
        events.read_to_string(&mut text)?;
        if text.contains("populated 0") {
            return Ok(());
        }
        let left = until.saturating_duration_since(Instant::now());
        let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
        if left.is_zero() {
            return Err(io::Error::other("the cgroup did not become empty"));
        }
        poll(
            &mut [PollFd::new(events.as_fd(), PollFlags::POLLPRI)],
            timeout,
        )?;
    }
}

/// A policy under which a suite may leave as much behind as it likes.
fn unfenced() -> io::Result<String> {
    let path = std::env::current_dir()?.join("unfenced.toml");
    std::fs::write(&path, UNFENCED)?;
    Ok(path.to_string_lossy().into_owned())
}

fn end_of_run(what: What, number: usize) -> io::Result<Duration> {
    let level = what.level().unwrap_or("auto");
    let front = guardrun();
    let front = [
        front.to_string_lossy().into_owned(),
        "-q".into(),
        "--policy".into(),
        unfenced()?,
        "--level".into(),
        level.into(),
        "--".into(),
    ];
    let leaks = matches!(
        what,
        What::LeakedNamespace | What::LeakedCgroup | What::LeakedSubreaper
    );
    let more: &[&str] = if leaks { &["--leave"] } else { &[] };
    let (child, mut out) = sleepers(&front, number, more)?;
    let process = Process::open(child.id() as i32)?;
    let keeper = proc::children(process.pid).first().copied();
    let keeper = keeper.map(Process::open).transpose()?;
    let begin = Instant::now();
    let took = match what {
        What::KilledNamespace | What::KilledCgroup | What::KilledSubreaper => {
            process.signal(libc::SIGKILL);
            nothing_left(&mut out, END)?;
            let took = begin.elapsed();
            end_within(child, END)?;
            // It still has the run's cgroup and record to remove; the room would end before that.
            if let Some(keeper) = keeper {
                keeper.dies_within(END);
            }
            return Ok(took);
        }
        _ if leaks => {
            end_within(child, END)?;
            begin.elapsed()
        }
        _ => {
            // Two different ones: a second of the same kind would not be told from the first while that is pending.
            process.signal(libc::SIGTERM);
            process.signal(libc::SIGINT);
            end_within(child, END)?;
            begin.elapsed()
        }
    };
    // Whatever is said about the time, it would mean nothing if somebody were left.
    nothing_left(&mut out, Duration::ZERO)?;
    Ok(took)
}

/// Every process of the suite holds the other end of this pipe.
fn nothing_left(out: &mut ChildStdout, time: Duration) -> io::Result<()> {
    match readable_within(out, time) && out.read(&mut [0; 16])? == 0 {
        true => Ok(()),
        false => Err(io::Error::other("something of the suite is left")),
    }
}

/// Starts the sleepers under `front`, and comes back when all of them sleep.
fn sleepers(front: &[String], number: usize, more: &[&str]) -> io::Result<(Child, ChildStdout)> {
    let own = std::env::current_exe()?;
    let number = number.to_string();
    let suite = [&*own.to_string_lossy(), "sleepers", &number].map(str::to_owned);
    let mut words = front.iter().chain(&suite);
    let mut child = Command::new(words.next().expect("there is a word"))
        .args(words)
        .args(more)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let mut out = child.stdout.take().expect("it is piped");
    let mut word = [0; 6];
    match readable_within(&out, READY) && out.read(&mut word)? == word.len() {
        true => Ok((child, out)),
        false => {
            child.kill()?;
            Err(io::Error::other(format!(
                "not ready: {}",
                end_within(child, END)?
            )))
        }
    }
}

/// A cgroup below the bench's own, removed with this value.
struct Leaf(PathBuf);

impl Leaf {
    fn make() -> io::Result<Leaf> {
        let path = guardrun::contain::cgroup::own()
            .map_err(|error| io::Error::other(format!("no cgroup: {error:?}")))?
            .join(format!("guardrun-bench-{:x}", unique()));
        fs::create_dir(&path)?;
        Ok(Leaf(path))
    }
}

/// In a room every bench has the same pid, so that cannot be the name.
fn unique() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| since.as_nanos() as u64)
}

impl Drop for Leaf {
    fn drop(&mut self) {
        // The last process leaves its cgroup a moment after it has been waited for.
        let until = Instant::now() + END;
        while fs::remove_dir(&self.0).is_err() && self.0.exists() && Instant::now() < until {
            std::thread::yield_now();
        }
    }
}
