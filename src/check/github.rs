//! Workflows of GitHub Actions: their jobs and steps, reusable workflows and composite actions of the same repository.
//!
//! A matrix that is written down is gone through value by value; expressions are resolved in so far as they name a value of the matrix,
//! an input or a variable that is known. Actions of others are not read, except that a command handed to one as an input is followed.

use super::node::{Node, Value as Tree};
use super::piece::{Piece, Spot};
use super::state::{State, Value, mentions_ci};
use super::tree::joined;
use super::walk::{Starter, Walker, Way};
use super::yaml;
use crate::policy::rule::Rule;
use std::collections::BTreeMap;
use std::rc::Rc;

/// Where workflows are.
const WORKFLOWS: &str = ".github/workflows/";
/// The most values of a matrix that are gone through.
const MOST_CELLS: usize = 64;
/// How deep workflows and actions call each other (GitHub allows 4 and 10).
const DEEPEST: usize = 10;
/// Inputs by which actions of others take a command.
const COMMANDS: [&str; 5] = ["run", "command", "script", "cmd", "commands"];

/// Texts by name, such as `matrix.os`.
type Names = BTreeMap<String, String>;

/// Where a step stands.
#[derive(Clone)]
struct Stage {
    file: Rc<str>,
    names: Names,
    way: Way,
    depth: usize,
    shell: Option<String>,
}

/// Follows every workflow that something starts. Answers whether there was one.
pub(super) fn workflows(walker: &mut Walker<'_>) -> bool {
    let is_workflow = |path: &&String| {
        path.strip_prefix(WORKFLOWS).is_some_and(|name| {
            !name.contains('/') && (name.ends_with(".yml") || name.ends_with(".yaml"))
        })
    };
    let paths: Vec<String> = walker
        .tree
        .paths()
        .iter()
        .filter(is_workflow)
        .cloned()
        .collect();
    for path in &paths {
        let Some(root) = file(walker, path) else {
            continue;
        };
        let name: Rc<str> = path.as_str().into();
        let Some(events) = root.get("on") else {
            let spot = Spot::new(&name, 1, "");
            let what = "this workflow has no `on`, so nothing starts it".to_owned();
            walker.remark(Rule::NotUnderstood, spot, what, None);
            continue;
        };
        let named: Vec<&str> = match &events.value {
            Tree::Map(entries) => entries.iter().map(|(name, _)| name.as_str()).collect(),
            _ => events.items().into_iter().filter_map(Node::text).collect(),
        };
        let by_hand = |event: &str| matches!(event, "workflow_dispatch" | "repository_dispatch");
        let started: Vec<&str> = named
            .into_iter()
            .filter(|it| *it != "workflow_call")
            .collect();
        if started.is_empty() {
            continue;
        }
        let starter = match started.iter().all(|it| by_hand(it)) {
            true => Starter::Hand(Spot::new(&name, events.line, started[0])),
            false => Starter::Ci,
        };
        let stage = Stage {
            file: name,
            names: Names::new(),
            way: Way::new(starter),
            depth: 0,
            shell: None,
        };
        workflow(walker, &root, &stage);
    }
    !paths.is_empty()
}

/// What a YAML file says. That it is none is remarked.
pub(super) fn file(walker: &mut Walker<'_>, path: &str) -> Option<Node> {
    let text = walker.text(path)?;
    match yaml::read(&text) {
        Ok(node) => node,
        Err((line, why)) => {
            let spot = Spot::new(&path.into(), line, "");
            let what = format!("this file could not be read: {why}");
            walker.remark(Rule::Unreadable, spot, what, None);
            None
        }
    }
}

