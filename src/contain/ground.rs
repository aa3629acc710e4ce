//! Where a leaf for the suite is made, and which controllers it will have there (cgroup-v2.rst, "Controllers").
//!
//! A controller can be had below a cgroup that has it, hands it down (cgroup.subtree_control), and, for memory, holds no process of
//! its own. As an ordinary user one must own that cgroup, and already be somewhere below it. What is asked for is never
//! taken back: another run beside this one may rely on it by then.
//!
//! Where systemd runs, only the cgroup that guardrun was started in and a scope asked for are used: all others are systemd's. A
//! guardrun inside another's leaf stays in it: a leaf elsewhere would be out of reach of the outer ceilings.

use super::{cgroup, scope};
use crate::outcome::{Resource, Step};
use nix::unistd::{AccessFlags, access};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// How many cgroups one looks upwards at the most.
const HIGHEST: usize = 64;

/// A place for a leaf.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// The cgroup to make it in.
    pub parent: PathBuf,
    /// What the kernel can limit there, of what was asked for.
    pub limits: Vec<Resource>,
}

/// The controller that limits this; None for what no controller is about.
fn controller(resource: Resource) -> Option<&'static str> {
    match resource {
        Resource::Memory => Some("memory"),
        Resource::Processes => Some("pids"),
        Resource::Cpu => Some("cpu"),
        Resource::OpenFiles => None,
    }
}

/// The best place for a leaf in which the kernel is to limit `wanted`. `name` is for the scope, should one be needed. The error
/// says that there is no place at all, with or without controllers.
pub fn ground(name: &str, wanted: &[Resource]) -> Result<Ground, (Step, i32)> {
    if wanted.is_empty() {
        return scope::place(name).map(|parent| Ground {
            parent,
            limits: Vec::new(),
        });
    }
    let own = cgroup::own().map_err(|_| (Step::FindCgroup, 0))?;
    if let Some(parent) = own.parent().filter(|_| own.ends_with(aside(name))) {
        // An attempt at another level has been here before.
        let limits = hand_down(parent, wanted);
        return Ok(Ground {
            parent: parent.to_owned(),
            limits,
        });
    }
    let mut best: Option<Ground> = None;
    for candidate in candidates(&own) {
        let limits = hand_down(&candidate, wanted);
        if best
            .as_ref()
            .is_none_or(|best| limits.len() > best.limits.len())
        {
            best = Some(Ground {
                parent: candidate,
                limits,
            });
        }
    }
    if best.as_ref().is_some_and(|best| best.limits == wanted) || is_leaf(&own) {
        return best.ok_or((Step::MakeLeaf, nix::Error::EACCES as i32));
    }
    match in_scope(name, wanted) {
        Some(scope) => Ok(scope),
        None => best.ok_or((Step::MakeLeaf, nix::Error::EACCES as i32)),
    }
}

/// Where the front is put in its scope.
fn aside(name: &str) -> PathBuf {
    Path::new(&format!("{name}.scope")).join("guardrun-front")
}

/// A new scope, with this process out of the way in it: a cgroup that hands memory down may hold no process.
fn in_scope(name: &str, wanted: &[Resource]) -> Option<Ground> {
    let parent = scope::enter(name).ok()?;
    let aside = parent.with_file_name(aside(name));
    fs::create_dir(&aside).ok()?;
    fs::write(aside.join("cgroup.procs"), "0").ok()?;
    let limits = hand_down(&parent, wanted);
    Some(Ground { parent, limits })
}

/// The cgroups in which a leaf could be made, nearest first.
fn candidates(own: &Path) -> Vec<PathBuf> {
    let highest = if is_leaf(own) || scope::booted() {
        1
    } else {
        HIGHEST
    };
    own.ancestors()
        .take(highest)
        .take_while(|path| path.join("cgroup.procs").exists())
        .filter(|path| may_write(path) && may_write(&path.join("cgroup.procs")))
        .map(Path::to_owned)
        .collect()
}

/// Whether this is inside a run of another guardrun.
fn is_leaf(own: &Path) -> bool {
    own.iter()
        .any(|part| part.to_string_lossy().starts_with("guardrun-"))
}

fn may_write(path: &Path) -> bool {
    access(path, AccessFlags::W_OK).is_ok()
}

/// Asks a cgroup to hand down what is wanted, one by one; answers with what it hands down.
fn hand_down(path: &Path, wanted: &[Resource]) -> Vec<Resource> {
    let has = |file: &str, name: &str| {
        let list = fs::read_to_string(path.join(file)).unwrap_or_default();
        list.split_ascii_whitespace().any(|word| word == name)
    };
    // With processes of its own it could hand down pids and cpu, and would be a threaded domain from then on, in which no
    // leaf can be populated. The root is exempt, and known by having no type.
    let whole =
        fs::read_to_string(path.join("cgroup.type")).map_or(true, |kind| kind == "domain\n");
    if !whole {
        return Vec::new();
    }
    let root = !path.join("cgroup.type").exists();
    let vacant = root || fs::read(path.join("cgroup.procs")).is_ok_and(|list| list.is_empty());
    let ask = |name: &str| -> io::Result<()> {
        fs::write(path.join("cgroup.subtree_control"), format!("+{name}"))
    };
    let can = |resource: &Resource| {
        controller(*resource).is_some_and(|name| {
            has("cgroup.subtree_control", name)
                || (vacant && has("cgroup.controllers", name) && ask(name).is_ok())
        })
    };
    wanted.iter().copied().filter(can).collect()
}
