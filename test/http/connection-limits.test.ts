import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { test } from 'node:test';
import { originOf } from '../../src/contract/host-address.js';
import { ConnectionLimits } from '../../src/http/connection-limits.js';

class SocketDouble extends EventEmitter {
  readonly remoteAddress: string;
  constructor(remoteAddress: string) {
    super();
    this.remoteAddress = remoteAddress;
  }
}

function fixture(connectionsMax: number, unauthenticatedMax: number) {
  const dropped: Socket[] = [];
  const limits = new ConnectionLimits({ connectionsMax, unauthenticatedMax });
  const admit = (address = '192.0.2.1') => {
    const socket = new SocketDouble(address) as unknown as Socket;
    return limits.admit(socket, () => dropped.push(socket)) ? socket : undefined;
  };
  return { limits, dropped, admit };
}

test('a newcomer takes the place of the connection of its address that has waited longest', () => {
  const { dropped, admit } = fixture(100, 2);
  const [first, second] = [admit()!, admit()!];
  assert.ok(admit('192.0.2.2'), 'another address has places of its own');
  assert.ok(admit());
  assert.deepEqual(dropped, [first]);
  assert.ok(admit());
  assert.deepEqual(dropped, [first, second]);
});

test('a connection whose request is under way is not dropped; without another the newcomer is refused', () => {
  const { limits, dropped, admit } = fixture(100, 2);
  const busy = [admit()!, admit()!];
  for (const socket of busy) limits.requestBegan(socket);
  assert.equal(admit(), undefined);
  limits.requestEnded(busy[1]!);
  assert.ok(admit());
  assert.deepEqual(dropped, [busy[1]]);
});

test('connections that are trusted do not count against their address, however many they are', () => {
  const { limits, dropped, admit } = fixture(100, 2);
  for (let count = 0; count < 50; count++) limits.trust(admit()!);
  assert.equal(dropped.length, 0);
  const [stranger] = [admit()!, admit()!];
  admit();
  assert.deepEqual(dropped, [stranger]);
});

test('of all connections those without a key go first, then those that are idle; one that closed leaves its place', () => {
  const { limits, dropped, admit } = fixture(4, 2);
  const trusted = [admit()!, admit('192.0.2.2')!];
  for (const socket of trusted) limits.trust(socket);
  const stranger = admit('192.0.2.3')!;
  const fourth = admit('192.0.2.4')!;
  fourth.emit('close');
  assert.ok(admit('192.0.2.5'));
  assert.equal(dropped.length, 0);
  const last = admit('192.0.2.6')!;
  assert.deepEqual(dropped, [stranger]);
  limits.requestBegan(last);
  admit('192.0.2.7');
  for (let left = 0; left < 2; left++) limits.trust(admit(`192.0.2.${8 + left}`)!);
  assert.equal(dropped.includes(trusted[0]!), true);
  assert.equal(dropped.includes(last), false);
});

test('one address has half of the places at most', () => {
  const { dropped, admit } = fixture(4, 1000);
  const first = admit()!;
  admit();
  admit();
  assert.deepEqual(dropped, [first]);
});

test('addresses of one IPv6 network count together, and IPv4 is the same over either family', () => {
  assert.equal(originOf('::ffff:192.0.2.1'), '192.0.2.1');
  assert.equal(originOf('2001:db8:1:2::7'), originOf('2001:db8:1:2:3:4:5:6'));
  assert.notEqual(originOf('2001:db8:1:2::7'), originOf('2001:db8:1:3::7'));
  assert.equal(originOf('::1'), '0:0:0:0');
});
