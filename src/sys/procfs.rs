//! Reading /proc: proc(5). Every answer may be out of date when it arrives; whoever acts on one checks again.

use crate::values::ProcessId;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What /proc/PID/stat tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stat {
    /// Who it is.
    pub id: ProcessId,
    /// The name, without parentheses.
    pub name: String,
    /// The state letter, such as `S` or `Z`.
    pub state: char,
    /// Its parent's pid.
    pub parent: i32,
    /// Its process group.
    pub group: i32,
    /// Its session.
    pub session: i32,
    /// How many threads it has.
    pub threads: i32,
    /// Its processor time, user and system, in clock ticks.
    pub ticks: u64,
    /// The same of all its children that it has waited for, and theirs.
    pub ticks_of_children: u64,
    /// Its memory, in pages, whole where it is shared with others.
    pub resident: u64,
    /// Whether it runs the program of the process that forked it: it has executed none of its own (PF_FORKNOEXEC,
    /// linux/sched.h).
    pub forked: bool,
}

impl Stat {
    /// Whether only its entry in the process table is left. A process whose first thread has ended while others go on shows
    /// the same state, and is alive.
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X') && self.threads <= 1
    }
}

/// PF_FORKNOEXEC among the flags of a process (linux/sched.h); the same since Linux 2.2.
const FORKED: u32 = 0x40;

/// A whole file of /proc. These say that they are empty until they are read, so reading starts with a page.
fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    let mut file = fs::File::open(path)?;
    let mut text = vec![0; 4096];
    let mut length = 0;
    loop {
        match file.read(&mut text[length..])? {
            0 => break,
            got => length += got,
        }
        if length == text.len() {
            text.resize(2 * length, 0);
        }
    }
    text.truncate(length);
    Ok(text)
}

/// A file of /proc as text; None where it cannot be read.
pub fn text(path: impl AsRef<Path>) -> Option<String> {
    Some(String::from_utf8_lossy(&read(path).ok()?).into_owned())
}

/// The stat of a process, None when it is gone.
pub fn stat(pid: i32) -> Option<Stat> {
    let text = read(format!("/proc/{pid}/stat")).ok()?;
    parse_stat(pid, &String::from_utf8_lossy(&text))
}

fn parse_stat(pid: i32, text: &str) -> Option<Stat> {
    // The name may hold spaces and parentheses; what follows the last closing one is fields without either.
    let (head, fields) = text.rsplit_once(')')?;
    let (_, name) = head.split_once('(')?;
    let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
    let number = |index: usize| fields.get(index)?.parse::<i32>().ok();
    let count = |index: usize| fields.get(index)?.parse::<u64>().ok();
    Some(Stat {
        id: ProcessId {
            pid,
            start: fields.get(19)?.parse().ok()?,
        },
        name: name.to_owned(),
        state: fields.first()?.chars().next()?,
        parent: number(1)?,
        group: number(2)?,
        session: number(3)?,
        threads: number(17)?,
        ticks: count(11)? + count(12)?,
        ticks_of_children: count(13).unwrap_or(0) + count(14).unwrap_or(0),
        resident: count(21).unwrap_or(0),
        forked: fields.get(6)?.parse::<u32>().ok()? & FORKED != 0,
    })
}

/// The calling process, by the number that the mounted /proc has for it. In a new pid namespace that is the number which
/// those outside know, until a /proc of its own is mounted.
pub fn own() -> Option<Stat> {
    let text = String::from_utf8_lossy(&read("/proc/self/stat").ok()?).into_owned();
    parse_stat(text.split_once(' ')?.0.parse().ok()?, &text)
}

