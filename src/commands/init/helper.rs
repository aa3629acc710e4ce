//! `guardrun init --helper LANG`: the gate helper of a language, written or brought up to date.

use crate::cli;
use crate::exit::{Exit, Verdict};
use crate::helpers::{Change, Language, install};
use crate::report::{self, Voice};
use std::path::Path;

pub(super) fn command(
    voice: &Voice,
    options: &cli::Init,
    language: Language,
    directory: &Path,
) -> Exit {
    if options.print {
        let texts: Vec<String> = language.files().iter().map(|file| file.text()).collect();
        return report::data(&texts.join("\n"));
    }
    let usual = Path::new(language.usual_directory());
    let place = options.to.as_deref().unwrap_or(usual);
    let written = match install(&directory.join(place), language.files()) {
        Ok(written) => written,
        Err(error) => {
            report::failure(voice, Verdict::Usage, &error.to_string());
            return Verdict::Usage.into();
        }
    };
    for (file, change) in &written {
        let done = match change {
            Change::Written => "wrote",
            Change::Updated => "updated",
            Change::Same => "up to date:",
        };
        report::done(voice, &format!("{done} {}", file.display()));
    }
    let hint =
        "its first lines show how it is used; what it asks is docs/gate-contract.md of guardrun";
    report::done(voice, hint)
}
