//! Which file is the policy, and which file is none.

use super::TODAY;
use crate::scratch::Scratch;
use guardrun::policy::{self, PolicyError, Reader};
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn find(start: &Path) -> Option<PathBuf> {
    policy::find(start, None, None).unwrap()
}

fn reader(cwd: &Path) -> Reader {
    Reader {
        cwd: cwd.to_owned(),
        uid: fs::metadata(cwd).unwrap().uid(),
        today: TODAY,
    }
}

fn error_of(cwd: &Path, file: &Path) -> String {
    let error: PolicyError = policy::read(&reader(cwd), file).unwrap_err();
    error.to_string()
}

#[test]
fn the_nearest_policy_upwards_is_found_and_the_root_ends_the_search() {
    let scratch = Scratch::new();
    scratch.file("outer/guardrun.toml", "");
    scratch.directory("outer/repo/.git");
    let deep = scratch.directory("outer/repo/a/b");
    assert_eq!(
        find(&deep),
        None,
        "a policy above the repository is not its own"
    );

    let at_root = scratch.file("outer/repo/guardrun.toml", "");
    assert_eq!(find(&deep), Some(at_root));
    let nearer = scratch.file("outer/repo/a/.config/guardrun.toml", "");
    assert_eq!(find(&deep), Some(nearer));
}

#[test]
fn the_git_file_of_a_worktree_is_a_root_too() {
    let scratch = Scratch::new();
    scratch.file("guardrun.toml", "");
    scratch.file("worktree/.git", "gitdir: elsewhere");
    assert_eq!(find(&scratch.path().join("worktree")), None);
}

#[test]
fn the_search_ends_at_home() {
    let scratch = Scratch::new();
    scratch.file("guardrun.toml", "");
    let home = scratch.directory("home");
    let start = scratch.directory("home/project");
    assert_eq!(policy::find(&start, Some(&home), None).unwrap(), None);
    let own = scratch.file("home/guardrun.toml", "");
    assert_eq!(policy::find(&start, Some(&home), None).unwrap(), Some(own));
}

#[test]
fn two_policies_in_one_directory_are_an_error() {
    let scratch = Scratch::new();
    scratch.file("guardrun.toml", "");
    scratch.file(".config/guardrun.toml", "");
    let error = policy::find(scratch.path(), None, None)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "guardrun.toml: there is also .config/guardrun.toml, and which one holds is not guessed\nhint: keep one of the two files"
    );
}

#[test]
fn a_named_policy_is_used_and_nothing_is_looked_for() {
    let scratch = Scratch::new();
    scratch.file("guardrun.toml", "");
    scratch.file(".config/guardrun.toml", "");
    let named = policy::find(scratch.path(), None, Some(Path::new("other.toml"))).unwrap();
    assert_eq!(named, Some(scratch.path().join("other.toml")));
    assert!(
        error_of(scratch.path(), &named.unwrap()).contains("other.toml: there is no such file")
    );
}

#[test]
fn a_link_that_leads_nowhere_is_a_policy_that_cannot_be_read() {
    let scratch = Scratch::new();
    let link = scratch.path().join("guardrun.toml");
    symlink("gone.toml", &link).unwrap();
    assert_eq!(find(scratch.path()), Some(link.clone()));
    assert!(error_of(scratch.path(), &link).contains("a link to gone.toml, which is not there"));
    scratch.file("gone.toml", "");
    policy::read(&reader(scratch.path()), &link).expect("a link that leads somewhere is good");
}

#[test]
fn what_is_no_plain_file_is_refused_and_never_waited_for() {
    let scratch = Scratch::new();
    let directory = scratch.directory("guardrun.toml");
    assert!(error_of(scratch.path(), &directory).contains("a directory, so it is no policy"));

    let fifo = scratch.path().join("fifo");
    nix::unistd::mkfifo(&fifo, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let started = Instant::now();
    assert!(error_of(scratch.path(), &fifo).contains("not a regular file"));
    assert!(error_of(scratch.path(), Path::new("/dev/zero")).contains("not a regular file"));
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn what_is_no_text_is_refused_and_so_is_what_is_too_large() {
    let scratch = Scratch::new();
    let binary = scratch.file("a.toml", b"ok = 1\n\xff\xfe");
    assert!(error_of(scratch.path(), &binary).contains("byte 7 is not UTF-8"));

    let large = scratch.file("b.toml", vec![b'#'; 1024 * 1024 + 1]);
    assert!(error_of(scratch.path(), &large).contains("larger than 1 MiB"));
    let just = scratch.file("c.toml", vec![b'#'; 1024 * 1024]);
    policy::read(&reader(scratch.path()), &just).expect("1 MiB is still read");
}

#[test]
fn a_policy_that_others_can_write_protects_nobody() {
    let scratch = Scratch::new();
    let file = scratch.file("guardrun.toml", "");
    fs::set_permissions(&file, Permissions::from_mode(0o666)).unwrap();
    let error = error_of(scratch.path(), &file);
    assert!(
        error.contains("every user can write this policy"),
        "{error}"
    );
    assert!(error.ends_with("hint: chmod go-w guardrun.toml"), "{error}");
    fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
    policy::read(&reader(scratch.path()), &file).expect("after chmod it is good");
}

#[test]
fn a_policy_of_another_user_is_refused_outside_that_users_directory() {
    let scratch = Scratch::new();
    let file = scratch.file("guardrun.toml", "");
    let owner = fs::metadata(&file).unwrap().uid();
    if owner == 0 {
        // Only root can give a file away, and root's own files are trusted: so as root it is given away.
        chown(&file, Some(4321), Some(4321)).unwrap();
    }
    let cwd = if owner == 0 {
        scratch.path()
    } else {
        Path::new("/")
    };
    let stranger = Reader {
        cwd: cwd.to_owned(),
        uid: 1234,
        today: TODAY,
    };
    let error = policy::read(&stranger, &file).unwrap_err().to_string();
    assert!(
        error.contains("who is neither you (1234) nor root"),
        "{error}"
    );

    let owner = Reader {
        uid: fs::metadata(&file).unwrap().uid(),
        ..stranger
    };
    policy::read(&owner, &file).expect("its owner may use it");
}

#[test]
fn whoever_works_in_a_users_directory_may_use_that_users_policy() {
    let scratch = Scratch::new();
    let file = scratch.file("guardrun.toml", "");
    let mut owner = fs::metadata(&file).unwrap().uid();
    if owner == 0 {
        // Root's files are trusted anyway, so as root the checkout is made another user's.
        owner = 4321;
        chown(scratch.path(), Some(owner), Some(owner)).unwrap();
        chown(&file, Some(owner), Some(owner)).unwrap();
    }
    let other = Reader {
        cwd: scratch.path().to_owned(),
        uid: owner + 77,
        today: TODAY,
    };
    policy::read(&other, &file).expect("the working directory belongs to the policy's owner");
}
