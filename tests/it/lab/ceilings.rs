//! "Memory and process ceilings as an ordinary user under systemd and in a bare delegated subtree", and as root.

use super::vm::machine;

/// Where a cgroup with controllers can be had, and as whom.
const GROUNDS: [&[&str]; 4] = [&["--user"], &["--systemd", "--user"], &["--systemd"], &[]];

/// Every ceiling is the kernel's, at each level, and ends the suite as one with the kernel's own count; front and keeper
/// live to tell.
#[test]
fn the_kernel_holds_memory_and_processes_wherever_a_cgroup_can_be_had() {
    let name = "lab::ceilings::the_kernel_holds_memory_and_processes_wherever_a_cgroup_can_be_had";
    for ground in GROUNDS {
        let Some(vm) = machine(name) else { return };
        let said = vm.with(ground).runs(
            "for level in namespace cgroup; do
                ./guardrun --level $level --memory 64MiB -- ./guardrun-actor herd 3 200
                echo \"memory at $level: $?\"
                ./guardrun --level $level --processes 20 -- ./guardrun-actor crowd 60
                echo \"processes at $level: $?\"
                ./guardrun --level $level --memory 256MiB --processes 40 -- ./guardrun-actor herd 3 16
                echo \"below at $level: $?\"
            done
            for cgroup in $(find /sys/fs/cgroup -name 'guardrun-*' -type d); do echo \"left $cgroup\"; done
            echo looked",
        );
        for level in ["namespace", "cgroup"] {
            for (what, code) in [("memory", 50), ("processes", 50), ("below", 0)] {
                let line = format!("{what} at {level}: {code}");
                assert!(
                    said.out.contains(&line),
                    "{ground:?}: no {line:?} in {}",
                    said.out
                );
            }
        }
        assert!(
            !said.out.contains("only watched"),
            "{ground:?}: {}",
            said.out
        );
        assert!(
            said.out.contains("for want of it"),
            "{ground:?}: {}",
            said.out
        );
        assert!(
            said.out.contains("refused to make another"),
            "{ground:?}: {}",
            said.out
        );
        assert!(said.out.contains("looked"), "{ground:?}: {}", said.out);
        assert!(!said.out.contains("left /sys"), "{ground:?}: {}", said.out);
    }
}

/// "A guardrun inside another's leaf stays in it": the outer ceiling is the inner one's too.
#[test]
fn a_run_inside_a_run_cannot_leave_the_outer_ceiling() {
    let name = "lab::ceilings::a_run_inside_a_run_cannot_leave_the_outer_ceiling";
    for ground in GROUNDS {
        let Some(vm) = machine(name) else { return };
        let said = vm.with(ground).runs(
            "./guardrun --memory 64MiB -- ./guardrun --memory 400MiB -- ./guardrun-actor herd 3 100
            echo \"ended with $?\"",
        );
        assert!(
            said.out.contains("ended with 50"),
            "{ground:?}: {}",
            said.out
        );
    }
}
