//! The words typed: the one definition that help, completions and the man page come from. No I/O, no meaning.

use crate::helpers::Language;
use crate::values::{Fence, Leaks, Level, WhenBusy};
use bytesize::ByteSize;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// Makes it safe to run test suites that start real processes.
///
/// `guardrun -- COMMAND` looks the command up in guardrun.toml, refuses it when its gate is closed, and otherwise
/// runs it held: when guardrun returns, or dies in whatever way, nothing of the run is left alive.
#[derive(Parser, Debug)]
#[command(
    name = "guardrun",
    version,
    subcommand_negates_reqs = true,
    arg_required_else_help = true,
    override_usage = "guardrun [OPTIONS] -- COMMAND…\n       guardrun [OPTIONS] run SUITE [-- ARGS…]\n       guardrun audit | explain | check | verify | self-test | ps | logs | reap | doctor | assert | init | about | help …",
    after_help = "Examples:\n  \
        guardrun -- cargo test            judge by guardrun.toml, run held\n  \
        guardrun run daemon               the suite `daemon` of guardrun.toml, if its gate is open\n  \
        guardrun explain -- cargo test    what would happen, and which line of the policy says so\n  \
        guardrun audit -- cargo test      run it, and show every process that it starts\n  \
        guardrun doctor                   what this machine can enforce\n\n\
        The suite's exit status passes through; guardrun's own codes: guardrun about exit-codes"
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub general: General,
    /// Options of a run.
    #[command(flatten)]
    pub run: RunOptions,
    /// What to do; without one, `COMMAND…` is run.
    #[command(subcommand)]
    pub action: Option<Action>,
    /// The command to judge and run
    #[arg(last = true, required = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

impl Cli {
    /// Reads the command line, or says what is wrong with it and exits.
    pub fn read() -> Cli {
        let matches = Cli::command()
            .try_get_matches()
            .unwrap_or_else(|mut error| {
                if let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidArg)
                    && !word.starts_with('-')
                {
                    let hint =
                        format!("a command to run goes after `--`, as in guardrun -- {word}");
                    error.insert(
                        ContextKind::Suggested,
                        ContextValue::StyledStrs(vec![hint.into()]),
                    );
                }
                error.exit()
            });
        if let Some((name, _)) = matches.subcommand() {
            // Options of a run that stand before a subcommand would be read and never looked at.
            let run_options = RunOptions::augment_args(clap::Command::new(""));
            let typed = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
            if let Some(option) = run_options
                .get_arguments()
                .find(|option| typed(option.get_id().as_str()))
            {
                let option = option.get_long().unwrap_or_default();
                let text = format!(
                    "--{option} is an option of a run: write it after `run`, or without `{name}`"
                );
                Cli::command()
                    .error(ErrorKind::ArgumentConflict, text)
                    .exit();
            }
        }
        Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Action {
    /// Run a suite of the policy by its name
    Run(RunSuite),
    /// Run a suite and show every process that it starts; derive lines for the policy
    Audit(Audit),
    /// Say what would happen and which line of the policy says so; runs nothing
    Explain(Explain),
    /// Probe what this machine can enforce, by doing it, with a remedy for each lack
    Doctor(Doctor),
    /// List the runs that are alive, what they use, and the locks that they hold
    Ps(Ps),
    /// Show what was noted about a run
    Logs(Logs),
    /// List what dead runs have left, and end it
    Reap(Reap),
    /// Say by exit status whether this process may start real processes; 0 if so, 40 if not
    Assert(Assert),
    /// Prove that the gated suites really ran for this commit, by the receipts of their runs
    Verify(Verify),
    /// Feed this guardrun hollow, missing and doctored reports and receipts, and see it go red for each
    SelfTest,
    /// Write a first guardrun.toml for this repository
    Init(Init),
    /// Say whether the policy is sound and CI really opens each gate; reads files, runs nothing
    Check(Check),
    /// Take tests that run by now out of the list of those that may be skipped
    Ratchet(Ratchet),
    /// Print the JSON Schema of guardrun.toml, of what guardrun reports, of a receipt, or of what is verified
    Schema {
        /// What it is the schema of
        #[arg(long, value_name = "WHAT", default_value = "policy")]
        of: SchemaOf,
    },
    /// Print a shell completion script
    Completions {
        /// The shell to print it for
        shell: clap_complete::Shell,
    },
    /// Print the manual page, in roff
    Man,
    /// Explain a topic
    #[command(name = "about")]
    About {
        /// The topic
        topic: Topic,
    },
}

/// `guardrun check`.
#[derive(Args, Debug)]
pub struct Check {
    /// Fail for warnings too
    #[arg(long, env = "GUARDRUN_STRICT", value_parser = clap::builder::FalseyValueParser::new())]
    pub strict: bool,
    /// Print no annotations for GitHub Actions
    #[arg(long, env = "GUARDRUN_NO_GITHUB", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_github: bool,
}

/// What `guardrun schema` can print the schema of.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum SchemaOf {
    /// guardrun.toml
    Policy,
    /// The record of `--report` and of a run's `--json`
    Report,
    /// What `guardrun check --json` prints
    Check,
    /// The events of `guardrun audit --json`
    Audit,
    /// The receipt that a run leaves
    Receipt,
    /// What `verify --json` prints
    Verified,
}

