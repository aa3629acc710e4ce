//! Starting the suite's leader: the steps of the child between its birth and its exec.

use super::Orders;
use crate::outcome::Step;
use crate::sys::clone::{self, Birth, Child};
use crate::sys::identity::PidFd;
use crate::sys::{fds, prctl, signal};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

/// Why the leader did not come to run the command.
pub(super) enum Failure {
    /// A step of ours failed.
    Setup(Step, i32),
    /// exec(3) failed with this errno.
    Exec(i32),
}

/// Starts the leader; when this returns Ok, the command has been executed.
pub(super) fn leader(orders: &Orders<'_>) -> Result<Child, Failure> {
    let setup = |error: io::Error| Failure::Setup(Step::Fork, errno(&error));
    let keeper = PidFd::own().map_err(setup)?;
    let (told, tell) = fds::pipe().map_err(setup)?;
    let child = born(orders, &keeper, tell).map_err(setup)?;
    let mut report = [0; 5];
    // The pipe closes at exec, so an end of file without a report means that the command runs.
    match File::from(told).read_exact(&mut report) {
        Err(_) => Ok(child),
        Ok(()) => {
            let [step, errno @ ..] = report;
            let errno = i32::from_ne_bytes(errno);
            match Step::from_number(step) {
                Some(step) => Err(Failure::Setup(step, errno)),
                None => Err(Failure::Exec(errno)),
            }
        }
    }
}

/// Makes the child, in the suite's cgroup where there is one. A kernel or container that cannot do that at birth
/// leaves it to the child itself.
fn born(orders: &Orders<'_>, keeper: &PidFd, tell: OwnedFd) -> io::Result<Child> {
    let tell = File::from(tell);
    if let Some(leaf) = orders.leaf {
        let birth = Birth {
            cgroup: Some(leaf.directory()),
            ..Birth::default()
        };
        let tried = clone::child(birth, || {
            become_suite(orders, keeper, &tell, Membership::ByBirth)
        });
        match &tried {
            Err(error) if error.raw_os_error().is_some_and(is_refusal_of_birth) => {}
            _ => return tried,
        }
    }
    clone::child(Birth::default(), || {
        become_suite(orders, keeper, &tell, Membership::ToBeJoined)
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
    const REFUSALS: [i32; 4] = [
        nix::Error::ENOSYS as i32,
        nix::Error::EINVAL as i32,
        nix::Error::E2BIG as i32,
        nix::Error::EPERM as i32,
    ];
    REFUSALS.contains(&errno)
}

/// Runs in the child. Returns only when something failed, having said what.
fn become_suite(
    orders: &Orders<'_>,
    keeper: &PidFd,
    mut tell: &File,
    membership: Membership,
) -> i32 {
    let (step, error) = match prepare(orders, keeper, membership) {
        Err((step, error)) => (step as u8, error),
        Ok(command) => match command.exec() {
            Ok(never) => match never {},
            Err(error) => (Step::NONE, error),
        },
    };
    let [a, b, c, d] = errno(&error).to_ne_bytes();
    let _ = tell.write_all(&[step, a, b, c, d]);
    127
}

/// Everything between birth and exec, in the order that matters.
fn prepare(
    orders: &Orders<'_>,
    keeper: &PidFd,
    membership: Membership,
) -> Result<crate::sys::child::Command, (Step, io::Error)> {
    arm_death_signal(keeper)?;
    // Its own group, in the front's session: setsid would lose the terminal, and with it Ctrl-C and Ctrl-Z.
    clone::lead_own_group().map_err(|error| (Step::Group, error))?;
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
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let mut command = orders.command.clone();
    if orders.listens {
        command.set("LISTEN_PID", &std::process::id().to_string());
    }
    if let Some(lifeline) = orders.lifeline {
        fds::let_through_exec(lifeline).map_err(|error| (Step::Fork, error))?;
    }
    fds::close_placeholders_at_exec();
    orders.inherited.restore();
    // Credential changes clear the signal; there was none, and asking twice costs nothing.
    arm_death_signal(keeper)?;
    Ok(command)
}

/// The signal is not retroactive, so after asking for it the child looks whether the keeper is already gone. Comparing
/// getppid() would be wrong here: it is 0 across a pid namespace, and a subreaper takes the parent's place at once.
fn arm_death_signal(keeper: &PidFd) -> Result<(), (Step, io::Error)> {
    prctl::set_parent_death_signal(signal::KILL).map_err(|error| (Step::DeathSignal, error))?;
    if keeper.has_ended() {
        return Err((
            Step::DeathSignal,
            io::Error::from_raw_os_error(nix::Error::ESRCH as i32),
        ));
    }
    Ok(())
}

/// The number of an error; EIO for the rare one that has none.
pub(super) fn errno(error: &io::Error) -> i32 {
    error.raw_os_error().unwrap_or(nix::Error::EIO as i32)
}
