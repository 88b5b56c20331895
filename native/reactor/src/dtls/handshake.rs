//! The server's side of one handshake (RFC 5246 §7.3, RFC 6347 §4.2), from the ClientHello with a good cookie on. It reads and makes
//! messages; records and time are others'.

use std::sync::Arc;

use rustls::crypto::ActiveKeyExchange;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{NamedGroup, SignatureScheme};

use super::assembled::{Assembled, MESSAGE_BYTES_MAX, Message, Protection};
use super::config::Material;
use super::failure::Failure;
use super::hello::{ClientHello, SERVER_HELLO, server_hello};
use super::prf::{FINISHED_BYTES, Master, Randoms, extended_master, finished, master, premaster_of_key};
use super::reader::{Reader, push_u24, push_vector, u16s};
use super::record::VERSION;
use super::suite::{Exchange, Keys, SUITES, Suite};

const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const CERTIFICATE_REQUEST: u8 = 13;
const SERVER_HELLO_DONE: u8 = 14;
const CERTIFICATE_VERIFY: u8 = 15;
const CLIENT_KEY_EXCHANGE: u8 = 16;
const FINISHED: u8 = 20;

/// RFC 8422 §5.4: a curve by its name.
const NAMED_CURVE: u8 = 3;
/// Kinds of certificates that a client may have, RFC 5246 §7.4.4 and RFC 8422 §5.5.
const CERTIFICATE_KINDS: [u8; 2] = [64, 1];
/// RFC 4279 §5.3 asks for names of 128 bytes at least; a tenant and a device have as many.
const IDENTITY_BYTES_MAX: usize = 256;
/// The messages of a client with a key are short.
const PSK_MESSAGE_BYTES_MAX: usize = 1024;
/// Certificates of a client and those that vouch for it.
const CHAIN_MAX: usize = 6;

/// A part of a flight.
pub enum Piece {
    Plain(Message),
    ChangeCipherSpec,
    Sealed(Message),
}

/// What is needed next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// More messages of the client.
    More,
    /// The keys of the client that calls itself so.
    Keys(Vec<u8>),
    /// Whose this certificate is, DER.
    Owner(Vec<u8>),
    /// Nothing: the last flight is ready.
    Done,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    Certificate,
    KeyExchange,
    Keys,
    Verify,
    Finished,
    Owner,
    Nothing,
}

/// Keys that the client may have, and the secret that they were made of.
struct Candidate {
    keys: Keys,
    master: Master,
}

pub struct Handshake {
    suite: Suite,
    randoms: Randoms,
    is_extended: bool,
    material: Option<Arc<Material>>,
    exchange: Option<Box<dyn ActiveKeyExchange>>,
    chain: Vec<CertificateDer<'static>>,
    expected: Expected,
    candidates: Vec<Candidate>,
    /// There is no client of this name: its only candidate has random keys.
    is_unknown: bool,
    /// All messages so far, as they are hashed.
    transcript: Vec<u8>,
    next_number: u16,
    pub assembled: Assembled,
    pub flight: Vec<Piece>,
}

impl Handshake {
    /// Begins with a hello, whose message has `number`; the first flight is ready then. `cid`: the connection id of this side.
    pub fn new(
        hello: &ClientHello,
        message: &Message,
        material: Option<&Arc<Material>>,
        server_random: [u8; 32],
        cid: Option<&[u8]>,
    ) -> Result<Handshake, Failure> {
        if hello.version[0] != VERSION[0] || hello.version[1] > VERSION[1] {
            return Err(Failure::VERSION);
        }
        let suite = choose_suite(hello, material).filter(|_| hello.compressions.contains(&0)).ok_or(Failure::SUITE)?;
        let bytes_max = if suite.exchange == Exchange::Psk { PSK_MESSAGE_BYTES_MAX } else { MESSAGE_BYTES_MAX };
        let mut handshake = Handshake {
            suite,
            randoms: Randoms { client: hello.random, server: server_random },
            is_extended: hello.has_extended_master,
            material: material.filter(|_| suite.exchange != Exchange::Psk).cloned(),
            exchange: None,
            chain: Vec::new(),
            expected: Expected::KeyExchange,
            candidates: Vec::new(),
            is_unknown: false,
            transcript: Vec::new(),
            next_number: message.number,
            assembled: Assembled::new(message.number.saturating_add(1), bytes_max),
            flight: Vec::new(),
        };
        message.append_to(&mut handshake.transcript);
        let has_curves = suite.exchange != Exchange::Psk;
        let body = server_hello(hello, &server_random, suite.number, cid, has_curves);
        handshake.push(SERVER_HELLO, body);
        if let Some(material) = handshake.material.clone() {
            handshake.push_certificates(hello, &material)?;
        }
        handshake.push(SERVER_HELLO_DONE, Vec::new());
        Ok(handshake)
    }

