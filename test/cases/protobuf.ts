import type { FieldRule, ProtoOptions } from '../../src/control/schemas/compile-proto.js';

/** What a payload in hexadecimal gives: readings at the receive time, or at a time of their own; or the reason of its dead letter. */
export interface ProtobufCase {
  readonly what: string;
  readonly hex: string;
  readonly expected: Readonly<Record<string, number | string>> | string;
  /** ISO 8601; undefined: the receive time. */
  readonly at?: string;
}

export interface ProtobufSchema {
  readonly what: string;
  readonly proto: string;
  readonly options?: ProtoOptions;
  readonly cases: readonly ProtobufCase[];
}

const proto2 = (body: string): string => `syntax = "proto2"; message M { ${body} }`;
const proto3 = (body: string, more = ''): string => `syntax = "proto3"; ${more} message M { ${body} }`;
const fields = (rules: Record<string, FieldRule>): ProtoOptions => ({ fields: rules });

/** Varints, by kind: what each makes of the same bytes. */
const scalars: ProtobufSchema = {
  what: 'scalars of every kind, with explicit presence',
  proto: proto2(`
    optional int32 i32 = 1; optional int64 i64 = 2; optional uint32 u32 = 3; optional uint64 u64 = 4; optional sint32 s32 = 5;
    optional sint64 s64 = 6; optional fixed32 f32 = 7; optional fixed64 f64 = 8; optional sfixed32 sf32 = 9; optional sfixed64 sf64 = 10;
    optional float f = 11; optional double d = 12; optional bool b = 13; optional string s = 14; optional bytes x = 15;`),
  cases: [
    { what: 'int32 -1 as it is sent', hex: '08ffffffffffffffffff01', expected: { i32: -1 } },
    { what: 'int32 -1 in five bytes', hex: '08ffffffff0f', expected: { i32: -1 } },
    { what: 'int32 of more than 32 bits keeps the low ones', hex: '0881808080f0ffffffff01', expected: { i32: 1 } },
    { what: 'int64 -1', hex: '10ffffffffffffffffff01', expected: { i64: -1 } },
    { what: 'int64, the least', hex: '1080808080808080808001', expected: { i64: -(2 ** 63) } },
    { what: 'uint32, the largest', hex: '18ffffffff0f', expected: { u32: 4294967295 } },
    { what: 'uint64, the largest', hex: '20ffffffffffffffffff01', expected: { u64: 2 ** 64 } },
    { what: 'a tenth byte with bits beyond 64', hex: '20ffffffffffffffffff7f', expected: { u64: 2 ** 64 } },
    { what: 'sint32 -1', hex: '2801', expected: { s32: -1 } },
    { what: 'sint32, the least', hex: '28ffffffff0f', expected: { s32: -2147483648 } },
    { what: 'sint64, the least', hex: '30ffffffffffffffffff01', expected: { s64: -(2 ** 63) } },
    { what: 'fixed32', hex: '3dffffffff', expected: { f32: 4294967295 } },
    { what: 'fixed64', hex: '410100000000000000', expected: { f64: 1 } },
    { what: 'sfixed32', hex: '4dfeffffff', expected: { sf32: -2 } },
    { what: 'sfixed64', hex: '51feffffffffffffff', expected: { sf64: -2 } },
    { what: 'float', hex: '5dcdcccc3d', expected: { f: 0.10000000149011612 } },
    { what: 'float -0', hex: '5d00000080', expected: { f: -0 } },
    { what: 'double', hex: '619a9999999999b93f', expected: { d: 0.1 } },
    { what: 'bool', hex: '6801', expected: { b: 1 } },
    { what: 'bool in two bytes', hex: '688002', expected: { b: 1 } },
    { what: 'bool false in an overlong varint', hex: '688000', expected: { b: 0 } },
    { what: 'string', hex: '7203c3a961', expected: { s: 'éa' } },
    { what: 'an empty string', hex: '7200', expected: { s: '' } },
    { what: 'bytes beside a number', hex: '7a0201020801', expected: { i32: 1 } },
    { what: 'bytes alone', hex: '7a020102', expected: 'metric_value_invalid' },
    { what: 'a float that is not a number beside one that is', hex: '5d0000c07f0801', expected: { i32: 1 } },
    { what: 'a double that is infinite', hex: '61000000000000f07f', expected: 'number_out_of_range' },
    { what: 'a string that is not UTF-8', hex: '7201ff', expected: 'text_utf8_malformed' },
    { what: 'a string with a NUL', hex: '720100', expected: 'text_nul' },
    { what: 'the last of several counts', hex: '080108020803', expected: { i32: 3 } },
    { what: 'nothing', hex: '', expected: 'metrics_missing' },
  ],
};

