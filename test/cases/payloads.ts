import {
  CODE_JSON_BYTE_ORDER_MARK,
  CODE_JSON_DEPTH_EXCEEDED,
  CODE_JSON_DUPLICATE_KEY,
  CODE_JSON_MALFORMED,
  CODE_JSON_NUL_AT_END,
  CODE_JSON_UTF8_MALFORMED,
  CODE_METRIC_DUPLICATE,
  CODE_METRIC_NAME_INVALID,
  CODE_METRIC_VALUE_INVALID,
  CODE_METRICS_MISSING,
  CODE_METRICS_TOO_MANY,
  CODE_NONE,
  CODE_NUMBER_OUT_OF_RANGE,
  CODE_PAYLOAD_EMPTY,
  CODE_PAYLOAD_OVERSIZE,
  CODE_SEQ_MALFORMED,
  CODE_TEXT_NUL,
  CODE_TEXT_OVERSIZE,
  CODE_TS_MALFORMED,
  CODE_TS_OUT_OF_RANGE,
} from '../../assembly/abi/codes.js';
import { PAYLOAD_BYTES_MAX, TS_AHEAD_US_MAX, TS_US_MIN } from '../../assembly/abi/limits.js';

/** Payloads of devices, good and bad, by name; every layer that takes in payloads is tested against them. */
export interface PayloadCase {
  readonly name: string;
  readonly payload: Uint8Array;
  /** CODE_NONE, or why it is refused. */
  readonly code: number;
  /** What a good payload holds. A time is in microseconds; absent means that the receive time counts. */
  readonly readings?: readonly (readonly [metric: string, value: number | string])[];
  readonly tsUs?: number;
  readonly seq?: number;
  readonly nulls?: number;
}

/** When these payloads are received: 2023-11-14T22:15:00Z. */
export const RECEIVE_US = 1_700_000_100_000_000;
const TS_US = 1_700_000_000_123_000;

export const payloadCases: PayloadCase[] = [];

type Content = string | Uint8Array;
type Held = Omit<PayloadCase, 'name' | 'payload' | 'code'>;

function good(name: string, payload: Content, held: Held): void {
  payloadCases.push({ name, payload: Buffer.from(payload as string), code: CODE_NONE, ...held });
}

function bad(code: number, name: string, payload: Content): void {
  payloadCases.push({ name, payload: Buffer.from(payload as string), code });
}

const TYPICAL = '{"ts":1700000000123,"metrics":{"temperature":23.41,"humidity":61.2},"seq":10042}';
const A1: Held = { readings: [['a', 1]] };

/** A payload around one metric's value, one name, or one ts. */
const value = (text: string) => `{"metrics":{"a":${text}}}`;
const named = (text: string) => `{"metrics":{${text}:1}}`;
const at = (ts: string) => `{"ts":${ts},"metrics":{"a":1}}`;
const counted = (seq: string) => `{"metrics":{"a":1},"seq":${seq}}`;
/** Bytes given as hexadecimal within a JSON string. */
const raw = (hex: string) => Buffer.concat([Buffer.from('{"metrics":{"a":"'), Buffer.from(hex, 'hex'), Buffer.from('"}}')]);
const shortened = (text: string) => (text.length <= 40 ? text : `${text.slice(0, 40)}… (${text.length} characters)`);
const many = (count: number) => `{"metrics":{${Array.from({ length: count }, (_, i) => `"m${i}":${i}`).join()}}}`;

