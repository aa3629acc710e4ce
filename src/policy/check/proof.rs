//! What a suite has to prove: paths, globs and numbers that can hold, and none that contradict each other.

use super::Checked;
use crate::policy::error::PolicyError;
use crate::policy::glob::parse_glob;
use crate::policy::proof::{Format, Proof, STDOUT, Strictness};
use crate::policy::source::Source;
use crate::policy::text::{nearest, printable, shortened};
use crate::policy::written::{self, Strings};
use std::path::{Component, Path};
use toml::Spanned;

/// The most names in `must-run`, and the most reports. More belongs into the tests.
const MOST_ENTRIES: usize = 1000;
/// The longest path or glob, in bytes.
const LONGEST: usize = 1024;

/// Checks a suite's `proof` and `required`.
pub(super) fn proof(
    source: &Source,
    written: Option<&Spanned<written::Proof>>,
    required: Option<&Spanned<bool>>,
) -> Checked<Option<Proof>> {
    let Some(table) = written else {
        return match required {
            Some(required) if *required.get_ref() => Err(PolicyError::at(
                source,
                required.span(),
                "`required` without `proof`: nothing would show that a test was executed",
            )
            .hint(r#"say where the suite leaves its report: proof = { report = "junit.xml" }"#)),
            _ => Ok(None),
        };
    };
    let inner = table.get_ref();
    let format = inner
        .format
        .as_ref()
        .map(|it| word(source, it, &Format::ALL, |format| format.name(), "format"))
        .transpose()?;
    let strict = inner
        .strict
        .as_ref()
        .map(|it| {
            word(
                source,
                it,
                &Strictness::ALL,
                |strict| strict.name(),
                "strictness",
            )
        })
        .transpose()?
        .unwrap_or(Strictness::All);
    let mut reports = list(source, inner.report.as_ref(), "report", |text, span| {
        below_root(source, span.clone(), text)?;
        glob(source, span, text)
    })?;
    let named = reports.len();
    reports.retain(|report| report != STDOUT);
    let stdout = reports.len() < named;
    if let Some(written) = inner.format.as_ref().filter(|_| stdout)
        && matches!(format, Some(Format::Junit | Format::Ledger))
    {
        let what = format!("{} is not read from what a suite prints", written.get_ref());
        return Err(PolicyError::at(source, written.span(), what).hint(
            "write one of libtest, go-json, tap, or leave `format` out; a file of that name is \"./stdout\"",
        ));
    }
    if reports.is_empty() && !stdout && format != Some(Format::Ledger) {
        return Err(
            PolicyError::at(source, table.span(), "`proof` without `report`").hint(
                r#"name the file that the runner writes: report = "junit.xml"; or format = "ledger""#,
            ),
        );
    }
    let must_run = list(source, inner.must_run.as_ref(), "must-run", |text, span| {
        // A name such as `test_depth[1]` is no good glob, and is meant as it stands.
        if text.trim().is_empty() {
            return Err(
                PolicyError::at(source, span, "an empty name, which no test has")
                    .hint("write the name of a test, or a glob such as `server::*`"),
            );
        }
        short(source, span, text)
    })?;
    let ratchet = inner.ratchet.as_ref().map(|path| {
        below_root(source, path.span(), path.get_ref())?;
        Ok(path.get_ref().clone())
    });
    let proof = Proof {
        reports,
        stdout,
        format,
        min_executed: number(source, inner.min_executed.as_ref(), 1)?.unwrap_or(1),
        max_skipped: number(source, inner.max_skipped.as_ref(), 0)?,
        must_run,
        ratchet: ratchet.transpose()?,
        strict,
        place: source.place(&table.span()),
    };
    nothing_in_vain(source, inner, strict)?;
    Ok(Some(proof))
}

/// A demand that is written and never judged would be a safety that somebody believes in.
fn nothing_in_vain(source: &Source, written: &written::Proof, strict: Strictness) -> Checked<()> {
    let Some(said) = written
        .strict
        .as_ref()
        .filter(|_| strict == Strictness::Report)
    else {
        return Ok(());
    };
    let demands = [
        (
            "min-executed",
            written.min_executed.as_ref().map(Spanned::span),
        ),
        (
            "max-skipped",
            written.max_skipped.as_ref().map(Spanned::span),
        ),
        ("must-run", written.must_run.as_ref().map(Spanned::span)),
        ("ratchet", written.ratchet.as_ref().map(Spanned::span)),
    ];
    for (key, span) in demands {
        if let Some(span) = span {
            return Err(PolicyError::at(
                source,
                span,
                format!("`{key}` is not judged with strict = \"report\""),
            )
            .see(&source.place(&said.span()), "the strictness is said here")
            .hint(format!("take `{key}` out, or write strict = \"counts\"")));
        }
    }
    Ok(())
}

fn word<T: Copy>(
    source: &Source,
    written: &Spanned<String>,
    known: &[T],
    name: impl Fn(T) -> &'static str,
    of_what: &str,
) -> Checked<T> {
    let text = written.get_ref();
    if let Some(found) = known.iter().copied().find(|one| name(*one) == text) {
        return Ok(found);
    }
    let names: Vec<&str> = known.iter().map(|one| name(*one)).collect();
    Err(PolicyError::at(
        source,
        written.span(),
        format!("there is no {of_what} `{}`", printable(text)),
    )
    .did_you_mean(nearest(text, names.iter().copied()))
    .hint(format!("write one of {}", names.join(", "))))
}

fn list(
    source: &Source,
    written: Option<&Spanned<Strings>>,
    key: &str,
    check: impl Fn(&str, std::ops::Range<usize>) -> Checked<()>,
) -> Checked<Vec<String>> {
    let Some(written) = written else {
        return Ok(Vec::new());
    };
    let entries = &written.get_ref().0;
    let error = |what: String| PolicyError::at(source, written.span(), what);
    if entries.is_empty() {
        return Err(
            error(format!("`{key}` is empty")).hint(format!("leave `{key}` out, or fill it"))
        );
    }
    if entries.len() > MOST_ENTRIES {
        return Err(
            error(format!("`{key}` has more than {MOST_ENTRIES} entries"))
                .hint("use globs, which each stand for many"),
        );
    }
    for entry in entries {
        // One that is written without a list has the place of the whole value.
        let span = match entry.span() {
            span if span.is_empty() => written.span(),
            span => span,
        };
        check(entry.get_ref(), span)?;
    }
    Ok(entries
        .iter()
        .map(|entry| entry.get_ref().clone())
        .collect())
}

/// A report is looked for below the directory of the policy, so that a run in a subdirectory finds it as well.
fn below_root(source: &Source, span: std::ops::Range<usize>, text: &str) -> Checked<()> {
    let path = Path::new(text);
    let plain = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if plain && !text.is_empty() && !text.contains('\0') && !text.ends_with('/') {
        return Ok(());
    }
    Err(PolicyError::at(
        source,
        span,
        format!("`{}` is no file below the policy's directory", shortened(text, 60)),
    )
    .hint("write the path as it is from the directory of guardrun.toml, without `..` and without a leading `/`"))
}

fn glob(source: &Source, span: std::ops::Range<usize>, text: &str) -> Checked<()> {
    short(source, span.clone(), text)?;
    parse_glob(text).map(drop).map_err(|problem| {
        PolicyError::at(
            source,
            span,
            format!(
                "`{}` is not a glob: {}",
                shortened(text, 60),
                problem.kind()
            ),
        )
        .hint(r"put `\\` before a character that is to stand for itself")
    })
}

fn short(source: &Source, span: std::ops::Range<usize>, text: &str) -> Checked<()> {
    if text.len() <= LONGEST {
        return Ok(());
    }
    let what = format!("{} bytes long; {LONGEST} is the most", text.len());
    Err(PolicyError::at(source, span, what).hint("use a glob for the rest of it"))
}

fn number(source: &Source, written: Option<&Spanned<i64>>, least: u64) -> Checked<Option<u64>> {
    let Some(written) = written else {
        return Ok(None);
    };
    let number = u64::try_from(*written.get_ref()).ok();
    match number.filter(|number| *number >= least) {
        Some(number) => Ok(Some(number)),
        None => Err(PolicyError::at(
            source,
            written.span(),
            format!("{} is less than {least}", written.get_ref()),
        )
        .hint(match least {
            0 => "write a whole number from 0 on",
            _ => "a run that executes nothing is never proved; leave it out for 1",
        })),
    }
}
