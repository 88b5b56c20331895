import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { AdminKeys } from '../../../src/control/keys/admin-keys.js';
import { LiveHub } from '../../../src/control/live/live-hub.js';
import { LiveSession } from '../../../src/control/live/live-session.js';
import type { Device } from '../../../src/control/registry/device.js';
import { NO_DETAILS } from '../../../src/control/registry/device-details.js';
import type { Registry } from '../../../src/control/registry/registry.js';
import { PlaneDouble } from '../../support/plane-double.js';
import { until } from '../../support/until.js';

const device: Device = {
  number: 1,
  tenant: 'default',
  id: 'dev-1',
  via: 0,
  deviceClass: null,
  registeredAtMs: 0,
  status: 'active',
  metadata: {},
  details: NO_DETAILS,
  firmwareVersion: null,
  schemaId: null,
  schemaVersion: 0,
  schema: 0,
  timeZone: 0,
};

function fixture(authenticateMsMax?: number) {
  const plane = new PlaneDouble();
  const registry = { byNumber: () => device, get: () => device } as unknown as Registry;
  const live = new LiveHub({ plane, views: plane, registry, metricNames: { name: () => 'm' } });
  const socket = {
    sent: [] as { type: string; readings?: unknown[] }[],
    buffered: 0,
    takes: true,
    ended: undefined as number | undefined,
    send(text: string) {
      if (this.takes) this.sent.push(JSON.parse(text));
      return this.takes;
    },
    bufferedBytes() {
      return this.buffered;
    },
    trust() {
      return true;
    },
    drop(code: number) {
      this.end(code);
    },
    end(code: number) {
      this.ended = code;
      session.closed();
    },
  };
  const keys = {
    find: (key: string) => (key === 'K' ? { id: '1', tenant: null, group: null } : undefined),
    onEnd: () => () => {},
  } as unknown as AdminKeys;
  const session = new LiveSession(socket, { keys, live, registry }, authenticateMsMax);
  const tell = (message: object) => session.receive(Buffer.from(JSON.stringify(message)));
  return { plane, live, socket, session, tell };
}

const turn = () => new Promise(setImmediate);
const point = { device: 1, metric: 1, tsMs: 0, value: 1, receivedMs: 0 };

test('a client that does not authenticate in time is closed', async () => {
  const { socket, live } = fixture(1);
  await until('the socket is ended', () => socket.ended !== undefined);
  assert.equal(socket.ended, 4401);
  live.close();
});

test('devices that all clients watch together have a bound, and each counts once', () => {
  const plane = new PlaneDouble();
  const live = new LiveHub({
    plane,
    views: plane,
    registry: { byNumber: () => undefined },
    metricNames: { name: () => 'm' },
    watchedMax: 2,
  });
  const [one, two] = [{ send: () => true }, { send: () => true }];
  const device = (number: number) => ({ number }) as Device;
  live.add(one);
  live.add(two);
  assert.equal(live.subscribe(one, [device(1), device(2)]), undefined);
  assert.equal(live.subscribe(two, [device(2)]), undefined);
  assert.equal(live.subscribe(two, [device(1), device(3)]), 'all sockets together watch 2 devices at most');
  assert.deepEqual([plane.watched.get(1), plane.watched.get(2), plane.watched.get(3)], [1, 1, undefined]);
  live.unsubscribe(one, [device(1)]);
  assert.equal(live.subscribe(two, [device(3)]), undefined);
  live.close();
});

test('a slow client misses readings, which are counted, and gets them again once it has caught up', async () => {
  const { plane, live, socket, tell } = fixture();
  tell({ type: 'authenticate', key: 'K' });
  tell({ type: 'subscribe', devices: ['dev-1'] });
  plane.emit(point, point);
  await turn();
  assert.deepEqual([socket.sent.at(-1)!.readings!.length, live.sent, live.skipped], [2, 2, 0]);
  socket.buffered = 1_000_000;
  plane.emit(point);
  plane.emit(point);
  await turn();
  live.tick();
  assert.deepEqual([socket.sent.length, live.sent, live.skipped], [3, 2, 2]);
  socket.buffered = 0;
  plane.emit(point);
  await turn();
  assert.deepEqual([socket.sent.length, live.sent, live.skipped], [4, 3, 2]);
  live.close();
});

test('one turn holds so many readings and no more', async () => {
  const { plane, live, socket, tell } = fixture();
  tell({ type: 'authenticate', key: 'K' });
  tell({ type: 'subscribe', devices: ['dev-1'] });
  plane.emit(...Array.from({ length: 6000 }, () => point));
  await turn();
  assert.deepEqual([socket.sent.at(-1)!.readings!.length, live.skipped], [5000, 1000]);
  live.close();
});

test('a client that cannot even take an answer is closed', () => {
  const { live, socket, tell } = fixture();
  tell({ type: 'authenticate', key: 'K' });
  socket.takes = false;
  tell({ type: 'subscribe', devices: ['dev-1'] });
  assert.equal(socket.ended, 1008);
  assert.equal(live.clients, 0);
  live.close();
});

test('a closed session no longer watches', () => {
  const { plane, live, session, tell } = fixture();
  tell({ type: 'authenticate', key: 'K' });
  tell({ type: 'authenticate', key: 'K' });
  tell({ type: 'subscribe', devices: ['dev-1'] });
  assert.equal(plane.watched.get(1), 1);
  session.closed();
  session.closed();
  assert.deepEqual([plane.watched.get(1), live.clients], [0, 0]);
  live.close();
});
