//! Recordings as an audit writes them, made up: their counts are known, and every call of a generator gives the same.

use serde_json::{Value, json};
use std::fmt::Write;

/// Lines of a recording, in the order of their time.
pub(super) struct Recording {
    run: Value,
    events: Vec<(f64, Value)>,
    next: u64,
}

impl Recording {
    pub(super) fn new() -> Recording {
        Recording {
            run: json!({
                "event": "run", "schema": 1, "guardrun": "0.1.0", "run": "f0e1d2c3", "suite": "unit",
                "command": ["cargo", "test", "--workspace"], "cwd": "/home/mara/kolu",
                "started": "2026-11-21T08:00:00Z", "level": "namespace", "fence": "observe",
                "host": {"cpus": 8, "memory_bytes": 25_000_000_000_u64},
                "eyes": ["ptrace", "seccomp"], "gaps": ["What lived for less than a millisecond has no peak memory."]
            }),
            events: Vec::new(),
            next: 1,
        }
    }

    /// Sets a key of the first line.
    pub(super) fn told(mut self, key: &str, value: impl Into<Value>) -> Recording {
        self.run[key] = value.into();
        self
    }

    /// One more event.
    pub(super) fn event(&mut self, at: f64, mut event: Value) {
        event["t"] = at.into();
        self.events.push((at, event));
    }

    /// A process that is forked, has no end yet, and executes nothing.
    pub(super) fn fork(&mut self, at: f64, parent: Option<u64>) -> u64 {
        let id = self.next;
        self.next += 1;
        let mut start = json!({"event": "start", "id": id, "pid": 4000 + id});
        if let Some(parent) = parent {
            start["parent"] = parent.into();
        }
        self.event(at, start);
        id
    }

    pub(super) fn exec(&mut self, at: f64, id: u64, argv: &[&str], role: &str) {
        let exe = match argv[0].starts_with('/') {
            true => argv[0].to_owned(),
            false => format!("/usr/bin/{}", argv[0]),
        };
        let exec = json!({"event": "exec", "id": id, "argv": argv, "exe": exe, "cwd": "/home/mara/kolu", "role": role});
        self.event(at, exec);
    }

    pub(super) fn exit(&mut self, at: f64, id: u64, code: i32) {
        let memory = (id % 97 + 2) << 20;
        let exit = json!({"event": "exit", "id": id, "code": code, "peak_memory_bytes": memory, "cpu_seconds": 0.01});
        self.event(at, exit);
    }

    /// A whole process.
    pub(super) fn process(
        &mut self,
        time: (f64, f64),
        parent: Option<u64>,
        argv: &[&str],
        role: &str,
    ) -> u64 {
        let id = self.fork(time.0, parent);
        self.exec(time.0 + 0.0001, id, argv, role);
        self.exit(time.1, id, 0);
        id
    }

    /// The end of the run.
    pub(super) fn end(&mut self, at: f64, mut end: Value) {
        end["event"] = "end".into();
        self.event(at, end);
    }

    /// All lines.
    pub(super) fn lines(&self) -> String {
        let mut events: Vec<&(f64, Value)> = self.events.iter().collect();
        events.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut text = format!("{}\n", self.run);
        for (_, event) in events {
            writeln!(text, "{event}").expect("a string takes text");
        }
        text
    }
}

/// How many redis-servers [`suite`] has.
pub(super) const SERVERS: usize = 3;
/// How many of its processes are not compilers: cargo, two hosts, the servers, a shell, a fork, what fails, what stays.
pub(super) const OTHERS: usize = 3 + SERVERS + 4;

/// A suite as suites are: cargo builds with as many compilers as there is room for, two hosts run tests, which start servers.
pub(super) fn suite(processes: usize) -> String {
    let compilers = processes - OTHERS;
    let mut it = Recording::new();
    let cargo = it.process(
        (0.0, 20.0),
        None,
        &["cargo", "test", "--workspace"],
        "toolchain",
    );
    for n in 0..compilers {
        let from = 0.05 + 9.0 * n as f64 / compilers as f64;
        let name = format!("crate_{n}");
        let out = format!("metadata={:016x}", n * 7919);
        let source = format!("/home/mara/.cargo/registry/src/{name}-1.0.{n}/src/lib.rs");
        let argv = [
            "rustc",
            "--crate-name",
            &name,
            "--edition=2024",
            &source,
            "--error-format=json",
            "--crate-type",
            "lib",
            "-C",
            &out,
            "--out-dir",
            "target/debug/deps",
        ];
        let lasts = 0.2 + 0.3 * (n % 4) as f64;
        it.process((from, from + lasts), Some(cargo), &argv, "toolchain");
    }
    let surface = it.process(
        (10.0, 14.0),
        Some(cargo),
        &["/p/target/debug/deps/surface-0123456789abcdef"],
        "host",
    );
    let kaval = it.process(
        (14.0, 19.5),
        Some(cargo),
        &["/p/target/debug/deps/kaval-0123456789abcdef"],
        "host",
    );
    for n in 0..SERVERS {
        let from = 10.5 + n as f64;
        let port = format!("{}", 20_000 + n);
        let server = it.process(
            (from, from + 2.5),
            Some(surface),
            &["redis-server", "--port", &port],
            "test",
        );
        let address = format!("127.0.0.1:{port}");
        it.event(
            from + 0.2,
            json!({"event": "listen", "id": server, "address": address}),
        );
    }
    let shell = it.process(
        (15.0, 15.4),
        Some(kaval),
        &["/bin/sh", "-c", "sort input | uniq > 'my output'"],
        "test",
    );
    it.event(15.05, json!({"event": "terminal", "id": shell}));
    let fork = it.fork(15.5, Some(kaval));
    it.event(
        15.55,
        json!({"event": "refused", "id": fork, "deed": "exec", "object": "/usr/bin/sleep"}),
    );
    it.event(15.6, json!({"event": "orphan", "id": fork, "by": kaval}));
    it.exit(15.8, fork, 0);
    let fails = it.fork(16.0, Some(kaval));
    it.exec(16.01, fails, &["node", "bin.ts"], "test");
    it.exit(16.5, fails, 3);
    let stays = it.fork(16.2, Some(kaval));
    it.exec(16.21, stays, &["sleep", "271"], "test");
    it.event(16.22, json!({"event": "session", "id": stays}));
    it.event(
        20.0,
        json!({"event": "exit", "id": stays, "signal": "SIGKILL", "by_guardrun": true}),
    );
    for second in 0..20 {
        let memory = (100 + 31 * (second * second % 17)) << 20;
        it.event(
            0.5 + second as f64,
            json!({"event": "sample", "memory_bytes": memory, "processes": 5}),
        );
    }
    let would = json!([{"id": stays, "deed": "setsid", "rule": "a session that is left behind"}]);
    it.end(
        20.0,
        json!({
            "exit": 0, "verdicts": ["leaked"], "processes": processes, "at_once": 12, "peak_memory_bytes": 700 << 20,
            "outlived_run": [stays], "would_refuse": {"daemons": would, "processes": would}, "class": "gated",
            "policy": POLICY
        }),
    );
    it.lines()
}

/// What the suite's policy is said to be.
pub(super) const POLICY: &str =
    "[suite.unit]\nmatch  = [\"cargo test *\"]\ngate   = \"daemon\"\nmemory = \"1.4GiB\"\n";
