import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockRing } from '../../../src/host/block-ring.js';
import { Doorbell } from '../../../src/host/doorbell.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import type { ClientError, DeliveryReport, Header, Producer } from '../../../src/kafka/client.js';
import { blockMessages } from '../../../src/log/block.js';
import { BlockProducer } from '../../../src/log/kafka/block-producer.js';
import { readMark } from '../../../src/log/kafka/marks.js';
import { OwnerHeaders, ownerHeader } from '../../../src/log/kafka/owner-header.js';
import { sealBlock } from '../../support/blocks.js';
import { OWNER } from '../../support/kafka/ownership.js';

interface Produced {
  readonly partition: number;
  readonly value: Buffer;
  readonly opaque: unknown;
  readonly headers: readonly Header[];
}

/** Takes messages and answers them when it is told to. */
class FakeProducer {
  readonly produced: Produced[] = [];
  fullAt = Number.POSITIVE_INFINITY;
  #answer: (error: ClientError | null, report: DeliveryReport) => void = () => {};

  produce(_topic: string, partition: number, value: Buffer, _key: null, _time: number, opaque: unknown, headers: readonly Header[]): void {
    if (this.produced.length >= this.fullAt) throw Object.assign(new Error('queue full'), { code: -184 });
    this.produced.push({ partition, value: Buffer.from(value), opaque, headers });
  }

  on(event: string, listener: (error: ClientError | null, report: DeliveryReport) => void): void {
    if (event === 'delivery-report') this.#answer = listener;
  }

  answer(index: number, offset: number, error: ClientError | null = null): void {
    const { partition, opaque } = this.produced[index] as Produced;
    this.#answer(error, { partition, offset, opaque });
  }

  get client(): Producer {
    return this as unknown as Producer;
  }
}

function open(partitions: readonly number[]) {
  const bytes = new Uint8Array(new SharedArrayBuffer(65_536));
  const ring = new BlockRing(BlockRing.memory(128));
  let at = 0;
  for (const partition of partitions) {
    const block = sealBlock(partition, [{ device: 1, receiveUs: 1000 + at, payload: `{"n":${at}}` }]);
    bytes.set(block, at);
    ring.push(at, block.length, partition);
    at += block.length;
  }
  const ownership = { current: OWNER, refusalOf: () => undefined };
  const owners = new OwnerHeaders(ownership);
  const progress = new Progress(Progress.memory(2));
  const failures: ClientError[] = [];
  const heard: { partition: number; offset: bigint; number: bigint; released: number; durable: bigint }[] = [];
  const producing = new BlockProducer({
    topic: 'telemetry.raw',
    partitions: 2,
    sources: [{ bytes, ring, bell: new Doorbell(Doorbell.memory(1), 0) }],
    name: 0xfedcba9876543210n,
    owners,
    progress,
    delivered: ({ partition, offset, number, block }) => {
      heard.push({ partition, offset, number, released: ring.released, durable: progress.get(partition, ProgressWord.durable) });
      assert.equal(blockMessages(block, 0), 1);
    },
    onDrain: () => {},
    failed: (error) => failures.push(error),
  });
  return { producing, ring, progress, failures, heard, ownership };
}

const numbers = (produced: readonly Produced[]) => produced.map(({ headers }) => readMark(headers)?.number);

test('blocks are released in the order of their ring, and not before all earlier ones are delivered', () => {
  const { producing, ring, progress } = open([0, 1, 0]);
  const producer = new FakeProducer();
  producing.attach(producer.client);
  assert.deepEqual(
    producer.produced.map(({ partition }) => partition),
    [0, 1, 0],
  );
  assert.deepEqual(numbers(producer.produced), [1n, 1n, 2n]);
  producer.answer(1, 40);
  assert.equal(ring.released, 0);
  assert.equal(progress.get(1, ProgressWord.durable), 41n);
  producer.answer(0, 70);
  assert.equal(ring.released, 2);
  producer.answer(2, 71);
  assert.equal(ring.released, 3);
  assert.equal(progress.get(0, ProgressWord.durable), 72n);
  assert.ok(progress.get(0, ProgressWord.offsetBytes) > 64n);
  assert.equal(ring.talliedBefore(3), 3, 'one message a block');
  assert.equal(producing.busy, false);
});

test('each delivered block is handed on with its mark while it is still in the memory of its gateway', () => {
  const { producing, heard } = open([0, 1, 0]);
  const producer = new FakeProducer();
  producing.attach(producer.client);
  producer.answer(1, 40);
  producer.answer(0, 70);
  assert.deepEqual(heard, [
    { partition: 1, offset: 40n, number: 1n, released: 0, durable: 41n },
    { partition: 0, offset: 70n, number: 1n, released: 0, durable: 71n },
  ]);
});

test('after a refusal the next producer is given all that was not delivered, in order and under the same numbers', () => {
  const { producing, ring, failures } = open([0, 1, 0, 0]);
  const first = new FakeProducer();
  producing.attach(first.client);
  first.answer(1, 5);
  first.answer(0, 9, { message: 'refused', code: 10 });
  assert.equal(failures.length, 1);
  first.answer(2, 10);
  assert.equal(ring.released, 0, 'what a former producer answers is not heard');
  const second = new FakeProducer();
  producing.attach(second.client);
  assert.deepEqual(numbers(second.produced), [1n, 2n, 3n]);
  assert.deepEqual(
    second.produced.map(({ partition }) => partition),
    [0, 0, 0],
  );
  second.produced.forEach((_, index) => {
    second.answer(index, 20 + index);
  });
  assert.equal(ring.released, 4);
});

test('when a producer takes no more, nothing overtakes the block that it refused', () => {
  const { producing, ring, failures } = open([0, 0, 0]);
  const first = new FakeProducer();
  first.fullAt = 1;
  producing.attach(first.client);
  assert.equal(failures.length, 1);
  assert.equal(first.produced.length, 1);
  const second = new FakeProducer();
  producing.attach(second.client);
  assert.deepEqual(numbers(second.produced), [1n, 2n, 3n]);
  assert.equal(ring.released, 0);
});

test('each record says of which database it is, with the numbers that are given out by then', () => {
  const { producing, ownership } = open([0, 1, 0]);
  const [first, second] = [new FakeProducer(), new FakeProducer()];
  producing.attach(first.client);
  const headersOf = ({ produced }: FakeProducer) => produced.map(({ headers }) => headers.at(-1));
  assert.deepEqual(headersOf(first), Array(3).fill(ownerHeader(OWNER)));
  assert.equal(new Set(headersOf(first)).size, 1, 'one object for all');
  ownership.current = { ...OWNER, devices: 4 };
  producing.attach(second.client);
  assert.deepEqual(headersOf(second), Array(3).fill({ database: `${OWNER.database} 4 2` }));
});
