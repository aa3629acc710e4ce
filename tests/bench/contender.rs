//! Who is compared: guardrun at each level, nothing at all, and what people would use instead.

use crate::start::{self, RUN};
use std::ffi::OsString;
use std::path::Path;

/// The program under test, unless `GUARDRUN_UNDER_TEST` names another, such as an installed one.
const GUARDRUN: &str = env!("CARGO_BIN_EXE_guardrun");

/// A program that runs another.
pub(crate) struct Contender {
    /// Its name in tables.
    pub(crate) name: &'static str,
    /// The words before the command.
    pub(crate) words: Vec<OsString>,
}

/// A contender that cannot be had here.
pub(crate) struct Skipped {
    /// Its name.
    pub(crate) name: &'static str,
    /// Why.
    pub(crate) why: String,
}

/// The name of the contender that is nothing at all.
pub(crate) const BARE: &str = "bare";
/// The peer that level `namespace` is compared with.
pub(crate) const BWRAP: &str = "bwrap";
/// The peer that level `subreaper` is compared with.
pub(crate) const TIMEOUT: &str = "timeout";

/// A policy of ordinary size, for the run that reads one.
const POLICY: &str = r#"
[gate.daemon]
env   = "BENCH_DAEMON_TESTS"
why   = "forks real daemons"
where = "CI"

[suite.unit]
command = ["cargo", "test"]
match   = ["cargo test *", "cargo nextest run *"]

[suite.daemon]
gate    = "daemon"
command = ["cargo", "test", "--test", "daemon"]
match   = ["cargo test --test daemon *"]
timeout = "10m"

[suite.true]
match = ["true"]
"#;

/// The program under test.
pub(crate) fn guardrun() -> OsString {
    std::env::var_os("GUARDRUN_UNDER_TEST").unwrap_or_else(|| GUARDRUN.into())
}

/// Everybody who can be had here, and who cannot. A policy for one of them is written to `place`.
pub(crate) fn all(place: &Path) -> (Vec<Contender>, Vec<Skipped>) {
    let policy = place.join("policy.toml");
    let written = std::fs::write(&policy, POLICY);
    let mut here = Vec::new();
    let mut skipped = Vec::new();
    for contender in [
        Contender {
            name: BARE,
            words: Vec::new(),
        },
        held("guardrun namespace", &["--level", "namespace"]),
        held("guardrun cgroup", &["--level", "cgroup"]),
        held("guardrun subreaper", &["--level", "subreaper"]),
        held(
            "guardrun relaying",
            &["--level", "subreaper", "--idle", "10m"],
        ),
        held(
            "guardrun with policy",
            &["--policy", &policy.to_string_lossy()],
        ),
        // With ceilings that nothing reaches: held by the kernel where it can, else watched. Not among those with aims.
        held(
            "with ceilings",
            &["--memory", "64GiB", "--processes", "100000"],
        ),
        // Longer than any run here is watched.
        peer(TIMEOUT, "timeout 300"),
        peer(
            BWRAP,
            "bwrap --unshare-pid --die-with-parent --dev-bind / / --proc /proc",
        ),
        peer("unshare", unshare()),
        peer("tini", "tini -s --"),
        peer("systemd-run", systemd_run()),
    ] {
        match probe(&contender) {
            Ok(()) => here.push(contender),
            Err(why) => skipped.push(Skipped {
                name: contender.name,
                why,
            }),
        }
    }
    written.expect("a file can be written in one's own directory");
    (here, skipped)
}

fn held(name: &'static str, options: &[&str]) -> Contender {
    let mut words = vec![guardrun(), "-q".into()];
    words.extend(options.iter().map(OsString::from));
    words.push("--".into());
    Contender { name, words }
}

fn peer(name: &'static str, words: &str) -> Contender {
    Contender {
        name,
        words: words.split(' ').map(OsString::from).collect(),
    }
}

/// The same promise by the same means: for root without, for others with a user namespace.
fn unshare() -> &'static str {
    match nix::unistd::geteuid().is_root() {
        true => "unshare --pid --fork --kill-child --mount-proc",
        false => "unshare --user --map-current-user --pid --fork --kill-child --mount-proc",
    }
}

fn systemd_run() -> &'static str {
    match nix::unistd::geteuid().is_root() {
        true => "systemd-run --quiet --scope",
        false => "systemd-run --quiet --user --scope",
    }
}

/// Whether it can run anything here, found out by doing.
fn probe(contender: &Contender) -> Result<(), String> {
    let ended = start::quiet(&contender.words, &["true".into()])
        .spawn()
        .and_then(|child| start::end_within(child, RUN));
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`true` under it: {status}")),
        Err(error) => Err(error.to_string()),
    }
}
