//! What an audit sees, one event in a line of JSON. docs/guardrun-audit.schema.json describes it for others.
//!
//! Times are seconds since the start of the run. A process has a number of the audit's own: pids are used again, those are not.
//! What is not known is left out. Readers pass over events and keys that they do not know, so both may be added.

use serde::{Deserialize, Serialize, Serializer};

/// The number of the shape of the events. It grows when something is taken away or comes to mean something else.
pub const SHAPE: u32 = 1;

/// The audit's own number of a process: 1, 2, 3 … in order of birth.
pub type Id = u64;

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The run begins. The first event of all.
    Run(Box<Run>),
    /// A process was born.
    Start(Start),
    /// It executed a program.
    Exec(Box<Exec>),
    /// It made a session of its own.
    Session(Deed),
    /// It made a pseudoterminal usable.
    Terminal(Deed),
    /// It listens on a socket.
    Listen(Deed),
    /// The fence refused it something else.
    Refused(Deed),
    /// Its parent has ended.
    Orphan(Orphan),
    /// What the whole suite uses.
    Sample(Sample),
    /// It ended.
    Exit(Exit),
    /// The run is over. The last event of all.
    End(Box<End>),
    /// An event that this guardrun does not know.
    #[serde(other)]
    Unknown,
}

/// `run`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Run {
    /// `SHAPE`.
    pub schema: u32,
    /// guardrun's version.
    pub guardrun: String,
    /// The run's id.
    pub run: String,
    /// The suite's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suite: Option<String>,
    /// What was executed.
    pub command: Vec<String>,
    /// Where.
    pub cwd: String,
    /// When, by the wall clock.
    pub started: String,
    /// How it was held.
    pub level: String,
    /// The fence that was in force.
    pub fence: String,
    /// The machine.
    pub host: Host,
    /// What was seen with.
    pub eyes: Vec<String>,
    /// What was not seen, as sentences.
    pub gaps: Vec<String>,
}

/// The machine of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Host {
    /// Processors that the run could use.
    pub cpus: u32,
    /// Its memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
}

/// `start`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Start {
    /// When.
    #[serde(serialize_with = "micros")]
    pub t: f64,
    /// Who.
    pub id: Id,
    /// Its pid, as guardrun sees it.
    #[serde(default)]
    pub pid: i32,
    /// Who made it; None for the first, and where that could not be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<Id>,
}

/// `exec`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exec {
    /// When.
    #[serde(serialize_with = "micros")]
    pub t: f64,
    /// Who.
    pub id: Id,
    /// Its arguments.
    #[serde(default)]
    pub argv: Vec<String>,
    /// Whether there were more.
    #[serde(default, skip_serializing_if = "is_false")]
    pub argv_cut: bool,
    /// Its executable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exe: Option<String>,
    /// The path with which it was executed, where that is not its first argument: a script's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its working directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cwd: Option<String>,
    /// Where it stands in the run; None until that was found out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Whether it is a background job of a shell script.
    #[serde(default, skip_serializing_if = "is_false")]
    pub background: bool,
}

/// Where a program stands in a test run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// It builds, or belongs to what builds.
    Toolchain,
    /// It starts the tests: a shell, `make`, `npm`, `cargo`.
    Runner,
    /// Tests run in it.
    Host,
    /// A process that a test runner has started to run tests in.
    Worker,
    /// It goes along with a run without being a part of it: `sccache`, Xvfb.
    Tool,
    /// A test started it.
    Test,
}

impl Role {
    /// All of them, from above to below.
    pub const ALL: [Role; 6] = [
        Role::Toolchain,
        Role::Runner,
        Role::Tool,
        Role::Host,
        Role::Worker,
        Role::Test,
    ];

    /// The word used in the events.
    pub fn name(self) -> &'static str {
        match self {
            Role::Toolchain => "toolchain",
            Role::Runner => "runner",
            Role::Host => "host",
            Role::Worker => "worker",
            Role::Tool => "tool",
            Role::Test => "test",
        }
    }
}

/// `session`, `terminal`, `listen` and `refused`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Deed {
    /// When.
    #[serde(serialize_with = "micros")]
    pub t: f64,
    /// Who.
    pub id: Id,
    /// Where it listens: `127.0.0.1:80`, `[::1]:80`, `unix:/path`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deed: Option<String>,
    /// What it was refused with: a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// Whether the fence refused it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub refused: bool,
}

