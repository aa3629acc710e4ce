//! The file of an audit's page.

use super::Voice;
use super::output::Output;
use super::voice::Tone;
use std::io;
use std::path::{Path, PathBuf};

/// A page that is to be written.
#[derive(Debug)]
pub struct Page {
    output: Output,
    path: PathBuf,
}

impl Page {
    /// Finds out whether it can be written, and removes what an earlier audit has left there.
    pub fn open(path: &Path) -> io::Result<Page> {
        let output = Output::open(path).map_err(|error| told(path, &error))?;
        Ok(Page {
            output,
            path: path.to_owned(),
        })
    }

    /// Writes it, whole or not at all, and says so.
    pub fn write(self, voice: &Voice, text: &str) -> io::Result<()> {
        let shown = self.path.display();
        let written = self.output.write(text.as_bytes());
        written.map_err(|error| told(&self.path, &error))?;
        if !voice.quiet && !voice.json {
            voice.say(Tone::Notice, &format!("wrote the page {shown}"));
        }
        Ok(())
    }
}

fn told(path: &Path, error: &io::Error) -> io::Error {
    let text = format!(
        "cannot write the page {}: {error}\nhint: give --html a file in a directory that can be written",
        path.display()
    );
    io::Error::new(error.kind(), text)
}
