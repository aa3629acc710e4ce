//! What is let through a fence, entry by entry.

use super::keys::FENCE_WEAKER;
use super::{Checked, lines, sentence};
use crate::policy::error::PolicyError;
use crate::policy::model::Allowed;
use crate::policy::source::Source;
use crate::policy::text::{nearest, printable};
use crate::policy::written::AllowFenced;
use crate::values::Deed;
use toml::Spanned;

/// One entry of the list of what is let through.
pub(super) fn allowed(source: &Source, table: &Spanned<AllowFenced>) -> Checked<Allowed> {
    let inner = table.get_ref();
    let names = || Deed::ALL.into_iter().map(Deed::name);
    let said = inner.what.get_ref();
    let deed = Deed::ALL.into_iter().find(|deed| deed.name() == said);
    let deed = deed.ok_or_else(|| {
        let what = format!("`{}` is nothing that a fence looks at", printable(said));
        PolicyError::at(source, inner.what.span(), what)
            .did_you_mean(nearest(said, names()))
            .hint(format!(
                "write one of {}",
                names().collect::<Vec<_>>().join(", ")
            ))
    })?;
    let program = lines::one_pattern(source, &inner.pattern)?;
    if !names_something(&program) {
        return Err(
            PolicyError::at(source, inner.pattern.span(), "this names no program").hint(format!(
                "name what may be done by whom; for everything, say so with `{FENCE_WEAKER}`"
            )),
        );
    }
    let by = inner.by.as_ref();
    Ok(Allowed {
        deed,
        program,
        by: by
            .map(|line| lines::one_pattern(source, line))
            .transpose()?,
        reason: sentence(source, &inner.reason, "reason")?,
        place: source.place(&table.span()),
    })
}

/// Whether the program word says anything.
fn names_something(words: &[String]) -> bool {
    let program = words.iter().find(|word| *word != "**");
    program.is_some_and(|word| word.chars().any(char::is_alphanumeric))
}
