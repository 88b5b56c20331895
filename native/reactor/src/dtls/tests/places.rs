use std::time::Duration;

use super::super::failure::Reason;
use super::client::Client;
use super::{World, address, alert_in};
use crate::dtls::news::News;
use crate::dtls::record::{ALERT, APPLICATION_DATA};

const HOUR: Duration = Duration::from_secs(3600);

fn full(places: u32) -> (World, Vec<Client>) {
    let mut world = World::of_places(places);
    let mut clients: Vec<Client> = (1..=places).map(|number| Client::new(address(number))).collect();
    for client in &mut clients {
        world.now += Duration::from_secs(1);
        world.connect(client);
    }
    assert_eq!(world.server.counts().open, u64::from(places));
    (world, clients)
}

#[test]
fn where_all_places_are_taken_the_longest_unused_makes_room_and_learns_it() {
    let (mut world, mut clients) = full(8);
    assert!(world.message(&mut clients[0], b"used"));
    let mut next = Client::new(address(100));
    let cookie = world.cookie(&mut next);
    let hello = next.hello(&cookie);
    let sent = world.give(next.peer, &hello);
    assert_eq!(alert_in(&clients[1], &sent), Some(0), "its end is said");
    next.take_flight(&sent[1..]);
    world.give(next.peer, &next.exchange(&[0])[0].clone());
    let finish = next.finish();
    world.give(next.peer, &finish);
    assert!(world.message(&mut next, b"new") && world.message(&mut clients[0], b"still"));
    let counts = world.server.counts();
    assert_eq!((counts.open, counts.evicted), (8, 1));
    assert!(world.news.iter().any(|news| matches!(news, News::Closed { number: 1, .. })));
}

#[test]
fn nobody_loses_a_place_to_a_hello_that_is_refused() {
    let (mut world, _) = full(4);
    for number in 100..120 {
        let mut client = Client { suites: vec![0x1301], ..Client::new(address(number)) };
        let cookie = world.cookie(&mut client);
        let hello = client.hello(&cookie);
        let sent = world.give(client.peer, &hello);
        assert_eq!(alert_in(&client, &sent), Some(40));
    }
    let counts = world.server.counts();
    assert_eq!((counts.open, counts.evicted, counts.failed[Reason::NothingInCommon as usize]), (4, 0, 20));
}

#[test]
fn where_all_shake_hands_a_client_is_refused_and_the_places_come_back() {
    let mut world = World::of_places(2);
    for number in 1..=2 {
        world.begin(&mut Client::new(address(number)));
    }
    let mut third = Client::new(address(3));
    let cookie = world.cookie(&mut third);
    let hello = third.hello(&cookie);
    let sent = world.give(third.peer, &hello);
    assert_eq!(alert_in(&third, &sent), Some(80));
    assert_eq!(world.server.counts().failed[Reason::Exhausted as usize], 1);
    for _ in 0..320 {
        world.wait(Duration::from_millis(100));
    }
    world.connect(&mut third);
    assert!(world.message(&mut third, b"in"));
}

#[test]
fn one_address_has_as_many_handshakes_as_it_may() {
    let mut world = World::new();
    world.server.limit(2);
    for port in 1..=3 {
        world.begin(&mut Client::new(([192, 0, 2, 1], port).into()));
    }
    let counts = world.server.counts();
    assert_eq!((counts.shaking, counts.failed[Reason::Exhausted as usize]), (2, 1));
}

#[test]
fn an_association_that_nobody_uses_is_forgotten_after_a_day() {
    let (mut world, mut clients) = full(3);
    world.wait(20 * HOUR);
    assert!(world.message(&mut clients[2], b"used"));
    world.wait(5 * HOUR);
    let counts = world.server.counts();
    assert_eq!((counts.open, counts.evicted), (1, 2));
    assert!(world.message(&mut clients[2], b"still"));
    assert!(!world.message(&mut clients[0], b"gone"));
    assert_eq!(world.server.routes.len(), 1);
}

#[test]
fn only_a_newer_record_with_a_connection_id_moves_a_client() {
    let mut world = World::new();
    let mut client = Client::with_cid(address(1));
    world.connect(&mut client);
    let (older, newer) = (client.seal(APPLICATION_DATA, b"older"), client.seal(APPLICATION_DATA, b"newer"));
    client.peer = address(2);
    world.give(address(2), &newer);
    assert_eq!(world.server.counts().moved, 1);
    world.give(address(3), &older);
    world.give(address(4), &newer);
    let mut forged = newer.clone();
    *forged.last_mut().expect("bytes") ^= 1;
    forged[10] = 200;
    world.give(address(5), &forged);
    let counts = world.server.counts();
    assert_eq!((counts.moved, counts.dropped, world.delivered.len()), (1, 2, 2));
    assert_eq!(world.server.associations.get(0).map(|association| association.peer), Some(address(2)));
}

/// A NAT gives the address of a client to another one.
#[test]
fn a_client_with_a_connection_id_stays_when_another_comes_from_its_address() {
    let mut world = World::new();
    let mut first = Client::with_cid(address(1));
    world.connect(&mut first);
    world.server.associations.get(0).expect("the first").owner = 99;
    let mut second = Client { random: [9; 32], ..Client::with_cid(address(1)) };
    world.connect(&mut second);
    assert!(world.message(&mut second, b"second"));
    first.peer = address(2);
    let datagram = first.seal(APPLICATION_DATA, b"first");
    world.give(first.peer, &datagram);
    assert_eq!(world.delivered.last(), Some(&(99, b"first".to_vec())));
    assert_eq!(world.server.counts().open, 2);
}

#[test]
fn a_client_that_begins_anew_replaces_its_association_when_it_has_finished() {
    for make in [Client::new, Client::with_cid] {
        let mut world = World::new();
        let mut before = make(address(1));
        world.connect(&mut before);
        let mut after = Client { random: [9; 32], ..make(address(1)) };
        world.begin(&mut after);
        assert!(world.message(&mut before, b"still"));
        world.give(after.peer, &after.exchange(&[0])[0].clone());
        let finish = after.finish();
        world.give(after.peer, &finish);
        assert!(world.message(&mut after, b"anew") && !world.message(&mut before, b"gone"));
        assert_eq!(world.server.counts().open, 1);
    }
}

#[test]
fn a_client_that_leaves_frees_its_place_and_others_cannot_make_it_leave() {
    let mut world = World::new();
    let mut client = Client::new(address(1));
    world.connect(&mut client);
    let plain = client.record(ALERT, &[2, 0]);
    world.give(client.peer, &plain);
    assert!(world.message(&mut client, b"still"));
    let leave = client.seal(ALERT, &[1, 0]);
    let sent = world.give(client.peer, &leave);
    assert_eq!(alert_in(&client, &sent), Some(0));
    assert!(world.server.associations.is_empty() && world.server.routes.is_empty());
}
