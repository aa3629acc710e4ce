//! Making a directory for oneself, and taking it away again with everything that others have put there.
//!
//! Everything goes by descriptor and by one name at a time (openat(2), unlinkat(2)), so no symbolic link is ever followed,
//! wherever it stands and whenever it is put there. What is mounted inside is not entered: by its mount and not by its
//! device, because a directory of the same file system can be mounted too. Depth costs nothing: a directory that is not
//! empty is moved up to the top and emptied there, so that there are never more than a few descriptors and no recursion.

use nix::errno::Errno;
use nix::fcntl::{AT_FDCWD, OFlag, openat, renameat};
use nix::sys::stat::{Mode, fchmod, fstat, mkdirat};
use nix::unistd::{UnlinkatFlags, geteuid, unlinkat};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

/// How many things that stay are remembered one by one.
const REMEMBERED: usize = 20;
/// A longer path is remembered by its beginning.
const LONGEST_PATH: usize = 4096;
/// How often a name is looked for that nothing has at the top yet.
const TRIES: u32 = 1000;

/// A directory by what it is and not by its name (inode(7)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    device: u64,
    inode: u64,
}

/// Makes a directory that nobody else can enter. Fails if there is anything of that name, also a link to nowhere.
pub fn make(path: &Path) -> io::Result<Identity> {
    mkdirat(AT_FDCWD, path, Mode::S_IRWXU)?;
    let made = openat(AT_FDCWD, path, directory_itself(), Mode::empty())?;
    // The umask can have taken permissions away.
    change_mode(&made)?;
    let (identity, owner) = identify(made.as_fd())?;
    match owner == geteuid().as_raw() {
        true => Ok(identity),
        false => Err(io::Error::other("somebody else has put a directory there")),
    }
}

/// What clearing came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cleared {
    /// The directory that was to go.
    pub top: PathBuf,
    /// What was found, by the name of the directory at the top that it was in.
    pub found: BTreeMap<OsString, Found>,
    /// What could not be removed, relative to the top, and why; not more than a few.
    pub stays: Vec<(PathBuf, Stays)>,
    /// How many could not be removed.
    pub staying: u64,
    /// Whether everything was looked at. False when the caller did not let it go on.
    pub finished: bool,
}

/// How much was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Everything that is not a directory: files, links, fifos, sockets.
    pub files: u64,
    /// Directories.
    pub directories: u64,
}

/// Why something stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stays {
    /// Something is mounted there.
    Mounted,
    /// It is a directory of this user's.
    OwnedBy(u32),
    /// It is not the directory that was made.
    Replaced,
    /// The kernel said so.
    Refused(i32),
}

/// Removes the directory with everything in it, if it is the one that was made. `go_on` is asked before each thing. None
/// when there is nothing of that name any more.
pub fn clear(path: &Path, identity: Identity, go_on: &mut dyn FnMut() -> bool) -> Option<Cleared> {
    let cleared = Cleared {
        top: path.to_owned(),
        finished: true,
        ..Cleared::default()
    };
    let (top, mount) = match open_made(path, identity) {
        Ok(opened) => opened,
        Err(Stays::Refused(errno)) if errno == Errno::ENOENT as i32 => return None,
        Err(why) => {
            return Some(Cleared {
                stays: vec![(PathBuf::new(), why)],
                staying: 1,
                ..cleared
            });
        }
    };
    let mut clearing = Clearing {
        top,
        mount,
        moved: 0,
        waiting: Vec::new(),
        cleared,
        go_on,
    };
    clearing.clear_all();
    if clearing.cleared.finished
        && clearing.cleared.staying == 0
        && let Err(errno) = unlinkat(AT_FDCWD, path, UnlinkatFlags::RemoveDir)
    {
        clearing.stay(Path::new(""), Stays::of(errno));
    }
    Some(clearing.cleared)
}

/// Opens the directory that was made, and says which mount it is on.
fn open_made(path: &Path, identity: Identity) -> Result<(OwnedFd, u64), Stays> {
    let top = match openat(AT_FDCWD, path, directory_itself(), Mode::empty()) {
        Ok(top) => top,
        Err(Errno::ENOTDIR | Errno::ELOOP) => return Err(Stays::Replaced),
        Err(errno) => return Err(Stays::of(errno)),
    };
    let told = |error: io::Error| Stays::of_io(&error);
    let (found, owner) = identify(top.as_fd()).map_err(told)?;
    if found != identity || owner != geteuid().as_raw() {
        return Err(Stays::Replaced);
    }
    let mount = mount_of(top.as_fd()).map_err(told)?;
    Ok((open_to_change(top).map_err(told)?, mount))
}

