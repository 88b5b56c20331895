import assert from 'node:assert/strict';
import { afterEach, beforeEach, test } from 'node:test';
import { FORMAT_JSON } from '../../../assembly/abi/block.js';
import { KIB } from '../../../assembly/abi/limits.js';
import type { CapturedMessage, TurnedAway } from '../../../src/contract/captures.js';
import { decodeContext, encodeContext } from '../../../src/contract/record-context.js';
import { until } from '../../support/until.js';
import { Bus, deviceOf, join, type Process } from './bus.js';

const receivedMs = 1_790_000_000_000;
let bus: Bus;
let control: Process;
let other: Process;

beforeEach(async () => {
  bus = new Bus();
  control = await join(bus, 'control', [0]);
  other = await join(bus, 'other', [2]);
  for (const { deployment } of [control, other]) deployment.announce();
});

afterEach(async () => {
  await Promise.all([control, other].map(({ deployment }) => deployment.close()));
});

function captured(device: number, more: Partial<CapturedMessage> = {}): CapturedMessage {
  const payload = Buffer.from('{"v":1}');
  const way = { transport: 'mqtt', qos: 1, isAgain: false, format: FORMAT_JSON } as const;
  const read = { readings: [{ metric: 1, tsMs: receivedMs, value: 1 }], readingsTotal: 1 };
  return { device, receivedMs, ...way, context: undefined, payload, payloadBytes: 7, verdict: 'stored', ...read, ...more };
}

test('messages of a captured device come from whoever runs it, whole, and end with the capture', async () => {
  const [near, far] = [deviceOf(0), deviceOf(2)];
  const seen: CapturedMessage[] = [];
  let skippedInAll = 0;
  control.deployment.onCaptured((messages, skipped) => {
    seen.push(...messages);
    skippedInAll += skipped;
  });
  control.deployment.capture(far, true);
  control.deployment.announce();
  assert.deepEqual([control.plane.captured.get(far), other.plane.captured.get(far)], [1, 1]);
  const letter = { id: 2n ** 60n, receivedUs: 5n };
  const context = { profile: 3, prefix: 'a.', name: 'b', topic: 'x/y', schema: 9, isRetained: true, isUnsequenced: false, letter };
  const dead = captured(far, { verdict: { code: 70 }, readings: [], readingsTotal: 0, context });
  other.plane.emitCaptured([captured(far), dead, captured(near)], 4);
  await until('they are there', () => seen.length > 0);
  assert.deepEqual(seen, [captured(far), { ...dead, context: decodeContext(encodeContext(context)) }]);
  assert.equal(skippedInAll, 4);
  // A partition that came here is seen here, and not twice.
  control.plane.here.add(2);
  other.plane.emitCaptured([captured(far)]);
  await until('it is relayed', () => bus.texts.filter(({ text }) => text.includes('"captured"')).length === 2);
  assert.equal(seen.length, 2);
  control.deployment.capture(far, false);
  control.deployment.announce();
  assert.deepEqual([control.plane.captured.get(far), other.plane.captured.get(far)], [0, 0]);
});

test('what one bunch has no room for is counted', async () => {
  const far = deviceOf(2);
  let [messages, skipped] = [0, 0];
  control.deployment.onCaptured((some, more) => {
    messages += some.length;
    skipped += more;
  });
  control.deployment.capture(far, true);
  control.deployment.announce();
  other.plane.emitCaptured(Array.from({ length: 64 }, () => captured(far, { payload: Buffer.alloc(16 * KIB, 'x') })));
  await until('they are there', () => messages > 0);
  assert.equal(messages + skipped, 64);
  assert.ok(messages > 10 && skipped > 10);
});

test('who is turned away at one process is seen at another that asks, until it says goodbye', async () => {
  const seen: TurnedAway[] = [];
  control.deployment.onTurnedAway((some) => seen.push(...some));
  const stranger = { atMs: receivedMs, transport: 'mqtt', claim: { tenant: 'a', id: 'b' }, code: 'device_unknown' } as const;
  const refused = { atMs: receivedMs, transport: 'mqtt', device: deviceOf(2), code: 'topic_unknown', topic: 'x' } as const;
  other.plane.turnAway(stranger);
  control.deployment.watchDoor(true);
  control.deployment.announce();
  assert.deepEqual([control.plane.doorWatches, other.plane.doorWatches], [1, 1]);
  other.plane.turnAway(stranger, refused);
  await until('they are there', () => seen.length > 0);
  assert.deepEqual(seen, [stranger, refused]);
  await control.deployment.close();
  assert.equal(other.plane.doorWatches, 0);
});