    /// Whether the hello is the one that this handshake began with.
    pub fn is_of(&self, hello: &ClientHello) -> bool {
        self.randoms.client == hello.random
    }

    fn push(&mut self, kind: u8, body: Vec<u8>) {
        let message = self.message(kind, body);
        self.flight.push(Piece::Plain(message));
    }

    fn message(&mut self, kind: u8, body: Vec<u8>) -> Message {
        let message = Message { kind, number: self.next_number, body };
        self.next_number = self.next_number.saturating_add(1);
        message.append_to(&mut self.transcript);
        message
    }

    /// Certificate, the signed half of the key exchange, and what the client is asked for.
    fn push_certificates(&mut self, hello: &ClientHello, material: &Material) -> Result<(), Failure> {
        let mut certificates = Vec::new();
        push_vector(&mut certificates, 3, |out| {
            for certificate in &material.chain {
                push_u24(out, certificate.len());
                out.extend_from_slice(certificate);
            }
        });
        self.push(CERTIFICATE, certificates);
        let group = choose_group(hello, material).ok_or(Failure::SUITE)?;
        let exchange = group.start().map_err(|_| Failure::INTERNAL)?;
        let mut params = vec![NAMED_CURVE];
        params.extend_from_slice(&u16::from(group.name()).to_be_bytes());
        push_vector(&mut params, 1, |out| out.extend_from_slice(exchange.pub_key()));
        let signer = material.key.choose_scheme(&schemes_of(hello)).ok_or(Failure::SUITE)?;
        let signed = [&self.randoms.client[..], &self.randoms.server, &params].concat();
        let signature = signer.sign(&signed).map_err(|_| Failure::INTERNAL)?;
        params.extend_from_slice(&u16::from(signer.scheme()).to_be_bytes());
        push_vector(&mut params, 2, |out| out.extend_from_slice(&signature));
        self.push(SERVER_KEY_EXCHANGE, params);
        self.exchange = Some(exchange);
        if material.verifier.is_some() {
            self.push(CERTIFICATE_REQUEST, certificate_request(&material.schemes()));
            self.expected = Expected::Certificate;
        }
        Ok(())
    }

    /// The next message that is whole.
    pub fn next(&mut self) -> Option<Message> {
        // Finished is the first message under the new keys: what comes there in plain text may be anybody's.
        let protection = if self.is_finishing() { Protection::Sealed } else { Protection::Plain };
        self.assembled.take(protection)
    }

    /// Takes the next message.
    pub fn take(&mut self, message: &Message) -> Result<Step, Failure> {
        let body = &message.body[..];
        match (self.expected, message.kind) {
            (Expected::Certificate, CERTIFICATE) => self.take_certificates(body)?,
            (Expected::KeyExchange, CLIENT_KEY_EXCHANGE) => {
                message.append_to(&mut self.transcript);
                return self.take_exchange(body);
            }
            (Expected::Verify, CERTIFICATE_VERIFY) => self.take_verify(body)?,
            (Expected::Finished, FINISHED) => {
                self.take_finished(body)?;
                message.append_to(&mut self.transcript);
                if let Some(certificate) = self.chain.first() {
                    self.expected = Expected::Owner;
                    return Ok(Step::Owner(certificate.to_vec()));
                }
                return self.finish();
            }
            _ => return Err(Failure::UNEXPECTED),
        }
        message.append_to(&mut self.transcript);
        Ok(Step::More)
    }