/// What `guardrun about` can explain.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Topic {
    /// Every exit code and what it means
    ExitCodes,
    /// What each level of containment stops, and what it does not
    Levels,
}

/// Options of every command.
#[derive(Args, Debug, Default)]
pub struct General {
    /// Use this policy file instead of looking for guardrun.toml
    #[arg(long, global = true, env = "GUARDRUN_POLICY", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub policy: Option<PathBuf>,
    /// Print JSON instead of text
    #[arg(long, global = true, env = "GUARDRUN_JSON", value_parser = clap::builder::FalseyValueParser::new())]
    pub json: bool,
    /// Say nothing but refusals, failures of guardrun's own, and leaks
    #[arg(short, long, global = true, env = "GUARDRUN_QUIET", value_parser = clap::builder::FalseyValueParser::new())]
    pub quiet: bool,
    /// Say more: the level, and why each stronger one was not used
    #[arg(short, long, global = true, env = "GUARDRUN_VERBOSE", value_parser = clap::builder::FalseyValueParser::new())]
    pub verbose: bool,
    /// When to use colour; NO_COLOR is honoured
    #[arg(
        long,
        global = true,
        env = "GUARDRUN_COLOR",
        value_name = "WHEN",
        default_value = "auto"
    )]
    pub color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// When stderr is a terminal and NO_COLOR is not set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Options of a run. Each can tighten what the policy says; to loosen takes the policy.
#[derive(Args, Debug, Default)]
pub struct RunOptions {
    /// Treat the command as this suite (gates of the suite that it matches are still needed)
    #[arg(long, env = "GUARDRUN_SUITE", value_name = "NAME")]
    pub suite: Option<String>,
    /// Hold the run at this level
    #[arg(long, env = "GUARDRUN_LEVEL", value_name = "LEVEL")]
    pub level: Option<LevelChoice>,
    /// Refuse to run at a weaker level than this
    #[arg(long, env = "GUARDRUN_AT_LEAST", value_name = "LEVEL")]
    pub at_least: Option<Level>,
    /// End the run after this much wall clock time, such as 90s or 10m
    #[arg(long, env = "GUARDRUN_TIMEOUT", value_name = "DURATION", value_parser = parse_limit)]
    pub timeout: Option<Duration>,
    /// Time between asking the suite to end and killing it
    #[arg(long, env = "GUARDRUN_GRACE", value_name = "DURATION", value_parser = parse_duration)]
    pub grace: Option<Duration>,
    /// End a suite that writes nothing and does nothing for more than this much time; its output is relayed for that
    #[arg(long, env = "GUARDRUN_IDLE", value_name = "DURATION", value_parser = parse_limit)]
    pub idle: Option<Duration>,
    /// End the run when the whole suite uses more memory than this, such as 512MiB or 4GiB
    #[arg(long, env = "GUARDRUN_MEMORY", value_name = "SIZE", value_parser = parse_memory)]
    pub memory: Option<ByteSize>,
    /// End the run when the whole suite has more processes and threads than this at once
    #[arg(long, env = "GUARDRUN_PROCESSES", value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1..))]
    pub processes: Option<u64>,
    /// What processes left behind by a green run mean
    #[arg(long, env = "GUARDRUN_LEAKS", value_name = "WHAT")]
    pub leaks: Option<Leaks>,
    /// What the suite's tests may not do
    #[arg(long, env = "GUARDRUN_FENCE", value_name = "CLASS")]
    pub fence: Option<Fence>,
    /// What to do when another run has a lock that the suite needs
    #[arg(long, env = "GUARDRUN_LOCK", value_name = "WHAT")]
    pub lock: Option<WhenBusy>,
    /// Go on when the process that started guardrun dies
    #[arg(long, env = "GUARDRUN_OUTLIVE_PARENT", value_parser = clap::builder::FalseyValueParser::new())]
    pub outlive_parent: bool,
    /// Fail unless tests were executed: nothing executed, a skip that nobody accepted, or no proof of a gated suite is a failure
    #[arg(long, env = "GUARDRUN_REQUIRE", value_parser = clap::builder::FalseyValueParser::new())]
    pub require: bool,
    /// Print what would be run and how, and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Write what happened to this file, as JSON
    #[arg(long, env = "GUARDRUN_REPORT", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub report: Option<PathBuf>,
    /// Where the suite writes its JUnit report; guardrun writes one there if the suite could not
    #[arg(long, env = "GUARDRUN_JUNIT", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,
    /// Try nothing again, whatever the policy says
    #[arg(long, env = "GUARDRUN_NO_RETRY", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_retry: bool,
    /// Write no summary and no annotation for GitHub Actions
    #[arg(long, env = "GUARDRUN_NO_GITHUB", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_github: bool,
}

