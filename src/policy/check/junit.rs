//! `junit` of a suite: one file below the policy's root.

use super::Checked;
use crate::policy::error::PolicyError;
use crate::policy::source::Source;
use crate::policy::text::printable;
use std::path::{Component, Path, PathBuf};
use toml::Spanned;

/// Checks it.
pub(super) fn junit(
    source: &Source,
    written: Option<&Spanned<String>>,
) -> Checked<Option<PathBuf>> {
    let Some(written) = written else {
        return Ok(None);
    };
    let text = written.get_ref();
    let path = Path::new(text);
    // guardrun may write there: a policy that comes with a repository is not to choose a file outside of it.
    let inside = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    let named = path.file_name().is_some() && !text.ends_with('/');
    if inside && named && !text.contains('\0') {
        return Ok(Some(path.to_owned()));
    }
    let what = format!(
        "`{}` is no file below the policy's directory",
        printable(text)
    );
    Err(PolicyError::at(source, written.span(), what).hint(
        "write the path of the suite's own JUnit report, such as \"target/junit.xml\"; `--junit` can name any other",
    ))
}
