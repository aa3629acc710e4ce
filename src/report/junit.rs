//! The JUnit report that the suite could not write any more, so that CI shows red, and why.
//!
//! The suite's own report is never lost: a complete one of this run stays as it is, and what guardrun has to say goes into
//! `NAME.guardrun.xml` beside it; one that is cut off is kept as `NAME.xml.truncated`. Whether a report is of this run is
//! told by the file itself, looked at before and after, and not by the clock, which can be set.

use super::output::Output;
use super::text;
use crate::exit::{Exit, Verdict};
use crate::outcome::{Class, Ending, Outcome};
use crate::plan::Plan;
use crate::proof::Problem;
use quick_xml::events::{BytesDecl, BytesText, Event};
use quick_xml::{Reader, Writer};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The largest report that is read to see whether it is whole, in bytes.
const LARGEST: u64 = 256 << 20;

/// Where the suite writes its report, and what was there before.
#[derive(Debug)]
pub struct Junit {
    path: PathBuf,
    before: Option<Fingerprint>,
}

/// What changes when a file is written.
#[derive(Debug, PartialEq, Eq)]
struct Fingerprint {
    inode: (u64, u64),
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

/// What the suite has left there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Own {
    /// Nothing, or what was there before the run.
    Nothing,
    /// Something of this run that does not come to its end.
    CutOff,
    /// A whole report of this run.
    Whole,
    /// Something that is no file, and that is left alone.
    Foreign,
}

/// What guardrun writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Nowhere,
    AtItsPath,
    Beside,
}

impl Junit {
    /// Looks at the file before an attempt, and removes what guardrun itself had written beside it for an earlier run.
    pub fn look(path: PathBuf) -> Junit {
        let _ = fs::remove_file(beside(&path));
        let before = fingerprint(&path);
        Junit { path, before }
    }

    /// Writes one where the suite's own does not say what has to be said. Answers with what could not be done.
    pub fn write(&self, plan: &Plan, outcome: &Outcome, ending: &Ending) -> Result<(), String> {
        let own = self.own();
        let path = match place(own, ending) {
            Place::Nowhere => return Ok(()),
            Place::AtItsPath => self.path.clone(),
            Place::Beside => beside(&self.path),
        };
        let told = |error: io::Error| {
            format!(
                "could not write the JUnit report {}: {error}",
                path.display()
            )
        };
        if own == Own::Foreign {
            return Err(told(io::Error::other("it is no regular file")));
        }
        if own == Own::CutOff {
            // What the suite did get down may be all that there is to learn from.
            let _ = fs::rename(&self.path, with_ending(&self.path, "truncated"));
        }
        let document = document(plan, outcome, ending).map_err(told)?;
        let directory = path
            .parent()
            .filter(|directory| !directory.as_os_str().is_empty());
        directory.map_or(Ok(()), fs::create_dir_all).map_err(told)?;
        Output::open(&path)
            .and_then(|output| output.write(&document))
            .map_err(told)
    }

    fn own(&self) -> Own {
        match fs::metadata(&self.path) {
            Err(_) => return Own::Nothing,
            Ok(found) if !found.is_file() => return Own::Foreign,
            Ok(_) => {}
        }
        if fingerprint(&self.path) == self.before {
            return Own::Nothing;
        }
        let mut bytes = Vec::new();
        let read =
            File::open(&self.path).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes));
        match read {
            // Not to be judged, and so not to be touched.
            Ok(_) if bytes.len() as u64 > LARGEST || is_utf_16(&bytes) => Own::Whole,
            Ok(_) if is_whole(&String::from_utf8_lossy(&bytes)) => Own::Whole,
            _ => Own::CutOff,
        }
    }
}

/// Where guardrun's word is needed. A suite that failed and said so itself needs none.
fn place(own: Own, ending: &Ending) -> Place {
    if ending.exit == Exit::Code(0) {
        return Place::Nowhere;
    }
    let said_by_itself = ending.verdicts.is_empty() && ending.class == Class::Failed;
    match own {
        Own::Nothing | Own::CutOff | Own::Foreign => Place::AtItsPath,
        Own::Whole if said_by_itself => Place::Nowhere,
        Own::Whole => Place::Beside,
    }
}

/// `target/junit.xml` becomes `target/junit.guardrun.xml`.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".guardrun.");
    name.push(path.extension().unwrap_or("xml".as_ref()));
    path.with_file_name(name)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    path.with_file_name(name)
}

