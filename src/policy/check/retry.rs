//! `retry` of a suite: a number that is a number of attempts, and ends that there are.

use super::Checked;
use crate::policy::error::PolicyError;
use crate::policy::retry::{Retry, RetryOn};
use crate::policy::source::Source;
use crate::policy::text::{nearest, printable};
use crate::policy::written;
use toml::Spanned;

/// The most attempts after the first. More is no test any more.
const MOST: i64 = 10;

/// Checks it.
pub(super) fn retry(
    source: &Source,
    written: Option<&Spanned<written::Retry>>,
) -> Checked<Option<Retry>> {
    let Some(written) = written.map(Spanned::get_ref) else {
        return Ok(None);
    };
    let times = *written.times.get_ref();
    if !(1..=MOST).contains(&times) {
        let what = format!("{times} is no number of further attempts");
        return Err(
            PolicyError::at(source, written.times.span(), what).hint(format!(
                "write a number from 1 to {MOST}; without `retry` nothing is tried again"
            )),
        );
    }
    let mut on = Vec::new();
    match &written.on {
        None => on.push(RetryOn::Failed),
        Some(list) if list.get_ref().is_empty() => {
            return Err(PolicyError::at(
                source,
                list.span(),
                "`on` is empty, so nothing would be tried again",
            )
            .hint("leave it out to try again what failed"));
        }
        Some(list) => {
            for word in list.get_ref() {
                let end = end(source, word)?;
                if on.contains(&end) {
                    let what = format!("`{}` is in this list twice", end.name());
                    return Err(
                        PolicyError::at(source, word.span(), what).hint("take one of them out")
                    );
                }
                on.push(end);
            }
        }
    }
    Ok(Some(Retry {
        times: u32::try_from(times).unwrap_or(1),
        on,
    }))
}

fn end(source: &Source, written: &Spanned<String>) -> Checked<RetryOn> {
    let word = written.get_ref();
    let known = RetryOn::ALL.into_iter().find(|end| end.name() == word);
    known.ok_or_else(|| {
        let what = format!("`{}` is nothing after which to try again", printable(word));
        PolicyError::at(source, written.span(), what)
            .did_you_mean(nearest(word, RetryOn::ALL.map(RetryOn::name)))
            .hint("the ends are failed and crashed; what was ended on purpose, limited, killed or leaked is never tried again")
    })
}
