//! What waits for the kernel and what waits for a peer, against plain byte strings.

mod model;

use std::io;

use model::Random;
use reactor::{Outbox, Pool, Rest};

#[test]
fn the_rest_gives_back_what_was_kept_in_order() {
    let mut random = Random::start("rest");
    let mut rest = Rest::default();
    let mut model = Vec::new();
    for _ in 0..20_000 {
        match random.below(10) {
            0 => {
                let mut taken = vec![0; rest.len() as usize];
                rest.take(&mut taken);
                assert_eq!(taken, std::mem::take(&mut model));
            }
            1 if random.below(10) == 0 => {
                rest.clear();
                model.clear();
            }
            _ => {
                let length = random.below(200);
                let bytes = random.bytes(length);
                rest.append(&bytes);
                model.extend_from_slice(&bytes);
            }
        }
        assert_eq!(rest.len() as usize, model.len());
        assert_eq!(rest.is_empty(), model.is_empty());
    }
}

/// A peer that takes as much as it likes, now and then nothing, and never a byte twice.
fn some_of<'peer>(random: &'peer mut Random, heard: &'peer mut Vec<u8>) -> impl FnMut(&[u8]) -> io::Result<usize> + 'peer {
    move |bytes| match random.below(6) {
        0 => Err(io::ErrorKind::WouldBlock.into()),
        1 => Err(io::ErrorKind::Interrupted.into()),
        _ => {
            let count = 1 + random.below(bytes.len());
            heard.extend_from_slice(&bytes[..count]);
            Ok(count)
        }
    }
}

#[test]
fn outboxes_that_share_a_pool_deliver_every_byte_once_and_in_order() {
    let mut random = Random::start("outbox");
    let mut pool = Pool::default();
    let mut boxes: Vec<(Outbox, Vec<u8>, Vec<u8>)> = (0..5).map(|_| (Outbox::default(), Vec::new(), Vec::new())).collect();
    for _ in 0..20_000 {
        let index = random.below(boxes.len());
        let (outbox, sent, heard) = &mut boxes[index];
        if random.below(3) > 0 {
            let length = 1 + random.below(400);
            let bytes = random.bytes(length);
            outbox.push(&bytes, &mut pool);
            sent.extend_from_slice(&bytes);
        } else {
            let all = outbox.flush(&mut pool, some_of(&mut random, heard)).expect("the peer is there");
            assert_eq!(all, outbox.is_empty());
        }
        assert_eq!(outbox.len(), sent.len() - heard.len());
        assert_eq!(&sent[..heard.len()], heard.as_slice());
        if sent.len() > 1 << 20 && outbox.is_empty() {
            sent.clear();
            heard.clear();
        }
    }
}

#[test]
fn a_peer_that_is_gone_is_an_error() {
    let mut pool = Pool::default();
    let mut outbox = Outbox::default();
    outbox.push(b"late", &mut pool);
    let failed = outbox.flush(&mut pool, |_| Err(io::ErrorKind::BrokenPipe.into()));
    assert_eq!(failed.map_err(|error| error.kind()), Err(io::ErrorKind::BrokenPipe));
    outbox.clear(&mut pool);
    assert!(outbox.is_empty());
}
