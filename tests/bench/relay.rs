//! What it costs to pass a suite's output on: bytes per second from a suite through a pipe to its reader, with nothing in between,
//! with guardrun out of the way, with guardrun relaying, and with cat(1), which does nothing else.

use crate::contender::guardrun;
use crate::figures::Sample;
use crate::start::{self, RUN};
use crate::table::{Aim, Report, Row};
use std::ffi::OsString;
use std::io::{self, Read};
use std::process::Stdio;
use std::time::Instant;

/// Bytes in one turn.
const BYTES: u64 = 256 * 1024 * 1024;
/// Turns that are not counted.
const WARM_UP: usize = 1;

/// Measures everybody in turns.
pub(crate) fn measure(rounds: usize) -> io::Result<Report> {
    let contenders = [
        ("nothing in between", bare()),
        ("guardrun without an idle limit", held(&[])),
        ("guardrun with an idle limit", held(&["--idle", "10m"])),
        ("cat in between", cat()),
    ];
    let mut samples = vec![Sample::default(); contenders.len()];
    for round in 0..WARM_UP + rounds {
        for ((_, words), sample) in contenders.iter().zip(&mut samples) {
            let rate = once(words)?;
            if round >= WARM_UP {
                sample.0.push(rate);
            }
        }
    }
    let ratio = |sample: &Sample, other: usize| {
        let of_each = sample.with(&samples[other], |one, other| one / other);
        of_each.median()
    };
    let rows = contenders
        .iter()
        .zip(&samples)
        .map(|((name, _), sample)| Row {
            name: (*name).to_owned(),
            figures: vec![
                Some(sample.median()),
                Some(sample.quantile(0.25)),
                Some(sample.quantile(0.75)),
                Some(ratio(sample, 0)),
                Some(ratio(sample, 3)),
            ],
        });
    Ok(Report {
        title: format!("Output passed on, MB/s, {rounds} turns of 256 MiB"),
        columns: [
            "median",
            "lower quartile",
            "upper quartile",
            "÷ nothing",
            "÷ cat",
        ]
        .map(str::to_owned)
        .to_vec(),
        rows: rows.collect(),
        aims: vec![Aim::new(
            "time through a relay over time through cat",
            1.2,
            1.0 / ratio(&samples[2], 3),
        )],
    })
}

fn suite() -> Vec<OsString> {
    let bytes = BYTES.to_string();
    ["head", "-c", &bytes, "/dev/zero"]
        .map(OsString::from)
        .to_vec()
}

fn bare() -> Vec<OsString> {
    suite()
}

fn held(options: &[&str]) -> Vec<OsString> {
    let mut words = vec![guardrun(), "-q".into()];
    words.extend(options.iter().map(OsString::from));
    words.push("--".into());
    words.extend(suite());
    words
}

fn cat() -> Vec<OsString> {
    let script = format!("head -c {BYTES} /dev/zero | cat");
    vec!["sh".into(), "-c".into(), script.into()]
}

/// Megabytes per second of one run.
fn once(words: &[OsString]) -> io::Result<f64> {
    let begin = Instant::now();
    let mut child = start::quiet(&[], words).stdout(Stdio::piped()).spawn()?;
    let mut out = child.stdout.take().expect("it is piped");
    let mut piece = vec![0; 64 * 1024];
    let mut all = 0;
    loop {
        match out.read(&mut piece)? {
            0 => break,
            got => all += got as u64,
        }
    }
    let took = begin.elapsed();
    let status = start::end_within(child, RUN)?;
    match status.success() && all == BYTES {
        true => Ok(BYTES as f64 / 1e6 / took.as_secs_f64()),
        false => Err(io::Error::other(format!("{all} bytes, {status}"))),
    }
}
