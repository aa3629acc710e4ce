//! "The gated tests really ran": reports of every kind, judged (docs/proof.md).

mod attempts;
mod judged;
mod ledger;
mod odd;
mod prove;
mod ratchet;
mod real;
mod receipts;
mod repository;
mod samples;
mod self_test;
mod stdout;
mod verify;

use guardrun::policy::proof::Format;
use guardrun::proof::{self, Evidence, Tally, Unreadable};
use std::fs;
use std::path::{Path, PathBuf};

/// A sample of a report.
pub(crate) fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/it/proof/samples")
        .join(name)
}

/// What these bytes show, looking out for these names.
fn evidence_of(
    bytes: &[u8],
    format: Option<Format>,
    must_run: &[&str],
) -> Result<(Format, Evidence), Unreadable> {
    let must_run: Vec<String> = must_run.iter().map(|name| (*name).to_owned()).collect();
    let mut tally = Tally::new(&must_run, []);
    let format = proof::read(format, bytes, &mut tally)?;
    Ok((format, tally.close()))
}

/// What a sample shows.
#[track_caller]
fn evidence_in(name: &str, must_run: &[&str]) -> (Format, Evidence) {
    let bytes = fs::read(sample(name)).expect("a sample");
    evidence_of(&bytes, None, must_run).unwrap_or_else(|error| panic!("{name} {error}"))
}
