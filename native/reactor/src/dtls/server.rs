//! A server of DTLS 1.2 on one socket: no input or output of its own, and no clock.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use ring::rand::{SecureRandom, SystemRandom};

use super::assembled::{Fragment, Message, Protection, push_header};
use super::association::{Association, State, cid_of, parts_of};
use super::config::Certificate;
use super::cookie::Cookies;
use super::failure::{CLOSE_NOTIFY, Failure, Reason};
use super::handshake::{Handshake, Step};
use super::hello::{CLIENT_HELLO, ClientHello, HELLO_VERIFY_REQUEST, verify_request};
use super::news::{Counts, News};
use super::reader::Reader;
use super::record::{ALERT, APPLICATION_DATA, HANDSHAKE, Record, push_plain};
use crate::outgoing::Outgoing;
use crate::slab::Slab;
use crate::strangers::Strangers;

/// The number of an association has three bytes in a connection id.
pub const ASSOCIATIONS_MAX: u32 = 1 << 16;
/// Handshakes that go on at a time.
const SHAKING_MAX: usize = 4096;
/// Messages that one datagram may hold.
pub const MESSAGES_MAX: usize = 8;
const WARNING: u8 = 1;
const FATAL: u8 = 2;

/// The associations of an address.
#[derive(Default)]
pub(super) struct Route {
    pub(super) open: Option<u32>,
    pub(super) shaking: Option<u32>,
}

pub struct Server {
    pub(super) certificate: Option<Certificate>,
    /// Which of the sockets that share the port this is.
    pub(super) member: u8,
    pub(super) random: SystemRandom,
    pub(super) cookies: Cookies,
    pub(super) associations: Slab<Association>,
    pub(super) routes: HashMap<SocketAddr, Route>,
    pub(super) shaking: Vec<(u32, u32)>,
    pub(super) strangers: Strangers,
    pub(super) news: Vec<News>,
    pub(super) counts: Counts,
    /// The place that is looked at next.
    pub(super) hand: u32,
    pub(super) ticked: Instant,
    /// Associations, at most.
    pub(super) places: u32,
    pub(super) plain: Vec<u8>,
}

/// What the parts of a datagram need.
struct Context<'a, Deliver> {
    peer: SocketAddr,
    now: Instant,
    outgoing: &'a mut Outgoing,
    deliver: &'a mut Deliver,
    delivered: usize,
    /// The datagram was answered by a cookie. It is answered by one, so that the answer is no larger.
    is_verified: bool,
}

impl Server {
    pub fn new(certificate: Option<Certificate>, member: u8, now: Instant) -> Server {
        Server::of_places(ASSOCIATIONS_MAX, certificate, member, now)
    }

    /// `places`: how many associations it has at most.
    pub(super) fn of_places(places: u32, certificate: Option<Certificate>, member: u8, now: Instant) -> Server {
        let random = SystemRandom::new();
        let cookies = Cookies::new(&random, now);
        Server {
            certificate,
            member,
            random,
            cookies,
            associations: Slab::new(places),
            routes: HashMap::new(),
            shaking: Vec::new(),
            strangers: Strangers::default(),
            news: Vec::new(),
            counts: Counts::default(),
            hand: 0,
            ticked: now,
            places,
            plain: Vec::new(),
        }
    }

    pub fn counts(&self) -> Counts {
        Counts { open: (self.associations.len() - self.shaking.len()) as u64, shaking: self.shaking.len() as u64, ..self.counts }
    }

    /// Lets one address have so many handshakes at a time.
    pub fn limit(&mut self, strangers: u32) {
        self.strangers.set_limit(strangers);
    }

    /// Handshakes that begin from now on show this certificate.
    pub fn renew(&mut self, certificate: Certificate) {
        self.certificate = Some(certificate);
    }

    pub fn take_news(&mut self) -> Vec<News> {
        std::mem::take(&mut self.news)
    }

    pub fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    pub fn is_shaking(&self) -> bool {
        !self.shaking.is_empty()
    }

