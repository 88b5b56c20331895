import {
  CODE_CBOR_MALFORMED,
  CODE_JSON_MALFORMED,
  CODE_MEMBER_DUPLICATE,
  CODE_METRIC_DUPLICATE,
  CODE_METRIC_VALUE_INVALID,
  CODE_METRICS_MISSING,
  CODE_NUMBER_OUT_OF_RANGE,
  CODE_PAYLOAD_EMPTY,
  CODE_SENML_DEVICES_MIXED,
  CODE_SENML_MALFORMED,
  CODE_SENML_UNSUPPORTED,
  CODE_TS_OUT_OF_RANGE,
} from '../../assembly/abi/codes.js';
import type { BinaryCase } from './binary.js';

// Packs of SenML, RFC 8428, received at 2023-11-14T22:15:00Z: in JSON as text, in CBOR in hexadecimal.

const RECEIVE_US = 1_700_000_100_000_000;
const BASE_US = 1_700_000_000_000_000;
type Samples = NonNullable<BinaryCase['samples']>;
type TextCase = Omit<BinaryCase, 'hex'> & { text: string };

const good = (name: string, text: string, ...samples: Samples): TextCase => ({ name, text, samples });
const bad = (code: number, name: string, text: string): TextCase => ({ name, text, code });
const device = 'urn:dev:mac:02ab00fffe000007:';