/// A level, or the choice of the strongest that costs the suite nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LevelChoice {
    /// The strongest level that the suite does not notice
    Auto,
    /// A pid namespace of its own
    Namespace,
    /// A cgroup v2 leaf of its own
    Cgroup,
    /// Process group, death signal and subreapers
    Subreaper,
}

/// `guardrun run`.
#[derive(Args, Debug)]
pub struct RunSuite {
    /// The suite's name in guardrun.toml
    pub name: String,
    /// Options of the run.
    #[command(flatten)]
    pub options: RunOptions,
    /// Arguments to add to the suite's command
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<OsString>,
}

/// `guardrun audit`.
#[derive(Args, Debug)]
#[command(
    override_usage = "guardrun audit [OPTIONS] -- COMMAND…\n       guardrun audit [OPTIONS] --suite NAME\n       guardrun audit --from FILE [--diff OLD]",
    after_help = "Example: what does this suite start, and which policy does it need?\n  \
        guardrun audit --events before.jsonl -- cargo test\n\n\
        … and after a change, what has begun that was not there before (exit code 1 if there is anything):\n  \
        guardrun audit --events after.jsonl -- cargo test\n  \
        guardrun audit --from after.jsonl --diff before.jsonl\n\n\
        With --json the events go to standard output as they happen, one JSON object in a line, and what the suite\n\
        writes to its standard output goes to standard error. guardrun schema --of audit describes them."
)]
pub struct Audit {
    /// Options of the run.
    #[command(flatten)]
    pub options: RunOptions,
    /// Let a suite without a gate do what its fence would refuse; it is held all the same. On a machine that may lose it
    #[arg(long, conflicts_with = "fence")]
    pub observe: bool,
    /// Write the events to this file as well, one JSON object in a line
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub events: Option<PathBuf>,
    /// Say what this run starts that the run of these events did not
    #[arg(long, value_name = "OLD", value_hint = ValueHint::FilePath)]
    pub diff: Option<PathBuf>,
    /// Run nothing; read the events of an earlier audit
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, conflicts_with_all = ["observe", "events", "command"])]
    pub from: Option<PathBuf>,
    /// Write one self-contained page to this file: every process over time, searchable, and the policy
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub html: Option<PathBuf>,
    /// The command to judge, run and watch
    #[arg(last = true, value_name = "COMMAND", value_hint = ValueHint::CommandWithArguments)]
    pub command: Vec<OsString>,
}

/// `guardrun explain`.
#[derive(Args, Debug)]
pub struct Explain {
    /// Explain this suite
    #[arg(long, value_name = "NAME")]
    pub suite: Option<String>,
    /// The command to judge; without one, every suite is explained
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
}

/// `guardrun doctor`.
#[derive(Args, Debug)]
pub struct Doctor {
    /// Exit with an error unless this level can be had
    #[arg(long, value_name = "LEVEL", conflicts_with = "through")]
    pub at_least: Option<Level>,
    /// Send a canary through this chain of commands, such as 'sudo -u ci', and say what of guardrun's environment arrives
    #[arg(long, value_name = "PREFIX")]
    pub through: Option<String>,
}

