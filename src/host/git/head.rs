//! What a repository is at, from its files: gitrepository-layout(5), git-worktree(1).
//!
//! Every file is somebody else's, so each read has a bound, and what does not look as it should is not guessed at.

use crate::receipt::is_commit;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::path::{Component, Path, PathBuf};

/// The largest of the small files, in bytes.
const LARGEST: u64 = 4096;
/// The largest list of packed references, in bytes.
const LARGEST_LIST: u64 = 256 * 1024 * 1024;
/// How many references may name another one. git allows five.
const DEEPEST: usize = 5;

/// The directory that `.git` is, or that the file of that name leads to.
pub(super) fn directory(git: &Path) -> Option<PathBuf> {
    if git.is_dir() {
        return Some(git.to_owned());
    }
    let text = text(git)?;
    let target = text.strip_prefix("gitdir:")?.trim();
    let directory = git.parent()?.join(target);
    directory.is_dir().then_some(directory)
}

/// The commit that HEAD names; None where there is none yet, or it is not told in files that are known here.
pub(super) fn commit(directory: &Path) -> Option<String> {
    let shared = match text(&directory.join("commondir")) {
        Some(path) => directory.join(path.trim()),
        None => directory.to_owned(),
    };
    let mut name = "HEAD".to_owned();
    for _ in 0..=DEEPEST {
        // HEAD and a few others are each working tree's own.
        let found = text(&directory.join(&name)).or_else(|| text(&shared.join(&name)));
        let found = match found {
            Some(found) => found.trim().to_owned(),
            None => packed(&shared, &name)?,
        };
        match found.strip_prefix("ref:") {
            Some(other) => name = inside(other.trim())?,
            None => return is_commit(&found).then_some(found),
        }
    }
    None
}

/// A name of a reference that does not lead out of the repository.
fn inside(name: &str) -> Option<String> {
    let plain = Path::new(name)
        .components()
        .all(|part| matches!(part, Component::Normal(_)));
    (plain && name.starts_with("refs/")).then(|| name.to_owned())
}

/// What `packed-refs` says of a reference.
fn packed(shared: &Path, name: &str) -> Option<String> {
    let file = File::open(shared.join("packed-refs")).ok()?;
    let lines = BufReader::new(file.take(LARGEST_LIST)).lines();
    lines.map_while(Result::ok).find_map(|line| {
        let (commit, of) = line.split_once(' ')?;
        (of == name).then(|| commit.to_owned())
    })
}

/// A small file; None where it is none.
fn text(path: &Path) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    let file = File::open(path).ok()?;
    file.take(LARGEST).read_to_string(&mut text).ok()?;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::{commit, directory};
    use std::fs;
    use std::path::PathBuf;

    const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

    /// A directory with these files.
    fn repository(name: &str, files: &[(&str, &str)]) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("guardrun-head-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        for (file, content) in files {
            let file = path.join(file);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, content).unwrap();
        }
        path
    }

    #[test]
    fn a_branch_is_loose_or_packed_and_loose_is_newer() {
        let head = ("HEAD", "ref: refs/heads/main\n");
        let packed =
            format!("# pack-refs with: peeled\n{B} refs/heads/main\n^{A}\n{A} refs/heads/other\n");
        let packed = ("packed-refs", packed.as_str());
        let loose = format!("{A}\n");
        let loose = ("refs/heads/main", loose.as_str());
        for (files, expected) in [
            (&[head, loose][..], Some(A)),
            (&[head, packed][..], Some(B)),
            (&[head, packed, loose][..], Some(A)),
            (&[head][..], None),
            (&[("HEAD", A)][..], Some(A)),
            (&[("HEAD", "")][..], None),
            (&[("HEAD", "ref: refs/../../elsewhere")][..], None),
            (&[("HEAD", "ref: refs/heads/.invalid")][..], None),
            (&[("HEAD", "not a commit")][..], None),
            (
                &[("HEAD", "ref: refs/a"), ("refs/a", "ref: refs/a")][..],
                None,
            ),
        ] {
            let path = repository("refs", files);
            assert_eq!(commit(&path).as_deref(), expected, "{files:?}");
            fs::remove_dir_all(path).unwrap();
        }
    }

    #[test]
    fn a_worktree_has_its_own_head_and_the_branches_of_all() {
        let path = repository(
            "worktree",
            &[
                ("main/.git/HEAD", "ref: refs/heads/main"),
                ("main/.git/refs/heads/main", B),
                ("main/.git/refs/heads/side", A),
                ("main/.git/worktrees/w/HEAD", "ref: refs/heads/side"),
                ("main/.git/worktrees/w/commondir", "../..\n"),
                ("w/.git", "gitdir: ../main/.git/worktrees/w\n"),
                ("broken/.git", "gitdir: ../nowhere\n"),
                ("odd/.git", "something else"),
            ],
        );
        let of = |name: &str| directory(&path.join(name).join(".git"));
        assert_eq!(commit(&of("w").unwrap()).as_deref(), Some(A));
        assert_eq!(commit(&of("main").unwrap()).as_deref(), Some(B));
        assert_eq!((of("broken"), of("odd"), of("none")), (None, None, None));
        fs::remove_dir_all(path).unwrap();
    }
}
