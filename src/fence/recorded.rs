//! The fence's judgement about processes that were recorded: the same tables, the same lines, the same rules, asked afterwards. Pure.

use super::kind::{Kind, Name};
use super::lineage::{Place, Standing, builds, stand};
use super::rules::{Act, LEFT_BEHIND, Ruling, rule};
use crate::values::{Deed, Fence};

/// One program in the line of a process.
#[derive(Clone, Copy, Debug)]
pub struct Recorded<'a> {
    /// Its executable.
    pub executable: Option<&'a str>,
    /// Its arguments.
    pub arguments: &'a [String],
    /// Whether it is a background job of the shell before it.
    pub background: bool,
}

/// Where the last program of a line stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It starts and builds; no test is involved.
    Above,
    /// It goes along with the run.
    Tool,
    /// Tests run in it.
    Host,
    /// The same, started by a test runner for that.
    Worker,
    /// A test has started it.
    Below,
}

/// What would have become of a deed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It would have been done.
    Free,
    /// It would have been done, and refused afterwards if it had turned out to be left behind.
    Watched,
    /// This rule refuses it.
    Refused(&'static str),
}

/// A deed, and the line of the process that did it, from above; the line is never empty.
#[derive(Clone, Copy, Debug)]
pub struct Recollection<'a> {
    /// What was done.
    pub deed: Deed,
    /// The programs above it and its own.
    pub line: &'a [Recorded<'a>],
    /// Whether the line begins with the suite's first process: nobody in between had ended.
    pub whole: bool,
    /// Whether it is in a session that something below a test has made.
    pub in_a_tests_session: bool,
    /// For a start, the program that was started.
    pub started: Option<Recorded<'a>>,
}

impl<'a> Recorded<'a> {
    /// A program whose executable is its first word.
    #[cfg(test)]
    pub(crate) fn called(words: &'a [String]) -> Recorded<'a> {
        Recorded {
            executable: words.first().map(String::as_str),
            arguments: words,
            background: false,
        }
    }

    fn name(&self) -> Name<'a> {
        Name::of(self.executable, self.arguments)
    }

    /// Whether the tables know it as a program in which tests run.
    pub fn runs_tests(&self) -> bool {
        self.name().kind() == Kind::Host
    }

    /// Whether it builds.
    pub fn builds(&self) -> bool {
        self.name().builds()
    }
}

/// Where the last program of the line stands.
pub fn part(line: &[Recorded<'_>], whole: bool) -> Part {
    let own = line[line.len() - 1].name();
    if own.kind() == Kind::Tool {
        return Part::Tool;
    }
    let above = line.len().checked_sub(2).map(|at| line[at].name());
    match standing(line, whole).place {
        Place::Above => Part::Above,
        Place::Below => Part::Below,
        Place::Host if above.is_some_and(|above| own.is_worker_of(&above)) => Part::Worker,
        Place::Host => Part::Host,
    }
}

impl Recollection<'_> {
    /// What a fence of this class would have made of it, and below which program of the line the tests run.
    pub fn judge(&self, class: Fence) -> (Judged, Option<usize>) {
        let mut standing = standing(self.line, self.whole);
        if standing.place == Place::Host && self.in_a_tests_session {
            standing = Standing {
                place: Place::Below,
                host: None,
            };
        }
        let caller = self.line[self.line.len() - 1];
        let starts_worker = standing.place == Place::Host
            && self
                .started
                .is_some_and(|it| it.name().is_worker_of(&caller.name()));
        let act = Act {
            deed: self.deed,
            standing,
            orphan: !self.whole,
            free_to_start: starts_worker || builds(&names(self.line), self.whole),
            program: self.started.map_or(caller.arguments, |it| it.arguments),
            host: standing.host.map(|host| self.line[host].arguments),
        };
        let judged = match rule(class, &[], &act) {
            Ruling::Free => Judged::Free,
            Ruling::Watched => Judged::Watched,
            Ruling::Refused(rule) => Judged::Refused(rule.text),
        };
        (judged, standing.host)
    }
}

/// The rule that ends what was left behind in a session that was watched. None for a tool, which may be.
pub fn left_behind(root: Recorded<'_>) -> Option<&'static str> {
    (root.name().kind() != Kind::Tool).then_some(LEFT_BEHIND.text)
}

fn standing(line: &[Recorded<'_>], whole: bool) -> Standing {
    let background: Vec<bool> = line.iter().map(|it| it.background).collect();
    stand(&names(line), &background, whole)
}

fn names<'a>(line: &[Recorded<'a>]) -> Vec<Name<'a>> {
    line.iter().map(Recorded::name).collect()
}

#[cfg(test)]
mod tests {
    use super::{Judged, Part, Recollection, Recorded, part};
    use crate::values::{Deed, Fence};

    fn words(line: &str) -> Vec<String> {
        shell_words::split(line).unwrap()
    }

    #[test]
    fn a_recorded_line_is_judged_as_a_living_one() {
        let test = "/p/target/debug/deps/it-0123456789abcdef";
        let line = [words("/bin/cargo test"), words(test), words("/bin/server")];
        let programs: Vec<Recorded<'_>> = line.iter().map(|it| Recorded::called(it)).collect();
        assert_eq!(part(&programs[..1], true), Part::Above);
        assert_eq!(part(&programs[..2], true), Part::Host);
        assert_eq!(part(&programs, true), Part::Below);
        let did = |deed, upto: usize, started| Recollection {
            deed,
            line: &programs[..upto],
            whole: true,
            in_a_tests_session: false,
            started,
        };
        let listens = did(Deed::Listen, 3, None);
        assert!(matches!(
            listens.judge(Fence::Daemons),
            (Judged::Refused(_), Some(1))
        ));
        assert_eq!(listens.judge(Fence::Observe).0, Judged::Free);
        let starts = did(Deed::Start, 2, Some(programs[2]));
        assert_eq!(starts.judge(Fence::Daemons).0, Judged::Free);
        assert!(matches!(
            starts.judge(Fence::Processes).0,
            Judged::Refused(_)
        ));
        let builds = did(Deed::Start, 1, Some(programs[1]));
        assert_eq!(builds.judge(Fence::Processes).0, Judged::Free);
    }
}
