use crate::plan::Plan;

/// Numbers have nine digits from the first on, so that patching them never moves a byte.
pub const FIRST_SEQ: u32 = 100_000_001;

/// PUBLISH packets of one length, laid out once; sending patches digits in place:
///
/// ```text
/// 0x30 | qos << 1, remaining length (1 byte), topic length (2), "devices/dev-000001/telemetry", [packet id (2)],
/// {"ts":1700000000000,"metrics":{"temp":21.53,"load":45.12},"seq":100000001}
/// ```
pub struct Packets {
    bytes: Vec<u8>,
    packet_bytes: usize,
    with_id: bool,
    device_at: usize,
    id_at: usize,
    ts_at: usize,
    values_at: [usize; 2],
    seq_at: usize,
    base_ms: u64,
}

/// A message's place: which device, how many messages the device sent before, and its packet id.
#[derive(Clone, Copy)]
pub struct Place {
    pub device: u32,
    pub turn: u32,
    pub packet_id: u16,
}

const PAYLOAD: &str =
    r#"{"ts":1700000000000,"metrics":{"temp":10.00,"load":10.00},"seq":100000001}"#;
const DEVICE_DIGITS: &str = "000000";

impl Packets {
    pub fn new(plan: &Plan) -> Result<Packets, String> {
        let topic = format!("{}{DEVICE_DIGITS}{}", plan.topic_prefix, plan.topic_suffix);
        let id_bytes = if plan.qos == 0 { 0 } else { 2 };
        let remaining = 2 + topic.len() + id_bytes + PAYLOAD.len();
        if remaining > 127 {
            return Err(format!(
                "cannot lay packets: {remaining} bytes need a longer length"
            ));
        }
        let mut packet = vec![0x30 | plan.qos << 1, remaining as u8, 0, topic.len() as u8];
        packet.extend(topic.as_bytes());
        packet.extend(vec![0; id_bytes]);
        let payload_at = packet.len();
        packet.extend(PAYLOAD.as_bytes());
        let at = |text: &str| payload_at + PAYLOAD.find(text).expect("the payload holds it");
        Ok(Packets {
            packet_bytes: packet.len(),
            with_id: plan.qos > 0,
            device_at: 4 + plan.topic_prefix.len(),
            id_at: 4 + topic.len(),
            ts_at: at("1700000000000"),
            values_at: [at("10.00,\"load"), at("10.00}")],
            seq_at: at("100000001"),
            base_ms: plan.base_ms,
            bytes: packet.repeat(plan.batch),
        })
    }

    /// Makes the `slot`-th packet that of a message.
    #[inline]
    pub fn patch(&mut self, slot: usize, place: Place) {
        let start = slot * self.packet_bytes;
        let packet = &mut self.bytes[start..start + self.packet_bytes];
        let Place { device, turn, .. } = place;
        digits6(&mut packet[self.device_at..], device + 1);
        if self.with_id {
            packet[self.id_at..self.id_at + 2].copy_from_slice(&place.packet_id.to_be_bytes());
        }
        let ts = self.base_ms + u64::from(turn);
        digits8(&mut packet[self.ts_at + 5..], (ts % 100_000_000) as u32);
        digits5(&mut packet[self.ts_at..], (ts / 100_000_000) as u32);
        for (metric, at) in self.values_at.into_iter().enumerate() {
            let value = hundredths(device, turn, metric as u32);
            digits2(&mut packet[at..], value / 100);
            digits2(&mut packet[at + 3..], value % 100);
        }
        digits9(&mut packet[self.seq_at..], FIRST_SEQ + turn);
    }

    /// The first `count` packets.
    pub fn first(&self, count: usize) -> &[u8] {
        &self.bytes[..count * self.packet_bytes]
    }
}

/// A metric's value in hundredths: 10.00 to 99.99, four digits always.
#[inline]
fn hundredths(device: u32, turn: u32, metric: u32) -> u32 {
    let mixed = u64::from(device) * 37 + u64::from(turn) * 13 + u64::from(metric) * 4999;
    1000 + (mixed % 9000) as u32
}

const PAIRS: [[u8; 2]; 100] = {
    let mut pairs = [[b'0'; 2]; 100];
    let mut number = 0;
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

#[inline]
fn digits2(to: &mut [u8], number: u32) {
    to[..2].copy_from_slice(&PAIRS[number as usize % 100]);
}

#[inline]
fn digits4(to: &mut [u8], number: u32) {
    digits2(to, number / 100);
    digits2(&mut to[2..], number);
}

#[inline]
fn digits5(to: &mut [u8], number: u32) {
    to[0] = b'0' + (number / 10_000) as u8;
    digits4(&mut to[1..], number);
}

#[inline]
fn digits6(to: &mut [u8], number: u32) {
    digits2(to, number / 10_000);
    digits4(&mut to[2..], number);
}

#[inline]
fn digits8(to: &mut [u8], number: u32) {
    digits4(to, number / 10_000);
    digits4(&mut to[4..], number);
}

#[inline]
fn digits9(to: &mut [u8], number: u32) {
    to[0] = b'0' + (number / 100_000_000) as u8;
    digits8(&mut to[1..], number % 100_000_000);
}

/// Packet ids are 1 to 65535, in turn. [MQTT-2.2.1-3]
#[inline]
pub fn packet_id(message: u64) -> u16 {
    (message % 65535) as u16 + 1
}

/// CONNECT of MQTT 3.1.1: clean session, user name and password, no keep-alive.
pub fn connect_packet(client_id: &str, user_name: &str, password: &str) -> Result<Vec<u8>, String> {
    let mut body = vec![0, 4, b'M', b'Q', b'T', b'T', 4, 0b1100_0010, 0, 0];
    for field in [client_id, user_name, password] {
        body.extend((field.len() as u16).to_be_bytes());
        body.extend(field.as_bytes());
    }
    if body.len() > 127 {
        return Err(format!(
            "cannot lay CONNECT: {} bytes need a longer length",
            body.len()
        ));
    }
    body.splice(0..0, [0x10, body.len() as u8]);
    Ok(body)
}
