//! Where an opt-in came from: who started the first process that had it.
//!
//! An opt-in that was exported once, in a shell or by a launcher, opens a gate for everything that is started from
//! there. So an open gate is told together with its source. This informs and decides nothing: what cannot be read is
//! unknown, and a variable that a program gave itself after its start is not seen (proc_pid_environ(5)).

use serde::Serialize;
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

/// How many ancestors are asked. Real chains are shorter; the bound is for what is not real.
const DEEPEST: usize = 64;

/// The most that is read of an environment, in bytes; the kernel allows more for odd stack limits.
const LARGEST: u64 = 8 * 1024 * 1024;

/// Where a variable's value came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "from")]
pub enum Origin {
    /// The process that started this one had none of it at its own start, so it was set for this command, or in
    /// that shell since.
    ThisCommand {
        /// The process that started this one.
        by: Ancestor,
    },
    /// An ancestor was started with it.
    Inherited {
        /// The outermost of the unbroken line of ancestors that had it.
        first: Ancestor,
        /// The process that started that one, where it can be told.
        by: Option<Ancestor>,
    },
    /// The ancestors cannot be read.
    Unknown,
}

/// A process further up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Ancestor {
    /// Its process id.
    pub pid: u32,
    /// Its name, as in /proc/PID/status.
    pub name: String,
}

/// Where `variable`, which is `1` here, came from. `proc` is where the proc file system is mounted.
pub fn of(variable: &str, proc: &Path) -> Origin {
    let Some(mut next) = parent_of(&proc.join("self")).and_then(|pid| ancestor(proc, pid)) else {
        return Origin::Unknown;
    };
    let mut first = None;
    for _ in 0..DEEPEST {
        let directory = proc.join(next.pid.to_string());
        match started_with(&directory, variable) {
            Some(true) => {}
            Some(false) => return found(first, Some(next)),
            None if first.is_none() => return Origin::Unknown,
            None => return found(first, None),
        }
        let above = parent_of(&directory).and_then(|pid| ancestor(proc, pid));
        first = Some(next);
        match above {
            Some(above) => next = above,
            None => return found(first, None),
        }
    }
    found(first, None)
}

fn found(first: Option<Ancestor>, by: Option<Ancestor>) -> Origin {
    match (first, by) {
        (Some(first), by) => Origin::Inherited { first, by },
        (None, Some(by)) => Origin::ThisCommand { by },
        (None, None) => Origin::Unknown,
    }
}

/// Whether the process was started with the variable being `1`; None where that may not be read.
fn started_with(directory: &Path, variable: &str) -> Option<bool> {
    let mut environment = Vec::new();
    let file = File::open(directory.join("environ")).ok()?;
    file.take(LARGEST).read_to_end(&mut environment).ok()?;
    let wanted = format!("{variable}=1");
    Some(
        environment
            .split(|&byte| byte == 0)
            .any(|entry| entry == wanted.as_bytes()),
    )
}

fn ancestor(proc: &Path, pid: u32) -> Option<Ancestor> {
    let name = status_field(&proc.join(pid.to_string()), "Name")?;
    Some(Ancestor { pid, name })
}

/// The parent's pid; None for a process whose parent is outside this pid namespace, which is told as 0.
fn parent_of(directory: &Path) -> Option<u32> {
    let pid = status_field(directory, "PPid")?.parse().ok()?;
    (pid > 0).then_some(pid)
}

fn status_field(directory: &Path, field: &str) -> Option<String> {
    let bytes = fs::read(directory.join("status")).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    value.map(|value| value.trim().to_owned())
}

impl fmt::Display for Ancestor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A process chooses its own name, which can hold an escape sequence.
        let name: String = self.name.chars().filter(|c| !c.is_control()).collect();
        write!(f, "`{name}` (pid {})", self.pid)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::ThisCommand { by } => write!(f, "set in {by}, or by it for this command"),
            Origin::Inherited {
                first,
                by: Some(by),
            } => write!(f, "set by {by}, inherited since {first}"),
            Origin::Inherited { first, by: None } => write!(f, "inherited since {first}"),
            Origin::Unknown => f.write_str("set by a process that cannot be read"),
        }
    }
}
