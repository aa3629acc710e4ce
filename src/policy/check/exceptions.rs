//! The exceptions from the rules of `guardrun check`: each names a rule that there is, a file, and a reason.

use super::{Checked, sentence};
use crate::policy::error::PolicyError;
use crate::policy::glob::parse_glob;
use crate::policy::model::{Note, Policy};
use crate::policy::rule::{Exception, Rule};
use crate::policy::source::Source;
use crate::policy::text::{nearest, printable, shortened};
use crate::policy::written;
use jiff::civil::Date;
use toml::Spanned;

/// `[[dangerously-allow-check]]`.
const KEY: &str = "dangerously-allow-check";
/// The longest glob over files, in bytes.
const LONGEST: usize = 1024;

/// Checks every exception, and keeps those that have not expired.
pub(super) fn in_force(
    source: &Source,
    today: Date,
    policy: &mut Policy,
    tables: &[Spanned<written::AllowCheck>],
) -> Checked<()> {
    for table in tables {
        let inner = table.get_ref();
        let exception = Exception {
            rule: rule(source, &inner.rule)?,
            file: file(source, &inner.file)?,
            suite: inner
                .suite
                .as_ref()
                .map(|name| suite(source, policy, name))
                .transpose()?,
            reason: sentence(source, &inner.reason, "reason")?,
            place: source.place(&table.span()),
        };
        match &inner.expires {
            Some(day) if day.0 < today => policy.notes.push(Note {
                text: format!(
                    "`{KEY}` for `{}` expired on {} and is no longer in force",
                    exception.rule.name(),
                    day.0
                ),
                place: exception.place,
            }),
            _ => policy.exceptions.push(exception),
        }
    }
    Ok(())
}

fn rule(source: &Source, written: &Spanned<String>) -> Checked<Rule> {
    let text = written.get_ref();
    if let Some(rule) = Rule::ALL.into_iter().find(|rule| rule.name() == text) {
        return Ok(rule);
    }
    let what = format!("there is no rule `{}`", shortened(text, 60));
    let known = Rule::ALL.map(Rule::name);
    Err(PolicyError::at(source, written.span(), what)
        .did_you_mean(nearest(text, known))
        .hint("guardrun check names the rule of each finding"))
}

fn file(source: &Source, written: &Spanned<String>) -> Checked<String> {
    let text = written.get_ref();
    let error = |what: String| PolicyError::at(source, written.span(), what);
    // One that excepts every file would turn the rule off, and what comes later with it.
    if !text.chars().any(char::is_alphanumeric) {
        return Err(error(format!("`{}` names no file", printable(text)))
            .hint("name the file as the finding does, or those of one directory with a glob"));
    }
    if text.len() > LONGEST {
        return Err(
            error(format!("{} bytes long; {LONGEST} is the most", text.len()))
                .hint("use a glob for the rest of it"),
        );
    }
    match parse_glob(text) {
        Ok(_) => Ok(text.clone()),
        Err(problem) => Err(error(format!(
            "`{}` is not a glob: {}",
            printable(text),
            problem.kind()
        ))
        .hint("write the path as the finding does, or a glob such as `docker/*`")),
    }
}

fn suite(source: &Source, policy: &Policy, written: &Spanned<String>) -> Checked<String> {
    let name = written.get_ref();
    if policy.suite(name).is_some() || policy.gates.contains_key(name) {
        return Ok(name.clone());
    }
    let what = format!("there is neither a suite nor a gate `{}`", printable(name));
    let suites = policy.suites.iter().map(|suite| suite.name.as_str());
    let known = suites.chain(policy.gates.keys().map(String::as_str));
    Err(PolicyError::at(source, written.span(), what)
        .did_you_mean(nearest(name, known))
        .hint("leave `suite` out for every suite"))
}
