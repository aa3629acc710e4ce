//! A file that guardrun writes at the end of a run: found writable before anything runs, and then whole or not there.
//!
//! A regular file is written beside its name and then renamed, so a reader never sees half of one, and what an earlier run
//! had written goes at the start: what is there afterwards is of this run. What is no regular file (a pipe, a terminal, a
//! descriptor that guardrun was given) is written in place, with a bound on how long a reader may keep it waiting.

use crate::sys::{fds, poll};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long whoever reads a pipe may take for each part before the rest is given up.
const READER: Duration = Duration::from_secs(10);
/// What a pipe that says that it is writable takes without waiting (pipe(7), PIPE_BUF).
const PART: usize = 4096;

/// A file to be written once, at the end.
#[derive(Debug)]
pub(super) struct Output {
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// Written beside it and renamed onto it.
    Replaced { target: PathBuf, mode: Option<u32> },
    /// Written into what is open.
    InPlace(File),
    /// A file that can be written in a directory that cannot: emptied and written.
    Overwritten(PathBuf),
}

impl Output {
    /// Finds out whether it can be written. A regular file that is there is removed, and one that is not there is not made.
    pub(super) fn open(path: &Path) -> io::Result<Output> {
        if let Some(number) = descriptor(path) {
            let copy = fds::duplicate(number)?;
            return Ok(Output {
                way: Way::InPlace(copy.into()),
            });
        }
        let way = match fs::metadata(path) {
            Ok(found) if found.is_file() => {
                // Also a file that its owner may not write is not to be replaced.
                drop(OpenOptions::new().write(true).open(path)?);
                // A link stays a link, to a new file.
                let target = fs::canonicalize(path)?;
                match probe(&target).and_then(|()| fs::remove_file(&target)) {
                    Ok(()) => Way::Replaced {
                        target,
                        mode: Some(found.permissions().mode()),
                    },
                    // A mount point, or a directory that may not be written.
                    Err(_) => {
                        drop(File::create(&target)?);
                        Way::Overwritten(target)
                    }
                }
            }
            Ok(found) => {
                // Reading as well opens a pipe that nobody reads yet without waiting for somebody who does (fifo(7)).
                let file = OpenOptions::new()
                    .read(found.file_type().is_fifo())
                    .write(true)
                    .open(path)?;
                Way::InPlace(file)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                probe(path)?;
                Way::Replaced {
                    target: path.to_owned(),
                    mode: None,
                }
            }
            Err(error) => return Err(error),
        };
        Ok(Output { way })
    }

    /// Writes the whole of it.
    pub(super) fn write(self, bytes: &[u8]) -> io::Result<()> {
        match self.way {
            Way::Replaced { target, mode } => replace(&target, mode, bytes),
            Way::Overwritten(path) => File::create(path)?.write_all(bytes),
            Way::InPlace(mut file) => bytes
                .chunks(PART)
                .try_for_each(|part| write_part(&mut file, part)),
        }
    }
}

/// Writes it beside the target and renames it.
fn replace(target: &Path, mode: Option<u32>, bytes: &[u8]) -> io::Result<()> {
    let unfinished = beside(target);
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&unfinished)
        .and_then(|mut file| {
            if let Some(mode) = mode {
                file.set_permissions(fs::Permissions::from_mode(mode & 0o777))?;
            }
            file.write_all(bytes)
        })
        .and_then(|()| fs::rename(&unfinished, target));
    if written.is_err() {
        let _ = fs::remove_file(&unfinished);
    }
    written
}

/// Whether a file can be made beside this one.
fn probe(target: &Path) -> io::Result<()> {
    let unfinished = beside(target);
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    fs::remove_file(&unfinished)
}

/// A hidden name in the same directory, and so in the same file system, that no other guardrun uses.
fn beside(target: &Path) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    // The name is for people who find it; cut short, it is never too long for the file system.
    let short: String = name.chars().take(40).collect();
    target.with_file_name(format!(".{short}.guardrun-{}", std::process::id()))
}

/// The number of a descriptor that this path is another word for. Opened by its path, a socket cannot be had at all, and a
/// file would be written from its beginning.
fn descriptor(path: &Path) -> Option<i32> {
    match path.to_str()? {
        "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        other => other
            .strip_prefix("/dev/fd/")
            .or_else(|| other.strip_prefix("/proc/self/fd/"))?
            .parse()
            .ok(),
    }
}

fn write_part(file: &mut File, part: &[u8]) -> io::Result<()> {
    if !poll::writable_within(file.as_fd(), READER) {
        let text = format!("nobody has read it for {} s", READER.as_secs());
        return Err(io::Error::new(io::ErrorKind::TimedOut, text));
    }
    file.write_all(part)
}

#[cfg(test)]
mod tests {
    use super::{Output, descriptor};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::{Path, PathBuf};

    fn scratch(name: &str) -> PathBuf {
        let path =
            std::env::temp_dir().join(format!("guardrun-output-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir(&path).unwrap();
        path
    }

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn there_is_nothing_until_it_is_whole_and_nothing_of_an_earlier_run() {
        let directory = scratch("whole");
        let file = directory.join("r.json");
        fs::write(&file, "of yesterday").unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let output = Output::open(&file).unwrap();
        assert_eq!(names(&directory), [""; 0]);
        output.write(b"of today").unwrap();
        assert_eq!(names(&directory), ["r.json"]);
        assert_eq!(fs::read_to_string(&file).unwrap(), "of today");
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_link_stays_a_link() {
        let directory = scratch("link");
        let (real, link) = (directory.join("real"), directory.join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink("real", &link).unwrap();
        Output::open(&link).unwrap().write(b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_found_at_once_and_left_as_it_is() {
        let directory = scratch("not");
        assert!(Output::open(&directory.join("no/such/r.json")).is_err());
        assert!(Output::open(&directory).is_err(), "a directory");
        assert!(Output::open(Path::new("/dev/fd/987")).is_err());
        assert_eq!(names(&directory), [""; 0]);
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn a_descriptor_is_known_by_its_names() {
        for (path, number) in [
            ("/dev/stdout", Some(1)),
            ("/dev/stderr", Some(2)),
            ("/dev/fd/7", Some(7)),
            ("/proc/self/fd/0", Some(0)),
            ("/dev/null", None),
            ("/dev/fd/x", None),
            ("r.json", None),
        ] {
            assert_eq!(descriptor(Path::new(path)), number, "{path}");
        }
    }
}