    /// Takes a datagram, and hands the messages in it to `deliver`: association, generation, owner, bytes.
    pub fn receive(
        &mut self,
        peer: SocketAddr,
        datagram: &[u8],
        now: Instant,
        outgoing: &mut Outgoing,
        deliver: &mut impl FnMut(u32, u32, u32, &[u8]),
    ) {
        let mut context = Context { peer, now, outgoing, deliver, delivered: 0, is_verified: false };
        let mut reader = Reader::new(datagram);
        while !reader.is_empty() {
            let before = reader.rest();
            let Some(record) = Record::read(&mut reader) else {
                self.counts.dropped += 1;
                return;
            };
            let bytes = &before[..before.len() - reader.rest().len()];
            if record.epoch == 0 && record.cid.is_none() {
                self.take_plain(&record, &mut context);
            } else {
                self.take_sealed(&record, bytes, &mut context);
            }
        }
    }

    fn take_plain<D: FnMut(u32, u32, u32, &[u8])>(&mut self, record: &Record, context: &mut Context<D>) {
        let shaking = self.routes.get(&context.peer).and_then(|route| route.shaking);
        match (record.kind, shaking) {
            (HANDSHAKE, _) => {
                let mut reader = Reader::new(record.bytes);
                while !reader.is_empty() {
                    let Some(fragment) = Fragment::read(&mut reader) else {
                        self.counts.dropped += 1;
                        return;
                    };
                    if fragment.kind == CLIENT_HELLO {
                        self.take_hello(record, &fragment, context);
                    } else if let Some(number) = shaking {
                        self.take_fragment(number, &fragment, Protection::Plain, context);
                    }
                }
            }
            (ALERT, Some(number)) if record.bytes.first() == Some(&FATAL) => {
                let shaking = self.associations.get(number).and_then(|association| association.shaking());
                // Once there are keys the client seals its alerts: one in plain text may be anybody's.
                if shaking.is_some_and(|shaking| shaking.handshake.candidates() == 0) {
                    self.counts.fail(Reason::EndedByClient);
                    self.remove(number);
                }
            }
            _ => {}
        }
    }

    /// Nothing is kept of a client before its hello comes with a good cookie.
    fn take_hello<D: FnMut(u32, u32, u32, &[u8])>(&mut self, record: &Record, fragment: &Fragment, context: &mut Context<D>) {
        let peer = context.peer;
        let Some((body, hello)) = fragment.whole().and_then(|body| ClientHello::read(body).map(|hello| (body, hello))) else {
            self.counts.dropped += 1;
            return;
        };
        self.cookies.renew(&self.random, context.now);
        if !self.cookies.is_valid(hello.cookie, peer, &hello.parts()) {
            if std::mem::replace(&mut context.is_verified, true) {
                return;
            }
            let body = verify_request(self.cookies.make(peer, &hello.parts()).as_ref());
            let mut message = Vec::new();
            push_header(&mut message, HELLO_VERIFY_REQUEST, fragment.number, body.len(), 0, body.len());
            message.extend_from_slice(&body);
            // RFC 6347 §4.2.1: the record has the number of the hello's.
            context.outgoing.push_with(peer, |out| push_plain(out, HANDSHAKE, record.number, &message));
            return;
        }
        if let Some(number) = self.routes.get(&peer).and_then(|route| route.shaking) {
            let Some(association) = self.associations.get(number) else { return };
            if association.shaking().is_some_and(|shaking| shaking.handshake.is_of(&hello)) {
                association.send_flight(context.outgoing);
                return;
            }
            self.remove(number);
        }
        let message = Message { kind: CLIENT_HELLO, number: fragment.number, body: body.to_vec() };
        if let Err(failure) = self.begin(record.number, &hello, &message, context) {
            self.counts.fail(failure.reason);
            context.outgoing.push_with(peer, |out| push_plain(out, ALERT, record.number, &[FATAL, failure.alert]));
        }
    }

    /// Begins a handshake: the address has proved that it receives.
    fn begin<D>(&mut self, number: u64, hello: &ClientHello, message: &Message, context: &mut Context<D>) -> Result<(), Failure> {
        let peer = context.peer;
        const EXHAUSTED: Failure = Failure { reason: Reason::Exhausted, ..Failure::INTERNAL };
        if self.shaking.len() >= SHAKING_MAX || !self.strangers.has_room(peer.ip()) {
            return Err(EXHAUSTED);
        }
        let place = self.place(context.now).ok_or(EXHAUSTED)?;
        let mut random = [0; 36];
        self.random.fill(&mut random).map_err(|_| Failure::INTERNAL)?;
        let (server_random, secret) = random.split_at(32);
        let secret = u32::from_be_bytes(secret.try_into().map_err(|_| Failure::INTERNAL)?);
        let cid = hello.cid.map(|_| cid_of(self.member, place, secret));
        let server_random = server_random.try_into().map_err(|_| Failure::INTERNAL)?;
        let material = self.certificate.as_ref().map(Certificate::material);
        let handshake = Handshake::new(hello, message, material, server_random, cid.as_ref().map(|cid| &cid[..]))?;
        // Nobody loses a place to a hello that is refused.
        self.vacate(place, context.outgoing);
        let (place, generation) = self.associations.insert(Association::new(peer, handshake, secret, hello.cid, number, context.now));
        self.shaking.push((place, generation));
        self.strangers.add(place, peer.ip());
        self.routes.entry(peer).or_default().shaking = Some(place);
        if let Some(association) = self.associations.get(place) {
            association.send_flight(context.outgoing);
        }
        Ok(())
    }

