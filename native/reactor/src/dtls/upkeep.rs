//! What a server does with associations as time passes and places run short.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::association::{Association, Due};
use super::failure::{Failure, Reason};
use super::news::News;
use super::server::Server;
use crate::outgoing::Outgoing;

/// An association whose client is silent for longer is forgotten.
const IDLE: Duration = Duration::from_secs(24 * 60 * 60);
/// Places that are looked at for one that can be given up, when all are taken; and for idle ones, at each tick.
const LOOKED_AT: u32 = 64;
const TICK: Duration = Duration::from_millis(100);
const FATAL: u8 = 2;

impl Server {
    /// The place of the next association: a free one, or that of the association that was not used for longest of some, which is still
    /// there. None: all of them shake hands.
    pub(super) fn place(&mut self, now: Instant) -> Option<u32> {
        if !self.associations.is_full() {
            return Some(self.associations.next());
        }
        let looked_at = (0..LOOKED_AT).map(|step| (self.hand + step) % self.places);
        let mut oldest: Option<(Duration, u32)> = None;
        for place in looked_at {
            if let Some(association) = self.associations.get(place)
                && association.is_open()
            {
                let age = now.duration_since(association.used);
                oldest = oldest.max(Some((age, place)));
            }
        }
        self.hand = (self.hand + LOOKED_AT) % self.places;
        oldest.map(|(_, place)| place)
    }

    /// Gives up who has the place.
    pub(super) fn vacate(&mut self, place: u32, outgoing: &mut Outgoing) {
        let generation = self.associations.generation(place);
        if self.associations.get(place).is_some() {
            self.counts.evicted += 1;
            self.close(place, generation, outgoing);
        }
    }

    pub(super) fn move_route(&mut self, number: u32, before: SocketAddr, now: SocketAddr) {
        self.counts.moved += 1;
        self.forget_route(number, before);
        let route = self.routes.entry(now).or_default();
        // Who is there already may have no connection id by which to be found.
        if route.open.is_none() {
            route.open = Some(number);
        }
    }

    /// Ends as many associations as `outgoing` has room for. Answers whether it has ended any.
    pub fn close_some(&mut self, outgoing: &mut Outgoing) -> bool {
        let mut has_closed = false;
        for number in self.associations.numbers() {
            if outgoing.is_full() {
                break;
            }
            let generation = self.associations.generation(number);
            self.close(number, generation, outgoing);
            has_closed = true;
        }
        has_closed
    }

    /// Repeats flights, ends handshakes that take too long, and forgets associations that nobody uses.
    pub fn tick(&mut self, now: Instant, outgoing: &mut Outgoing) {
        if now.duration_since(self.ticked) < TICK {
            return;
        }
        self.ticked = now;
        let (mut late, mut refused) = (Vec::new(), Vec::new());
        for &(number, generation) in &self.shaking {
            let Some(association) = self.associations.get_of(number, generation) else { continue };
            match association.shaking().map_or(Due::Nothing, |shaking| shaking.due(now)) {
                Due::Nothing => {}
                Due::Repeat => association.send_flight(outgoing),
                Due::Refuse => refused.push(number),
                Due::GiveUp => late.push(number),
            }
        }
        for number in refused {
            let shaking = self.associations.get(number).and_then(|association| association.shaking());
            let failure = shaking.map_or(Failure::KEY, |shaking| shaking.handshake.not_opened());
            self.fail(number, failure, outgoing);
        }
        for number in late {
            self.counts.fail(Reason::TimedOut);
            self.remove(number);
        }
        for _ in 0..LOOKED_AT {
            let place = self.hand;
            self.hand = (self.hand + 1) % self.places;
            let is_idle = |association: &mut Association| association.is_open() && now.duration_since(association.used) >= IDLE;
            if self.associations.get(place).is_some_and(is_idle) {
                self.counts.evicted += 1;
                self.remove(place);
            }
        }
    }

    pub(super) fn fail(&mut self, number: u32, failure: Failure, outgoing: &mut Outgoing) {
        self.counts.fail(failure.reason);
        if let Some(association) = self.associations.get(number) {
            association.send_alert(FATAL, failure.alert, outgoing);
        }
        self.remove(number);
    }

    /// Forgets an association and its ways.
    pub(super) fn remove(&mut self, number: u32) {
        let Some(peer) = self.associations.get(number).map(|association| association.peer) else { return };
        self.forget_route(number, peer);
        self.remove_only(number);
    }

    pub(super) fn forget_route(&mut self, number: u32, peer: SocketAddr) {
        let Some(route) = self.routes.get_mut(&peer) else { return };
        for place in [&mut route.open, &mut route.shaking] {
            if *place == Some(number) {
                *place = None;
            }
        }
        if route.open.is_none() && route.shaking.is_none() {
            self.routes.remove(&peer);
        }
    }

    pub(super) fn remove_only(&mut self, number: u32) {
        let generation = self.associations.generation(number);
        let Some(association) = self.associations.remove(number) else { return };
        if association.is_open() {
            self.news.push(News::Closed { number, generation });
        } else {
            self.forget_shaking(number, generation);
        }
    }

    pub(super) fn forget_shaking(&mut self, number: u32, generation: u32) {
        self.strangers.forget(number);
        self.shaking.retain(|&shaking| shaking != (number, generation));
    }
}
