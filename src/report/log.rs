//! What guardrun does, step by step, for those who work on it: GUARDRUN_LOG=debug. Users are never told anything this way.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts writing the log to stderr, if GUARDRUN_LOG asks for it: a level, or targets with levels, such as
/// `guardrun::run=trace`. Answers with what is wrong with it.
pub fn start_log() -> Result<(), String> {
    let Some(wanted) = std::env::var_os("GUARDRUN_LOG").filter(|wanted| !wanted.is_empty()) else {
        return Ok(());
    };
    let wanted = wanted.to_string_lossy();
    let filter: Targets = wanted.parse().map_err(|error| {
        format!("GUARDRUN_LOG={wanted}: {error}\nhint: write a level, such as GUARDRUN_LOG=debug")
    })?;
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .without_time();
    tracing_subscriber::registry()
        .with(lines)
        .with(filter)
        .init();
    Ok(())
}
