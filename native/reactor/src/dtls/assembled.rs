//! Messages of the handshake, put together from their fragments (RFC 6347 §4.2.3).

use super::reader::{Reader, push_u24};

/// Type, length, number of the message, offset and length of the fragment.
pub const MESSAGE_HEADER_BYTES: usize = 12;
/// A longer message is refused: certificates of a client and those that vouch for it are the longest.
pub const MESSAGE_BYTES_MAX: usize = 16 * 1024;
/// Gaps that the fragments of a message may leave. More than a client makes: each costs time at every fragment.
const RANGES_MAX: usize = 32;
/// Messages beyond the next one that are kept when they come early: a client's flight has five.
const EARLY_MAX: u16 = 5;

/// A fragment as it came.
pub struct Fragment<'a> {
    pub kind: u8,
    pub length: usize,
    pub number: u16,
    pub offset: usize,
    pub bytes: &'a [u8],
}

/// What protects the record of a fragment. Fragments of both kinds make no message together: everybody can send plain ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protection {
    Plain,
    Sealed,
}

impl<'a> Fragment<'a> {
    pub fn read(reader: &mut Reader<'a>) -> Option<Fragment<'a>> {
        let (kind, length, number, offset) = (reader.u8()?, reader.u24()?, reader.u16()?, reader.u24()?);
        let bytes = reader.vector24()?;
        (length <= MESSAGE_BYTES_MAX && offset + bytes.len() <= length).then_some(Fragment { kind, length, number, offset, bytes })
    }

    /// The whole message, if it is in this fragment.
    pub fn whole(&self) -> Option<&'a [u8]> {
        (self.bytes.len() == self.length).then_some(self.bytes)
    }
}

/// A whole message.
pub struct Message {
    pub kind: u8,
    pub number: u16,
    pub body: Vec<u8>,
}

impl Message {
    /// As the hashes of the handshake have it: in one fragment (RFC 6347 §4.2.6).
    pub fn append_to(&self, transcript: &mut Vec<u8>) {
        push_header(transcript, self.kind, self.number, self.body.len(), 0, self.body.len());
        transcript.extend_from_slice(&self.body);
    }
}

pub fn push_header(out: &mut Vec<u8>, kind: u8, number: u16, length: usize, offset: usize, bytes: usize) {
    out.push(kind);
    push_u24(out, length);
    out.extend_from_slice(&number.to_be_bytes());
    push_u24(out, offset);
    push_u24(out, bytes);
}

struct Partial {
    message: Message,
    protection: Protection,
    /// Which bytes have come: ranges that neither touch nor overlap, ascending.
    ranges: Vec<(usize, usize)>,
}

impl Partial {
    fn is(&self, number: u16, protection: Protection) -> bool {
        self.message.number == number && self.protection == protection
    }

    fn is_whole(&self) -> bool {
        let length = self.message.body.len();
        length == 0 || self.ranges[..] == [(0, length)]
    }
}

/// The messages of a peer in their order.
pub struct Assembled {
    next: u16,
    bytes_max: usize,
    partial: Vec<Partial>,
}

impl Assembled {
    /// `next`: the number of the message that comes next; `bytes_max`: longer messages are not kept.
    pub fn new(next: u16, bytes_max: usize) -> Assembled {
        Assembled { next, bytes_max, partial: Vec::new() }
    }

    /// Keeps a fragment, unless its message was taken already, is too long, or is far ahead.
    pub fn put(&mut self, fragment: &Fragment, protection: Protection) {
        let ahead = fragment.number.checked_sub(self.next);
        if ahead.is_none_or(|ahead| ahead >= EARLY_MAX) || fragment.length > self.bytes_max {
            return;
        }
        let known = self.partial.iter().position(|partial| partial.is(fragment.number, protection));
        let at = known.unwrap_or_else(|| {
            let message = Message { kind: fragment.kind, number: fragment.number, body: vec![0; fragment.length] };
            self.partial.push(Partial { message, protection, ranges: Vec::new() });
            self.partial.len() - 1
        });
        let Partial { message, ranges, .. } = &mut self.partial[at];
        if message.kind == fragment.kind && message.body.len() == fragment.length && ranges.len() < RANGES_MAX {
            let end = fragment.offset + fragment.bytes.len();
            message.body[fragment.offset..end].copy_from_slice(fragment.bytes);
            insert(ranges, fragment.offset, end);
        }
    }

