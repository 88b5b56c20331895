import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FORMAT_BY_SHAPE,
  FORMAT_CAYENNE,
  FORMAT_CBOR,
  FORMAT_JSON,
  FORMAT_LINE_PROTOCOL,
  FORMAT_MSGPACK,
  FORMAT_NDJSON,
  FORMAT_PROTOBUF,
  FORMAT_SENML_CBOR,
  FORMAT_SENML_JSON,
  FORMAT_SPARKPLUG,
  FORMAT_TEXT,
} from '../../../assembly/abi/block.js';
import { PROFILE_PLAIN } from '../../../assembly/abi/profiles.js';
import { encodeContext } from '../../../src/contract/record-context.js';
import type { SchemaPlan } from '../../../src/contract/schemas/schema-plan.js';
import { FaultFinder } from '../../../src/control/letters/fault-finder.js';
import { compileProto } from '../../../src/control/schemas/compile-proto.js';
import { RECEIVE_US } from '../../cases/payloads.js';

const finder = new FaultFinder();

function position(reason: string, format: number | null, payload: Uint8Array | string, context: Uint8Array | null = null) {
  const bytes = Buffer.from(payload as string);
  return finder.position({ reason, format, payload: bytes, context, device: 7, receivedAtMs: RECEIVE_US / 1000, metric: null });
}

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');

test('the fault of a payload is at the item, field, line or value for which it is refused, in every format', () => {
  const topic = encodeContext({ profile: PROFILE_PLAIN, topic: 'spBv1.0/g/NDATA/n' });
  const cases: [reason: string, format: number | null, payload: Uint8Array | string, position: number | undefined, context?: Uint8Array][] =
    [
      // {"a": 1, "b": <reserved additional information>}
      ['cbor_malformed', FORMAT_CBOR, hex('a2 6161 01 6162 1c'), 6],
      // {"a": 1, "bb": …, which is not there
      ['cbor_malformed', FORMAT_CBOR, hex('a2 6161 01 6262'), 4],
      ['text_utf8_malformed', FORMAT_CBOR, hex('a2 6161 01 6162 62 ff41'), 6],
      ['metric_duplicate', FORMAT_CBOR, hex('a2 6161 01 6161 02'), 6],
      ['msgpack_malformed', FORMAT_MSGPACK, hex('82 a161 01 a162 c1'), 6],
      ['msgpack_malformed', FORMAT_MSGPACK, hex('82 a161 01 a162 cd01'), 6],
      // A value that is left out, where nothing else is in the message.
      ['metric_value_invalid', FORMAT_MSGPACK, hex('81 a161 c4 01 00'), 3],
      ['senml_malformed', FORMAT_SENML_CBOR, hex('81 a2 00 6161 02 6162'), 6],
      ['senml_malformed', FORMAT_SENML_JSON, '[{"n":"a","v":"b"}]', 14],
      ['json_malformed', FORMAT_NDJSON, '{"a":1}\n{"a":}', 13],
      ['ts_malformed', FORMAT_JSON, '{"ts":"noon","metrics":{"a":1}}', 6],
      ['metric_duplicate', FORMAT_JSON, '{"metrics":{"a":1,"a":2}}', 18],
      ['json_malformed', FORMAT_JSON, '{"a":1,}', 7],
      ['cayenne_malformed', FORMAT_CAYENNE, hex('01 67 0110 02 67 00'), 4],
      ['cayenne_type_unknown', FORMAT_CAYENNE, hex('03 ee 0110'), 0],
      ['line_malformed', FORMAT_LINE_PROTOCOL, 'm a=1x', 4],
      ['line_malformed', FORMAT_LINE_PROTOCOL, 'm,tag a=1', 2],
      ['text_utf8_malformed', FORMAT_TEXT, hex('20 ff'), 1],
      // Metric (field 2, 3 bytes) after a timestamp; its field 1 is longer than the metric.
      ['protobuf_malformed', FORMAT_SPARKPLUG, hex('08 01 12 03 0a 05 61'), 4, topic],
      // The payload is none of the formats that are recognised.
      ['json_malformed', FORMAT_BY_SHAPE, hex('a2 61'), 0],
      ['json_malformed', null, '{"a":', 5],
      // What is missing is nowhere.
      ['metrics_missing', FORMAT_CBOR, hex('a0'), undefined],
      ['payload_empty', FORMAT_CBOR, '', undefined],
      // The partition's state refused it, or another version did: by itself it would not be, or for another reason.
      ['state_exhausted', FORMAT_JSON, '{"a":1}', undefined],
      ['cbor_malformed', FORMAT_CBOR, hex('a1 6161 01'), undefined],
      ['cbor_malformed', FORMAT_CBOR, hex('a2 6161 01 6161 02'), undefined],
    ];
  for (const [reason, format, payload, expected, context] of cases) {
    assert.equal(position(reason, format, payload, context), expected, `${reason} of ${Buffer.from(payload as string).toString('hex')}`);
  }
});