struct Clearing<'a> {
    top: OwnedFd,
    mount: u64,
    /// The number in the name of what was moved to the top last.
    moved: u32,
    waiting: Vec<Waiting>,
    cleared: Cleared,
    go_on: &'a mut dyn FnMut() -> bool,
}

/// A directory at the top that is not empty.
struct Waiting {
    name: OsString,
    /// Where it was, relative to the top.
    origin: PathBuf,
}

/// What became of one thing.
#[derive(PartialEq, Eq)]
enum Became {
    Gone,
    Moved,
    Staying,
}

impl Clearing<'_> {
    fn clear_all(&mut self) {
        let Ok(top) = self.top.try_clone() else {
            return self.stay(Path::new(""), Stays::Refused(Errno::EMFILE as i32));
        };
        self.clear_one(&top, Path::new(""));
        while let Some(directory) = self.waiting.pop() {
            if !self.cleared.finished {
                return;
            }
            match self.enter(&top, &directory.name) {
                Ok(inside) => self.clear_one(&inside, &directory.origin),
                Err(why) => {
                    self.stay(&directory.origin, why);
                    continue;
                }
            }
            if self.cleared.finished {
                match unlinkat(&top, directory.name.as_os_str(), UnlinkatFlags::RemoveDir) {
                    Ok(()) => self.count(&directory.origin, |found| found.directories += 1),
                    // What keeps it is in the list already.
                    Err(Errno::ENOTEMPTY | Errno::EEXIST) => {}
                    Err(errno) => self.stay(&directory.origin, Stays::of(errno)),
                }
            }
        }
    }

    /// Removes or moves up what is in this directory. It is read again as long as that changes something: what readdir(3)
    /// gives while entries are removed is not everywhere complete.
    fn clear_one(&mut self, directory: &OwnedFd, origin: &Path) {
        let mut staying: Vec<OsString> = Vec::new();
        loop {
            let mut changed = false;
            let entries = match fs::read_dir(format!("/proc/self/fd/{}", directory.as_raw_fd())) {
                Ok(entries) => entries,
                Err(error) => return self.stay(origin, Stays::of_io(&error)),
            };
            for entry in entries {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => return self.stay(origin, Stays::of_io(&error)),
                };
                let name = entry.file_name();
                if staying.contains(&name) || self.is_waiting(origin, &name) {
                    continue;
                }
                if !(self.go_on)() {
                    self.cleared.finished = false;
                    return;
                }
                let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
                let path = join(origin, &name);
                let became = match is_directory {
                    true => self.remove_directory(directory, &name, &path),
                    false => self.remove_file(directory, &name, &path),
                };
                match became {
                    Became::Staying => staying.push(name),
                    Became::Gone | Became::Moved => changed = true,
                }
            }
            if !changed {
                return;
            }
        }
    }

    fn is_waiting(&self, origin: &Path, name: &OsStr) -> bool {
        origin.as_os_str().is_empty() && self.waiting.iter().any(|other| other.name == name)
    }

    fn remove_file(&mut self, directory: &OwnedFd, name: &OsStr, path: &Path) -> Became {
        match unlinkat(directory, name, UnlinkatFlags::NoRemoveDir) {
            Ok(()) => {
                self.count(path, |found| found.files += 1);
                Became::Gone
            }
            Err(Errno::ENOENT) => Became::Gone,
            Err(errno) => {
                self.stay(path, Stays::of(errno));
                Became::Staying
            }
        }
    }

    fn remove_directory(&mut self, directory: &OwnedFd, name: &OsStr, path: &Path) -> Became {
        match unlinkat(directory, name, UnlinkatFlags::RemoveDir) {
            Ok(()) => {
                self.count(path, |found| found.directories += 1);
                return Became::Gone;
            }
            Err(Errno::ENOENT) => return Became::Gone,
            Err(Errno::ENOTEMPTY | Errno::EEXIST) => {}
            Err(errno) => {
                self.stay(path, Stays::of(errno));
                return Became::Staying;
            }
        }
        // Entered before it is moved: what is mounted or somebody else's is left where it is.
        let moved = self
            .enter(directory, name)
            .and_then(|_| match is_at_top(path) {
                true => Ok(name.to_owned()),
                false => self.move_up(directory, name),
            });
        match moved {
            Ok(name) => {
                let origin = path.to_owned();
                self.waiting.push(Waiting { name, origin });
                Became::Moved
            }
            Err(why) => {
                self.stay(path, why);
                Became::Staying
            }
        }
    }

    fn move_up(&mut self, directory: &OwnedFd, name: &OsStr) -> Result<OsString, Stays> {
        for _ in 0..TRIES {
            // No variable's name begins with a digit, and nothing else of guardrun's is at the top.
            let free = OsString::from(self.moved.to_string());
            self.moved += 1;
            match renameat(directory, name, &self.top, free.as_os_str()) {
                Ok(()) => return Ok(free),
                Err(Errno::EEXIST | Errno::ENOTEMPTY | Errno::ENOTDIR) => {}
                Err(errno) => return Err(Stays::of(errno)),
            }
        }
        Err(Stays::Refused(Errno::EEXIST as i32))
    }

    /// Opens a directory inside, and makes it one in which this user can remove things.
    fn enter(&self, directory: &OwnedFd, name: &OsStr) -> Result<OwnedFd, Stays> {
        let inside =
            openat(directory, name, directory_itself(), Mode::empty()).map_err(Stays::of)?;
        let (_, owner) = identify(inside.as_fd()).map_err(|error| Stays::of_io(&error))?;
        if mount_of(inside.as_fd()).map_err(|error| Stays::of_io(&error))? != self.mount {
            return Err(Stays::Mounted);
        }
        let own = geteuid();
        if owner != own.as_raw() && !own.is_root() {
            return Err(Stays::OwnedBy(owner));
        }
        open_to_change(inside).map_err(|error| Stays::of_io(&error))
    }

    fn stay(&mut self, path: &Path, why: Stays) {
        self.cleared.staying += 1;
        if self.cleared.stays.len() < REMEMBERED {
            self.cleared.stays.push((path.to_owned(), why));
        }
    }

    /// Counts what was left in one of the directories at the top; those themselves were made by whoever made the top.
    fn count(&mut self, path: &Path, add: impl FnOnce(&mut Found)) {
        if is_at_top(path) {
            return;
        }
        if let Some(first) = path.iter().next() {
            add(self.cleared.found.entry(first.to_owned()).or_default());
        }
    }
}