const wire: ProtobufSchema = {
  what: 'the wire format',
  proto: proto2('optional int32 v = 1; optional M m = 2; repeated int32 r = 3;'),
  cases: [
    {
      what: 'unknown fields of each wire type',
      hex: '2801320161390102030405060708 450102030408 01'.replaceAll(' ', ''),
      expected: { v: 1 },
    },
    { what: 'an unknown group with fields and a group in it', hex: '2308012b0801 2c0a00240801'.replaceAll(' ', ''), expected: { v: 1 } },
    { what: 'a known field of another wire type', hex: '0d01000000100108 07'.replaceAll(' ', ''), expected: { v: 7 } },
    { what: 'the largest field number', hex: 'f8ffffff0f010801', expected: { v: 1 } },
    { what: 'a tag in two bytes where one would do', hex: '880001', expected: { v: 1 } },
    { what: 'field number 0', hex: '0001', expected: 'protobuf_malformed' },
    { what: 'a tag of more than 32 bits', hex: '888080801001', expected: 'protobuf_malformed' },
    { what: 'a tag in six bytes', hex: '88808080800001', expected: 'protobuf_malformed' },
    { what: 'wire type 6', hex: '0e01', expected: 'protobuf_malformed' },
    { what: 'wire type 7', hex: '0f01', expected: 'protobuf_malformed' },
    { what: 'the end of a group that did not begin', hex: '24', expected: 'protobuf_malformed' },
    { what: 'a group that does not end', hex: '230801', expected: 'protobuf_malformed' },
    { what: 'a group that ends as another', hex: '2308012c', expected: 'protobuf_malformed' },
    { what: 'a varint of eleven bytes', hex: '08ffffffffffffffffffff01', expected: 'protobuf_malformed' },
    { what: 'a varint that ends', hex: '0880', expected: 'protobuf_malformed' },
    { what: 'a length beyond the end', hex: '120208', expected: 'protobuf_malformed' },
    { what: 'a length of 2^63', hex: '1280808080808080808001', expected: 'protobuf_malformed' },
    { what: 'fixed32 of three bytes', hex: '2d010203', expected: 'protobuf_malformed' },
    { what: 'a message in a message', hex: '1206080112020802', expected: { 'm.v': 1, 'm.m.v': 2 } },
    { what: 'a message whose field reaches beyond it', hex: '1203080108', expected: 'protobuf_malformed' },
    { what: 'a message twice', hex: '1202080112020802', expected: 'protobuf_message_repeated' },
    { what: 'repeated, one by one', hex: '180118021803', expected: { 'r.0': 1, 'r.1': 2, 'r.2': 3 } },
    { what: 'repeated, packed', hex: '1a03010203', expected: { 'r.0': 1, 'r.1': 2, 'r.2': 3 } },
    { what: 'repeated, both', hex: '18011a020203', expected: { 'r.0': 1, 'r.1': 2, 'r.2': 3 } },
    { what: 'packed elements that end', hex: '1a020180', expected: 'protobuf_malformed' },
    { what: 'nested to the limit', hex: nested(31), expected: { [`${'m.'.repeat(31)}v`]: 1 } },
    { what: 'nested deeper', hex: nested(32), expected: 'depth_exceeded' },
    { what: 'groups nested deeper', hex: `${'23'.repeat(40)}${'24'.repeat(40)}0801`, expected: 'depth_exceeded' },
  ],
};

