//! Records of DTLS 1.2 (RFC 6347 §4.1), and those that carry a connection id (RFC 9146 §4).
//!
//! ```text
//!   0  type    1  version    3  epoch, sequence number    11  length      13  bytes
//!   0  25      1  version    3  epoch, sequence number    11  connection id, its length is known    length    bytes
//! ```

use super::reader::Reader;
use super::suite::{Key, NONCE_BYTES};

pub const CHANGE_CIPHER_SPEC: u8 = 20;
pub const ALERT: u8 = 21;
pub const HANDSHAKE: u8 = 22;
pub const APPLICATION_DATA: u8 = 23;
pub const WITH_CID: u8 = 25;

pub const VERSION: [u8; 2] = [0xfe, 0xfd];
/// HelloVerifyRequest and the first ClientHello bear the older version, RFC 6347 §4.2.1.
const VERSION_1_0: [u8; 2] = [0xfe, 0xff];

/// A connection id of this side: the socket among those that share the port, the association, and a number that nobody guesses.
pub const CID_BYTES: usize = 8;
/// Where a record has its connection id.
pub const CID_AT: usize = 11;
const HEADER_BYTES: usize = 13;
/// RFC 5246 §6.2.3: a record's plain bytes, and what sealing may add.
const RECORD_BYTES_MAX: usize = (1 << 14) + 256;

/// A record as it came.
pub struct Record<'a> {
    pub kind: u8,
    pub epoch: u16,
    /// Of 48 bits.
    pub number: u64,
    /// Of records with a connection id.
    pub cid: Option<[u8; CID_BYTES]>,
    pub bytes: &'a [u8],
}

impl<'a> Record<'a> {
    /// Takes the next record of a datagram. None: the rest of it is no record.
    pub fn read(datagram: &mut Reader<'a>) -> Option<Record<'a>> {
        let kind = datagram.u8()?;
        let version: [u8; 2] = datagram.array()?;
        if version != VERSION && version != VERSION_1_0 {
            return None;
        }
        let counted = u64::from_be_bytes(datagram.array()?);
        let cid = if kind == WITH_CID { Some(datagram.array()?) } else { None };
        let bytes = datagram.vector16()?;
        let is_known = matches!(kind, CHANGE_CIPHER_SPEC..=APPLICATION_DATA | WITH_CID);
        (is_known && bytes.len() <= RECORD_BYTES_MAX).then_some(Record {
            kind,
            epoch: (counted >> 48) as u16,
            number: counted & NUMBER_MAX,
            cid,
            bytes,
        })
    }

    /// Opens a sealed record into `plain`. Answers its kind, and None where the peer has not sealed it.
    pub fn open(&self, key: &Key, plain: &mut Vec<u8>) -> Option<u8> {
        let mut reader = Reader::new(self.bytes);
        let explicit: [u8; NONCE_BYTES] = reader.array()?;
        plain.clear();
        plain.extend_from_slice(reader.rest());
        let length = plain.len().checked_sub(key.tag_bytes())?;
        let counted = counted(self.epoch, self.number);
        let aad = match &self.cid {
            None => Aad::plain(counted, self.kind, length),
            Some(cid) => Aad::with_cid(counted, cid, length),
        };
        let length = key.open(&explicit, aad.bytes(), plain)?;
        plain.truncate(length);
        if self.cid.is_none() {
            return Some(self.kind);
        }
        // RFC 9146 §4: the kind is the last byte that is not zero.
        while plain.last() == Some(&0) {
            plain.pop();
        }
        plain.pop()
    }
}

/// Records have numbers of 48 bits.
pub const NUMBER_MAX: u64 = (1 << 48) - 1;

fn counted(epoch: u16, number: u64) -> [u8; 8] {
    (u64::from(epoch) << 48 | number & NUMBER_MAX).to_be_bytes()
}

/// What is authenticated beside a record's bytes.
struct Aad {
    bytes: [u8; AAD_BYTES_MAX],
    length: usize,
}

const AAD_BYTES_MAX: usize = 8 + 3 + 2 + 8 + 255 + 2;

impl Aad {
    /// RFC 5246 §6.2.3.3.
    fn plain(counted: [u8; 8], kind: u8, length: usize) -> Aad {
        Aad::of(&[&counted, &[kind], &VERSION, &(length as u16).to_be_bytes()])
    }

    /// RFC 9146 §5.3.
    fn with_cid(counted: [u8; 8], cid: &[u8], length: usize) -> Aad {
        let kinds = [WITH_CID, cid.len() as u8, WITH_CID];
        Aad::of(&[&[0xff; 8], &kinds, &VERSION, &counted, cid, &(length as u16).to_be_bytes()])
    }

    fn of(pieces: &[&[u8]]) -> Aad {
        let mut aad = Aad { bytes: [0; AAD_BYTES_MAX], length: 0 };
        for piece in pieces {
            aad.bytes[aad.length..aad.length + piece.len()].copy_from_slice(piece);
            aad.length += piece.len();
        }
        aad
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Appends a record that is not sealed.
pub fn push_plain(out: &mut Vec<u8>, kind: u8, number: u64, bytes: &[u8]) {
    out.push(kind);
    out.extend_from_slice(&VERSION);
    out.extend_from_slice(&counted(0, number));
    out.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
    out.extend_from_slice(bytes);
}

/// Appends a sealed record of epoch 1, with the connection id that the peer wants to see; none: it is empty.
pub fn push_sealed(out: &mut Vec<u8>, kind: u8, number: u64, cid: &[u8], key: &Key, bytes: &[u8]) {
    let counted = counted(1, number);
    let inner = bytes.len() + usize::from(!cid.is_empty());
    out.push(if cid.is_empty() { kind } else { WITH_CID });
    out.extend_from_slice(&VERSION);
    out.extend_from_slice(&counted);
    out.extend_from_slice(cid);
    out.extend_from_slice(&((NONCE_BYTES + inner + key.tag_bytes()) as u16).to_be_bytes());
    out.extend_from_slice(&counted);
    let start = out.len();
    out.extend_from_slice(bytes);
    let aad = if cid.is_empty() {
        Aad::plain(counted, kind, inner)
    } else {
        out.push(kind);
        Aad::with_cid(counted, cid, inner)
    };
    key.seal(&counted, aad.bytes(), out, start);
}

/// The bytes that a sealed record needs beside the plain ones.
pub fn sealed_overhead(cid: &[u8], key: &Key) -> usize {
    HEADER_BYTES + cid.len() + usize::from(!cid.is_empty()) + NONCE_BYTES + key.tag_bytes()
}
