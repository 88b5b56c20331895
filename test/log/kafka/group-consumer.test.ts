import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { RecordRing, RecordRingReader } from '../../../src/host/record-ring.js';
import type { Consumer, Message, Place, Rebalanced, Watermarks } from '../../../src/kafka/client.js';
import { GroupConsumer } from '../../../src/log/kafka/group-consumer.js';
import { markHeaders } from '../../../src/log/kafka/marks.js';
import { Membership } from '../../../src/log/kafka/membership.js';
import { RecordDispatcher } from '../../../src/log/kafka/record-dispatcher.js';
import { sealBlock } from '../../support/blocks.js';
import { ownersOfAll } from '../../support/kafka/ownership.js';
import { until } from '../../support/until.js';

const TOPIC = 'telemetry.raw';
const RECORDS = 40;
const block = Buffer.from(sealBlock(0, [{ device: 1, receiveUs: 5000, payload: '{"n":1}' }]));
const headers = (number: number) =>
  markHeaders({ source: 0xabn, number: BigInt(number) }, {}).map((header) =>
    Object.fromEntries(Object.entries(header).map(([name, value]) => [name, Buffer.from(value as string)])),
  );
const topic: readonly Message[] = Array.from({ length: RECORDS }, (_, offset) => ({
  partition: 0,
  offset,
  value: block,
  headers: headers(offset + 1),
}));

/** Reads the topic from where it was assigned; after `lastOffset` it fails as a fenced static member does, for good. */
class DoubleConsumer {
  closed = false;
  #at: number | undefined;
  readonly #lastOffset: number;
  readonly #rebalanced: Rebalanced;

  constructor(rebalanced: Rebalanced, lastOffset: number) {
    this.#rebalanced = rebalanced;
    this.#lastOffset = lastOffset;
  }

  get client(): Consumer {
    return this as unknown as Consumer;
  }
  isConnected(): boolean {
    return !this.closed;
  }
  subscribe(): void {
    setImmediate(() => this.#rebalanced({ code: -175, message: 'assign' }, [{ topic: TOPIC, partition: 0 }]));
  }
  assign([place]: readonly Place[]): void {
    this.#at = place?.offset;
  }
  unassign(): void {
    this.#at = undefined;
  }
  setDefaultConsumeTimeout(): void {}
  getWatermarkOffsets(): Watermarks {
    return { lowOffset: 0, highOffset: RECORDS };
  }
  queryWatermarkOffsets(_: string, __: number, ___: number, done: (error: null, ends: Watermarks) => void): void {
    setImmediate(() => done(null, this.getWatermarkOffsets()));
  }
  consume(count: number, done: (error: Error | null, messages: readonly Message[]) => void): void {
    setImmediate(() => {
      if (this.#at === undefined) return done(null, []);
      if (this.#at > this.#lastOffset) return done(Object.assign(new Error('Local: Fatal error'), { code: -150 }), []);
      const messages = topic.slice(this.#at, Math.min(this.#at + count, this.#lastOffset + 1));
      this.#at += messages.length;
      done(null, messages);
    });
  }
}

/** A group of one member over one partition, whose pipeline commits what it has read when the partition is revoked. */
function open(lastOffsets: readonly number[], isReachable: (attempt: number) => boolean = () => true) {
  const progress = new Progress(Progress.memory(1));
  const reports: string[] = [];
  const consumers: DoubleConsumer[] = [];
  const read: bigint[] = [];
  const failures: Error[] = [];
  let reader: RecordRingReader | undefined;
  const into = new Uint8Array(65_536);
  const readAll = () => {
    if (!reader) return;
    let at = progress.get(0, ProgressWord.processed);
    reader.read(0, at, BigInt(RECORDS), into);
    for (;;) {
      try {
        reader.front(0);
      } catch {
        break;
      }
      reader.pass(0);
      read.push(at++);
    }
    progress.set(0, ProgressWord.processed, at);
  };
  const report = (_: string, name: string) => void reports.push(name);
  const dispatcher = new RecordDispatcher({
    topic: TOPIC,
    progress,
    bells: [],
    own: 1n,
    owners: ownersOfAll(),
    failed: assert.fail,
    report,
  });
  const membership = new Membership({
    topic: TOPIC,
    dispatcher,
    progress,
    report,
    failed: (error) => failures.push(error),
    assignment: {
      claim: async () => [{ number: 0, committed: progress.get(0, ProgressWord.committed) }],
      start: async ([owned]) => {
        const ring = RecordRing.memory(65_536);
        reader = new RecordRingReader([ring]);
        progress.set(0, ProgressWord.processed, owned?.committed ?? 0n);
        reader.begin(0, owned?.committed ?? 0n);
        return [ring];
      },
      revoke: async (ends) => {
        readAll();
        reader = undefined;
        if (ends.has(0)) progress.set(0, ProgressWord.committed, ends.get(0) as bigint);
      },
    },
  });
  let attempts = 0;
  const connect = async (rebalanced: Rebalanced) => {
    if (!isReachable(attempts++)) throw new Error('no broker answers');
    const consumer = new DoubleConsumer(rebalanced, lastOffsets[consumers.length] ?? RECORDS);
    consumers.push(consumer);
    return consumer.client;
  };
  const close = async (consumer: Consumer) => {
    (consumer as unknown as DoubleConsumer).closed = true;
  };
  const group = new GroupConsumer({ connect, close, membership, dispatcher, report });
  return { group, membership, consumers, reports, read, readAll, failures };
}

const everyOffset = Array.from({ length: RECORDS }, (_, offset) => BigInt(offset));

test('a consumer that fails for good is replaced, and its successor reads on where it was: no record is lost, none is read twice', async () => {
  const { group, membership, consumers, reports, read, readAll, failures } = open([16]);
  await group.open();
  const running = group.run();
  await until('all records are read', () => {
    readAll();
    return read.length >= RECORDS;
  });
  assert.deepEqual(read, everyOffset);
  assert.deepEqual([consumers.length, consumers[0]?.closed, consumers[1]?.closed], [2, true, false]);
  assert.deepEqual(reports, ['kafka-partitions-taken', 'kafka-consumer-replaced', 'kafka-partitions-taken']);
  group.stop();
  await membership.leave();
  await running;
  assert.deepEqual(failures, []);
});

test('while no broker answers a failed consumer is replaced again and again until one does', async () => {
  const { group, membership, reports, read, readAll } = open([16], (attempt) => attempt === 0 || attempt > 2);
  await group.open();
  const running = group.run();
  await until('all records are read', () => {
    readAll();
    return read.length >= RECORDS;
  });
  assert.deepEqual(read, everyOffset);
  assert.equal(reports.filter((name) => name === 'kafka-consumer-not-replaced').length, 2);
  group.stop();
  await membership.leave();
  await running;
});

test('a stop does not wait for the next consumer', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { group, membership, reports } = open([16], (attempt) => attempt === 0);
  await group.open();
  const running = group.run();
  while (!reports.includes('kafka-consumer-not-replaced')) {
    mock.timers.tick(1000);
    await new Promise(setImmediate);
  }
  // The clock stands still from here: no pause ends by itself.
  group.stop();
  await membership.leave();
  assert.equal(await running, undefined);
});
