//! What GitHub Actions is told: a short summary of the step, and at most one annotation for each verdict.
//!
//! Annotations are workflow commands, which the runner reads from stderr as well as from stdout; stdout is the suite's.
//! Nothing a suite or a policy names can end a command early or begin another, nor make a link or a mention in a summary.

use super::voice::{Tone, Voice};
use super::{Account, text};
use crate::exit::{Exit, TABLE, Verdict};
use crate::outcome::{Ending, Outcome, Survivor};
use crate::plan::Plan;
use crate::proof::Problem;
use crate::receipt::Verified;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// A step of GitHub Actions that guardrun runs in.
#[derive(Debug)]
pub struct Github {
    summary: Option<PathBuf>,
}

impl Github {
    /// By the environment of this process; None outside of GitHub Actions.
    pub fn here() -> Option<Github> {
        let is_here = std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true");
        let summary = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty());
        is_here.then(|| Github {
            summary: summary.map(PathBuf::from),
        })
    }

    /// Says how a run ended. That a summary cannot be written changes nothing about the run.
    pub fn ending(&self, voice: &Voice, account: &Account<'_>) {
        let Account {
            plan,
            outcome,
            ending,
            earlier,
        } = *account;
        let name = plan.suite.as_deref().unwrap_or("the command");
        // With --json, what is said about a run is one line.
        if !voice.json {
            for verdict in &ending.verdicts {
                let mut message = format!("{name} {}", ending.cause);
                if *verdict == Verdict::Unproven {
                    message += &each_problem(ending);
                }
                voice.line(&annotation("error", name, verdict.name(), &message));
            }
            if account.is_flaky() {
                let message = format!("{name} passed at attempt {}", earlier.len() + 1);
                voice.line(&annotation("warning", name, "flaky", &message));
            }
        }
        self.summarize(voice, &summary(name, plan, outcome, ending));
    }

    /// Says what is proved, in one annotation at the most.
    pub fn verified(&self, voice: &Voice, verified: &Verified) {
        if !voice.json && !verified.proved {
            let mut message = verified.summary();
            for (suite, problem) in verified.failures() {
                let of = suite.map_or(String::new(), |suite| format!("{}: ", suite.suite));
                message += &format!("\n{of}{}", problem.text);
            }
            let what = Verdict::Unproven.name();
            voice.line(&annotation("error", "verify", what, &message));
        }
        let mut markdown = format!("### guardrun verify: {}\n\n", code(&verified.summary()));
        markdown += "| suite | | run |\n|---|---|---|\n";
        for suite in &verified.suites {
            let word = if suite.proved { "proved" } else { "unproven" };
            let run = suite
                .run
                .as_ref()
                .map_or(String::new(), |run| code(&run.to_string()));
            markdown += &format!("| {} | {word} | {run} |\n", code(&suite.suite));
        }
        let failures = verified.failures();
        markdown += &not_proved(
            failures
                .map(|(suite, problem)| (suite.map_or("", |suite| suite.suite.as_str()), problem)),
        );
        self.summarize(voice, &(markdown + "\n"));
    }

    fn summarize(&self, voice: &Voice, markdown: &str) {
        if let Some(path) = &self.summary
            && let Err(error) = append(path, markdown)
        {
            let text = format!(
                "could not write the step summary {}: {error}",
                path.display()
            );
            voice.say(Tone::Notice, &text);
        }
    }

    /// Says that nothing was run.
    pub fn not_run(&self, voice: &Voice, name: &str, exit: Exit) {
        let row = TABLE.iter().find(|row| exit == Exit::Code(row.code));
        if let Some(row) = row.filter(|_| !voice.json) {
            voice.line(&annotation("error", name, row.name, row.meaning));
        }
    }
}

/// Appends to a file that is there. Not to a pipe, which could keep the run waiting for its reader.
fn append(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .append(true)
        .custom_flags(nix::fcntl::OFlag::O_NONBLOCK.bits())
        .open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    file.write_all(text.as_bytes())
}

/// What is not proved, a line for each, within the one annotation of its verdict.
fn each_problem(ending: &Ending) -> String {
    let problems = ending.proof.iter().flat_map(|proved| &proved.problems);
    let lines = problems.map(|problem| format!("\n{}: {}", problem.name, problem.text));
    lines.collect()
}

