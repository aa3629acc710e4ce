//! Having the kernel ask before a few system calls are made: seccomp(2) with user notification (seccomp_unotify(2)).
//!
//! A process installs a filter for itself and for everything that it starts; nobody below can take it off. The filter
//! stops at the calls that it is to ask about, and lets everything else pass in the kernel, where Linux 5.11 and
//! later do not even run it. Whoever holds the listener reads each question and answers it. When the last listener is
//! gone, the calls answer ENOSYS: a dead listener is a closed door, never an open one.

use super::{check, check_long};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

/// A system call that can be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// execve(2).
    Exec,
    /// execveat(2).
    ExecAt,
    /// setsid(2).
    Session,
    /// listen(2).
    Listen,
    /// The ioctl that unlocks the other end of a pseudoterminal (TIOCSPTLCK, ioctl_tty(2)), without which it cannot be opened.
    UnlockTerminal,
    /// io_uring_setup(2). A ring can listen since Linux 6.11 (IORING_OP_LISTEN), past any filter on listen(2).
    Ring,
}

/// The calls of one way to enter the kernel, by their numbers there.
struct Entry {
    /// As the audit interface names it (linux/audit.h).
    architecture: u32,
    /// Bytes in a pointer.
    pointer: usize,
    exec: u32,
    exec_at: u32,
    session: u32,
    listen: u32,
    ioctl: u32,
    ring: u32,
    /// socketcall(2), where sockets can be reached through one call as well.
    socketcall: Option<u32>,
}

#[cfg(target_arch = "x86_64")]
const NATIVE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const NATIVE: u32 = 0xc000_00b7;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
compile_error!("the fence knows the system calls of x86_64 and aarch64");

/// The machine's own calls, and those that 32-bit programs make on it. Every other way in is refused whole.
#[cfg(target_arch = "x86_64")]
const ENTRIES: [Entry; 2] = [
    native(),
    Entry {
        architecture: 0x4000_0003,
        pointer: 4,
        exec: 11,
        exec_at: 358,
        session: 66,
        listen: 363,
        ioctl: 54,
        ring: 425,
        socketcall: Some(102),
    },
];
#[cfg(target_arch = "aarch64")]
const ENTRIES: [Entry; 2] = [
    native(),
    Entry {
        architecture: 0x4000_0028,
        pointer: 4,
        exec: 11,
        exec_at: 387,
        session: 66,
        listen: 284,
        ioctl: 54,
        ring: 425,
        socketcall: None,
    },
];

const fn native() -> Entry {
    Entry {
        architecture: NATIVE,
        pointer: size_of::<usize>(),
        exec: libc::SYS_execve as u32,
        exec_at: libc::SYS_execveat as u32,
        session: libc::SYS_setsid as u32,
        listen: libc::SYS_listen as u32,
        ioctl: libc::SYS_ioctl as u32,
        ring: libc::SYS_io_uring_setup as u32,
        socketcall: None,
    }
}

/// The number of listen among the calls of socketcall(2) (linux/net.h).
const SOCKETCALL_LISTEN: u32 = 4;
/// The ioctl that sets the lock of a pseudoterminal (asm-generic/ioctls.h).
const TIOCSPTLCK: u32 = 0x4004_5431;
/// Set in the number of every x32 call (asm/unistd.h).
#[cfg(target_arch = "x86_64")]
const X32: u32 = 0x4000_0000;

// Where the parts of seccomp_data lie (linux/seccomp.h); of an argument, its lower half.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;
const fn argument(index: u32) -> u32 {
    16 + 8 * index + if cfg!(target_endian = "big") { 4 } else { 0 }
}

const ALLOW: u32 = libc::SECCOMP_RET_ALLOW;
const ASK: u32 = libc::SECCOMP_RET_USER_NOTIF;
/// What a kernel says that does not know a way in.
const UNKNOWN: u32 = libc::SECCOMP_RET_ERRNO | libc::ENOSYS as u32;

/// Installs a filter that asks about these calls, in the calling thread and all that it starts, and gives the listener
/// (close-on-exec). Sets no_new_privs (prctl(2)): without privilege the kernel demands it, and with it a setuid
/// program gains no rights and so cannot be used to get away from a filter that it does not expect.
///
/// Needs Linux 5.5 for answers that let the call go on. EBUSY: somebody above listens already.
pub fn install(calls: &[Call]) -> io::Result<OwnedFd> {
    // SAFETY: PR_SET_NO_NEW_PRIVS takes numbers and touches no memory.
    check(unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1 as libc::c_ulong, 0, 0, 0) })?;
    let mut code = program(calls);
    let program = libc::sock_fprog {
        len: code.len() as libc::c_ushort,
        filter: code.as_mut_ptr(),
    };
    // SPEC_ALLOW: before Linux 5.16 a filter also switched off speculation, which costs everything a few per cent; this
    // filter keeps no secrets. WAIT_KILLABLE_RECV (5.19): a signal to the asker does not make it ask twice.
    let wanted = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    let fd = match set_filter(
        wanted | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV,
        &program,
    ) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => set_filter(wanted, &program)?,
        other => other?,
    };
    // SAFETY: the kernel has just made this descriptor for us, and nobody else knows it.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn set_filter(flags: libc::c_ulong, program: &libc::sock_fprog) -> io::Result<RawFd> {
    // SAFETY: `program` and the instructions that it points to outlive the call, which copies them.
    let answer = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            flags,
            &raw const *program,
        )
    };
    check_long(answer).map(|fd| fd as RawFd)
}

