use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::assembled::{MESSAGE_HEADER_BYTES, Message, push_header};
use super::handshake::{Handshake, Piece};
use super::record::{ALERT, CHANGE_CIPHER_SPEC, CID_BYTES, HANDSHAKE, NUMBER_MAX, Record, push_plain, push_sealed, sealed_overhead};
use super::suite::Keys;
use super::window::Window;
use crate::outgoing::Outgoing;

/// The first flight is repeated after this time, and each time after twice as long (RFC 6347 §4.2.4.1).
const REPEAT: Duration = Duration::from_secs(1);
/// 31 seconds after the first time the client is given up.
const REPEATED_MAX: u32 = 4;
/// Bytes of a datagram of the handshake: fits every path of IPv6.
const FLIGHT_BYTES: usize = 1200;
const PLAIN_HEADER_BYTES: usize = 13;
/// Records that came before their keys: Finished, and what comes twice.
const EARLY_MAX: usize = 4;
const EARLY_BYTES_MAX: usize = 512;

/// A client, while it shakes hands and after that.
pub struct Association {
    pub peer: SocketAddr,
    /// The part of this side's connection id that nobody guesses.
    pub secret: u32,
    /// Records of the client bear this side's connection id.
    pub takes_cid: bool,
    /// What records to the client bear; empty: none.
    pub peer_cid: Box<[u8]>,
    /// Whose it is, as the host has said; 0: of nobody.
    pub owner: u32,
    /// When the client was there last.
    pub used: Instant,
    pub state: State,
    pub window: Window,
    plain_number: u64,
    sealed_number: u64,
}

pub enum State {
    Shaking(Box<Shaking>),
    Open { keys: Box<Keys>, finale: Option<Vec<Piece>> },
}

pub struct Shaking {
    pub handshake: Handshake,
    /// Sealed records that came before their keys.
    pub early: Vec<Vec<u8>>,
    /// Which of the keys that the host gave is the client's.
    pub key: usize,
    /// A record came in place of Finished that none of the keys opens.
    pub is_not_opened: bool,
    due: Instant,
    pause: Duration,
    repeated: u32,
}

/// What a handshake has to do now.
#[derive(PartialEq, Eq)]
pub enum Due {
    Nothing,
    Repeat,
    /// The client has another key.
    Refuse,
    GiveUp,
}

impl Shaking {
    /// Whether the flight has to be sent again.
    pub fn due(&mut self, now: Instant) -> Due {
        if now < self.due {
            return Due::Nothing;
        }
        if self.is_not_opened && self.handshake.is_finishing() {
            return Due::Refuse;
        }
        if self.repeated == REPEATED_MAX {
            return Due::GiveUp;
        }
        self.repeated += 1;
        self.pause *= 2;
        self.due = now + self.pause;
        Due::Repeat
    }

    /// Keeps a record until there are keys; one that finds no room comes again.
    pub fn keep(&mut self, record: &[u8]) {
        if self.early.len() < EARLY_MAX && record.len() <= EARLY_BYTES_MAX {
            self.early.push(record.to_vec());
        }
    }
}

impl Association {
    /// `number`: of the record with the client's hello, from which this side's records count on (RFC 6347 §4.2.1).
    pub fn new(peer: SocketAddr, handshake: Handshake, secret: u32, cid: Option<&[u8]>, number: u64, now: Instant) -> Association {
        let shaking = Shaking { handshake, early: Vec::new(), key: 0, is_not_opened: false, due: now + REPEAT, pause: REPEAT, repeated: 0 };
        Association {
            peer,
            secret,
            takes_cid: cid.is_some(),
            peer_cid: cid.unwrap_or_default().into(),
            owner: 0,
            used: now,
            state: State::Shaking(Box::new(shaking)),
            window: Window::default(),
            plain_number: number,
            sealed_number: 0,
        }
    }

    pub fn shaking(&mut self) -> Option<&mut Shaking> {
        match &mut self.state {
            State::Shaking(shaking) => Some(shaking),
            State::Open { .. } => None,
        }
    }

    pub fn is_open(&self) -> bool {
        matches!(self.state, State::Open { .. })
    }

    /// The handshake is done: sends its last flight, which is kept until the client shows that it has it.
    pub fn open(&mut self, outgoing: &mut Outgoing) {
        let State::Shaking(shaking) = &mut self.state else { return };
        let Some((keys, finale)) = shaking.handshake.take_result() else { return };
        self.state = State::Open { keys: Box::new(keys), finale: Some(finale) };
        self.send_flight(outgoing);
    }

    /// Opens a record into `plain` and answers its kind; None: it is not the client's, or it has come before.
    pub fn unseal(&mut self, record: &Record, plain: &mut Vec<u8>) -> Option<u8> {
        // RFC 9146 §6: where connection ids are agreed on, records without one are dropped.
        if record.cid.is_some() != self.takes_cid || record.epoch != 1 || !self.window.is_new(record.number) {
            return None;
        }
        let kind = match &mut self.state {
            State::Open { keys, .. } => record.open(&keys.client, plain)?,
            State::Shaking(shaking) => {
                let mut kind = None;
                let Shaking { handshake, key, .. } = &mut **shaking;
                let is_first = handshake.candidates() > 1;
                let at = handshake.open(|keys| {
                    kind = record.open(&keys.client, plain);
                    kind.is_some()
                })?;
                if is_first {
                    *key = at;
                }
                kind?
            }
        };
        Some(kind)
    }

