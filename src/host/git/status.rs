//! Asking git: `git status --porcelain=v2 -z` (git-status(1)), and whether it has a commit.

use crate::receipt::{Tree, is_commit};
use crate::sys::ask::{self, Answer, Question};
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::time::Duration;

/// How long git may take. A status of a hundred thousand files on a slow disk is within it.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of its answer is read, in bytes.
const MOST: u64 = 64 * 1024 * 1024;
/// How many changed files are told by name.
const NAMED: usize = 5;
/// How much of a file's name is told, in characters.
const SHOWN: usize = 120;

/// Variables that make git look at another repository than the one it is started in (`git rev-parse --local-env-vars`).
/// git sets some of them for its hooks.
const ELSEWHERE: [&str; 10] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// What git says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) commit: Option<String>,
    pub(super) tree: Tree,
}

/// Asks for the status of the repository at `top`; the error says why there is none.
pub(super) fn ask(top: &Path) -> Result<Status, String> {
    let words = [
        "status",
        "--porcelain=v2",
        "--branch",
        "-z",
        "--untracked-files=normal",
        "--ignore-submodules=none",
    ];
    let answer = git(top, &words).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "git is not installed here".to_owned(),
        io::ErrorKind::TimedOut => format!("git took longer than {} s", PATIENCE.as_secs()),
        _ => format!("git could not be asked: {error}"),
    })?;
    if !answer.status.passed() {
        let said = String::from_utf8_lossy(&answer.err);
        let first = said.lines().next().unwrap_or("nothing").trim();
        return Err(format!("git refused and said: {first}"));
    }
    if answer.out.len() as u64 >= MOST {
        return Err("git named more files than can be read".to_owned());
    }
    Ok(read(&answer.out))
}

/// Whether git has this commit.
pub(super) fn has(top: &Path, commit: &str) -> Option<bool> {
    if !is_commit(commit) {
        return Some(false);
    }
    let object = format!("{commit}^{{commit}}");
    let answer = git(top, &["cat-file", "-e", &object]).ok()?;
    Some(answer.status.passed())
}

fn git(top: &Path, words: &[&str]) -> io::Result<Answer> {
    // A monitor of the file system would be a daemon that stays (git-fsmonitor--daemon(1)).
    let before = ["git", "-c", "core.fsmonitor=false"];
    let words = before.iter().chain(words).map(OsString::from).collect();
    let mut environment: Vec<(OsString, OsString)> = std::env::vars_os()
        .filter(|(name, _)| !ELSEWHERE.iter().any(|other| name == other))
        .collect();
    let ceiling = top.parent().unwrap_or(top).as_os_str().to_owned();
    for (name, value) in [
        // Not a repository further up, should this one be none to git.
        ("GIT_CEILING_DIRECTORIES", ceiling),
        // Writes nothing and waits for nobody.
        ("GIT_OPTIONAL_LOCKS", "0".into()),
        ("GIT_TERMINAL_PROMPT", "0".into()),
        ("GIT_NO_LAZY_FETCH", "1".into()),
        ("LC_ALL", "C".into()),
    ] {
        environment.retain(|(other, _)| other != name);
        environment.push((name.into(), value));
    }
    ask::ask(Question {
        words,
        environment,
        directory: top,
        limit: PATIENCE,
        most: MOST,
    })
}

/// Reads the second format of porcelain, in which each entry ends with a NUL byte.
fn read(bytes: &[u8]) -> Status {
    let (mut commit, mut changed, mut untracked) = (None, 0, 0);
    let mut examples = Vec::new();
    let mut entries = bytes.split(|byte| *byte == 0);
    while let Some(entry) = entries.next() {
        let text = String::from_utf8_lossy(entry);
        let (kind, rest) = text.split_once(' ').unwrap_or((&text, ""));
        // How many words stand before the path.
        let words = match kind {
            "#" => {
                let oid = rest.strip_prefix("branch.oid ");
                commit = oid
                    .filter(|oid| is_commit(oid))
                    .map(str::to_owned)
                    .or(commit);
                continue;
            }
            "1" => 7,
            "2" => {
                // The path that it was renamed from is an entry of its own.
                let _ = entries.next();
                8
            }
            "u" => 9,
            "?" => 0,
            _ => continue,
        };
        match kind {
            "?" => untracked += 1,
            _ => changed += 1,
        }
        if examples.len() < NAMED {
            let path = rest.splitn(words + 1, ' ').last().unwrap_or_default();
            examples.push(crate::policy::text::shortened(path, SHOWN));
        }
    }
    let tree = match changed + untracked {
        0 => Tree::Clean,
        _ => Tree::Changed {
            changed,
            untracked,
            examples,
            during_the_run: false,
        },
    };
    Status { commit, tree }
}

#[cfg(test)]
mod tests {
    use super::{Status, read};
    use crate::receipt::Tree;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

    #[test]
    fn every_kind_of_entry_is_counted_and_named() {
        let head = format!("# branch.oid {A}\0# branch.head main\0");
        let clean = Status {
            commit: Some(A.to_owned()),
            tree: Tree::Clean,
        };
        assert_eq!(read(head.as_bytes()), clean);
        let entries = "1 .M N... 100644 100644 100644 h1 h2 a file\0\
            2 R. N... 100644 100644 100644 h1 h2 R100 new\0? old\0\
            u UU N... 1 2 3 4 h1 h2 h3 both\0? notes \u{1b}x\0";
        let expected = Tree::Changed {
            changed: 3,
            untracked: 1,
            examples: ["a file", "new", "both", "notes \\u{1b}x"]
                .map(str::to_owned)
                .to_vec(),
            during_the_run: false,
        };
        assert_eq!(read((head + entries).as_bytes()).tree, expected);
        let unborn = read(b"# branch.oid (initial)\0? a\0");
        assert_eq!(unborn.commit, None);
    }
}
