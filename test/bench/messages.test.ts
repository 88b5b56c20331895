import assert from 'node:assert/strict';
import { test } from 'node:test';
import { copyBatches } from '../../bench/copy-rows.js';
import { Latency } from '../../bench/load/latency.js';
import { deviceOf, hundredths, sumOf, turnOf } from '../../bench/load/messages.js';

test('the sum of what was sent is that of its messages, one by one', () => {
  const sent = { firstDevice: 5, devices: 7, baseMs: 0, messages: 1000 };
  let sum = 0;
  for (let message = 0; message < sent.messages; message++) {
    for (const metric of [0, 1]) sum += hundredths(deviceOf(sent, message), turnOf(sent, message), metric);
  }
  assert.equal(sumOf([sent]), sum);
  assert.equal(sumOf([sent, { ...sent, messages: 0 }]), sum);
});

test('percentiles come from the upper edges of the buckets, merged over processes', () => {
  const latency = new Latency();
  assert.equal(latency.percentileMs(50), undefined);
  assert.equal(latency.maxMs, undefined);
  latency.add([[1e6, 50], [9e6, 1]], 8_500_000); // biome-ignore format: pairs
  latency.add([[2e6, 49]], 2e6);
  assert.equal(latency.count, 100);
  assert.equal(latency.percentileMs(50), 1);
  assert.equal(latency.percentileMs(51), 2);
  assert.equal(latency.percentileMs(100), 8.5);
});

test('the rows made for COPY are those of the messages, each batch sorted by device, metric and time', () => {
  const sent = [
    { firstDevice: 0, devices: 3, baseMs: 1_700_000_000_000, messages: 100_001 },
    { firstDevice: 3, devices: 2, baseMs: 1_700_000_000_000, messages: 50_000 },
  ];
  const batches = copyBatches(sent, { devices: [15, 11, 12, 13, 14], metrics: [2, 1] });
  assert.ok(batches.length > 1);
  const keys = new Set<string>();
  let sum = 0;
  for (const batch of batches) {
    let last = '';
    for (let at = 0; at < batch.length; at += 42) {
      const [device, metric, us] = [batch.readInt32BE(at + 6), batch.readInt32BE(at + 14), batch.readBigInt64BE(at + 22)];
      const key = `${device} ${metric} ${us}`;
      assert.ok(key > last, `${key} comes after ${last}`);
      last = key;
      keys.add(key);
      sum += Math.round(batch.readDoubleBE(at + 34) * 100);
    }
  }
  assert.equal(keys.size, 150_001 * 2);
  assert.equal(sum, sumOf(sent));
});
