//! Where a process comes from: the programs between the suite's first process and it, and which of them runs the tests.
//!
//! A process that has only forked runs its parent's program, and counts as that. The line ends at the keeper. Where it does
//! not end in the suite's first process, somebody in between has ended, and who that was is not to be seen any more.

use super::kind::{Kind, Name};
use crate::sys::procfs::{self, Stat};
use crate::sys::signal;

/// How far up one looks. Deeper trees than this are loops of a test's own making.
const DEEPEST: usize = 64;
/// How often a line is read again that changed while it was read.
const LOOKS: usize = 3;

/// One program in the line, by the process that executed it.
#[derive(Clone, Debug)]
pub(super) struct Generation {
    /// That process; where it has ended, its topmost fork.
    pub(super) stat: Stat,
    /// Its arguments.
    pub(super) arguments: Vec<String>,
    /// Its executable.
    pub(super) executable: Option<String>,
    /// Whether it is a background job of the shell before it: such a shell has it ignore SIGQUIT, as POSIX asks (sh(1),
    /// asynchronous lists), and no foreground job.
    pub(super) background: bool,
}

/// The line of one process.
#[derive(Clone, Debug)]
pub(super) struct Lineage {
    /// From the top; the last is the program of the process itself. Never empty.
    pub(super) programs: Vec<Generation>,
    /// The process itself.
    pub(super) process: Stat,
    /// Whether the first is the suite's first process.
    pub(super) whole: bool,
}

/// Where a program stands in a test run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It starts and builds; no test is involved.
    Above,
    /// Tests run in it.
    Host,
    /// A test has started it, or whoever started it has ended.
    Below,
}

/// Where a process stands, and below which program the tests run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Standing {
    /// Where it stands.
    pub(super) place: Place,
    /// The program in which the tests run, as an index into the line.
    pub(super) host: Option<usize>,
}

impl Lineage {
    /// The line of this process, up to the keeper. None when it is gone, or does not come from there.
    pub(super) fn of(process: i32, keeper: i32, leader: i32) -> Option<Lineage> {
        (0..LOOKS).find_map(|_| Lineage::look(process, keeper, leader))
    }

    fn look(process: i32, keeper: i32, leader: i32) -> Option<Lineage> {
        let mut line = vec![procfs::stat(process)?];
        while let Some(last) = line.last().filter(|last| last.parent != keeper) {
            if line.len() == DEEPEST || last.parent <= 1 {
                return None;
            }
            line.push(procfs::stat(last.parent)?);
        }
        let process = line.first()?.clone();
        let whole = line.last()?.id.pid == leader;
        line.reverse();
        let mut programs: Vec<Generation> = Vec::new();
        for stat in line {
            // The suite's first process has executed what it is to run, or is about to.
            if !stat.forked || programs.is_empty() {
                let parent = programs.last().map(|parent| parent.stat.id.pid);
                programs.push(Generation::of(stat, parent));
            }
        }
        Some(Lineage {
            programs,
            process,
            whole,
        })
    }

    /// Where it stands.
    pub(super) fn standing(&self) -> Standing {
        let background: Vec<bool> = self.programs.iter().map(|it| it.background).collect();
        stand(&self.names(), &background, self.whole)
    }

    /// Whether it builds, or something that does has started it.
    pub(super) fn builds(&self) -> bool {
        builds(&self.names(), self.whole)
    }

    fn names(&self) -> Vec<Name<'_>> {
        self.programs.iter().map(Generation::name).collect()
    }
}

