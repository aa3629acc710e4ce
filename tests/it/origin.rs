//! An open gate is told together with where its opt-in came from.

use crate::scratch::Scratch;
use guardrun::host::origin::{Ancestor, Origin, of};

/// A process of a proc file system that the test makes: directory, name, parent, environment (None: not readable).
type Process<'a> = (&'a str, &'a str, u32, Option<&'a str>);

fn origin(processes: &[Process<'_>]) -> Origin {
    let scratch = Scratch::new();
    for (directory, name, parent, environment) in processes {
        let status = format!("Name:\t{name}\nUmask:\t0022\nPPid:\t{parent}\n");
        scratch.file(&format!("{directory}/status"), status);
        if let Some(environment) = environment {
            scratch.file(
                &format!("{directory}/environ"),
                environment.replace(' ', "\0"),
            );
        }
    }
    of("X_TESTS", scratch.path())
}

fn ancestor(pid: u32, name: &str) -> Ancestor {
    Ancestor {
        pid,
        name: name.to_owned(),
    }
}

const WITH: Option<&str> = Some("A=b X_TESTS=1 C=d");
const WITHOUT: Option<&str> = Some("A=b X_TESTS=10 MY_X_TESTS=1");

#[test]
fn set_for_this_command_where_the_parent_was_started_without_it() {
    let found = origin(&[("self", "guardrun", 20, WITH), ("20", "bash", 1, WITHOUT)]);
    assert_eq!(
        found,
        Origin::ThisCommand {
            by: ancestor(20, "bash")
        }
    );
}

#[test]
fn inherited_since_the_outermost_of_the_unbroken_line() {
    let found = origin(&[
        ("self", "guardrun", 40, WITH),
        ("40", "sh", 30, WITH),
        ("30", "just", 20, WITH),
        ("20", "bash", 10, WITHOUT),
        ("10", "sshd", 0, WITH),
    ]);
    assert_eq!(
        found,
        Origin::Inherited {
            first: ancestor(30, "just"),
            by: Some(ancestor(20, "bash"))
        }
    );
    assert_eq!(
        found.to_string(),
        "set by `bash` (pid 20), inherited since `just` (pid 30)"
    );
}

#[test]
fn the_end_of_what_can_be_read_is_the_end_of_what_is_said() {
    let above = origin(&[
        ("self", "g", 40, WITH),
        ("40", "sh", 30, WITH),
        ("30", "sudo", 1, None),
    ]);
    assert_eq!(
        above,
        Origin::Inherited {
            first: ancestor(40, "sh"),
            by: None
        }
    );
    let at_once = origin(&[("self", "g", 40, WITH), ("40", "sudo", 1, None)]);
    assert_eq!(at_once, Origin::Unknown);
    assert_eq!(origin(&[]), Origin::Unknown);
    let top = origin(&[("self", "g", 40, WITH), ("40", "init", 0, WITH)]);
    assert_eq!(
        top,
        Origin::Inherited {
            first: ancestor(40, "init"),
            by: None
        }
    );
}

#[test]
fn a_process_that_is_its_own_parent_is_not_followed_for_ever() {
    let found = origin(&[("self", "g", 40, WITH), ("40", "odd", 40, WITH)]);
    assert!(matches!(found, Origin::Inherited { .. }));
}

#[test]
fn a_name_with_an_escape_sequence_does_not_reach_the_terminal() {
    let found = origin(&[("self", "g", 20, WITH), ("20", "ba\u{1b}[2Ksh", 1, WITHOUT)]);
    assert!(!found.to_string().contains('\u{1b}'));
}
