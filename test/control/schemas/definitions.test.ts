import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MEMBER_IS_SEQ, MEMBER_IS_TS, MEMBER_OPEN, MEMBER_SAMPLES, MEMBER_SKIP } from '../../../assembly/abi/profiles.js';
import { type Definition, isRefused, told } from '../../../src/control/schemas/definition/definition.js';
import type { FormatChoice } from '../../../src/control/schemas/definition/formats.js';
import { readDefinition } from '../../../src/control/schemas/definition/read-definition.js';

function read(definition: unknown, format: FormatChoice = 'json'): Definition {
  const found = readDefinition(format, definition);
  assert.ok(!isRefused(found), isRefused(found) ? told(found) : '');
  return found;
}

function refused(definition: unknown, format: FormatChoice = 'json'): string {
  const found = readDefinition(format, definition);
  assert.ok(isRefused(found), 'it was taken');
  return told(found);
}

test('a field map says type, unit, range, default and name of each field', () => {
  const { fields, others, members } = read({
    fields: {
      t: { type: 'number', unit: '[degF]', to: 'Cel', min: -40, max: 125, outside: 'clamp', rename: 'air.temperature', required: true },
      p: { unit: '[psi]', to: 'kPa' },
      raw: { scale: 0.1, offset: -40, min: 0 },
      on: { type: 'boolean', default: false },
      n: { type: 'integer', from_text: true, default: 7 },
      mode: 'text',
      what: {},
    },
    others: 'skip',
  });
  assert.equal(others, 'skip');
  assert.equal(members, undefined);
  const range = { min: -40, max: 125, outside: 'clamp' } as const;
  assert.deepEqual(fields, [
    {
      name: 't',
      metric: 'air.temperature',
      type: 'number',
      isRequired: true,
      scale: 5,
      offset: -160,
      divisor: 9,
      ...range,
      unit: 'Cel',
      isCritical: true,
    },
    { name: 'p', type: 'number', scale: 6894.757293168361, divisor: 1000, unit: 'kPa' },
    { name: 'raw', type: 'number', scale: 0.1, offset: -40, min: 0 },
    { name: 'on', type: 'boolean', default: 0 },
    { name: 'n', type: 'integer', default: 7, readsText: true },
    { name: 'mode', type: 'text' },
    { name: 'what', type: 'any' },
  ]);
});

test('critical fields are those that are said to be, else the required ones', () => {
  const critical = (fields: object) => read({ fields }).fields.flatMap(({ name, isCritical }) => (isCritical ? [name] : []));
  assert.deepEqual(critical({ a: { required: true }, b: {} }), ['a']);
  assert.deepEqual(critical({ a: { required: true }, b: { critical: true } }), ['b']);
});

test('a field map says where time, sequence and readings are', () => {
  const { members, firmwareField } = read({
    fields: { temperature: 'number' },
    time: 'header.at',
    sequence: 'header.n',
    readings: 'body.data',
    skip: ['body.data.debug'],
    firmware: 'header.fw',
  });
  const header = members?.members?.header;
  assert.equal(members?.others, MEMBER_SKIP);
  assert.deepEqual([header?.others, header?.members?.at?.action, header?.members?.n?.action], [MEMBER_SKIP, MEMBER_IS_TS, MEMBER_IS_SEQ]);
  const body = members?.members?.body;
  assert.deepEqual([body?.action, body?.others, body?.members?.data?.action], [MEMBER_OPEN, MEMBER_SKIP, MEMBER_OPEN]);
  assert.equal(body?.members?.data?.members?.debug?.action, MEMBER_SKIP);
  assert.equal(firmwareField, 'header.fw');
  assert.equal(members?.members?.ts, undefined);
  // What no path names is as in a document of no convention.
  const { members: other } = read({ fields: {}, time: 'at', samples: 'batch' });
  assert.deepEqual([other?.members?.seq?.action, other?.members?.ts, other?.others], [MEMBER_IS_SEQ, undefined, undefined]);
  assert.equal(other?.members?.batch?.action, MEMBER_SAMPLES);
  assert.equal(read({ fields: {}, firmware: 'metadata.firmware' }).firmwareField, 'metadata.firmware');
});

