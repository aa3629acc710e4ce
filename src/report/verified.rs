//! What `guardrun verify` has found, for those who read JUnit reports: each suite a test, each problem of it a failure.

use super::junit::{legal, problem_element};
use super::output::Output;
use super::voice::{Tone, Voice};
use crate::receipt::Verified;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};
use std::io;
use std::path::{Path, PathBuf};

/// The file of `--junit`.
#[derive(Debug)]
pub struct VerifiedJunit {
    output: Output,
    path: PathBuf,
}

impl VerifiedJunit {
    /// Finds out whether it can be written, and removes what was there.
    pub fn open(path: &Path) -> io::Result<VerifiedJunit> {
        let told = |error: io::Error| {
            let text = format!(
                "cannot write the report {}: {error}\nhint: give --junit a file in a directory that can be written",
                path.display()
            );
            io::Error::new(error.kind(), text)
        };
        Ok(VerifiedJunit {
            output: Output::open(path).map_err(told)?,
            path: path.to_owned(),
        })
    }

    /// Writes it. That this fails does not change what is proved.
    pub fn write(self, voice: &Voice, verified: &Verified) {
        let written = document(verified).and_then(|document| self.output.write(&document));
        if let Err(error) = written {
            let text = format!(
                "could not write the report {}: {error}",
                self.path.display()
            );
            voice.say(Tone::Bad, &text);
        }
    }
}

fn document(verified: &Verified) -> io::Result<Vec<u8>> {
    let failing = verified
        .suites
        .iter()
        .filter(|suite| !suite.problems.is_empty());
    let of_all = usize::from(!verified.problems.is_empty());
    let tests = (verified.suites.len() + of_all).to_string();
    let failures = (failing.count() + of_all).to_string();
    let counts = [
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
        ("errors", "0"),
    ];
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attribute(("name", "guardrun"))
        .with_attributes(counts)
        .write_inner_content(|writer| {
            writer
                .create_element("testsuite")
                .with_attribute(("name", "guardrun verify"))
                .with_attributes(counts)
                .write_inner_content(|writer| {
                    for suite in &verified.suites {
                        case(writer, &suite.suite, &suite.problems)?;
                    }
                    if !verified.problems.is_empty() {
                        case(writer, "this repository", &verified.problems)?;
                    }
                    Ok(())
                })?;
            Ok(())
        })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

/// A test; a test that fails has one failure in JUnit's schema, so the first problem stands for it and the others are in its text.
fn case(
    writer: &mut Writer<Vec<u8>>,
    name: &str,
    problems: &[crate::proof::Problem],
) -> io::Result<()> {
    let name = legal(name);
    let element = writer
        .create_element("testcase")
        .with_attribute(("name", name.as_str()))
        .with_attribute(("classname", "guardrun verify"));
    match problems {
        [] => drop(element.write_empty()?),
        problems => {
            element.write_inner_content(|writer| problem_element(writer, problems))?;
        }
    }
    Ok(())
}