function nested(depth: number): string {
  let bytes = Buffer.from([8, 1]);
  for (let level = 0; level < depth; level++) bytes = Buffer.concat([Buffer.from([0x12, bytes.length]), bytes]);
  return bytes.toString('hex');
}

const implicit: ProtobufSchema = {
  what: 'implicit presence of proto3',
  proto: proto3(
    'int32 v = 1; optional int32 o = 2; float f = 3; string s = 4; E e = 5; I i = 6; repeated int32 r = 7; oneof x { int32 p = 8; }',
    'enum E { A = 0; B = 1; } message I { bool b = 1; }',
  ),
  cases: [
    { what: 'an empty payload', hex: '', expected: { v: 0, f: 0, s: '', e: 0 } },
    { what: 'a message that is there and empty', hex: '3200', expected: { v: 0, f: 0, s: '', e: 0, 'i.b': 0 } },
    { what: 'one field', hex: '1d0000ac41', expected: { v: 0, f: 21.5, s: '', e: 0 } },
    { what: 'explicit ones that are 0', hex: '100040002801', expected: { v: 0, f: 0, s: '', e: 1, o: 0, p: 0 } },
  ],
};

const oneofs: ProtobufSchema = {
  what: 'members of oneofs',
  proto: proto3(
    'oneof x { int32 a = 1; string b = 2; I i = 3; bytes raw = 4; google.protobuf.Any any = 5; } int32 v = 6; oneof y { double c = 7; bool d = 8; }',
    'import "google/protobuf/any.proto"; message I { int32 n = 1; oneof z { int32 p = 2; int32 q = 3; } }',
  ),
  cases: [
    { what: 'none is set', hex: '3001', expected: { v: 1 } },
    { what: 'one that is 0', hex: '0800', expected: { a: 0, v: 0 } },
    { what: 'the last of two', hex: '0807120178', expected: { b: 'x', v: 0 } },
    { what: 'the last of two, in the other order', hex: '1201780807', expected: { a: 7, v: 0 } },
    { what: 'the last value of the last one', hex: '08070808', expected: { a: 8, v: 0 } },
    { what: 'one that is set before and after another', hex: '08071201780809', expected: { a: 9, v: 0 } },
    { what: 'a message that another unsets', hex: '1a0208051201783002', expected: { b: 'x', v: 2 } },
    { what: 'a message that comes again after another', hex: '1a02080508071a020806', expected: { 'i.n': 6, v: 0 } },
    { what: 'members of a message within', hex: '1a0410021803', expected: { 'i.n': 0, 'i.q': 3, v: 0 } },
    { what: 'two oneofs, mixed', hex: '08074001120178390000000000003540', expected: { b: 'x', c: 21, v: 0 } },
    { what: 'one that holds no reading unsets the others', hex: '08072a00', expected: { v: 0 } },
    { what: 'a member of another wire type is an unknown field', hex: '08071001', expected: { a: 7, v: 0 } },
    { what: 'a field that ends', hex: '080712', expected: 'protobuf_malformed' },
  ],
};

const explicit: ProtobufSchema = {
  what: 'implicit presence switched off, and names of an enum',
  proto: proto3(
    'int32 v = 1; E e = 2; repeated E r = 3;',
    'enum E { option allow_alias = true; IDLE = 0; STILL = 0; RUNNING = 1; BROKEN = -1; }',
  ),
  options: { implicit: false, enums: 'names' },
  cases: [
    { what: 'a name', hex: '1001', expected: { e: 'RUNNING' } },
    { what: 'a negative value', hex: '10ffffffffffffffffff01', expected: { e: 'BROKEN' } },
    { what: 'a value that a newer schema names', hex: '10ac02', expected: { e: '300' } },
    { what: 'a negative one of them', hex: '10feffffffffffffffff01', expected: { e: '-2' } },
    { what: 'packed, with an alias', hex: '1a020001', expected: { 'r.0': 'IDLE', 'r.1': 'RUNNING' } },
    { what: 'nothing', hex: '', expected: 'metrics_missing' },
  ],
};

