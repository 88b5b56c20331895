import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProtobufDecoder } from './protobuf-decoder.js';

// What every parser of Protocol Buffers does with each kind of field: values at the ends of their ranges, the ways of writing one value,
// and messages that end too soon. Two messages that are to mean the same are compared with one another.

type Wire = 0 | 1 | 2 | 5;

interface Kind {
  readonly type: string;
  readonly wire: Wire;
  /** A value as it may come, and the value as every writer writes it. */
  readonly values: readonly (readonly [given: string, written: string])[];
}

const INT_MAX = 'ffffffffffffffff7f';
const INT_MIN_AND_ONE = '81808080808080808001';
const same = (...values: string[]) => values.map((value) => [value, value] as const);

const kinds: readonly Kind[] = [
  {
    type: 'double',
    wire: 1,
    values: same('0000000000000000', '9a9999999999b93f', 'ffffffffffffef7f', '0000000000001000', '0000000000000080'),
  },
  { type: 'float', wire: 5, values: same('00000000', 'cdcccc3d', 'ffff7f7f', '00008000', '00000080') },
  {
    type: 'int32',
    wire: 0,
    values: [
      ...same('00', 'b960', 'ffffffff07', '80808080f8ffffffff01'),
      ['b9e000', 'b960'],
      ['b9e0808000', 'b960'],
      ['8080808020', '00'],
      [INT_MAX, 'ffffffffffffffffff01'],
      [INT_MIN_AND_ONE, '01'],
    ],
  },
  { type: 'int64', wire: 0, values: same('00', 'b960', INT_MAX, '80808080808080808001') },
  {
    type: 'uint32',
    wire: 0,
    values: [
      ...same('00', 'b960', 'ffffffff0f'),
      ['b9e000', 'b960'],
      ['8080808020', '00'],
      ['8180808020', '01'],
      ['ffffffff1f', 'ffffffff0f'],
      [INT_MAX, 'ffffffff0f'],
    ],
  },
  { type: 'uint64', wire: 0, values: same('00', 'b960', 'ffffffffffffffffff01') },
  { type: 'sint32', wire: 0, values: [...same('00', 'f2c001', 'feffffff0f', 'ffffffff0f'), ['8280808010', '02']] },
  { type: 'sint64', wire: 0, values: same('00', 'f2c001', 'feffffffffffffffff01', 'ffffffffffffffffff01') },
  { type: 'fixed32', wire: 5, values: same('00000000', '39300000', 'ffffffff') },
  { type: 'fixed64', wire: 1, values: same('0000000000000000', '3930000000000000', 'ffffffffffffffff') },
  { type: 'sfixed32', wire: 5, values: same('00000000', 'ffffff7f', '00000080') },
  { type: 'sfixed64', wire: 1, values: same('0000000000000000', 'ffffffffffffff7f', '0000000000000080') },
  {
    type: 'bool',
    wire: 0,
    values: [...same('00', '01'), ['ffffffffffffffffff01', '01'], ['cec2f105', '01'], ['8080808020', '01'], ['80808080808080808001', '01']],
  },
  {
    type: 'E',
    wire: 0,
    values: [...same('00', '01', '02', 'ffffffffffffffffff01'), [INT_MAX, 'ffffffffffffffffff01'], [INT_MIN_AND_ONE, '01']],
  },
  { type: 'string', wire: 2, values: same('00', '0c48656c6c6f20776f726c6421', '06e8b0b7e6ad8c', '04f09f9881', '07225c07080c0d0b') },
];

const REPEATED = 20;
const UNKNOWN = 1000;
const MESSAGE = 18;
const fields = kinds.flatMap(({ type }, index) => [
  `optional ${type} f${index} = ${index + 1};`,
  `repeated ${type} r${index} = ${index + 1 + REPEATED};`,
]);
const decoder = new ProtobufDecoder();
const schema = decoder.add(
  `syntax = "proto3"; message M { ${fields.join(' ')} optional M m = ${MESSAGE}; map<string, string> map = 19; oneof one { uint32 a = 51; string b = 52; } } ` +
    'enum E { ZERO = 0; ONE = 1; TWO = 2; LESS = -1; }',
);

function varint(value: number): string {
  return value < 0x80 ? byte(value) : byte((value % 0x80) | 0x80) + varint(Math.floor(value / 0x80));
}
const byte = (value: number) => value.toString(16).padStart(2, '0');
const tag = (field: number, wire: number) => varint(field * 8 + wire);
const bytes = (content: string) => varint(content.length / 2) + content;
const decode = (hex: string) => decoder.decode(schema, Buffer.from(hex, 'hex'));

