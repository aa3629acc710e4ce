//! A terminal with the test as the person in front of it.

use super::PATIENCE;
use super::bench::User;
use super::kernel::readable_within;
use nix::fcntl::OFlag;
use nix::pty::{PtyMaster, grantpt, posix_openpt, ptsname_r, unlockpt};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::{Gid, Pid, Uid, chown, tcgetpgrp};
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// A pseudoterminal; dropping it closes the terminal, as when its window is closed.
pub(crate) struct Pty {
    master: PtyMaster,
    slave: PathBuf,
    /// Held open, so that reading goes on when no program has the terminal open for a moment.
    programs_side: File,
    seen: String,
    read_up_to: usize,
}

impl Pty {
    /// Opens one. The test's end is never inherited by anybody, for the terminal has to close when the test closes it.
    pub(crate) fn open() -> Pty {
        let flags = OFlag::O_RDWR | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
        let master = posix_openpt(flags).expect("a pseudoterminal");
        grantpt(&master).expect("grantpt");
        unlockpt(&master).expect("unlockpt");
        let slave: PathBuf = ptsname_r(&master).expect("ptsname").into();
        Pty {
            master,
            // Not this process's controlling terminal, nor anybody's whom it starts.
            programs_side: File::options()
                .read(true)
                .write(true)
                .custom_flags(libc::O_NOCTTY)
                .open(&slave)
                .expect("the programs' side can be opened"),
            slave,
            seen: String::new(),
            read_up_to: 0,
        }
    }

    /// The path of the side that programs have.
    pub(crate) fn slave(&self) -> &Path {
        &self.slave
    }

    /// The test's side.
    pub(crate) fn master(&self) -> &PtyMaster {
        &self.master
    }

    /// Makes it the user's own, as login(1) does.
    pub(crate) fn give_to(&self, user: User) {
        if let Some(id) = user.to_become() {
            chown(
                &self.slave,
                Some(Uid::from_raw(id)),
                Some(Gid::from_raw(id)),
            )
            .expect("chown");
        }
    }

    /// Types.
    pub(crate) fn keys(&mut self, keys: &str) {
        self.master
            .write_all(keys.as_bytes())
            .expect("a terminal takes keys");
    }

    /// Reads until `text` appears after what was waited for before; what came instead, if it does not.
    pub(crate) fn wait_for(&mut self, text: &str) -> Result<(), String> {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.seen[self.read_up_to..].find(text) {
                self.read_up_to += at + text.len();
                return Ok(());
            }
            let left = until.saturating_duration_since(Instant::now());
            if !readable_within(&self.master, left) || !self.read() {
                let rest = &self.seen[self.read_up_to..];
                return Err(format!(
                    "{text:?} did not appear on the terminal, but {rest:?}"
                ));
            }
        }
    }

    /// Everything that came so far.
    pub(crate) fn text(&mut self) -> &str {
        while readable_within(&self.master, Duration::ZERO) && self.read() {}
        &self.seen
    }

    /// Reads once; false when nobody has the other side open.
    fn read(&mut self) -> bool {
        let mut bytes = [0; 4096];
        match self.master.read(&mut bytes) {
            Ok(got) => {
                self.seen.push_str(&String::from_utf8_lossy(&bytes[..got]));
                got > 0
            }
            Err(_) => false,
        }
    }

    /// The process group in the foreground, as a pid of the test's namespace.
    pub(crate) fn foreground(&self) -> Option<Pid> {
        tcgetpgrp(&self.master).ok()
    }

    /// The settings of the terminal.
    pub(crate) fn settings(&self) -> Termios {
        tcgetattr(&self.programs_side).expect("a terminal has settings")
    }
}