fn workflow(walker: &mut Walker<'_>, root: &Node, stage: &Stage) {
    let mut state = State {
        directory: Some(String::new()),
        ..State::default()
    };
    environment(walker, root, stage, &mut state);
    let shell = |node: &Node| {
        node.get("defaults")?
            .get("run")?
            .get("shell")?
            .text()
            .map(str::to_owned)
    };
    let jobs = root.get("jobs").map(Node::entries).unwrap_or_default();
    for (name, job) in jobs {
        for cell in cells(job) {
            let mut stage = stage.clone();
            stage.names.extend(cell);
            stage.shell = shell(job).or_else(|| shell(root)).or(stage.shell);
            let directory = |node: &Node| {
                let directory = node.get("defaults")?.get("run")?.get("working-directory")?;
                directory.text().map(str::to_owned)
            };
            let mut state = state.clone();
            if let Some(inside) = directory(job).or_else(|| directory(root)) {
                state.directory =
                    text_of(&inside, &stage.names, &state).and_then(|it| joined("", &it));
            }
            condition(job, &mut stage, &state);
            continues(walker, job, &mut stage, &state, name);
            if let Some(called) = job.get("uses").and_then(Node::text) {
                called_workflow(walker, job, called, &stage, &state);
                continue;
            }
            environment(walker, job, &stage, &mut state);
            let steps = job.get("steps").map(Node::items).unwrap_or_default();
            self::steps(walker, &steps, &stage, &mut state);
        }
    }
}

/// `jobs.NAME.uses: ./.github/workflows/X.yml`. Nothing of the environment reaches what is called; its inputs do.
fn called_workflow(
    walker: &mut Walker<'_>,
    job: &Node,
    called: &str,
    stage: &Stage,
    state: &State,
) {
    let path = called.strip_prefix("./").filter(|_| stage.depth < DEEPEST);
    let Some(root) = path.and_then(|path| file(walker, path)) else {
        if path.is_some() {
            let spot = Spot::new(&stage.file, job.line, called);
            let what = "the workflow that is called is not in the repository".to_owned();
            walker.remark(Rule::NotUnderstood, spot, what, None);
        }
        return;
    };
    let inputs = root
        .get("on")
        .and_then(|on| on.get("workflow_call"))
        .and_then(|it| it.get("inputs"));
    let inner = Stage {
        file: path.unwrap_or_default().into(),
        names: given(inputs, job.get("with"), &stage.names, state),
        depth: stage.depth + 1,
        shell: None,
        ..stage.clone()
    };
    workflow(walker, &root, &inner);
}

/// The inputs of what is called: what is given, or else their defaults.
fn given(inputs: Option<&Node>, with: Option<&Node>, names: &Names, state: &State) -> Names {
    let mut given = Names::new();
    for (name, input) in inputs.map(Node::entries).unwrap_or_default() {
        let default = input.get("default").and_then(Node::text);
        let with = with.and_then(|with| with.get(name)).and_then(Node::text);
        let text = match with {
            Some(text) => text_of(text, names, state),
            None => Some(default.unwrap_or_default().to_owned()),
        };
        if let Some(text) = text {
            given.insert(format!("inputs.{name}"), text);
        }
    }
    given
}

fn steps(walker: &mut Walker<'_>, steps: &[&Node], stage: &Stage, state: &mut State) {
    for step in steps {
        for (name, value) in std::mem::take(&mut walker.later) {
            state.set(&name, value, true);
        }
        let mut stage = stage.clone();
        let mut own = state.clone();
        environment(walker, step, &stage, &mut own);
        condition(step, &mut stage, &own);
        continues(walker, step, &mut stage, &own, "the step");
        if let Some(inside) = step.get("working-directory").and_then(Node::text) {
            own.directory = text_of(inside, &stage.names, &own).and_then(|it| joined("", &it));
        }
        let shell = step
            .get("shell")
            .and_then(Node::text)
            .map(str::to_owned)
            .or(stage.shell.clone());
        match (step.get("run"), step.get("uses").and_then(Node::text)) {
            (Some(run), _) => runs(walker, run, shell.as_deref(), &stage, &own),
            (None, Some(action)) => used(walker, step, action, &stage, &own),
            (None, None) => {}
        }
    }
    walker.later.clear();
}

