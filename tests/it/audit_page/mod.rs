//! `guardrun audit --html`: the page of a recording, as bytes and in a real browser.

mod browser;
mod content;
mod looks;
mod odd;
mod recording;
mod use_of_it;
mod written;

use crate::scratch::Scratch;
use std::fs;
use std::path::PathBuf;

/// The page of these lines.
fn page_of(lines: &str) -> String {
    guardrun::audit::page(&mut lines.as_bytes()).expect("a recording becomes a page")
}

/// A page on the disk, for a browser. With `GUARDRUN_PAGES` it is kept in that directory, to be looked at.
fn put(scratch: &Scratch, name: &str, lines: &str) -> PathBuf {
    let page = page_of(lines);
    keep(&format!("{name}.html"), page.as_bytes());
    scratch.file(&format!("{name}.html"), page)
}

/// Keeps a copy where `GUARDRUN_PAGES` says.
fn keep(name: &str, bytes: &[u8]) {
    if let Some(directory) = std::env::var_os("GUARDRUN_PAGES") {
        let directory = PathBuf::from(directory);
        fs::create_dir_all(&directory).expect("the directory of GUARDRUN_PAGES can be made");
        fs::write(directory.join(name), bytes).expect("a page can be kept");
    }
}
