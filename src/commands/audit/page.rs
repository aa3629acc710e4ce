//! `--html FILE`: the page of an audit, of a run or of events that were written earlier.

use crate::audit;
use crate::report::{Events, Page, Voice};
use std::fs::{self, File};
use std::io::{BufReader, Seek};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// That page and events are not to go to one file.
pub(super) fn distinct(html: Option<&Path>, events: Option<&Path>) -> Result<(), String> {
    match (html, events) {
        (Some(html), Some(events)) if html == events || is_same(html, events) => {
            Err(over_its_events(html))
        }
        _ => Ok(()),
    }
}

/// Makes ready for the page of a run that is to begin: finds out whether it can be written, and keeps the events for it.
pub(super) fn ready(html: Option<&Path>, events: &mut Events) -> Result<Option<Page>, String> {
    let Some(html) = html else { return Ok(None) };
    let page = Page::open(html).map_err(|error| error.to_string())?;
    events.keep(html).map_err(|error| {
        format!(
            "cannot keep the events for the page beside {}: {error}\nhint: give --html a file in a directory that can be written",
            html.display()
        )
    })?;
    Ok(Some(page))
}

/// Writes the page of a run that is over. That this fails changes nothing about the run.
pub(super) fn of_run(voice: &Voice, mut events: File, page: Page) -> Result<(), String> {
    let read = events
        .rewind()
        .and_then(|()| audit::page(&mut BufReader::new(events)));
    let text = read.map_err(|error| format!("there is no page of this run: {error}"))?;
    page.write(voice, &text).map_err(|error| error.to_string())
}

/// Writes the page of events in a file. An earlier page stays where these cannot be read.
pub(super) fn of_file(voice: &Voice, from: &Path, html: &Path) -> Result<(), String> {
    let shown = from.display();
    let hint = "hint: give a file that `guardrun audit --events FILE` has written";
    let events = File::open(from)
        .map_err(|error| format!("cannot read the events in {shown}: {error}\n{hint}"))?;
    distinct(Some(html), Some(from))?;
    let text = audit::page(&mut BufReader::new(events))
        .map_err(|error| format!("cannot make a page of {shown}: {error}\n{hint}"))?;
    let page = Page::open(html).map_err(|error| error.to_string())?;
    page.write(voice, &text).map_err(|error| error.to_string())
}

fn over_its_events(html: &Path) -> String {
    format!(
        "cannot write the page over its own events, {}\nhint: give --html another file",
        html.display()
    )
}

fn is_same(one: &Path, other: &Path) -> bool {
    match (fs::metadata(one), fs::metadata(other)) {
        (Ok(one), Ok(other)) => (one.dev(), one.ino()) == (other.dev(), other.ino()),
        _ => false,
    }
}
