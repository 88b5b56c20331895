use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use ring::{hmac, rand};

/// A cookie is taken for this long and once as long again.
const AGE: Duration = Duration::from_secs(60);

/// Cookies, by which a client shows that it receives at its address before anything is kept of it (RFC 6347 §4.2.1).
pub struct Cookies {
    now: hmac::Key,
    before: hmac::Key,
    since: Instant,
}

impl Cookies {
    pub fn new(random: &rand::SystemRandom, now: Instant) -> Cookies {
        Cookies { now: key(random), before: key(random), since: now }
    }

    /// Takes another secret when the present one is old. One that was not used for long is not kept as the one before: it may have made
    /// cookies long ago.
    pub fn renew(&mut self, random: &rand::SystemRandom, now: Instant) {
        let age = now.duration_since(self.since);
        if age < AGE {
            return;
        }
        let before = std::mem::replace(&mut self.now, key(random));
        self.before = if age < 2 * AGE { before } else { key(random) };
        self.since = now;
    }

    /// The cookie of a client that says so much of itself.
    pub fn make(&self, peer: SocketAddr, hello: &[&[u8]]) -> hmac::Tag {
        hmac::sign(&self.now, &bytes_of(peer, hello))
    }

    pub fn is_valid(&self, cookie: &[u8], peer: SocketAddr, hello: &[&[u8]]) -> bool {
        [&self.now, &self.before].into_iter().any(|key| hmac::verify(key, &bytes_of(peer, hello), cookie).is_ok())
    }
}

fn key(random: &rand::SystemRandom) -> hmac::Key {
    hmac::Key::generate(hmac::HMAC_SHA256, random).expect("the system has random bytes")
}

fn bytes_of(peer: SocketAddr, hello: &[&[u8]]) -> Vec<u8> {
    let mut bytes = match peer.ip() {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    bytes.extend_from_slice(&peer.port().to_be_bytes());
    for piece in hello {
        bytes.extend_from_slice(&(piece.len() as u32).to_be_bytes());
        bytes.extend_from_slice(piece);
    }
    bytes
}