fn fingerprint(path: &Path) -> Option<Fingerprint> {
    let found = fs::metadata(path).ok()?;
    Some(Fingerprint {
        inode: (found.dev(), found.ino()),
        size: found.size(),
        modified: (found.mtime(), found.mtime_nsec()),
        changed: (found.ctime(), found.ctime_nsec()),
    })
}

/// By the mark at its beginning (XML 1.0, appendix F).
fn is_utf_16(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff")
}

/// Whether this is XML from its beginning to the end of its one outermost element.
fn is_whole(text: &str) -> bool {
    let mut reader = Reader::from_str(text);
    let (mut depth, mut elements) = (0_usize, 0_usize);
    loop {
        match reader.read_event() {
            Ok(Event::Start(_)) => (depth, elements) = (depth + 1, elements + 1),
            Ok(Event::Empty(_)) => elements += 1,
            Ok(Event::End(_)) => depth = depth.saturating_sub(1),
            Ok(Event::Eof) => return depth == 0 && elements > 0,
            Ok(_) => {}
            Err(_) => return false,
        }
    }
}

/// What made the run unproven, with the suite that owes it. A suite that failed is told of its proof elsewhere: its own
/// tests are what is red.
fn not_proved(ending: &Ending) -> impl Iterator<Item = (&str, &Problem)> {
    let unproven = ending.verdicts.contains(&Verdict::Unproven);
    let proofs = ending.proof.iter().filter(move |_| unproven);
    proofs.flat_map(|proved| {
        let problems = proved.problems.iter();
        problems.map(|problem| (proved.suite.as_str(), problem))
    })
}

/// Problems as the one failure that a test may have: the first stands for it, and all are in its text.
pub(super) fn problem_element(
    writer: &mut Writer<Vec<u8>>,
    problems: &[Problem],
) -> io::Result<()> {
    let Some(first) = problems.first() else {
        return Ok(());
    };
    let each = problems
        .iter()
        .map(|problem| format!("{}: {}\nhint: {}", problem.name, problem.text, problem.hint));
    let (message, body) = (
        legal(&first.text),
        legal(&each.collect::<Vec<_>>().join("\n")),
    );
    writer
        .create_element("failure")
        .with_attribute(("type", first.name))
        .with_attribute(("message", message.as_str()))
        .write_text_content(BytesText::new(&body))?;
    Ok(())
}

/// One test suite with one test case, which is an error, and one that fails for each thing that is not proved.
fn document(plan: &Plan, outcome: &Outcome, ending: &Ending) -> io::Result<Vec<u8>> {
    let suite = legal(plan.suite.as_deref().unwrap_or("command"));
    let time = format!("{:.3}", outcome.elapsed.as_secs_f64());
    let kind = ending
        .verdicts
        .first()
        .map_or(ending.class.name(), |verdict| verdict.name());
    let message = legal(&format!("{suite} {}", ending.cause));
    let body = legal(&details(plan, outcome, ending));
    let problems: Vec<_> = not_proved(ending).collect();
    let (tests, failures) = ((problems.len() + 1).to_string(), problems.len().to_string());
    let counts = [
        ("tests", tests.as_str()),
        ("failures", failures.as_str()),
        ("errors", "1"),
    ];
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("testsuites")
        .with_attribute(("name", "guardrun"))
        .with_attributes(counts)
        .with_attribute(("time", time.as_str()))
        .write_inner_content(|writer| {
            let mut element = writer
                .create_element("testsuite")
                .with_attribute(("name", suite.as_str()))
                .with_attributes(counts)
                .with_attribute(("skipped", "0"))
                .with_attribute(("time", time.as_str()));
            let started = outcome.started.map(|started| started.to_string());
            if let Some(started) = &started {
                element = element.with_attribute(("timestamp", started.as_str()));
            }
            element.write_inner_content(|writer| {
                writer
                    .create_element("testcase")
                    .with_attribute(("name", "guardrun"))
                    .with_attribute(("classname", suite.as_str()))
                    .with_attribute(("time", time.as_str()))
                    .write_inner_content(|writer| {
                        writer
                            .create_element("error")
                            .with_attribute(("type", kind))
                            .with_attribute(("message", message.as_str()))
                            .write_text_content(BytesText::new(&body))?;
                        Ok(())
                    })?;
                for (number, (suite, problem)) in problems.iter().enumerate() {
                    let (name, suite) = (
                        format!("proof {}: {}", number + 1, problem.name),
                        legal(suite),
                    );
                    writer
                        .create_element("testcase")
                        .with_attribute(("name", name.as_str()))
                        .with_attribute(("classname", suite.as_str()))
                        .write_inner_content(|writer| {
                            problem_element(writer, std::slice::from_ref(*problem))
                        })?;
                }
                Ok(())
            })?;
            Ok(())
        })?;
    let mut bytes = writer.into_inner();
    bytes.push(b'\n');
    Ok(bytes)
}

