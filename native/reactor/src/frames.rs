//! The frames of a client's WebSocket, RFC 6455 §5: their payload is taken out of the bytes in place, however they are cut.

/// A message that grows beyond this is refused. MQTT packets may lie across messages and several in one.
pub const MESSAGE_BYTES_MAX: u64 = 1024 * 1024;
/// RFC 6455 §5.5.
const CONTROL_BYTES_MAX: usize = 125;
const HEAD_BYTES_MAX: usize = 14;

const CONTINUATION: u8 = 0x0;
const TEXT: u8 = 0x1;
pub const BINARY: u8 = 0x2;
pub const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
pub const PONG: u8 = 0xA;

// Codes with which a WebSocket is closed, RFC 6455 §7.4.1.
pub const NORMAL: u16 = 1000;
const PROTOCOL_ERROR: u16 = 1002;
const NO_SUCH_DATA: u16 = 1003;
const TOO_BIG: u16 = 1009;

/// Why a peer's frames come to their end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Its Close frame came; the code is that of the answer.
    Closed(u16),
    /// It broke a rule, for which the code stands.
    Fault(u16),
}

#[derive(Default)]
pub struct Frames {
    /// The head of a frame as far as it has come.
    head: [u8; HEAD_BYTES_MAX],
    head_bytes: usize,
    opcode: u8,
    /// Bytes of the frame's payload that have not come.
    left: u64,
    /// Turned so that its first byte is the next to be used.
    mask: [u8; 4],
    /// Payload of a control frame. It has memory only while there is one.
    control: Vec<u8>,
    /// Bytes of the message whose last frame has not come; None: no message is under way.
    message: Option<u64>,
    is_final: bool,
    /// The last ping that is not answered.
    pub ping: Option<Vec<u8>>,
    pub end: Option<End>,
}

impl Frames {
    /// Moves the payload in `bytes` to their front and answers its length. Nothing is taken after the end.
    pub fn unwrap(&mut self, bytes: &mut [u8]) -> usize {
        let (mut at, mut kept) = (0, 0);
        while at < bytes.len() && self.end.is_none() {
            if self.left == 0 {
                self.head[self.head_bytes] = bytes[at];
                self.head_bytes += 1;
                at += 1;
                self.look_at_head();
                continue;
            }
            let count = usize::try_from(self.left).unwrap_or(usize::MAX).min(bytes.len() - at);
            if self.is_control() {
                let start = self.control.len();
                self.control.extend_from_slice(&bytes[at..at + count]);
                unmask(&mut self.control[start..], &mut self.mask);
            } else {
                bytes.copy_within(at..at + count, kept);
                unmask(&mut bytes[kept..kept + count], &mut self.mask);
                kept += count;
            }
            at += count;
            self.left -= count as u64;
            if self.left == 0 {
                self.frame_done();
            }
        }
        kept
    }

    fn is_control(&self) -> bool {
        self.opcode & 0x8 != 0
    }

    fn fault(&mut self, code: u16) {
        self.end = Some(End::Fault(code));
    }

    //   0               1                2 …                                 10 …
    //  +-+---+-------+ +-+-----------+ +--------------------------------+ +-----------+
    //  |F|RSV|opcode | |M| length    | | length of 16 bits (126) or of  | | masking   |
    //  | |   |       | | |           | | 64 (127), else nothing         | | key       |
    //  +-+---+-------+ +-+-----------+ +--------------------------------+ +-----------+
    fn look_at_head(&mut self) {
        match self.head_bytes {
            1 => self.look_at_opcode(),
            2 if self.head[1] & 0x80 == 0 => self.fault(PROTOCOL_ERROR), // RFC 6455 §5.1: a client masks.
            2 if self.is_control() && usize::from(self.head[1] & 0x7f) > CONTROL_BYTES_MAX => self.fault(PROTOCOL_ERROR),
            count if count >= 2 && count == self.head_length() => self.head_done(),
            _ => {}
        }
    }

