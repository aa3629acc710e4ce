//! `guardrun check`: "whether the policy is sound, and whether CI really opens each gate. It reads files and runs nothing"
//! (docs/check.md).

mod armed;
mod exceptions;
mod files;
mod lanes;
mod real;
mod soundness;
mod status;
mod through_ci;

use crate::policy::good;
use guardrun::check::{Content, Finding, Tree, check};
use std::collections::BTreeMap;

/// The policy of most of the tests.
pub(super) const POLICY: &str = r#"
[gate.daemon]
env   = "APP_DAEMON_TESTS"
why   = "forks real daemons"
where = "CI, or a disposable box: just test-daemon"

[suite.unit]
command = ["cargo", "test", "--lib"]

[suite.daemon]
gate     = "daemon"
command  = ["cargo", "test", "--test", "daemon"]
match    = ["cargo test --test daemon *"]
required = true
proof    = { report = "junit.xml" }
"#;

/// Files by their paths.
pub(super) struct Files {
    texts: BTreeMap<String, String>,
    paths: Vec<String>,
}

impl Files {
    pub(super) fn new(files: &[(&str, &str)]) -> Files {
        let texts: BTreeMap<String, String> = files
            .iter()
            .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
            .collect();
        Files {
            paths: texts.keys().cloned().collect(),
            texts,
        }
    }
}

impl Tree for Files {
    fn paths(&self) -> &[String] {
        &self.paths
    }

    fn read(&self, path: &str) -> Content {
        match self.texts.get(path) {
            Some(text) => Content::Text(text.clone()),
            None => Content::Absent,
        }
    }
}

/// Everything that is found in these files under this policy.
pub(super) fn findings_under(policy: &str, files: &[(&str, &str)]) -> Vec<Finding> {
    let mut all = vec![("guardrun.toml", policy)];
    all.extend_from_slice(files);
    check(&good(policy), "guardrun.toml", &Files::new(&all)).findings
}

/// The same, each as `RULE FILE:LINE`, in order.
pub(super) fn found(files: &[(&str, &str)]) -> Vec<String> {
    shown(&findings_under(POLICY, files))
}

pub(super) fn shown(findings: &[Finding]) -> Vec<String> {
    let line = |it: &Finding| format!("{} {}:{}", it.rule.name(), it.file, it.line);
    let mut lines: Vec<String> = findings.iter().map(line).collect();
    lines.sort();
    lines
}

/// A workflow with these steps, of which the first begins on line 5.
pub(super) fn workflow(steps: &str) -> String {
    format!("on: push\njobs:\n  t:\n    steps:\n{steps}")
}

/// The name of the workflow of most of the tests.
pub(super) const CI: &str = ".github/workflows/ci.yml";

/// What is in a workflow's steps, the other files, and what is found.
pub(super) type Row<'r> = (&'r str, &'r [(&'r str, &'r str)], &'r [&'r str]);

/// Checks each row of a table.
#[track_caller]
pub(super) fn steps(table: &[Row<'_>]) {
    for (steps, files, expected) in table {
        let text = workflow(steps);
        let mut all = vec![(CI, text.as_str())];
        all.extend_from_slice(files);
        assert_eq!(&found(&all), expected, "{steps}\n{files:#?}");
    }
}
