import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_PROTOBUF } from '../../assembly/abi/block.js';
import { COUNTER_PIPELINE_ROUNDED, COUNTER_PIPELINE_SKIPPED } from '../../assembly/abi/counters.js';
import { protobufSchemas } from '../cases/protobuf.js';
import { Random } from '../support/random.js';
import { ProtobufDecoder, RECEIVED_US, type Reading } from './protobuf-decoder.js';

const BATCH = `syntax = "proto3"; message Upload { uint64 ts = 1; string site = 2; repeated Point points = 3; }
  message Point { uint64 ts = 1; double v = 2; }`;
const samples = { message: 'Upload', implicit: false, fields: { points: { as: 'samples' } } } as const;

for (const { what, proto, options, cases } of protobufSchemas) {
  test(`Protobuf: ${what}`, () => {
    for (const { what: which, hex, expected, at } of cases) {
      const decoder = new ProtobufDecoder();
      const found = decoder.decode(decoder.add(proto, { message: 'M', ...options }), Buffer.from(hex, 'hex'));
      if (typeof expected === 'string') {
        assert.equal(found, expected, which);
        continue;
      }
      assert.ok(Array.isArray(found), `${which}: ${found}`);
      assert.deepEqual(Object.fromEntries(found.map(([metric, value]) => [metric, value])), expected, which);
      const tsUs = at === undefined ? RECEIVED_US : Date.parse(at) * 1000;
      assert.deepEqual(new Set(found.map(([, , us]) => us)), new Set([tsUs]), which);
    }
  });
}

test('Protobuf: repeated messages are samples, each with a time of its own or that of the payload', () => {
  const decoder = new ProtobufDecoder();
  const schema = decoder.add(BATCH, samples);
  const point = (ts: bigint | undefined, v: number): Buffer => {
    const value = Buffer.alloc(9);
    value[0] = 0x11;
    value.writeDoubleLE(v, 1);
    const bytes = Buffer.concat([ts === undefined ? Buffer.alloc(0) : Buffer.from([8, ...varint(ts)]), value]);
    return Buffer.concat([Buffer.from([0x1a, bytes.length]), bytes]);
  };
  const nine = BigInt(Date.UTC(2026, 10, 30, 9));
  // The payload's own time comes after the first of its samples.
  const payload = Buffer.concat([
    point(nine - 1000n, 1),
    Buffer.from([8, ...varint(nine)]),
    point(undefined, 2),
    Buffer.from('12024131', 'hex'),
  ]);
  const us = Number(nine) * 1000;
  assert.deepEqual(decoder.decode(schema, payload), [
    ['v', 1, us - 1e6],
    ['v', 2, us],
    ['site', 'A1', us],
  ] satisfies Reading[]);
});

function varint(value: bigint): number[] {
  return value < 128n ? [Number(value)] : [Number(value & 127n) | 128, ...varint(value >> 7n)];
}

test('Protobuf: names begin with the prefix of the topic', () => {
  const decoder = new ProtobufDecoder();
  const schema = decoder.add('syntax = "proto3"; message M { int32 v = 1; repeated int32 r = 2; }');
  assert.deepEqual(decoder.decode(schema, Buffer.from('080112010 5'.replace(' ', ''), 'hex'), 'pump.'), [
    ['pump.v', 1, RECEIVED_US],
    ['pump.r.0', 5, RECEIVED_US],
  ]);
});

test('Protobuf: a payload is kept as a dead letter where there is no schema, no such version of one, or no plan in it', () => {
  const decoder = new ProtobufDecoder();
  const payload = Buffer.from('0801', 'hex');
  assert.equal(decoder.decode(9, payload), 'schema_version_missing');
  assert.equal(decoder.decode(0, payload), 'protobuf_plan_missing');
  decoder.kernel.run([{ device: 7, receiveUs: RECEIVED_US, payload, format: FORMAT_PROTOBUF }]);
  assert.deepEqual(
    decoder.kernel.take().deads.map(({ reason }) => reason),
    ['protobuf_plan_missing'],
  );
  decoder.kernel.schemas.set(8, { number: 8, mode: 'flexible', fields: [], others: 'read' });
  assert.equal(decoder.decode(8, payload), 'protobuf_plan_missing');
  assert.deepEqual(decoder.decode(decoder.add('syntax = "proto3"; message M { int32 v = 1; }'), payload), [['v', 1, RECEIVED_US]]);
});