/// The filter: one block for each way into the kernel. Each block ends in an answer, so that a jump over a block
/// finds the architecture still in the accumulator.
fn program(calls: &[Call]) -> Vec<libc::sock_filter> {
    let mut code = vec![load(ARCHITECTURE)];
    for entry in &ENTRIES {
        let block = block(entry, calls);
        code.push(unless_equal(entry.architecture, block.len() as u8));
        code.extend(block);
    }
    code.push(answer(UNKNOWN));
    code
}

fn block(entry: &Entry, calls: &[Call]) -> Vec<libc::sock_filter> {
    let mut code = vec![load(NUMBER)];
    #[cfg(target_arch = "x86_64")]
    if entry.architecture == NATIVE {
        // An x32 call comes in as the machine's own, with a bit set, and would pass by the comparisons below.
        code.extend([unless_at_least(X32, 1), answer(UNKNOWN)]);
    }
    let plain = calls.iter().filter_map(|call| match call {
        Call::Exec => Some(entry.exec),
        Call::ExecAt => Some(entry.exec_at),
        Call::Session => Some(entry.session),
        Call::Listen => Some(entry.listen),
        Call::Ring => Some(entry.ring),
        Call::UnlockTerminal => None,
    });
    for number in plain {
        code.extend([unless_equal(number, 1), answer(ASK)]);
    }
    if calls.contains(&Call::UnlockTerminal) {
        code.extend(by_argument(entry.ioctl, 1, TIOCSPTLCK));
    }
    if let (Some(number), true) = (entry.socketcall, calls.contains(&Call::Listen)) {
        code.extend(by_argument(number, 0, SOCKETCALL_LISTEN));
    }
    code.push(answer(ALLOW));
    code
}

/// Asks about the call of this number when this argument has this value, and else lets it pass.
fn by_argument(number: u32, index: u32, value: u32) -> [libc::sock_filter; 5] {
    [
        unless_equal(number, 4),
        load(argument(index)),
        unless_equal(value, 1),
        answer(ASK),
        answer(ALLOW),
    ]
}

fn load(offset: u32) -> libc::sock_filter {
    instruction(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, 0, offset)
}

/// Skips this many instructions unless the accumulator is this value.
fn unless_equal(value: u32, skip: u8) -> libc::sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, skip, value)
}

/// Skips this many instructions unless the accumulator is at least this value.
#[cfg(target_arch = "x86_64")]
fn unless_at_least(value: u32, skip: u8) -> libc::sock_filter {
    instruction(libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K, skip, value)
}

fn answer(value: u32) -> libc::sock_filter {
    instruction(libc::BPF_RET | libc::BPF_K, 0, value)
}

fn instruction(code: u32, jump_if_false: u8, value: u32) -> libc::sock_filter {
    libc::sock_filter {
        code: code as u16,
        jt: 0,
        jf: jump_if_false,
        k: value,
    }
}

/// A process that has been stopped at a call, and waits for an answer.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// The question's number, to answer it by.
    id: u64,
    /// The thread that asks, by its id in the pid namespace of the one who reads this.
    pub thread: i32,
    /// What it is about to do.
    pub call: Call,
    /// The arguments of the call. Pointers are the asker's.
    pub arguments: [u64; 6],
    /// Bytes in one of the asker's pointers.
    pub pointer: usize,
}

/// What becomes of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The kernel does it, with what is in the asker's memory *then*.
    GoOn,
    /// It is not done, and gives this errno.
    Refuse(i32),
}

/// The end that reads questions and answers them.
#[derive(Debug)]
pub struct Listener(OwnedFd);

/// The asker waits for the listener and then the other way round, so the kernel is to hand the processor over instead of waking
/// another (Linux 6.6).
const SYNC_WAKE_UP: u64 = 1;

impl From<OwnedFd> for Listener {
    fn from(fd: OwnedFd) -> Listener {
        // SAFETY: the request takes a number; a kernel that does not know it changes nothing.
        unsafe {
            libc::ioctl(
                fd.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS,
                SYNC_WAKE_UP,
            )
        };
        Listener(fd)
    }
}

