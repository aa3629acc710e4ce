//! The clock that nobody sets: time since boot, suspended time included (CLOCK_BOOTTIME, clock_gettime(2)).
//!
//! Two processes of one boot read the same clock, also in different containers, unless one is in a time namespace.

use std::time::Duration;

/// Time since boot.
pub fn since_boot() -> Duration {
    let mut now = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `now` is valid for writing for the whole call. The clock exists since Linux 2.6.39, so it cannot fail.
    unsafe { libc::clock_gettime(libc::CLOCK_BOOTTIME, &mut now) };
    Duration::new(now.tv_sec as u64, now.tv_nsec as u32)
}
