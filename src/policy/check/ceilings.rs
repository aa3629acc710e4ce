//! Ceilings and needs: numbers with their units, none of them zero.

use super::Checked;
use super::duration::parse_limit;
use crate::policy::ceilings::{Ceilings, Needs};
use crate::policy::error::PolicyError;
use crate::policy::source::Source;
use crate::policy::text::printable;
use crate::policy::written;
use bytesize::ByteSize;
use toml::Spanned;

/// The least memory that a suite can be held to: a shell alone takes about one.
const LEAST_MEMORY: ByteSize = ByteSize::mib(4);

/// The keys of a suite or of `[defaults]`.
#[derive(Clone, Copy)]
pub(super) struct Keys<'w> {
    pub(super) memory: Option<&'w Spanned<String>>,
    pub(super) processes: Option<&'w Spanned<i64>>,
    pub(super) cpu: Option<&'w Spanned<f64>>,
    pub(super) open_files: Option<&'w Spanned<i64>>,
}

/// What they say, where they say nothing what `base` says.
pub(super) fn ceilings(source: &Source, keys: Keys<'_>, base: Ceilings) -> Checked<Ceilings> {
    let memory = keys.memory.map(|written| memory(source, written));
    let memory = memory.transpose()?;
    if let (Some(written), Some(memory)) = (keys.memory, memory)
        && memory < LEAST_MEMORY
    {
        let what = format!("{memory} is less than the start of one program takes");
        return Err(PolicyError::at(source, written.span(), what)
            .hint(format!("the least that can be asked for is {LEAST_MEMORY}")));
    }
    let count = |written: Option<&Spanned<i64>>, of: &str| {
        written
            .map(|written| count(source, written, of))
            .transpose()
    };
    let cpu = keys.cpu.map(|written| processors(source, written));
    Ok(Ceilings {
        memory: memory.or(base.memory),
        processes: count(keys.processes, "processes")?.or(base.processes),
        cpu: cpu.transpose()?.or(base.cpu),
        open_files: count(keys.open_files, "open files")?.or(base.open_files),
    })
}

/// `needs`.
pub(super) fn needs(source: &Source, written: &written::Needs) -> Checked<Needs> {
    let memory = written.memory.as_ref().map(|text| memory(source, text));
    let processes = written.processes.as_ref();
    let processes = processes.map(|written| count(source, written, "processes"));
    let pressure = written.pressure.as_ref().map(|written| {
        let percent = *written.get_ref();
        if (0.0..=100.0).contains(&percent) {
            return Ok(percent);
        }
        let what = format!("{percent} is not a percentage");
        Err(PolicyError::at(source, written.span(), what)
            .hint("write the share of time that may be spent waiting for memory, from 0 to 100"))
    });
    let wait = written
        .wait
        .as_ref()
        .map(|text| parse_limit(source, text, "wait"));
    Ok(Needs {
        memory: memory.transpose()?,
        processes: processes.transpose()?,
        pressure: pressure.transpose()?,
        wait: wait.transpose()?,
    })
}

/// An amount of memory.
fn memory(source: &Source, written: &Spanned<String>) -> Checked<ByteSize> {
    let text = written.get_ref();
    let hint = r#"write it like "512MiB" or "4GiB""#;
    let error = |what: String| PolicyError::at(source, written.span(), what).hint(hint);
    // Whether 4G is 4 GiB or 4 GB depends on whom one asks, and nobody would notice the wrong answer.
    if !text.trim_end().ends_with('B') {
        return Err(error(format!("`{}` has no unit", printable(text))));
    }
    match text.parse::<ByteSize>() {
        Ok(ByteSize(0)) => Err(error("no memory at all lets nothing run".to_owned())),
        Ok(size) => Ok(size),
        Err(problem) => Err(error(format!(
            "`{}` is not an amount of memory: {problem}",
            printable(text)
        ))),
    }
}

fn count(source: &Source, written: &Spanned<i64>, of: &str) -> Checked<u64> {
    match u64::try_from(*written.get_ref()) {
        Ok(count @ 1..) => Ok(count),
        _ => Err(PolicyError::at(
            source,
            written.span(),
            format!("a ceiling of {} {of} lets nothing run", written.get_ref()),
        )
        .hint("write a number of 1 or more, or leave the key out for no ceiling")),
    }
}

fn processors(source: &Source, written: &Spanned<f64>) -> Checked<f64> {
    let processors = *written.get_ref();
    if (0.01..=100_000.0).contains(&processors) {
        return Ok(processors);
    }
    let what = format!("{processors} is not a number of processors");
    Err(PolicyError::at(source, written.span(), what)
        .hint("write how many processors' worth of time the suite may use, such as 2 or 1.5"))
}