/// The children of every thread of a process. None where the kernel does not tell (CONFIG_PROC_CHILDREN) or the process is
/// gone. Exact only for a process that is stopped or one's own.
pub fn children(process: &Stat) -> Option<Vec<i32>> {
    let pid = process.id.pid;
    // Most processes have one thread, and there may be thousands of them to look at.
    if process.threads == 1 {
        return children_of_thread(format!("/proc/{pid}/task/{pid}/children"));
    }
    let mut found = Vec::new();
    for thread in fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        found.extend(children_of_thread(thread.path().join("children"))?);
    }
    Some(found)
}

fn children_of_thread(path: impl AsRef<Path>) -> Option<Vec<i32>> {
    let list = text(path)?;
    Some(
        list.split_ascii_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .collect(),
    )
}

/// Every pid there is.
pub fn all_pids() -> Vec<i32> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

/// Its arguments, as it was started or has since written them; empty for a zombie. A title that is shorter than the arguments over
/// which it was written is one argument.
pub fn arguments(pid: i32) -> Vec<OsString> {
    let Ok(bytes) = read(format!("/proc/{pid}/cmdline")) else {
        return Vec::new();
    };
    let words = without_padding(words(&bytes)).into_iter();
    words
        .map(|word| OsString::from_vec(word.to_vec()))
        .collect()
}

/// The words of a command line as the kernel gives it.
fn words(text: &[u8]) -> Vec<&[u8]> {
    let text = text.strip_suffix(b"\0").unwrap_or(text);
    match text.is_empty() {
        true => Vec::new(),
        false => text.split(|byte| *byte == 0).collect(),
    }
}

/// Who writes a title over its arguments fills the rest of their room with NUL, which reads as empty arguments. One that was
/// started with empty arguments and no others looks the same, and is as well described without them.
fn without_padding(mut words: Vec<&[u8]>) -> Vec<&[u8]> {
    if words.iter().skip(1).all(|word| word.is_empty()) {
        words.truncate(1);
    }
    words
}

/// The beginning of its arguments: whole words of at most this many bytes together, and whether there were more.
pub fn first_arguments(pid: i32, most: usize) -> (Vec<String>, bool) {
    let mut bytes = vec![0; most];
    let mut length = 0;
    let Ok(mut file) = fs::File::open(format!("/proc/{pid}/cmdline")) else {
        return (Vec::new(), false);
    };
    while let Ok(got @ 1..) = file.read(&mut bytes[length..]) {
        length += got;
    }
    let cut = length == most;
    let text = &bytes[..length];
    let text = match cut {
        // A word that was cut through is left out, unless it is the only one.
        true => text
            .iter()
            .rposition(|byte| *byte == 0)
            .map_or(text, |end| &text[..end]),
        false => text,
    };
    let words = words(text).into_iter();
    let words = words.map(|word| String::from_utf8_lossy(word).into_owned());
    (words.collect(), cut)
}

/// The path with which it was executed (AT_EXECFN, getauxval(3)): for a script the script's, where its first argument names the
/// interpreter. Only for a program of the same kind as this one.
pub fn executed_as(pid: i32) -> Option<String> {
    const EXECFN: u64 = 31;
    let vector = read(format!("/proc/{pid}/auxv")).ok()?;
    let word = |bytes: &[u8]| bytes.try_into().map(u64::from_ne_bytes).ok();
    let entry = vector
        .chunks_exact(16)
        .find(|entry| word(&entry[..8]) == Some(EXECFN))?;
    let path = super::memory::text(pid, word(&entry[8..])?, 4096).ok()?;
    Some(String::from_utf8_lossy(&path).into_owned()).filter(|path| !path.is_empty())
}

/// The environment that it was started with; None where that cannot be read.
pub fn environment(pid: i32) -> Option<Vec<u8>> {
    read(format!("/proc/{pid}/environ")).ok()
}

/// What /proc/PID/status tells of a thread, as far as it is needed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// The process that it belongs to.
    pub process: i32,
    /// That one's parent.
    pub parent: i32,
    /// Who traces it; 0 for nobody.
    pub tracer: i32,
    /// The signals that it ignores, the first in the lowest bit.
    pub ignored: u64,
    /// The largest resident memory that its program has had, in bytes; None for one without memory, as at its end.
    pub peak: Option<u64>,
}

