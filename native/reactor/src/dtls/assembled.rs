//! Messages of the handshake, put together from their fragments (RFC 6347 §4.2.3).

use super::reader::{Reader, push_u24};

/// Type, length, number of the message, offset and length of the fragment.
pub const MESSAGE_HEADER_BYTES: usize = 12;
/// A longer message is refused: certificates of a client and those that vouch for it are the longest.
const MESSAGE_BYTES_MAX: usize = 16 * 1024;
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
    /// Which bytes have come: ranges that neither touch nor overlap, ascending.
    ranges: Vec<(usize, usize)>,
}

/// The messages of a peer in their order.
pub struct Assembled {
    next: u16,
    partial: Vec<Partial>,
}

impl Assembled {
    /// The number of the message that comes next.
    pub fn new(next: u16) -> Assembled {
        Assembled { next, partial: Vec::new() }
    }

    /// False: the fragment is of a message that was taken already.
    pub fn put(&mut self, fragment: &Fragment) -> bool {
        if fragment.number < self.next {
            return false;
        }
        if fragment.number - self.next >= EARLY_MAX {
            return true;
        }
        let known = self.partial.iter().position(|partial| partial.message.number == fragment.number);
        let at = known.unwrap_or_else(|| {
            let message = Message { kind: fragment.kind, number: fragment.number, body: vec![0; fragment.length] };
            self.partial.push(Partial { message, ranges: Vec::new() });
            self.partial.len() - 1
        });
        let Partial { message, ranges } = &mut self.partial[at];
        if message.kind == fragment.kind && message.body.len() == fragment.length {
            let end = fragment.offset + fragment.bytes.len();
            message.body[fragment.offset..end].copy_from_slice(fragment.bytes);
            insert(ranges, fragment.offset, end);
        }
        true
    }

    /// The next message, once it is whole.
    pub fn take(&mut self) -> Option<Message> {
        let at = self.partial.iter().position(|Partial { message, ranges }| {
            message.number == self.next && (message.body.is_empty() || ranges[..] == [(0, message.body.len())])
        })?;
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
    use super::*;

    fn fragment(number: u16, length: usize, offset: usize, bytes: &[u8]) -> Fragment<'_> {
        Fragment { kind: 1, length, number, offset, bytes }
    }

    #[test]
    fn fragments_in_any_order_and_overlapping_make_the_message() {
        let mut assembled = Assembled::new(1);
        for (offset, bytes) in [(4, "efgh"), (0, "ab"), (6, "ghij"), (1, "bcde")] {
            assert!(assembled.take().is_none());
            assert!(assembled.put(&fragment(1, 10, offset, bytes.as_bytes())));
        }
        let message = assembled.take().expect("it is whole");
        assert_eq!((message.number, &message.body[..]), (1, &b"abcdefghij"[..]));
        assert!(!assembled.put(&fragment(1, 10, 0, b"ab")), "it was taken");
    }

    #[test]
    fn messages_are_taken_in_order_and_far_ones_are_not_kept() {
        let mut assembled = Assembled::new(1);
        assert!(assembled.put(&fragment(2, 1, 0, b"b")) && assembled.put(&fragment(900, 1, 0, b"x")));
        assert!(assembled.take().is_none() && assembled.partial.len() == 1);
        assembled.put(&fragment(1, 1, 0, b"a"));
        assert_eq!(
            [assembled.take(), assembled.take()].map(|message| message.map(|message| message.body)),
            [Some(b"a".into()), Some(b"b".into())]
        );
    }
}
