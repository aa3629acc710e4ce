//! The fifo through which the stage and the suite tell the test what happens, a line each.

use super::kernel::readable_within;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The test's end of the fifo.
pub(crate) struct News {
    path: PathBuf,
    fifo: File,
    rest: String,
    /// Every line so far.
    pub(crate) lines: Vec<String>,
}

impl News {
    /// Makes the fifo. Open for both directions, so that it never looks ended between two writers.
    pub(crate) fn new(path: PathBuf) -> News {
        mkfifo(&path, Mode::S_IRUSR | Mode::S_IWUSR).expect("a fifo can be made");
        std::fs::set_permissions(&path, PermissionsExt::from_mode(0o666))
            .expect("one's own fifo can be opened to others");
        let fifo = File::options()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(&path)
            .expect("the fifo can be opened");
        News {
            path,
            fifo,
            rest: String::new(),
            lines: Vec::new(),
        }
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits for a line that begins with one of `words`, past or to come, and gives it.
    pub(crate) fn wait_for(&mut self, words: &[&str], time: Duration) -> Option<String> {
        let until = Instant::now() + time;
        let wanted = |line: &&String| words.iter().any(|word| line.starts_with(word));
        loop {
            if let Some(line) = self.lines.iter().find(wanted) {
                return Some(line.clone());
            }
            let left = until.saturating_duration_since(Instant::now());
            if !readable_within(&self.fifo, left) {
                return None;
            }
            self.read();
        }
    }

    fn read(&mut self) {
        let mut bytes = [0; 4096];
        match self.fifo.read(&mut bytes) {
            Ok(got) => self.rest.push_str(&String::from_utf8_lossy(&bytes[..got])),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => panic!("the fifo cannot be read: {error}"),
        }
        while let Some((line, rest)) = self.rest.split_once('\n') {
            self.lines.push(line.to_owned());
            self.rest = rest.to_owned();
        }
    }
}
