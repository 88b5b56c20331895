import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode } from 'cbor-x';
import fc from 'fast-check';
import { FORMAT_BY_SHAPE, FORMAT_CBOR } from '../../assembly/abi/block.js';
import { COUNTER_PIPELINE_DUPLICATE, COUNTER_PIPELINE_ZONED, COUNTER_PIPELINE_ZONELESS } from '../../assembly/abi/counters.js';
import { TIME_ZONE_KEY } from '../../assembly/abi/schemas.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const RECEIVED_US = Date.UTC(2026, 10, 30, 9, 0, 1) * 1000;
const BERLIN = 1;

interface Sent {
  readonly timeZone?: number;
  readonly schema?: number;
  readonly format?: number;
  readonly receiveUs?: number;
}

/** Reads messages in time zones; each is of a device of its own unless one is named. */
class Reader {
  readonly kernel = new TestKernel();
  #device = 100;

  constructor(...zones: readonly string[]) {
    for (const [index, name] of zones.entries()) this.kernel.timeZones.set(index + 1, name);
  }

  /** The time of its readings, or why it is refused. */
  of(
    payload: string | Uint8Array,
    { timeZone = BERLIN, schema = 0, format = FORMAT_BY_SHAPE, receiveUs = RECEIVED_US }: Sent = {},
  ): string {
    const context = schema === 0 ? {} : { context: { profile: 0, schema } };
    this.kernel.run([{ device: ++this.#device, receiveUs, format, payload: Buffer.from(payload), timeZone, ...context }]);
    const { readings, deads } = this.kernel.take();
    return deads[0]?.reason ?? [...new Set(readings.map(({ tsUs }) => new Date(tsUs / 1000).toISOString()))].join();
  }
}

test('a time that names no zone is read in that of its message, in every format that has such times', () => {
  const reader = new Reader('Europe/Berlin');
  const written = '2026-11-30T09:30:00.25';
  const expected = '2026-11-30T08:30:00.250Z';
  const document = { ts: written, v: 1 };
  assert.equal(reader.of(JSON.stringify(document)), expected);
  assert.equal(reader.of('{"ts":"20261130T093000,25","v":1}'), expected);
  assert.equal(reader.of(JSON.stringify({ ts: written, metrics: { v: 1 }, seq: 1 })), expected);
  assert.equal(reader.of(encode(document), { format: FORMAT_CBOR }), expected);
  assert.equal(reader.of(`[${JSON.stringify(document)},{"ts":"2026-11-30T09:30:00.25+01:00","w":2}]`), expected);
  assert.equal(reader.of('{"ts":"2026-11-30T09:30:00Z","v":1}'), '2026-11-30T09:30:00.000Z', 'a time with a zone is as it says');
  assert.equal(reader.kernel.counter(COUNTER_PIPELINE_ZONED), 5);
  assert.equal(reader.kernel.counter(COUNTER_PIPELINE_ZONELESS), 0);
  assert.deepEqual(reader.kernel.wanted, [[TIME_ZONE_KEY + BERLIN]], 'it is asked for once');
});

test('a message without a zone, or with one that there is not, has its time of receipt', () => {
  const reader = new Reader('Europe/Berlin');
  const received = '2026-11-30T09:00:01.000Z';
  for (const timeZone of [0, 100]) assert.equal(reader.of('{"ts":"2026-11-30T09:30:00","v":1}', { timeZone }), received);
  assert.deepEqual(
    [COUNTER_PIPELINE_ZONED, COUNTER_PIPELINE_ZONELESS].map((counter) => reader.kernel.counter(counter)),
    [0, 2],
  );
});

test('a schema version and a time zone are stamped together and fetched together', () => {
  const reader = new Reader('Europe/Berlin');
  const field = { name: 'v', type: 'number', scale: 10 } as const;
  reader.kernel.schemas.set(7, { number: 7, mode: 'strict', others: 'read', fields: [field] });
  assert.equal(reader.of('{"ts":"2026-11-30T09:30:00","v":1}', { schema: 7 }), '2026-11-30T08:30:00.000Z');
  assert.deepEqual(reader.kernel.wanted, [[7, TIME_ZONE_KEY + BERLIN]]);
});

test('a time that is implausible in its zone is refused as one with a zone is', () => {
  assert.equal(new Reader('Europe/Berlin').of('{"ts":"2031-01-01T00:00:00","v":1}'), 'ts_out_of_range');
});

test('a message that is sent again in another zone is a duplicate', () => {
  const kernel = new TestKernel();
  kernel.timeZones.set(1, 'Europe/Berlin').set(2, 'Asia/Kolkata');
  const payload = Buffer.from('{"ts":"2026-11-30T09:30:00","v":1}');
  for (const timeZone of [1, 2]) kernel.run([{ device: 5, receiveUs: RECEIVED_US, payload, timeZone }]);
  assert.equal(kernel.take().readings.length, 1);
  assert.equal(kernel.counter(COUNTER_PIPELINE_DUPLICATE), 1);
});

test('the hour that clocks show twice is its first, and one that they leave out counts as of before', () => {
  const reader = new Reader('Europe/Berlin');
  const at = (ts: string) => reader.of(`{"ts":"${ts}","v":1}`);
  assert.equal(at('2026-10-25T01:59:59'), '2026-10-24T23:59:59.000Z');
  assert.equal(at('2026-10-25T02:30:00'), '2026-10-25T00:30:00.000Z');
  assert.equal(at('2026-10-25T03:00:00'), '2026-10-25T02:00:00.000Z');
  assert.equal(at('2026-03-29T02:30:00'), '2026-03-29T01:30:00.000Z');
  assert.equal(at('2026-03-29T03:00:00'), '2026-03-29T01:00:00.000Z');
});

test('times of a zone are read back as the moments at which its clocks show them', () => {
  const names = ['Europe/Berlin', 'America/St_Johns', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Asia/Kathmandu', 'America/Sao_Paulo'];
  const reader = new Reader(...names);
  const clocks = names.map((timeZone) => {
    return new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' });
  });
  const span = { min: Date.UTC(2001, 0) / 1000, max: Date.UTC(2026, 10, 30) / 1000 };
  fc.assert(
    fc.property(fc.nat(names.length - 1), fc.integer(span), (zone, second) => {
      const shown = clocks[zone]!.format(second * 1000).replace(' ', 'T');
      const read = Date.parse(reader.of(`{"ts":"${shown}","v":1}`, { timeZone: zone + 1 })) / 1000;
      // Within an hour that is shown twice the first one is meant.
      assert.equal(clocks[zone]!.format(read * 1000).replace(' ', 'T'), shown);
      assert.ok(read === second || second - read === 3600 || second - read === 1800, `${names[zone]} ${shown}: ${read}, ${second}`);
    }),
    { numRuns: 500 },
  );
});
