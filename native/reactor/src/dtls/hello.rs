//! ClientHello and what answers it.

use super::reader::{Reader, push_vector, u16s};
use super::record::VERSION;

pub const CLIENT_HELLO: u8 = 1;
pub const SERVER_HELLO: u8 = 2;
pub const HELLO_VERIFY_REQUEST: u8 = 3;

const GROUPS: u16 = 10;
const POINT_FORMATS: u16 = 11;
const SIGNATURES: u16 = 13;
const EXTENDED_MASTER: u16 = 23;
const CONNECTION_ID: u16 = 54;
const RENEGOTIATION: u16 = 0xff01;
/// The suite that stands for the extension RENEGOTIATION, RFC 5746 §3.3.
const RENEGOTIATION_SUITE: u16 = 0x00ff;
/// RFC 5246 §7.4.1.2.
const SESSION_BYTES_MAX: usize = 32;
/// HelloVerifyRequest has the version of the first DTLS, whatever comes after it (RFC 6347 §4.2.1).
const VERIFY_VERSION: [u8; 2] = [0xfe, 0xff];

pub struct ClientHello<'a> {
    pub version: [u8; 2],
    pub random: [u8; 32],
    pub session: &'a [u8],
    pub cookie: &'a [u8],
    pub suites: &'a [u8],
    pub compressions: &'a [u8],
    /// Curves and signatures that the client knows; empty: it names none.
    pub groups: &'a [u8],
    pub signatures: &'a [u8],
    pub has_extended_master: bool,
    /// The connection id that it wants to see in records to it.
    pub cid: Option<&'a [u8]>,
    pub is_renegotiation_named: bool,
    pub has_point_formats: bool,
}

impl<'a> ClientHello<'a> {
    pub fn read(bytes: &'a [u8]) -> Option<ClientHello<'a>> {
        let mut reader = Reader::new(bytes);
        let mut hello = ClientHello {
            version: reader.array()?,
            random: reader.array()?,
            session: reader.vector8().filter(|session| session.len() <= SESSION_BYTES_MAX)?,
            cookie: reader.vector8()?,
            suites: reader.vector16()?,
            compressions: reader.vector8()?,
            groups: &[],
            signatures: &[],
            has_extended_master: false,
            cid: None,
            is_renegotiation_named: false,
            has_point_formats: false,
        };
        hello.is_renegotiation_named = u16s(hello.suites)?.any(|suite| suite == RENEGOTIATION_SUITE);
        let mut extensions = if reader.is_empty() { reader } else { Reader::new(reader.vector16()?) };
        // RFC 5246 §7.4.1.2: nothing comes after the extensions.
        reader.whole(())?;
        while !extensions.is_empty() {
            let (kind, mut body) = (extensions.u16()?, Reader::new(extensions.vector16()?));
            match kind {
                GROUPS => hello.groups = body.vector16()?,
                SIGNATURES => hello.signatures = body.vector16()?,
                POINT_FORMATS => hello.has_point_formats = true,
                EXTENDED_MASTER => hello.has_extended_master = true,
                CONNECTION_ID => hello.cid = Some(body.vector8()?),
                // RFC 5746 §3.6: who names a former handshake in a first one is refused.
                RENEGOTIATION => hello.is_renegotiation_named = body.vector8()?.is_empty().then_some(true)?,
                _ => {}
            }
        }
        Some(hello)
    }

    /// What a cookie is bound to: all that the client says of itself in both its hellos.
    pub fn parts(&self) -> [&[u8]; 5] {
        [&self.version, &self.random, self.session, self.suites, self.compressions]
    }
}

/// The body of a HelloVerifyRequest.
pub fn verify_request(cookie: &[u8]) -> Vec<u8> {
    let mut body = VERIFY_VERSION.to_vec();
    push_vector(&mut body, 1, |body| body.extend_from_slice(cookie));
    body
}

/// The body of a ServerHello; `cid`: the connection id of this side, where both sides take one.
pub fn server_hello(hello: &ClientHello, random: &[u8; 32], suite: u16, cid: Option<&[u8]>, has_curves: bool) -> Vec<u8> {
    let mut body = VERSION.to_vec();
    body.extend_from_slice(random);
    body.push(0); // Sessions are not resumed: they have no id.
    body.extend_from_slice(&suite.to_be_bytes());
    body.push(0); // No compression.
    push_vector(&mut body, 2, |body| {
        if hello.is_renegotiation_named {
            push_extension(body, RENEGOTIATION, &[0]);
        }
        if hello.has_extended_master {
            push_extension(body, EXTENDED_MASTER, &[]);
        }
        if has_curves && hello.has_point_formats {
            push_extension(body, POINT_FORMATS, &[1, 0]);
        }
        if let Some(cid) = cid {
            push_extension(body, CONNECTION_ID, &[&[cid.len() as u8], cid].concat());
        }
    });
    body
}

fn push_extension(out: &mut Vec<u8>, kind: u16, body: &[u8]) {
    out.extend_from_slice(&kind.to_be_bytes());
    push_vector(out, 2, |out| out.extend_from_slice(body));
}
