//! "Written into a repository by `guardrun init --helper LANG` and updatable": never over what somebody has edited.

use crate::scratch::Scratch;
use guardrun::helpers::{Change, Language, install};
use std::fs;

#[test]
fn a_helper_is_written_once_and_is_the_same_the_second_time() {
    for language in Language::ALL {
        let scratch = Scratch::new();
        let place = scratch.path().join(language.usual_directory());
        let changes = |files: Vec<(std::path::PathBuf, Change)>| {
            files
                .into_iter()
                .map(|(_, change)| change)
                .collect::<Vec<_>>()
        };
        let first = changes(install(&place, language.files()).unwrap());
        assert!(first.iter().all(|change| *change == Change::Written));
        let second = changes(install(&place, language.files()).unwrap());
        assert!(
            second.iter().all(|change| *change == Change::Same),
            "{language:?}"
        );
        for file in language.files() {
            let text = fs::read_to_string(place.join(file.name)).unwrap();
            assert!(text.contains("guardrun gate helper 1, checksum "), "{text}");
        }
    }
}

#[test]
fn one_that_another_guardrun_wrote_is_updated_and_one_that_was_edited_is_not() {
    let scratch = Scratch::new();
    let files = Language::Go.files();
    let path = scratch.path().join(files[0].name);
    // As another version would have written it: a body, and the body's own checksum (FNV-1a of "old\n").
    let sum = "old\n"
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
    let older = format!("// guardrun gate helper 0, checksum {sum:016x}.\nold\n");
    for text in [older.clone(), older.replace("\nold", "\r\nold")] {
        fs::write(&path, text).unwrap();
        let done = install(scratch.path(), files).unwrap();
        assert_eq!(done[0].1, Change::Updated);
        assert_eq!(fs::read_to_string(&path).unwrap(), files[0].text());
    }
    for (text, word) in [
        (older.replace("old\n", "edited\n"), "was edited"),
        (files[0].text() + "// mine\n", "was edited"),
        ("package mine\n".to_owned(), "was not written by guardrun"),
        (String::new(), "was not written by guardrun"),
    ] {
        fs::write(&path, &text).unwrap();
        let error = install(scratch.path(), files).unwrap_err().to_string();
        assert!(error.contains(word) && error.contains("hint: "), "{error}");
        assert_eq!(
            fs::read_to_string(&path).unwrap(),
            text,
            "it stays as it is"
        );
    }
}

#[test]
fn when_one_file_cannot_be_written_none_is() {
    let scratch = Scratch::new();
    scratch.file("guardrun-gate.d.cts", "// mine\n");
    assert!(install(scratch.path(), Language::Js.files()).is_err());
    assert!(!scratch.path().join("guardrun-gate.cjs").exists());
}
