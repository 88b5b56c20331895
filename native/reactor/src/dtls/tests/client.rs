//! A client with a key, for the tests of the server. It makes and reads records by the server's own code: that they are those of the RFCs
//! is shown by test/gateway/dtls-client.ts, which shares none.

use std::net::SocketAddr;

use crate::dtls::assembled::{Fragment, Message, push_header};
use crate::dtls::hello::CLIENT_HELLO;
use crate::dtls::prf::{Randoms, finished, master, premaster_of_key};
use crate::dtls::reader::{Reader, push_vector};
use crate::dtls::record::{CHANGE_CIPHER_SPEC, HANDSHAKE, Record, VERSION, push_plain, push_sealed};
use crate::dtls::suite::{Keys, SUITES};

const CLIENT_KEY_EXCHANGE: u8 = 16;
pub const FINISHED: u8 = 20;

pub struct Client {
    pub peer: SocketAddr,
    pub identity: &'static [u8],
    pub key: &'static [u8],
    /// The connection id that it wants to see, of as many bytes as the server's: `Record` reads both then.
    pub cid: Option<[u8; 8]>,
    pub suites: Vec<u16>,
    pub random: [u8; 32],
    pub server_cid: Vec<u8>,
    pub keys: Option<Keys>,
    pub server_random: [u8; 32],
    pub transcript: Vec<u8>,
    pub finished: Vec<u8>,
    pub next: u16,
    pub plain_number: u64,
    pub sealed_number: u64,
}

impl Client {
    pub fn new(peer: SocketAddr) -> Client {
        Client {
            peer,
            identity: b"ts1",
            key: b"the key of ts1",
            cid: None,
            suites: vec![SUITES[1].number],
            random: [peer.port() as u8; 32],
            server_cid: Vec::new(),
            keys: None,
            server_random: [0; 32],
            transcript: Vec::new(),
            finished: Vec::new(),
            next: 0,
            plain_number: 0,
            sealed_number: 0,
        }
    }

    pub fn with_cid(peer: SocketAddr) -> Client {
        Client { cid: Some([peer.port() as u8; 8]), ..Client::new(peer) }
    }

    /// The body of a hello.
    pub fn hello_body(&self, cookie: &[u8], extensions: &[u8]) -> Vec<u8> {
        let mut body = VERSION.to_vec();
        body.extend_from_slice(&self.random);
        push_vector(&mut body, 1, |_| {});
        push_vector(&mut body, 1, |body| body.extend_from_slice(cookie));
        push_vector(&mut body, 2, |body| self.suites.iter().for_each(|suite| body.extend_from_slice(&suite.to_be_bytes())));
        push_vector(&mut body, 1, |body| body.push(0));
        push_vector(&mut body, 2, |body| {
            body.extend_from_slice(extensions);
            if let Some(cid) = &self.cid {
                body.extend_from_slice(&[0, 54, 0, 9, 8]);
                body.extend_from_slice(cid);
            }
        });
        body
    }

    pub fn hello(&mut self, cookie: &[u8]) -> Vec<u8> {
        let body = self.hello_body(cookie, &[]);
        self.transcript.clear();
        self.plain(CLIENT_HELLO, body)
    }

    /// A handshake message of its own record.
    pub fn plain(&mut self, kind: u8, body: Vec<u8>) -> Vec<u8> {
        let bytes = self.message(kind, body);
        self.record(HANDSHAKE, &bytes)
    }

    pub fn record(&mut self, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        push_plain(&mut out, kind, self.plain_number, bytes);
        self.plain_number += 1;
        out
    }

    fn message(&mut self, kind: u8, body: Vec<u8>) -> Vec<u8> {
        let message = Message { kind, number: self.next, body };
        self.next += 1;
        message.append_to(&mut self.transcript);
        let mut bytes = Vec::new();
        message.append_to(&mut bytes);
        bytes
    }

    /// Takes the first flight of the server.
    pub fn take_flight(&mut self, datagrams: &[Vec<u8>]) {
        for datagram in datagrams {
            let mut reader = Reader::new(datagram);
            while let Some(record) = Record::read(&mut reader) {
                if record.kind != HANDSHAKE {
                    continue;
                }
                let fragment = Fragment::read(&mut Reader::new(record.bytes)).expect("a message");
                self.transcript.extend_from_slice(record.bytes);
                if fragment.kind == 2 {
                    self.server_random.copy_from_slice(&fragment.bytes[2..34]);
                    if self.cid.is_some() {
                        self.server_cid = fragment.bytes[fragment.bytes.len() - 8..].to_vec();
                    }
                }
            }
        }
    }

    /// Its key exchange, in the fragments that begin at these offsets, last first.
    pub fn exchange(&mut self, offsets: &[usize]) -> Vec<Vec<u8>> {
        let mut body = Vec::new();
        push_vector(&mut body, 2, |body| body.extend_from_slice(self.identity));
        let number = self.next;
        self.message(CLIENT_KEY_EXCHANGE, body.clone());
        let ends = offsets.iter().skip(1).copied().chain([body.len()]);
        let mut datagrams: Vec<Vec<u8>> = offsets
            .iter()
            .zip(ends)
            .map(|(&start, end)| {
                let mut bytes = Vec::new();
                push_header(&mut bytes, CLIENT_KEY_EXCHANGE, number, body.len(), start, end - start);
                bytes.extend_from_slice(&body[start..end]);
                self.record(HANDSHAKE, &bytes)
            })
            .collect();
        datagrams.reverse();
        datagrams
    }

    /// Its last messages: ChangeCipherSpec, and Finished under the new keys.
    pub fn finish(&mut self) -> Vec<u8> {
        let randoms = Randoms { client: self.random, server: self.server_random };
        let master = master(&premaster_of_key(self.key), &randoms);
        let suite = SUITES.into_iter().find(|suite| suite.number == self.suites[0]).expect("a suite of the server's");
        self.keys = Some(suite.keys(&master, &randoms));
        let body = finished(&master, true, &self.transcript).to_vec();
        let bytes = self.message(FINISHED, body);
        self.finished.clone_from(&bytes);
        let mut out = self.record(CHANGE_CIPHER_SPEC, &[1]);
        out.extend(self.seal(HANDSHAKE, &bytes));
        out
    }

    /// Its last messages once more, in records of new numbers.
    pub fn repeat_finish(&mut self) -> Vec<u8> {
        let bytes = self.finished.clone();
        self.seal(HANDSHAKE, &bytes)
    }

    pub fn seal(&mut self, kind: u8, bytes: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let keys = self.keys.as_ref().expect("it has keys");
        push_sealed(&mut out, kind, self.sealed_number, &self.server_cid, &keys.client, bytes);
        self.sealed_number += 1;
        out
    }

    /// What it reads of the server: kinds, and plain bytes.
    pub fn read(&self, datagram: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut reader = Reader::new(datagram);
        let mut all = Vec::new();
        while let Some(record) = Record::read(&mut reader) {
            let mut plain = Vec::new();
            if record.epoch == 0 {
                all.push((record.kind, record.bytes.to_vec()));
            } else if let Some(kind) = self.keys.as_ref().and_then(|keys| record.open(&keys.server, &mut plain)) {
                all.push((kind, plain));
            }
        }
        all
    }
}