/// `run:`
fn runs(walker: &mut Walker<'_>, run: &Node, shell: Option<&str>, stage: &Stage, state: &State) {
    let Some(written) = run.text() else { return };
    let text = resolved(written, &stage.names, state);
    let mut state = state.of_program(Vec::new());
    // What GitHub calls a shell without a word about it: without one, `bash -e`; with `bash`, also `-o pipefail`.
    match shell {
        None | Some("sh") => state.stops_at_failure = true,
        Some("bash") => (state.stops_at_failure, state.pipes_fail) = (true, true),
        Some(line) if line.contains("sh ") && !line.starts_with("pwsh") => {
            let mut words = line.split_whitespace();
            let mut short = words
                .clone()
                .filter(|it| it.starts_with('-') && !it.starts_with("--"));
            state.stops_at_failure = short.any(|it| it.contains('e'));
            state.pipes_fail = words.any(|it| it == "pipefail");
        }
        Some(other) => {
            let spot = Spot::new(&stage.file, run.line, "");
            let what = format!(
                "the shell `{}` is not one that is understood",
                crate::policy::text::shortened(other, 40)
            );
            return walker.unclear(&state, &stage.way, spot, &what);
        }
    }
    let piece = Piece::of(&stage.file, run, text);
    walker.script(&piece, &mut state, &stage.way);
}

/// `uses:`
fn used(walker: &mut Walker<'_>, step: &Node, action: &str, stage: &Stage, state: &State) {
    let with = step.get("with");
    let Some(path) = action.strip_prefix("./") else {
        // An action of somebody else may take a command.
        for name in COMMANDS {
            if let Some(run) = with.and_then(|with| with.get(name)) {
                runs(walker, run, None, stage, state);
            }
        }
        return;
    };
    let names = ["action.yml", "action.yaml"].map(|name| joined(path, name));
    let found = names
        .into_iter()
        .flatten()
        .find_map(|path| Some((file(walker, &path)?, path)));
    let Some((root, path)) = found.filter(|_| stage.depth < DEEPEST) else {
        let spot = Spot::new(&stage.file, step.line, action);
        return walker.unclear(
            state,
            &stage.way,
            spot,
            "the action that is used is not in the repository",
        );
    };
    let inner = Stage {
        file: path.as_str().into(),
        names: given(root.get("inputs"), with, &stage.names, state),
        depth: stage.depth + 1,
        shell: None,
        ..stage.clone()
    };
    let steps = root
        .get("runs")
        .and_then(|runs| runs.get("steps"))
        .map(Node::items)
        .unwrap_or_default();
    let later = std::mem::take(&mut walker.later);
    self::steps(walker, &steps, &inner, &mut state.clone());
    walker.later = later;
}

/// `env:`
fn environment(walker: &mut Walker<'_>, node: &Node, stage: &Stage, state: &mut State) {
    let entries = node.get("env").map(Node::entries).unwrap_or_default();
    for (name, node) in entries {
        let Some(written) = node.text() else { continue };
        let value = match text_of(written, &stage.names, state) {
            Some(text) => Value::Text(text),
            None => Value::of_opaque(written),
        };
        walker.assigned(name, &value, &stage.way, &Spot::of(&stage.file, name, node));
        state.set(name, value, true);
    }
}

/// `if:`
fn condition(node: &Node, stage: &mut Stage, state: &State) {
    let Some(condition) = node.get("if") else {
        return;
    };
    let Some(written) = condition.text() else {
        return;
    };
    let text = resolved(written, &stage.names, state);
    let text = text
        .trim()
        .trim_start_matches("${{")
        .trim_end_matches("}}")
        .trim();
    let spot = Spot::new(&stage.file, condition.line, written);
    let way = &mut stage.way;
    let is_open = |text: &str| {
        [
            "true",
            "always()",
            "success()",
            "!cancelled()",
            "",
            "! cancelled()",
        ]
        .contains(&text)
    };
    match decided(text) {
        Some(true) => {}
        Some(false) => way.off = way.off.take().or(Some(spot)),
        None if mentions_ci(text) => way.ci = way.ci.take().or(Some(spot)),
        None if is_open(text) => {}
        None => way.condition = way.condition.take().or(Some(spot)),
    }
}