test('a field map that contradicts itself is refused with every path', () => {
  const wrong: readonly (readonly [object, string])[] = [
    [{ fields: { a: { kind: 1 } } }, 'fields.a.kind is not known here'],
    [{ fields: { a: 'float' } }, 'fields.a must be an object, or one of number, integer, boolean, text, any'],
    [{ fields: { a: { min: 2, max: 1 } } }, 'fields.a min must not be above max'],
    [
      { fields: { a: { type: 'text', min: 2 } } },
      'fields.a type must be number or integer where the field has a unit, a scale, a range or from_text, and is text',
    ],
    [{ fields: { a: { unit: 'Cel', to: 'kPa' } } }, 'fields.a to Cel is a unit of temperature, kPa one of pressure'],
    [{ fields: { a: { to: 'kPa' } } }, 'fields.a to needs unit, the unit in which the value is sent'],
    [{ fields: { a: { scale: 0 } } }, 'fields.a scale must not be 0'],
    [{ fields: { a: { type: 'number', default: 'x' } } }, 'fields.a default must be of type number'],
    [{ fields: { a: { default: 1, required: true } } }, 'fields.a default must not be there for a required field, which is never absent'],
    [{ fields: { a: { rename: 'b' }, b: {} } }, 'fields.b is stored as b, as a is'],
    [{ fields: { a: { outside: 'flag' } } }, 'fields.a outside needs min or max'],
    [{ fields: {}, time: 'a..b' }, 'time must be names of members with a dot between two'],
    [{ fields: {}, more: 1 }, 'more is not known here'],
    [{ fields: { ['x'.repeat(257)]: 'number' } }, `fields.${'x'.repeat(257)} must have 1 to 256 bytes`],
    [
      { fields: { a: 'float', b: { min: 2, max: 1 } } },
      'fields.a must be an object, or one of number, integer, boolean, text, any; fields.b min must not be above max',
    ],
  ];
  for (const [definition, problem] of wrong) assert.equal(refused(definition), problem);
  assert.equal(refused({ fields: {}, time: 'at' }, 'cayenne'), 'a payload of format cayenne has no members of other names');
  assert.equal(
    refused({ fields: Object.fromEntries(Array.from({ length: 1025 }, (_, n) => [`f${n}`, 'number'])) }),
    'the definition has more than 1024 fields',
  );
});

test('JSON Schema says the fields of a document as it is sent', () => {
  const { fields, others, remarks } = read({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Pump',
    type: 'object',
    properties: {
      ts: { type: 'integer' },
      seq: { type: 'integer' },
      metrics: {
        type: 'object',
        properties: {
          temperature: { type: 'number', minimum: 32, maximum: 212, 'x-spillway': { unit: '[degF]', to: 'Cel', outside: 'flag' } },
          running: { type: ['boolean', 'null'] },
          cycles: { $ref: '#/$defs/count' },
          mode: { type: 'string', default: 'auto' },
          vector: { type: 'array', prefixItems: [{ type: 'number' }, { type: 'number' }] },
          either: { type: ['string', 'number'] },
          depth: { type: 'number', minimum: 1, 'x-spillway': { scale: -1 } },
        },
        required: ['temperature'],
        additionalProperties: false,
      },
    },
    required: ['ts', 'metrics'],
    additionalProperties: false,
    $defs: { count: { type: 'integer', minimum: 0 } },
  });
  assert.equal(others, 'refuse');
  const temperature = { scale: 5, offset: -160, divisor: 9, min: 0, max: 100, outside: 'flag', unit: 'Cel' } as const;
  assert.deepEqual(fields, [
    { name: 'temperature', type: 'number', isRequired: true, ...temperature, isCritical: true },
    { name: 'running', type: 'boolean' },
    { name: 'cycles', type: 'integer', min: 0 },
    { name: 'mode', type: 'text', default: 'auto' },
    { name: 'vector.0', type: 'number' },
    { name: 'vector.1', type: 'number' },
    { name: 'either', type: 'any' },
    { name: 'depth', type: 'number', scale: -1, max: -1 },
  ]);
  assert.deepEqual(remarks, [
    'properties.ts is not missed where it is absent: it is no reading',
    'properties.metrics is not missed as a whole: say which of its members are required',
  ]);
});

test('JSON Schema names nested members with dots, and what a member is beside a reading', () => {
  const { fields, members, firmwareField } = read({
    type: 'object',
    properties: {
      at: { type: 'string', format: 'date-time', 'x-spillway': { as: 'time' } },
      readings: { type: 'object', properties: { temperature: { type: 'number' } } },
      metadata: {
        type: 'object',
        properties: { firmware: { type: 'string', 'x-spillway': { as: 'firmware' } }, note: { 'x-spillway': { as: 'skip' } } },
      },
    },
  });
  assert.deepEqual(
    fields.map(({ name, type }) => `${name} ${type}`),
    ['temperature number', 'metadata.firmware text'],
  );
  assert.equal(firmwareField, 'metadata.firmware');
  assert.equal(members?.members?.at?.action, MEMBER_IS_TS);
  assert.equal(members?.members?.metadata?.members?.note?.action, MEMBER_SKIP);
  assert.equal(members?.members?.timestamp, undefined);
});

test('of a document with metrics JSON Schema describes those alone', () => {
  const { fields, remarks, firmwareField, members } = read({
    type: 'object',
    properties: {
      device_id: { type: 'string' },
      fw: { type: 'string', 'x-spillway': { as: 'firmware' } },
      metrics: { type: 'object', properties: { v: { type: 'number' } } },
    },
    required: ['device_id'],
  });
  assert.deepEqual(fields, [{ name: 'v', type: 'number' }]);
  assert.deepEqual(remarks, ['properties.device_id is not read beside metrics', 'properties.fw is not read beside metrics']);
  assert.deepEqual([firmwareField, members?.others], ['fw', MEMBER_SKIP]);
});

