//! The badly behaved program that the tests run under guardrun, and the rooms that it can do no harm in.
//!
//! One program with many manners, chosen by its first word; each manner has its file:
//!
//! * `play SHAPE` — a suite that tries to leave something behind in one particular way, and then ends as it is told
//!   to (`shape.rs`, `leader.rs`);
//! * `room -- COMMAND` — a pid namespace in which COMMAND and whatever comes of it live; it ends when the test does,
//!   and can say for certain when nothing is left in it (`room.rs`);
//! * `stage -- COMMAND` — what stands above guardrun in a test: its parent, its terminal, its user (`stage.rs`);
//! * `hog`, `herd`, `crowd` — programs that take more than their share (`greedy.rs`);
//! * `try DEED`, `start-by WAY -- COMMAND` — what a fence forbids, by each way there is (`fenced.rs`);
//! * `exit`, `die`, `show` and so on — small programs with one property each (`show.rs`, `small.rs`).
//!
//! Whatever the manner, every process ends by itself: `life.rs`.

#![no_main]

mod fenced;
mod greedy;
mod leader;
mod life;
mod room;
mod shape;
mod show;
mod small;
mod stage;
mod sys;
mod words;

use words::Words;

/// The whole program; `sys::main` calls it, and exits with what it gives.
fn act() -> i32 {
    let mut words = Words::from_command_line();
    life::begin(&words);
    let manner = words.manner();
    let done = match manner.as_str() {
        "play" => leader::play(&mut words),
        "lurk" => shape::lurk(&words),
        "room" => room::run(&words),
        "stage" => stage::run(&words),
        "try" => fenced::attempt(&words),
        "start-by" => fenced::start(&words),
        "show" => show::run(&words),
        "hog" | "herd" | "crowd" => greedy::run(&manner, &words),
        other => small::run(other, &mut words),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            sys::complain(&format!("guardrun-actor {manner}: {error}"));
            97
        }
    }
}