/// The status of a thread, None when it is gone.
pub fn status(thread: i32) -> Option<Status> {
    let text = text(format!("/proc/{thread}/status"))?;
    let mut status = Status::default();
    for line in text.lines() {
        let Some((key, value)) = line.split_once(':') else {
            continue;
        };
        let value = value.trim();
        let number = || value.parse().unwrap_or_default();
        match key {
            "Tgid" => status.process = number(),
            "PPid" => status.parent = number(),
            "TracerPid" => status.tracer = number(),
            "SigIgn" => status.ignored = u64::from_str_radix(value, 16).unwrap_or_default(),
            "VmHWM" => {
                let kibibytes = value.strip_suffix("kB").map(str::trim);
                let kibibytes = kibibytes.and_then(|it| it.parse::<u64>().ok());
                status.peak = kibibytes.map(|it| it * 1024);
            }
            _ => {}
        }
    }
    Some(status)
}

/// How long a thread has run, from its birth (/proc/PID/schedstat). Of a process with one thread that is all of its processor
/// time, more exact than the ticks in `stat`.
pub fn run_time(thread: i32) -> Option<Duration> {
    let text = text(format!("/proc/{thread}/schedstat"))?;
    let nanoseconds = text.split_ascii_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// Whether this is a thread of that process, and not a process of its own.
pub fn is_thread_of(process: i32, thread: i32) -> bool {
    fs::metadata(format!("/proc/{process}/task/{thread}")).is_ok()
}

/// Its resident memory now, in bytes (proc(5), statm).
pub fn resident(pid: i32, page: u64) -> Option<u64> {
    let text = text(format!("/proc/{pid}/statm"))?;
    let pages: u64 = text.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(pages * page)
}

/// The machine's memory, in bytes.
pub fn machine_memory() -> Option<u64> {
    let text = text("/proc/meminfo")?;
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// The process that this thread belongs to (proc(5), Tgid).
pub fn process_of(thread: i32) -> Option<i32> {
    let text = text(format!("/proc/{thread}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Tgid:"))?;
    line.trim().parse().ok()
}

/// Whether it ignores a signal; None where that cannot be seen.
pub fn ignores(pid: i32, signal: i32) -> Option<bool> {
    let text = text(format!("/proc/{pid}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("SigIgn:"))?;
    let set = u64::from_str_radix(line.trim(), 16).ok()?;
    Some(set & (1 << (signal - 1)) != 0)
}

/// Its working directory.
pub fn working_directory(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/cwd")).ok()
}

/// What one of its descriptors leads to, such as a directory that a path is relative to.
pub fn descriptor(pid: i32, number: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/fd/{number}")).ok()
}

/// Whether its root directory is this process's, so that an absolute path means the same to both, but for what is mounted.
pub fn shares_our_root(pid: i32) -> bool {
    let of = |path: &str| fs::metadata(path).map(|found| (found.dev(), found.ino()));
    matches!((of("/"), of(&format!("/proc/{pid}/root/"))), (Ok(own), Ok(its)) if own == its)
}

/// The path of its executable.
pub fn executable(pid: i32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// The kernel function in which it sleeps, where that may be read.
pub fn waiting_in(pid: i32) -> Option<String> {
    text(format!("/proc/{pid}/wchan")).filter(|name| !name.is_empty() && name != "0")
}

/// Seconds since boot, on the clock that start times are counted on (suspended time included).
pub fn uptime_seconds() -> Option<f64> {
    text("/proc/uptime")?
        .split_ascii_whitespace()
        .next()?
        .parse()
        .ok()
}

/// How many processes the kernel has killed for want of memory since boot, on the whole machine (since Linux 4.13).
pub fn oom_kills() -> Option<u64> {
    oom_kills_in(&text("/proc/vmstat")?)
}

fn oom_kills_in(vmstat: &str) -> Option<u64> {
    let mut numbers = vmstat
        .lines()
        .filter_map(|line| line.strip_prefix("oom_kill "));
    numbers.next()?.trim().parse().ok()
}

/// Bytes in a page.
pub fn page_size() -> u64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::PAGE_SIZE)
        .ok()
        .flatten()
        .map_or(4096, |bytes| bytes as u64)
}

/// Its memory in bytes, of what it shares only its share (Pss of proc_pid_smaps(5), Linux 4.14); None where that may not be seen.
pub fn proportional(pid: i32) -> Option<u64> {
    let text = text(format!("/proc/{pid}/smaps_rollup"))?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

/// Clock ticks in a second, the unit of start times.
pub fn ticks_per_second() -> u64 {
    nix::unistd::sysconf(nix::unistd::SysconfVar::CLK_TCK)
        .ok()
        .flatten()
        .map_or(100, |ticks| ticks as u64)
}

/// The pid namespace that this process's /proc shows (namespaces(7)); 0 where it cannot be told.
pub fn pid_namespace() -> u64 {
    fs::metadata("/proc/self/ns/pid").map_or(0, |found| found.ino())
}

/// A name for this boot of this machine, so that a start time from before is not taken for one of now.
pub fn boot_id() -> String {
    text("/proc/sys/kernel/random/boot_id")
        .map(|id| id.trim().to_owned())
        .unwrap_or_default()
}

/// What a process listens on, such as `tcp 127.0.0.1:6379` or `unix /run/x.sock`; empty where that cannot be seen.
pub fn listening(pid: i32) -> Vec<String> {
    let Ok(fds) = fs::read_dir(format!("/proc/{pid}/fd")) else {
        return Vec::new();
    };
    let inodes: Vec<String> = fds
        .flatten()
        .filter_map(|fd| fs::read_link(fd.path()).ok())
        .filter_map(|link| {
            Some(
                link.to_str()?
                    .strip_prefix("socket:[")?
                    .strip_suffix(']')?
                    .to_owned(),
            )
        })
        .collect();
    if inodes.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for (file, kind) in [("tcp", "tcp"), ("tcp6", "tcp")] {
        let table = text(format!("/proc/{pid}/net/{file}")).unwrap_or_default();
        found.extend(
            table
                .lines()
                .skip(1)
                .filter_map(|line| listening_tcp(line, &inodes))
                .map(|at| format!("{kind} {at}")),
        );
    }
    let table = text(format!("/proc/{pid}/net/unix")).unwrap_or_default();
    found.extend(
        table
            .lines()
            .skip(1)
            .filter_map(|line| listening_unix(line, &inodes))
            .map(|at| format!("unix {at}")),
    );
    found
}

/// One row of /proc/net/tcp: the address, if it listens (state 0A) and is one of these inodes.
fn listening_tcp(line: &str, inodes: &[String]) -> Option<String> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    if *fields.get(3)? != "0A"
        || !inodes
            .iter()
            .any(|inode| Some(&inode.as_str()) == fields.get(9))
    {
        return None;
    }
    let (address, port) = fields.get(1)?.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    // The kernel prints the address as 32-bit words in the machine's byte order.
    let words: Option<Vec<u32>> = (0..address.len() / 8)
        .map(|i| u32::from_str_radix(address.get(i * 8..i * 8 + 8)?, 16).ok())
        .collect();
    let bytes: Vec<u8> = words?.into_iter().flat_map(u32::to_ne_bytes).collect();
    let ip: std::net::IpAddr = match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok()?.into(),
        _ => <[u8; 16]>::try_from(bytes).ok()?.into(),
    };
    Some(std::net::SocketAddr::new(ip, port).to_string())
}

/// One row of /proc/net/unix: the path, if it accepts connections (flag 00010000) and is one of these inodes.
fn listening_unix(line: &str, inodes: &[String]) -> Option<String> {
    let fields: Vec<&str> = line.split_ascii_whitespace().collect();
    let accepts = u32::from_str_radix(fields.get(3)?, 16).ok()? & 0x1_0000 != 0;
    if !accepts
        || !inodes
            .iter()
            .any(|inode| Some(&inode.as_str()) == fields.get(6))
    {
        return None;
    }
    Some(fields.get(7).copied().unwrap_or("(no name)").to_owned())
}

#[cfg(test)]
mod tests {
    use super::{
        arguments, listening_tcp, listening_unix, parse_stat, stat, without_padding, words,
    };
    use crate::values::ProcessId;

    #[test]
    fn a_title_that_is_shorter_than_the_arguments_is_one_word() {
        let read = |text: &'static [u8]| without_padding(words(text));
        assert_eq!(read(b"npm test\0\0\0\0\0"), [b"npm test"]);
        assert_eq!(read(b"npm test\0"), [b"npm test"]);
        assert_eq!(read(b"sh\0-c\0\0"), [&b"sh"[..], b"-c", b""]);
        assert!(read(b"").is_empty() && read(b"\0").is_empty());
    }

    #[test]
    fn the_kernels_kills_are_counted_and_a_kernel_that_counts_none_says_nothing() {
        use super::oom_kills_in;
        let text = "oom_kill_x 9\npgfault 7\noom_kill 3\n";
        assert_eq!(oom_kills_in(text), Some(3));
        assert_eq!(oom_kills_in("pgfault 7\n"), None);
    }

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_shift_the_fields() {
        let line = "7 (a) b) (c) S 1 7 7 0 -1 4194560 1 0 0 0 11 12 13 14 20 0 3 0 4242 0 99";
        let stat = parse_stat(7, line).unwrap();
        assert_eq!(stat.name, "a) b) (c");
        assert_eq!(
            (stat.state, stat.parent, stat.group, stat.session),
            ('S', 1, 7, 7)
        );
        assert_eq!(
            stat.id,
            ProcessId {
                pid: 7,
                start: 4242
            }
        );
        assert_eq!(stat.threads, 3);
        assert_eq!(
            (stat.ticks, stat.ticks_of_children, stat.resident),
            (23, 27, 99)
        );
        assert!(!stat.forked);
    }

    #[test]
    fn a_broken_stat_is_none_and_no_panic() {
        for line in ["", "7", "7 (x", "7 (x)", "7 (x) S", "7 (x) S a b c"] {
            assert_eq!(parse_stat(7, line), None, "{line:?}");
        }
    }

    #[test]
    fn one_can_read_about_oneself() {
        let own = stat(std::process::id() as i32).unwrap();
        assert!(own.id.start > 0 && !own.is_dead());
        assert!(!arguments(own.id.pid).is_empty());
    }

    #[test]
    fn only_listening_sockets_of_these_inodes_are_named() {
        let inodes = ["321".to_owned()];
        let row = |state: &str, inode: &str| {
            format!(
                "0: 0100007F:18EB 00000000:0000 {state} 00000000:00000000 00:00000000 00000000 0 0 {inode} 1"
            )
        };
        assert_eq!(
            listening_tcp(&row("0A", "321"), &inodes).as_deref(),
            Some("127.0.0.1:6379")
        );
        assert_eq!(listening_tcp(&row("01", "321"), &inodes), None);
        assert_eq!(listening_tcp(&row("0A", "322"), &inodes), None);
        let unix = "0: 00000002 00000000 00010000 0001 01 321 /run/x.sock";
        assert_eq!(
            listening_unix(unix, &inodes).as_deref(),
            Some("/run/x.sock")
        );
        assert_eq!(
            listening_unix(
                "0: 00000003 00000000 00000000 0001 03 321 /run/x.sock",
                &inodes
            ),
            None
        );
    }
}
