import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FLAG_DUP, FLAG_TRANSPORT_HTTP, FORMAT_JSON } from '../../assembly/abi/block.js';
import { CODE_JSON_MALFORMED } from '../../assembly/abi/codes.js';
import { KIB } from '../../assembly/abi/limits.js';
import {
  CAPTURE_RECORD_BYTES,
  CAPTURED_DEVICES_MAX,
  CAPTURES_AT_BYTES,
  CAPTURES_AT_ENTRIES,
  CAPTURES_AT_SKIPPED,
  CAPTURES_ENTRIES_MAX,
  CAPTURES_HEADER_BYTES,
  CAPTURES_OFFSET,
} from '../../assembly/abi/pipeline.js';
import { readCaptures } from '../../src/plane/captures.js';
import type { TestRecord } from '../support/blocks.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const NOW_US = 1_790_000_000_000_000;
const NOW_MS = NOW_US / 1000;
const message = (payload: object | string, more: Partial<TestRecord> = {}): TestRecord => {
  return { device: 7, receiveUs: NOW_US, payload: typeof payload === 'string' ? payload : JSON.stringify(payload), ...more };
};

function take({ memory }: TestKernel) {
  const word = (at: number) => memory.view.getUint32(CAPTURES_OFFSET + at, true);
  const taken = {
    messages: readCaptures(memory.slice(CAPTURES_OFFSET + CAPTURES_HEADER_BYTES, word(CAPTURES_AT_BYTES))),
    skipped: word(CAPTURES_AT_SKIPPED),
  };
  for (const at of [CAPTURES_AT_BYTES, CAPTURES_AT_ENTRIES, CAPTURES_AT_SKIPPED]) memory.view.setUint32(CAPTURES_OFFSET + at, 0, true);
  return taken;
}

test('a captured message has its bytes, its way in, its readings and what became of it; others cost nothing', () => {
  const kernel = new TestKernel();
  assert.equal(kernel.kernel.capture(7, true), 1);
  const payload = { ts: NOW_MS - 50, metrics: { v: 21.5, mode: 'eco' }, seq: 1 };
  const context = { profile: 0, topic: 'zigbee2mqtt/lamp', isRetained: true };
  kernel.run([
    message(payload, { flags: 1, format: FORMAT_JSON, context }),
    message(payload, { flags: FLAG_DUP | FLAG_TRANSPORT_HTTP }),
    message('no JSON'),
    message(payload, { device: 8 }),
  ]);
  const { messages, skipped } = take(kernel);
  assert.equal(skipped, 0);
  const [stored, duplicate, dead] = messages;
  assert.equal(messages.length, 3);
  const readings = [
    { metric: 1, tsMs: NOW_MS - 50, value: 21.5 },
    { metric: 2, tsMs: NOW_MS - 50, value: 'eco' },
  ];
  assert.deepEqual(stored?.readings, readings);
  assert.equal(Buffer.from(stored.payload).toString(), JSON.stringify(payload));
  assert.deepEqual(
    [stored.verdict, stored.transport, stored.qos, stored.format, stored.receivedMs],
    ['stored', 'mqtt', 1, FORMAT_JSON, NOW_MS],
  );
  assert.deepEqual([stored.context?.topic, stored.context?.isRetained], ['zigbee2mqtt/lamp', true]);
  assert.deepEqual(
    [duplicate?.verdict, duplicate?.transport, duplicate?.isAgain, duplicate?.context],
    ['duplicate', 'http', true, undefined],
  );
  assert.deepEqual(duplicate?.readings, readings);
  assert.deepEqual([dead?.verdict, dead?.readings, dead?.readingsTotal], [{ code: CODE_JSON_MALFORMED }, [], 0]);
  assert.equal(kernel.kernel.capture(7, false), 1);
  kernel.run([message('no JSON')]);
  assert.deepEqual(take(kernel), { messages: [], skipped: 0 });
});

test('a message of several samples has the time of each, and one without a time its receive time', () => {
  const kernel = new TestKernel();
  kernel.kernel.capture(7, true);
  const samples = [
    { ts: NOW_MS - 2000, values: { v: 1 } },
    { ts: NOW_MS - 1000, values: { v: 2, w: 3 } },
  ];
  kernel.run([message(samples), message({ metrics: { v: 9 } })]);
  const [several, one] = take(kernel).messages;
  assert.deepEqual(
    several?.readings.map(({ metric, tsMs, value }) => [metric, tsMs, value]),
    [
      [1, NOW_MS - 2000, 1],
      [1, NOW_MS - 1000, 2],
      [2, NOW_MS - 1000, 3],
    ],
  );
  assert.equal(several.readingsTotal, 3);
  assert.equal(one?.readings[0]?.tsMs, NOW_MS);
});

test('a long payload is cut, and of many readings the first are there', () => {
  const kernel = new TestKernel();
  kernel.kernel.capture(7, true);
  const metrics = Object.fromEntries(Array.from({ length: 1000 }, (_, at) => [`metric_${at}`, 'x'.repeat(60)]));
  const payload = JSON.stringify({ metrics });
  kernel.run([message(payload)]);
  const [entry] = take(kernel).messages;
  assert.equal(entry?.payloadBytes, payload.length);
  assert.ok(entry.payload.length < CAPTURE_RECORD_BYTES && entry.payload.length > CAPTURE_RECORD_BYTES - KIB);
  assert.equal(entry.readingsTotal, 1000);
  assert.ok(entry.readings.length > 100 && entry.readings.length < 1000);
  assert.equal(entry.readings.at(-1)?.value, 'x'.repeat(60));
});

test('what finds no room is counted, whatever fills it, and rows do not depend on it', () => {
  const kernel = new TestKernel();
  kernel.kernel.capture(7, true);
  const small = Array.from({ length: CAPTURES_ENTRIES_MAX + 6 }, (_, at) => message({ ts: NOW_MS - at, metrics: { v: at } }));
  kernel.run(small);
  const many = take(kernel);
  assert.deepEqual([many.messages.length, many.skipped], [CAPTURES_ENTRIES_MAX, 6]);
  kernel.run(Array.from({ length: 15 }, (_, at) => message({ ts: NOW_MS - 500 - at, metrics: { v: at }, note: 'x'.repeat(16 * KIB) })));
  const large = take(kernel);
  assert.ok(large.skipped > 0 && large.messages.length > 5);
  assert.equal(large.messages.length + large.skipped, 15);
  assert.equal(kernel.take().readings.length, small.length + 15);
});

test('state that is rebuilt from the log is not captured, and there is room for so many devices', () => {
  const kernel = new TestKernel();
  kernel.kernel.capture(7, true);
  kernel.run([message({ metrics: { v: 1 } })], { replay: true });
  assert.deepEqual(take(kernel).messages, []);
  for (let device = 100; device < 100 + CAPTURED_DEVICES_MAX - 1; device++) assert.equal(kernel.kernel.capture(device, true), 1);
  assert.deepEqual([kernel.kernel.capture(7, true), kernel.kernel.capture(8, true)], [1, 0]);
  kernel.kernel.capture(100, false);
  assert.equal(kernel.kernel.capture(8, true), 1);
  kernel.run([
    message({ metrics: { v: 2 } }),
    message({ metrics: { v: 2 } }, { device: 8 }),
    message({ metrics: { v: 2 } }, { device: 100 }),
  ]);
  assert.deepEqual(
    take(kernel).messages.map(({ device }) => device),
    [7, 8],
  );
});
