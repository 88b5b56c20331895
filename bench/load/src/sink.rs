//! The least that a server can do for a PUBLISH: frame it and acknowledge it, one write for all answers of a read.

use crate::control::Control;
use crate::poll::Poll;
use crate::socket::{read_some, write_some};
use serde_json::json;
use std::io::{Error, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsRawFd;

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
}

#[derive(Default)]
struct Sink {
    /// By descriptor.
    clients: Vec<Option<Client>>,
    messages: u64,
    answers: Vec<u8>,
}

pub fn run() -> Result<(), String> {
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
            .wait(HOLD_NS)
            .map_err(|error| format!("cannot poll: {error}"))?;
        for event in 0..found {
            match poll.event(event).token {
                STDIN => control.read()?,
                LISTENER => sink
                    .accept(&listener, &poll)
                    .map_err(|error| format!("cannot accept: {error}"))?,
                token => {
                    if let Err(error) = sink.receive(token, &mut buffer) {
                        sink.clients[token as usize] = None;
                        if error.kind() == ErrorKind::InvalidData {
                            eprintln!("spillway-load: cannot go on with a client: {error}");
                        }
                    }
                }
            }
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
            });
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
        self.answers.clear();
        let end = carried + count;
        let mut at = 0;
        while let Some(bytes) = packet_bytes(&buffer[at..end])? {
            self.messages += answer(&buffer[at..at + bytes], &mut self.answers)?;
            at += bytes;
        }
        client.carry.clear();
        client.carry.extend_from_slice(&buffer[at..end]);
        let written = if self.answers.is_empty() {
            0
        } else {
            write_some(&mut client.stream, &self.answers)?
        };
        if written < self.answers.len() {
            return Err(Error::new(
                ErrorKind::InvalidData,
                "it does not read its answers",
            ));
        }
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