    /// The next message, once it is whole, if it came with this protection.
    pub fn take(&mut self, protection: Protection) -> Option<Message> {
        let at = self.partial.iter().position(|partial| partial.is(self.next, protection) && partial.is_whole())?;
        self.next = self.next.checked_add(1)?;
        Some(self.partial.swap_remove(at).message)
    }
}

fn insert(ranges: &mut Vec<(usize, usize)>, start: usize, end: usize) {
    let (mut start, mut end) = (start, end);
    ranges.retain(|&(from, to)| {
        let is_apart = to < start || end < from;
        if !is_apart {
            (start, end) = (start.min(from), end.max(to));
        }
        is_apart
    });
    let at = ranges.partition_point(|&(from, _)| from < start);
    ranges.insert(at, (start, end));
}

#[cfg(test)]
mod tests {
    use super::Protection::{Plain, Sealed};
    use super::*;

    fn fragment(number: u16, length: usize, offset: usize, bytes: &[u8]) -> Fragment<'_> {
        Fragment { kind: 1, length, number, offset, bytes }
    }

    #[test]
    fn fragments_in_any_order_and_overlapping_make_the_message() {
        let mut assembled = Assembled::new(1, 10);
        for (offset, bytes) in [(4, "efgh"), (0, "ab"), (6, "ghij"), (1, "bcde")] {
            assert!(assembled.take(Plain).is_none());
            assembled.put(&fragment(1, 10, offset, bytes.as_bytes()), Plain);
        }
        let message = assembled.take(Plain).expect("it is whole");
        assert_eq!((message.number, &message.body[..]), (1, &b"abcdefghij"[..]));
        assembled.put(&fragment(1, 10, 0, b"ab"), Plain);
        assert!(assembled.partial.is_empty(), "it was taken");
    }

    #[test]
    fn plain_and_sealed_fragments_make_no_message_together() {
        let mut assembled = Assembled::new(1, 10);
        assembled.put(&fragment(1, 4, 0, b"ab"), Plain);
        assembled.put(&fragment(1, 4, 2, b"cd"), Sealed);
        assert!(assembled.take(Plain).is_none() && assembled.take(Sealed).is_none());
        assembled.put(&fragment(1, 4, 0, b"AB"), Sealed);
        assert!(assembled.take(Plain).is_none());
        assert_eq!(assembled.take(Sealed).map(|message| message.body), Some(b"ABcd".into()));
    }

    #[test]
    fn a_message_of_many_gaps_and_one_that_is_too_long_are_not_kept() {
        let mut assembled = Assembled::new(1, 1000);
        for at in 0..500 {
            assembled.put(&fragment(1, 1000, 2 * at, b"x"), Plain);
        }
        assert_eq!(assembled.partial[0].ranges.len(), RANGES_MAX);
        assembled.put(&fragment(2, 1001, 0, b"x"), Plain);
        assert_eq!(assembled.partial.len(), 1);
    }

    #[test]
    fn messages_are_taken_in_order_and_far_ones_are_not_kept() {
        let mut assembled = Assembled::new(1, 10);
        assembled.put(&fragment(2, 1, 0, b"b"), Plain);
        assembled.put(&fragment(900, 1, 0, b"x"), Plain);
        assert!(assembled.take(Plain).is_none() && assembled.partial.len() == 1);
        assembled.put(&fragment(1, 1, 0, b"a"), Plain);
        assert_eq!(
            [assembled.take(Plain), assembled.take(Plain)].map(|message| message.map(|message| message.body)),
            [Some(b"a".into()), Some(b"b".into())]
        );
    }
}
