//! Starting the suite's leader: the steps of the child between its birth and its exec.
//!
//! A child that fails says so to the front itself, over the line, which closes at exec; so nobody waits for the exec, and a
//! failure of ours is never mistaken for anything that the suite says.

use super::{News, Orders};
use crate::gate;
use crate::outcome::Step;
use crate::sys::child::Command;
use crate::sys::clone::{self, Birth, Child};
use crate::sys::identity::PidFd;
use crate::sys::{fds, prctl, procfs, share, signal};
use std::io;
use std::os::fd::OwnedFd;

/// A pipe on which the leader waits for the ear: it goes on when nobody holds the write end any more.
pub(super) type Wait = (OwnedFd, OwnedFd);

/// Starts the leader, in a process group of its own.
pub(super) fn leader(orders: &Orders<'_>, wait: Option<&Wait>) -> Result<Child, (Step, io::Error)> {
    let keeper = PidFd::own().map_err(|error| (Step::Fork, error))?;
    let child = born(orders, &keeper, wait).map_err(|error| (Step::Fork, error))?;
    // The child does this too; whoever comes first, the group is there before the first signal is passed on to it. It fails
    // once the child has executed the command, having made its group before.
    let _ = clone::make_group_leader(child.pid);
    Ok(child)
}

/// Makes the child, in the suite's cgroup where there is one. A kernel or container that cannot do that at birth
/// leaves it to the child itself.
fn born(orders: &Orders<'_>, keeper: &PidFd, wait: Option<&Wait>) -> io::Result<Child> {
    if let Some(leaf) = orders.leaf {
        let birth = Birth {
            cgroup: Some(leaf.directory()),
            ..Birth::default()
        };
        let tried = clone::child(birth, || {
            become_suite(orders, keeper, wait, Membership::ByBirth)
        });
        match &tried {
            Err(error) if error.raw_os_error().is_some_and(is_refusal_of_birth) => {}
            _ => return tried,
        }
    }
    clone::child(Birth::default(), || {
        become_suite(orders, keeper, wait, Membership::ToBeJoined)
    })
}

/// How the child comes to be in the suite's cgroup.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Membership {
    ByBirth,
    ToBeJoined,
}

/// ENOSYS: no clone3. EINVAL, E2BIG: no CLONE_INTO_CGROUP (before 5.7). EPERM: a filter that forbids clone3.
fn is_refusal_of_birth(errno: i32) -> bool {
    use nix::errno::Errno;
    matches!(
        Errno::from_raw(errno),
        Errno::ENOSYS | Errno::EINVAL | Errno::E2BIG | Errno::EPERM
    )
}

/// Runs in the child. Returns only when something failed, having said what.
fn become_suite(
    orders: &Orders<'_>,
    keeper: &PidFd,
    wait: Option<&Wait>,
    membership: Membership,
) -> i32 {
    match prepare(orders, keeper, wait, membership) {
        Err((step, error)) => News::SetupFailed(step, errno(&error)).send(&orders.line),
        Ok(command) => match command.exec() {
            Ok(never) => match never {},
            Err(error) => News::ExecFailed(errno(&error)).send(&orders.line),
        },
    }
    127
}

/// Everything between birth and exec, in the order that matters.
fn prepare(
    orders: &Orders<'_>,
    keeper: &PidFd,
    wait: Option<&Wait>,
    membership: Membership,
) -> Result<Command, (Step, io::Error)> {
    arm_death_signal(keeper)?;
    // Its own group, in the front's session: setsid would lose the terminal, and with it Ctrl-C and Ctrl-Z.
    clone::lead_own_group().map_err(|error| (Step::Group, error))?;
    if let Some((ear_is_ready, ready)) = wait {
        // Before the suite has the foreground: a Ctrl-C that the ear does not hear is one that the front never learns of.
        fds::close_copy(ready);
        fds::wait_for_end(ear_is_ready);
    }
    if let (true, Some(terminal)) = (orders.foreground, orders.terminal) {
        // A terminal that hung up meanwhile is no reason not to start; the hangup arrives as a signal.
        let _ = terminal.give_to(std::process::id() as i32);
    }
    if membership == Membership::ToBeJoined
        && let Some(leaf) = orders.leaf
    {
        leaf.join().map_err(|error| (Step::Join, error))?;
    }
    // When memory runs out, the kernel is to take the suite and never the developer's own daemon: in a machine of 512 MB
    // a bystander died first in 39 of 39 runs at 0 and in none of 39 at 1000. Raising it needs no privilege (proc(5)).
    match share::be_first_victim() {
        Err(error) if orders.protected => return Err((Step::OomScore, error)),
        _ => {}
    }
    if let Some(most) = orders.open_files {
        share::limit_open_files(most).map_err(|error| (Step::OpenFiles, error))?;
    }
    if let Some(processors) = orders.processors {
        share::keep_to_processors(processors).map_err(|error| (Step::Processors, error))?;
    }
    let mut command = orders.command.clone();
    if orders.listens {
        command.set("LISTEN_PID", &std::process::id().to_string());
    }
    // Who holds it, as it will see it itself: at level `namespace` by another number than the front knows.
    let keeper_pid = std::os::unix::process::parent_id() as i32;
    if let Some(keeper) = procfs::stat(keeper_pid) {
        command.set(
            gate::KEEPER,
            &format!("{}:{}", keeper.id.pid, keeper.id.start),
        );
    }
    if let Some(lifeline) = orders.lifeline {
        fds::let_through_exec(lifeline).map_err(|error| (Step::Fork, error))?;
    }
    for (stream, end) in &orders.outputs {
        fds::put_in_place(*end, stream.number()).map_err(|error| (Step::Fork, error))?;
    }
    fds::close_placeholders_at_exec();
    orders.inherited.restore();
    // Credential changes clear the signal; there was none, and asking twice costs nothing.
    arm_death_signal(keeper)?;
    // Before there is a fence, which may forbid what a debugger does.
    if let Some(audit) = &orders.audit {
        audit.enter().map_err(|error| (Step::Trace, error))?;
    }
    // Last, so that nothing of our own is asked about but the exec.
    if let Some(fence) = &orders.fence {
        fence.enter().map_err(|error| (Step::Fence, error))?;
    }
    Ok(command)
}

/// The signal is not retroactive, so after asking for it the child looks whether the keeper is already gone. Comparing
/// getppid() would be wrong here: it is 0 across a pid namespace, and a subreaper takes the parent's place at once.
fn arm_death_signal(keeper: &PidFd) -> Result<(), (Step, io::Error)> {
    prctl::set_parent_death_signal(signal::KILL).map_err(|error| (Step::DeathSignal, error))?;
    if keeper.has_ended() {
        return Err((Step::DeathSignal, io::ErrorKind::NotFound.into()));
    }
    Ok(())
}

/// The number of an error; EIO for the rare one that has none.
pub(super) fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(nix::Error::EIO as i32)
}
