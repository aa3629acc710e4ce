//! The suite that leaves many processes: each in a session of its own, asleep, and deaf to everything but SIGKILL and its
//! own alarm.

use crate::sys::{self, Side};
use clap::Args;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, pthread_sigmask};
use nix::unistd::{alarm, pause, pipe, setsid};
use std::fs;
use std::io::{self, Read, Write};
use std::path::PathBuf;

/// How long each lives at most, in seconds: whatever goes wrong with a measurement, they go by themselves.
const LIFE: u32 = 180;

/// How many, and how.
#[derive(Args)]
pub(crate) struct Words {
    number: usize,
    /// Go first into this cgroup
    #[arg(long)]
    cgroup: Option<PathBuf>,
    /// End with 0 when all sleep, instead of sleeping too
    #[arg(long)]
    leave: bool,
}

/// Starts them, says `ready` when all of them sleep, and then sleeps or leaves.
pub(crate) fn sleep(words: &Words) -> io::Result<()> {
    if let Some(cgroup) = &words.cgroup {
        fs::write(cgroup.join("cgroup.procs"), "0")?;
    }
    alarm::set(LIFE);
    if !words.leave {
        let mut deaf = SigSet::empty();
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP] {
            deaf.add(signal);
        }
        pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&deaf), None)?;
    }
    let (mut all_asleep, asleep) = pipe().map(|(read, write)| (fs::File::from(read), write))?;
    for _ in 0..words.number {
        match sys::fork()? {
            Side::Parent => {}
            Side::Child => {
                // An alarm is not inherited (alarm(2)).
                alarm::set(LIFE);
                let _ = setsid();
                drop(asleep);
                loop {
                    pause();
                }
            }
        }
    }
    // The end of the pipe comes when the last child has let go of it.
    drop(asleep);
    all_asleep.read_to_end(&mut Vec::new())?;
    writeln!(io::stdout(), "ready")?;
    if words.leave {
        return Ok(());
    }
    loop {
        pause();
    }
}