// Shape
const typicalReadings: Held['readings'] = [
  ['temperature', 23.41],
  ['humidity', 61.2],
];
good('typical', TYPICAL, { readings: typicalReadings, tsUs: TS_US, seq: 10042 });
good('members in another order', '{"seq":7,"metrics":{"a":1},"ts":1700000000123}', { ...A1, tsUs: TS_US, seq: 7 });
good('all white space', ' \t\r\n{ "ts" : 1700000000123 ,\n"metrics" : { "a" : 1 , "b" : 2 } }\r\n', {
  readings: [
    ['a', 1],
    ['b', 2],
  ],
  tsUs: TS_US,
});
good('ts missing', '{"metrics":{"a":1}}', A1);
good('ts and seq null', '{"ts":null,"metrics":{"a":1},"seq":null}', A1);
good('other members skipped', '{"v":[{},[],{"x":[1,"]",null]},true],"metrics":{"a":1},"z":{"metrics":{"b":2}},"":1e999}', A1);
good('other member twice', '{"v":1,"v":2,"metrics":{"a":1}}', A1);
good('member name with escapes', '{"metr\\u0069cs":{"a":1},"\\u0073eq":3,"t\\u0073":1700000000123}', { ...A1, tsUs: TS_US, seq: 3 });
good('32 levels deep', `{"metrics":{"a":1},"v":${'['.repeat(31)}${']'.repeat(31)}}`, A1);

