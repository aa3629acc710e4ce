//! The limit of silence: how long, and what becomes of a suite that is silent and works.

use super::Checked;
use super::duration::parse_duration;
use crate::policy::error::PolicyError;
use crate::policy::model::Idle;
use crate::policy::source::Source;
use crate::policy::text::{nearest, printable};
use crate::policy::written;
use crate::values::Working;

/// Makes the model of it, or says what is wrong.
pub(super) fn checked(source: &Source, written: &written::Idle) -> Checked<Idle> {
    let after = parse_duration(source, &written.after)?;
    if after.is_zero() {
        let what = "an idle limit of nothing would end every run at once";
        return Err(PolicyError::at(source, written.after.span(), what)
            .hint("leave `idle` out to let the suite be silent for as long as it likes"));
    }
    let Some(working) = &written.working else {
        return Ok(Idle {
            after,
            working: Working::Warn,
        });
    };
    let word = working.get_ref();
    let known = [Working::Warn, Working::Kill];
    match known.iter().find(|known| known.name() == word) {
        Some(known) => Ok(Idle {
            after,
            working: *known,
        }),
        None => {
            let what = format!("`{}` is nothing that can become of it", printable(word));
            Err(PolicyError::at(source, working.span(), what)
                .did_you_mean(nearest(word, known.map(Working::name)))
                .hint(r#"write working = "warn" or working = "kill""#))
        }
    }
}
