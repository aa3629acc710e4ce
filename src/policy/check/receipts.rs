//! `receipts`: one directory below the policy's root.

use super::Checked;
use crate::policy::error::PolicyError;
use crate::policy::receipts::{Digest, Receipts};
use crate::policy::source::Source;
use crate::policy::text::printable;
use std::path::{Component, Path};
use toml::Spanned;

/// Checks it, and takes the policy's own digest.
pub(super) fn receipts(source: &Source, written: Option<&Spanned<String>>) -> Checked<Receipts> {
    let policy = Digest::of(source.text().as_bytes());
    let Some(written) = written else {
        let place = None;
        return Ok(Receipts { place, policy });
    };
    let text = written.get_ref();
    let path = Path::new(text);
    // guardrun writes there, and removes what it has written: a policy that comes with a repository is not to choose a
    // directory outside of it.
    let inside = path
        .components()
        .all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if inside && path.file_name().is_some() && !text.contains('\0') {
        let place = Some(path.to_owned());
        return Ok(Receipts { place, policy });
    }
    let what = format!(
        "`{}` is no directory below the policy's own",
        printable(text)
    );
    Err(PolicyError::at(source, written.span(), what).hint(
        "write a path that version control ignores, such as \"target/guardrun\"; left out, receipts are in .git/guardrun/receipts",
    ))
}
