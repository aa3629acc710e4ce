//! `guardrun audit --from EVENTS --html FILE`: the page of a recording.

use crate::audit;
use crate::cli::Audit;
use crate::exit::{Exit, Verdict};
use crate::report::{self, Voice};
use std::fs::{self, File};
use std::io::BufReader;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Reads the recording, and writes its page. Nothing is written unless the whole recording could be read.
pub(super) fn command(voice: &Voice, options: &Audit) -> Exit {
    match write(&options.from, &options.html) {
        Ok(()) => report::done(voice, &format!("wrote {}", options.html.display())),
        Err(wrong) => {
            report::failure(voice, Verdict::Usage, &wrong);
            Verdict::Usage.into()
        }
    }
}

fn write(from: &Path, to: &Path) -> Result<(), String> {
    let shown = from.display();
    let lines = File::open(from).map_err(|error| {
        format!("cannot read the recording {shown}: {error}\nhint: --from takes the event lines of an audit")
    })?;
    if is_same(from, to) {
        return Err(format!(
            "cannot write the page over its own recording, {shown}\nhint: give --html another file"
        ));
    }
    let page = audit::page(&mut BufReader::new(lines)).map_err(|error| {
        format!("cannot make a page of {shown}: {error}\nhint: --from takes the event lines of an audit, as they were written")
    })?;
    report::page(to, &page).map_err(|error| {
        format!(
            "cannot write the page {}: {error}\nhint: give --html a file in a directory that can be written",
            to.display()
        )
    })
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
