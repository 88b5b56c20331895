use std::io;

use crate::frames::{BINARY, CLOSE, End, Frames, NORMAL, PONG, push_head};
use crate::socket::Taken;
use crate::upgrade;
use crate::wire::Wire;

/// The server's end of a WebSocket over a wire. The kernel's bytes lie in binary messages, cut anywhere.
#[derive(Default)]
pub struct WebSocket {
    phase: Phase,
    frames: Frames,
    /// The request until its head is whole; then bytes that came after it.
    early: Vec<u8>,
    /// Whole frames, and before them the answer to the request, that the wire has not taken.
    out: Vec<u8>,
    sent: usize,
}

#[derive(Default, PartialEq, Eq)]
enum Phase {
    #[default]
    Request,
    Open,
    /// The request was refused: there are no frames.
    Refused,
}

/// Of a request, and of what comes with it.
const HEAD_BYTES_MAX: usize = 8 * 1024;
/// Payload of one frame that is sent: more bytes wait in the outbox until the wire has taken these.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// The buffer of sent frames is given back when it is larger.
const OUT_BYTES_KEPT: usize = 512;

impl WebSocket {
    pub fn is_handshaking(&self) -> bool {
        self.phase != Phase::Open
    }

    pub fn has_fault(&self) -> bool {
        matches!(self.frames.end, Some(End::Fault(_)))
    }

    /// Reads the request and answers it. True: the WebSocket is open. An error: it will not be; the answer says why.
    pub fn shake_hands(&mut self, wire: &mut Wire, scratch: &mut [u8]) -> io::Result<bool> {
        loop {
            let room = HEAD_BYTES_MAX - self.early.len();
            let taken = wire.read(&mut scratch[..room]);
            let seen = self.early.len().saturating_sub(3);
            self.early.extend_from_slice(&scratch[..taken.bytes]);
            if let Some(at) = self.early[seen..].windows(4).position(|window| window == b"\r\n\r\n") {
                let after = self.early.split_off(seen + at + 4);
                let head = std::mem::replace(&mut self.early, after);
                return self.answer(wire, upgrade::answer(&head));
            }
            if self.early.len() == HEAD_BYTES_MAX {
                return self.answer(wire, Err(upgrade::oversize()));
            }
            if taken.has_ended {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if taken.is_drained {
                return Ok(false);
            }
        }
    }

    fn answer(&mut self, wire: &mut Wire, answer: upgrade::Answer) -> io::Result<bool> {
        let is_open = answer.is_ok();
        self.phase = if is_open { Phase::Open } else { Phase::Refused };
        self.out = answer.unwrap_or_else(|refusal| refusal).into_bytes();
        self.flush(wire)?;
        if is_open { Ok(true) } else { Err(io::ErrorKind::InvalidData.into()) }
    }

    /// Reads the payload of messages, and answers pings.
    pub fn read(&mut self, wire: &mut Wire, into: &mut [u8]) -> Taken {
        let mut taken = if self.early.is_empty() { wire.read(into) } else { self.take_early(into) };
        let raw = taken.bytes;
        taken.bytes = self.frames.unwrap(&mut into[..raw]);
        // A turn without payload would not show that the wire has bytes no more: it is read again.
        taken.is_drained &= raw == 0 || taken.bytes > 0;
        taken.has_ended |= self.frames.end.is_some();
        // Sends a pong. A wire that cannot send it fails at the next write.
        let _ = self.flush(wire);
        taken
    }

    fn take_early(&mut self, into: &mut [u8]) -> Taken {
        let bytes = self.early.len().min(into.len());
        into[..bytes].copy_from_slice(&self.early[..bytes]);
        self.early.drain(..bytes);
        if self.early.is_empty() {
            self.early = Vec::new();
        }
        Taken::some(bytes, false)
    }

    /// Takes bytes into a message and answers how many; WouldBlock while earlier bytes wait for the wire.
    pub fn write(&mut self, wire: &mut Wire, bytes: &[u8]) -> io::Result<usize> {
        if !self.flush(wire)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let count = bytes.len().min(PAYLOAD_BYTES_MAX);
        push_head(&mut self.out, BINARY, count);
        self.out.extend_from_slice(&bytes[..count]);
        self.flush(wire)?;
        Ok(count)
    }

    pub fn has_unsent(&self) -> bool {
        self.sent < self.out.len()
    }

    /// Gives the wire what it takes. Answers whether that was everything.
    pub fn flush(&mut self, wire: &mut Wire) -> io::Result<bool> {
        loop {
            while self.has_unsent() {
                match wire.write(&self.out[self.sent..]) {
                    Ok(count) => self.sent += count,
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                    Err(error) => return Err(error),
                }
            }
            self.out.clear();
            self.sent = 0;
            if self.out.capacity() > OUT_BYTES_KEPT {
                self.out = Vec::new();
            }
            // Of pings that came while the wire was full only the last is answered, RFC 6455 §5.5.3.
            let Some(ping) = self.frames.ping.take() else { return Ok(true) };
            push_head(&mut self.out, PONG, ping.len());
            self.out.extend_from_slice(&ping);
        }
    }

    /// Says goodbye. A peer whose window is full misses it: the end of the stream follows anyway.
    pub fn end(&mut self, wire: &mut Wire) {
        if self.phase != Phase::Open {
            return;
        }
        let code = match self.frames.end {
            Some(End::Closed(code) | End::Fault(code)) => code,
            None => NORMAL,
        };
        push_head(&mut self.out, CLOSE, 2);
        self.out.extend_from_slice(&code.to_be_bytes());
        let _ = self.flush(wire);
    }
}
