//! Other kernels, and hosts that give less.

use super::vm::machine;

/// Without cgroup.kill, memory.peak and pids.peak (5.10), and on the newest there is.
#[test]
fn it_holds_on_the_oldest_and_the_newest_kernel() {
    let name = "lab::kernels::it_holds_on_the_oldest_and_the_newest_kernel";
    for kernel in ["5.10", "6.1", "7.2"] {
        let Some(vm) = machine(name) else { return };
        let said = vm.with(&["--kernel", kernel, "--user"]).runs(
            "uname -r
            for level in namespace cgroup subreaper; do
                ./guardrun --policy unfenced.toml --level $level -- ./guardrun-actor leave 60000; echo \"leak at $level: $?\"
                ./guardrun --level $level --memory 64MiB -- ./guardrun-actor herd 3 200; echo \"memory at $level: $?\"
                ./guardrun --level $level --timeout 1s --grace 0s -- ./guardrun-actor deaf-sleep 15; echo \"timeout at $level: $?\"
            done
            ps -eo comm | grep '^guardrun' | sed 's/^/still there: /'",
        );
        for level in ["namespace", "cgroup", "subreaper"] {
            for (what, code) in [("leak", 46), ("memory", 50), ("timeout", 48)] {
                let line = format!("{what} at {level}: {code}");
                assert!(
                    said.out.contains(&line),
                    "{kernel}: no {line:?} in {}",
                    said.out
                );
            }
        }
        assert!(!said.out.contains("still there"), "{kernel}: {}", said.out);
    }
}

/// "User namespaces switched off": the level is refused where it is asked for, and auto takes another.
#[test]
fn without_user_namespaces_an_ordinary_user_is_held_otherwise() {
    let name = "lab::kernels::without_user_namespaces_an_ordinary_user_is_held_otherwise";
    let Some(vm) = machine(name) else { return };
    let said = vm.with(&["--no-userns", "--user"]).runs(
        "./guardrun --level namespace -- true; echo \"namespace: $?\"
        ./guardrun -- true; echo \"auto: $?\"
        ./guardrun doctor",
    );
    assert!(said.out.contains("namespace: 42"), "{}", said.out);
    assert!(said.out.contains("auto: 0"), "{}", said.out);
    assert!(
        said.out.contains("user.max_user_namespaces"),
        "{}",
        said.out
    );
}

/// Whom the kernel lets trace decides about an audit, and about nothing else: the fence looks at processes without it. Scope 2 leaves
/// an ordinary user the user namespace that is theirs.
#[test]
fn an_audit_needs_what_yama_allows_and_a_fence_does_not() {
    let name = "lab::kernels::an_audit_needs_what_yama_allows_and_a_fence_does_not";
    for (scope, held) in [(1, [7, 7, 7, 7]), (2, [7, 7, 7, 42]), (3, [42; 4])] {
        let Some(vm) = machine(name) else { return };
        let said = vm.runs(&format!(
            "echo {scope} > /proc/sys/kernel/yama/ptrace_scope || exit 1
            printf '[suite.all]\\nmatch = [\"**\"]\\n' > plain.toml
            chmod 777 .
            as() {{ if [ $1 = user ]; then shift; setpriv --reuid 1000 --regid 1000 --clear-groups \"$@\"; else shift; \"$@\"; fi; }}
            for who in root user; do for level in namespace subreaper; do
                as $who ./guardrun --policy plain.toml audit --level $level -q --events $who.$level -- sh -c '(true); exit 7'
                echo \"audit by $who at $level: $?, $(grep -c '\"start\"' $who.$level)\"
                as $who ./guardrun --policy plain.toml --level $level -- ./guardrun-actor start-by fork -- ./guardrun-actor try listen
                echo \"fence for $who at $level: $?\"
            done; done"
        ));
        let places = [
            "root at namespace",
            "root at subreaper",
            "user at namespace",
            "user at subreaper",
        ];
        for (place, code) in places.into_iter().zip(held) {
            let seen = if code == 7 { 2 } else { 0 };
            for line in [
                format!("audit by {place}: {code}, {seen}"),
                format!("fence for {place}: 45"),
            ] {
                assert!(
                    said.out.contains(&line),
                    "{scope}: no {line:?} in {}",
                    said.out
                );
            }
        }
    }
}

/// The front goes first when somebody kills both, and a login session ends with what was in it.
#[test]
fn in_a_systemd_session_nothing_is_left_when_the_front_is_killed() {
    let name = "lab::kernels::in_a_systemd_session_nothing_is_left_when_the_front_is_killed";
    let Some(vm) = machine(name) else { return };
    let said = vm.with(&["--systemd", "--user"]).runs(
        "./guardrun --at-least cgroup -- ./guardrun-actor crowd 5 > full & front=$!
        until grep -q full full 2>/dev/null; do sleep 0.05; done
        kill -9 $front; wait $front
        for i in $(seq 100); do ps -eo comm | grep -q '^guardrun' || break; sleep 0.1; done
        ps -eo comm | grep '^guardrun' | sed 's/^/still there: /'
        systemctl --user list-units --all --no-legend 'guardrun-*' | sed 's/^/still a unit: /'",
    );
    assert!(!said.out.contains("still "), "{}", said.out);
}