    /// RFC 5246 §7.4.6. A client without a certificate sends an empty list.
    fn take_certificates(&mut self, body: &[u8]) -> Result<(), Failure> {
        self.chain = read_chain(body).ok_or(Failure::UNREADABLE)?;
        let verifier = self.material.as_ref().and_then(|material| material.verifier.as_ref()).ok_or(Failure::INTERNAL)?;
        match self.chain.split_first() {
            None if verifier.client_auth_mandatory() => return Err(Failure::NO_CERTIFICATE),
            None => {}
            Some((own, others)) => {
                verifier.verify_client_cert(own, others, UnixTime::now()).map_err(|_| Failure::CERTIFICATE)?;
            }
        }
        self.expected = Expected::KeyExchange;
        Ok(())
    }

    fn take_exchange(&mut self, body: &[u8]) -> Result<Step, Failure> {
        let mut reader = Reader::new(body);
        if self.suite.exchange == Exchange::Psk {
            let identity = reader.vector16().and_then(|identity| reader.whole(identity)).ok_or(Failure::UNREADABLE)?;
            if identity.len() > IDENTITY_BYTES_MAX {
                return Err(Failure::IDENTITY);
            }
            self.expected = Expected::Keys;
            return Ok(Step::Keys(identity.to_vec()));
        }
        let point = reader.vector8().and_then(|point| reader.whole(point)).ok_or(Failure::UNREADABLE)?;
        let secret = self.exchange.take().ok_or(Failure::INTERNAL)?.complete(point).map_err(|_| Failure::UNREADABLE)?;
        self.add_candidate(secret.secret_bytes());
        self.expected = if self.chain.is_empty() { Expected::Finished } else { Expected::Verify };
        Ok(Step::More)
    }

    fn add_candidate(&mut self, premaster: &[u8]) {
        let master = if self.is_extended { extended_master(premaster, &self.transcript) } else { master(premaster, &self.randoms) };
        self.candidates.push(Candidate { keys: self.suite.keys(&master, &self.randoms), master });
    }

    /// The keys that a client of the asked name may have; none: there is no such client. The handshake continues with random keys then, and
    /// fails at the time at which a wrong key does, so that nobody finds out which names there are (RFC 4279 §2).
    pub fn give_keys(&mut self, keys: &[&[u8]], random: &[u8]) -> Result<(), Failure> {
        if self.expected != Expected::Keys {
            return Err(Failure::UNEXPECTED);
        }
        self.is_unknown = keys.is_empty();
        let random = [random];
        for key in if self.is_unknown { &random[..] } else { keys } {
            self.add_candidate(&premaster_of_key(key));
        }
        self.expected = Expected::Finished;
        Ok(())
    }

    /// Whether the client's Finished comes next, the first message that shows which key it has.
    pub fn is_finishing(&self) -> bool {
        self.expected == Expected::Finished
    }

    /// What it ends with when the client's records do not open.
    pub fn not_opened(&self) -> Failure {
        if self.is_unknown { Failure::IDENTITY } else { Failure::KEY }
    }

    /// Whether it waits for the owner of the client's certificate.
    pub fn is_certified(&self) -> bool {
        self.expected == Expected::Owner
    }

    /// The client's certificate is of somebody.
    pub fn give_owner(&mut self) -> Result<Step, Failure> {
        if self.expected == Expected::Owner { self.finish() } else { Err(Failure::UNEXPECTED) }
    }

    /// RFC 5246 §7.4.8: the client signs all messages so far.
    fn take_verify(&mut self, body: &[u8]) -> Result<(), Failure> {
        let mut reader = Reader::new(body);
        let scheme = reader.u16();
        let read = scheme.zip(reader.vector16()).and_then(|read| reader.whole(read));
        let (scheme, signature) = read.ok_or(Failure::UNREADABLE)?;
        let (Some(material), Some(certificate)) = (&self.material, self.chain.first()) else { return Err(Failure::INTERNAL) };
        if !material.is_signed(certificate, SignatureScheme::from(scheme), &self.transcript, signature) {
            return Err(Failure::NOT_SIGNED);
        }
        self.expected = Expected::Finished;
        Ok(())
    }

