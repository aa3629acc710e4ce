//! JUnit's XML, which no two programs write alike. Tests are counted by their elements.
//!
//! What differs: pytest with reruns writes each try as an element of its own, of which only the last shows the failure;
//! nextest and surefire put the tries into the one element; gotestsum writes a test that only holds subtests like any other;
//! jest writes a `todo` like a test that passed, and leaves it out of `tests`; node nests suites and leaves out the names
//! above.

use super::Unreadable;
use super::tally::{Again, Case, Tally, Told, cut_str, hash_of};
use super::xml::Tags;
use crate::policy::proof::Format;
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;
use std::borrow::Cow;
use std::io::{BufRead, ErrorKind};

/// The deepest that elements may be within each other.
const DEEPEST: usize = 200;
/// The longest name of an element, in bytes.
const LONGEST_ELEMENT: usize = 1024;
/// How much of a suite's name is shown, in bytes.
const SHOWN: usize = 100;

/// Reads a report.
pub(super) fn read(input: &mut dyn BufRead, tally: &mut Tally) -> Result<(), Unreadable> {
    let mut reader = Reader::from_reader(Tags::new(input));
    let mut buffer = Vec::new();
    let mut report = Report {
        tally,
        suites: Vec::new(),
        case: None,
        depth: 0,
        begun: false,
        dialect: Dialect::Other,
    };
    loop {
        buffer.clear();
        let event = match reader.read_event_into(&mut buffer) {
            Ok(event) => event,
            Err(quick_xml::Error::Io(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(Unreadable::Truncated(error.to_string()));
            }
            Err(quick_xml::Error::Io(error)) if error.kind() == ErrorKind::InvalidData => {
                return Err(malformed(error.to_string()));
            }
            Err(quick_xml::Error::Io(error)) => return Err(Unreadable::Disk(error.to_string())),
            Err(error) => return Err(malformed(error.to_string())),
        };
        match event {
            Event::Start(element) => {
                report.opens(&element)?;
                report.depth += 1;
            }
            Event::Empty(element) => {
                report.opens(&element)?;
                report.closes(element.name().as_ref())?;
            }
            Event::End(element) => {
                report.depth = report.depth.saturating_sub(1);
                report.closes(element.name().as_ref())?;
            }
            Event::Eof if report.depth > 0 => {
                return Err(Unreadable::Truncated(format!(
                    "{} of its elements are never closed",
                    report.depth
                )));
            }
            Event::Eof if !report.begun => return Err(malformed("it has no element".to_owned())),
            Event::Eof => return Ok(()),
            _ if report.depth == 0 => {
                return Err(malformed(
                    "there is text outside of its one element".to_owned(),
                ));
            }
            _ => {}
        }
    }
}

fn malformed(why: String) -> Unreadable {
    Unreadable::Malformed(Format::Junit, cut_str(&why, 300).to_owned())
}

/// What is known while a report is read.
struct Report<'t> {
    tally: &'t mut Tally,
    suites: Vec<Suite>,
    case: Option<Test>,
    depth: usize,
    begun: bool,
    dialect: Dialect,
}

/// Whose report it is, where that matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dialect {
    Pytest,
    Jest,
    Go,
    Other,
}

/// A `testsuite`, or the `testsuites` around them.
#[derive(Default)]
struct Suite {
    name: String,
    /// What its attributes say of it.
    claims: Counted<Option<u64>>,
    /// What is directly in it, and what is anywhere in it.
    own: Counted<u64>,
    all: Counted<u64>,
    suites_inside: u64,
    outermost: bool,
}

/// Numbers of tests.
#[derive(Clone, Copy, Default)]
struct Counted<N> {
    tests: N,
    /// Failures and errors together: where the line is drawn differs.
    failed: N,
    skipped: N,
}

/// The `testcase` that is being read.
struct Test {
    class: String,
    name: String,
    told: Told,
    reason: Option<String>,
    depth: usize,
}

