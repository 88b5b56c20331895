use crate::histogram::Histogram;
use crate::packets::{Place, packet_id};
use crate::plan::Plan;
use crate::socket::{read_some, write_some};
use std::io::{Error, Result};
use std::net::TcpStream;

/// One gateway device's connection, with the messages of the devices behind it.
pub struct Connection {
    pub stream: TcpStream,
    /// Messages laid for the socket, received by the server (PUBREC), and done with.
    pub sent: u64,
    received: u64,
    pub acked: u64,
    /// Bytes that the socket had no room for; from `pending_at` on.
    pending: Vec<u8>,
    pending_at: usize,
    /// An answer that was cut.
    carry: [u8; 4],
    carried: usize,
    /// In the queue of those that may have something to send.
    pub queued: bool,
    /// The socket is full until the poll tells otherwise.
    pub blocked: bool,
    pub ponged: bool,
    first_device: u32,
    device: u32,
    turn: u32,
    /// When the messages under way were sent, ns; at a given rate their place tells.
    sent_at: Vec<u64>,
}

const PUBACK: u8 = 0x40;
const PUBREC: u8 = 0x50;
const PUBREL: u8 = 0x62;
const PUBCOMP: u8 = 0x70;
const PINGREQ: [u8; 2] = [0xc0, 0];
const PINGRESP: u8 = 0xd0;
const DISCONNECT: [u8; 2] = [0xe0, 0];

impl Connection {
    pub fn new(plan: &Plan, index: usize, stream: TcpStream) -> Connection {
        let timed = plan.qos > 0 && plan.rate.is_none();
        let slots = if timed {
            plan.window.next_power_of_two()
        } else {
            0
        };
        Connection {
            stream,
            sent: 0,
            received: 0,
            acked: 0,
            pending: Vec::new(),
            pending_at: 0,
            carry: [0; 4],
            carried: 0,
            queued: false,
            blocked: false,
            ponged: false,
            first_device: plan.place(index) * plan.devices,
            device: 0,
            turn: 0,
            sent_at: vec![0; slots],
        }
    }

    /// Messages that the window has room for.
    pub fn room(&self, plan: &Plan) -> usize {
        match plan.qos {
            0 => plan.batch,
            _ => plan.window - (self.sent - self.acked) as usize,
        }
    }

    /// The place of the next message; the devices have turns.
    #[inline]
    pub fn next(&mut self, plan: &Plan, now: u64) -> Place {
        let place = Place {
            device: self.first_device + self.device,
            turn: self.turn,
            packet_id: if plan.qos == 0 {
                0
            } else {
                packet_id(self.sent)
            },
        };
        if !self.sent_at.is_empty() {
            let slot = self.sent as usize & (self.sent_at.len() - 1);
            self.sent_at[slot] = now;
        }
        self.sent += 1;
        self.device += 1;
        if self.device == plan.devices {
            self.device = 0;
            self.turn += 1;
        }
        place
    }

    /// Sends what the socket takes and keeps the rest.
    pub fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let written = if self.pending.is_empty() && !self.blocked {
            write_some(&mut self.stream, bytes)?
        } else {
            0
        };
        if written < bytes.len() {
            self.pending.extend_from_slice(&bytes[written..]);
            self.blocked = true;
        }
        Ok(())
    }

    /// Sends what was kept; true when nothing is left.
    pub fn flush(&mut self) -> Result<bool> {
        while self.pending_at < self.pending.len() && !self.blocked {
            let written = write_some(&mut self.stream, &self.pending[self.pending_at..])?;
            self.pending_at += written;
            self.blocked = written == 0;
        }
        if self.pending_at < self.pending.len() {
            return Ok(false);
        }
        self.pending.clear();
        self.pending_at = 0;
        Ok(true)
    }

    pub fn ping(&mut self) -> Result<()> {
        self.write(&PINGREQ)
    }

    pub fn disconnect(&mut self) {
        // Whoever is gone already need not be told.
        let _ = write_some(&mut self.stream, &DISCONNECT);
    }

    /// Nothing is under way any more.
    pub fn settled(&self, qos: u8) -> bool {
        self.pending.is_empty()
            && if qos == 0 {
                self.ponged
            } else {
                self.acked == self.sent
            }
    }

    /// Takes what came; what it calls for waits for the next flush. `sent_ns(message)` tells when a message should have been sent, if a rate says so.
    pub fn receive(
        &mut self,
        buffer: &mut [u8],
        now: impl Fn() -> u64,
        sent_ns: impl Fn(u64) -> Option<u64>,
        latency: &mut Histogram,
    ) -> Result<()> {
        loop {
            buffer[..self.carried].copy_from_slice(&self.carry[..self.carried]);
            let Some(count) = read_some(&mut self.stream, &mut buffer[self.carried..])? else {
                return Ok(());
            };
            let end = self.carried + count;
            let at = self.take(&buffer[..end], now(), &sent_ns, latency)?;
            self.carried = end - at;
            self.carry[..end - at].copy_from_slice(&buffer[at..end]);
            // A read that did not fill the buffer emptied the socket. epoll(7), question 9.
            if end < buffer.len() {
                return Ok(());
            }
        }
    }

    /// Answers are four bytes: type, 2, packet id. They come in the order of what they answer. [MQTT-4.6.0-2]
    fn take(
        &mut self,
        bytes: &[u8],
        now: u64,
        sent_ns: &impl Fn(u64) -> Option<u64>,
        latency: &mut Histogram,
    ) -> Result<usize> {
        let mut at = 0;
        while at + 2 <= bytes.len() {
            if bytes[at] == PINGRESP {
                self.ponged = true;
                at += 2;
                continue;
            }
            if at + 4 > bytes.len() {
                break;
            }
            let id = u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]);
            match bytes[at] {
                PUBACK | PUBCOMP => {
                    self.answered(bytes[at], id, self.acked)?;
                    let slot = self.acked as usize & self.sent_at.len().wrapping_sub(1);
                    let began = sent_ns(self.acked).unwrap_or_else(|| self.sent_at[slot]);
                    latency.record(now.saturating_sub(began));
                    self.acked += 1;
                }
                PUBREC => {
                    self.answered(PUBREC, id, self.received)?;
                    self.received += 1;
                    self.pending
                        .extend([PUBREL, 2, bytes[at + 2], bytes[at + 3]]);
                }
                other => return Err(Error::other(format!("it sent packet type {other:#04x}"))),
            }
            at += 4;
        }
        Ok(at)
    }

    fn answered(&self, kind: u8, id: u16, message: u64) -> Result<()> {
        if message == self.sent {
            return Err(Error::other(format!(
                "it answered {kind:#04x} {id} to a message that was not sent"
            )));
        }
        let expected = packet_id(message);
        if id == expected {
            return Ok(());
        }
        Err(Error::other(format!(
            "it answered {kind:#04x} {id} where {expected} was next"
        )))
    }
}
