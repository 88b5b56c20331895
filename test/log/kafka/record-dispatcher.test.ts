import assert from 'node:assert/strict';
import { test } from 'node:test';
import { READ_DAMAGED, READ_GAP } from '../../../src/contract/block-source.js';
import type { LoggedOwner } from '../../../src/contract/log-owner.js';
import { Progress, ProgressWord } from '../../../src/host/progress.js';
import { RecordRing, RecordRingReader } from '../../../src/host/record-ring.js';
import type { Consumer, Header, Message, Place, Watermarks } from '../../../src/kafka/client.js';
import { markHeaders } from '../../../src/log/kafka/marks.js';
import { OwnerHeaders, ownerHeader } from '../../../src/log/kafka/owner-header.js';
import { RecordDispatcher } from '../../../src/log/kafka/record-dispatcher.js';
import { sealBlock } from '../../support/blocks.js';
import { OWNER } from '../../support/kafka/ownership.js';
import { until } from '../../support/until.js';

/** Gives out what it was given, and knows what is paused. */
class FakeConsumer {
  readonly messages: Message[] = [];
  readonly paused = new Set<number>();
  assigned: readonly Place[] = [];
  readonly sought: number[] = [];
  /** So many calls of `resume` are dropped, as the client library may do. */
  resumesToLose = 0;
  /** Nothing of a paused partition is given out; else what was fetched before still is. */
  isStrict = false;
  readonly calls: string[] = [];
  low = 0;
  high = 0;

  isConnected(): boolean {
    return true;
  }
  seek({ offset }: Place, _: number, done: () => void): void {
    this.calls.push('seek');
    this.sought.push(offset as number);
    done();
  }
  queryWatermarkOffsets(_: string, __: number, ___: number, done: (error: null, ends: Watermarks) => void): void {
    setImmediate(() => done(null, this.getWatermarkOffsets()));
  }
  assign(places: readonly Place[]): void {
    this.assigned = places;
  }
  pause(places: readonly Place[]): void {
    for (const { partition } of places) this.paused.add(partition);
  }
  resume(places: readonly Place[]): void {
    this.calls.push('resume');
    if (this.resumesToLose > 0) {
      this.resumesToLose--;
      return;
    }
    for (const { partition } of places) this.paused.delete(partition);
  }
  setDefaultConsumeTimeout(): void {}
  getWatermarkOffsets(): { lowOffset: number; highOffset: number } {
    return { lowOffset: this.low, highOffset: this.high };
  }
  consume(count: number, done: (error: null, messages: readonly Message[]) => void): void {
    setImmediate(() => done(null, this.paused.size > 0 && this.isStrict ? [] : this.messages.splice(0, count)));
  }
  get client(): Consumer {
    return this as unknown as Consumer;
  }
}

/** Of the tests that are about it; in the others no partition stands still for so long. */
const STANDSTILL_MS = 50;
const NO_STANDSTILL_MS = 60_000;
const ALONE_MS = 200;
/** The source of this process's own blocks. */
const OWN = 0xcdn;
const block = Buffer.from(sealBlock(0, [{ device: 1, receiveUs: 5000, payload: '{"n":1}' }]));

const ownership = {
  current: OWNER,
  refusalOf: ({ owner }: LoggedOwner) => (owner.database === OWNER.database ? undefined : new Error(`of ${owner.database}`)),
};

function message(offset: number, number: number, value = block, source = 0xabn, owner: Header = {}): Message {
  return { partition: 0, offset, value, headers: markHeaders({ source, number: BigInt(number) }, owner).map(toBuffers) };
}

/** As the client library hands headers out. */
function toBuffers(header: { readonly [name: string]: Buffer | string }): { [name: string]: Buffer } {
  return Object.fromEntries(Object.entries(header).map(([name, value]) => [name, Buffer.from(value as string)]));
}

