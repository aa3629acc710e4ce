//! The project's rules: found, read, parsed, checked. Everything that is wrong with a policy is said with its place.
//!
//! ```text
//! find ─> file ─ read ─> text ─ parse ─> written ─ check ─> Policy ─ matching ─> the suite of a command line
//! ```
//!
//! Only `find` and `read` touch the disk; everything after the text is a pure function of it and of today's date.

mod ceilings;
mod check;
mod environment;
mod error;
mod find;
pub(crate) mod glob;
mod lock;
mod managers;
mod matching;
mod model;
mod parse;
mod place;
pub mod proof;
mod read;
pub mod receipts;
mod retry;
pub mod rule;
mod schema;
mod source;
pub(crate) mod text;
pub(crate) mod variables;
mod written;

pub use ceilings::{Ceilings, Needs};
pub use environment::{EnvironmentRules, EnvironmentSaid, NameGlob};
pub(crate) use error::Excerpt;
pub use error::PolicyError;
pub use find::{NAMES, find};
pub use lock::{Lock, Reach};
pub use managers::{MANAGERS, Manager};
pub use matching::{Candidate, Matcher, Specificity, Tie, words_match};
pub use model::{
    Allowed, FenceRules, Gate, Hold, Idle, Leftover, Loosened, Note, Pattern, Policy, Said, Suite,
    Unmatched,
};
pub use place::Place;
pub use read::{LARGEST, Reader, read};
pub use retry::{Retry, RetryOn};

pub use schema::SCHEMA;

use jiff::civil::Date;
use std::path::Path;

/// The policy that this text is. `file` is where it came from, `shown` how messages call that, and `today`
/// decides which loosenings have expired.
pub fn from_text(
    text: &str,
    file: &Path,
    shown: &Path,
    today: Date,
) -> Result<Policy, PolicyError> {
    let source = source::Source::new(shown, text);
    let written = parse::parse(&source)?;
    check::check(&source, file, today, &written)
}
