use aes::Aes128Enc;
use ccm::aead::consts::{U8, U12};
use ccm::aead::inout::InOutBuf;
use ccm::aead::{AeadInOut, KeyInit};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, Tag, UnboundKey};
use zeroize::Zeroizing;

use super::prf::{Master, Randoms, expand_keys};

/// How the two sides come to a secret, and whose signature is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// Both sides have the key.
    Psk,
    /// By curves, with a certificate of this kind of key.
    Ecdsa,
    Rsa,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suite {
    pub number: u16,
    pub exchange: Exchange,
    is_ccm8: bool,
}

/// RFC 6655, 5487, 7251 and 5289; all hash with SHA-256.
pub const SUITES: [Suite; 5] = [
    Suite { number: 0xc0a8, exchange: Exchange::Psk, is_ccm8: true },
    Suite { number: 0x00a8, exchange: Exchange::Psk, is_ccm8: false },
    Suite { number: 0xc0ae, exchange: Exchange::Ecdsa, is_ccm8: true },
    Suite { number: 0xc02b, exchange: Exchange::Ecdsa, is_ccm8: false },
    Suite { number: 0xc02f, exchange: Exchange::Rsa, is_ccm8: false },
];

const KEY_BYTES: usize = 16;
const SALT_BYTES: usize = 4;
pub const NONCE_BYTES: usize = 8;
const TAG_BYTES_MAX: usize = 16;

type Ccm8 = ccm::Ccm<Aes128Enc, U8, U12>;

enum Cipher {
    Gcm(LessSafeKey),
    Ccm8(Ccm8),
}

/// The key of one direction. The nonce is a salt of the handshake and eight bytes of the record: RFC 5288 §3, RFC 6655 §3.
pub struct Key {
    cipher: Cipher,
    salt: [u8; SALT_BYTES],
}

/// The keys of both directions.
pub struct Keys {
    pub client: Key,
    pub server: Key,
}

impl Suite {
    pub fn keys(self, master: &Master, randoms: &Randoms) -> Keys {
        let mut block = Zeroizing::new([0; 2 * (KEY_BYTES + SALT_BYTES)]);
        expand_keys(master, randoms, &mut block[..]);
        let (keys, salts) = block.split_at(2 * KEY_BYTES);
        let key = |side: usize| Key::new(self.is_ccm8, &keys[side * KEY_BYTES..][..KEY_BYTES], &salts[side * SALT_BYTES..][..SALT_BYTES]);
        Keys { client: key(0), server: key(1) }
    }
}

impl Key {
    fn new(is_ccm8: bool, key: &[u8], salt: &[u8]) -> Key {
        let cipher = if is_ccm8 {
            Cipher::Ccm8(Ccm8::new_from_slice(key).expect("a key of AES-128"))
        } else {
            Cipher::Gcm(LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).expect("a key of AES-128")))
        };
        Key { cipher, salt: salt.try_into().expect("a salt of four bytes") }
    }

    pub fn tag_bytes(&self) -> usize {
        if matches!(self.cipher, Cipher::Ccm8(_)) { 8 } else { TAG_BYTES_MAX }
    }

    fn nonce(&self, explicit: &[u8; NONCE_BYTES]) -> [u8; SALT_BYTES + NONCE_BYTES] {
        let mut nonce = [0; SALT_BYTES + NONCE_BYTES];
        nonce[..SALT_BYTES].copy_from_slice(&self.salt);
        nonce[SALT_BYTES..].copy_from_slice(explicit);
        nonce
    }

    /// Encrypts in place and appends the tag to `out`, of which the bytes from `start` are the plain ones.
    pub fn seal(&self, explicit: &[u8; NONCE_BYTES], aad: &[u8], out: &mut Vec<u8>, start: usize) {
        let nonce = self.nonce(explicit);
        match &self.cipher {
            Cipher::Gcm(key) => {
                let nonce = Nonce::assume_unique_for_key(nonce);
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut out[start..]).expect("a record is short enough");
                out.extend_from_slice(tag.as_ref());
            }
            Cipher::Ccm8(key) => {
                let text = InOutBuf::from(&mut out[start..]);
                let tag = key.encrypt_inout_detached(&nonce.into(), aad, text).expect("a record is short enough");
                out.extend_from_slice(&tag);
            }
        }
    }

    /// Decrypts in place, and answers how many bytes are plain. None: they are not what the peer has sealed.
    pub fn open(&self, explicit: &[u8; NONCE_BYTES], aad: &[u8], sealed: &mut [u8]) -> Option<usize> {
        let plain = sealed.len().checked_sub(self.tag_bytes())?;
        let (text, tag) = sealed.split_at_mut(plain);
        let nonce = self.nonce(explicit);
        match &self.cipher {
            Cipher::Gcm(key) => {
                let tag = Tag::try_from(&*tag).ok()?;
                key.open_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(aad), tag, text, 0..).ok()?;
            }
            Cipher::Ccm8(key) => {
                let tag: [u8; 8] = (&*tag).try_into().ok()?;
                key.decrypt_inout_detached(&nonce.into(), aad, InOutBuf::from(text), &tag.into()).ok()?;
            }
        }
        Some(plain)
    }
}