    fn take_fragment<D: FnMut(u32, u32, u32, &[u8])>(
        &mut self,
        number: u32,
        fragment: &Fragment,
        protection: Protection,
        context: &mut Context<D>,
    ) {
        let Some(association) = self.associations.get(number) else { return };
        let Some(shaking) = association.shaking() else { return };
        // What the client repeats is dropped: the timer repeats this side's flight.
        shaking.handshake.assembled.put(fragment, protection);
        while let Some(message) = shaking.handshake.next() {
            match shaking.handshake.take(&message) {
                Ok(Step::More) => {}
                Ok(step) => return self.step(number, step, context),
                Err(failure) => return self.fail(number, failure, context.outgoing),
            }
        }
    }

    fn step<D>(&mut self, number: u32, step: Step, context: &mut Context<D>) {
        let generation = self.associations.generation(number);
        match step {
            Step::More => {}
            Step::Keys(identity) => self.news.push(News::Named { number, generation, identity }),
            Step::Owner(certificate) => self.news.push(News::Certified { number, generation, certificate }),
            Step::Done => self.establish(number, context.outgoing),
        }
    }

    /// The host says which keys the client of an association may have, or that its certificate is good, and whose the association is.
    pub fn answer(&mut self, number: u32, generation: u32, keys: &[&[u8]], owner: u32, now: Instant, outgoing: &mut Outgoing) {
        let Some(association) = self.associations.get_of(number, generation) else { return };
        association.owner = owner;
        let peer = association.peer;
        let Some(shaking) = association.shaking() else { return };
        let mut context = Context { peer, now, outgoing, deliver: &mut |_, _, _, _: &[u8]| {}, delivered: 0, is_verified: false };
        if shaking.handshake.is_certified() {
            match if owner == 0 { Err(Failure::OF_NO_DEVICE) } else { shaking.handshake.give_owner() } {
                Ok(step) => self.step(number, step, &mut context),
                Err(failure) => self.fail(number, failure, context.outgoing),
            }
            return;
        }
        let mut decoy = [0; 16];
        let given = self.random.fill(&mut decoy).map_err(|_| Failure::INTERNAL).and_then(|()| shaking.handshake.give_keys(keys, &decoy));
        if let Err(failure) = given {
            return self.fail(number, failure, context.outgoing);
        }
        for bytes in std::mem::take(&mut shaking.early) {
            if let Some(record) = Record::read(&mut Reader::new(&bytes)) {
                self.take_sealed_of(number, &record, &bytes, &mut context);
            }
        }
    }

    fn establish(&mut self, number: u32, outgoing: &mut Outgoing) {
        let generation = self.associations.generation(number);
        let Some(association) = self.associations.get(number) else { return };
        let key = association.shaking().map_or(0, |shaking| shaking.key);
        association.open(outgoing);
        let (peer, owner) = (association.peer, association.owner);
        self.forget_shaking(number, generation);
        let route = self.routes.entry(peer).or_default();
        route.shaking = None;
        // RFC 6347 §4.2.8: only a finished handshake replaces the association that the address has had.
        let before = route.open.replace(number);
        self.counts.established += 1;
        self.news.push(News::Opened { number, generation, key: key as u32, owner });
        let is_replaced = |before: &mut Association| !before.takes_cid || before.owner == owner;
        // A NAT may have given the address of one client to another: the first is still found by its connection id.
        if let Some(before) = before
            && self.associations.get(before).is_some_and(is_replaced)
        {
            self.remove_only(before);
        }
    }

