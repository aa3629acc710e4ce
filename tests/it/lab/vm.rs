//! A virtual machine, for as long as one script.

use crate::support::bench::{ACTOR, GUARDRUN};
use crate::support::run::UNFENCED;
use crate::support::{gate, say};
use std::ffi::OsString;
use std::process::{Command, Stdio};

/// The variable that names the program that boots one.
const VM: &str = "GUARDRUN_VM";

/// One that has not been booted yet.
pub(super) struct Vm {
    program: OsString,
    options: Vec<String>,
    seconds: u32,
}

/// What came of a script.
#[derive(Debug)]
pub(super) struct Said {
    /// Everything that was said in it.
    pub(super) out: String,
}

/// A machine, if there can be one and this test may start processes; `name` is the test's.
pub(super) fn machine(name: &str) -> Option<Vm> {
    if !gate::is_open(name) {
        return None;
    }
    let Some(program) = std::env::var_os(VM) else {
        say(&format!(
            "skipped: {name}: {VM} names no program that boots a virtual machine"
        ));
        return None;
    };
    Some(Vm {
        program,
        options: Vec::new(),
        seconds: 150,
    })
}

impl Vm {
    /// With these options.
    pub(super) fn with(mut self, options: &[&str]) -> Vm {
        self.options
            .extend(options.iter().map(|option| (*option).to_owned()));
        self
    }

    /// For longer than usual.
    pub(super) fn within(mut self, seconds: u32) -> Vm {
        self.seconds = seconds;
        self
    }

    /// Boots it, runs the script in it beside `guardrun`, `guardrun-actor` and `unfenced.toml`, a policy for suites that are there
    /// to leave a daemon, and ends it.
    pub(super) fn runs(&self, script: &str) -> Said {
        let script = format!("cat > unfenced.toml <<'END'\n{UNFENCED}END\n{script}");
        let ran = Command::new(&self.program)
            .args(&self.options)
            .args(["--timeout", &self.seconds.to_string()])
            .args(["--file", GUARDRUN, "--file", ACTOR])
            .args(["--", "sh", "-c", &script])
            .env_remove("GUARDRUN_DAEMON_TESTS")
            .stdin(Stdio::null())
            .output()
            .expect("the program that boots a machine can be started");
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Said {
            out: text(&ran.stdout) + &text(&ran.stderr),
        }
    }
}