/// What a condition comes to, where it only compares texts.
fn decided(text: &str) -> Option<bool> {
    let literal = |text: &str| {
        let text = text.trim();
        match text {
            "true" | "false" => Some(text.to_owned()),
            _ => {
                let inside = text.strip_prefix('\'')?.strip_suffix('\'')?;
                (!inside.contains('\'')).then(|| inside.to_owned())
            }
        }
    };
    match text {
        "false" | "0" | "''" | "null" => return Some(false),
        _ => {}
    }
    if text.contains("&&") {
        let parts: Vec<Option<bool>> = text.split("&&").map(|part| decided(part.trim())).collect();
        if parts.contains(&Some(false)) {
            return Some(false);
        }
        return parts.iter().all(|part| *part == Some(true)).then_some(true);
    }
    if text.contains("||") {
        return None;
    }
    for (sign, equal) in [("==", true), ("!=", false)] {
        if let Some((left, right)) = text.split_once(sign) {
            let (left, right) = (literal(left)?, literal(right)?);
            return Some(left.eq_ignore_ascii_case(&right) == equal);
        }
    }
    None
}

/// `continue-on-error:`
fn continues(walker: &mut Walker<'_>, node: &Node, stage: &mut Stage, state: &State, whose: &str) {
    let Some(continues) = node.get("continue-on-error") else {
        return;
    };
    let Some(written) = continues.text() else {
        return;
    };
    let text = text_of(written, &stage.names, state);
    let spot = Spot::new(&stage.file, continues.line, "continue-on-error");
    match text.as_deref() {
        Some("false" | "") => {}
        Some("true") => {
            let why = format!("`continue-on-error` passes over the failure of {whose}");
            stage.way = stage.way.losing(spot, why);
        }
        _ => walker.unclear(
            state,
            &stage.way,
            spot,
            "whether its failure is passed over is not understood",
        ),
    }
}

/// The cells of a job's matrix, each as names; one without names where there is no matrix that is written down.
fn cells(job: &Node) -> Vec<Names> {
    let matrix = job
        .get("strategy")
        .and_then(|strategy| strategy.get("matrix"));
    let mut cells = vec![Names::new()];
    let mut included = Vec::new();
    for (name, values) in matrix.map(Node::entries).unwrap_or_default() {
        match (name.as_str(), &values.value) {
            ("exclude", _) => {}
            ("include", Tree::List(items)) => {
                for item in items {
                    let mut names = Names::new();
                    flatten("matrix", item, &mut names);
                    included.push(names);
                }
            }
            (name, Tree::List(items)) => {
                let mut more = Vec::new();
                for cell in &cells {
                    for item in items {
                        let mut cell = cell.clone();
                        flatten(&format!("matrix.{name}"), item, &mut cell);
                        more.push(cell);
                    }
                }
                more.truncate(MOST_CELLS);
                if !more.is_empty() {
                    cells = more;
                }
            }
            _ => {}
        }
    }
    // Whether an entry adds to a cell or is one of its own makes no difference to what can be set.
    if let [only] = cells.as_slice()
        && only.is_empty()
        && !included.is_empty()
    {
        cells = included;
    } else {
        let base: Vec<Names> = cells.clone();
        for names in included {
            let fits = |cell: &&Names| {
                names
                    .iter()
                    .all(|(name, text)| cell.get(name).is_none_or(|it| it == text))
            };
            let mut fitting = base.iter().filter(fits).map(|cell| {
                let mut cell = cell.clone();
                cell.extend(names.clone());
                cell
            });
            match fitting.next() {
                Some(first) => {
                    cells.push(first);
                    cells.extend(fitting);
                }
                None => cells.push(names),
            }
        }
    }
    cells.truncate(MOST_CELLS);
    cells
}