export const senmlJson: readonly TextCase[] = [
  good(
    'base fields, times, all types of values',
    `[{"bn":"${device}","bt":1700000000,"n":"temperature","u":"Cel","v":21.4},{"n":"humidity","u":"%RH","v":48.2,"t":-10},{"n":"door","vb":true},{"n":"mode","vs":"eco"}]`,
    { readings: { temperature: 21.4 }, tsUs: BASE_US },
    { readings: { humidity: 48.2 }, tsUs: BASE_US - 10_000_000 },
    { readings: { door: 1, mode: 'eco' }, tsUs: BASE_US },
  ),
  good('one value', '[{"n":"urn:dev:ow:10e2073a01080063","u":"Cel","v":23.1}]', { readings: { value: 23.1 } }),
  good('members in another order', '[{"v":1,"n":"a","bn":"x/"}]', { readings: { 'x/a': 1 } }),
  good('a base name that is no device', '[{"bn":"/3303/0/","n":"5700","v":1},{"n":"5701","v":2}]', {
    readings: { '/3303/0/5700': 1, '/3303/0/5701': 2 },
  }),
  good('a device with a part of its own', '[{"bn":"urn:dev:ow:10e2073a01080063_pump/","n":"a","v":1}]', { readings: { 'pump/a': 1 } }),
  good('a UUID', '[{"bn":"urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6:","n":"a","v":1}]', { readings: { a: 1 } }),
  good('another URN', '[{"bn":"urn:x:","n":"a","v":1}]', { readings: { 'urn:x:a': 1 } }),
  good('base fields in a record of their own', '[{"bn":"x.","bt":1700000000},{"n":"a","v":1}]', { readings: { 'x.a': 1 }, tsUs: BASE_US }),
  good('base fields that change', '[{"bn":"x.","bv":1,"n":"a","v":1},{"bn":"y.","bv":10,"n":"a","v":1}]', {
    readings: { 'x.a': 2, 'y.a': 11 },
  }),
  good('sums', '[{"bs":100,"n":"a","v":1,"s":5},{"n":"b","s":6}]', { readings: { a: 1, 'a.sum': 105, 'b.sum': 106 } }),
  good('a time before receipt', '[{"n":"a","v":1,"t":-60}]', { readings: { a: 1 }, tsUs: RECEIVE_US - 60_000_000 }),
  good('a time after receipt', '[{"n":"a","v":1,"t":5.5}]', { readings: { a: 1 }, tsUs: RECEIVE_US + 5_500_000 }),
  good('a time with a fraction and an exponent', '[{"bt":1.700000000001e+09,"n":"a","v":1,"t":0.000001}]', {
    readings: { a: 1 },
    tsUs: BASE_US + 1001,
  }),
  good('no time is that of receipt', '[{"n":"a","v":1,"t":0}]', { readings: { a: 1 } }),
  good('version, update time and what nobody has to know', '[{"bver":5,"n":"a","v":1,"ut":3,"x":{"y":[1]}}]', { readings: { a: 1 } }),
  good('texts that are not plain', '[{"n":"\\u0061","vs":"\\u00fcber","u":"\\u0043"}]', { readings: { a: 'über' } }),
  good('an empty text', '[{"n":"a","vs":""}]', { readings: { a: '' } }),
  { name: 'data beside a value', text: '[{"n":"a","vd":"AQI"},{"n":"b","v":1}]', samples: [{ readings: { b: 1 } }], skipped: 1 },
  bad(CODE_METRIC_VALUE_INVALID, 'data alone', '[{"n":"a","vd":"AQI"}]'),
  bad(CODE_NUMBER_OUT_OF_RANGE, 'a number that no float holds', '[{"n":"a","v":1e400}]'),
  bad(CODE_METRICS_MISSING, 'no records', '[]'),
  bad(CODE_METRICS_MISSING, 'base fields alone', '[{"bn":"x"}]'),
  bad(CODE_PAYLOAD_EMPTY, 'nothing', ' '),
  bad(CODE_SENML_MALFORMED, 'no array', '{"n":"a","v":1}'),
  bad(CODE_SENML_MALFORMED, 'a record that is none', '[1]'),
  bad(CODE_SENML_MALFORMED, 'a record after nothing', '[{"n":"a","v":1},]'),
  bad(CODE_SENML_MALFORMED, 'no value', '[{"n":"a"}]'),
  bad(CODE_SENML_MALFORMED, 'two values', '[{"n":"a","v":1,"vs":"x"}]'),
  bad(CODE_SENML_MALFORMED, 'a value of another type', '[{"n":"a","v":"1"}]'),
  bad(CODE_SENML_MALFORMED, 'a text of another type', '[{"n":"a","vs":1}]'),
  bad(CODE_SENML_MALFORMED, 'a boolean of another type', '[{"n":"a","vb":1}]'),
  bad(CODE_SENML_MALFORMED, 'a name of another type', '[{"n":1,"v":1}]'),
  bad(CODE_SENML_MALFORMED, 'a null', '[{"n":"a","v":null}]'),
  bad(CODE_SENML_UNSUPPORTED, 'a member that must be known', '[{"n":"a","v":1,"x_":1}]'),
  bad(CODE_SENML_UNSUPPORTED, 'a later version', '[{"bver":11,"n":"a","v":1}]'),
  bad(CODE_MEMBER_DUPLICATE, 'a member twice', '[{"n":"a","v":1,"v":1}]'),
  bad(CODE_METRIC_DUPLICATE, 'a metric twice at one time', '[{"n":"a","v":1},{"n":"a","v":2}]'),
  good(
    'a metric twice at two times',
    '[{"n":"a","v":1,"t":-1},{"n":"a","v":2}]',
    { readings: { a: 1 }, tsUs: RECEIVE_US - 1_000_000 },
    { readings: { a: 2 } },
  ),
  bad(CODE_SENML_DEVICES_MIXED, 'two devices', '[{"bn":"urn:dev:ow:1:","n":"a","v":1},{"bn":"urn:dev:ow:2:","n":"b","v":1}]'),
  bad(CODE_TS_OUT_OF_RANGE, 'a time beyond all', '[{"n":"a","v":1,"bt":1e300,"t":1e300}]'),
  bad(CODE_TS_OUT_OF_RANGE, 'a time before all', '[{"n":"a","v":1,"bt":-1e300,"t":-1e300}]'),
  bad(CODE_JSON_MALFORMED, 'something after the pack', '[{"n":"a","v":1}] []'),
  bad(CODE_JSON_MALFORMED, 'a pack without an end', '[{"n":"a","v":1}'),
];