/// `guardrun assert`.
#[derive(Args, Debug)]
pub struct Assert {
    /// Note in the ledger that this test has passed the gate, which counts as executed
    #[arg(long, value_name = "NAME")]
    pub test: Option<String>,
    /// A gate of the policy, or its variable; without one, whether any live run holds this process
    pub gate: Option<String>,
}

/// `guardrun ratchet`.
#[derive(Args, Debug)]
pub struct Ratchet {
    /// The suite whose last report is compared with its list
    pub suite: String,
    /// Change nothing, and fail if there is something to change
    #[arg(long, conflicts_with = "allow_growth")]
    pub check: bool,
    /// Put newly skipped tests on the list as well, for this reason
    #[arg(long, value_name = "REASON", value_parser = parse_reason)]
    pub allow_growth: Option<String>,
}

/// `guardrun verify`.
#[derive(Args, Debug)]
pub struct Verify {
    /// Ask about this suite, and others so named, instead of about every gated one
    #[arg(long, value_name = "NAME")]
    pub suite: Vec<String>,
    /// Look for receipts in this directory and below it, and in others so named, instead of where runs here leave them
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub receipts: Vec<PathBuf>,
    /// Count no run that began longer ago than this, such as 24h
    #[arg(long, value_name = "DURATION", value_parser = parse_limit)]
    pub max_age: Option<Duration>,
    /// Write the answer to this file as a JUnit report
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,
    /// Write no summary and no annotation for GitHub Actions
    #[arg(long, env = "GUARDRUN_NO_GITHUB", value_parser = clap::builder::FalseyValueParser::new())]
    pub no_github: bool,
}

/// `guardrun ps`.
#[derive(Args, Debug)]
pub struct Ps {
    /// Also the runs that are dead or over
    #[arg(short, long)]
    pub all: bool,
    /// Say it again every second, until Ctrl-C
    #[arg(short, long)]
    pub watch: bool,
}

/// `guardrun logs`.
#[derive(Args, Debug)]
pub struct Logs {
    /// The run, by the beginning of its id; the newest one, if left out
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
}

/// `guardrun reap`.
#[derive(Args, Debug)]
pub struct Reap {
    /// End what is listed; without it, nothing is touched
    #[arg(long, visible_alias = "apply")]
    pub yes: bool,
}

/// `guardrun init`.
#[derive(Args, Debug)]
pub struct Init {
    /// Print the file instead of writing it
    #[arg(long)]
    pub print: bool,
    /// Write, or update, the gate helper of this language instead: what a test asks before it starts anything real
    #[arg(long, value_name = "LANG")]
    pub helper: Option<Language>,
    /// The directory to write the helper to, instead of the usual one of its language
    #[arg(long, value_name = "DIR", requires = "helper", value_hint = ValueHint::DirPath)]
    pub to: Option<PathBuf>,
}

/// A duration that is not zero: a limit of nothing would let nothing run.
fn parse_limit(text: &str) -> Result<Duration, String> {
    match parse_duration(text)? {
        Duration::ZERO => {
            Err("a limit of zero lets nothing run; leave the option out for none".to_owned())
        }
        limit => Ok(limit),
    }
}

/// A duration as people write it: `90s`, `10m`, `1h 30m`.
fn parse_duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|error| format!("{error}; write it like 90s or 10m"))
}

/// A reason that says something.
fn parse_reason(text: &str) -> Result<String, String> {
    match text.chars().any(char::is_alphanumeric) {
        true => Ok(text.trim().to_owned()),
        false => Err("it says nothing; write why these tests may be skipped".to_owned()),
    }
}

/// An amount of memory with its unit. Whether 4G is 4 GiB or 4 GB depends on whom one asks.
fn parse_memory(text: &str) -> Result<ByteSize, String> {
    let hint = "write it like 512MiB or 4GiB";
    match text.parse() {
        Ok(ByteSize(0)) => Err("no memory at all lets nothing run".to_owned()),
        Ok(size) if text.ends_with('B') => Ok(size),
        Ok(_) => Err(format!("it has no unit; {hint}")),
        Err(error) => Err(format!("{error}; {hint}")),
    }
}
