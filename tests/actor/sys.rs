//! The system calls that the manners need, with all the actor's unsafe code. The actor never starts a thread, so a
//! forked child may go on running ordinary code.

#![allow(unsafe_code)]

use crate::life;
use std::ffi::{CString, OsStr, OsString};
use std::io::{self, Write};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::time::Duration;

/// Where the C library starts the program. Rust's own start would ignore SIGPIPE and open /dev/null in the place of
/// closed standard streams, and this program is there to show and to pass on exactly what it was started with.
// SAFETY: no other `main` exists, for the crate is `no_main`.
#[unsafe(no_mangle)]
pub(crate) extern "C" fn main(_: i32, _: *const *const libc::c_char) -> i32 {
    crate::act()
}

/// Which side of a fork this is.
pub(crate) enum Side {
    Child,
    Parent(i32),
}

/// How a child changed, as waitpid(2) says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Exited(i32),
    Killed(i32),
    Stopped(i32),
    Continued,
}

/// The answer of a call that gives -1 on failure.
fn checked(answer: i64) -> io::Result<i64> {
    if answer == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok(answer)
}

/// fork(2). The child arms its own end before it does anything else.
pub(crate) fn fork() -> io::Result<Side> {
    // SAFETY: there is one thread, so no lock can be held by a thread that the child does not have.
    let pid = checked(i64::from(unsafe { libc::fork() }))? as i32;
    if pid == 0 {
        life::arm();
        return Ok(Side::Child);
    }
    Ok(Side::Parent(pid))
}

/// Forks a child that does `deed` and then sleeps out its life.
pub(crate) fn child(deed: impl FnOnce()) -> io::Result<i32> {
    match fork()? {
        Side::Parent(pid) => Ok(pid),
        Side::Child => {
            deed();
            life::sleep_out();
        }
    }
}

/// execv(2); comes back only with an error. `environment` None keeps the present one.
pub(crate) fn exec(command: &[OsString], environment: Option<&[&str]>) -> io::Error {
    let words: Vec<CString> = command
        .iter()
        .map(|word| CString::new(word.as_bytes()).expect("no argument has a NUL"))
        .collect();
    let mut argv: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
    argv.push(std::ptr::null());
    match environment {
        None => {
            // SAFETY: argv is an array of C strings that ends in a null pointer and lives in `words`.
            unsafe { libc::execvp(argv[0], argv.as_ptr()) };
        }
        Some(lines) => {
            let lines: Vec<CString> = lines
                .iter()
                .map(|line| CString::new(*line).expect("no variable has a NUL"))
                .collect();
            let mut envp: Vec<*const libc::c_char> =
                lines.iter().map(|line| line.as_ptr()).collect();
            envp.push(std::ptr::null());
            // SAFETY: both arrays are C strings that end in a null pointer and live in `words` and `lines`.
            unsafe { libc::execve(argv[0], argv.as_ptr(), envp.as_ptr()) };
        }
    }
    io::Error::last_os_error()
}

/// waitpid(2) with `pid` and `options`; None when WNOHANG found nothing.
pub(crate) fn wait(pid: i32, options: i32) -> io::Result<Option<(i32, Change)>> {
    let mut status = 0;
    loop {
        // SAFETY: `status` is an int that lives for the whole call.
        let answer = checked(i64::from(unsafe {
            libc::waitpid(pid, &raw mut status, options)
        }));
        match answer {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
            Ok(0) => return Ok(None),
            Ok(who) => {
                let change = if libc::WIFEXITED(status) {
                    Change::Exited(libc::WEXITSTATUS(status))
                } else if libc::WIFSIGNALED(status) {
                    Change::Killed(libc::WTERMSIG(status))
                } else if libc::WIFSTOPPED(status) {
                    Change::Stopped(libc::WSTOPSIG(status))
                } else {
                    Change::Continued
                };
                return Ok(Some((who as i32, change)));
            }
        }
    }
}

/// _exit(2).
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: always safe; it does not return.
    unsafe { libc::_exit(code) }
}

