//! Where a test works: copies of the programs that everybody may run, a private directory for each run, and the users.

use nix::sys::statvfs::{FsFlags, statvfs};
use nix::unistd::{Gid, Uid, User as Account, chown, mkdtemp};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

/// The program under test, unless `GUARDRUN_UNDER_TEST` names another, such as an installed one.
pub(crate) const GUARDRUN: &str = env!("CARGO_BIN_EXE_guardrun");
/// The badly behaved program.
pub(crate) const ACTOR: &str = env!("CARGO_BIN_EXE_guardrun-actor");

/// The name of the copy that becomes root.
const SETUID: &str = "guardrun-actor-setuid";

/// Who runs guardrun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// Root, when the tests are run by root.
    Root,
    /// Somebody without any privilege: whoever runs the tests or, when that is root, an id that nobody has.
    Ordinary,
}

impl User {
    /// Both.
    pub(crate) const ALL: [User; 2] = [User::Root, User::Ordinary];

    /// The word in tables.
    pub(crate) fn name(self) -> &'static str {
        match self {
            User::Root => "root",
            User::Ordinary => "ordinary",
        }
    }

    /// Whoever runs the tests.
    pub(crate) fn present() -> User {
        if Uid::effective().is_root() {
            User::Root
        } else {
            User::Ordinary
        }
    }

    /// The id to drop to, for those who have to.
    pub(crate) fn to_become(self) -> Option<u32> {
        (self == User::Ordinary && User::present() == User::Root).then(unused_id)
    }
}

/// An id without an account, so that its processes are the test's alone (RLIMIT_NPROC counts by user).
fn unused_id() -> u32 {
    (64_646..64_746)
        .find(|id| Account::from_uid(Uid::from_raw(*id)).is_ok_and(|account| account.is_none()))
        .unwrap_or(65_534)
}

/// A test's directory, removed with it.
pub(crate) struct Bench {
    root: PathBuf,
    runs: AtomicU32,
    relaying: bool,
    small_tables: OnceLock<bool>,
    plain_place: OnceLock<PathBuf>,
}

impl Bench {
    /// Makes it and copies the programs there.
    pub(crate) fn new() -> Bench {
        let base = std::env::temp_dir();
        let root = mkdtemp(&base.join("guardrun-it.XXXXXX")).expect("a temporary directory");
        open_to_all(&root);
        let guardrun = std::env::var("GUARDRUN_UNDER_TEST").unwrap_or(GUARDRUN.to_owned());
        for (from, name) in [(guardrun.as_str(), "guardrun"), (ACTOR, "guardrun-actor")] {
            fs::copy(from, root.join(name)).expect("a program can be copied");
            open_to_all(&root.join(name));
        }
        // Made before any run starts: a program that somebody still has open for writing cannot be executed.
        if User::present() == User::Root {
            let path = root.join(SETUID);
            fs::copy(ACTOR, &path).expect("the actor can be copied");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o4755)).expect("a mode");
        }
        Bench {
            root,
            runs: AtomicU32::new(0),
            relaying: false,
            small_tables: OnceLock::new(),
            plain_place: OnceLock::new(),
        }
    }

    /// The same for runs whose output guardrun relays: they have an idle limit that nobody reaches.
    pub(crate) fn relaying() -> Bench {
        let mut bench = Bench::new();
        bench.relaying = true;
        bench
    }

    /// Whether its runs are such.
    pub(crate) fn is_relaying(&self) -> bool {
        self.relaying
    }

    /// The program under test.
    pub(crate) fn guardrun(&self) -> PathBuf {
        self.root.join("guardrun")
    }

    /// The badly behaved program.
    pub(crate) fn actor(&self) -> PathBuf {
        self.root.join("guardrun-actor")
    }

    /// `guardrun --level LEVEL --` without a fence, to be given a command, without a stage: quick, for what needs neither another user nor
    /// a signal.
    pub(crate) fn held(&self, level: &str) -> Command {
        let place = self.plain_place.get_or_init(|| self.place(User::present()));
        let policy = place.join("guardrun.toml");
        fs::write(&policy, super::run::UNFENCED).expect("a policy can be written");
        let mut command = Command::new(self.actor());
        command
            .args(["become", "--"])
            .arg(self.guardrun())
            .arg("--policy")
            .arg(policy)
            .args(["--quiet", "--level", level, "--"])
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", place.join("home"))
            .env("TMPDIR", place.join("tmp"))
            .env("XDG_RUNTIME_DIR", place.join("runtime"))
            .current_dir(place.join("work"))
            .stdin(Stdio::null());
        command
    }

    /// Whether a room here can have a small pid table of its own: found out by making one.
    pub(crate) fn has_small_tables(&self) -> bool {
        *self.small_tables.get_or_init(|| {
            let mut room = Command::new(self.actor())
                .args(["room", "--pid-max", "400", "--"])
                .arg(self.actor())
                .args(["exit", "0"])
                .stdin(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("a room can be started");
            let leash = room.stdin.take();
            let status = room.wait().expect("a child can be waited for");
            drop(leash);
            status.success()
        })
    }

    /// A setuid-root copy of the actor; None where that means nothing: without root, or on a nosuid filesystem.
    pub(crate) fn setuid_actor(&self) -> Option<PathBuf> {
        let nosuid = statvfs(&self.root).is_ok_and(|fs| fs.flags().contains(FsFlags::ST_NOSUID));
        (User::present() == User::Root && !nosuid).then(|| self.root.join(SETUID))
    }

    /// A new directory for one run, of `user`'s own, with all that a program expects to have.
    pub(crate) fn place(&self, user: User) -> PathBuf {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let place = self.root.join(format!("run-{number}"));
        let parts = ["", "home", "tmp", "runtime", "state", "work"];
        for part in parts.map(|part| place.join(part)) {
            fs::create_dir_all(&part).expect("a directory");
            fs::set_permissions(&part, fs::Permissions::from_mode(0o700)).expect("a mode");
            if let Some(id) = user.to_become() {
                chown(&part, Some(Uid::from_raw(id)), Some(Gid::from_raw(id))).expect("chown");
            }
        }
        place
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.root);
    }
}

/// Lets everybody read and enter or run `path`.
fn open_to_all(path: &Path) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
}
