import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TrafficReader, TrafficWriter } from '../../../src/contract/broker/traffic.js';

test('what is taken is a buffer of its own, also of nothing, and the writer goes on', () => {
  const writer = new TrafficWriter();
  const transferred = () => {
    const bytes = writer.take();
    return structuredClone(bytes, { transfer: [bytes.buffer] });
  };
  assert.deepEqual([transferred().length, transferred().length], [0, 0]);
  writer.u16(513);
  writer.bytes(Buffer.alloc(100_000, 7));
  const large = new TrafficReader(transferred());
  assert.deepEqual([large.u16(), large.bytes(100_000)[99_999], large.isDone], [513, 7, true]);
  writer.f64(1.5);
  assert.deepEqual([new TrafficReader(transferred()).f64(), transferred().length], [1.5, 0]);
});
