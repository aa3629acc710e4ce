//! A directory with a policy, in which a test starts several guardruns beside each other, and looks at the lock that they want.

use crate::support::PATIENCE;
use crate::support::bench::{Bench, User};
use crate::support::kernel::Process;
use crate::support::proc;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// How long a suite lives at the most.
const SUITE_LIFE: &str = "100";

/// The ground.
pub(crate) struct Ground {
    bench: Bench,
    place: PathBuf,
}

/// A guardrun that was started, killed with this value.
pub(crate) struct Started {
    child: Child,
    /// The same, held.
    pub(crate) front: Process,
    err: PathBuf,
}

impl Ground {
    /// With this policy, in which WITNESS stands for a file in which suites note whether they are alone, and ACTOR for the badly
    /// behaved program.
    pub(crate) fn new(policy: &str) -> Ground {
        if User::present() == User::Root {
            // The room's own, so that nothing of the machine's is seen, and nothing is left there.
            let ours = Path::new("/run/guardrun");
            let _ = fs::create_dir(ours);
            lay_over(ours, "16m");
            let _ = fs::set_permissions(ours, PermissionsExt::from_mode(0o700));
        }
        Ground::among_the_machines_own(policy)
    }

    /// The same with the directory of locks that is there.
    pub(crate) fn among_the_machines_own(policy: &str) -> Ground {
        let bench = Bench::new();
        let place = bench.place(User::present());
        let ground = Ground { bench, place };
        fs::create_dir_all(ground.work().join(".git")).expect("a directory");
        fs::write(ground.work().join(".git/HEAD"), "").expect("a file");
        let policy = policy
            .replace("WITNESS", &ground.witness().to_string_lossy())
            .replace("ACTOR", &ground.bench.actor().to_string_lossy())
            .replace("LIFE", SUITE_LIFE);
        fs::write(ground.work().join("guardrun.toml"), policy).expect("a policy");
        ground
    }

    /// Where the policy is.
    pub(crate) fn work(&self) -> PathBuf {
        self.place.join("work")
    }

    /// Where XDG_RUNTIME_DIR points.
    pub(crate) fn runtime(&self) -> PathBuf {
        self.place.join("runtime")
    }

    /// The records.
    pub(crate) fn records(&self) -> PathBuf {
        self.runtime().join("guardrun")
    }

    fn witness(&self) -> PathBuf {
        self.place.join("witness")
    }

    /// How often the suites have noted this word.
    pub(crate) fn noted(&self, word: &str) -> usize {
        let text = fs::read_to_string(self.witness()).unwrap_or_default();
        text.lines().filter(|line| *line == word).count()
    }

    /// Waits until the suites have noted this word so often.
    pub(crate) fn wait_until_noted(&self, word: &str, times: usize) {
        wait_until(&format!("{times} × {word}"), || self.noted(word) >= times);
    }

    /// `guardrun` with these words, to be started.
    pub(crate) fn guardrun(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.bench.actor());
        command
            .args(["become", "--"])
            .arg(self.bench.guardrun())
            .args(words)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.place.join("home"))
            .env("TMPDIR", self.place.join("tmp"))
            .env("XDG_RUNTIME_DIR", self.runtime())
            .current_dir(self.work())
            .stdin(Stdio::null());
        command
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, words: &[&str]) -> Output {
        self.guardrun(words).output().expect("guardrun can be run")
    }

    /// Starts it, with what it says in a file.
    pub(crate) fn start(&self, words: &[&str]) -> Started {
        let err = self.place.join(format!("err-{}", unique()));
        let child = self
            .guardrun(words)
            .stdout(Stdio::null())
            .stderr(File::create(&err).expect("a file"))
            .spawn()
            .expect("guardrun can be started");
        let front = Process::open(child.id() as i32).expect("an unreaped child has a pidfd");
        Started { child, front, err }
    }

    /// Whether this level can be had here; if not, its part of the test is skipped by name.
    pub(crate) fn can_hold(&self, level: &str) -> bool {
        let tried = self.run(&["--level", level, "--", "true"]);
        if tried.status.code() == Some(42) {
            let why = String::from_utf8_lossy(&tried.stderr).into_owned();
            crate::support::gate::skip(&format!("level {level}"), why.trim());
            return false;
        }
        assert!(tried.status.success(), "{tried:?}");
        true
    }
}

impl Started {
    /// How it ended, and what it said.
    pub(crate) fn end(mut self) -> (Ended, String) {
        if !self.front.dies_within(3 * PATIENCE) {
            panic!("it does not end: {}", self.said());
        }
        let status = self.child.wait().expect("a child can be waited for");
        let ended = match status.code() {
            Some(code) => Ended::Exited(code),
            None => Ended::Killed(status.signal().unwrap_or_default()),
        };
        (ended, self.said())
    }

    /// What it has said so far.
    pub(crate) fn said(&self) -> String {
        fs::read_to_string(&self.err).unwrap_or_default()
    }

    /// Waits until it has said this.
    pub(crate) fn wait_until_said(&self, text: &str) {
        wait_until(text, || self.said().contains(text));
    }

    /// Its keeper, if it has one by now.
    pub(crate) fn keeper(&self) -> Option<Process> {
        Process::open(*proc::children(self.front.pid).first()?).ok()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// With this code.
    Exited(i32),
    /// By this signal.
    Killed(i32),
}

/// Waits for what is certain to happen.
pub(crate) fn wait_until(what: &str, done: impl Fn() -> bool) {
    let until = Instant::now() + PATIENCE;
    while !done() {
        assert!(Instant::now() < until, "it does not come about: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// A number that no other call in this process gets.
pub(crate) fn unique() -> u32 {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Lays an empty filesystem of this size over a directory, in the room's own mount namespace; false where the test may not.
pub(crate) fn lay_over(directory: &Path, size: &str) -> bool {
    use nix::mount::{MsFlags, mount};
    let options = format!("size={size},mode=755");
    mount(
        Some("tmpfs"),
        directory,
        Some("tmpfs"),
        MsFlags::empty(),
        Some(options.as_str()),
    )
    .is_ok()
}