fn details(plan: &Plan, outcome: &Outcome, ending: &Ending) -> String {
    let command = plan.command.iter().map(|word| word.to_string_lossy());
    let verdicts: Vec<_> = ending
        .verdicts
        .iter()
        .map(|verdict| verdict.name())
        .collect();
    let mut lines = vec![
        ending.cause.clone(),
        format!("command: {}", shell_words::join(command)),
        format!("verdicts ({}): {}", verdicts.len(), text::list(&verdicts)),
        format!(
            "level: {}",
            outcome.level.map_or("not started", |level| level.name())
        ),
        format!("run: {}", plan.run),
    ];
    for (what, survivors) in [
        ("left over", &outcome.survivors),
        ("still there", &outcome.unkilled),
    ] {
        lines.push(format!("{what} ({}):", survivors.len()));
        lines.extend(
            survivors
                .iter()
                .take(text::NAMED)
                .map(|survivor| format!("  {}", text::survivor(survivor))),
        );
    }
    lines.join("\n")
}

/// What XML 1.0 can hold: no control characters but tab and the ends of lines, and no half of a pair.
pub(super) fn legal(text: &str) -> String {
    let is_legal = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    text.chars()
        .map(|c| if is_legal(c) { c } else { '\u{fffd}' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Own, Place, beside, is_whole, legal, place};
    use crate::exit::{Exit, Verdict};
    use crate::outcome::{Class, Ending};
    use std::path::Path;

    #[test]
    fn a_report_is_whole_when_its_outermost_element_ends() {
        for whole in [
            "<testsuites/>",
            "<?xml version='1.0'?>\n<testsuites><testsuite name='a'/></testsuites>\n",
            "<t>&lt;<![CDATA[<]]></t>",
        ] {
            assert!(is_whole(whole), "{whole}");
        }
        for broken in [
            "",
            "   ",
            "<?xml version='1.0'?>",
            "<testsuites>",
            "<testsuites><testsuite></testsuites>",
            "<testsuites><testcase name='a",
            "<t>&lt",
            "<t></t",
            "<t><![CDATA[x</t>",
        ] {
            assert!(!is_whole(broken), "{broken}");
        }
    }

    #[test]
    fn a_whole_report_of_the_suites_own_is_never_written_over() {
        let ending = |verdicts: &[Verdict], class, exit| Ending {
            verdicts: verdicts.to_vec(),
            exit,
            class,
            cause: String::new(),
            proof: Vec::new(),
        };
        let passed = ending(&[], Class::Passed, Exit::Code(0));
        let failed = ending(&[], Class::Failed, Exit::Code(1));
        let crashed = ending(&[], Class::Crashed, Exit::Signal(11));
        let leaked = ending(&[Verdict::Leaked], Class::Passed, Exit::Code(46));
        for own in [Own::Nothing, Own::CutOff, Own::Whole, Own::Foreign] {
            assert_eq!(place(own, &passed), Place::Nowhere, "{own:?}");
        }
        assert_eq!(place(Own::Whole, &failed), Place::Nowhere);
        for red in [&crashed, &leaked] {
            assert_eq!(place(Own::Whole, red), Place::Beside);
        }
        for red in [&failed, &crashed, &leaked] {
            assert_eq!(place(Own::Nothing, red), Place::AtItsPath);
            assert_eq!(place(Own::CutOff, red), Place::AtItsPath);
        }
    }

    #[test]
    fn the_file_beside_has_a_name_of_its_own() {
        for (path, expected) in [
            ("target/junit.xml", "target/junit.guardrun.xml"),
            ("junit", "junit.guardrun.xml"),
            ("a/b.c/r.x.xml", "a/b.c/r.x.guardrun.xml"),
        ] {
            assert_eq!(beside(Path::new(path)), Path::new(expected));
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced() {
        assert_eq!(
            legal("a\0b\u{1b}[2J\u{fffe}\u{ffff}ü日\u{1f600}\n"),
            "a\u{fffd}b\u{fffd}[2J\u{fffd}\u{fffd}ü日\u{1f600}\n"
        );
    }
}