async function dispatching<Result>(
  ringBytes: number,
  use: (
    consumer: FakeConsumer,
    reader: RecordRingReader,
    progress: Progress,
    dispatcher: RecordDispatcher,
    reports: object[],
  ) => Promise<Result>,
  standstillMs = NO_STANDSTILL_MS,
) {
  const reports: object[] = [];
  const memory = RecordRing.memory(ringBytes);
  const consumer = new FakeConsumer();
  const progress = new Progress(Progress.memory(1));
  const dispatcher = new RecordDispatcher({
    topic: 'telemetry.raw',
    progress,
    bells: [],
    own: OWN,
    owners: new OwnerHeaders(ownership),
    failed: ({ message }) => reports.push({ failed: message }),
    report: (_, name, fields) => reports.push({ name, ...fields }),
    standstillMs,
    aloneMs: ALONE_MS,
  });
  const running = dispatcher.run(consumer.client);
  const reader = new RecordRingReader([memory]);
  const opening = dispatcher.open(new Map([[0, new RecordRing(memory)]]));
  reader.begin(0, 3n);
  consumer.assign(await opening);
  try {
    return await use(consumer, reader, progress, dispatcher, reports);
  } finally {
    dispatcher.stop();
    await running;
  }
}

const into = new Uint8Array(1000);
const LIMIT = 1000n;

