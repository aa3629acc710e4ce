//! How much longer `X -- true` takes than `true`.

use crate::contender::{BARE, BWRAP, Contender, TIMEOUT};
use crate::figures::Sample;
use crate::start::{self, RUN};
use crate::table::{Aim, Report, Row};
use std::io;
use std::time::Instant;

/// Turns that are not counted: the first finds cold caches.
const WARM_UP: usize = 3;

/// Measures everybody in turns.
pub(crate) fn measure(contenders: &[Contender], rounds: usize) -> io::Result<Report> {
    let mut samples = vec![Sample::default(); contenders.len()];
    for round in 0..WARM_UP + rounds {
        for (contender, sample) in contenders.iter().zip(&mut samples) {
            let took = once(contender)?;
            if round >= WARM_UP {
                sample.0.push(took);
            }
        }
    }
    let of = |name: &str| {
        let at = contenders.iter().position(|other| other.name == name);
        at.map(|at| &samples[at])
    };
    let over_bare = |sample: &Sample| of(BARE).map(|bare| sample.with(bare, |x, bare| x - bare));
    let rows = contenders.iter().zip(&samples).map(|(contender, sample)| {
        let overhead = over_bare(sample).map(|overhead| overhead.median());
        let against = |peer: &str| over_bare(of(peer)?).map(|overhead| overhead.median());
        let share = |peer: &str| Some(overhead? / against(peer)?);
        let times = |peer: &str| Some(sample.with(of(peer)?, |x, peer| x / peer).median());
        Row {
            name: contender.name.to_owned(),
            figures: vec![
                Some(sample.median()),
                Some(sample.quantile(0.25)),
                Some(sample.quantile(0.75)),
                overhead,
                share(BWRAP),
                times(TIMEOUT),
            ],
        }
    });
    let rows: Vec<Row> = rows.collect();
    let figure = |name: &str, column: usize| {
        let row = rows.iter().find(|row| row.name == name)?;
        row.figures[column]
    };
    let aim = |what, name, column, most| Some(Aim::new(what, most, figure(name, column)?));
    let aims = [
        aim(
            "overhead at level namespace over that of bwrap",
            "guardrun namespace",
            4,
            0.5,
        ),
        aim(
            "wall time at level subreaper over that of timeout",
            "guardrun subreaper",
            5,
            1.5,
        ),
    ];
    Ok(Report {
        title: format!("Wall time of `X -- true`, milliseconds, {rounds} turns"),
        columns: [
            "median",
            "lower quartile",
            "upper quartile",
            "over bare",
            "÷ bwrap's over bare",
            "÷ timeout",
        ]
        .map(str::to_owned)
        .to_vec(),
        aims: aims.into_iter().flatten().collect(),
        rows,
    })
}

/// Milliseconds of one run.
fn once(contender: &Contender) -> io::Result<f64> {
    let mut command = start::quiet(&contender.words, &["true".into()]);
    let begin = Instant::now();
    let status = start::end_within(command.spawn()?, RUN)?;
    let took = begin.elapsed();
    match status.success() {
        true => Ok(took.as_secs_f64() * 1e3),
        false => Err(io::Error::other(format!("{}: {status}", contender.name))),
    }
}
