//! Times in the policy: how they are written, and how long they may be.

use super::Checked;
use crate::policy::error::PolicyError;
use crate::policy::source::Source;
use crate::policy::text::printable;
use std::time::Duration;
use toml::Spanned;

/// The longest deadline. Longer is a slip of the unit, and would overflow a clock.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// A limit in time, which cannot be nothing. `key` is what it is written under.
pub(super) fn parse_limit(
    source: &Source,
    written: &Spanned<String>,
    key: &str,
) -> Checked<Duration> {
    let duration = parse_duration(source, written)?;
    if duration.is_zero() {
        return Err(PolicyError::at(
            source,
            written.span(),
            format!("a {key} of nothing lets nothing run"),
        )
        .hint(format!("leave `{key}` out for none")));
    }
    Ok(duration)
}

/// A time, of which nothing is one too.
pub(super) fn parse_duration(source: &Source, written: &Spanned<String>) -> Checked<Duration> {
    let text = written.get_ref();
    let error = |what: String| {
        PolicyError::at(source, written.span(), what)
            .hint(r#"write it like "90s", "10m" or "1h 30m""#)
    };
    let duration = humantime::parse_duration(text).map_err(|problem| {
        error(format!(
            "`{}` is not a duration: {problem}",
            printable(text)
        ))
    })?;
    if duration > LONGEST {
        return Err(error(format!(
            "`{}` is longer than a year",
            printable(text)
        )));
    }
    Ok(duration)
}
