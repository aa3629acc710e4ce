//! What somebody wants to run, and why that cannot be judged.

use crate::exit::Verdict;
use crate::policy::text::{nearest, printable, shortened};
use crate::policy::{Candidate, Policy, Suite};
use std::ffi::OsString;
use std::fmt;

/// What somebody wants to run.
#[derive(Clone, Debug)]
pub enum Request {
    /// A command line, perhaps to be treated as a suite.
    Command {
        /// The program and its arguments.
        argv: Vec<OsString>,
        /// The suite's name, from `--suite`.
        suite: Option<String>,
    },
    /// A suite of the policy by its name, with these arguments after those of its own command.
    Suite {
        /// The suite's name.
        name: String,
        /// Passed on as they are.
        extra: Vec<OsString>,
    },
}

/// Why no judgement could be made. Nothing runs then either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unjudged {
    verdict: Verdict,
    message: String,
}

impl Unjudged {
    /// What guardrun exits with: an error of the policy is another's than one of the command line.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    pub(super) fn no_command() -> Unjudged {
        Unjudged {
            verdict: Verdict::Usage,
            message: "no command to judge\nhint: write it after `--`, as in guardrun -- cargo test"
                .into(),
        }
    }

    pub(super) fn unknown_suite(policy: &Policy, name: &str) -> Unjudged {
        let known: Vec<&str> = policy
            .suites
            .iter()
            .map(|suite| suite.name.as_str())
            .collect();
        let mut message = format!("there is no suite `{}`", shortened(name, 60));
        if let Some(near) = nearest(name, known.iter().copied()) {
            message.push_str(&format!("\ndid you mean `{near}`?"));
        }
        message.push_str(&match (&policy.file, known.is_empty()) {
            (None, _) => {
                "\nhint: there is no policy here; `guardrun init` writes a first one".to_owned()
            }
            (Some(_), true) => "\nhint: the policy describes no suite yet".to_owned(),
            (Some(_), false) => format!(
                "\nhint: the suites are {}",
                shortened(&known.join(", "), 400)
            ),
        });
        Unjudged {
            verdict: Verdict::Usage,
            message,
        }
    }

    pub(super) fn suite_without_command(suite: &Suite) -> Unjudged {
        let message = format!(
            "the suite `{}` has no command of its own ({})\nhint: give it a `command`, or run one as `guardrun --suite {} -- COMMAND`",
            suite.name, suite.place, suite.name
        );
        Unjudged {
            verdict: Verdict::Usage,
            message,
        }
    }

    pub(super) fn tie(tie: &crate::policy::Tie<'_>) -> Unjudged {
        let line = |one: &Candidate<'_>| {
            let pattern = printable(&one.pattern.text);
            format!(
                "{}: `{pattern}` says `{}`",
                one.pattern.place, one.suite.name
            )
        };
        let message = format!(
            "the command is the suite `{}` and the suite `{}` alike\n{}\n{}\nhint: make one of the two patterns more specific, and hold it with an example",
            tie.first.suite.name,
            tie.second.suite.name,
            line(&tie.first),
            line(&tie.second)
        );
        Unjudged {
            verdict: Verdict::BadPolicy,
            message,
        }
    }
}

impl fmt::Display for Unjudged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Unjudged {}
