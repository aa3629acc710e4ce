//! Clocks that jump, and a directory for records that cannot be written.

use super::vm::machine;

/// "Clock steps": every limit and every age is counted on a clock that nobody can set.
#[test]
fn a_clock_that_is_set_changes_no_limit_and_no_age() {
    let name = "lab::records::a_clock_that_is_set_changes_no_limit_and_no_age";
    for step in ["+3 days", "-3 days"] {
        let Some(vm) = machine(name) else { return };
        let said = vm.runs(&format!(
            "./guardrun --timeout 4s --grace 0s -- ./guardrun-actor deaf-sleep 15 > full & front=$!
            until grep -q deaf full 2>/dev/null; do sleep 0.05; done
            before=$(cut -d. -f1 /proc/uptime)
            date -s \"$(date -d '{step}')\" > /dev/null; echo \"stepped: $?\"
            ./guardrun --json ps | grep -o '\"age_seconds\":[0-9]*' | head -1
            wait $front; echo \"ended: $?\"
            after=$(cut -d. -f1 /proc/uptime); [ $((after - before)) -le 60 ] && echo in time
            ./guardrun -- ./guardrun-actor exit 0; echo \"another: $?\""
        ));
        for line in ["stepped: 0", "ended: 48", "in time", "another: 0"] {
            assert!(
                said.out.contains(line),
                "{step}: no {line:?} in {}",
                said.out
            );
        }
        let age = said
            .out
            .lines()
            .find_map(|line| line.strip_prefix("\"age_seconds\":"));
        let age: Option<u64> = age.and_then(|age| age.parse().ok());
        assert!(
            age.is_some_and(|age| age < 120),
            "{step}: {age:?} in {}",
            said.out
        );
    }
}

/// "Unwritable": another place is taken, and where there is none the run is held all the same and says that it is not recorded.
#[test]
fn a_place_that_cannot_be_written_keeps_no_suite_from_being_held() {
    let name = "lab::records::a_place_that_cannot_be_written_keeps_no_suite_from_being_held";
    let Some(vm) = machine(name) else { return };
    let said = vm.runs(
        "mkdir -p /run/elsewhere; mount -t tmpfs -o ro none /run/elsewhere
        export XDG_RUNTIME_DIR=/run/elsewhere
        ./guardrun --policy unfenced.toml -- ./guardrun-actor leave 60000 2>&1; echo \"one place: $?\"
        mount -t tmpfs -o ro none /run; mount -t tmpfs -o ro none /tmp
        ./guardrun --policy unfenced.toml -- ./guardrun-actor leave 60000 2>&1; echo \"no place: $?\"",
    );
    assert!(said.out.contains("one place: 46"), "{}", said.out);
    assert!(said.out.contains("no place: 46"), "{}", said.out);
    assert!(
        said.out.contains("this run is not recorded"),
        "{}",
        said.out
    );
}
