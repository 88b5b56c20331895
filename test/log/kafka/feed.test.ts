import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { RecordFeed, RecordRing } from '../../../src/host/record-ring.js';
import type { Consumer, Message, Place } from '../../../src/log/kafka/client.js';
import { Feed } from '../../../src/log/kafka/feed.js';
import { markHeaders } from '../../../src/log/kafka/marks.js';
import { READ_DAMAGED, READ_GAP } from '../../../src/log/reader.js';
import { sealBlock } from '../../support/blocks.js';
import { until } from '../../support/until.js';

/** Gives out what it was given, and knows what is paused. */
class FakeConsumer {
  readonly messages: Message[] = [];
  readonly paused = new Set<number>();
  assigned: readonly Place[] = [];
  high = 0;

  assign(places: readonly Place[]): void {
    this.assigned = places;
  }
  pause(places: readonly Place[]): void {
    for (const { partition } of places) this.paused.add(partition);
  }
  resume(places: readonly Place[]): void {
    for (const { partition } of places) this.paused.delete(partition);
  }
  setDefaultConsumeTimeout(): void {}
  getWatermarkOffsets(): { lowOffset: number; highOffset: number } {
    return { lowOffset: 0, highOffset: this.high };
  }
  consume(count: number, done: (error: null, messages: readonly Message[]) => void): void {
    setImmediate(() => done(null, this.messages.splice(0, count)));
  }
  get client(): Consumer {
    return this as unknown as Consumer;
  }
}

const block = Buffer.from(sealBlock(0, [{ device: 1, receiveUs: 5000, payload: '{"n":1}' }]));

function message(offset: number, number: number, value = block): Message {
  return { partition: 0, offset, value, headers: markHeaders({ source: 0xabn, number: BigInt(number) }).map(toBuffers) };
}

/** As the client library hands headers out. */
function toBuffers(header: { readonly [name: string]: Buffer | string }): { [name: string]: Buffer } {
  return Object.fromEntries(Object.entries(header).map(([name, value]) => [name, Buffer.from(value as string)]));
}

async function feeding<Result>(
  ringBytes: number,
  use: (consumer: FakeConsumer, reader: RecordFeed, progress: Progress) => Promise<Result>,
) {
  const memory = RecordRing.memory(ringBytes);
  const consumer = new FakeConsumer();
  const progress = new Progress(Progress.memory(1));
  const feed = new Feed({
    topic: 'telemetry.raw',
    consumer: consumer.client,
    progress,
    bells: [],
    report: () => {},
  });
  const running = feed.run();
  const reader = new RecordFeed([memory]);
  const opening = feed.open(new Map([[0, new RecordRing(memory)]]));
  reader.begin(0, 3n);
  consumer.assign(await opening);
  try {
    return await use(consumer, reader, progress);
  } finally {
    feed.stop();
    await running;
  }
}

const into = new Uint8Array(1000);
const LIMIT = 1000n;

test('it begins where the pipeline does, hands on marks, counts messages, and tells of gaps and of what is no block', () =>
  feeding(4096, async (consumer, reader, progress) => {
    consumer.high = 9;
    consumer.messages.push(message(3, 1), message(4, 2), message(5, 2));
    consumer.messages.push(message(9, 3), message(10, 4, Buffer.from('no block')));
    await until('all is fed', () => progress.get(0, ProgressWord.durable) === 11n);
    assert.deepEqual(consumer.assigned, [{ topic: 'telemetry.raw', partition: 0, offset: 3 }]);
    assert.equal(reader.read(0, 3n, LIMIT, into), 3 * block.length);
    for (const number of [1n, 2n, 2n]) {
      assert.deepEqual(reader.front(0), { bytes: block.length, source: 0xabn, number });
      reader.pass(0);
    }
    assert.throws(() => reader.front(0), /is passed/);
    assert.equal(reader.read(0, 6n, LIMIT, into), READ_GAP);
    assert.equal(reader.resume(0, 6n, LIMIT), 9n);
    assert.equal(reader.read(0, 9n, LIMIT, into), block.length);
    assert.equal(reader.read(0, 10n, LIMIT, into), READ_DAMAGED);
    assert.equal(progress.get(0, ProgressWord.durableUs), 5000n);
    assert.deepEqual(progress.mark(0), { offset: 10n, messages: 4n });
  }));

test('a pipeline that does not keep up has its partition paused, and nothing is lost or turned round', () =>
  feeding(256, async (consumer, reader) => {
    for (let offset = 3; offset < 23; offset++) consumer.messages.push(message(offset, offset));
    await until('it is paused', () => consumer.paused.has(0));
    let position = 3n;
    await until('all is read', () => {
      const bytes = reader.read(0, position, LIMIT, into);
      assert.ok(bytes >= 0);
      position += BigInt(bytes / block.length);
      return position === 23n;
    });
    await until('it is fetched again', () => !consumer.paused.has(0));
  }));