test('Protobuf: values that are left out or rounded are counted', () => {
  const decoder = new ProtobufDecoder();
  const schema = decoder.add('syntax = "proto2"; message M { optional bytes x = 1; optional uint64 n = 2; }');
  assert.deepEqual(decoder.decode(schema, Buffer.from('0a010110ffffffffffffffffff01', 'hex')), [['n', 2 ** 64, RECEIVED_US]]);
  assert.deepEqual([decoder.kernel.counter(COUNTER_PIPELINE_SKIPPED), decoder.kernel.counter(COUNTER_PIPELINE_ROUNDED)], [1, 1]);
});

test('Protobuf: more readings than a sample may have are refused whole', () => {
  const decoder = new ProtobufDecoder();
  const schema = decoder.add('syntax = "proto3"; message M { repeated int32 r = 1; }');
  const packed = (count: number): Buffer => Buffer.concat([Buffer.from([0x0a, ...varint(BigInt(count))]), Buffer.alloc(count, 1)]);
  assert.equal(decoder.decode(schema, packed(1024)).length, 1024);
  assert.equal(decoder.decode(schema, packed(1025)), 'metrics_too_many');
  assert.equal(decoder.decode(schema, packed(40_000)), 'metrics_too_many');
});

test('Protobuf: a payload cut at every byte is read to its end and no further', () => {
  for (const { proto, options, cases } of protobufSchemas) {
    const decoder = new ProtobufDecoder();
    const schema = decoder.add(proto, { message: 'M', ...options });
    for (const { hex } of cases) {
      const bytes = Buffer.from(hex, 'hex');
      for (let cut = 0; cut < bytes.length; cut++) {
        const alone = decoder.decode(schema, bytes.subarray(0, cut));
        // Whatever lies after it in memory, the answer is the same.
        const records = [bytes.subarray(0, cut), Buffer.from('0801'.repeat(20), 'hex')].map((payload) => {
          return { device: 9, receiveUs: RECEIVED_US, payload, format: FORMAT_PROTOBUF, context: { profile: 0, schema } };
        });
        decoder.kernel.run([records[0] as (typeof records)[0], { ...(records[1] as (typeof records)[0]), device: 8 }]);
        const { readings, texts, deads } = decoder.kernel.take();
        const own = deads.find(({ device }) => device === 9)?.reason;
        const list = [...readings, ...texts].filter(({ device }) => device === 9).map(({ metric, value, tsUs }) => [metric, value, tsUs]);
        assert.deepEqual(own ?? list, alone, `${hex} cut at ${cut}`);
      }
    }
  }
});

test('Protobuf: no bytes stop the kernel', () => {
  const random = new Random();
  for (const { proto, options, cases } of protobufSchemas) {
    const decoder = new ProtobufDecoder();
    const schema = decoder.add(proto, { message: 'M', ...options });
    for (let round = 0; round < 300; round++) {
      const bytes = Buffer.from(random.pick(cases).hex, 'hex');
      const payload = Buffer.concat([bytes, Buffer.from(random.pick(cases).hex, 'hex')]);
      for (let edits = random.int(1, 6); edits > 0 && payload.length > 0; edits--)
        payload[random.below(payload.length)] = random.below(256);
      const found = decoder.decode(schema, payload.subarray(0, random.int(0, payload.length)));
      assert.ok(typeof found === 'string' || Array.isArray(found), `seed ${random.seed}`);
    }
  }
});