    /// Seals bytes into a datagram of their own.
    pub fn send(&mut self, kind: u8, bytes: &[u8], outgoing: &mut Outgoing) {
        let Association { peer, peer_cid, sealed_number, state, .. } = self;
        let State::Open { keys, .. } = state else { return };
        // RFC 6347 §4.1: numbers do not begin again. A nonce would come twice.
        if *sealed_number > NUMBER_MAX {
            return;
        }
        outgoing.push_with(*peer, |out| push_sealed(out, kind, *sealed_number, peer_cid, &keys.server, bytes));
        *sealed_number += 1;
    }

    pub fn send_alert(&mut self, level: u8, alert: u8, outgoing: &mut Outgoing) {
        if self.is_open() {
            self.send(ALERT, &[level, alert], outgoing);
        } else {
            let number = self.next_plain();
            outgoing.push_with(self.peer, |out| push_plain(out, ALERT, number, &[level, alert]));
        }
    }

    fn next_plain(&mut self) -> u64 {
        self.plain_number += 1;
        self.plain_number - 1
    }

    /// Sends the present flight, in records of new numbers.
    pub fn send_flight(&mut self, outgoing: &mut Outgoing) {
        let Association { peer, peer_cid, state, plain_number, sealed_number, .. } = self;
        let (pieces, keys) = match state {
            State::Shaking(shaking) => (&shaking.handshake.flight, None),
            State::Open { keys, finale: Some(finale) } => (&*finale, Some(&**keys)),
            State::Open { finale: None, .. } => return,
        };
        let mut datagram = Vec::with_capacity(FLIGHT_BYTES);
        for piece in pieces {
            match piece {
                Piece::Plain(message) => {
                    for fragment in Fragments::of(message) {
                        make_room(&mut datagram, PLAIN_HEADER_BYTES + fragment.len(), *peer, outgoing);
                        push_plain(&mut datagram, HANDSHAKE, *plain_number, &fragment);
                        *plain_number += 1;
                    }
                }
                Piece::ChangeCipherSpec => {
                    make_room(&mut datagram, PLAIN_HEADER_BYTES + 1, *peer, outgoing);
                    push_plain(&mut datagram, CHANGE_CIPHER_SPEC, *plain_number, &[1]);
                    *plain_number += 1;
                }
                Piece::Sealed(message) => {
                    let Some(keys) = keys else { continue };
                    for fragment in Fragments::of(message) {
                        make_room(&mut datagram, sealed_overhead(peer_cid, &keys.server) + fragment.len(), *peer, outgoing);
                        push_sealed(&mut datagram, HANDSHAKE, *sealed_number, peer_cid, &keys.server, &fragment);
                        *sealed_number += 1;
                    }
                }
            }
        }
        if !datagram.is_empty() {
            outgoing.push_with(*peer, |out| out.extend_from_slice(&datagram));
        }
    }
}

/// Sends the datagram where `bytes` more would make it too long.
fn make_room(datagram: &mut Vec<u8>, bytes: usize, peer: SocketAddr, outgoing: &mut Outgoing) {
    if !datagram.is_empty() && datagram.len() + bytes > FLIGHT_BYTES {
        outgoing.push_with(peer, |out| out.extend_from_slice(datagram));
        datagram.clear();
    }
}

/// The fragments of a message, each with its header, short enough for a datagram.
struct Fragments<'a> {
    message: &'a Message,
    at: usize,
    is_done: bool,
}

impl<'a> Fragments<'a> {
    fn of(message: &'a Message) -> Fragments<'a> {
        Fragments { message, at: 0, is_done: false }
    }
}

impl Iterator for Fragments<'_> {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.is_done {
            return None;
        }
        let Message { kind, number, body } = self.message;
        const ROOM: usize = FLIGHT_BYTES - 64 - MESSAGE_HEADER_BYTES;
        let bytes = ROOM.min(body.len() - self.at);
        let mut out = Vec::with_capacity(MESSAGE_HEADER_BYTES + bytes);
        push_header(&mut out, *kind, *number, body.len(), self.at, bytes);
        out.extend_from_slice(&body[self.at..self.at + bytes]);
        self.at += bytes;
        self.is_done = self.at == body.len();
        Some(out)
    }
}

/// This side's connection id of an association.
pub fn cid_of(member: u8, number: u32, secret: u32) -> [u8; CID_BYTES] {
    let [_, a, b, c] = number.to_be_bytes();
    let [d, e, f, g] = secret.to_be_bytes();
    [member, a, b, c, d, e, f, g]
}

/// The association and the secret of a connection id.
pub fn parts_of(cid: [u8; CID_BYTES]) -> (u32, u32) {
    let [_, a, b, c, d, e, f, g] = cid;
    (u32::from_be_bytes([0, a, b, c]), u32::from_be_bytes([d, e, f, g]))
}
