//! The server of DTLS under a clock and a network of the tests.

mod client;
mod fuzz;
mod handshakes;
mod places;

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use client::Client;

use super::news::News;
use super::record::{ALERT, APPLICATION_DATA, HANDSHAKE};
use super::server::Server;
use crate::outgoing::Outgoing;

/// A server whose host knows the client `ts1`.
pub struct World {
    pub server: Server,
    pub now: Instant,
    outgoing: Outgoing,
    /// Owner and bytes of messages.
    pub delivered: Vec<(u32, Vec<u8>)>,
    /// The host does not answer yet.
    pub is_slow: bool,
    pub news: Vec<News>,
}

pub const OWNER: u32 = 7;
const KEY: &[u8] = b"the key of ts1";

pub fn address(number: u32) -> SocketAddr {
    SocketAddr::from(([192, 0, (number >> 16) as u8, 1], number as u16))
}

impl World {
    pub fn new() -> World {
        World::of_places(super::ASSOCIATIONS_MAX)
    }

    pub fn of_places(places: u32) -> World {
        let now = Instant::now();
        World {
            server: Server::of_places(places, None, 0, now),
            now,
            outgoing: Outgoing::default(),
            delivered: Vec::new(),
            is_slow: false,
            news: Vec::new(),
        }
    }

    /// The server gets a datagram. Answers what it sends.
    pub fn give(&mut self, peer: SocketAddr, datagram: &[u8]) -> Vec<Vec<u8>> {
        let delivered = &mut self.delivered;
        let deliver = &mut |_: u32, _: u32, owner: u32, bytes: &[u8]| delivered.push((owner, bytes.to_vec()));
        self.server.receive(peer, datagram, self.now, &mut self.outgoing, deliver);
        if !self.is_slow {
            self.answer();
        }
        self.sent()
    }

    /// The host answers whose the clients are that were named.
    pub fn answer(&mut self) {
        for news in self.server.take_news() {
            if let News::Named { number, generation, identity } = &news {
                let keys: &[&[u8]] = if identity == b"ts1" { &[b"an older key", KEY] } else { &[] };
                let owner = if keys.is_empty() { 0 } else { OWNER };
                self.server.answer(*number, *generation, keys, owner, self.now, &mut self.outgoing);
            }
            self.news.push(news);
        }
        self.news.extend(self.server.take_news());
    }

    /// Lets time pass. Answers what the server sends by itself.
    pub fn wait(&mut self, time: Duration) -> Vec<Vec<u8>> {
        self.now += time;
        self.server.tick(self.now, &mut self.outgoing);
        self.sent()
    }

    pub fn sent(&mut self) -> Vec<Vec<u8>> {
        let sent = (0..self.outgoing.len()).map(|index| self.outgoing.get(index).0.to_vec()).collect();
        self.outgoing.forget(self.outgoing.len());
        sent
    }

    /// The cookie for a client, from the server's answer to its first hello.
    pub fn cookie(&mut self, client: &mut Client) -> Vec<u8> {
        let hello = client.hello(&[]);
        let answers = self.give(client.peer, &hello);
        assert_eq!(answers.len(), 1, "one answer, which is no larger");
        assert!(answers[0].len() <= hello.len());
        answers[0][13 + 12 + 3..].to_vec()
    }

    /// Shakes hands up to the first flight of the server.
    pub fn begin(&mut self, client: &mut Client) {
        let cookie = self.cookie(client);
        let hello = client.hello(&cookie);
        let flight = self.give(client.peer, &hello);
        client.take_flight(&flight);
    }

    /// Shakes hands. Answers what the server sends last.
    pub fn connect(&mut self, client: &mut Client) -> Vec<Vec<u8>> {
        self.begin(client);
        for datagram in client.exchange(&[0]) {
            assert!(self.give(client.peer, &datagram).is_empty());
        }
        let finish = client.finish();
        self.give(client.peer, &finish)
    }

    /// A client sends a message. Answers whether it got in.
    pub fn message(&mut self, client: &mut Client, text: &[u8]) -> bool {
        let before = self.delivered.len();
        let datagram = client.seal(APPLICATION_DATA, text);
        self.give(client.peer, &datagram);
        self.delivered[before..] == [(OWNER, text.to_vec())]
    }
}

/// The alert in what the server has sent, read by the client.
pub fn alert_in(client: &Client, sent: &[Vec<u8>]) -> Option<u8> {
    let records = sent.iter().flat_map(|datagram| client.read(datagram));
    records.filter(|(kind, _)| *kind == ALERT).map(|(_, bytes)| bytes[1]).next()
}

pub fn has_finished(client: &Client, sent: &[Vec<u8>]) -> bool {
    let mut records = sent.iter().flat_map(|datagram| client.read(datagram));
    records.any(|(kind, bytes)| kind == HANDSHAKE && bytes[0] == client::FINISHED)
}
