//! What `guardrun doctor` found out, and how it reads.

use super::json;
use super::voice::Voice;
use crate::exit::Exit;
use crate::outcome::{Lack, Resource};
use crate::values::Level;
use serde::Serialize;
use std::fmt::Write;

/// What was found out.
#[derive(Debug, Serialize)]
pub struct Findings {
    /// The kernel's release.
    pub kernel: String,
    /// The level that `auto` would use for a suite that asks for nothing.
    pub auto: Option<Level>,
    /// Each level, strongest first.
    pub levels: Vec<Finding>,
    /// The ceilings that the kernel would hold.
    pub ceilings: Vec<Resource>,
    /// Why no fence can be put up; None where one can.
    pub fence: Option<Unfenced>,
    /// Why no audit can be had; None where one can.
    pub audit: Option<Unfenced>,
    /// Where runs are recorded, or why they cannot be.
    pub records: Result<std::path::PathBuf, String>,
}

/// Why no fence can be put up, or no audit be had.
#[derive(Debug, Serialize)]
pub struct Unfenced {
    /// What was tried and why it failed, as one sentence without a full stop.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// One level.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// The level.
    pub level: Level,
    /// Why it cannot be had; None where it can.
    pub lack: Option<Lack>,
}

impl Findings {
    /// Whether a level at least this strong can be had.
    pub fn can(&self, wanted: Level) -> bool {
        self.levels
            .iter()
            .any(|finding| finding.level >= wanted && finding.lack.is_none())
    }
}

/// Prints what was found out.
pub fn findings(voice: &Voice, findings: &Findings) -> Exit {
    if voice.json {
        return super::data(&format!("{}\n", json::of(findings)));
    }
    let mut text = format!("kernel     {}\n", findings.kernel);
    let auto = findings.auto.map_or("nothing", |level| level.name());
    let _ = writeln!(
        text,
        "auto       {auto}: what a suite gets that asks for nothing"
    );
    match &findings.records {
        Ok(path) => drop(writeln!(text, "records    {}", path.display())),
        Err(error) => drop(writeln!(
            text,
            "records    cannot be written: {error}\n           hint: set XDG_RUNTIME_DIR to a directory of your own with mode 700"
        )),
    }
    for finding in &findings.levels {
        match &finding.lack {
            None => drop(writeln!(text, "{:<10} can be had", finding.level)),
            Some(lack) => drop(writeln!(
                text,
                "{:<10} cannot be had: {}\n           hint: {}",
                finding.level, lack.what, lack.remedy
            )),
        }
    }
    match &findings.fence {
        None => text.push_str("fence      can be put up\n"),
        Some(Unfenced { what, remedy }) => drop(writeln!(
            text,
            "fence      cannot be put up: {what}\n           hint: {remedy}"
        )),
    }
    match &findings.audit {
        None => text.push_str("audit      can be had\n"),
        Some(Unfenced { what, remedy }) => drop(writeln!(
            text,
            "audit      cannot be had: {what}\n           hint: {remedy}"
        )),
    }
    let held = |resource| findings.ceilings.contains(&resource);
    for (name, resource, otherwise) in [
        (
            "memory",
            Resource::Memory,
            "only watched, five times a second",
        ),
        (
            "processes",
            Resource::Processes,
            "only watched, five times a second",
        ),
        ("cpu", Resource::Cpu, "only kept by affinity"),
    ] {
        let how = if held(resource) {
            "held by the kernel"
        } else {
            otherwise
        };
        let _ = writeln!(text, "{name:<10} a ceiling is {how}");
    }
    if findings.ceilings.len() < 3 {
        let hint = "a cgroup of one's own with the controllers memory, pids and cpu: a systemd session, or Delegate=yes";
        let _ = writeln!(text, "           hint: {hint}");
    }
    super::data(&text)
}
