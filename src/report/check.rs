//! What `guardrun check` has found: for people, as JSON, and as annotations of GitHub Actions.

use super::github::{Github, data, property};
use super::voice::Voice;
use crate::check::{Finding, Report, Severity, Warnings};
use crate::exit::Exit;
use crate::policy::text::printable;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;

/// The JSON Schema (draft 2020-12) of what `guardrun check --json` prints. A test judges real answers by it.
pub const CHECK_SCHEMA: &str = include_str!("../../docs/guardrun-check.schema.json");

/// The exit code of a check that found something, as other tools that read and run nothing have it. No suite ran, so nobody can
/// take it for a suite's own.
const FOUND: u8 = 1;

/// A check that is over.
#[derive(Debug)]
pub struct Checked<'a> {
    /// The policy file, from the repository's root.
    pub policy: &'a str,
    /// The repository's root.
    pub root: &'a Path,
    /// What was found.
    pub report: &'a Report,
    /// What warnings mean.
    pub warnings: Warnings,
    /// Whether there are more files than were looked at.
    pub cut_short: bool,
}

/// Says what was found, and answers with how guardrun exits.
pub fn checked(voice: &Voice, checked: &Checked<'_>, github: Option<&Github>) -> Exit {
    let exit = match checked.report.passes(checked.warnings) {
        true => Exit::Code(0),
        false => Exit::Code(FOUND),
    };
    let text = match voice.json {
        true => format!("{}\n", json_of(checked, exit)),
        false => text_of(voice, checked, github),
    };
    match super::data(&text) {
        Exit::Code(_) => exit,
        nobody_reads => nobody_reads,
    }
}

fn json_of(checked: &Checked<'_>, exit: Exit) -> Value {
    let report = checked.report;
    json!({
        "schema": 1,
        "policy": checked.policy,
        "root": checked.root.to_string_lossy(),
        "passes": exit == Exit::Code(0),
        "gated_suites": report.gated,
        "ci_found": report.ci,
        "cut_short": checked.cut_short,
        "errors": count(report, Severity::Error),
        "warnings": count(report, Severity::Warning),
        "excepted": report.findings.iter().filter(|it| it.excepted.is_some()).count(),
        "findings": report.findings,
    })
}

fn count(report: &Report, severity: Severity) -> usize {
    let of = |it: &&Finding| it.excepted.is_none() && it.severity == severity;
    report.findings.iter().filter(of).count()
}

fn text_of(voice: &Voice, checked: &Checked<'_>, github: Option<&Github>) -> String {
    let report = checked.report;
    let mut text = String::new();
    for finding in &report.findings {
        let told = match &finding.excepted {
            Some(_) => voice.verbose,
            None => !voice.quiet || finding.severity == Severity::Error,
        };
        if told {
            text.push_str(&one(finding));
        }
    }
    if github.is_some() {
        for finding in report.findings.iter().filter(|it| it.excepted.is_none()) {
            let _ = writeln!(text, "{}", annotation(finding));
        }
    }
    if !voice.quiet {
        let plural = |number: usize, what: &str| match number {
            1 => format!("1 {what}"),
            number => format!("{number} {what}s"),
        };
        let excepted = report
            .findings
            .iter()
            .filter(|it| it.excepted.is_some())
            .count();
        let _ = write!(
            text,
            "{}: {}, {}",
            printable(checked.policy),
            plural(count(report, Severity::Error), "error"),
            plural(count(report, Severity::Warning), "warning")
        );
        if excepted > 0 {
            let _ = write!(text, ", {excepted} accepted by the policy");
        }
        let _ = writeln!(text, "; {}", plural(report.gated, "gated suite"));
        if !report.ci && report.gated > 0 {
            text.push_str("note: there is nothing of CI here that guardrun reads, so every recipe was taken for a lane\n");
        }
        if checked.cut_short {
            text.push_str("note: the repository has more files than are looked at; what is beyond them was not checked\n");
        }
    }
    text
}

fn one(finding: &Finding) -> String {
    let severity = match (&finding.excepted, finding.severity) {
        (Some(_), _) => "accepted",
        (None, Severity::Error) => "error",
        (None, Severity::Warning) => "warning",
    };
    let mut text = format!(
        "{}:{}:{}: {severity}: {} [{}]\n",
        printable(&finding.file),
        finding.line,
        finding.column,
        finding.what,
        finding.rule.name()
    );
    if let Some(excerpt) = &finding.excerpt {
        let _ = writeln!(text, "{excerpt}");
    }
    for see in &finding.see {
        let _ = writeln!(text, "{}:{}: {}", printable(&see.file), see.line, see.what);
    }
    let _ = writeln!(text, "why: {}", finding.why);
    match &finding.excepted {
        Some(reason) => {
            let _ = writeln!(text, "accepted: {}", printable(reason));
        }
        None => {
            let _ = writeln!(text, "hint: {}", finding.hint);
        }
    }
    text + "\n"
}

fn annotation(finding: &Finding) -> String {
    let kind = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let title = format!("guardrun check: {}", finding.rule.name());
    let message = format!("{}: {}\nhint: {}", finding.what, finding.why, finding.hint);
    format!(
        "::{kind} file={},line={},col={},title={}::{}",
        property(&finding.file),
        finding.line,
        finding.column,
        property(&title),
        data(&message)
    )
}