impl Stays {
    fn of(errno: Errno) -> Stays {
        match errno {
            // unlinkat(2): the only meaning that EBUSY has for what is not the root or a current directory of NFS.
            Errno::EBUSY => Stays::Mounted,
            errno => Stays::Refused(errno as i32),
        }
    }

    fn of_io(error: &io::Error) -> Stays {
        Stays::of(Errno::from_raw(error.raw_os_error().unwrap_or(0)))
    }
}

/// A directory and nothing behind a link; without the permission to read it, which it may not give yet.
fn directory_itself() -> OFlag {
    OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC
}

fn is_at_top(path: &Path) -> bool {
    path.components().count() <= 1
}

fn join(origin: &Path, name: &OsStr) -> PathBuf {
    match origin.as_os_str().len() + name.len() > LONGEST_PATH {
        true => origin.to_owned(),
        false => origin.join(name),
    }
}

fn identify(fd: BorrowedFd<'_>) -> io::Result<(Identity, u32)> {
    let stat = fstat(fd)?;
    let identity = Identity {
        device: stat.st_dev,
        inode: stat.st_ino,
    };
    Ok((identity, stat.st_uid))
}

/// The number of the mount that this is on (proc_pid_fdinfo(5)).
fn mount_of(fd: BorrowedFd<'_>) -> io::Result<u64> {
    let text = fs::read_to_string(format!("/proc/self/fdinfo/{}", fd.as_raw_fd()))?;
    text.lines()
        .find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok())
        .ok_or_else(|| io::Error::other("the kernel does not say which mount it is on"))
}

/// Opens a directory that is held only as a path, so that its entries can be listed and removed.
fn open_to_change(directory: OwnedFd) -> io::Result<OwnedFd> {
    let stat = fstat(&directory)?;
    if stat.st_mode & 0o700 != 0o700 {
        change_mode(&directory)?;
    }
    let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    Ok(openat(&directory, c".", flags, Mode::empty())?)
}

