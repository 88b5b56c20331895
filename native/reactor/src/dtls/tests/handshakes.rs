use std::time::Duration;

use super::super::failure::Reason;
use super::client::{Client, FINISHED};
use super::{World, address, alert_in, has_finished};
use crate::dtls::assembled::push_header;
use crate::dtls::record::{ALERT, APPLICATION_DATA, HANDSHAKE, push_plain};

const SECOND: Duration = Duration::from_secs(1);
const DECRYPT_ERROR: u8 = 51;

#[test]
fn a_client_shakes_hands_and_its_messages_are_of_its_device() {
    for mut client in [Client::new(address(1)), Client::with_cid(address(2))] {
        let mut world = World::new();
        let last = world.connect(&mut client);
        assert!(has_finished(&client, &last));
        assert!(world.message(&mut client, b"hello"));
        assert_eq!(world.server.counts().open, 1);
    }
}

#[test]
fn nothing_is_kept_of_a_client_before_its_cookie_and_a_cookie_counts_for_two_minutes() {
    let mut world = World::new();
    let mut client = Client::new(address(1));
    let cookie = world.cookie(&mut client);
    assert!(world.server.routes.is_empty() && !world.server.is_shaking() && world.server.associations.is_empty());
    // Of another address, and of this one when it has grown old while nobody came.
    let hello = client.hello(&cookie);
    assert_eq!(world.give(address(2), &hello)[0][13], 3);
    world.now += 500 * SECOND;
    assert_eq!(world.give(client.peer, &hello)[0][13], 3);
    assert!(!world.server.is_shaking());
}

#[test]
fn a_datagram_of_many_hellos_gets_one_cookie() {
    let mut world = World::new();
    let mut client = Client::new(address(1));
    let datagram: Vec<u8> = (0..20).flat_map(|_| client.hello(&[])).collect();
    assert_eq!(world.give(client.peer, &datagram).len(), 1);
}

#[test]
fn hellos_that_break_a_rule_get_no_answer() {
    let mut client = Client::new(address(1));
    let good = client.hello_body(&[], &[]);
    let with_more = [&good[..], b"more"].concat();
    let renegotiation = client.hello_body(&[], &[0xff, 0x01, 0, 3, 2, 1, 1]);
    let mut long_session = good.clone();
    long_session[34] = 33;
    long_session.splice(35..35, [0; 33]);
    for body in [with_more, renegotiation, long_session] {
        let hello = client.plain(1, body);
        assert!(World::new().give(client.peer, &hello).is_empty());
    }
    let hello = client.plain(1, good);
    assert_eq!(World::new().give(client.peer, &hello).len(), 1);
}

/// RFC 4279 §2. Otherwise who has no key could find out the names of devices, one handshake each.
#[test]
fn an_unknown_name_and_a_wrong_key_end_at_the_same_message_by_the_same_alert() {
    let wrong = Client { key: b"another key", ..Client::new(address(1)) };
    let unknown = Client { identity: b"nobody", ..Client::new(address(2)) };
    for (mut client, reason) in [(wrong, Reason::KeyWrong), (unknown, Reason::IdentityUnknown)] {
        let mut world = World::new();
        assert!(world.connect(&mut client).is_empty(), "a record that does not open may be anybody's");
        let sent = world.wait(SECOND);
        assert_eq!(alert_in(&client, &sent), Some(DECRYPT_ERROR));
        let counts = world.server.counts();
        assert_eq!((counts.failed[reason as usize], counts.open, counts.shaking), (1, 0, 0));
    }
}

#[test]
fn what_others_send_under_the_address_of_a_client_does_not_end_its_handshake() {
    let mut world = World::new();
    let mut client = Client::new(address(1));
    world.begin(&mut client);
    for datagram in client.exchange(&[0]) {
        world.give(client.peer, &datagram);
    }
    // A record of an association that is gone, an alert, and a Finished in plain text.
    let mut other = Client::new(client.peer);
    other.keys = Some(
        crate::dtls::suite::SUITES[1]
            .keys(&crate::dtls::prf::Master::new([1; 48]), &crate::dtls::prf::Randoms { client: [0; 32], server: [0; 32] }),
    );
    let mut finished = Vec::new();
    push_header(&mut finished, FINISHED, 3, 12, 0, 12);
    finished.extend_from_slice(&[0; 12]);
    for datagram in [other.seal(APPLICATION_DATA, b"late"), other.record(ALERT, &[2, 40]), other.record(HANDSHAKE, &finished)] {
        assert!(world.give(client.peer, &datagram).is_empty());
    }
    let finish = client.finish();
    let last = world.give(client.peer, &finish);
    assert!(has_finished(&client, &last));
    assert!(world.message(&mut client, b"in"));
}