    fn look_at_opcode(&mut self) {
        self.opcode = self.head[0] & 0x0f;
        self.is_final = self.head[0] & 0x80 != 0;
        // No extension was agreed on, RFC 6455 §5.2.
        if self.head[0] & 0x70 != 0 {
            self.fault(PROTOCOL_ERROR);
            return;
        }
        let is_right = match self.opcode {
            CONTINUATION => self.message.is_some(),
            BINARY | TEXT => self.message.is_none(),
            CLOSE | PING | PONG => self.is_final, // RFC 6455 §5.5
            _ => false,
        };
        if !is_right {
            self.fault(PROTOCOL_ERROR);
        } else if self.opcode == TEXT {
            self.fault(NO_SUCH_DATA); // [MQTT-6.0.0-1]
        }
    }

    fn length_bytes(&self) -> usize {
        match self.head[1] & 0x7f {
            126 => 2,
            127 => 8,
            _ => 0,
        }
    }

    fn head_length(&self) -> usize {
        2 + self.length_bytes() + 4
    }

    fn head_done(&mut self) {
        let wide = &self.head[2..2 + self.length_bytes()];
        let length =
            if wide.is_empty() { u64::from(self.head[1] & 0x7f) } else { wide.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)) };
        let is_shortest = match wide.len() {
            2 => length > 125,
            8 => length > 0xffff && length >> 63 == 0,
            _ => true,
        };
        self.mask.copy_from_slice(&self.head[self.head_bytes - 4..self.head_bytes]);
        self.head_bytes = 0;
        if !is_shortest {
            self.fault(PROTOCOL_ERROR); // RFC 6455 §5.2
            return;
        }
        if !self.is_control() {
            let message = self.message.unwrap_or(0).saturating_add(length);
            if message > MESSAGE_BYTES_MAX {
                self.fault(TOO_BIG);
                return;
            }
            self.message = Some(message);
        }
        self.left = length;
        if length == 0 {
            self.frame_done();
        }
    }

    fn frame_done(&mut self) {
        match self.opcode {
            PING => self.ping = Some(std::mem::take(&mut self.control)),
            PONG => self.control = Vec::new(),
            CLOSE => self.end = Some(closing(&std::mem::take(&mut self.control))),
            _ if self.is_final => self.message = None,
            _ => {}
        }
    }
}

/// What a Close frame with this payload means, RFC 6455 §5.5.1 and §7.4.
fn closing(payload: &[u8]) -> End {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { End::Closed(NORMAL) } else { End::Fault(PROTOCOL_ERROR) };
    };
    let code = u16::from_be_bytes(*code);
    let is_defined = matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
    if is_defined && std::str::from_utf8(reason).is_ok() { End::Closed(code) } else { End::Fault(PROTOCOL_ERROR) }
}

fn unmask(bytes: &mut [u8], mask: &mut [u8; 4]) {
    let word = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let mut words = bytes.chunks_exact_mut(8);
    for chunk in &mut words {
        let plain = u64::from_ne_bytes((&*chunk).try_into().expect("eight bytes")) ^ word;
        chunk.copy_from_slice(&plain.to_ne_bytes());
    }
    let rest = words.into_remainder();
    for (byte, key) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= key;
    }
    mask.rotate_left(rest.len() % 4);
}

