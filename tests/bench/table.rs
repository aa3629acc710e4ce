//! The same figures for people and for programs.

use crate::contender::Skipped;
use serde::Serialize;
use std::io::{self, Write};

/// One table.
#[derive(Serialize)]
pub(crate) struct Report {
    /// What was measured, with its unit.
    pub(crate) title: String,
    /// The heads of the columns after the name.
    pub(crate) columns: Vec<String>,
    /// The rows.
    pub(crate) rows: Vec<Row>,
    /// What was aimed at, and what came of it.
    pub(crate) aims: Vec<Aim>,
}

/// One row; a figure that means nothing here is None.
#[derive(Serialize)]
pub(crate) struct Row {
    /// Who.
    pub(crate) name: String,
    /// What, in the order of the columns.
    pub(crate) figures: Vec<Option<f64>>,
}

/// A figure that was aimed at.
#[derive(Serialize)]
pub(crate) struct Aim {
    /// The sentence of it.
    pub(crate) what: String,
    /// The most that it may be.
    pub(crate) at_most: f64,
    /// What it is.
    pub(crate) is: f64,
    /// Whether that is good enough.
    pub(crate) met: bool,
}

impl Aim {
    /// Compares.
    pub(crate) fn new(what: &str, at_most: f64, is: f64) -> Aim {
        Aim {
            what: what.to_owned(),
            at_most,
            is,
            met: is <= at_most,
        }
    }
}

/// Tables as Markdown has them, so that they can be kept as they are.
pub(crate) fn text(mut out: impl Write, reports: &[Report]) -> io::Result<()> {
    for report in reports {
        writeln!(out, "\n{}\n", report.title)?;
        let widest = report.rows.iter().map(|row| row.name.len()).max();
        let name = widest.unwrap_or_default();
        write!(out, "| {:name$} |", "")?;
        for column in &report.columns {
            write!(out, " {column} |")?;
        }
        write!(out, "\n|{}|", "-".repeat(name + 2))?;
        for column in &report.columns {
            write!(out, "{}:|", "-".repeat(column.chars().count() + 1))?;
        }
        writeln!(out)?;
        for row in &report.rows {
            write!(out, "| {:name$} |", row.name)?;
            for (figure, column) in row.figures.iter().zip(&report.columns) {
                let text = figure.map(short).unwrap_or_default();
                write!(out, " {text:>width$} |", width = column.chars().count())?;
            }
            writeln!(out)?;
        }
        for aim in &report.aims {
            let verdict = if aim.met { "met" } else { "MISSED" };
            let (is, most) = (short(aim.is), short(aim.at_most));
            writeln!(out, "\n{verdict}: {}: {is}, aimed at {most}", aim.what)?;
        }
    }
    Ok(())
}

/// As many digits as mean something.
fn short(figure: f64) -> String {
    match figure.abs() {
        0.0 => "0".to_owned(),
        100.0.. => format!("{figure:.0}"),
        10.0.. => format!("{figure:.1}"),
        _ => format!("{figure:.2}"),
    }
}

/// One object.
pub(crate) fn json(mut out: impl Write, reports: &[Report], skipped: &[Skipped]) -> io::Result<()> {
    let skipped: serde_json::Map<_, _> = skipped
        .iter()
        .map(|skip| (skip.name.to_owned(), skip.why.clone().into()))
        .collect();
    let all = serde_json::json!({ "reports": reports, "skipped": skipped });
    serde_json::to_writer_pretty(&mut out, &all)?;
    writeln!(out)
}