#[test]
fn fragments_in_any_order_and_records_before_their_keys_make_a_handshake() {
    for is_slow in [false, true] {
        let mut world = World::new();
        world.is_slow = is_slow;
        let mut client = Client::with_cid(address(1));
        world.begin(&mut client);
        let mut datagrams = client.exchange(&[0, 1, 3]);
        datagrams.insert(0, client.finish());
        let mut last = Vec::new();
        for datagram in datagrams {
            last.extend(world.give(client.peer, &datagram));
        }
        world.answer();
        last.extend(world.sent());
        assert!(has_finished(&client, &last));
    }
}

#[test]
fn a_flight_is_repeated_after_one_two_four_and_eight_seconds_and_then_the_client_is_given_up() {
    let mut world = World::new();
    let mut client = Client::new(address(1));
    world.begin(&mut client);
    let mut repeated_at = Vec::new();
    for tenth in 1..=320 {
        if !world.wait(SECOND / 10).is_empty() {
            repeated_at.push(tenth);
        }
    }
    assert_eq!(repeated_at, [10, 30, 70, 150]);
    let counts = world.server.counts();
    assert_eq!((counts.failed[Reason::TimedOut as usize], counts.shaking), (1, 0));
    assert!(world.server.routes.is_empty() && world.server.associations.is_empty());
}

/// Each datagram is lost at its first, second or third time.
#[test]
fn a_handshake_ends_well_over_a_network_that_loses() {
    for losses in 0..3usize.pow(4) {
        let lost = |index: u32| losses / 3usize.pow(index) % 3;
        let mut world = World::new();
        let mut client = Client::with_cid(address(1));
        let cookie = world.cookie(&mut client);
        let hello = client.hello(&cookie);
        let mut flight = world.give(client.peer, &hello);
        for _ in 0..lost(0) {
            flight = world.wait(2 * SECOND);
        }
        client.take_flight(&flight);
        let exchange = client.exchange(&[0]).remove(0);
        for _ in 0..lost(1) {
            world.wait(2 * SECOND);
        }
        let finish = client.finish();
        if lost(2) > 0 {
            // The Finished arrives first; the exchange comes when the client repeats.
            world.give(client.peer, &finish);
        }
        world.give(client.peer, &exchange);
        let mut last = world.give(client.peer, &finish);
        for _ in 0..lost(3) {
            // The last flight is lost: the client repeats its own under new numbers.
            let again = client.repeat_finish();
            world.give(client.peer, &exchange);
            last = world.give(client.peer, &again);
        }
        let is_open = world.server.counts().open == 1 && (lost(2) > 0 || has_finished(&client, &last));
        assert!(is_open, "losses {losses}");
        assert!(world.message(&mut client, b"in"), "losses {losses}");
    }
}

#[test]
fn numbers_of_records_do_not_begin_again() {
    let mut world = World::new();
    let mut client = Client::new(address(1));
    world.connect(&mut client);
    let mut out = Vec::new();
    client.sealed_number = (1 << 48) - 1;
    assert!(world.message(&mut client, b"the last"));
    client.sealed_number = 5;
    assert!(!world.message(&mut client, b"again"));
    push_plain(&mut out, HANDSHAKE, (1 << 48) - 1, &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    world.give(client.peer, &out);
    assert_eq!(world.server.counts().open, 1);
}

#[test]
fn messages_of_a_datagram_beyond_the_room_for_them_are_counted() {
    let mut world = World::new();
    let mut client = Client::new(address(1));
    world.connect(&mut client);
    let datagram: Vec<u8> = (0..10).flat_map(|_| client.seal(APPLICATION_DATA, b"x")).collect();
    world.give(client.peer, &datagram);
    assert_eq!((world.delivered.len(), world.server.counts().dropped), (8, 2));
}