bad(CODE_PAYLOAD_EMPTY, 'empty', '');
bad(CODE_PAYLOAD_EMPTY, 'only white space', ' \n');
bad(CODE_JSON_MALFORMED, 'not JSON', 'temperature=23.41');
bad(CODE_JSON_MALFORMED, 'binary', Buffer.from('00ff10807d', 'hex'));
bad(CODE_JSON_BYTE_ORDER_MARK, 'byte order mark', `\ufeff${TYPICAL}`);
bad(CODE_JSON_BYTE_ORDER_MARK, 'byte order mark and NUL', `\ufeff ${TYPICAL}\0`);
bad(CODE_JSON_MALFORMED, 'byte order mark alone', '\ufeff');
bad(CODE_JSON_MALFORMED, 'byte order mark before what is no JSON', '\ufeff{');
bad(CODE_METRICS_MISSING, 'an array', `[${TYPICAL}]`);
bad(CODE_METRICS_MISSING, 'an empty array', ' [] ');
bad(CODE_JSON_MALFORMED, 'two arrays', '[][]');
bad(CODE_JSON_MALFORMED, 'an array without end', '[1,2');
bad(CODE_METRICS_MISSING, 'an array of everything', '[{"x":[true,false,null,"\\n\\u0041é😀\\ud83d\\ude00",-1.5e3,[],{}]},"y"]');
for (const text of ['23.41', '0', '-7', '47.3\n', '1e400', '123456789012345678901234567890', '"open"', '"\\n"', 'true', 'false', 'null']) {
  bad(CODE_METRICS_MISSING, `bare ${JSON.stringify(text)}`, text);
}
for (const text of [
  '47,3',
  '-',
  '1.',
  '.5',
  '007',
  '+5',
  '0x10',
  '1 2',
  '"open',
  '"a" "b"',
  'ON',
  'truefalse',
  'nul',
  'NaN',
  '-Infinity',
]) {
  bad(CODE_JSON_MALFORMED, `bare ${text}`, text);
}
bad(CODE_JSON_UTF8_MALFORMED, 'a bare string with a lone surrogate', '"\\ud800"');
bad(CODE_JSON_MALFORMED, 'two objects', `${TYPICAL}${TYPICAL}`);
bad(CODE_JSON_MALFORMED, 'a brace too many', `${TYPICAL}}`);
bad(CODE_JSON_MALFORMED, 'a brace too few', '{"metrics":{"a":1}');
bad(CODE_JSON_MALFORMED, 'trailing comma', '{"metrics":{"a":1},}');
bad(CODE_JSON_MALFORMED, 'trailing comma in metrics', '{"metrics":{"a":1,}}');
bad(CODE_JSON_MALFORMED, 'trailing comma in a skipped array', '{"v":[1,],"metrics":{"a":1}}');
bad(CODE_JSON_MALFORMED, 'brackets that do not match', '{"v":[{"x":1]},"metrics":{"a":1}}');
bad(CODE_JSON_MALFORMED, 'missing colon', '{"metrics" {"a":1}}');
bad(CODE_JSON_MALFORMED, 'missing comma', '{"metrics":{"a":1 "b":2}}');
bad(CODE_JSON_MALFORMED, 'single quotes', "{'metrics':{'a':1}}");
bad(CODE_JSON_MALFORMED, 'a comment', '{"metrics":{"a":1}/**/}');
bad(CODE_JSON_MALFORMED, 'form feed between tokens', '{\f"metrics":{"a":1}}');
bad(CODE_JSON_NUL_AT_END, 'NUL after the object', `${TYPICAL}\0`);
bad(CODE_JSON_NUL_AT_END, 'NULs after an array and a line end', `[${TYPICAL}]\r\n\0\0`);
bad(CODE_JSON_MALFORMED, 'NUL after what is no JSON', '{"metrics":{"a":1}\0');
bad(CODE_JSON_MALFORMED, 'NUL in white space', '{"metrics":\0{"a":1}}');
bad(CODE_JSON_MALFORMED, 'NULs alone', '\0\0\0\0');
bad(CODE_JSON_DEPTH_EXCEEDED, '33 levels deep', `{"metrics":{"a":1},"v":${'['.repeat(32)}${']'.repeat(32)}}`);
bad(CODE_JSON_DEPTH_EXCEEDED, '1,000 arrays deep', `${'['.repeat(1000)}${']'.repeat(1000)}`);
bad(CODE_JSON_DEPTH_EXCEEDED, '1,000 arrays opened', '['.repeat(1000));
bad(CODE_JSON_DEPTH_EXCEEDED, '1,000 objects deep', `${'{"a":'.repeat(1000)}1${'}'.repeat(1000)}`);
bad(CODE_JSON_DEPTH_EXCEEDED, '1,000 deep in a metric', value(`${'['.repeat(1000)}${']'.repeat(1000)}`));
bad(CODE_JSON_DEPTH_EXCEEDED, '1,000 deep in ts', at(`${'[{"x":'.repeat(500)}1${'}]'.repeat(500)}`));
bad(CODE_JSON_DUPLICATE_KEY, 'ts twice', '{"ts":1700000000123,"metrics":{"a":1},"ts":1700000000123}');
bad(CODE_JSON_DUPLICATE_KEY, 'ts twice, once null', '{"ts":null,"metrics":{"a":1},"ts":1700000000123}');
bad(CODE_JSON_DUPLICATE_KEY, 'metrics twice', '{"metrics":{"a":1},"metrics":{"b":1}}');
bad(CODE_JSON_DUPLICATE_KEY, 'seq twice, once with escapes', '{"metrics":{"a":1},"seq":1,"\\u0073eq":1}');
bad(CODE_METRIC_DUPLICATE, 'a metric twice', '{"metrics":{"a":1,"b":2,"a":1}}');
bad(CODE_METRIC_DUPLICATE, 'a metric twice in a row', '{"metrics":{"a":1,"a":2}}');
bad(CODE_METRIC_DUPLICATE, 'a metric twice, once with escapes', '{"metrics":{"a":1,"\\u0061":2}}');
bad(CODE_METRIC_DUPLICATE, 'a metric twice, both null', '{"metrics":{"a":null,"a":null}}');
bad(CODE_METRIC_DUPLICATE, 'an unknown metric twice', '{"metrics":{"never named before":1,"never named before":2}}');
bad(CODE_PAYLOAD_OVERSIZE, 'longer than 128 KiB', `{"metrics":{"a":1}}${' '.repeat(PAYLOAD_BYTES_MAX)}`);