/// `orphan`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Orphan {
    /// When.
    #[serde(serialize_with = "micros")]
    pub t: f64,
    /// Who is left.
    pub id: Id,
    /// Who has ended.
    #[serde(default)]
    pub by: Id,
}

/// `sample`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// When.
    #[serde(serialize_with = "micros")]
    pub t: f64,
    /// The resident memory of all, what they share counted for each.
    pub memory_bytes: u64,
    /// How many there are.
    pub processes: u64,
}

/// `exit`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exit {
    /// When.
    #[serde(serialize_with = "micros")]
    pub t: f64,
    /// Who.
    pub id: Id,
    /// The exit code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    /// The name of the signal that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// The largest resident memory that the program had with which it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// Its processor time.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "some_micros"
    )]
    pub cpu_seconds: Option<f64>,
    /// Whether guardrun killed it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub by_guardrun: bool,
}

/// `end`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct End {
    /// When.
    #[serde(serialize_with = "micros")]
    pub t: f64,
    /// guardrun's exit code; None where it dies of a signal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit: Option<u8>,
    /// The signal that guardrun dies of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signal: Option<String>,
    /// guardrun's verdicts.
    pub verdicts: Vec<String>,
    /// How many processes there were.
    pub processes: u64,
    /// The most at one time.
    pub at_once: u64,
    /// The same with every thread counted, as a ceiling counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threads_at_once: Option<u64>,
    /// The most memory that was seen in use at one time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peak_memory_bytes: Option<u64>,
    /// Who was alive when the run was over, the first of them.
    pub outlived_run: Vec<Id>,
    /// What each class of fence would have refused, the first of each kind.
    pub would_refuse: WouldRefuse,
    /// What the suite is: `processes` or `daemons`, the strictest fence that it fits behind, or `gated`.
    pub class: String,
    /// Lines for a policy.
    pub policy: String,
    /// What was not seen, as sentences, as far as that was found out after the beginning.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gaps: Vec<String>,
}

/// What the classes of fence would have refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WouldRefuse {
    /// The class `daemons`.
    pub daemons: Vec<Refusal>,
    /// The class `processes`.
    pub processes: Vec<Refusal>,
}

/// One kind of thing that would have been refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Refusal {
    /// The first process that did it.
    pub id: Id,
    /// What it did.
    pub deed: String,
    /// The rule that refuses it.
    pub rule: String,
    /// The program that did it or, for a start, that was started.
    pub program: String,
    /// The program in which the tests run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// How often.
    pub times: u64,
}

impl Event {
    /// The event as its line, without the end of it.
    pub fn line(&self) -> String {
        serde_json::to_string(self).expect("events have string keys and finite numbers")
    }
}

fn is_false(flag: &bool) -> bool {
    !*flag
}

fn micros<S: Serializer>(seconds: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((seconds * 1e6).round() / 1e6)
}

fn some_micros<S: Serializer>(seconds: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    micros(&seconds.unwrap_or_default(), serializer)
}

#[cfg(test)]
mod tests {
    use super::{Event, Exec, Role, Start};

    #[test]
    fn an_event_is_one_line_and_unknown_values_are_left_out() {
        let start = Event::Start(Start {
            t: 0.001_000_4,
            id: 2,
            pid: 7,
            parent: None,
        });
        assert_eq!(
            start.line(),
            r#"{"event":"start","t":0.001,"id":2,"pid":7}"#
        );
        let exec = Event::Exec(Box::new(Exec {
            t: 1.5,
            id: 2,
            argv: vec!["/bin/x\n".to_owned()],
            role: Some(Role::Test),
            ..Exec::default()
        }));
        let line = r#"{"event":"exec","t":1.5,"id":2,"argv":["/bin/x\n"],"role":"test"}"#;
        assert_eq!(exec.line(), line);
        assert_eq!(serde_json::from_str::<Event>(line).unwrap(), exec);
    }

    #[test]
    fn what_a_later_guardrun_says_besides_is_passed_over() {
        let unknown = r#"{"event":"weather","t":1,"sun":true}"#;
        assert_eq!(
            serde_json::from_str::<Event>(unknown).unwrap(),
            Event::Unknown
        );
        let more = r#"{"event":"start","t":1,"id":3,"moon":[1]}"#;
        assert!(serde_json::from_str::<Event>(more).is_ok());
    }
}
