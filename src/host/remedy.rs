//! From a step that failed to a sentence about why, and one about what to do.

use crate::outcome::{Lack, Step};
use crate::values::Level;
use nix::errno::Errno;
use std::fs;

/// Says why a level could not be had.
pub fn lack(level: Level, step: Step, errno: i32) -> Lack {
    let (why, remedy) = diagnose(step, Errno::from_raw(errno), &|path| {
        fs::read_to_string(path).ok()
    });
    let reason = match errno {
        0 => String::new(),
        errno => format!(": {}", Errno::from_raw(errno).desc()),
    };
    let what = format!(
        "could not {}{reason}{}",
        step.describe(),
        if why.is_empty() {
            String::new()
        } else {
            format!(" ({why})")
        }
    );
    Lack {
        level,
        step,
        errno,
        what,
        remedy: remedy.to_owned(),
    }
}

/// The cause behind an errno, as far as the host's own files tell it, and its remedy.
fn diagnose(
    step: Step,
    errno: Errno,
    read: &dyn Fn(&str) -> Option<String>,
) -> (&'static str, &'static str) {
    let sysctl = |path: &str| read(path).map(|text| text.trim().to_owned());
    let is = |path: &str, value: &str| sysctl(path).as_deref() == Some(value);
    let restricted = is(
        "/proc/sys/kernel/apparmor_restrict_unprivileged_userns",
        "1",
    );
    match (step, errno) {
        (Step::Fork | Step::IdMap | Step::Proc, Errno::EACCES | Errno::EPERM) if restricted => (
            "AppArmor restricts unprivileged user namespaces here",
            "give guardrun an AppArmor profile with `userns,`, or have an administrator set kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (Step::Fork, Errno::ENOSPC) => (
            "the number of user namespaces is limited, perhaps to 0",
            "have an administrator raise user.max_user_namespaces",
        ),
        (Step::Fork, Errno::EPERM) if is("/proc/sys/kernel/unprivileged_userns_clone", "0") => (
            "unprivileged user namespaces are switched off",
            "have an administrator set kernel.unprivileged_userns_clone=1",
        ),
        (Step::Fork, Errno::EPERM) => (
            "a container's seccomp filter, a chroot or a security module forbids new namespaces",
            "in a container: allow them (--security-opt seccomp=unconfined, or --cap-add SYS_ADMIN); otherwise use level cgroup",
        ),
        (Step::Fork, Errno::EAGAIN) => (
            "no more processes may be made: the user's process limit or a pids ceiling is reached",
            "end some processes, or raise `ulimit -u` or the pids ceiling",
        ),
        (Step::Fork, Errno::EINVAL | Errno::ENOSYS) => (
            "this kernel does not know the call",
            "guardrun needs Linux 5.4 or later with namespaces compiled in",
        ),
        (Step::Proc, Errno::EPERM) => (
            "part of /proc is covered by another mount, as container engines do it",
            "start the container with an uncovered /proc (--security-opt systempaths=unconfined), or use level cgroup",
        ),
        (Step::Proc, Errno::ENOENT) => (
            "there is no /proc here",
            "mount /proc before guardrun is started",
        ),
        (Step::MakeLeaf, Errno::EACCES | Errno::EPERM) => (
            "the cgroup that guardrun is in belongs to somebody else",
            "start from a systemd user session, or under `systemd-run --user --scope -p Delegate=yes`",
        ),
        (Step::MakeLeaf, Errno::EROFS) => (
            "the cgroup file system is mounted read-only, as in most containers",
            "start the container with a writable cgroup file system of its own (--cgroupns=private and a rw mount)",
        ),
        (Step::MakeLeaf | Step::Join, _) => ("", "see `guardrun doctor`"),
        (Step::FindCgroup, _) => (
            "no cgroup v2 hierarchy is mounted, or the own part of it is out of sight",
            "mount one (mount -t cgroup2 none /sys/fs/cgroup), or use level namespace",
        ),
        (Step::Fence, Errno::EBUSY) => (
            "something above already answers such questions for this process, and the kernel allows only one who does",
            "start guardrun outside of it, or ask for no `fence`",
        ),
        (Step::Fence, _) => (
            "the kernel is older than 5.5, or a container's seccomp filter forbids new ones",
            "use Linux 5.5 or later, in a container one whose filter allows seccomp(2), or ask for no `fence`",
        ),
        (Step::Trace, Errno::EPERM | Errno::EACCES) if yama(read) == Some(2) => (
            "the security module Yama lets only an administrator of a process trace it",
            "use level namespace, in which you are one; or run the audit as root, or have an administrator set kernel.yama.ptrace_scope=1",
        ),
        (Step::Trace, Errno::EPERM | Errno::EACCES) if yama(read) == Some(3) => (
            "the security module Yama lets nobody trace, root included",
            "start the machine with kernel.yama.ptrace_scope=1: at 3 it stays until the next start",
        ),
        (Step::Trace, _) => (
            "a debugger or strace traces guardrun already, or a container's seccomp filter or a security module forbids tracing",
            "start guardrun outside of the debugger; in a container, allow ptrace (--cap-add SYS_PTRACE, or --security-opt seccomp=unconfined)",
        ),
        _ => ("", "see `guardrun doctor`"),
    }
}

/// Whom Yama lets trace, /proc/sys/kernel/yama/ptrace_scope.
fn yama(read: &dyn Fn(&str) -> Option<String>) -> Option<u8> {
    read("/proc/sys/kernel/yama/ptrace_scope")?
        .trim()
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use super::diagnose;
    use crate::outcome::Step;
    use nix::errno::Errno;

    #[test]
    fn the_same_errno_has_different_causes_on_different_hosts() {
        let nothing = |_: &str| None;
        let apparmor = |path: &str| path.contains("apparmor").then(|| "1\n".to_owned());
        let debian = |path: &str| path.contains("userns_clone").then(|| "0\n".to_owned());
        let why =
            |read: &dyn Fn(&str) -> Option<String>| diagnose(Step::Fork, Errno::EPERM, read).0;
        assert!(why(&apparmor).contains("AppArmor"));
        assert!(why(&debian).contains("switched off"));
        assert!(why(&nothing).contains("container"));
    }

    #[test]
    fn what_yama_leaves_depends_on_its_scope() {
        let remedy = |scope: &'static str| {
            let read = |path: &str| path.contains("yama").then(|| format!("{scope}\n"));
            diagnose(Step::Trace, Errno::EPERM, &read).1
        };
        assert!(remedy("2").contains("level namespace"));
        assert!(remedy("3").contains("next start"));
        assert!(remedy("1").contains("debugger"));
    }

    #[test]
    fn every_cause_has_a_remedy() {
        for step in Step::ALL {
            for errno in [
                Errno::EPERM,
                Errno::EACCES,
                Errno::ENOSPC,
                Errno::EINVAL,
                Errno::EROFS,
                Errno::ENOENT,
            ] {
                assert!(
                    !diagnose(step, errno, &|_| None).1.is_empty(),
                    "{step:?} {errno}"
                );
            }
        }
    }
}
