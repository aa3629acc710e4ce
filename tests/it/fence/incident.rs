//! The day for which all of this was made, again: somebody runs a unit suite, and one of its files starts thirty daemons on Unix
//! sockets, shells in terminals, a program that stays, and a server with a browser. Behind the fence nothing of it is ever up, and
//! each is named; without one it is up, so that this can fail.

use super::{FENCED, Ran, Yard};
use crate::helpers::javascript::packages;
use crate::support::gate;
use crate::support::room::daemon_test;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// How many daemons the suite starts.
const DAEMONS: usize = 30;

/// A daemon: it says that it is up once it is listening.
const DAEMON: &str = "import net from 'node:net'
import fs from 'node:fs'
net.createServer().listen(process.argv[2], () => fs.appendFileSync('up', 'd'))
setInterval(() => {}, 1000)
";

const SUITE: &str = r#"import { test, expect } from 'vitest'
import { spawn } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'

const start = (program, words) => {
  const child = spawn(program, words, { detached: true, stdio: 'ignore' })
  child.on('error', () => {})
  child.unref()
  return child
}
// Until the daemons are there, or have all ended.
const until = async (done) => {
  for (let turn = 0; turn < 500 && !done(); turn += 1) await new Promise((go) => setTimeout(go, 100))
}
const ended = (child) => child.exitCode !== null || child.signalCode !== null
const up = () => (fs.existsSync('up') ? fs.readFileSync('up', 'utf8') : '')

test('a plain one', () => expect(1 + 1).toBe(2))
test('its own server is nobody else\'s', async () => {
  const server = net.createServer()
  await new Promise((go, fail) => server.on('error', fail).listen(0, '127.0.0.1', go))
  server.close()
})
test('daemons', async () => {
  const started = []
  for (let n = 0; n < DAEMONS; n += 1) {
    started.push(start(process.execPath, ['--import', './register.mjs', 'bin.mjs', `./${n}.sock`]))
  }
  start('sleep', ['1000'])
  started.push(start('python3', ['-c', 'import pty; open("up", "a").write("t") if pty.openpty() else 0; import time; time.sleep(1000)']))
  const server = 'require("net").createServer().listen(0, () => require("fs").appendFileSync("up", "s"))'
  started.push(start(process.execPath, ['-e', server]))
  await until(() => up().length >= DAEMONS + 2 || started.every(ended))
}, 60000)
"#;

fn project(yard: &Yard, packages: &Path) -> PathBuf {
    let root = yard.policy.with_file_name("kaval");
    fs::create_dir(&root).expect("a directory");
    symlink(packages, root.join("node_modules")).expect("a link");
    let suite = SUITE.replace("DAEMONS", &DAEMONS.to_string());
    for (name, text) in [
        ("unit.test.ts", suite.as_str()),
        ("bin.mjs", DAEMON),
        ("register.mjs", ""),
        ("package.json", "{\"private\": true, \"type\": \"module\"}"),
    ] {
        fs::write(root.join(name), text).expect("a file");
    }
    root
}

/// What the suite comes to, and what of it was up at any time.
fn play(yard: &Yard, root: &Path) -> (Ran, String) {
    let suite = ["node_modules/.bin/vitest", "run", "--pool", "forks"];
    let mut command = yard.command(&[], &suite);
    let output = command.current_dir(root).output();
    let ran = Ran::of(&output.expect("guardrun can be started"));
    let up = fs::read_to_string(root.join("up")).unwrap_or_default();
    (ran, up)
}

#[test]
fn the_suite_that_starts_thirty_daemons_runs_and_starts_none() {
    daemon_test(|| {
        let has = |program: &str| {
            let found = std::process::Command::new(program)
                .arg("--version")
                .output();
            found.is_ok()
        };
        if !has("node") || !has("python3") {
            return gate::skip("the incident", "node or python3 is not installed");
        }
        let Some(packages) = packages() else { return };

        let yard = Yard::with("fence = \"daemons\"");
        let root = project(&yard, &packages);
        let (ran, up) = play(&yard, &root);
        assert_eq!(ran.code, Some(FENCED), "{ran:?}");
        assert_eq!(up, "", "nothing was ever up: {ran:?}");
        for named in [
            "bin.mjs",
            "sleep 1000",
            "pty.openpty",
            "createServer().listen(0",
        ] {
            assert!(ran.err.contains(named), "{named}: {ran:?}");
        }
        assert!(ran.err.contains("nothing left"), "{ran:?}");
        assert!(
            ran.out.contains("3 passed"),
            "the suite itself ran: {ran:?}"
        );

        let off = "[suite.yard.dangerously-fence-weaker]\nfence = \"off\"\nreason = \"to see that they would be up\"";
        let yard = Yard::with(off);
        let root = project(&yard, &packages);
        let (ran, up) = play(&yard, &root);
        let daemons = up.matches('d').count();
        assert_eq!((ran.code, daemons), (Some(46), DAEMONS), "{ran:?}");
        assert!(up.contains('t') && up.contains('s'), "{up}");
        assert!(ran.err.contains("nothing left"), "{ran:?}");
    });
}
