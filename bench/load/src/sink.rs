//! The least that a server can do for a PUBLISH: frame it and acknowledge it, one write for all answers of a read.
//! With a delay it answers so much later, all connections in a row, as a server must that waits for its disk.

use crate::control::Control;
use crate::poll::Poll;
use crate::socket::{read_some, write_some};
use serde_json::json;
use std::io::{Error, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

const STDIN: u64 = u64::MAX;
const LISTENER: u64 = u64::MAX - 1;
const READ_BYTES: usize = 64 * 1024;
const HOLD_NS: u64 = 1_000_000_000;

const CONNECT: u8 = 1;
const PUBLISH: u8 = 3;
const PUBREL: u8 = 6;
const PINGREQ: u8 = 12;
const DISCONNECT: u8 = 14;

struct Client {
    stream: TcpStream,
    /// A packet that was cut.
    carry: Vec<u8>,
    owed: Vec<u8>,
}

#[derive(Default)]
struct Sink {
    /// By descriptor.
    clients: Vec<Option<Client>>,
    messages: u64,
    /// Whom answers are owed, in the order in which they came, and since when.
    owing: Vec<u64>,
    since: Option<Instant>,
}

pub fn run(delay: Duration) -> Result<(), String> {
    let cause = |error: Error| format!("cannot listen: {error}");
    let listener = TcpListener::bind("127.0.0.1:0").map_err(cause)?;
    listener.set_nonblocking(true).map_err(cause)?;
    let mut control = Control::new()?;
    let mut poll = Poll::new().map_err(cause)?;
    poll.add_reader(listener.as_raw_fd(), LISTENER)
        .map_err(cause)?;
    poll.add_reader(control.fd(), STDIN).map_err(cause)?;
    println!(
        "{}",
        json!({ "event": "ready", "port": listener.local_addr().map_err(cause)?.port() })
    );
    let mut sink = Sink::default();
    let mut buffer = vec![0; READ_BYTES];
    while !control.ended {
        let found = poll
            .wait(sink.due_in(delay))
            .map_err(|error| format!("cannot poll: {error}"))?;
        for event in 0..found {
            match poll.event(event).token {
                STDIN => control.read()?,
                LISTENER => sink
                    .accept(&listener, &poll)
                    .map_err(|error| format!("cannot accept: {error}"))?,
                token => {
                    let received = sink.receive(token, &mut buffer);
                    sink.keep(token, received);
                    if delay.is_zero() {
                        sink.answer_all();
                    }
                }
            }
        }
        if sink.due_in(delay) == 0 {
            sink.answer_all();
        }
    }
    println!("{}", json!({ "event": "done", "messages": sink.messages }));
    Ok(())
}

impl Sink {
    fn accept(&mut self, listener: &TcpListener, poll: &Poll) -> std::io::Result<()> {
        loop {
            let stream = match listener.accept() {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            };
            stream.set_nonblocking(true)?;
            stream.set_nodelay(true)?;
            let token = stream.as_raw_fd() as u64;
            poll.add_reader(stream.as_raw_fd(), token)?;
            if self.clients.len() <= token as usize {
                self.clients.resize_with(token as usize + 1, || None);
            }
            self.clients[token as usize] = Some(Client {
                stream,
                carry: Vec::new(),
                owed: Vec::new(),
            });
        }
    }

    /// Nanoseconds until the answers are due.
    fn due_in(&self, delay: Duration) -> u64 {
        let Some(since) = self.since else {
            return HOLD_NS;
        };
        delay.saturating_sub(since.elapsed()).as_nanos() as u64
    }

    fn answer_all(&mut self) {
        self.since = None;
        for token in std::mem::take(&mut self.owing) {
            let answered = match self.clients[token as usize].as_mut() {
                Some(client) => client.answer(),
                None => Ok(()),
            };
            self.keep(token, answered);
        }
    }

    /// Ends a client with whom it cannot go on.
    fn keep(&mut self, token: u64, result: std::io::Result<()>) {
        let Err(error) = result else {
            return;
        };
        self.clients[token as usize] = None;
        if error.kind() == ErrorKind::InvalidData {
            eprintln!("spillway-load: cannot go on with a client: {error}");
        }
    }

    fn receive(&mut self, token: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        let Some(client) = self.clients[token as usize].as_mut() else {
            return Ok(());
        };
        let carried = client.carry.len();
        buffer[..carried].copy_from_slice(&client.carry);
        let Some(count) = read_some(&mut client.stream, &mut buffer[carried..])? else {
            return Ok(());
        };
        let was_owed = !client.owed.is_empty();
        let end = carried + count;
        let mut at = 0;
        while let Some(bytes) = packet_bytes(&buffer[at..end])? {
            self.messages += answer(&buffer[at..at + bytes], &mut client.owed)?;
            at += bytes;
        }
        client.carry.clear();
        client.carry.extend_from_slice(&buffer[at..end]);
        if !was_owed && !client.owed.is_empty() {
            self.owing.push(token);
            self.since.get_or_insert_with(Instant::now);
        }
        Ok(())
    }
}

impl Client {
    fn answer(&mut self) -> std::io::Result<()> {
        let written = write_some(&mut self.stream, &self.owed)?;
        if written < self.owed.len() {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "it does not read its answers",
            ));
        }
        self.owed.clear();
        Ok(())
    }
}

/// Length of the packet at the beginning, once it is there as a whole; two bytes of Remaining Length suffice here.
fn packet_bytes(bytes: &[u8]) -> std::io::Result<Option<usize>> {
    let length = match bytes {
        [_, low, ..] if *low < 0x80 => 2 + usize::from(*low),
        [_, low, high, ..] if *high < 0x80 => {
            3 + usize::from(*low & 0x7f) + (usize::from(*high) << 7)
        }
        [_, _, _, ..] => {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "a packet is longer than 16 KiB",
            ));
        }
        _ => return Ok(None),
    };
    Ok((length <= bytes.len()).then_some(length))
}

/// Lays the answer and tells how many messages the packet is: a PUBLISH is one.
fn answer(packet: &[u8], answers: &mut Vec<u8>) -> std::io::Result<u64> {
    let malformed = || Error::new(ErrorKind::InvalidData, "a packet is malformed");
    let head = if packet[1] < 0x80 { 2 } else { 3 };
    match packet[0] >> 4 {
        CONNECT => answers.extend([0x20, 2, 0, 0]),
        PINGREQ => answers.extend([0xd0, 0]),
        PUBREL => answers.extend([0x70, 2, packet[2], packet[3]]),
        DISCONNECT => {}
        PUBLISH => {
            let topic = packet.get(head..head + 2).ok_or_else(malformed)?;
            let id_at = head + 2 + usize::from(u16::from_be_bytes([topic[0], topic[1]]));
            let qos = packet[0] >> 1 & 3;
            if qos > 0 {
                let id = packet.get(id_at..id_at + 2).ok_or_else(malformed)?;
                answers.extend([if qos == 1 { 0x40 } else { 0x50 }, 2, id[0], id[1]]);
            }
            return Ok(1);
        }
        _ => return Err(malformed()),
    }
    Ok(0)
}
