import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { TEXT_BYTES_MAX } from '../../../assembly/abi/limits.js';
import type { Point } from '../../../src/contract/data-plane.js';
import { partitionOf } from '../../../src/contract/partition.js';
import { TEXTS_UNITS_MAX } from '../../../src/control/deployment/messages.js';
import { LAPSE_MS } from '../../../src/control/deployment/peers.js';
import { until } from '../../support/until.js';
import { Bus, deviceOf, join, PARTITIONS, type Process, pointOf } from './bus.js';

let bus: Bus;
let control: Process;
let first: Process;
let second: Process;

beforeEach(async () => {
  bus = new Bus();
  control = await join(bus, 'control', []);
  first = await join(bus, 'first', [0, 1]);
  second = await join(bus, 'second', [2]);
  for (const { deployment } of [control, first, second]) deployment.announce();
});

afterEach(async () => {
  await Promise.all([control, first, second].map(({ deployment }) => deployment.close()));
});

function watched(process: Process, device: number): number {
  return process.plane.watched.get(device) ?? 0;
}

test('latest readings come from whoever runs the partition, one answer each; who is missing is said in time', async () => {
  const devices = [0, 1, 2, 3].map((partition) => deviceOf(partition));
  const beganMs = performance.now();
  const { points, notRunning } = await control.deployment.latest(devices);
  assert.ok(performance.now() - beganMs >= 45);
  assert.deepEqual(
    points.toSorted((a, b) => a.device - b.device),
    devices
      .slice(0, 3)
      .toSorted((a, b) => a - b)
      .map(pointOf),
  );
  assert.deepEqual(notRunning, [3]);
  // Two think that they run it, for a moment.
  second.plane.here.add(0);
  assert.deepEqual(await control.deployment.latest([deviceOf(0)]), { points: [pointOf(deviceOf(0))], unheld: [], notRunning: [] });
  const many = Array.from({ length: 600 }, (_, index) => deviceOf(1, index));
  assert.equal((await control.deployment.latest(many)).points.length, 600);
  assert.equal((await first.deployment.latest([deviceOf(0), deviceOf(1)])).points.length, 2);
  assert.deepEqual(
    [control, first, second].flatMap(({ events }) => events),
    [],
  );
});

test('verdicts on messages that another process took in reach it, however many they are', () => {
  const verdict = (device: number) => ({
    device,
    hash: 0xfedc_ba98_7654_3210n,
    code: 66,
    stored: 0,
    duplicate: 1,
    skipped: 2,
    skippedCode: 3,
  });
  const many = Array.from({ length: 2500 }, (_, index) => verdict(index + 1));
  first.plane.reportStray(many);
  assert.deepEqual([control.plane.delivered, second.plane.delivered], [many, many]);
  assert.equal(bus.texts.filter(({ text }) => text.includes('"verdicts"')).length, 3);
  bus.listeners.get('second')!.received('first', '{"kind":"verdicts","verdicts":[[1,"no hash",0,0,0,0,0]]}');
  assert.equal(second.plane.delivered.length, many.length);
});

test('readings of a watched device reach its watcher, in bunches, and end with the watch', async () => {
  const [near, far] = [deviceOf(0), deviceOf(2)];
  const seen: Point[] = [];
  control.deployment.onLive((points) => seen.push(...points));
  control.deployment.watch(far, true);
  control.deployment.watch(far, true);
  control.deployment.announce();
  assert.deepEqual([watched(control, far), watched(first, far), watched(second, far)], [2, 1, 1]);
  for (let round = 0; round < 3; round++) second.plane.emit(pointOf(far), pointOf(near));
  await until('they are there', () => seen.length > 0);
  assert.deepEqual(seen, [pointOf(far), pointOf(far), pointOf(far)]);
  assert.equal(bus.texts.filter(({ text }) => text.includes('"points"')).length, 1);
  // A partition that comes here is seen here, and not twice.
  control.plane.here.add(2);
  second.plane.emit(pointOf(far));
  await until('it is relayed', () => bus.texts.filter(({ text }) => text.includes('"points"')).length === 2);
  assert.equal(seen.length, 3);
  control.deployment.watch(far, false);
  control.deployment.announce();
  assert.equal(watched(second, far), 1);
  control.deployment.watch(far, false);
  control.deployment.announce();
  assert.deepEqual([watched(second, far), watched(control, far)], [0, 0]);
});

test('there are never more readings on their way than a bunch holds', async () => {
  const far = deviceOf(2);
  control.deployment.watch(far, true);
  control.deployment.announce();
  for (let round = 0; round < 1000; round++) second.plane.emit(pointOf(far));
  await until('they are relayed', () => bus.texts.some(({ text }) => text.includes('"points"')));
  assert.equal(second.deployment.skipped, 500);
});