/// setsid(2).
pub(crate) fn new_session() -> io::Result<()> {
    // SAFETY: takes and gives plain integers.
    checked(i64::from(unsafe { libc::setsid() })).map(drop)
}

/// setpgid(2).
pub(crate) fn set_group(pid: i32, group: i32) -> io::Result<()> {
    // SAFETY: takes and gives plain integers.
    checked(i64::from(unsafe { libc::setpgid(pid, group) })).map(drop)
}

/// Makes `group` the foreground of the terminal at `fd`, also from the background (which needs TTOU out of the way).
pub(crate) fn set_foreground(fd: RawFd, group: i32) -> io::Result<()> {
    let before = disposition(libc::SIGTTOU, libc::SIG_IGN);
    // SAFETY: takes and gives plain integers.
    let done = checked(i64::from(unsafe { libc::tcsetpgrp(fd, group) })).map(drop);
    disposition(libc::SIGTTOU, before);
    done
}

/// Makes the terminal at `fd` the controlling one of this session, which this process leads (ioctl_tty(2)).
pub(crate) fn take_terminal(fd: RawFd) -> io::Result<()> {
    // SAFETY: TIOCSCTTY takes an int by value.
    checked(i64::from(unsafe { libc::ioctl(fd, libc::TIOCSCTTY, 0) })).map(drop)
}

/// What the kernel itself takes for a disposition, rt_sigaction(2): the C library keeps two signals from its callers, and
/// has them ignored in what it spawns.
#[repr(C)]
#[derive(Clone, Copy)]
struct Disposition {
    handler: libc::sighandler_t,
    flags: usize,
    restorer: usize,
    mask: u64,
}

/// Ignores a signal or sets it to its default; gives what it was before. One that cannot be caught stays as it is.
pub(crate) fn disposition(signal: i32, how: libc::sighandler_t) -> libc::sighandler_t {
    let new = Disposition {
        handler: how,
        flags: 0,
        restorer: 0,
        mask: 0,
    };
    let mut old = new;
    // SAFETY: both structures are as the kernel wants them and live for the whole call; `how` is SIG_IGN, SIG_DFL, or
    // what this call gave before, which is one of these, for the actor has no handlers.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            signal,
            &raw const new,
            &raw mut old,
            8usize,
        )
    };
    old.handler
}

/// Undoes what the C library's posix_spawn(3), by which the tests start programs, leaves behind: its own two signals
/// ignored.
pub(crate) fn undo_spawn() {
    for signal in [32, 33] {
        disposition(signal, libc::SIG_DFL);
    }
}

/// Blocks (`libc::SIG_BLOCK`) or unblocks every signal, those that libc keeps for itself included.
pub(crate) fn mask_all(how: i32) {
    let all = u64::MAX;
    // SAFETY: the set is eight bytes long, as said, and lives for the whole call; no old set is asked for.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            how,
            &raw const all,
            0usize,
            8usize,
        )
    };
}

/// Blocks one signal.
pub(crate) fn block(signal: i32) {
    let set = 1u64 << (signal - 1);
    // SAFETY: the set is eight bytes long, as said, and lives for the whole call; no old set is asked for.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigprocmask,
            libc::SIG_BLOCK,
            &raw const set,
            0usize,
            8usize,
        )
    };
}

/// Waits for one of `signals`, which are blocked.
pub(crate) fn wait_for_signal(signals: &[i32]) -> i32 {
    let set = signals.iter().fold(0u64, |set, s| set | 1 << (s - 1));
    loop {
        // SAFETY: the set is eight bytes long, as said; no details and no timeout are asked for.
        let got = unsafe {
            libc::syscall(
                libc::SYS_rt_sigtimedwait,
                &raw const set,
                0usize,
                0usize,
                8usize,
            )
        };
        if got > 0 {
            return got as i32;
        }
    }
}

/// kill(2), by the system call, for libc guards some numbers.
pub(crate) fn send(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: takes and gives plain integers.
    checked(unsafe { libc::syscall(libc::SYS_kill, pid, signal) }).map(drop)
}

