import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogStart } from '../../src/contract/threads/log.js';
import { BlockRing } from '../../src/host/block-ring.js';
import { DOORBELLS, Doorbell } from '../../src/host/doorbell.js';
import { Progress, ProgressWord } from '../../src/host/progress.js';
import { RecordRing, RecordRingReader } from '../../src/host/record-ring.js';
import { NoLog } from '../../src/log/no-log.js';
import { sealBlock } from '../support/blocks.js';
import { until } from '../support/until.js';

const RING_BYTES = 2048;

function open(committed = 0n) {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 2, shared: true });
  const descriptors = BlockRing.memory(128);
  const shared = { doorbells: Doorbell.memory(DOORBELLS), progress: Progress.memory(2) };
  const words = new Progress(shared.progress);
  const rings = [RecordRing.memory(RING_BYTES), RecordRing.memory(RING_BYTES)];
  const start = { gateways: [{ memory, ring: descriptors }], shared, partitions: 2 } as unknown as LogStart;
  const log = new NoLog(start, {
    claim: async (numbers) => numbers.map((number) => ({ number, committed, announced: undefined })),
    start: async () => rings,
  });
  return { log, ring: new BlockRing(descriptors), bytes: new Uint8Array(memory.buffer), words, reader: new RecordRingReader(rings) };
}

function blockOf(partition: number, number: number): Uint8Array {
  return sealBlock(partition, [{ device: 1, receiveUs: 1000 + number, payload: `{"n":${number}}` }]);
}

test('without a log blocks pass to their partitions in order, and those that do not fit wait in the gateway', async () => {
  const { log, ring, bytes, words, reader } = open();
  const sent = Array.from({ length: 60 }, (_, number) => blockOf(number % 2, number));
  let at = 0;
  for (const [number, block] of sent.entries()) {
    bytes.set(block, at);
    ring.push(at, block.length, number % 2);
    at += block.length;
  }
  await log.ready;
  const found: Uint8Array[][] = [[], []];
  const into = new Uint8Array(RING_BYTES);
  assert.ok(ring.length > 0);
  await until('every block has passed', () => {
    for (const partition of [0, 1]) {
      const durable = words.get(partition, ProgressWord.durable);
      for (let next = BigInt(found[partition]!.length); next < durable; next++) {
        const length = reader.read(partition, next, next + 1n, into);
        found[partition]!.push(into.slice(0, length));
        assert.equal(reader.front(partition).number, next + 1n);
        reader.pass(partition);
      }
    }
    return found[0]!.length + found[1]!.length === sent.length;
  });
  for (const partition of [0, 1])
    assert.deepEqual(
      found[partition],
      sent.filter((_, number) => number % 2 === partition),
    );
  await until('the gateway is told', () => ring.length === 0);
  assert.equal(words.mark(0).messages, 30n);
  log.post({ kind: 'stop' });
  await log.terminate();
});

test('without a log a second start on the same database is refused', async () => {
  const { log } = open(1n);
  await assert.rejects(log.ready, /cannot start without a log: the database has messages of an earlier run/);
});
