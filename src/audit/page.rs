//! The audit as one HTML page that needs nothing else: no network, no font, no second file.
//!
//! Runs in whichever process has the lines of an audit, after the run. [`read`] makes a recording of them, [`columns`] lays it
//! out as compact columns, [`embed`] makes text of those that no content can break out of, and the template below takes
//! them in. What draws them is `page/app/`, and how it looks `page/style.css`.
//!
//! The page carries a policy for its own content (CSP): only its one script and its one style may run, known by their hashes, and
//! nothing may be loaded or sent.

mod columns;
mod embed;
mod read;
mod strings;

use std::io::{self, BufRead};

const TEMPLATE: &str = include_str!("page/template.html");
const STYLE: &str = include_str!("page/style.css");
/// The parts of the one script, in the order in which they use each other. They share one scope, which the first opens and
/// the last closes.
const SCRIPT: &str = concat!(
    include_str!("page/app/open.js"),
    include_str!("page/app/data.js"),
    include_str!("page/app/words.js"),
    include_str!("page/app/state.js"),
    include_str!("page/app/marks.js"),
    include_str!("page/app/fold.js"),
    include_str!("page/app/colours.js"),
    include_str!("page/app/head.js"),
    include_str!("page/app/panel.js"),
    include_str!("page/app/time.js"),
    include_str!("page/app/chart.js"),
    include_str!("page/app/lanes.js"),
    include_str!("page/app/hands.js"),
    include_str!("page/app/table.js"),
    include_str!("page/app/policy.js"),
    include_str!("page/app/print.js"),
    include_str!("page/app/close.js"),
);

/// Makes the page of an audit's event lines.
///
/// # Errors
///
/// What the reader returns, and `InvalidData` with the number of the line for what is no recording of an audit.
pub fn page(lines: &mut dyn BufRead) -> io::Result<String> {
    let recording = read::read(lines)?;
    let title = format!("{} · guardrun audit", recording.title());
    let data = embed::in_script(&columns::columns(&recording))?;
    let policy = format!(
        "default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'",
        embed::hash(SCRIPT),
        embed::hash(STYLE)
    );
    let parts = [
        ("{{content-policy}}", policy.as_str()),
        ("{{title}}", &embed::in_text(&title)),
        ("{{style}}", STYLE),
        ("{{data}}", &data),
        ("{{script}}", SCRIPT),
    ];
    Ok(embed::filled(TEMPLATE, &parts))
}
