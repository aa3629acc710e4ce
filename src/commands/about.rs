//! `guardrun about TOPIC`, `guardrun completions` and `guardrun man`: what is known without looking at anything.

use crate::cli::{Cli, Topic};
use crate::exit::Exit;
use crate::report::{self, Voice};
use clap::CommandFactory;
use clap_complete::Shell;

pub(super) fn about(voice: &Voice, topic: Topic) -> Exit {
    match topic {
        Topic::ExitCodes => report::exit_codes(voice),
        Topic::Levels => report::levels(),
    }
}

pub(super) fn completions(shell: Shell) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "guardrun", &mut text);
    report::data(&String::from_utf8_lossy(&text))
}

pub(super) fn man() -> Exit {
    let mut text = Vec::new();
    match clap_mangen::Man::new(Cli::command()).render(&mut text) {
        Ok(()) => report::data(&String::from_utf8_lossy(&text)),
        Err(_) => Exit::Code(1),
    }
}
