//! The files of a repository, as whoever checks it may see them: which there are, and what is in each.

/// A repository's files. Paths count from its root, with `/`, and without `.` or `..`.
pub trait Tree {
    /// Every file that is worth looking at, in the order of the names.
    fn paths(&self) -> &[String];
    /// What is in this file.
    fn read(&self, path: &str) -> Content;
    /// The files of this name, in whatever directory.
    fn named(&self, name: &str) -> Vec<String> {
        let paths = self.paths().iter();
        paths
            .filter(|path| path.rsplit('/').next() == Some(name))
            .cloned()
            .collect()
    }
}

/// What is in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// This text.
    Text(String),
    /// There is no such file.
    Absent,
    /// It is there and cannot be read, and why.
    Unreadable(String),
}

/// The path of `name` as it is meant in the directory `inside`; None where it leads out of the repository.
pub(super) fn joined(inside: &str, name: &str) -> Option<String> {
    if name.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in inside.split('/').chain(name.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()?),
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// The directory that a file is in; empty for the root.
pub(super) fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

/// The directory and those above it, up to the root.
pub(super) fn upwards(directory: &str) -> impl Iterator<Item = &str> {
    let mut next = Some(directory);
    std::iter::from_fn(move || {
        let this = next?;
        next = match this {
            "" => None,
            this => Some(this.rsplit_once('/').map_or("", |(above, _)| above)),
        };
        Some(this)
    })
}

#[cfg(test)]
mod tests {
    use super::{joined, upwards};

    #[test]
    fn paths_stay_inside() {
        assert_eq!(joined("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(joined("", "./x").as_deref(), Some("x"));
        assert_eq!(joined("a", "../.."), None);
        assert_eq!(joined("a", "/etc"), None);
        assert_eq!(upwards("a/b").collect::<Vec<_>>(), ["a/b", "a", ""]);
    }
}
