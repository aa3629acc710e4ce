//! The command line that others see: /proc/PID/cmdline.
//!
//! The front's own arguments contain the suite's command, so `pkill -f vitest` would hit it. The memory in which the
//! kernel laid the arguments is therefore written over, as setproctitle(3) does elsewhere.

use std::ffi::{c_char, c_int};
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

static START: AtomicPtr<c_char> = AtomicPtr::new(std::ptr::null_mut());
static LENGTH: AtomicUsize = AtomicUsize::new(0);

// SAFETY: glibc passes argc, argv and envp to every entry of .init_array, before main, on the only thread there is.
// Other C libraries pass nothing there, so the title stays as it is with them.
#[cfg(target_env = "gnu")]
#[used]
#[unsafe(link_section = ".init_array")]
static NOTE: extern "C" fn(c_int, *const *mut c_char) = note;

#[cfg(target_env = "gnu")]
extern "C" fn note(argc: c_int, argv: *const *mut c_char) {
    if argc < 1 || argv.is_null() {
        return;
    }
    // SAFETY: argv has argc valid entries (the C start-up contract), so index 0 is in bounds.
    let first = unsafe { *argv };
    // SAFETY: as above, argc - 1 is in bounds.
    let at_last = unsafe { argv.add(argc as usize - 1) };
    // SAFETY: it points at a valid entry.
    let last = unsafe { *at_last };
    if first.is_null() || last.is_null() {
        return;
    }
    // SAFETY: every entry is a NUL-terminated string.
    let last_length = unsafe { libc::strlen(last) } + 1;
    let length = (last as usize)
        .wrapping_sub(first as usize)
        .wrapping_add(last_length);
    // The kernel lays the strings end to end (execve(2)); anything else is left alone.
    if (last as usize) >= (first as usize) && length < (1 << 22) {
        START.store(first, Ordering::Relaxed);
        LENGTH.store(length, Ordering::Relaxed);
    }
}

/// Writes `title` over this process's command line, cut to the room there is.
/// `std::env::args` must not be used afterwards: it would read the title.
pub fn set(title: &str) {
    let (start, length) = (
        START.load(Ordering::Relaxed),
        LENGTH.load(Ordering::Relaxed),
    );
    if start.is_null() || length < 2 {
        return;
    }
    let used = title.len().min(length - 1);
    // SAFETY: [start, start + length) is the argument memory noted before main; it is writable, lives as long as the
    // process, and no reference into it exists, because std hands out copies of the arguments only.
    unsafe { std::ptr::copy_nonoverlapping(title.as_ptr().cast(), start, used) };
    // SAFETY: used < length, so this points into the same memory.
    let rest = unsafe { start.add(used) };
    // SAFETY: from there to the end are length - used bytes.
    unsafe { std::ptr::write_bytes(rest, 0, length - used) };
}
