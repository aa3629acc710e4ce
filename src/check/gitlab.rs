//! .gitlab-ci.yml: the scripts of its jobs. Read are `variables`, `before_script`, `script`, `extends`, `default`, `allow_failure`, `when`
//! and local includes; of `rules` only `when`.

use super::github;
use super::node::{Node, Value as Tree};
use super::piece::{Piece, Spot};
use super::state::{State, Value};
use super::tree::joined;
use super::walk::{Starter, Walker, Way};
use std::rc::Rc;

/// The file.
const FILE: &str = ".gitlab-ci.yml";
/// How far jobs extend each other.
const DEEPEST: usize = 8;
/// The most files that are included.
const MOST_FILES: usize = 50;
/// Names at the top that are no jobs.
const NOT_JOBS: [&str; 8] = [
    "default",
    "include",
    "stages",
    "variables",
    "workflow",
    "image",
    "services",
    "cache",
];

/// Follows every job. Answers whether there is a file.
pub(super) fn pipeline(walker: &mut Walker<'_>) -> bool {
    let Some(root) = github::file(walker, FILE) else {
        return walker.text(FILE).is_some();
    };
    let mut files = vec![(Rc::<str>::from(FILE), root)];
    let mut at = 0;
    while at < files.len() && files.len() < MOST_FILES {
        for path in included(&files[at].1) {
            let path = joined("", path.trim_start_matches('/'));
            let known = |path: &str| files.iter().any(|(file, _)| **file == *path);
            if let Some(path) = path.filter(|path| !known(path) && !path.contains('*'))
                && let Some(node) = github::file(walker, &path)
            {
                files.push((path.as_str().into(), node));
            }
        }
        at += 1;
    }
    let find = |name: &str| {
        files
            .iter()
            .find_map(|(file, root)| Some((file, root.get(name)?)))
    };
    for (file, root) in &files {
        for (name, node) in root.entries() {
            if !NOT_JOBS.contains(&name.as_str()) && !name.starts_with('.') {
                job(walker, name, file, node, &files, &find);
            }
        }
    }
    true
}

fn included(root: &Node) -> Vec<String> {
    let Some(include) = root.get("include") else {
        return Vec::new();
    };
    let one = |node: &Node| match &node.value {
        Tree::Text(text, _) => Some(text.clone()),
        _ => Some(node.get("local")?.text()?.to_owned()),
    };
    let all = match &include.value {
        Tree::List(items) => items.iter().filter_map(one).collect(),
        _ => one(include).into_iter().collect::<Vec<_>>(),
    };
    all.into_iter()
        .filter(|path| !path.contains("://"))
        .collect()
}

type Found<'n> = (&'n Rc<str>, &'n Node);

fn job<'n>(
    walker: &mut Walker<'_>,
    name: &str,
    file: &'n Rc<str>,
    node: &'n Node,
    files: &'n [(Rc<str>, Node)],
    find: &impl Fn(&str) -> Option<Found<'n>>,
) {
    // The job, and what it extends, the nearest first.
    let mut chain: Vec<Found<'n>> = vec![(file, node)];
    let mut at = 0;
    while at < chain.len() && chain.len() < DEEPEST {
        let extends = chain[at]
            .1
            .get("extends")
            .map(Node::items)
            .unwrap_or_default();
        chain.extend(extends.iter().rev().filter_map(|name| find(name.text()?)));
        at += 1;
    }
    let defaults = files
        .iter()
        .filter_map(|(file, root)| Some((file, root.get("default")?)));
    let tops = files.iter().map(|(file, root)| (file, root));
    let key = |key: &str| {
        let all = chain.iter().copied().chain(defaults.clone());
        let mut all = all.chain(tops.clone().filter(|_| key == "before_script"));
        all.find_map(|(file, node)| Some((file, node.get(key)?)))
    };
    let Some((script_file, script)) = key("script") else {
        return;
    };
    let mut way = Way::new(Starter::Ci);
    if let Some((file, when)) = key("when") {
        let spot = Spot::of(file, "when", when);
        match when.text() {
            Some("manual") => way.starter = Starter::Hand(spot),
            Some("never") => way.off = Some(spot),
            Some("on_failure") => way.condition = Some(spot),
            _ => {}
        }
    }
    if let Some((file, rules)) = key("rules") {
        let items = rules.items();
        let when = |rule: &&Node| rule.get("when").and_then(Node::text).map(str::to_owned);
        let spot = Spot::of(file, "rules", rules);
        let all = |word: &str| {
            !items.is_empty() && items.iter().all(|it| when(it).as_deref() == Some(word))
        };
        if all("never") {
            way.off = Some(spot);
        } else if all("manual") {
            way.starter = Starter::Hand(spot);
        } else if items.iter().all(|rule| rule.get("if").is_some()) {
            way.condition = Some(spot);
        }
    }
    let mut state = State {
        directory: Some(String::new()),
        stops_at_failure: true,
        pipes_fail: true,
        ..State::default()
    };
    if let Some((file, allowed)) = key("allow_failure")
        && allowed.text() == Some("true")
    {
        let spot = Spot::of(file, "allow_failure", allowed);
        let why = format!("`allow_failure` passes over the failure of {name}");
        way = way.losing(spot, why);
    }
    let variables = tops.clone().chain(chain.iter().rev().copied());
    for (file, node) in variables.collect::<Vec<_>>() {
        let entries = node.get("variables").map(Node::entries).unwrap_or_default();
        for (name, node) in entries {
            let node = node.get("value").unwrap_or(node);
            let Some(written) = node.text() else { continue };
            let value = match written.contains('$') {
                true => Value::of_opaque(written),
                false => Value::Text(written.to_owned()),
            };
            walker.assigned(name, &value, &way, &Spot::of(file, name, node));
            state.set(name, value, true);
        }
    }
    let before = key("before_script");
    let lists = before.into_iter().chain([(script_file, script)]);
    for (file, list) in lists {
        for line in lines(list) {
            let Some(text) = line.text() else { continue };
            let piece = Piece::of(file, line, text.to_owned());
            walker.script(&piece, &mut state, &way);
        }
    }
}

/// The lines of a script; lists in it are lines as well.
fn lines(node: &Node) -> Vec<&Node> {
    match &node.value {
        Tree::List(items) => items.iter().flat_map(lines).collect(),
        Tree::Text(..) => vec![node],
        Tree::Map(_) => Vec::new(),
    }
}