test('an array of samples is described by its items', () => {
  assert.deepEqual(read({ type: 'array', items: { type: 'object', properties: { v: { type: 'number' } } } }).fields, [
    { name: 'v', type: 'number' },
  ]);
});

test('what is beyond the subset of JSON Schema is refused with its path', () => {
  const of = (property: object) => ({ type: 'object', properties: { a: property } });
  const wrong: readonly (readonly [object, RegExp])[] = [
    [of({ type: 'number', multipleOf: 2 }), /^properties\.a\.multipleOf is not among the keywords that are checked of a value$/],
    [of({ enum: [1, 2] }), /^properties\.a\.enum is not among/],
    [{ ...of({ type: 'number' }), anyOf: [] }, /^anyOf is not among the keywords that are checked of an object$/],
    [{ ...of({ type: 'number' }), $schema: 'http://json-schema.org/draft-07/schema#' }, /^\$schema must be https:/],
    [of({ type: 'array', items: { type: 'number' } }), /^properties\.a must name its elements one by one, in prefixItems/],
    [of({ type: 'date' }), /^properties\.a\.type must be number, integer/],
    [of({ type: 'number', minimum: '1' }), /^properties\.a\.minimum must be a number/],
    [of({ $ref: '#/$defs/none' }), /^properties\.a\.\$ref must be #\/\$defs\//],
    [{ ...of({ $ref: '#/$defs/loop' }), $defs: { loop: { $ref: '#/$defs/loop' } } }, /\$ref must be/],
    [{ ...of({ type: 'number' }), required: ['b'] }, /^required names b, which is not among the properties$/],
    [
      of({ type: 'object', properties: {}, additionalProperties: false }),
      /^properties\.a\.additionalProperties must be true or false, and the same/,
    ],
    [of({ type: 'number', 'x-spillway': { as: 'clock' } }), /^properties\.a\.x-spillway\.as must be one of time/],
    [of({ type: 'number', 'x-spillway': { min: 1 } }), /^properties\.a\.x-spillway\.min is for JSON Schema itself to say/],
    [{ type: 'array', items: 3 }, /^items must be the schema of a sample/],
    [{ properties: {} }, /^type must be object$/],
    [of({ type: 'number', default: null }), /^properties\.a\.default must be/],
  ];
  for (const [definition, problem] of wrong) assert.match(refused(definition), problem);
});

test('definitions that lead back to themselves end', () => {
  const both = { type: 'object', properties: { a: { $ref: '#/$defs/both' }, b: { $ref: '#/$defs/both' } } };
  assert.match(refused({ ...both, $defs: { both } }), /must not (nest deeper than 32 levels|lead to more than 2048 members)/);
});

const PROTO = `syntax = "proto3";
message Uplink { fixed64 at = 1; uint32 count = 2; Body body = 3; string fw = 4; repeated float wave = 5; }
message Body { float temperature = 1; sint32 rssi = 2; }`;

test('the text of a .proto file is a definition, alone or with what it does not say', () => {
  const plain = read(PROTO, 'protobuf');
  assert.deepEqual(
    plain.wire.map(({ name, number, type }) => `${name} ${number} ${type}`),
    ['at 1 fixed64', 'count 2 uint32', 'body.temperature 3.1 float', 'body.rssi 3.2 sint32', 'fw 4 string', 'wave 5 repeated float'],
  );
  const said = read(
    {
      proto: PROTO,
      message: 'Uplink',
      time: 'at',
      time_unit: 'ms',
      sequence: 'count',
      readings: 'body',
      firmware: 'fw',
      fields: { temperature: { unit: '[degF]', to: 'Cel' }, 'wave.0': { max: 5 } },
    },
    'protobuf',
  );
  assert.ok((plain.protobuf?.length ?? 0) > 0 && (said.protobuf?.length ?? 0) > 0);
  assert.deepEqual(
    said.fields.map(({ name, unit }) => [name, unit]),
    [
      ['temperature', 'Cel'],
      ['wave.0', undefined],
    ],
  );
  assert.equal(said.firmwareField, 'fw');
});

test('a .proto text that gives no plan is refused with its cause', () => {
  assert.match(refused('hello', 'protobuf'), /illegal token 'hello'/);
  assert.equal(refused({ proto: PROTO, fields: { heat: 'number' } }, 'protobuf'), 'fields.heat is the name of no field of the message');
  assert.match(refused({ proto: PROTO, time: 'body' }, 'protobuf'), /^proto field body cannot be time/);
  assert.match(refused({ proto: PROTO, time: 'at', sequence: 'at' }, 'protobuf'), /^at is named for two purposes/);
  assert.match(refused({ fields: {} }, 'protobuf'), /^proto must be the text of a \.proto file/);
  assert.equal(refused(PROTO, 'json'), 'must be an object where the format is json');
  assert.equal(refused([], 'json'), 'must be an object');
  assert.match(refused({ type: 'object', properties: {} }, 'cayenne'), /^must be a field map/);
});