const record = (name: string, hex: string, ...samples: Samples): BinaryCase => ({ name, hex, samples });
const refused = (code: number, name: string, hex: string): BinaryCase => ({ name, hex, code });

export const senmlCbor: readonly BinaryCase[] = [
  record(
    'base fields, times, a boolean',
    '83 a5 21 781d 75726e3a6465763a6d61633a303261623030666666653030303030373a 22 1a6553f100 00 6b74656d7065726174757265 01 6343656c 02 fb4035666666666666 a4 00 6868756d6964697479 01 63255248 02 fb404819999999999a 06 29 a2 00 64646f6f72 04 f5',
    { readings: { temperature: 21.4 }, tsUs: BASE_US },
    { readings: { humidity: 48.2 }, tsUs: BASE_US - 10_000_000 },
    { readings: { door: 1 }, tsUs: BASE_US },
  ),
  record('a base time of tag 4, and v before bn', '81 a3 02 f94d60 22 c482001a6553f100 21 6161', { readings: { a: 21.5 }, tsUs: BASE_US }),
  record('a base time of tag 1', '81 a3 02 01 22 c11a6553f100 00 6161', { readings: { a: 1 }, tsUs: BASE_US }),
  record('a base time as a double', '81 a3 02 01 22 fb41d954fc40000000 00 6161', { readings: { a: 1 }, tsUs: BASE_US }),
  record('labels as texts, of indefinite length', '9f bf 616e 6161 6176 18ff ff ff', { readings: { a: 255 } }),
  record('a text in pieces, and a unit in pieces after it', '81 a3 00 6161 03 7f61786179ff 01 7f6143ff', { readings: { a: 'xy' } }),
  record('what nobody has to know', '81 a4 00 6161 02 01 18ff 8101 6178 a0', { readings: { a: 1 } }),
  record('an update time and a version', '81 a4 00 6161 02 01 07 03 20 0a', { readings: { a: 1 } }),
  record('sums', '81 a4 00 6161 05 05 25 1864 02 01', { readings: { a: 1, 'a.sum': 105 } }),
  { name: 'data beside a value', hex: '82 a2 00 6161 08 420102 a2 00 6162 02 01', samples: [{ readings: { b: 1 } }], skipped: 1 },
  { name: 'not a number beside a value', hex: '82 a2 00 6161 02 f97e00 a2 00 6162 02 01', samples: [{ readings: { b: 1 } }], skipped: 1 },
  refused(CODE_PAYLOAD_EMPTY, 'nothing', ''),
  refused(CODE_METRICS_MISSING, 'no records', '80'),
  refused(CODE_SENML_MALFORMED, 'no array', 'a2 00 6161 02 01'),
  refused(CODE_SENML_MALFORMED, 'a record that is none', '81 01'),
  refused(CODE_SENML_MALFORMED, 'bytes as a value', '81 a2 00 6161 02 4101'),
  refused(CODE_SENML_MALFORMED, 'null as a value', '81 a2 00 6161 02 f6'),
  refused(CODE_SENML_MALFORMED, 'an array as a value', '81 a2 00 6161 02 8101'),
  refused(CODE_SENML_UNSUPPORTED, 'a member that must be known', '81 a3 00 6161 02 01 62785f 01'),
  refused(CODE_MEMBER_DUPLICATE, 'a label twice', '81 a3 00 6161 02 01 6176 01'),
  refused(CODE_TS_OUT_OF_RANGE, 'a time beyond all', '81 a4 00 6161 02 01 22 fb7fefffffffffffff 06 fb7fefffffffffffff'),
  refused(CODE_CBOR_MALFORMED, 'something after the pack', '81 a2 00 6161 02 01 00'),
];
