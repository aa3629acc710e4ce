//! Ceilings that no controller holds, watched: the whole suite is looked at again and again, and ended when it is seen beyond.
//!
//! A watch sees what is there when it looks. Between two looks a suite can go beyond and come back, or take the machine down;
//! that is why the kernel's own ceilings come first, and why a run says which of both it has.
//!
//! Whoever looks anyway can note what is seen: now and then a look becomes a sample in the run's record. Where there is no
//! watch nobody looks, and there are no samples.

use super::effort;
use super::hold::Hold;
use crate::outcome::{Peak, Proof, Reached, Resource};
use crate::policy::Ceilings;
use crate::registry::Event;
use crate::sys::procfs::{self, Stat};
use std::time::{Duration, Instant};

/// How often one looks.
const PERIOD: Duration = Duration::from_millis(200);
/// A look may take this part of all the time: with very many processes one looks less often.
const SHARE: u32 = 20;
/// How much time is between two samples at the least.
const BETWEEN_SAMPLES: Duration = Duration::from_secs(1);
/// The same as a part of all the time so far. A day has some 800 samples then, and the record of it a few pages.
const SAMPLE_SHARE: u32 = 100;

/// The watch over one run.
pub(super) struct Watch {
    memory: Option<u64>,
    processes: Option<u64>,
    next: Duration,
    next_sample: Duration,
    sample: Option<Event>,
    /// The most that was seen.
    pub(super) peak: Peak,
}

impl Watch {
    /// A watch over these ceilings; none if there is nothing to watch.
    pub(super) fn over(ceilings: Ceilings) -> Option<Watch> {
        let memory = ceilings.memory.map(|memory| memory.as_u64());
        let processes = ceilings.processes;
        (memory.is_some() || processes.is_some()).then_some(Watch {
            memory,
            processes,
            next: PERIOD,
            next_sample: BETWEEN_SAMPLES,
            sample: None,
            peak: Peak::default(),
        })
    }

    /// When to look next, on the run's clock.
    pub(super) fn next(&self) -> Duration {
        self.next
    }

    /// Looks, if it is time to; answers with the ceiling that the suite is seen beyond.
    pub(super) fn look(&mut self, hold: &Hold<'_>, now: Duration) -> Option<Reached> {
        if now < self.next {
            return None;
        }
        let before = Instant::now();
        let members = hold.members();
        let reached = self.look_at(&members);
        if now >= self.next_sample {
            self.sample = Some(sample(&members, effort::of(hold, &members)));
            self.next_sample = now + BETWEEN_SAMPLES.max(now / SAMPLE_SHARE);
        }
        self.next = now + PERIOD.max(before.elapsed() * SHARE);
        reached
    }

    /// What the last look is to have noted, if it is a sample; once.
    pub(super) fn take_sample(&mut self) -> Option<Event> {
        self.sample.take()
    }

    fn look_at(&mut self, members: &[Stat]) -> Option<Reached> {
        let threads = members.iter().map(|stat| stat.threads.max(1) as u64).sum();
        self.peak.processes = self.peak.processes.max(Some(threads));
        if let Some(ceiling) = self.processes.filter(|ceiling| threads > *ceiling) {
            return Some(Reached {
                resource: Resource::Processes,
                ceiling,
                proof: Proof::Seen(threads),
            });
        }
        let ceiling = self.memory?;
        let page = procfs::page_size();
        // Pages that several share are counted for each of them here; only a sum that is beyond is worth the exact look.
        let resident: u64 = members.iter().map(|stat| stat.resident * page).sum();
        let used = match resident > ceiling {
            true => members.iter().map(|stat| own_memory(stat, page)).sum(),
            false => resident,
        };
        self.peak.memory = self.peak.memory.max(Some(used));
        (used > ceiling).then_some(Reached {
            resource: Resource::Memory,
            ceiling,
            proof: Proof::Seen(used),
        })
    }
}

/// What these use. Pages that several share are counted for each of them, as in `guardrun ps`.
fn sample(members: &[Stat], ticks: u64) -> Event {
    let page = procfs::page_size();
    Event::Sample {
        processes: members.len() as u64,
        memory_bytes: members.iter().map(|stat| stat.resident * page).sum(),
        cpu_seconds: ticks as f64 / procfs::ticks_per_second() as f64,
    }
}

/// Its memory with its share of what it shares, where that may be looked at; else all of it.
fn own_memory(stat: &Stat, page: u64) -> u64 {
    procfs::proportional(stat.id.pid).unwrap_or(stat.resident * page)
}