/// Adds the head of a frame that a server sends: whole, and not masked.
pub fn push_head(out: &mut Vec<u8>, opcode: u8, length: usize) {
    out.push(0x80 | opcode);
    match length {
        0..=125 => out.push(length as u8),
        126..=0xffff => {
            out.push(126);
            out.extend_from_slice(&(length as u16).to_be_bytes());
        }
        _ => {
            out.push(127);
            out.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

    /// A client's frame; `first` is its first byte.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        push_head(&mut bytes, 0, payload.len());
        bytes[0] = first;
        bytes[1] |= 0x80;
        bytes.extend_from_slice(&MASK);
        bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, key)| byte ^ key));
        bytes
    }

    /// The payload of the messages in `bytes`, which come in pieces of `piece` bytes.
    fn read(frames: &mut Frames, bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut got = Vec::new();
        for chunk in bytes.chunks(piece) {
            let mut chunk = chunk.to_vec();
            let kept = frames.unwrap(&mut chunk);
            got.extend_from_slice(&chunk[..kept]);
        }
        got
    }

    #[test]
    fn payload_is_the_same_however_its_frames_are_cut() {
        let large: Vec<u8> = (0..70_000u32).map(|at| (at * 31) as u8).collect();
        let parts: [(u8, &[u8]); 9] = [
            (0x82, b"one packet"),
            (0x89, b"are you there"),
            (0x02, b"begins "),
            (0x00, b""),
            (0x8a, b"not asked for"),
            (0x80, b"and ends"),
            (0x82, b""),
            (0x82, &large[..300]),
            (0x82, &large),
        ];
        let bytes: Vec<u8> = parts.iter().flat_map(|(first, payload)| frame(*first, payload)).collect();
        let expected: Vec<u8> = parts.iter().filter(|(first, _)| first & 0x08 == 0).flat_map(|(_, payload)| payload.to_vec()).collect();
        for piece in [1, 2, 3, 5, 7, 8, 13, 64, 1021, bytes.len()] {
            let mut frames = Frames::default();
            assert_eq!(read(&mut frames, &bytes, piece), expected, "pieces of {piece} bytes");
            assert_eq!(frames.end, None);
            assert_eq!(frames.ping.as_deref(), Some(&b"are you there"[..]));
        }
    }

    #[test]
    fn each_fault_has_its_code() {
        let unmasked = vec![0x82, 0x01, b'x'];
        let overlong = [&[0x82, 0xfe, 0x00, 0x05][..], &MASK, b"12345"].concat();
        let overlong_wide = [&[0x82, 0xff, 0, 0, 0, 0, 0, 0, 0xff, 0xff][..], &MASK].concat();
        let negative = [&[0x82, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0][..], &MASK].concat();
        let too_big = [&[0x82, 0xff, 0, 0, 0, 0, 0, 0x10, 0, 1][..], &MASK].concat();
        let cases = [
            ("text", frame(0x81, b"{}"), 1003),
            ("not masked", unmasked, 1002),
            ("a reserved bit", frame(0xc2, b"x"), 1002),
            ("an unknown opcode", frame(0x83, b"x"), 1002),
            ("an unknown control opcode", frame(0x8b, b"x"), 1002),
            ("a continuation of nothing", frame(0x80, b"x"), 1002),
            ("a message within a message", [frame(0x02, b"x"), frame(0x82, b"y")].concat(), 1002),
            ("a ping in pieces", frame(0x09, b"x"), 1002),
            ("a ping that is too long", frame(0x89, &[0; 126]), 1002),
            ("a length that is not the shortest", overlong, 1002),
            ("a wide length that is not the shortest", overlong_wide, 1002),
            ("a length with its top bit", negative, 1002),
            ("a frame that is too long", too_big, 1009),
            ("a Close frame of one byte", frame(0x88, b"x"), 1002),
            ("a Close frame with a reserved code", frame(0x88, &1005u16.to_be_bytes()), 1002),
            ("a Close frame whose reason is not UTF-8", frame(0x88, &[0x03, 0xe8, 0xff]), 1002),
        ];
        for (name, bytes, code) in cases {
            for piece in [1, bytes.len()] {
                let mut frames = Frames::default();
                read(&mut frames, &bytes, piece);
                assert_eq!(frames.end, Some(End::Fault(code)), "{name}");
            }
        }
    }

    #[test]
    fn a_message_of_many_frames_is_bounded_as_one_frame_is() {
        let mut frames = Frames::default();
        let piece = frame(0x00, &[0; 65536]);
        assert_eq!(read(&mut frames, &frame(0x02, &[0; 65536]), 4096).len(), 65536);
        for _ in 1..16 {
            assert_eq!(read(&mut frames, &piece, 4096).len(), 65536);
        }
        assert_eq!(frames.end, None);
        read(&mut frames, &frame(0x80, b"x"), 1);
        assert_eq!(frames.end, Some(End::Fault(1009)));
    }

    #[test]
    fn nothing_is_taken_after_a_close_frame_which_is_answered_with_its_code() {
        let mut frames = Frames::default();
        let bytes = [frame(0x82, b"before"), frame(0x88, &[0x03, 0xe9]), frame(0x82, b"after")].concat();
        assert_eq!(read(&mut frames, &bytes, 4), b"before");
        assert_eq!(frames.end, Some(End::Closed(1001)));
        let mut frames = Frames::default();
        read(&mut frames, &frame(0x88, b""), 1);
        assert_eq!(frames.end, Some(End::Closed(1000)));
    }
}