// Metrics
good('true and false', '{"metrics":{"a":true,"b":false}}', {
  readings: [
    ['a', 1],
    ['b', 0],
  ],
});
good('a null among metrics', '{"metrics":{"a":null,"b":2}}', { readings: [['b', 2]], nulls: 1 });
good('only nulls', '{"metrics":{"a":null,"b":null}}', { readings: [], nulls: 2 });
good('a text', value('"open"'), { readings: [['a', 'open']] });
good('an empty text', value('""'), { readings: [['a', '']] });
good('texts with all escapes', '{"metrics":{"a":"\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\u20AC\\uD83D\\ude00","b":"x\\ny","c":"plain"}}', {
  readings: [
    ['a', '"\\/\b\f\n\r\té€😀'],
    ['b', 'x\ny'],
    ['c', 'plain'],
  ],
});
good('a text of many scripts', value('"grün, 温度, température, 🌡️, \u{10ffff}, \u007f\u0080"'), {
  readings: [['a', 'grün, 温度, température, 🌡️, \u{10ffff}, \u007f\u0080']],
});
good('a text of 8 KiB', value(`"${'x'.repeat(8190)}é"`), { readings: [['a', `${'x'.repeat(8190)}é`]] });
good('a text of 8 KiB once unescaped', value(`"\\u0041${'x'.repeat(8191)}"`), { readings: [['a', `A${'x'.repeat(8191)}`]] });
good('a name of 256 bytes', named(`"${'n'.repeat(256)}"`), { readings: [['n'.repeat(256), 1]] });
good('a name of many scripts', named('"Außentemperatur 温度"'), { readings: [['Außentemperatur 温度', 1]] });
good('names that differ in their last byte', '{"metrics":{"sensor/0123456789-a":1,"sensor/0123456789-b":2,"sensor/0123456789-":3}}', {
  readings: [
    ['sensor/0123456789-a', 1],
    ['sensor/0123456789-b', 2],
    ['sensor/0123456789-', 3],
  ],
});
good('1,024 metrics', many(1024), { readings: Array.from({ length: 1024 }, (_, i) => [`m${i}`, i] as const) });

bad(CODE_METRICS_MISSING, 'an empty object', '{}');
bad(CODE_METRICS_MISSING, 'no metrics', '{"ts":1700000000123,"seq":1}');
bad(CODE_METRICS_MISSING, 'empty metrics', '{"metrics":{ }}');
bad(CODE_METRICS_MISSING, 'metrics null', '{"metrics":null}');
bad(CODE_METRICS_MISSING, 'metrics an array', '{"metrics":[{"a":1}]}');
bad(CODE_METRICS_MISSING, 'metrics a number', '{"metrics":1}');
bad(CODE_METRICS_TOO_MANY, '1,025 metrics', many(1025));
bad(CODE_METRICS_TOO_MANY, '10,000 metrics', many(10_000));
bad(CODE_METRICS_TOO_MANY, '1,025 metrics, all null', many(1025).replace(/:\d+/g, ':null'));
bad(CODE_METRIC_NAME_INVALID, 'an empty name', named('""'));
bad(CODE_METRIC_NAME_INVALID, 'a name of 257 bytes', named(`"${'n'.repeat(257)}"`));
bad(CODE_METRIC_NAME_INVALID, 'a name with an escaped NUL', named('"a\\u0000"'));
bad(CODE_METRIC_NAME_INVALID, 'a name with an escaped line feed', named('"a\\nb"'));
bad(CODE_METRIC_NAME_INVALID, 'a name with DEL', named('"a\u007f"'));
bad(CODE_METRIC_NAME_INVALID, 'a name with a C1 control character', named('"a\u0085"'));
bad(CODE_METRIC_VALUE_INVALID, 'a metric that is an object', value('{"x":1}'));
bad(CODE_METRIC_VALUE_INVALID, 'a metric that is an array', value('[1]'));
bad(CODE_TEXT_NUL, 'a text with an escaped NUL', value('"a\\u0000b"'));
bad(CODE_TEXT_OVERSIZE, 'a text of 8 KiB and a byte', value(`"${'x'.repeat(8193)}"`));

