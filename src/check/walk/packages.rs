//! package.json: scripts, and `npm run SCRIPT` with its kin.

use super::{Walker, Way};
use crate::check::json;
use crate::check::node::Node;
use crate::check::piece::{Piece, Spot};
use crate::check::state::{State, Value};
use crate::check::tree::{directory, joined, upwards};
use std::rc::Rc;

/// Words after the name of the program that are no scripts.
const NOT_SCRIPTS: [&str; 14] = [
    "install",
    "ci",
    "i",
    "add",
    "remove",
    "exec",
    "dlx",
    "publish",
    "pack",
    "x",
    "init",
    "audit",
    "create",
    "build-script",
];

impl Walker<'_> {
    /// npm, pnpm, yarn or bun with these arguments. Answers whether it runs a script.
    pub(super) fn package(
        &mut self,
        program: &str,
        arguments: &[Value],
        state: &State,
        way: &Way,
        spot: &Spot,
    ) -> bool {
        let mut inside = state.directory.clone();
        let (mut chosen, mut all) = (Vec::new(), false);
        let mut run = false;
        let mut words = arguments.iter();
        let mut script = None;
        let mut more: Vec<Value> = Vec::new();
        while let Some(word) = words.next() {
            let Some(text) = word.text() else {
                if script.is_none() {
                    self.unclear(
                        state,
                        way,
                        spot.clone(),
                        "which script runs is not understood",
                    );
                    return true;
                }
                more.push(word.clone());
                continue;
            };
            match text {
                _ if script.is_some() => more.push(word.clone()),
                "-C" | "--dir" | "--prefix" | "--cwd" => {
                    let to = words.next().and_then(Value::text);
                    inside = inside
                        .as_deref()
                        .zip(to)
                        .and_then(|(from, to)| joined(from, to));
                }
                "-w" if program == "pnpm" => inside = Some(String::new()),
                "--filter" | "-F" | "-w" | "--workspace" => {
                    chosen.extend(words.next().and_then(Value::text).map(str::to_owned));
                }
                "workspace" if program == "yarn" => {
                    chosen.extend(words.next().and_then(Value::text).map(str::to_owned));
                }
                "-r" | "--recursive" | "--workspaces" | "-ws" => all = true,
                "run" | "run-script" => run = true,
                option if option.starts_with('-') => {
                    if let Some((name, value)) = option.split_once('=') {
                        match name {
                            "--filter" | "--workspace" => chosen.push(value.to_owned()),
                            "--prefix" | "--cwd" => {
                                inside = inside.as_deref().and_then(|from| joined(from, value));
                            }
                            _ => {}
                        }
                    }
                }
                "t" | "tst" if !run => script = Some("test".to_owned()),
                name => script = Some(name.to_owned()),
            }
        }
        let Some(script) = script else { return false };
        // What is no script of npm's needs `run` before it.
        let known = ["test", "start", "stop", "restart"].contains(&script.as_str());
        if !run && (NOT_SCRIPTS.contains(&script.as_str()) || (program == "npm" && !known)) {
            return false;
        }
        // `bun test` is a runner and no script.
        if !run && program == "bun" {
            return false;
        }
        let packages = self.packages(inside.as_deref(), &chosen, all);
        let mut found = false;
        for path in packages {
            let Some(node) = self.package_file(&path) else {
                continue;
            };
            let scripts = node.get("scripts").map(Node::entries).unwrap_or_default();
            let is = |name: &str| scripts.iter().find(|(other, _)| other == name);
            if is(&script).is_none() {
                continue;
            }
            found = true;
            let names = [
                format!("pre{script}"),
                script.clone(),
                format!("post{script}"),
            ];
            for name in names {
                if let Some((_, node)) = is(&name) {
                    self.package_script(&path, &name, node, &more, state, way);
                }
            }
        }
        if !found && run {
            self.unclear(
                state,
                way,
                spot.clone(),
                "the script that runs is in no package.json of the repository",
            );
        }
        found || run
    }

    /// The package.json files that are meant.
    fn packages(&mut self, inside: Option<&str>, chosen: &[String], all: bool) -> Vec<String> {
        if chosen.is_empty() && !all {
            let inside = inside.unwrap_or_default();
            let own = upwards(inside).filter_map(|above| joined(above, "package.json"));
            let own: Vec<String> = own.collect();
            return own
                .into_iter()
                .find(|path| self.text(path).is_some())
                .into_iter()
                .collect();
        }
        let paths = self.tree.named("package.json");
        let mut meant = Vec::new();
        for path in paths {
            let name = self
                .package_file(&path)
                .and_then(|node| Some(node.get("name")?.text()?.to_owned()));
            let here = directory(&path);
            let matches = |wanted: &String| {
                let wanted = wanted.trim_matches(['{', '}', '.']);
                let plain = wanted.trim_start_matches("./").trim_start_matches('/');
                Some(wanted) == name.as_deref() || plain == here || wanted.contains('*')
            };
            if all || chosen.iter().any(matches) {
                meant.push(path);
            }
        }
        meant
    }

    /// What a package.json says.
    pub(in crate::check) fn package_file(&mut self, path: &str) -> Option<Node> {
        let text = self.text(path)?;
        json::read(&text).ok()
    }

    /// One script.
    pub(in crate::check) fn package_script(
        &mut self,
        path: &str,
        name: &str,
        node: &Node,
        more: &[Value],
        state: &State,
        way: &Way,
    ) {
        let Some(line) = node.text() else { return };
        let mut whole = line.to_owned();
        for word in more
            .iter()
            .filter_map(Value::text)
            .filter(|word| *word != "--")
        {
            whole.push(' ');
            whole.push_str(&shell_words::quote(word));
        }
        let file: Rc<str> = path.into();
        let piece = Piece::on_one_line(&file, whole, node.line);
        let mut own = state.of_program(Vec::new());
        own.directory = Some(directory(path).to_owned());
        self.call(format!("{path}: {name}"), way, |walker, way| {
            walker.script(&piece, &mut own, &way.in_program());
        });
    }
}
