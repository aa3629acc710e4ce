//! The command line of guardrun itself, as somebody else has written it. Which of its options take a word is what `cli` says.

use crate::check::state::Value;
use crate::cli::{Cli, RunOptions};
use clap::{Args, CommandFactory};
use std::collections::BTreeSet;
use std::sync::OnceLock;

/// What a guardrun is asked to run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) what: What,
    /// `--require`
    pub(super) required: bool,
}

/// What it is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum What {
    /// `run SUITE`
    Suite(Value),
    /// `-- COMMAND…`, and what `--suite` says.
    Command(Option<Value>, Vec<Value>),
}

/// None where it is asked to run nothing.
pub(super) fn asked(arguments: &[Value]) -> Option<Asked> {
    let (mut suite, mut run, mut required) = (None, false, false);
    let mut words = arguments.iter().enumerate();
    while let Some((at, word)) = words.next() {
        let what = match word.text() {
            Some("--") if !run => What::Command(suite, arguments[at + 1..].to_vec()),
            Some("run") if !run => {
                run = true;
                continue;
            }
            Some("--require") => {
                required = true;
                continue;
            }
            Some("--suite") => {
                suite = words.next().map(|(_, value)| value.clone());
                continue;
            }
            Some(option) if option.starts_with("--suite=") => {
                suite = Some(Value::Text(option["--suite=".len()..].to_owned()));
                continue;
            }
            Some(option) if option.starts_with('-') => {
                if with_value().contains(option) {
                    words.next();
                }
                continue;
            }
            _ if run => {
                // Options may stand behind the name as well.
                let rest = arguments[at + 1..].iter().map(Value::text);
                let own = rest.take_while(|word| *word != Some("--"));
                required |= own.flatten().any(|word| word == "--require");
                What::Suite(word.clone())
            }
            _ => return None,
        };
        return Some(Asked { what, required });
    }
    None
}

/// The long options of a run that take the next word with them.
fn with_value() -> &'static BTreeSet<String> {
    static NAMES: OnceLock<BTreeSet<String>> = OnceLock::new();
    NAMES.get_or_init(|| {
        let run = RunOptions::augment_args(clap::Command::new(""));
        let general = Cli::command();
        let all = run.get_arguments().chain(general.get_arguments());
        all.filter(|option| option.get_action().takes_values())
            .filter_map(|option| option.get_long().map(|long| format!("--{long}")))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{What, asked};
    use crate::check::state::Value;

    fn of(line: &str) -> Option<(String, bool)> {
        let words: Vec<Value> = line
            .split(' ')
            .map(|word| Value::Text(word.to_owned()))
            .collect();
        let asked = asked(&words)?;
        let text = match asked.what {
            What::Suite(suite) => format!("suite {}", suite.text().unwrap()),
            What::Command(suite, words) => {
                let words: Vec<&str> = words.iter().filter_map(Value::text).collect();
                let suite = suite
                    .map(|it| format!("{} ", it.text().unwrap()))
                    .unwrap_or_default();
                format!("{suite}command {}", words.join(" "))
            }
        };
        Some((text, asked.required))
    }

    #[test]
    fn a_line_is_read_as_guardrun_reads_it() {
        let some = |text: &str, required| Some((text.to_owned(), required));
        assert_eq!(of("run daemon"), some("suite daemon", false));
        assert_eq!(
            of("--policy x -q run --timeout 5m --require daemon -- --all"),
            some("suite daemon", true)
        );
        assert_eq!(of("run daemon --require"), some("suite daemon", true));
        assert_eq!(of("run daemon -- --require"), some("suite daemon", false));
        assert_eq!(
            of("--level cgroup -- cargo test"),
            some("command cargo test", false)
        );
        assert_eq!(of("--suite a -- b"), some("a command b", false));
        assert_eq!(of("explain -- cargo test"), None);
        assert_eq!(of("doctor"), None);
    }
}