const times: ProtobufSchema = {
  what: 'time and sequence by name',
  proto: proto3(
    'google.protobuf.Timestamp timestamp = 1; optional double v = 2; google.protobuf.Duration up = 3; optional uint64 seq = 4;',
    'import "google/protobuf/timestamp.proto"; import "google/protobuf/duration.proto";',
  ),
  cases: [
    {
      what: 'a Timestamp',
      hex: '0a0c0890f6b4d8061080cab5ee0111000000000000f03f'.replaceAll(' ', ''),
      expected: { v: 1 },
      at: '2026-11-30T09:00:00.500Z',
    },
    { what: 'none', hex: '11000000000000f03f', expected: { v: 1 } },
    { what: 'an empty one is no time', hex: '0a0011000000000000f03f', expected: { v: 1 } },
    { what: 'one of 1970', hex: '0a02080111000000000000f03f', expected: 'ts_out_of_range' },
    { what: 'one that no word holds', hex: '0a0a08ffffffffffffffff7f11000000000000f03f', expected: 'ts_out_of_range' },
    { what: 'a Duration', hex: '1a08083c108094ebdc03', expected: { up: 61 } },
  ],
};

const rules: ProtobufSchema = {
  what: 'rules by path',
  proto: proto3(
    'fixed32 t = 1; Inner inner = 2; int32 gone = 3; int32 n = 4; optional string label = 5; map<string, double> extra = 6;',
    'message Inner { int32 a = 1; int32 b = 2; }',
  ),
  options: fields({
    t: { as: 'time', unit: 's' },
    inner: { as: 'open' },
    'inner.b': { as: 'skip' },
    gone: { as: 'skip' },
    n: { as: 'sequence' },
    extra: { as: 'open' },
  }),
  cases: [
    {
      what: 'all of them',
      hex: '0d103b0d6b12040801100218072009320f0a046c6f6164110000000000004540',
      expected: { a: 1, load: 42 },
      at: '2026-11-30T09:00:00.000Z',
    },
  ],
};

const maps: ProtobufSchema = {
  what: 'maps and wrappers',
  proto: proto3(
    'map<int32, Inner> m = 1; map<bool, string> t = 2; google.protobuf.DoubleValue w = 3; repeated google.protobuf.Int32Value l = 4; map<string, int32> metrics = 5;',
    'import "google/protobuf/wrappers.proto"; message Inner { optional int32 v = 1; }',
  ),
  cases: [
    { what: 'whole keys', hex: '0a0408051200 0a1008ffffffffffffffffff01 12030801'.replaceAll(' ', ''), expected: 'protobuf_malformed' },
    {
      what: 'whole keys, one negative',
      hex: '0a06080512020801 0a0f08ffffffffffffffffff0112020802'.replaceAll(' ', ''),
      expected: { 'm.5.v': 1, 'm.-1.v': 2 },
    },
    { what: 'boolean keys', hex: '1205080112016112031201 62'.replaceAll(' ', ''), expected: { 't.true': 'a', 't.false': 'b' } },
    {
      what: 'a wrapper, and one of 0',
      hex: '1a09090000000000004540 2200220208 07'.replaceAll(' ', ''),
      expected: { w: 42, 'l.0': 0, 'l.1': 7 },
    },
    { what: 'metrics by name, one of 0', hex: '2a070a03726f7410092a050a03747574', expected: { rot: 9, tut: 0 } },
    { what: 'a key that is no text, beside one that is', hex: '2a050a01ff10092a050a01611001', expected: { a: 1 } },
  ],
};

export const protobufSchemas: readonly ProtobufSchema[] = [scalars, wire, implicit, oneofs, explicit, times, rules, maps];