test('texts are relayed too, and what one message has no room for is skipped or left to the database', async () => {
  const far = deviceOf(2);
  const texts = Array.from({ length: 100 }, (_, index) => ({ ...pointOf(far), metric: index + 1, value: 'é'.repeat(TEXT_BYTES_MAX / 2) }));
  const number = { ...pointOf(far), metric: 101 };
  const room = TEXTS_UNITS_MAX / (TEXT_BYTES_MAX / 2);
  const seen: Point[] = [];
  control.deployment.onLive((points) => seen.push(...points));
  control.deployment.watch(far, true);
  control.deployment.announce();
  second.plane.emit(...texts, number);
  await until('they are there', () => seen.length > 0);
  assert.deepEqual(seen, [...texts.slice(0, room), number]);
  assert.equal(second.deployment.skipped, texts.length - room);
  second.plane.known.push(...texts, number);
  const { points, unheld } = await control.deployment.latest([far]);
  assert.deepEqual(points, [...texts.slice(0, room), ...texts.slice(room).map((point) => ({ ...point, value: undefined })), number]);
  assert.deepEqual(unheld, [far]);
});

test('a watcher that dies is forgotten after a while, one that comes later is announced, and a goodbye ends it at once', async () => {
  const device = deviceOf(0);
  control.deployment.watch(device, true);
  control.deployment.announce();
  bus.cut.add('control');
  first.nowMs = LAPSE_MS - 1;
  first.deployment.announce();
  assert.equal(watched(first, device), 1);
  first.nowMs = LAPSE_MS;
  first.deployment.announce();
  assert.equal(watched(first, device), 0);
  bus.cut.delete('control');
  const third = await join(bus, 'third', [3]);
  await until('the newcomer is told what is watched', () => watched(third, device) === 1);
  await until('so is who had forgotten it', () => watched(first, device) === 1);
  await control.deployment.close();
  assert.deepEqual([watched(first, device), watched(third, device)], [0, 0]);
  await third.deployment.close();
});

test('shares and books come from everybody who is there; those that do not answer are named', async () => {
  const shares = await control.deployment.shares(deviceOf(2), true);
  assert.deepEqual(
    shares.answers.map(([name, { account, rejected }]) => [name, account?.stored, rejected]),
    [
      ['process first', undefined, { by_first: 1 }],
      ['process second', 0, { by_second: 1 }],
    ],
  );
  assert.deepEqual(shares.silent, []);
  const nobody = await control.deployment.shares(deviceOf(3), true);
  assert.ok(nobody.answers.every(([, { account }]) => account === undefined));
  bus.cut.add('second');
  const books = await control.deployment.books();
  assert.deepEqual([books.answers.map(([name]) => name), books.silent], [['process first'], ['process second']]);
  assert.ok(control.deployment.met);
  assert.deepEqual(control.deployment.rates, { messagesPerSecond: 3, readingsPerSecond: 6, connections: 4 });
});

test('only what is well-formed counts, whoever sends it', async () => {
  const listener = bus.listeners.get('first');
  assert.ok(listener);
  const device = deviceOf(0);
  const here = { kind: 'here', name: 'n', watches: [device], rates: control.deployment.rates };
  const strange = [
    '',
    'null',
    '{"kind":"here"',
    JSON.stringify({ ...here, watches: ['x'] }),
    JSON.stringify({ ...here, watches: [0] }),
    JSON.stringify({ ...here, watches: [2 ** 32] }),
    JSON.stringify({ ...here, watches: Array.from({ length: 5001 }, (_, index) => index + 1) }),
    JSON.stringify({ kind: 'ask', token: 1, question: { about: 'latest', devices: Array.from({ length: 251 }, () => 1) } }),
    JSON.stringify({ kind: 'ask', token: 1, question: { about: '__proto__' } }),
    JSON.stringify({ kind: 'points', points: [[1, 2, 3]] }),
    JSON.stringify({ kind: 'points', points: [[1, 2, 1e300, 4, 5]] }),
  ];
  const before = bus.texts.length;
  for (const text of strange) listener.received('stranger', text);
  assert.deepEqual([watched(first, device), first.deployment.peers, bus.texts.length], [0, 2, before]);
  // Its question waits in the meantime: nobody is there to answer it.
  for (const name of ['first', 'second']) bus.cut.add(name);
  const asked = control.deployment.latest([device]);
  await until('it asks', () => bus.texts.at(-1)?.text.includes('"ask"') === true);
  const { text = '' } = bus.texts.findLast((one) => one.from === 'control') ?? {};
  assert.match(text, /"ask"/);
  const { token } = JSON.parse(text);
  bus.listeners
    .get('control')
    ?.received('stranger', JSON.stringify({ kind: 'answer', token: token + 1, answer: { partitions: [0], points: [] } }));
  bus.listeners.get('control')?.received('stranger', JSON.stringify({ kind: 'answer', token, answer: { partitions: 'all' } }));
  assert.deepEqual(await asked, { points: [], unheld: [], notRunning: [partitionOf(device, PARTITIONS)] });
});