    fn take_finished(&mut self, body: &[u8]) -> Result<(), Failure> {
        if self.is_unknown {
            return Err(Failure::IDENTITY);
        }
        let candidate = self.candidates.first().ok_or(Failure::INTERNAL)?;
        let wanted: [u8; FINISHED_BYTES] = finished(&candidate.master, true, &self.transcript);
        // The record was sealed with keys of the same secret: how long this takes tells nobody anything.
        if wanted == body { Ok(()) } else { Err(Failure::NOT_SIGNED) }
    }

    fn finish(&mut self) -> Result<Step, Failure> {
        let candidate = self.candidates.first().ok_or(Failure::INTERNAL)?;
        let body = finished(&candidate.master, false, &self.transcript).to_vec();
        let message = self.message(FINISHED, body);
        self.expected = Expected::Nothing;
        self.flight = vec![Piece::ChangeCipherSpec, Piece::Sealed(message)];
        Ok(Step::Done)
    }

    /// Opens a record with the first keys that fit, which stay alone then. Answers which they were.
    pub fn open(&mut self, mut open: impl FnMut(&Keys) -> bool) -> Option<usize> {
        let at = self.candidates.iter().position(|candidate| open(&candidate.keys))?;
        self.candidates = vec![self.candidates.swap_remove(at)];
        Some(at)
    }

    /// How many keys the client may have.
    pub fn candidates(&self) -> usize {
        self.candidates.len()
    }

    /// The keys of a handshake that is done, and its last flight.
    pub fn take_result(&mut self) -> Option<(Keys, Vec<Piece>)> {
        let keys = self.candidates.pop().map(|candidate| candidate.keys)?;
        Some((keys, std::mem::take(&mut self.flight)))
    }
}

/// The first suite of the client's that this side has: it is the client that has little room for code.
fn choose_suite(hello: &ClientHello, material: Option<&Arc<Material>>) -> Option<Suite> {
    let of_certificate = material.map(|material| material.exchange());
    let is_possible = |suite: &Suite| suite.exchange == Exchange::Psk || Some(suite.exchange) == of_certificate;
    u16s(hello.suites)?.find_map(|number| SUITES.into_iter().find(|suite| suite.number == number && is_possible(suite)))
}

fn choose_group(hello: &ClientHello, material: &Material) -> Option<&'static dyn rustls::crypto::SupportedKxGroup> {
    let of = |name: NamedGroup| material.provider.kx_groups.iter().copied().find(|group| group.name() == name);
    // RFC 8422 §4: who names no curves takes any.
    if hello.groups.is_empty() { of(NamedGroup::secp256r1) } else { u16s(hello.groups)?.find_map(|group| of(NamedGroup::from(group))) }
}

fn schemes_of(hello: &ClientHello) -> Vec<SignatureScheme> {
    match u16s(hello.signatures) {
        Some(schemes) if !hello.signatures.is_empty() => schemes.map(SignatureScheme::from).collect(),
        // SHA-1 would be the rule for who names none (RFC 5246 §7.4.1.4.1); it proves nothing any more.
        _ => vec![SignatureScheme::ECDSA_NISTP256_SHA256, SignatureScheme::RSA_PKCS1_SHA256],
    }
}

fn certificate_request(schemes: &[SignatureScheme]) -> Vec<u8> {
    let mut body = Vec::new();
    push_vector(&mut body, 1, |out| out.extend_from_slice(&CERTIFICATE_KINDS));
    push_vector(&mut body, 2, |out| schemes.iter().for_each(|scheme| out.extend_from_slice(&u16::from(*scheme).to_be_bytes())));
    push_vector(&mut body, 2, |_| {}); // No names of authorities: a client has one certificate.
    body
}

fn read_chain(body: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let mut reader = Reader::new(body);
    let list = reader.vector24().and_then(|list| reader.whole(list))?;
    let (mut chain, mut list) = (Vec::new(), Reader::new(list));
    while !list.is_empty() {
        if chain.len() == CHAIN_MAX {
            return None;
        }
        chain.push(CertificateDer::from(list.vector24()?.to_vec()));
    }
    Some(chain)
}