impl Listener {
    /// The next question. None when the one that made the descriptor readable has gone away meanwhile; an error when
    /// nobody is left who could ask. Only for when there is something to read (`poll::ahead`): it waits otherwise, and on older
    /// kernels it does so also when nobody is left.
    pub fn next(&self) -> io::Result<Option<Question>> {
        // SAFETY: seccomp_notif is plain old data for which all zeroes is a valid value, and what the kernel demands.
        let mut raw: libc::seccomp_notif = unsafe { std::mem::zeroed() };
        // SAFETY: `raw` is a seccomp_notif, as the request's number says, and outlives the call.
        let done = check(unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_RECV,
                &raw mut raw,
            )
        });
        match done {
            Ok(_) => Ok(Some(Question::of(&raw))),
            Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) => {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// Whether the asker still waits for the answer. What was read about it before this is about it, and not about
    /// somebody who has its number since.
    pub fn still_waits(&self, question: &Question) -> bool {
        let id = question.id;
        // SAFETY: the kernel reads a u64, as the request's number says, which outlives the call.
        unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_ID_VALID,
                &raw const id,
            ) == 0
        }
    }

    /// Answers. False when nobody waits for it any more.
    pub fn answer(&self, question: &Question, answer: Answer) -> bool {
        let (error, flags) = match answer {
            Answer::GoOn => (0, libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32),
            Answer::Refuse(errno) => (-errno, 0),
        };
        let mut raw = libc::seccomp_notif_resp {
            id: question.id,
            val: 0,
            error,
            flags,
        };
        // SAFETY: `raw` is a seccomp_notif_resp, as the request's number says, and outlives the call.
        unsafe {
            libc::ioctl(
                self.0.as_raw_fd(),
                libc::SECCOMP_IOCTL_NOTIF_SEND,
                &raw mut raw,
            ) == 0
        }
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Question {
    fn of(raw: &libc::seccomp_notif) -> Question {
        let entry = ENTRIES
            .iter()
            .find(|entry| entry.architecture == raw.data.arch)
            .unwrap_or(&ENTRIES[0]);
        let number = raw.data.nr as u32;
        let call = match number {
            _ if number == entry.exec => Call::Exec,
            _ if number == entry.exec_at => Call::ExecAt,
            _ if number == entry.session => Call::Session,
            _ if number == entry.ioctl => Call::UnlockTerminal,
            _ if number == entry.ring => Call::Ring,
            // The filter asks about nothing else: listen, by its own number or through socketcall.
            _ => Call::Listen,
        };
        Question {
            id: raw.id,
            thread: raw.pid as i32,
            call,
            arguments: raw.data.args,
            pointer: entry.pointer,
        }
    }

    /// The descriptor that a `Listen` is about. None where it stands in the asker's memory (socketcall).
    pub fn descriptor(&self) -> Option<i32> {
        let direct = self.call == Call::Listen && self.pointer == size_of::<usize>();
        direct.then_some(self.arguments[0] as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::{ALLOW, ASK, Call, ENTRIES, TIOCSPTLCK, UNKNOWN, program};

    const ALL: [Call; 6] = [
        Call::Exec,
        Call::ExecAt,
        Call::Session,
        Call::Listen,
        Call::UnlockTerminal,
        Call::Ring,
    ];

    /// What the filter says, by a small machine that knows the four instructions in it.
    fn judged(calls: &[Call], architecture: u32, number: u32, arguments: [u32; 2]) -> u32 {
        let code = program(calls);
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let step = code[at];
            at += 1;
            let jump = |yes: bool| if yes { 0 } else { usize::from(step.jf) };
            match u32::from(step.code) {
                0x20 => {
                    accumulator = match step.k {
                        0 => number,
                        4 => architecture,
                        16 => arguments[0],
                        24 => arguments[1],
                        other => panic!("nothing lies at {other}"),
                    }
                }
                0x15 => at += jump(accumulator == step.k),
                0x35 => at += jump(accumulator >= step.k),
                0x06 => return step.k,
                other => panic!("{other:#x} is no instruction of this filter"),
            }
        }
    }

    #[test]
    fn every_way_into_the_kernel_is_asked_about_or_closed() {
        for entry in &ENTRIES {
            let plain = [
                entry.exec,
                entry.exec_at,
                entry.session,
                entry.listen,
                entry.ring,
            ];
            for number in plain {
                assert_eq!(judged(&ALL, entry.architecture, number, [0, 0]), ASK);
            }
            let ioctl = |request| judged(&ALL, entry.architecture, entry.ioctl, [0, request]);
            assert_eq!((ioctl(TIOCSPTLCK), ioctl(0x5401)), (ASK, ALLOW));
            if let Some(number) = entry.socketcall {
                let through = |call| judged(&ALL, entry.architecture, number, [call, 0]);
                assert_eq!((through(4), through(1)), (ASK, ALLOW));
            }
            assert_eq!(judged(&ALL, entry.architecture, 3, [0, 0]), ALLOW);
        }
        assert_eq!(judged(&ALL, 0x1234, 3, [0, 0]), UNKNOWN);
    }

    #[cfg(target_arch = "x86_64")]
    #[test]
    fn x32_is_answered_as_by_a_kernel_without_it() {
        for number in [super::X32 | 59, super::X32 | 520, super::X32 | 50] {
            assert_eq!(judged(&ALL, super::NATIVE, number, [0, 0]), UNKNOWN);
        }
    }

    #[test]
    fn what_nobody_wants_to_know_passes() {
        let native = &ENTRIES[0];
        for number in [native.exec, native.exec_at, native.ring] {
            let few = [Call::Session, Call::Listen];
            assert_eq!(judged(&few, native.architecture, number, [0, 0]), ALLOW);
        }
    }
}
