use ring::{digest, hmac};
use zeroize::Zeroizing;

pub const MASTER_BYTES: usize = 48;
pub const FINISHED_BYTES: usize = 12;

/// Its bytes are overwritten when it is dropped.
pub type Master = Zeroizing<[u8; MASTER_BYTES]>;

/// The pseudorandom function with SHA-256, RFC 5246 §5: fills `out`.
fn prf(secret: &[u8], label: &str, seeds: &[&[u8]], out: &mut [u8]) {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mac = |before: Option<&[u8]>, with_seed: bool| {
        let mut context = hmac::Context::with_key(&key);
        if let Some(before) = before {
            context.update(before);
        }
        if with_seed {
            context.update(label.as_bytes());
            seeds.iter().for_each(|seed| context.update(seed));
        }
        context.sign()
    };
    let mut a = mac(None, true);
    for piece in out.chunks_mut(digest::SHA256_OUTPUT_LEN) {
        piece.copy_from_slice(&mac(Some(a.as_ref()), true).as_ref()[..piece.len()]);
        a = mac(Some(a.as_ref()), false);
    }
}

/// What both sides have random of their own.
pub struct Randoms {
    pub client: [u8; 32],
    pub server: [u8; 32],
}

/// RFC 5246 §8.1.
pub fn master(premaster: &[u8], randoms: &Randoms) -> Master {
    let mut out = Master::new([0; MASTER_BYTES]);
    prf(premaster, "master secret", &[&randoms.client, &randoms.server], &mut out[..]);
    out
}

/// RFC 7627 §4: bound to all messages up to ClientKeyExchange.
pub fn extended_master(premaster: &[u8], transcript: &[u8]) -> Master {
    let mut out = Master::new([0; MASTER_BYTES]);
    prf(premaster, "extended master secret", &[hash(transcript).as_ref()], &mut out[..]);
    out
}

/// RFC 4279 §2: the premaster secret of a key that both sides have.
pub fn premaster_of_key(key: &[u8]) -> Zeroizing<Vec<u8>> {
    let length = (key.len() as u16).to_be_bytes();
    Zeroizing::new([&length[..], &vec![0; key.len()], &length, key].concat())
}

/// RFC 5246 §6.3: fills `out` with the keys of both sides.
pub fn expand_keys(master: &Master, randoms: &Randoms, out: &mut [u8]) {
    prf(&master[..], "key expansion", &[&randoms.server, &randoms.client], out);
}

/// RFC 5246 §7.4.9.
pub fn finished(master: &Master, is_client: bool, transcript: &[u8]) -> [u8; FINISHED_BYTES] {
    let mut out = [0; FINISHED_BYTES];
    let label = if is_client { "client finished" } else { "server finished" };
    prf(&master[..], label, &[hash(transcript).as_ref()], &mut out);
    out
}

fn hash(bytes: &[u8]) -> digest::Digest {
    digest::digest(&digest::SHA256, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test vector of the TLS working group for P_SHA256.
    #[test]
    fn the_function_gives_the_known_bytes() {
        let secret = hex("9bbe436ba940f017b17652849a71db35");
        let seed = hex("a0ba9f936cda311827a6f796ffd5198c");
        let mut out = [0; 100];
        prf(&secret, "test label", &[&seed], &mut out);
        assert_eq!(out[..16], hex("e3f229ba727be17b8d122620557cd453")[..]);
        assert_eq!(out[96..], hex("87347b66")[..]);
    }

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("digits")).collect()
    }
}