test('a dispatcher begins where its pipeline does, passes marks on, counts messages, and marks gaps and damaged records', () =>
  dispatching(4096, async (consumer, reader, progress) => {
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

/** Reads up to `end`, whatever is in the way, and in order. */
async function readTo(end: bigint, reader: RecordRingReader, from: bigint): Promise<void> {
  const room = new Uint8Array(100 * LARGE);
  let position = from;
  await until(`all up to ${end} is read`, () => {
    const before = position;
    assert.ok(reader.read(0, position, end, room) >= 0);
    for (;;) {
      try {
        reader.front(0);
      } catch {
        break;
      }
      reader.pass(0);
      position++;
    }
    assert.ok(position >= before);
    return position === end;
  });
}

const LARGE = 200_000;
const large = Buffer.from(sealBlock(0, [{ device: 1, receiveUs: 5000, payload: ' '.repeat(LARGE) }]));

test('a pipeline that does not keep up has its partition paused, and nothing is lost or turned round', () =>
  dispatching(524_288, async (consumer, reader) => {
    for (let offset = 3; offset < 83; offset++) consumer.messages.push(message(offset, offset, large));
    await until('it is paused, and all that was fetched is taken', () => consumer.paused.has(0) && consumer.messages.length === 0);
    await readTo(83n, reader, 3n);
    await until('it is fetched again', () => !consumer.paused.has(0));
    assert.deepEqual(consumer.sought, [83]);
  }));

test('a partition whose resume was lost is resumed again, and this is reported', () =>
  dispatching(
    524_288,
    async (consumer, reader, _, __, reports) => {
      for (let offset = 3; offset < 83; offset++) consumer.messages.push(message(offset, offset, large));
      await until('it is paused, and all that was fetched is taken', () => consumer.paused.has(0) && consumer.messages.length === 0);
      consumer.isStrict = true;
      consumer.resumesToLose = 1;
      consumer.high = 84;
      consumer.messages.push(message(83, 83));
      await readTo(84n, reader, 3n);
      assert.deepEqual(consumer.calls, ['resume', 'seek', 'resume', 'seek']);
      assert.deepEqual(consumer.sought, [83, 83]);
      assert.deepEqual(reports, [{ name: 'kafka-partition-resumed', partition: 0, offset: '83', records: 1 }]);
    },
    STANDSTILL_MS,
  ));

test('a partition that lags and waits for the brokers is resumed less and less often', () =>
  dispatching(
    4096,
    async (consumer, _, __, ___, reports) => {
      const beganMs = performance.now();
      consumer.high = 9;
      await until('it was resumed three times', () => reports.length === 3);
      assert.ok(performance.now() - beganMs > STANDSTILL_MS * (1 + 2 + 4) - 10);
    },
    STANDSTILL_MS,
  ));

test('a partition whose records have all expired is not resumed again and again', () =>
  dispatching(
    4096,
    async (consumer, _, progress, __, reports) => {
      [consumer.low, consumer.high] = [9, 9];
      await until('its end is known', () => progress.get(0, ProgressWord.durable) === 9n);
      await new Promise((resolve) => setTimeout(resolve, 3 * STANDSTILL_MS));
      assert.deepEqual(reports, []);
    },
    STANDSTILL_MS,
  ));

test('a ring that is full for a moment is no reason to stop fetching', () =>
  dispatching(256, async (consumer, reader) => {
    for (let offset = 3; offset < 23; offset++) consumer.messages.push(message(offset, offset));
    await readTo(23n, reader, 3n);
    assert.deepEqual([consumer.paused.size, consumer.sought], [0, []]);
  }));

function deliver(dispatcher: RecordDispatcher, offset: bigint, value = block): void {
  dispatcher.delivered({ partition: 0, offset, block: value, source: OWN, number: offset });
}

test('while nobody else writes to a partition, its blocks are those that this process delivers, and are not fetched', () =>
  dispatching(4096, async (consumer, reader, progress, dispatcher) => {
    deliver(dispatcher, 3n);
    assert.equal(consumer.paused.size, 0, 'it has not been alone for long enough');
    await alone();
    deliver(dispatcher, 3n);
    deliver(dispatcher, 3n);
    deliver(dispatcher, 4n);
    assert.deepEqual([...consumer.paused], [0]);
    consumer.messages.push(message(4, 4, block, OWN), message(5, 5, block, OWN));
    await until('what was fetched before is taken where it comes next', () => progress.mark(0).offset === 6n);
    deliver(dispatcher, 5n);
    deliver(dispatcher, 6n);
    await readTo(7n, reader, 3n);
    assert.deepEqual(progress.mark(0), { offset: 7n, messages: 4n });
    deliver(dispatcher, 9n);
    assert.deepEqual([consumer.paused.size, consumer.sought], [0, [7]], 'others have written between: all of it is fetched');
    deliver(dispatcher, 7n);
    assert.equal(progress.mark(0).offset, 7n, 'and goes on to be');
  }));

test('records of others are found while this process has none', () =>
  dispatching(4096, async (consumer, _, progress, dispatcher) => {
    await alone();
    deliver(dispatcher, 3n);
    assert.deepEqual([...consumer.paused], [0]);
    consumer.high = 6;
    await until('it is fetched', () => !consumer.paused.has(0));
    assert.deepEqual(consumer.sought, [4]);
    assert.equal(progress.get(0, ProgressWord.durable), 6n);
  }));

test('a pipeline that stood still while blocks were delivered gets them when it reads again', () =>
  dispatching(524_288, async (consumer, reader, progress, dispatcher) => {
    await alone();
    let offset = 3n;
    for (; !consumer.sought.length && offset < 60n; offset++) deliver(dispatcher, offset, large);
    assert.deepEqual([...consumer.paused], [0]);
    const { offset: given } = progress.mark(0);
    assert.ok(given < 60n, 'those beyond what may be held are left to the brokers');
    await readTo(given, reader, 3n);
    await until('it is fetched again', () => !consumer.paused.has(0));
    assert.deepEqual(consumer.sought, [Number(given)]);
  }));

test('a revoked partition is not left paused for its next owner', () =>
  dispatching(4096, async (consumer, _, __, dispatcher) => {
    await alone();
    deliver(dispatcher, 3n);
    deliver(dispatcher, 4n);
    assert.deepEqual([...consumer.paused], [0]);
    assert.deepEqual([...dispatcher.close()], [[0, 5n]]);
    assert.equal(consumer.paused.size, 0);
  }));

/** As long as nobody else may have written. */
function alone(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ALONE_MS + 20));
}

const OTHER = '00000000-0000-4000-8000-00000000000b';

test('a record of another database, and all after it, are not run; one of this database or of none is', () =>
  dispatching(4096, async (consumer, reader, progress, dispatcher, reports) => {
    const own = ownerHeader(OWNER);
    consumer.messages.push(message(3, 1), message(4, 2, block, 0xabn, own), message(5, 3, block, 0xabn, { database: 'no id' }));
    consumer.messages.push(message(6, 4, block, 0xabn, ownerHeader({ ...OWNER, database: OTHER })), message(7, 5));
    await until('all that was fetched is taken, and the refusal is reported', () => consumer.messages.length === 0 && reports.length > 0);
    deliver(dispatcher, 6n);
    assert.deepEqual(reports, [{ failed: `of ${OTHER}` }]);
    assert.equal(reader.read(0, 3n, LIMIT, into), 2 * block.length);
    for (const _ of [3, 4]) reader.pass(0);
    assert.equal(reader.read(0, 5n, LIMIT, into), READ_DAMAGED, 'a header that cannot be read is damage');
    assert.equal(progress.mark(0).offset, 5n);
    assert.deepEqual([...dispatcher.close()], [[0, 6n]]);
  }));