// Strings
bad(CODE_JSON_MALFORMED, 'a raw NUL in a string', value('"\0"'));
bad(CODE_JSON_MALFORMED, 'a raw line feed in a string', value('"\n"'));
bad(CODE_JSON_MALFORMED, 'a raw tab behind a long run', value(`"${'x'.repeat(40)}\t"`));
bad(CODE_JSON_MALFORMED, 'a string without end', '{"metrics":{"a":"}}');
bad(CODE_JSON_MALFORMED, 'an escape of nothing', value('"\\x"'));
bad(CODE_JSON_MALFORMED, 'an upper-case escape', value('"\\U0041"'));
bad(CODE_JSON_MALFORMED, 'a hexadecimal escape of three', value('"\\u004"'));
bad(CODE_JSON_MALFORMED, 'a hexadecimal escape with a g', value('"\\u00g1"'));
bad(CODE_JSON_MALFORMED, 'a low surrogate that is no hexadecimal', value('"\\ud83d\\ude0"'));
bad(CODE_JSON_UTF8_MALFORMED, 'a lone high surrogate', value('"\\ud83d"'));
bad(CODE_JSON_UTF8_MALFORMED, 'a high surrogate before a letter', value('"\\ud83d\\u0041"'));
bad(CODE_JSON_UTF8_MALFORMED, 'a lone low surrogate', value('"\\ude00 and more text"'));
bad(CODE_JSON_UTF8_MALFORMED, 'a lone surrogate in a skipped member', '{"v":"\\ud800","metrics":{"a":1}}');
for (const [name, hex] of [
  ['a continuation byte first', '80'],
  ['a lead byte alone', 'c3'],
  ['a cut character of four bytes', 'f09f98'],
  ['an overlong slash', 'c0af'],
  ['an overlong slash of three bytes', 'e080af'],
  ['an overlong slash of four bytes', 'f08080af'],
  ['an encoded surrogate', 'eda080'],
  ['a code point above U+10FFFF', 'f4908080'],
  ['a lead byte that is none', 'f8888080'],
  ['bytes of Latin-1', '6772fc6e'],
] as const) {
  bad(CODE_JSON_UTF8_MALFORMED, name, raw(hex));
}

// Numbers
for (const text of [
  ...['0', '-0', '0.0', '-0.0e-5', '1', '-1.5', '1e3', '1E+3', '1e-3', '0.1', '0e999999999999', '12345678', '123456789'],
  ...['1234567890123456789', '12345678901234567890', '-9223372036854775808', '0.1234567890123456789', '9007199254740993'],
  ...['1e-400', '-1e-400', '5e-324', '2.4703282292062327e-324', '2.4703282292062328e-324', '2.2250738585072011e-308'],
  ...['1.7976931348623157e308', '1.7976931348623158e308', `0.${'0'.repeat(400)}1e401`, `1${'0'.repeat(400)}e-400`],
  ...['9007199254740993.00000000000000000001', '9007199254740993.00000000000000000000', '8.5e22', '1e23', `${'9'.repeat(900)}e-880`],
]) {
  good(`number ${shortened(text)}`, value(text), { readings: [['a', Number(text)]] });
}
for (const text of ['1e400', '-1e400', '1.7976931348623159e308', '1e99999999999999999999', `1${'0'.repeat(309)}`]) {
  bad(CODE_NUMBER_OUT_OF_RANGE, `number ${shortened(text)}`, value(text));
}
for (const text of [
  ...['NaN', 'Infinity', '-Infinity', 'nan', '-', '+1', '.5', '1.', '-.5', '01', '-01', '00', '1e', '1e+', '1.e1', '0x10', '1_000'],
  ...['1,5', '1 000', 'True', 'nul', 'nulll', 'undefined', '1a', '--1', '1e1.5', '١', ''],
]) {
  bad(CODE_JSON_MALFORMED, `value ${text}`, value(text));
}