/// This process.
pub(crate) fn me() -> i32 {
    std::process::id() as i32
}

/// prctl(2) with one argument.
pub(crate) fn prctl(option: i32, argument: u64) -> io::Result<()> {
    // SAFETY: only options that take integers are used: PR_SET_DUMPABLE, PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER.
    checked(i64::from(unsafe { libc::prctl(option, argument, 0, 0, 0) })).map(drop)
}

/// Sets both values of a resource limit.
pub(crate) fn limit(resource: u32, value: u64) -> io::Result<()> {
    let both = libc::rlimit {
        rlim_cur: value,
        rlim_max: value,
    };
    // SAFETY: `both` is read only, and lives for the whole call.
    checked(i64::from(unsafe {
        libc::setrlimit(resource, &raw const both)
    }))
    .map(drop)
}

/// unshare(2).
pub(crate) fn unshare(flags: i32) -> io::Result<()> {
    // SAFETY: takes and gives plain integers; none of the flags used splits the file table under an owner.
    checked(i64::from(unsafe { libc::unshare(flags) })).map(drop)
}

/// mount(2) without data.
pub(crate) fn mount(kind: Option<&str>, target: &str, flags: u64) -> io::Result<()> {
    let target = CString::new(target).expect("no NUL");
    let kind = kind.map(|kind| CString::new(kind).expect("no NUL"));
    let kind = kind.as_ref().map_or(std::ptr::null(), |kind| kind.as_ptr());
    // SAFETY: the strings live for the whole call; source and data may be null for these kinds of mount.
    checked(i64::from(unsafe {
        libc::mount(kind, target.as_ptr(), kind, flags, std::ptr::null())
    }))
    .map(drop)
}

/// Becomes `uid` and `gid` for good, without any supplementary group.
pub(crate) fn become_user(uid: u32, gid: u32) -> io::Result<()> {
    // SAFETY: a list of no groups needs no pointer.
    checked(i64::from(unsafe { libc::setgroups(0, std::ptr::null()) }))?;
    // SAFETY: takes and gives plain integers.
    checked(i64::from(unsafe { libc::setresgid(gid, gid, gid) }))?;
    // SAFETY: takes and gives plain integers.
    checked(i64::from(unsafe { libc::setresuid(uid, uid, uid) })).map(drop)
}

/// The effective user id.
pub(crate) fn effective_user() -> u32 {
    // SAFETY: always succeeds.
    unsafe { libc::geteuid() }
}

/// The real group id.
pub(crate) fn group() -> u32 {
    // SAFETY: always succeeds.
    unsafe { libc::getgid() }
}

/// A pipe whose ends are inherited over exec or not.
pub(crate) fn pipe(flags: i32) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut ends = [0; 2];
    // SAFETY: the array has room for the two numbers.
    checked(i64::from(unsafe { libc::pipe2(ends.as_mut_ptr(), flags) }))?;
    // SAFETY: pipe2 has just made this descriptor, and nobody else owns it.
    let read = unsafe { OwnedFd::from_raw_fd(ends[0]) };
    // SAFETY: as above, the other end.
    let write = unsafe { OwnedFd::from_raw_fd(ends[1]) };
    Ok((read, write))
}

/// Reads once into `buffer` from a descriptor known by its number.
pub(crate) fn read(fd: RawFd, buffer: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the buffer has the length that is given.
    checked(unsafe { libc::read(fd, buffer.as_mut_ptr().cast(), buffer.len()) } as i64)
        .map(|n| n as usize)
}

/// Writes once to a descriptor known by its number.
pub(crate) fn write(fd: RawFd, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the buffer has the length that is given.
    checked(unsafe { libc::write(fd, bytes.as_ptr().cast(), bytes.len()) } as i64)
        .map(|n| n as usize)
}

/// dup2(2).
pub(crate) fn put(fd: RawFd, at: RawFd) -> io::Result<()> {
    // SAFETY: takes and gives plain integers; `at` is a standard stream, which no owner closes.
    checked(i64::from(unsafe { libc::dup2(fd, at) })).map(drop)
}