/// fchmod(2) does not take a descriptor that is only a path; the link in /proc to it leads to the same place and nowhere
/// else.
fn change_mode(directory: &OwnedFd) -> io::Result<()> {
    match fchmod(directory, Mode::S_IRWXU) {
        Ok(()) => Ok(()),
        Err(_) => {
            use std::os::unix::fs::PermissionsExt;
            let path = format!("/proc/self/fd/{}", directory.as_raw_fd());
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cleared, Stays, clear, make};
    use nix::sys::stat::Mode;
    use nix::unistd::mkfifo;
    use std::ffi::OsStr;
    use std::fs;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::{Path, PathBuf};

    /// A directory of the test's own, and a private one in it.
    struct Place(PathBuf);

    impl Place {
        fn new(name: &str) -> Place {
            let path =
                std::env::temp_dir().join(format!("guardrun-clear-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir(&path).unwrap();
            Place(path)
        }

        fn top(&self) -> PathBuf {
            self.0.join("top")
        }
    }

    impl Drop for Place {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn made(place: &Place) -> super::Identity {
        let identity = make(&place.top()).unwrap();
        fs::create_dir(place.top().join("tmp")).unwrap();
        identity
    }

    fn found(cleared: &Cleared, name: &str) -> (u64, u64) {
        cleared
            .found
            .get(OsStr::new(name))
            .map_or((0, 0), |found| (found.files, found.directories))
    }

    #[test]
    fn everything_goes_and_is_counted_and_what_a_link_points_to_stays() {
        let place = Place::new("all");
        let (identity, outside) = (made(&place), place.0.join("outside"));
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("precious"), "x").unwrap();
        let tmp = place.top().join("tmp");
        symlink(&outside, tmp.join("link")).unwrap();
        symlink("/nowhere", tmp.join("dangling")).unwrap();
        fs::create_dir_all(tmp.join("a/b")).unwrap();
        symlink(&outside, tmp.join("a/b/link")).unwrap();
        fs::write(tmp.join("line\nbreak"), "").unwrap();
        fs::write(tmp.join(OsStr::from_bytes(b"\xff\xfe")), "").unwrap();
        mkfifo(&tmp.join("fifo"), Mode::S_IRWXU).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(tmp.join("socket")).unwrap();
        fs::set_permissions(tmp.join("a/b"), fs::Permissions::from_mode(0o0)).unwrap();
        fs::set_permissions(&tmp, fs::Permissions::from_mode(0o0)).unwrap();
        let cleared = clear(&place.top(), identity, &mut || true).unwrap();
        assert!(cleared.finished && cleared.stays.is_empty(), "{cleared:?}");
        assert_eq!(found(&cleared, "tmp"), (7, 2));
        assert!(!place.top().exists());
        assert!(outside.join("precious").exists());
    }

    #[test]
    fn depth_costs_neither_descriptors_nor_stack() {
        let place = Place::new("deep");
        let identity = made(&place);
        // Deeper than a path can be long, so it is made from inside out.
        let tmp = place.top().join("tmp");
        fs::create_dir(tmp.join("d")).unwrap();
        fs::write(tmp.join("d/bottom"), "").unwrap();
        for _ in 0..5000 {
            fs::create_dir(tmp.join("n")).unwrap();
            fs::rename(tmp.join("d"), tmp.join("n/d")).unwrap();
            fs::rename(tmp.join("n"), tmp.join("d")).unwrap();
        }
        let cleared = clear(&place.top(), identity, &mut || true).unwrap();
        assert_eq!(found(&cleared, "tmp"), (1, 5001));
        assert!(!place.top().exists());
    }

    #[test]
    fn another_directory_of_that_name_is_not_touched_nor_what_a_link_there_points_to() {
        let place = Place::new("other");
        let identity = made(&place);
        fs::rename(place.top(), place.0.join("moved")).unwrap();
        assert!(
            clear(&place.top(), identity, &mut || true).is_none(),
            "gone"
        );
        let replaced = [(PathBuf::new(), Stays::Replaced)];
        let stays = || clear(&place.top(), identity, &mut || true).unwrap().stays;
        symlink(place.0.join("moved"), place.top()).unwrap();
        assert_eq!(stays(), replaced, "a link");
        fs::remove_file(place.top()).unwrap();
        fs::create_dir_all(place.top().join("precious")).unwrap();
        assert_eq!(stays(), replaced, "another");
        assert!(place.top().join("precious").exists() && place.0.join("moved/tmp").exists());
    }

    #[test]
    fn nothing_is_made_where_something_is() {
        let place = Place::new("taken");
        symlink("/nowhere", place.top()).unwrap();
        assert!(make(&place.top()).is_err());
        assert!(make(Path::new("/proc/guardrun")).is_err());
    }

    #[test]
    fn it_stops_when_told_and_goes_on_the_next_time() {
        let place = Place::new("stop");
        let identity = made(&place);
        for number in 0..100 {
            fs::create_dir_all(place.top().join(format!("tmp/{number}/inner"))).unwrap();
        }
        let mut left = 50;
        let cleared = clear(&place.top(), identity, &mut || {
            left -= 1;
            left > 0
        });
        assert!(!cleared.unwrap().finished && place.top().exists());
        let cleared = clear(&place.top(), identity, &mut || true).unwrap();
        assert!(cleared.finished && !place.top().exists(), "{cleared:?}");
    }

    #[test]
    fn what_the_kernel_says_of_a_mount_is_told_as_one() {
        assert_eq!(Stays::of(nix::errno::Errno::EBUSY), Stays::Mounted);
    }
}