/// A table of what is not proved; empty where that is nothing.
fn not_proved<'a>(problems: impl Iterator<Item = (&'a str, &'a Problem)>) -> String {
    let mut rows = String::new();
    for (suite, problem) in problems {
        rows += &format!(
            "| {} | {} | {} | {} |\n",
            code(suite),
            problem.name,
            code(&problem.text),
            code(&problem.hint)
        );
    }
    match rows.is_empty() {
        true => rows,
        false => {
            format!("\nnot proved:\n\n| suite | what | why | hint |\n|---|---|---|---|\n{rows}")
        }
    }
}

fn annotation(kind: &str, name: &str, what: &str, message: &str) -> String {
    let title = format!("guardrun: {name}: {what}");
    format!("::{kind} title={}::{}", property(&title), data(message))
}

/// The value of a property of a workflow command.
pub(super) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The message of a workflow command.
pub(super) fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn summary(name: &str, plan: &Plan, outcome: &Outcome, ending: &Ending) -> String {
    let verdicts: Vec<_> = ending
        .verdicts
        .iter()
        .map(|verdict| verdict.name())
        .collect();
    let exit = match ending.exit {
        Exit::Code(code) => format!("exit code {code}"),
        Exit::Signal(number) => crate::sys::signal::name(number),
    };
    let mut rows = vec![
        ("suite", code(name)),
        ("verdict", text::list(&verdicts)),
        ("cause", code(&ending.cause)),
        ("status", exit),
        ("duration", text::seconds(outcome.elapsed)),
        (
            "level",
            outcome
                .level
                .map_or("not started", |level| level.name())
                .to_owned(),
        ),
        ("run", code(&plan.run)),
    ];
    if let Some(usage) = outcome.usage {
        let cpu = text::seconds(usage.user + usage.system);
        let largest = text::size(usage.largest_resident_bytes);
        rows.push(("used", format!("{cpu} CPU, largest process {largest}")));
    }
    let mut markdown = format!(
        "### guardrun: {} {}\n\n| | |\n|---|---|\n",
        code(name),
        verdicts.first().copied().unwrap_or(ending.class.name())
    );
    for (name, value) in rows {
        markdown += &format!("| {name} | {value} |\n");
    }
    markdown += &not_proved(ending.proof.iter().flat_map(|proved| {
        let problems = proved.problems.iter();
        problems.map(|problem| (proved.suite.as_str(), problem))
    }));
    markdown += &processes("left over, and ended", &outcome.survivors);
    markdown += &processes("still there", &outcome.unkilled);
    markdown + "\n"
}

fn processes(title: &str, processes: &[Survivor]) -> String {
    if processes.is_empty() {
        return String::new();
    }
    let mut table = format!(
        "\n{title} ({}):\n\n| pid | age | listening | command |\n|---|---|---|---|\n",
        processes.len()
    );
    for process in processes.iter().take(text::NAMED) {
        let listening = match process.listening.is_empty() {
            true => String::new(),
            false => code(&process.listening.join(", ")),
        };
        table += &format!(
            "| {} | {} s | {listening} | {} |\n",
            process.id.pid,
            process.age_seconds,
            code(&process.command)
        );
    }
    if processes.len() > text::NAMED {
        table += &format!("\nand {} more\n", processes.len() - text::NAMED);
    }
    table
}

/// A code span, in which nothing is a link, a mention or markup, fit for a cell of a table.
fn code(text: &str) -> String {
    let plain: String = text
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    // A table ends its cell at a bar even in a code span, unless it is escaped (GitHub Flavored Markdown, tables).
    let plain = plain.replace('|', "\\|");
    let longest = plain
        .split(|c| c != '`')
        .map(str::len)
        .max()
        .unwrap_or_default();
    let fence = "`".repeat(longest + 1);
    match plain.trim().is_empty() {
        true => String::new(),
        false => format!("{fence} {plain} {fence}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{annotation, code};

    #[test]
    fn an_annotation_is_one_command_whatever_it_is_about() {
        assert_eq!(
            annotation(
                "error",
                "a,b::error title=x::y",
                "leaked",
                "50% of\r\n::error::it"
            ),
            "::error title=guardrun%3A a%2Cb%3A%3Aerror title=x%3A%3Ay%3A leaked::50%25 of%0D%0A::error::it"
        );
    }

    #[test]
    fn code_is_code_whatever_is_in_it() {
        assert_eq!(code("a b"), "` a b `");
        assert_eq!(code("a|b"), "` a\\|b `");
        assert_eq!(code("a ``b` c"), "``` a ``b` c ```");
        assert_eq!(code("a\nb\x1b[m"), "` a b [m `");
        assert_eq!(code(" "), "");
    }
}