/// close(2) of a standard stream.
pub(crate) fn close(fd: RawFd) {
    // SAFETY: only used for descriptors 0, 1 and 2, right before an exec.
    unsafe { libc::close(fd) };
}

/// Closes every descriptor from `first` on (close_range(2)), in a process that will only sleep from then on.
pub(crate) fn close_from(first: u32) {
    // SAFETY: no owner of a descriptor runs in this process any more, it sleeps until it ends.
    unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
}

/// Whether the descriptor at `fd` becomes readable, or its other end closed, within `time`.
pub(crate) fn readable(fd: RawFd, time: Duration) -> bool {
    let mut one = libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    // SAFETY: one entry is given and lives for the whole call.
    unsafe { libc::poll(&raw mut one, 1, time.as_millis() as i32) > 0 }
}

/// A descriptor that becomes readable when a SIGCHLD is pending (signalfd(2)); blocks that signal.
pub(crate) fn child_signals() -> io::Result<OwnedFd> {
    block(libc::SIGCHLD);
    let set = 1u64 << (libc::SIGCHLD - 1);
    // SAFETY: the set is eight bytes long, as said, and lives for the whole call.
    let fd = checked(unsafe {
        libc::syscall(
            libc::SYS_signalfd4,
            -1,
            &raw const set,
            8usize,
            libc::SFD_CLOEXEC | libc::SFD_NONBLOCK,
        )
    })?;
    // SAFETY: signalfd4 has just made this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// The monotonic clock, in nanoseconds.
pub(crate) fn now() -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` lives for the whole call.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

/// Sleeps for `time`, or until a signal is handled.
pub(crate) fn nap(time: Duration) {
    let time = libc::timespec {
        tv_sec: time.as_secs() as libc::time_t,
        tv_nsec: time.subsec_nanos().into(),
    };
    // SAFETY: `time` lives for the whole call; the rest is not asked for.
    unsafe { libc::nanosleep(&raw const time, std::ptr::null_mut()) };
}

/// alarm(2).
pub(crate) fn alarm(seconds: u32) {
    // SAFETY: takes and gives plain integers.
    unsafe { libc::alarm(seconds) };
}

/// Has the kernel send SIGKILL to this process at `until` on the monotonic clock (timer_create(2)).
pub(crate) fn kill_me_at(until: u64) -> io::Result<()> {
    // SAFETY: all zeroes is a valid sigevent; the fields that matter are set below.
    let mut event: libc::sigevent = unsafe { std::mem::zeroed() };
    event.sigev_notify = libc::SIGEV_SIGNAL;
    event.sigev_signo = libc::SIGKILL;
    let mut timer: libc::timer_t = std::ptr::null_mut();
    // SAFETY: both structures live for the whole call.
    checked(i64::from(unsafe {
        libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer)
    }))?;
    let when = libc::itimerspec {
        it_interval: libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        },
        it_value: libc::timespec {
            tv_sec: (until / 1_000_000_000) as libc::time_t,
            tv_nsec: (until % 1_000_000_000) as i64,
        },
    };
    // SAFETY: `timer` has just been made; `when` lives for the whole call; no old value is asked for.
    checked(i64::from(unsafe {
        libc::timer_settime(
            timer,
            libc::TIMER_ABSTIME,
            &raw const when,
            std::ptr::null_mut(),
        )
    }))
    .map(drop)
}

/// The session and the foreground group of the terminal at `fd`, or None without one.
pub(crate) fn foreground(fd: RawFd) -> Option<i32> {
    // SAFETY: takes and gives plain integers.
    checked(i64::from(unsafe { libc::tcgetpgrp(fd) }))
        .ok()
        .map(|group| group as i32)
}

/// The path of this very program.
pub(crate) fn own_path() -> OsString {
    std::env::current_exe()
        .map(|path| path.into_os_string())
        .unwrap_or_else(|_| OsStr::new("/proc/self/exe").to_owned())
}

/// Says `line` on stderr; nobody minds when that is closed.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Waits until one of two descriptors has news, for `time` at the most.
pub(crate) fn either_readable(one: RawFd, other: RawFd, time: Duration) {
    let wait = |fd| libc::pollfd {
        fd,
        events: libc::POLLIN,
        revents: 0,
    };
    let mut both = [wait(one), wait(other)];
    let time = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: two entries are given and live for the whole call.
    unsafe { libc::poll(both.as_mut_ptr(), 2, time) };
}

/// Ends the calling thread, and no other.
pub(crate) fn end_this_thread() -> ! {
    loop {
        // SAFETY: exit(2) takes a number and ends this thread only; it holds nothing that the others need.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    }
}

/// A TCP socket that is bound and does not listen.
pub(crate) fn bound_socket() -> io::Result<OwnedFd> {
    // SAFETY: takes and gives plain integers.
    let fd = checked(i64::from(unsafe {
        libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0)
    }))?;
    // SAFETY: socket has just made this descriptor, and nobody else owns it.
    let socket = unsafe { OwnedFd::from_raw_fd(fd as RawFd) };
    let address = libc::sockaddr_in {
        sin_family: libc::AF_INET as libc::sa_family_t,
        sin_port: 0,
        sin_addr: libc::in_addr {
            s_addr: u32::from_ne_bytes([127, 0, 0, 1]),
        },
        sin_zero: [0; 8],
    };
    let size = size_of::<libc::sockaddr_in>() as libc::socklen_t;
    // SAFETY: the address has the size that is given and lives for the whole call.
    checked(i64::from(unsafe {
        libc::bind(fd as RawFd, (&raw const address).cast(), size)
    }))?;
    Ok(socket)
}

/// listen(2).
pub(crate) fn listen(socket: &OwnedFd) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    listen_on(socket.as_raw_fd())
}

/// listen(2) on a descriptor known by its number.
pub(crate) fn listen_on(fd: RawFd) -> io::Result<()> {
    // SAFETY: takes and gives plain integers.
    checked(i64::from(unsafe { libc::listen(fd, 5) })).map(drop)
}

/// dup2(2) to a number that nobody uses, inherited over exec.
pub(crate) fn put_anywhere(fd: RawFd, at: RawFd) -> io::Result<()> {
    // SAFETY: takes and gives plain integers; the actor has opened nothing at that number.
    checked(i64::from(unsafe { libc::dup2(fd, at) })).map(drop)
}

/// io_uring_setup(2), and nothing more: the ring is closed at the end of the process.
pub(crate) fn make_ring() -> io::Result<()> {
    let mut parameters = [0u8; 120];
    // SAFETY: io_uring_params is 120 bytes, and lives for the whole call.
    checked(unsafe { libc::syscall(libc::SYS_io_uring_setup, 8, parameters.as_mut_ptr()) })
        .map(drop)
}

/// A pseudoterminal whose other end can be opened; only this end is.
pub(crate) fn unlocked_terminal() -> io::Result<OwnedFd> {
    use std::os::fd::AsRawFd;
    let master = locked_terminal()?;
    // SAFETY: unlockpt takes the descriptor of a master.
    checked(i64::from(unsafe { libc::unlockpt(master.as_raw_fd()) }))?;
    Ok(master)
}

fn locked_terminal() -> io::Result<OwnedFd> {
    // SAFETY: takes and gives plain integers.
    let fd = checked(i64::from(unsafe {
        libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY)
    }))?;
    // SAFETY: posix_openpt has just made this descriptor, and nobody else owns it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as RawFd) })
}

/// Opens the other end of a pseudoterminal that was never unlocked, past its path (TIOCGPTPEER, ioctl_tty(2)).
pub(crate) fn peer_of_locked_terminal() -> io::Result<()> {
    use std::os::fd::AsRawFd;
    let master = locked_terminal()?;
    // SAFETY: TIOCGPTPEER takes open flags by value.
    checked(i64::from(unsafe {
        libc::ioctl(
            master.as_raw_fd(),
            libc::TIOCGPTPEER,
            libc::O_RDWR | libc::O_NOCTTY,
        )
    }))
    .map(drop)
}

/// daemon(3): forks, leaves, and leads a session; keeps the directory and the streams.
pub(crate) fn daemon() -> io::Result<()> {
    // SAFETY: there is one thread, so the child has everything that it needs.
    checked(i64::from(unsafe { libc::daemon(1, 1) }))?;
    life::arm();
    Ok(())
}

/// The words of a command as C has them; the pointers are into the strings.
fn c_words(command: &[OsString]) -> (Vec<CString>, Vec<*mut libc::c_char>) {
    let words: Vec<CString> = command
        .iter()
        .map(|word| CString::new(word.as_bytes()).expect("no argument has a NUL"))
        .collect();
    let mut pointers: Vec<*mut libc::c_char> =
        words.iter().map(|word| word.as_ptr().cast_mut()).collect();
    pointers.push(std::ptr::null_mut());
    (words, pointers)
}

unsafe extern "C" {
    /// The environment (environ(7)).
    static environ: *const *mut libc::c_char;
}

/// posix_spawn(3).
pub(crate) fn spawn(command: &[OsString]) -> io::Result<i32> {
    let (words, pointers) = c_words(command);
    let mut pid = 0;
    // SAFETY: nothing in this program changes the environment.
    let environment = unsafe { environ };
    // SAFETY: the arrays end in null pointers, their strings live in `words` and in the C library.
    let error = unsafe {
        libc::posix_spawn(
            &raw mut pid,
            words[0].as_ptr(),
            std::ptr::null(),
            std::ptr::null(),
            pointers.as_ptr(),
            environment,
        )
    };
    match error {
        0 => Ok(pid),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

/// clone3(2) without the C library, and then `exec`.
pub(crate) fn clone3(exec: impl FnOnce() -> io::Error) -> io::Result<i32> {
    // SAFETY: clone_args is plain old data for which all zeroes is a valid value.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.exit_signal = libc::SIGCHLD as u64;
    let size = size_of::<libc::clone_args>();
    // SAFETY: without CLONE_VM the child has a copy of everything, as after fork(2), and there is one thread.
    let pid = checked(unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size) })?;
    if pid == 0 {
        life::arm_over_exec();
        let error = exec();
        complain(&format!("exec: {error}"));
        exit_now(90);
    }
    Ok(pid as i32)
}

/// execveat(2) of a path; comes back only with an error.
pub(crate) fn exec_at(command: &[OsString]) -> io::Error {
    let (words, pointers) = c_words(command);
    // SAFETY: nothing in this program changes the environment.
    let environment = unsafe { environ };
    // SAFETY: the arrays end in null pointers, their strings live in `words` and in the C library.
    unsafe {
        libc::syscall(
            libc::SYS_execveat,
            libc::AT_FDCWD,
            words[0].as_ptr(),
            pointers.as_ptr(),
            environment,
            0,
        )
    };
    io::Error::last_os_error()
}

/// Copies the program into memory and executes it there (memfd_create(2), fexecve(3)).
pub(crate) fn exec_copy(program: &std::fs::File, command: &[OsString]) -> io::Result<io::Error> {
    use std::os::fd::AsRawFd;
    // SAFETY: the name lives for the whole call.
    let fd = checked(i64::from(unsafe {
        libc::memfd_create(c"copy".as_ptr(), libc::MFD_CLOEXEC)
    }))?;
    // SAFETY: memfd_create has just made this descriptor, and nobody else owns it.
    let mut copy = std::fs::File::from(unsafe { OwnedFd::from_raw_fd(fd as RawFd) });
    io::copy(&mut &*program, &mut copy)?;
    let (_words, pointers) = c_words(command);
    // SAFETY: nothing in this program changes the environment.
    let environment = unsafe { environ };
    // SAFETY: the arrays end in null pointers, their strings live in `_words` and in the C library.
    unsafe {
        libc::fexecve(
            copy.as_raw_fd(),
            pointers.as_ptr().cast(),
            environment.cast(),
        )
    };
    Ok(io::Error::last_os_error())
}
