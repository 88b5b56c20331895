//! Mutated datagrams: the process ends with the first panic, so none may cause one. `DTLS_FUZZ_ROUNDS` sets how many rounds are run.

use std::time::Duration;

use super::client::Client;
use super::{World, address};
use crate::dtls::record::{ALERT, APPLICATION_DATA};

/// About a second. A long run has millions.
const ROUNDS: u64 = 1_500;
const PLACES: u32 = 16;

struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % end
    }
}

/// The datagrams of a handshake and of messages after it, each with the state of the server that it meets.
fn script(world: &mut World, client: &mut Client, random: &mut Random) {
    let cookie = world.cookie(client);
    let hello = client.hello(&cookie);
    let flight = meet(world, client, hello, random);
    if flight.is_empty() {
        return;
    }
    client.take_flight(&flight);
    for datagram in client.exchange(&[0, 2]) {
        meet(world, client, datagram, random);
    }
    let finish = client.finish();
    meet(world, client, finish, random);
    for _ in 0..3 {
        let message = client.seal(APPLICATION_DATA, b"{}");
        meet(world, client, message, random);
    }
    let alert = client.seal(ALERT, &[1, 0]);
    meet(world, client, alert, random);
}

/// The server gets mutations of the datagram before it and after it.
fn meet(world: &mut World, client: &Client, datagram: Vec<u8>, random: &mut Random) -> Vec<Vec<u8>> {
    mutations(world, client, &datagram, random);
    let answers = world.give(client.peer, &datagram);
    mutations(world, client, &datagram, random);
    answers.into_iter().filter(|answer| answer.get(13) == Some(&2)).collect()
}

fn mutations(world: &mut World, client: &Client, datagram: &[u8], random: &mut Random) {
    for _ in 0..4 {
        let mut bytes = datagram.to_vec();
        match random.below(5) {
            0 => bytes.truncate(random.below(bytes.len()) + 1),
            1 => bytes.extend_from_slice(&datagram[random.below(datagram.len())..]),
            // Most often the headers of records, messages and vectors: what lengths and offsets say.
            2 => {
                let at = random.below(bytes.len().min(64));
                bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.below(5)];
            }
            _ => {}
        }
        for _ in 0..random.below(4) {
            let at = random.below(bytes.len());
            bytes[at] = random.below(256) as u8;
        }
        let peer = if random.below(4) == 0 { address(50_000 + random.below(20) as u32) } else { client.peer };
        world.give(peer, &bytes);
    }
    world.wait(Duration::from_millis(random.below(700) as u64));
}

#[test]
fn no_mutated_datagram_makes_it_panic_or_lets_anybody_in() {
    let rounds = std::env::var("DTLS_FUZZ_ROUNDS").ok().and_then(|text| text.parse().ok()).unwrap_or(ROUNDS);
    let seed = std::env::var("DTLS_FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(0x2545_f491_4f6c_dd1d);
    println!("DTLS_FUZZ_SEED={seed}");
    let mut random = Random(seed);
    let mut world = World::of_places(PLACES);
    for round in 0..rounds {
        let mut client = if round % 2 == 0 { Client::with_cid(address(round as u32)) } else { Client::new(address(round as u32)) };
        client.random = [round as u8; 32];
        client.suites = vec![[0xc0a8, 0x00a8][round as usize / 2 % 2]];
        script(&mut world, &mut client, &mut random);
        world.news.clear();
        for (owner, bytes) in world.delivered.drain(..) {
            assert_eq!((owner, &bytes[..]), (super::OWNER, &b"{}"[..]), "round {round}");
        }
        let counts = world.server.counts();
        assert!(counts.open + counts.shaking <= u64::from(PLACES));
        assert!(world.server.routes.len() <= 2 * PLACES as usize);
    }
    assert!(world.server.counts().established > rounds / 4, "most handshakes end well between the mutations");
    for _ in 0..400 {
        world.wait(Duration::from_millis(100));
    }
    world.wait(Duration::from_secs(2 * 24 * 3600));
    assert!(world.server.associations.is_empty() && world.server.routes.is_empty() && !world.server.is_shaking());
}