fn flatten(name: &str, node: &Node, names: &mut Names) {
    match &node.value {
        Tree::Text(text, _) => drop(names.insert(name.to_owned(), text.clone())),
        Tree::Map(entries) => {
            for (own, node) in entries {
                flatten(&format!("{name}.{own}"), node, names);
            }
        }
        Tree::List(_) => {}
    }
}

/// A text with those of its expressions resolved that name something known; the others are left.
fn resolved(text: &str, names: &Names, state: &State) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${{") {
        whole.push_str(before);
        let Some((inside, after)) = after.split_once("}}") else {
            whole.push_str("${{");
            rest = after;
            break;
        };
        match value_of(inside.trim(), names, state) {
            Some(text) => whole.push_str(&text),
            None => whole.push_str(&format!("${{{{{}}}}}", bare(inside, names, state))),
        }
        rest = after;
    }
    whole.push_str(rest);
    // A condition may be written without the marks.
    match text.contains("${{") {
        true => whole,
        false => bare(&whole, names, state),
    }
}

/// An expression in which names that are known stand as texts between quotes.
fn bare(text: &str, names: &Names, state: &State) -> String {
    let mut whole = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let is_part = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
        let start = rest
            .find(|c: char| c.is_ascii_alphabetic())
            .unwrap_or(rest.len());
        whole.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let word = &rest[..end];
        let context = ["matrix.", "inputs."]
            .iter()
            .any(|context| word.starts_with(context));
        match value_of(word, names, state).filter(|_| context) {
            Some(text) if matches!(text.as_str(), "true" | "false") => whole.push_str(&text),
            Some(text) => whole.push_str(&format!("'{text}'")),
            None => whole.push_str(word),
        }
        rest = &rest[end..];
    }
    whole
}

/// The value of an expression that is one name, or one text.
fn value_of(inside: &str, names: &Names, state: &State) -> Option<String> {
    if let Some(name) = inside.strip_prefix("env.") {
        return state.of_environment(name)?.text().map(str::to_owned);
    }
    if let Some(text) = names.get(inside) {
        return Some(text.clone());
    }
    let text = inside.strip_prefix('\'')?.strip_suffix('\'')?;
    (!text.contains('\'')).then(|| text.to_owned())
}

/// The whole text, if all of it is known.
fn text_of(written: &str, names: &Names, state: &State) -> Option<String> {
    if !written.contains("${{") {
        return Some(written.to_owned());
    }
    let text = resolved(written, names, state);
    (!text.contains("${{")).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::{cells, decided};
    use crate::check::yaml;

    #[test]
    fn a_matrix_is_gone_through_cell_by_cell() {
        let job = "strategy:\n  matrix:\n    os: [a, b]\n    n: [1, 2]\n    include:\n      - {os: c, n: 3}\n      - {os: a, x: y}\n";
        let job = yaml::read(job).unwrap().unwrap();
        let cells = cells(&job);
        assert_eq!(cells.len(), 7, "{cells:?}");
        assert!(
            cells
                .iter()
                .any(|cell| cell.get("matrix.os").is_some_and(|os| os == "c"))
        );
    }

    #[test]
    fn a_condition_over_texts_is_decided_and_no_other_is() {
        for (text, expected) in [
            ("false", Some(false)),
            ("'a' == 'A'", Some(true)),
            ("'a' != 'a' && github.x", Some(false)),
            ("github.event_name == 'push'", None),
            ("'a' == 'b' || x", None),
        ] {
            assert_eq!(decided(text), expected, "{text}");
        }
    }
}
