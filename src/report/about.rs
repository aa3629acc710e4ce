//! Tables of what guardrun can do and say.

use super::voice::Voice;
use crate::exit::{Exit, TABLE};
use serde_json::json;
use std::fmt::Write;

/// Every exit code.
pub fn exit_codes(voice: &Voice) -> Exit {
    if voice.json {
        let rows: Vec<_> = TABLE
            .iter()
            .map(|row| json!({ "code": row.code, "name": row.name, "meaning": row.meaning }))
            .collect();
        return super::data(&format!("{:#}\n", json!(rows)));
    }
    let mut text = "The suite's own exit status passes through; if a signal ended it, guardrun dies of the same signal.\n\
                    What guardrun itself has to say has these codes:\n\n"
        .to_owned();
    for row in TABLE {
        let _ = writeln!(text, "{:>4}  {:<15} {}", row.code, row.name, row.meaning);
    }
    super::data(&text)
}

const LEVELS: &str = "\
What holds a run, strongest first. Every level includes those below it.

namespace  a pid namespace of its own (inside a user namespace where guardrun is not privileged).
           Nothing outlives it, whoever is killed in whatever order: the kernel ends it.
cgroup     a cgroup v2 leaf of its own, killed as one, with a keeper and two subreapers.
           Survives the front or the keeper being killed. If both are killed at once, the next guardrun ends the rest.
subreaper  a process group, the death signal, a keeper and two subreapers. Needs nothing from the machine.
           Cannot end what it may not signal: a setuid program, for an ordinary user.

auto       namespace for the privileged; otherwise the first of cgroup, namespace, subreaper that can be had.
           For an ordinary user a pid namespace needs a user namespace, in which sudo and setuid programs fail.

`guardrun doctor` tries each of them here. docs/containment.md says what none of them stops.
";

/// What each level stops.
pub fn levels() -> Exit {
    super::data(LEVELS)
}
