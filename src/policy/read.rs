//! Reads a policy file with the distrust that a file deserves which decides what may run.

use super::error::PolicyError;
use super::model::Policy;
use jiff::civil::Date;
use std::fs::{self, File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// The largest policy, in bytes. A larger file is some other file.
pub const LARGEST: u64 = 1024 * 1024;

/// Who reads a policy, and from where.
#[derive(Clone, Debug)]
pub struct Reader {
    /// The working directory, absolute; messages name files relative to it.
    pub cwd: PathBuf,
    /// The effective user id.
    pub uid: u32,
    /// The day on which loosenings are in force or not, in UTC.
    pub today: Date,
}

/// Reads and judges the policy in this file.
pub fn read(reader: &Reader, file: &Path) -> Result<Policy, PolicyError> {
    let absolute = reader.cwd.join(file);
    let shown = shown(&reader.cwd, &absolute);
    let text = text_of(reader, &absolute, &shown)?;
    super::from_text(&text, &absolute, &shown, reader.today)
}

fn text_of(reader: &Reader, file: &Path, shown: &Path) -> Result<String, PolicyError> {
    let error = |what: String| PolicyError::of_file(shown, what);
    // Asked before it is opened: opening a FIFO waits for a writer, and opening some devices acts.
    let before = fs::metadata(file).map_err(|cause| match (cause.kind(), fs::read_link(file)) {
        (ErrorKind::NotFound, Ok(target)) => error(format!(
            "a link to {}, which is not there",
            target.display()
        ))
        .hint("mend the link, or remove it"),
        (ErrorKind::NotFound, Err(_)) => error("there is no such file".to_owned()).hint(
            "name one that exists, or let guardrun look for guardrun.toml by leaving --policy out",
        ),
        _ => error(format!("cannot read the policy: {cause}"))
            .hint("make it readable to the user who runs guardrun"),
    })?;
    trusted(reader, shown, &before)?;

    let unreadable = |cause: std::io::Error| {
        error(format!("cannot read the policy: {cause}"))
            .hint("make it readable to the user who runs guardrun")
    };
    let opened = File::open(file).map_err(unreadable)?;
    // Asked again of what was opened, which may be another file than the one before.
    trusted(reader, shown, &opened.metadata().map_err(unreadable)?)?;

    let mut bytes = Vec::new();
    opened
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(error("larger than 1 MiB, which no policy is".to_owned())
            .hint("check that this is the file that you meant"));
    }
    String::from_utf8(bytes).map_err(|cause| {
        let at = cause.utf8_error().valid_up_to();
        error(format!("not text: byte {at} is not UTF-8")).hint(
            "save it as UTF-8; if it is not a text file at all, name the right one with --policy",
        )
    })
}

/// Whether the file is a plain one that nobody else can have written.
fn trusted(reader: &Reader, shown: &Path, file: &Metadata) -> Result<(), PolicyError> {
    let error = |what: String| PolicyError::of_file(shown, what);
    if !file.is_file() {
        let kind = if file.is_dir() {
            "a directory"
        } else {
            "not a regular file"
        };
        return Err(
            error(format!("{kind}, so it is no policy")).hint("a policy is a plain text file")
        );
    }
    if file.len() > LARGEST {
        return Err(error("larger than 1 MiB, which no policy is".to_owned())
            .hint("check that this is the file that you meant"));
    }
    let others = writable_by_others(file.mode(), file.uid(), file.gid());
    if let Some(others) = others {
        return Err(error(format!(
            "{others} can write this policy, so it protects nobody"
        ))
        .hint(format!(
            "chmod go-w {}",
            shell_words::quote(&shown.to_string_lossy())
        )));
    }
    // The owner of the working directory is trusted as well: whoever runs tests there runs that user's code
    // anyway. It lets root in a container run the tests of a mounted checkout, while a file that somebody put
    // into /tmp, above a directory of one's own, is refused.
    let of_cwd = fs::metadata(&reader.cwd).map(|cwd| cwd.uid()).ok();
    let owner = file.uid();
    if owner == 0 || owner == reader.uid || Some(owner) == of_cwd {
        return Ok(());
    }
    Err(error(format!(
        "belongs to user {owner}, who is neither you ({}) nor root",
        reader.uid
    ))
    .hint("run as that user, or use a copy of your own with --policy"))
}

/// Who besides the owner can write a file of this mode. A group with the number of the owner is taken for the
/// private group that many systems give each user, together with a umask that lets it write.
fn writable_by_others(mode: u32, uid: u32, gid: u32) -> Option<&'static str> {
    if mode & 0o002 != 0 {
        Some("every user")
    } else if mode & 0o020 != 0 && gid != uid {
        Some("a group")
    } else {
        None
    }
}

/// The file as a person in `cwd` would name it: relative to there where that is shorter.
pub(super) fn shown(cwd: &Path, file: &Path) -> PathBuf {
    let common = cwd.ancestors().find(|ancestor| file.starts_with(ancestor));
    let Some(common) = common else {
        return file.to_owned();
    };
    let up = cwd.components().count() - common.components().count();
    let mut relative: PathBuf = std::iter::repeat_n("..", up).collect();
    if let Ok(rest) = file.strip_prefix(common) {
        relative.push(rest);
    }
    if relative.as_os_str().len() < file.as_os_str().len() {
        relative
    } else {
        file.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::{shown, writable_by_others};
    use std::path::Path;

    #[test]
    fn a_file_is_named_as_a_person_there_would_name_it() {
        let name =
            |cwd: &str, file: &str| shown(Path::new(cwd), Path::new(file)).display().to_string();
        assert_eq!(
            name("/home/me/repo", "/home/me/repo/guardrun.toml"),
            "guardrun.toml"
        );
        assert_eq!(
            name("/home/me/repo/a/b", "/home/me/repo/guardrun.toml"),
            "../../guardrun.toml"
        );
        assert_eq!(name("/home/me/repo", "/etc/g.toml"), "/etc/g.toml");
        assert_eq!(name("/", "/etc/g.toml"), "etc/g.toml");
    }

    #[test]
    fn only_the_owner_may_write_and_a_private_group_is_the_owner() {
        assert_eq!(writable_by_others(0o100644, 1000, 100), None);
        assert_eq!(writable_by_others(0o100664, 1000, 1000), None);
        assert_eq!(writable_by_others(0o100664, 1000, 100), Some("a group"));
        assert_eq!(writable_by_others(0o100666, 1000, 1000), Some("every user"));
    }
}