/// Whether the last of these programs belongs to a build: a program that builds is in the line, and none that is known to run tests.
pub(super) fn builds(names: &[Name<'_>], whole: bool) -> bool {
    whole && names.iter().any(Name::builds) && names.iter().all(|name| name.kind() != Kind::Host)
}

/// Where the last of these programs stands: below the last in the line that is known to run tests, else below the first that
/// is not known to be anything else. `background` says of each whether it is a background job.
pub(super) fn stand(names: &[Name<'_>], background: &[bool], whole: bool) -> Standing {
    let kinds: Vec<Kind> = names.iter().map(Name::kind).collect();
    let own = kinds.len() - 1;
    let at = |host: usize| {
        let mut last = host;
        while last < own && names[last + 1].is_worker_of(&names[last]) {
            last += 1;
        }
        Standing {
            place: if last == own {
                Place::Host
            } else {
                Place::Below
            },
            host: Some(last),
        }
    };
    if let Some(host) = kinds.iter().rposition(|kind| *kind == Kind::Host) {
        return at(host);
    }
    if !whole {
        // A compiler cache that has gone into the background is one wherever it came from.
        let place = match kinds.iter().all(|kind| *kind == Kind::Tool) {
            true => Place::Above,
            false => Place::Below,
        };
        return Standing { place, host: None };
    }
    let unknown = |kind: &Kind| matches!(kind, Kind::Unknown | Kind::Worker);
    let first = kinds.iter().position(unknown);
    // What a script starts on the side, and all that comes of it, is not what the script is there to run.
    let beside = background.iter().skip(1).position(|it| *it);
    match (first, beside.filter(|_| kinds[own] != Kind::Tool)) {
        (first, Some(script)) if first.is_none_or(|first| first > script) => Standing {
            place: Place::Below,
            host: Some(script),
        },
        (None, _) => Standing {
            place: Place::Above,
            host: None,
        },
        (Some(first), _) => at(first),
    }
}

impl Generation {
    fn of(stat: Stat, parent: Option<i32>) -> Generation {
        let pid = stat.id.pid;
        let quit = |pid| procfs::ignores(pid, signal::QUIT).unwrap_or(false);
        let arguments = procfs::arguments(pid);
        let text = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
        Generation {
            arguments: arguments.into_iter().map(text).collect(),
            executable: procfs::executable(pid).map(|path| path.to_string_lossy().into_owned()),
            background: parent.is_some_and(|parent| quit(pid) && !quit(parent)),
            stat,
        }
    }

    /// Its name, to be looked up.
    pub(super) fn name(&self) -> Name<'_> {
        Name::of(self.executable.as_deref(), &self.arguments)
    }
}

#[cfg(test)]
mod tests {
    use super::{Generation, Lineage, Place, Stat};
    use crate::values::ProcessId;

    /// A line of programs; `&` before one makes it a background job, `…` at the top says that somebody is missing.
    fn lineage(programs: &[&str]) -> Lineage {
        let whole = programs[0] != "…";
        let programs: Vec<Generation> = programs
            .iter()
            .filter(|line| **line != "…")
            .map(|line| {
                let words = shell_words::split(line.trim_start_matches('&')).unwrap();
                let path = |word: &String| match word.contains('/') {
                    true => word.clone(),
                    false => format!("/usr/bin/{word}"),
                };
                Generation {
                    stat: stat(),
                    executable: Some(path(&words[0])),
                    arguments: words,
                    background: line.starts_with('&'),
                }
            })
            .collect();
        Lineage {
            programs,
            process: stat(),
            whole,
        }
    }

    fn place(programs: &[&str]) -> Place {
        lineage(programs).standing().place
    }

    fn builds(programs: &[&str]) -> bool {
        lineage(programs).builds()
    }

    fn stat() -> Stat {
        Stat {
            id: ProcessId { pid: 7, start: 7 },
            name: String::new(),
            state: 'S',
            parent: 1,
            group: 7,
            session: 7,
            threads: 1,
            forked: false,
            resident: 0,
            ticks: 0,
            ticks_of_children: 0,
        }
    }

    const CARGO: &str = "/p/target/debug/deps/it-0123456789abcdef";

    #[test]
    fn what_runs_tests_is_the_host_and_what_it_starts_is_below() {
        assert_eq!(place(&["cargo test"]), Place::Above);
        assert_eq!(place(&["cargo test", CARGO]), Place::Host);
        assert_eq!(place(&["cargo test", CARGO, "redis-server"]), Place::Below);
        assert_eq!(
            place(&["cargo test", CARGO, "sh -c x", "redis-server"]),
            Place::Below
        );
        assert_eq!(place(&["python -m pytest"]), Place::Host);
        let worker = "python -c 'import sys;exec(eval(sys.stdin.readline()))'";
        assert_eq!(place(&["python -m pytest", worker]), Place::Host);
        assert_eq!(place(&["python -m pytest", worker, "nginx"]), Place::Below);
        let doctest = "/tmp/rustdoctest1x/rust_out";
        assert_eq!(
            place(&["cargo test", "rustdoc", doctest, doctest]),
            Place::Host
        );
        let server = ["cargo test", "rustdoc", doctest, doctest, "nginx"];
        assert_eq!(place(&server), Place::Below);
    }

    #[test]
    fn what_a_build_starts_belongs_to_it_and_what_a_test_builds_does_not() {
        let test = "/p/target/debug/deps/it-0123456789abcdef";
        assert!(builds(&["cargo test", "rustc", "cc"]));
        assert!(builds(&["cargo test", "rustc", "cc", "/p/wrapper"]));
        assert!(!builds(&["cargo test", test]));
        assert!(!builds(&["cargo test", test, "rustc", "cc"]));
        assert!(!builds(&["…", "rustc", "cc"]));
        assert_eq!(place(&["node --test", "node a.test.js"]), Place::Host);
        assert_eq!(
            place(&["node --test", "node a.test.js", "node server.js"]),
            Place::Below
        );
    }

    #[test]
    fn without_a_known_runner_the_first_program_that_is_no_starter_is_the_host() {
        assert_eq!(place(&["./tests"]), Place::Host);
        assert_eq!(place(&["sh -c x", "make check", "./tests"]), Place::Host);
        assert_eq!(place(&["sh -c x", "./tests", "./server"]), Place::Below);
        // A starter that no table knows costs nothing above a runner that one does.
        assert_eq!(place(&["./build.py", "cargo test", CARGO]), Place::Host);
    }

    #[test]
    fn a_background_job_of_a_script_is_not_what_the_script_runs() {
        assert_eq!(place(&["sh x.sh", "&redis-server"]), Place::Below);
        assert_eq!(place(&["sh x.sh", "redis-server"]), Place::Host);
        assert_eq!(
            place(&["sh x.sh", "&npm start", "redis-server"]),
            Place::Below
        );
        assert_eq!(place(&["sh x.sh", "&setsid redis-server"]), Place::Below);
        assert_eq!(
            place(&["./tests", "sh x.sh", "&redis-server"]),
            Place::Below
        );
        assert_eq!(place(&["sh x.sh", "&Xvfb :7"]), Place::Above);
        assert_eq!(place(&["sh -c x", "&python -m pytest"]), Place::Host);
    }

    #[test]
    fn an_orphan_is_below_unless_it_is_a_known_tool_or_a_runner() {
        assert_eq!(place(&["…", "redis-server"]), Place::Below);
        assert_eq!(place(&["…", "sh -c x"]), Place::Below);
        assert_eq!(place(&["…", "sccache"]), Place::Above);
        assert_eq!(place(&["…", CARGO]), Place::Host);
    }

    #[test]
    fn a_line_that_can_be_read_ends_at_the_keeper() {
        let own = std::process::id() as i32;
        let parent = std::os::unix::process::parent_id() as i32;
        let line = Lineage::of(own, parent, own).unwrap();
        assert!(line.whole && line.programs.len() == 1);
        assert!(!line.programs[0].arguments.is_empty());
        assert!(
            Lineage::of(own, -1, own).is_none(),
            "no such keeper is above"
        );
    }
}