// ts
for (const [text, tsUs] of [
  ['1700000000', 1_700_000_000_000_000],
  ['1700000000.123', TS_US],
  ['1700000000.123456', 1_700_000_000_123_456],
  ['1700000000.123456999', 1_700_000_000_123_456],
  ['1.700000000123456e9', 1_700_000_000_123_456],
  ['17e8', 1_700_000_000_000_000],
  ['1700000000123', TS_US],
  ['1700000000123.4567', 1_700_000_000_123_456],
  ['1700000000123.00000000000000000000', TS_US],
  ['1700000000123456', 1_700_000_000_123_456],
  ['1700000000123456.75', 1_700_000_000_123_456],
  ['1700000000123456789', 1_700_000_000_123_456],
  ['1700000000123456789.999', 1_700_000_000_123_456],
  ['946684800', TS_US_MIN],
  ['1700086500', RECEIVE_US + TS_AHEAD_US_MAX],
  ['"2023-11-14T22:13:20.123Z"', TS_US],
  ['"2023-11-14T22:13:20Z"', 1_700_000_000_000_000],
  ['"2023-11-14 22:13:20.123456Z"', 1_700_000_000_123_456],
  ['"2023-11-14t22:13:20.123456789z"', 1_700_000_000_123_456],
  ['"2023-11-14T23:13:20.123+01:00"', TS_US],
  ['"2023-11-14T16:43:20.123-05:30"', TS_US],
  ['"2023-11-14T22:13:20.123-00:00"', TS_US],
  ['"2023-11-14T22:13:20.123\\u005a"', TS_US],
  ['"2023-11-14T23:13:20.123+0100"', TS_US],
  ['"2023-11-14T23:13:20.123+01"', TS_US],
  ['"2023-11-14T16:43:20.123-0530"', TS_US],
  ['"2023-11-14T22:13Z"', Date.UTC(2023, 10, 14, 22, 13) * 1000],
  ['"2023-11-14T22Z"', Date.UTC(2023, 10, 14, 22) * 1000],
  ['"2023-11-14T23:13+01"', Date.UTC(2023, 10, 14, 22, 13) * 1000],
  ['"20231114T221320Z"', 1_700_000_000_000_000],
  ['"20231114T221320.123Z"', TS_US],
  ['"20231114T231320,123+0100"', TS_US],
  ['"20231114 2213Z"', Date.UTC(2023, 10, 14, 22, 13) * 1000],
  ['"20231114t22z"', Date.UTC(2023, 10, 14, 22) * 1000],
  ['"2023-11-14T22:13:20,123456Z"', 1_700_000_000_123_456],
  ['"2023-11-14T22:13:20.1234569999999999999999999999Z"', 1_700_000_000_123_456],
  ['"2023-11-13T24:00:00Z"', Date.UTC(2023, 10, 14) * 1000],
  ['"2023-11-13T24:00:00.000+00:00"', Date.UTC(2023, 10, 14) * 1000],
  ['"2022-12-31T24:00Z"', Date.UTC(2023, 0, 1) * 1000],
  ['"20231113T24Z"', Date.UTC(2023, 10, 14) * 1000],
  ['"1700000000"', 1_700_000_000_000_000],
  ['"1700000000.123"', TS_US],
  ['"1700000000123"', TS_US],
  ['"1700000000123456"', 1_700_000_000_123_456],
  ['"1700000000123456789"', 1_700_000_000_123_456],
  ['"1.700000000123456e9"', 1_700_000_000_123_456],
  ['"1700000\\u003000.123"', TS_US],
  ['"2000-01-01T00:00:00Z"', TS_US_MIN],
  ['"2000-02-29T00:00:00Z"', Date.UTC(2000, 1, 29) * 1000],
  ['"2020-02-29T23:59:59Z"', Date.UTC(2020, 1, 29, 23, 59, 59) * 1000],
  ['"2016-12-31T23:59:60Z"', Date.UTC(2017, 0, 1) * 1000],
  ['"2017-01-01T00:59:60+01:00"', Date.UTC(2017, 0, 1) * 1000],
] as const) {
  good(`ts ${text}`, at(text), { ...A1, tsUs });
}
for (const text of [
  ...['true', '{}', '[1700000000123]', '""', '"now"', '"2023-11-14"', '"2023-11-14T22:13:20"'],
  ...['"2023-11-14T22:13:20.Z"', '"2023-11-14T22:13:20,Z"', '"2023-11-14T22:13:20 Z"'],
  ...['"2023-13-14T22:13:20Z"', '"2023-00-14T22:13:20Z"', '"2023-11-00T22:13:20Z"', '"2023-11-31T22:13:20Z"', '"2023-02-29T22:13:20Z"'],
  ...[
    '"2100-02-29T22:13:20Z"',
    '"1900-02-29T22:13:20Z"',
    '"2023-11-14T24:00:01Z"',
    '"2023-11-14T24:01Z"',
    '"2023-11-14T24:00:00.001Z"',
    '"2023-11-14T25:00Z"',
    '"2023-11-14T22:60:20Z"',
    '"2023-11-14T22:13:61Z"',
  ],
  ...[
    '"2023-11-14T22:13:60Z"',
    '"2023-11-14T22:13:20+010"',
    '"2023-11-14T22:13:20+1"',
    '"2023-11-14T22:13:20+"',
    '"2023-11-14T22:13:20+01:"',
    '"2023-11-14T22:13:20+24:00"',
    '"2023-11-14T22:13:20+01:60"',
  ],
  ...[
    '"2023-11-14T22:13:20+01:00Z"',
    '"2023-11-14T22:13:20Z "',
    '"2023/11/14T22:13:20Z"',
    '"20a3-11-14T22:13:20Z"',
    '"+2023-11-14T22:13:2Z"',
  ],
  ...['"2023-11-14T221320Z"', '"20231114T22:13:20Z"', '"2023-1114T22:13:20Z"', '"202311-14T22:13:20Z"', '"2023-11-14T22:13.5Z"'],
  ...['"2023-W46-2T22:13Z"', '"2023-318T22:13Z"', '"20231114T2213205Z"', '"2023-11-14T2:13Z"', '"2023-11-14T22:1Z"', '"20231114T221Z"'],
  ...['"17000000001Z"', '"0x17"', '"1,700,000,000"', '" 1700000000"', '"1700000000 "', '"01700000000"', '"+1700000000"', '"1700000000."'],
  ...['"NaN"', '"-"', '"1700000000e"', '"1_700_000_000"', '"٠١٢٣٤٥٦٧٨٩"'],
  '"2023-11-14T22:13:20\\u0000Z"',
]) {
  bad(CODE_TS_MALFORMED, `ts ${text}`, at(text));
}
for (const text of [
  ...['0', '-0', '-1700000000123', '1', '946684799', '946684799.999999', '1700086500.000001', '4102444800', '7258118400000', '1e400'],
  ...[
    '99999999999',
    '99999999999999999999',
    '18446744073709551616',
    '2014674407370955162e1',
    '20146744073709551620',
    '123456789012345678901234567890',
    '"1970-01-01T00:00:00Z"',
  ],
  ...['"0"', '"20231114"', '"-1700000000123"', '"1e400"', '"99999999999999999999"', '"19700101T000000Z"'],
  ...[
    '"0000-01-01T00:00:00Z"',
    '"1969-12-31T23:59:59Z"',
    '"1999-12-31T23:59:59.999999Z"',
    '"2200-01-01T00:00:00Z"',
    '"9999-12-31T23:59:59Z"',
  ],
]) {
  bad(CODE_TS_OUT_OF_RANGE, `ts ${text}`, at(text));
}
bad(CODE_JSON_MALFORMED, 'ts NaN', at('NaN'));

// seq
for (const [text, seq] of [
  ['0', 0],
  ['-0', 0],
  ['1e3', 1000],
  ['10042.0', 10042],
  ['1.5e1', 15],
  ['100e-2', 1],
  ['1.0000000000000000000000', 1],
  ['9007199254740991', Number.MAX_SAFE_INTEGER],
  ['9007199254740991.00', Number.MAX_SAFE_INTEGER],
  ['0e400', 0],
] as const) {
  good(`seq ${text}`, counted(text), { ...A1, seq });
}
for (const text of [
  ...['-1', '1.5', '0.1', '1e-1', '9007199254740992', '9007199254740991.5', '1e16', '1e400', '1e-400', '123456789012345678901234567890'],
  ...['"7"', 'true', '[7]', '{}', '0.00000000000000000000001', '1.00000000000000000000001', '9007199254740991.0000000000001'],
]) {
  bad(CODE_SEQ_MALFORMED, `seq ${text}`, counted(text));
}