impl Report<'_> {
    fn opens(&mut self, element: &BytesStart<'_>) -> Result<(), Unreadable> {
        let name = element.name();
        let name: &str = name.as_ref();
        if name.len() > LONGEST_ELEMENT || self.depth >= DEEPEST {
            return Err(malformed(format!(
                "its elements are more than {DEEPEST} deep, or their names longer than {LONGEST_ELEMENT} bytes"
            )));
        }
        if self.depth == 0 {
            if self.begun {
                return Err(malformed(
                    "there is more than one document in it".to_owned(),
                ));
            }
            if name != "testsuites" && name != "testsuite" {
                return Err(malformed(format!(
                    "its element is <{}>, not <testsuites>",
                    cut_str(name, SHOWN)
                )));
            }
            self.begun = true;
        }
        match name {
            "testsuites" | "testsuite" => self.suite(element, name == "testsuites"),
            "testcase" => self.test(element)?,
            "skipped" | "disabled" | "ignored" => {
                let reason = attribute(element, "message");
                if let Some(test) = &mut self.case
                    && test.told == Told::Passed
                {
                    test.told = Told::Skipped;
                    test.reason = reason;
                }
            }
            "failure" | "error" => match &mut self.case {
                Some(test) => test.told = Told::Failed,
                None => {
                    self.tally.error();
                    if let Some(suite) = self.suites.last_mut() {
                        suite.own.failed += 1;
                    }
                }
            },
            "flakyFailure" | "flakyError" => {
                if let Some(test) = &mut self.case
                    && test.told == Told::Passed
                {
                    test.told = Told::Flaky;
                }
            }
            "property"
                if self.case.is_none()
                    && attribute(element, "name").as_deref() == Some("go.version") =>
            {
                self.dialect = Dialect::Go;
            }
            _ => {}
        }
        Ok(())
    }

    fn suite(&mut self, element: &BytesStart<'_>, outermost: bool) {
        let mut suite = Suite {
            outermost,
            ..Suite::default()
        };
        let mut failed = None;
        for (key, value) in attributes(element) {
            match key {
                "name" => suite.name = cut_str(&value, LONGEST_ELEMENT).to_owned(),
                "tests" => suite.claims.tests = number(&value),
                "failures" | "errors" => {
                    failed = number(&value)
                        .map(|more| failed.unwrap_or(0_u64).saturating_add(more))
                        .or(failed);
                }
                "skipped" => suite.claims.skipped = number(&value),
                _ => {}
            }
        }
        suite.claims.failed = failed;
        match suite.name.as_str() {
            "pytest tests" | "pytest" => self.dialect = Dialect::Pytest,
            "jest tests" => self.dialect = Dialect::Jest,
            _ => {}
        }
        if let Some(outer) = self.suites.last_mut() {
            outer.suites_inside += 1;
        }
        self.suites.push(suite);
    }

    fn test(&mut self, element: &BytesStart<'_>) -> Result<(), Unreadable> {
        if self.case.is_some() {
            return Err(malformed("a test case within a test case".to_owned()));
        }
        let mut test = Test {
            class: String::new(),
            name: String::new(),
            told: Told::Passed,
            reason: None,
            depth: self.depth,
        };
        for (key, value) in attributes(element) {
            match key {
                "name" => test.name = value.into_owned(),
                "classname" => test.class = value.into_owned(),
                // googletest and ctest say it here.
                "status" if matches!(value.as_ref(), "notrun" | "disabled" | "skipped") => {
                    test.told = Told::Skipped;
                }
                "result" if matches!(value.as_ref(), "suppressed" | "skipped") => {
                    test.told = Told::Skipped;
                }
                _ => {}
            }
        }
        self.case = Some(test);
        Ok(())
    }

    fn closes(&mut self, name: &str) -> Result<(), Unreadable> {
        match name {
            "testcase" => {
                if let Some(test) = self.case.take_if(|test| test.depth == self.depth) {
                    self.counts(&test)?;
                }
            }
            "testsuites" | "testsuite" => {
                if let Some(suite) = self.suites.pop() {
                    self.adds_up(suite);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn counts(&mut self, test: &Test) -> Result<(), Unreadable> {
        let path = self.suites.iter().filter(|suite| !suite.outermost);
        let within = hash_of(path.map(|suite| &suite.name).collect::<Vec<_>>());
        // Node's own runner has the same class for every test, and the names above in the suites.
        let named_by_suites = test.class.is_empty() || test.class == "test";
        let above: String = match named_by_suites {
            false => String::new(),
            true => {
                let path = self.suites.iter().filter(|suite| !suite.outermost);
                let names: Vec<&str> = path.map(|suite| suite.name.as_str()).collect();
                names.join(" > ")
            }
        };
        let of = if named_by_suites { &above } else { &test.class };
        if self.dialect == Dialect::Go {
            for (at, _) in test.name.match_indices('/') {
                self.tally.holder(within, of, &test.name[..at]);
            }
        }
        self.tally.case(&Case {
            of,
            name: &test.name,
            within,
            told: test.told,
            reason: test.reason.as_deref().and_then(sentence_in),
            again: match self.dialect {
                Dialect::Pytest => Again::FailureStands,
                Dialect::Go => Again::PassStands,
                Dialect::Jest | Dialect::Other => Again::Another,
            },
        })?;
        if let Some(suite) = self.suites.last_mut() {
            suite.own.tests += 1;
            suite.own.failed += u64::from(test.told == Told::Failed);
            suite.own.skipped += u64::from(test.told == Told::Skipped);
        }
        Ok(())
    }

    /// Tests that are there and that jest does not count are written down as something to be done, and have not run.
    fn never_ran(&mut self, suite: &Suite, claimed: u64) {
        if suite.outermost {
            return;
        }
        let may_have_run = suite
            .own
            .tests
            .saturating_sub(suite.own.skipped + suite.own.failed);
        let never = (suite.own.tests.saturating_sub(claimed)).min(may_have_run);
        let never = i64::try_from(never).unwrap_or(i64::MAX);
        self.tally.adjust(-never, 0, never);
    }

    /// Compares what a suite says of itself with what is in it.
    fn adds_up(&mut self, mut suite: Suite) {
        suite.all.add(suite.own);
        if let Some(outer) = self.suites.last_mut() {
            outer.all.add(suite.all);
        }
        // Whether a suite counts what is in the suites within it, or those suites themselves, differs.
        let name = cut_str(&suite.name, SHOWN);
        let tests = [
            suite.own.tests,
            suite.all.tests,
            suite.own.tests + suite.suites_inside,
        ];
        if let Some(claimed) = suite
            .claims
            .tests
            .filter(|claimed| !tests.contains(claimed))
        {
            let counted = suite.all.tests;
            match self.dialect {
                // Each try is an element of its own here.
                Dialect::Pytest if claimed < counted => {}
                Dialect::Jest if claimed < counted => self.never_ran(&suite, claimed),
                _ => self.tally.contradiction(format!(
                    "`{name}` says tests=\"{claimed}\" and has {counted}"
                )),
            }
        }
        let checks = [
            (
                "failures and errors",
                suite.claims.failed,
                suite.own.failed,
                suite.all.failed,
            ),
            (
                "skipped",
                suite.claims.skipped,
                suite.own.skipped,
                suite.all.skipped,
            ),
        ];
        for (what, claimed, own, all) in checks {
            // Less than there is may be a matter of what counts as one: a failure of a hook, an expected one.
            if let Some(claimed) = claimed.filter(|claimed| *claimed > own.max(all)) {
                self.tally.contradiction(format!(
                    "`{name}` says it has {claimed} {what}, and has {all}"
                ));
            }
        }
    }
}

impl Counted<u64> {
    fn add(&mut self, more: Counted<u64>) {
        self.tests += more.tests;
        self.failed += more.failed;
        self.skipped += more.skipped;
    }
}

/// The reason in what is given as one: gotestsum gives all that the test has printed, node `true` for none.
fn sentence_in(reason: &str) -> Option<&str> {
    let framing = |line: &&str| !line.starts_with("=== ") && !line.starts_with("--- ");
    let mut lines = reason.lines().map(str::trim).filter(framing);
    lines.rfind(|line| !line.is_empty() && *line != "true")
}

fn number(text: &str) -> Option<u64> {
    text.trim().parse().ok()
}

/// The attributes. A value with an entity that is not known, or none that XML has, is taken as it is written.
fn attributes<'e>(element: &'e BytesStart<'_>) -> impl Iterator<Item = (&'e str, Cow<'e, str>)> {
    let mut attributes = element.attributes();
    // Looking for an attribute that is there twice takes quadratic time.
    attributes.with_checks(false);
    attributes.flatten().map(|attribute| {
        let value = attribute
            .normalized_value(XmlVersion::Implicit1_0)
            .unwrap_or_else(|_| attribute.value.clone());
        (attribute.key.into_inner(), value)
    })
}

fn attribute(element: &BytesStart<'_>, wanted: &str) -> Option<String> {
    attributes(element)
        .find(|(key, _)| *key == wanted)
        .map(|(_, value)| value.into_owned())
}