    fn take_sealed<D: FnMut(u32, u32, u32, &[u8])>(&mut self, record: &Record, bytes: &[u8], context: &mut Context<D>) {
        let places = match record.cid {
            Some(cid) => {
                let (number, secret) = parts_of(cid);
                let is_known = self.associations.get(number).is_some_and(|association| association.secret == secret);
                [is_known.then_some(number), None]
            }
            None => self.routes.get(&context.peer).map_or([None; 2], |route| [route.open, route.shaking]),
        };
        let is_taken = places.into_iter().flatten().any(|number| self.take_sealed_of(number, record, bytes, context));
        if !is_taken {
            self.counts.dropped += 1;
        }
    }

    /// False: the record is not of this association.
    fn take_sealed_of<D: FnMut(u32, u32, u32, &[u8])>(
        &mut self,
        number: u32,
        record: &Record,
        bytes: &[u8],
        context: &mut Context<D>,
    ) -> bool {
        let generation = self.associations.generation(number);
        let Some(association) = self.associations.get(number) else { return false };
        if let State::Shaking(shaking) = &mut association.state
            && shaking.handshake.candidates() == 0
        {
            shaking.keep(bytes);
            return true;
        }
        let Some(kind) = association.unseal(record, &mut self.plain) else {
            // A client with another key, which has to learn it; or a record that somebody else has sent, or that was late. So the handshake
            // has until its next repetition to get a record that opens.
            let is_now = record.epoch == 1 && record.cid.is_some() == association.takes_cid;
            if let Some(shaking) = association.shaking().filter(|shaking| is_now && shaking.handshake.is_finishing()) {
                shaking.is_not_opened = true;
                return true;
            }
            return false;
        };
        let is_newest = association.window.is_newest(record.number);
        association.window.note(record.number);
        association.used = context.now;
        // RFC 9146 §6: only a record with a connection id that is newer than all others moves its client.
        if is_newest && record.cid.is_some() && association.peer != context.peer && association.is_open() {
            let before = std::mem::replace(&mut association.peer, context.peer);
            self.move_route(number, before, context.peer);
        }
        let plain = std::mem::take(&mut self.plain);
        self.take_unsealed(number, generation, kind, &plain, context);
        self.plain = plain;
        true
    }

    fn take_unsealed<D: FnMut(u32, u32, u32, &[u8])>(
        &mut self,
        number: u32,
        generation: u32,
        kind: u8,
        plain: &[u8],
        context: &mut Context<D>,
    ) {
        let Some(association) = self.associations.get_of(number, generation) else { return };
        match (kind, &mut association.state) {
            (APPLICATION_DATA, State::Open { finale, .. }) => {
                *finale = None; // Who sends has the last flight.
                if context.delivered < MESSAGES_MAX {
                    context.delivered += 1;
                    (context.deliver)(number, generation, association.owner, plain);
                } else {
                    self.counts.dropped += 1;
                }
            }
            // The client repeats its last flight, so it has not got this side's. A request for another handshake gets nothing else.
            (HANDSHAKE, State::Open { .. }) => association.send_flight(context.outgoing),
            (HANDSHAKE, State::Shaking(_)) => {
                if let Some(fragment) = Fragment::read(&mut Reader::new(plain)) {
                    self.take_fragment(number, &fragment, Protection::Sealed, context);
                }
            }
            (ALERT, state) => {
                let is_open = matches!(state, State::Open { .. });
                let (level, alert) = (plain.first().copied(), plain.get(1).copied());
                if alert == Some(CLOSE_NOTIFY) && is_open {
                    association.send_alert(WARNING, CLOSE_NOTIFY, context.outgoing);
                }
                if alert == Some(CLOSE_NOTIFY) || level == Some(FATAL) {
                    if !is_open {
                        self.counts.fail(Reason::EndedByClient);
                    }
                    self.remove(number);
                }
            }
            _ => {}
        }
    }

    /// Seals a message to an association.
    pub fn send(&mut self, number: u32, generation: u32, bytes: &[u8], outgoing: &mut Outgoing) {
        if let Some(association) = self.associations.get_of(number, generation) {
            association.send(APPLICATION_DATA, bytes, outgoing);
        }
    }

    /// Ends an association.
    pub fn close(&mut self, number: u32, generation: u32, outgoing: &mut Outgoing) {
        if let Some(association) = self.associations.get_of(number, generation) {
            association.send_alert(WARNING, CLOSE_NOTIFY, outgoing);
            self.remove(number);
        }
    }
}
