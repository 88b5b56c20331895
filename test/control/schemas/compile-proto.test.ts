import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileProto, type ProtoOptions } from '../../../src/control/schemas/compile-proto.js';

const INNER = 'message Inner { optional int32 a = 1; }';

const refused: readonly [what: string, text: string, cause: RegExp, options?: ProtoOptions][] = [
  ['what is no .proto text', 'hello', /illegal token 'hello'/],
  ['no message', 'syntax = "proto3";', /has 0 messages/],
  [
    'two messages of which none holds the other',
    `message A { optional int32 v = 1; } message B { optional int32 v = 1; }`,
    /has 2 messages: say which/,
  ],
  ['a message that is not there', 'message A { optional int32 v = 1; }', /no message B/, { message: 'B' }],
  ['a type that is not there', 'message A { optional Other v = 1; }', /Other/],
  ['an import of a file', 'import "other.proto"; message A { optional int32 v = 1; }', /imports other\.proto/],
  ['an import by a path', 'import "google/protobuf/../../etc.proto"; message A { optional int32 v = 1; }', /imports google/],
  ['a group', 'message A { optional group G = 1 { optional int32 v = 1; } }', /cannot compile the schema: /],
  [
    'a group of an edition',
    `edition = "2023"; message Inner { int32 a = 1; } message A { Inner i = 1 [features.message_encoding = DELIMITED]; }`,
    /encoded as a group/,
    { message: 'A' },
  ],
  ['a rule for a field that is not there', 'message A { optional int32 v = 1; }', /the path w/, { fields: { w: { as: 'skip' } } }],
  [
    'a rule below a field that is left out',
    `message A { optional Inner i = 1; } ${INNER}`,
    /the path i\.a/,
    { message: 'A', fields: { i: { as: 'skip' }, 'i.a': { as: 'open' } } },
  ],
  ['a number that is opened', 'message A { optional int32 v = 1; }', /v cannot be open/, { fields: { v: { as: 'open' } } }],
  [
    'samples that are not repeated',
    `message A { optional Inner i = 1; } ${INNER}`,
    /i cannot be samples/,
    { message: 'A', fields: { i: { as: 'samples' } } },
  ],
  ['a time that is repeated', 'message A { repeated int64 t = 1; }', /t cannot be time/, { fields: { t: { as: 'time' } } }],
  ['a time that is a bool', 'message A { optional bool t = 1; }', /t cannot be time/, { fields: { t: { as: 'time' } } }],
  ['a sequence that is a float', 'message A { optional float n = 1; }', /n cannot be sequence/, { fields: { n: { as: 'sequence' } } }],
  ['a name that no metric may have', `message A { optional int32 ${'n'.repeat(257)} = 1; }`, /longer than 256 bytes/],
  ['a text that is too long', `${' '.repeat(262_144)}message A { optional int32 v = 1; }`, /more than 262144 characters/],
];

test('what gives no plan is refused with its cause', () => {
  for (const [what, text, cause, options] of refused) {
    assert.throws(() => compileProto(text, options), { name: 'ProtoRefused', message: cause }, what);
  }
});

test('the message that no other holds is that of the payload; others are named', () => {
  const text = `package plant.one; message A { optional Inner i = 1; } ${INNER}`;
  assert.deepEqual(compileProto(text), compileProto(text, { message: 'plant.one.A' }));
  assert.deepEqual(compileProto(text), compileProto(text, { message: 'A' }));
  assert.notDeepEqual(compileProto(text), compileProto(text, { message: 'Inner' }));
});

test('a message that holds itself has one type, and two where a rule is about a field of one of them', () => {
  const text = 'message A { optional int32 v = 1; optional A next = 2; }';
  const plain = compileProto(text, { message: 'A' });
  const ruled = compileProto(text, { message: 'A', fields: { 'next.v': { as: 'skip' } } });
  assert.ok(plain.length < ruled.length);
});

test('every file of Google that can be imported has its types', () => {
  const wanted = {
    timestamp: 'Timestamp',
    duration: 'Duration',
    wrappers: 'DoubleValue',
    empty: 'Empty',
    struct: 'Struct',
    any: 'Any',
    field_mask: 'FieldMask',
  };
  for (const [file, type] of Object.entries(wanted)) {
    const plan = compileProto(
      `syntax = "proto3"; import "google/protobuf/${file}.proto"; message A { google.protobuf.${type} x = 1; int32 v = 2; }`,
    );
    assert.ok(plan.length > 0, file);
  }
});
