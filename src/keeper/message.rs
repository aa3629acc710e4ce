//! What front and keeper say to each other, in messages of eight bytes over one `Line`.

use crate::outcome::Step;
use crate::sys::socket::Line;
use crate::values::Status;
use std::io;

/// The keeper, the leader before its exec, or the ear, to the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum News {
    /// The keeper could not set itself up; nothing was started, and the keeper is gone.
    SetupFailed(Step, i32),
    /// The command could not be executed, for this errno; nothing of it ran.
    ExecFailed(i32),
    /// The leader was stopped by this signal.
    Stopped(i32),
    /// The leader goes on.
    Continued,
    /// The leader has ended.
    Ended(Status),
    /// The keeper has no child left: nothing of the run is alive.
    Quiet,
    /// This signal came from the terminal to the suite's group.
    FromTerminal(i32),
}

/// The front to the keeper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Send this signal to the suite's process group.
    Signal(i32),
    /// Put the suite's process group into the terminal's foreground.
    Foreground,
}

const SIZE: usize = 8;
type Bytes = [u8; SIZE];

fn pack(tag: u8, detail: u8, value: i32) -> Bytes {
    let [a, b, c, d] = value.to_ne_bytes();
    [tag, detail, 0, 0, a, b, c, d]
}

fn unpack(bytes: &Bytes) -> (u8, u8, i32) {
    let [tag, detail, _, _, a, b, c, d] = *bytes;
    (tag, detail, i32::from_ne_bytes([a, b, c, d]))
}

impl News {
    fn pack(self) -> Bytes {
        match self {
            News::SetupFailed(step, errno) => pack(0, step as u8, errno),
            News::ExecFailed(errno) => pack(1, 0, errno),
            News::Stopped(signal) => pack(3, 0, signal),
            News::Continued => pack(4, 0, 0),
            News::Ended(Status::Exited(code)) => pack(5, 0, code.into()),
            News::Ended(Status::Signaled(signal)) => pack(5, 1, signal),
            News::Quiet => pack(6, 0, 0),
            News::FromTerminal(signal) => pack(7, 0, signal),
        }
    }

    fn unpack(bytes: &Bytes) -> Option<News> {
        Some(match unpack(bytes) {
            (0, step, errno) => News::SetupFailed(Step::from_number(step)?, errno),
            (1, _, errno) => News::ExecFailed(errno),
            (3, _, signal) => News::Stopped(signal),
            (4, ..) => News::Continued,
            (5, 0, code) => News::Ended(Status::Exited(u8::try_from(code).ok()?)),
            (5, _, signal) => News::Ended(Status::Signaled(signal)),
            (6, ..) => News::Quiet,
            (7, _, signal) => News::FromTerminal(signal),
            _ => return None,
        })
    }

    /// Sends it to the front. A front that is gone is noticed elsewhere, by its pidfd.
    pub fn send(self, line: &Line) {
        let _ = line.send(&self.pack());
    }

    /// The next one from the keeper, if one has arrived.
    pub fn receive(line: &Line) -> io::Result<Received<News>> {
        receive(line, News::unpack)
    }
}

impl Order {
    fn pack(self) -> Bytes {
        match self {
            Order::Signal(signal) => pack(0, 0, signal),
            Order::Foreground => pack(1, 0, 0),
        }
    }

    fn unpack(bytes: &Bytes) -> Option<Order> {
        Some(match unpack(bytes) {
            (0, _, signal) => Order::Signal(signal),
            (1, ..) => Order::Foreground,
            _ => return None,
        })
    }

    /// Sends it to the keeper. A keeper that is gone is noticed elsewhere, by its pidfd.
    pub fn send(self, line: &Line) {
        let _ = line.send(&self.pack());
    }

    /// The next one from the front, if one has arrived.
    pub fn receive(line: &Line) -> io::Result<Received<Order>> {
        receive(line, Order::unpack)
    }
}

/// What there is to be heard on a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received<Message> {
    /// This.
    Message(Message),
    /// Nothing for now.
    Nothing,
    /// Nothing ever again: the other side is gone. The line stays readable, so it is not to be waited for any more.
    Gone,
}

fn receive<Message>(
    line: &Line,
    unpack: fn(&Bytes) -> Option<Message>,
) -> io::Result<Received<Message>> {
    let mut bytes = [0; SIZE];
    loop {
        match line.try_receive(&mut bytes) {
            Ok(0) => return Ok(Received::Gone),
            Ok(_) => return Ok(unpack(&bytes).map_or(Received::Nothing, Received::Message)),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(Received::Nothing);
            }
            // The other side died with something of ours unread. The kernel says so once, before it hands out what the
            // other side had said in time.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{News, Order, Received};
    use crate::outcome::Step;
    use crate::values::Status;

    #[test]
    fn what_was_said_in_time_arrives_though_the_speaker_died_with_something_unread() {
        let (front, keeper) = crate::sys::socket::pair().unwrap();
        Order::Foreground.send(&front);
        News::Quiet.send(&keeper);
        drop(keeper);
        assert_eq!(
            News::receive(&front).unwrap(),
            Received::Message(News::Quiet)
        );
        assert_eq!(News::receive(&front).unwrap(), Received::Gone);
    }

    #[test]
    fn what_is_packed_is_what_is_unpacked() {
        let steps = Step::ALL.iter().map(|step| News::SetupFailed(*step, 13));
        let statuses = (0..=255)
            .map(Status::Exited)
            .chain((1..=64).map(Status::Signaled))
            .map(News::Ended);
        let others = [
            News::ExecFailed(2),
            News::Stopped(20),
            News::Continued,
            News::Quiet,
            News::FromTerminal(2),
        ];
        for news in steps.chain(statuses).chain(others) {
            assert_eq!(News::unpack(&news.pack()), Some(news));
        }
        for order in [Order::Signal(15), Order::Foreground] {
            assert_eq!(Order::unpack(&order.pack()), Some(order));
        }
    }
}
