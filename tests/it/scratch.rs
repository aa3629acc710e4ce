//! A directory of a test's own, removed at its end.

use std::fs;
use std::path::{Path, PathBuf};

/// An empty directory below the target directory, outside any repository of its own unless the test makes one.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Scratch {
        // Not named by a pid: each test that starts processes has a pid namespace of its own, and the pid 2.
        let template = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scratch-XXXXXX");
        let path = nix::unistd::mkdtemp(&template).unwrap();
        Scratch(path.canonicalize().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Makes a directory, with those above it.
    pub(crate) fn directory(&self, name: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// Makes a file, with the directories above it.
    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
