//! Programs that write a title over their arguments, npm and vitest among them, are known by it.

use super::{FENCED, Ran, Yard};
use crate::support::gate;
use crate::support::room::daemon_test;
use std::fs;
use std::process::Command;

/// A test that has a server of its own for a moment, and ends well if it may.
const TEST: &str = "require('net').createServer().listen(0, function () { this.close() })\n";
/// One that starts such a server as a program.
const STARTS: &str =
    "process.exit(require('child_process').spawnSync(process.execPath, ['test.js']).status)\n";

#[test]
fn a_test_that_npm_starts_may_listen_and_what_it_starts_may_not() {
    daemon_test(|| {
        let has = |program: &str| Command::new(program).arg("--version").output().is_ok();
        if !has("node") || !has("npm") {
            return gate::skip("tests below npm", "node or npm is not installed");
        }
        let yard = Yard::with("fence = \"daemons\"");
        let root = yard.policy.with_file_name("package");
        fs::create_dir(&root).expect("a directory");
        let scripts = r#"{ "test": "node test.js", "starts": "node starts.js" }"#;
        let package = format!("{{ \"private\": true, \"scripts\": {scripts} }}");
        for (name, text) in [
            ("package.json", package.as_str()),
            ("test.js", TEST),
            ("starts.js", STARTS),
        ] {
            fs::write(root.join(name), text).expect("a file");
        }
        let npm = |words: &[&str]| {
            let words: Vec<&str> = ["npm"].iter().chain(words).copied().collect();
            let mut command = yard.command(&[], &words);
            let path = std::env::var_os("PATH").unwrap_or_default();
            command
                .env("PATH", path)
                .env("HOME", &root)
                .env("npm_config_update_notifier", "false")
                .current_dir(&root);
            Ran::of(&command.output().expect("guardrun can be started"))
        };
        for words in [
            &["test"][..],
            &["run", "test"],
            &["exec", "--", "node", "test.js"],
        ] {
            let ran = npm(words);
            assert_eq!(ran.code, Some(0), "{words:?}: {ran:?}");
        }
        let ran = npm(&["run", "starts"]);
        assert_eq!(ran.code, Some(FENCED), "{ran:?}");
        assert!(ran.err.contains("below    npm run starts > "), "{ran:?}");
    });
}