test('a fault is found after a context, and after ten thousand letters whose names are all new', () => {
  const context = encodeContext({ profile: PROFILE_PLAIN, prefix: 'hall.', topic: 'hall/door' });
  for (let round = 0; round < 10_000; round++) {
    const name = Buffer.from(`n${round}`);
    const payload = Buffer.concat([Buffer.from([0xa3, 0x61, 0x61, 1, 0x60 + name.length]), name, hex('01 6162 ff')]);
    assert.equal(position('cbor_malformed', FORMAT_CBOR, payload, context), payload.length - 1);
  }
});

test('a payload of Protobuf is read by the plan of its schema version, which is fetched once', async () => {
  const protobuf = compileProto('syntax = "proto3"; message M { int32 a = 1; repeated int32 r = 2; string s = 3; }');
  const asked: number[] = [];
  const plan: SchemaPlan = { number: 9, mode: 'strict', protobuf, fields: [], others: 'read' };
  const reader = new FaultFinder(async (number) => {
    asked.push(number);
    return number === 9 ? plan : undefined;
  });
  const letterOf = (schema: number, digits: string) => {
    const context = encodeContext({ profile: PROFILE_PLAIN, schema });
    const of = { device: 7, receivedAtMs: RECEIVE_US / 1000, metric: null };
    return { reason: 'protobuf_malformed', format: FORMAT_PROTOBUF, payload: hex(digits), context, ...of };
  };
  const letters = [
    // Its second field is of more bytes than there are; an element of a packed one ends too soon; a tag has the field number 0.
    letterOf(9, '08 01 1a 05 61'),
    letterOf(9, '08 01 12 03 01 02 80'),
    letterOf(9, '08 01 00 01'),
    letterOf(8, '08 01 00 01'),
  ];
  for (let round = 0; round < 2; round++) {
    await reader.prepare(letters);
    assert.deepEqual(
      letters.map((letter) => reader.position(letter)),
      [2, 6, 2, undefined],
    );
  }
  assert.deepEqual(asked, [9, 8]);
});

test('the field is named that a schema refused or missed, as the payload names it', async () => {
  const t = { name: 'a.t', metric: 'air', type: 'number', min: 0, max: 50 } as const;
  const strict: SchemaPlan = { number: 4, mode: 'strict', fields: [t, { name: 'n', type: 'integer', isRequired: true }], others: 'refuse' };
  // Nothing of such a message is left.
  const flexible: SchemaPlan = { number: 5, mode: 'flexible', fields: [t], others: 'skip' };
  const plans = new Map([strict, flexible].map((plan) => [plan.number, plan]));
  const reader = new FaultFinder(async (number) => plans.get(number));
  const letterOf = (reason: string, schema: number, text: string) => {
    const context = encodeContext({ profile: PROFILE_PLAIN, schema });
    return { reason, payload: Buffer.from(text), format: FORMAT_JSON, context, device: 7, receivedAtMs: RECEIVE_US / 1000, metric: null };
  };
  const cases: [field: string | undefined, ...Parameters<typeof letterOf>][] = [
    ['a.t', 'field_out_of_range', 4, '{"n":1,"a":{"t":51}}'],
    ['n', 'field_type_invalid', 4, '{"a":{"t":5},"n":1.5}'],
    ['n', 'field_missing', 4, '{"a":{"t":5}}'],
    ['b', 'field_unexpected', 4, '{"a":{"t":5},"b":2,"c":3,"n":1}'],
    ['a.t', 'field_out_of_range', 5, '{"a":{"t":-1},"z":1}'],
    // Another reason than the one that the version has now; a decoder's own; a version that nobody knows; none at all.
    [undefined, 'field_missing', 4, '{"n":1,"a":{"t":51}}'],
    [undefined, 'json_malformed', 4, '{"n":1'],
    [undefined, 'field_missing', 6, '{"a":{"t":5}}'],
    [undefined, 'field_missing', 0, '{"a":{"t":5}}'],
  ];
  const letters = cases.map(([, ...letter]) => letterOf(...letter));
  await reader.prepare(letters);
  assert.deepEqual(
    letters.map((letter) => reader.field(letter)),
    cases.map(([field]) => field),
  );
});

test('a row that the database refused is no payload', () => {
  const letter = { reason: 'row_refused', payload: Buffer.from('{'), format: null, context: null, device: 1, receivedAtMs: 0, metric: 3 };
  assert.equal(finder.position(letter), undefined);
});
