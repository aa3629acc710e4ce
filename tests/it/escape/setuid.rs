//! "A setuid-root program, for an ordinary user": what may not be signalled is ended by the kernel where a level has its help,
//! and named where it has not.

use super::matrix::can_hold;
use crate::support::bench::{Bench, User};
use crate::support::gate;
use crate::support::room::daemon_test;
use crate::support::run::{Run, words};
use crate::support::scene::{Ended, Scene};

/// What guardrun says of a green run that has left something: that it is ended, or that it is still there.
const LEAKED: Ended = Ended::Exited(46);
const NOT_KILLED: Ended = Ended::Exited(51);

/// "Shut" at `namespace` and `cgroup`: the kernel asks nobody's permission.
#[test]
fn a_process_that_has_become_root_is_ended_where_the_kernel_does_it() {
    daemon_test(|| {
        let bench = Bench::new();
        for level in ["namespace", "cgroup"] {
            let Some(scene) = leaves_a_root_process(&bench, level) else {
                continue;
            };
            let done = scene.finish();
            assert_eq!(done.ended, LEAKED, "at {level}: {done:?}");
        }
    });
}

/// "Named, exit 51: it may not be signalled": the twin, at the level that has to signal.
#[test]
fn a_process_that_may_not_be_signalled_is_named_and_guardrun_exits_with_51() {
    daemon_test(|| {
        let bench = Bench::new();
        let Some(mut scene) = leaves_a_root_process(&bench, "subreaper") else {
            return;
        };
        let ended = scene.wait_for_end();
        assert_eq!(ended, Some(NOT_KILLED), "{}", scene.report("subreaper"));
        let said = scene.text("err");
        let (_, named) = said
            .split_once("could not be killed")
            .unwrap_or_else(|| panic!("it does not say so: {said}"));
        assert!(named.contains(" lurk "), "it is not named: {said}");
    });
}

/// An ordinary user's suite that passes and leaves a process of root's.
fn leaves_a_root_process(bench: &Bench, level: &str) -> Option<Scene> {
    let Some(program) = bench.setuid_actor() else {
        gate::skip("a setuid-root program", "it takes root, and no nosuid");
        return None;
    };
    if !can_hold(bench, User::Ordinary, level) {
        return None;
    }
    let mut more = words(["--setuid-program"]);
    more.push(program.into());
    let mut scene = Run::held(bench, User::Ordinary, level)
        .option(["--grace", "300ms"])
        .plays("setuid-root", "exit:0", &more)
        .start();
    scene.wait_until_ready().expect("the program is there");
    Some(scene)
}