for (const [index, { type, wire, values }] of kinds.entries()) {
  const [field, repeated] = [index + 1, index + 1 + REPEATED];

  test(`values of ${type} are read however they are written: alone, after others, repeated and packed`, () => {
    for (const [given, written] of values) {
      const expected = decode(tag(field, wire) + written);
      assert.ok(Array.isArray(expected) && expected.length === 1, written);
      assert.deepEqual(decode(tag(field, wire) + given), expected, given);
      for (const [earlier] of values)
        assert.deepEqual(decode(tag(field, wire) + earlier + tag(field, wire) + given), expected, 'the last counts');
      const inMessage = decode(tag(MESSAGE, 2) + bytes(tag(field, wire) + given));
      assert.deepEqual(inMessage, [[`m.f${index}`, ...expected[0]!.slice(1)]]);
    }
    const expected = decode(values.map(([, written]) => tag(repeated, wire) + written).join(''));
    assert.ok(Array.isArray(expected) && expected.length === values.length);
    assert.deepEqual(decode(values.map(([given]) => tag(repeated, wire) + given).join('')), expected);
    if (wire === 2) return;
    assert.deepEqual(decode(tag(repeated, 2) + bytes(values.map(([given]) => given).join(''))), expected);
  });

  test(`a message that ends in a value of ${type}, or before one, is malformed`, () => {
    const cut = { 0: '80', 1: '61626364656667', 2: '80', 5: '616263' }[wire];
    const cuts = [field, repeated, UNKNOWN].flatMap((number) => [tag(number, wire), tag(number, wire) + cut]);
    if (wire === 2) cuts.push(...[field, repeated, UNKNOWN].map((number) => `${tag(number, 2)}01`));
    else cuts.push(tag(repeated, 2) + bytes(cut), `${tag(repeated, 2)}01`);
    cuts.push(tag(MESSAGE, 2) + bytes(tag(field, wire) + cut));
    for (const hex of cuts) assert.equal(decode(hex), 'protobuf_malformed', hex);
  });
}

test('tags that there cannot be, and groups that do not end, are malformed', () => {
  const text = bytes(Buffer.from('hello world').toString('hex'));
  const [begin, end] = [3, 4];
  const malformed = [
    // Field number 0, in every wire type.
    ...['01' + '4445414442454546', '020101', '0304', '0544454144'],
    // A tag of more than 32 bits, and one of more bytes than a tag takes.
    ...['8880808080800fd209', '8880808040d209', '888080808080808000d209', '88808080808080808080808000d209'],
    ...[1, 201, 1234].flatMap((number) => [
      tag(number, end),
      tag(number, begin),
      tag(number, begin) + tag(2, 2) + text,
      tag(number, end) + tag(2, 2) + text,
    ]),
    tag(MESSAGE, 2) + bytes(tag(1234, end)),
    tag(MESSAGE, 2) + bytes(tag(1234, begin)),
    tag(201, begin) + tag(202, end) + tag(201, end),
    tag(201, begin) + tag(202, begin) + tag(201, end),
    tag(201, begin) + tag(202, begin) + tag(2, 2) + text + tag(203, end) + tag(201, end),
    ...[6, 7].flatMap((wire) => [0, 1, 2, 3].flatMap((number) => [0, 1, 2, 3].map((value) => byte(number * 8 + wire) + byte(value)))),
  ];
  for (const hex of malformed) assert.equal(decode(hex), 'protobuf_malformed', hex);
  // Well formed, whatever is in it, and wherever it lies among what is known.
  const unknown = tag(201, begin) + tag(202, begin) + tag(2, 2) + text + tag(202, end) + tag(201, end);
  assert.deepEqual(decode(`${unknown}${tag(3, 0)}07${unknown}`), decode(`${tag(3, 0)}07`));
});

test('texts that are not UTF-8 are no readings, whether they are alone, repeated, in a oneof or in a map', () => {
  const bad = bytes('a0b0c0d0');
  const good = bytes('666f6f');
  const text = kinds.findIndex(({ type }) => type === 'string') + 1;
  const inMap = (key: string, value: string) => tag(19, 2) + bytes(tag(1, 2) + key + tag(2, 2) + value);
  for (const hex of [tag(text, 2) + bad, tag(text + REPEATED, 2) + bad, tag(52, 2) + bad, inMap(bad, good), inMap(good, bad)]) {
    assert.equal(decode(hex), 'text_utf8_malformed', hex);
    assert.deepEqual(decode(`${hex}${tag(3, 0)}07`), decode(`${tag(3, 0)}07`), 'beside another it costs itself');
  }
});

test('of a oneof a value that is 0 or empty is there', () => {
  assert.deepEqual((decode(`${tag(51, 0)}00`) as unknown[]).length, 1);
  assert.deepEqual((decode(`${tag(52, 2)}00`) as unknown[]).length, 1);
});
