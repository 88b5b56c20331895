import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_BY_SHAPE, FORMAT_CAYENNE, FORMAT_LINE_PROTOCOL, FORMAT_TEXT } from '../../assembly/abi/block.js';
import { COUNTER_PIPELINE_RECOGNISED, COUNTER_PIPELINE_SKIPPED } from '../../assembly/abi/counters.js';
import type { RecordContext } from '../../src/contract/record-context.js';
import { decodedReadings, type ReadingsByTime } from '../support/decoded-readings.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const RECEIVED_MS = Date.UTC(2026, 10, 30, 9, 0, 1);
const RECEIVED = new Date(RECEIVED_MS).toISOString();
const TEN = '2026-11-30T09:00:00.000Z';

function decode(payload: string | Uint8Array, format: number, context?: RecordContext, kernel = new TestKernel()): ReadingsByTime | string {
  return decodedReadings(payload, RECEIVED_MS, { format, context, kernel });
}

const hex = (digits: string) => Buffer.from(digits.replaceAll(' ', ''), 'hex');

const lines: readonly [what: string, payload: string, expected: ReadingsByTime | string][] = [
  [
    'one field',
    'cpu,host=edge-07,cpu=cpu-total usage_idle=96.5,usage_user=2.1 1796029200000000000',
    { [TEN]: { 'cpu.usage_idle{cpu=cpu-total}': 96.5, 'cpu.usage_user{cpu=cpu-total}': 2.1 } },
  ],
  [
    'every type',
    'volume,label=data\\ one free=1234567i,used=7u,state="ok, mounted",clean=true,dirty=F 1796029200000000000',
    {
      [TEN]: {
        'volume.free{label=data one}': 1234567,
        'volume.used{label=data one}': 7,
        'volume.state{label=data one}': 'ok, mounted',
        'volume.clean{label=data one}': 1,
        'volume.dirty{label=data one}': 0,
      },
    },
  ],
  ['no time', 'm v=1', { [RECEIVED]: { 'm.v': 1 } }],
  ['seconds', 'm v=1 1796029200', { [TEN]: { 'm.v': 1 } }],
  [
    'lines, comments and carriage returns',
    '# a comment\r\nm v=1 1796029200\r\n\r\nn v=-2.5e3 1796029200\n',
    { [TEN]: { 'm.v': 1, 'n.v': -2500 } },
  ],
  ['escapes', 'a\\,b\\ c f\\=g\\ h=1', { [RECEIVED]: { 'a,b c.f=g h': 1 } }],
  ['escapes and line ends in a text', 'm v="say \\"x\\" \\\\ y\nz"', { [RECEIVED]: { 'm.v': 'say "x" \\ y\nz' } }],
  ['a quote in a tag', 'm,t=a"b v=1\nn v=2', { [RECEIVED]: { 'm.v{t=a"b}': 1, 'n.v': 2 } }],
  ['a bad line between good ones', 'm v=1\nbroken\nm2 v=\nm3 v=1 x\nm4 v=4', { [RECEIVED]: { 'm.v': 1, 'm4.v': 4 } }],
  ['a time before 2000', 'm v=1\nm2 v=2 5', { [RECEIVED]: { 'm.v': 1 } }],
  ['no good line', 'broken', 'line_malformed'],
  ['a field twice', 'm v=1,v=2', 'metric_duplicate'],
  ['nothing but a comment', '# x', 'payload_empty'],
  ['a NUL', 'm v=1\0', 'line_malformed'],
];

for (const [what, payload, expected] of lines) {
  test(`line protocol is read: ${what}`, () => {
    assert.deepEqual(decode(payload, FORMAT_LINE_PROTOCOL), expected);
  });
}

test('line protocol is recognised where nobody named the format, and counted', () => {
  const kernel = new TestKernel();
  assert.deepEqual(decode('m v=1 1796029200', FORMAT_BY_SHAPE, undefined, kernel), { [TEN]: { 'm.v': 1 } });
  assert.deepEqual(decode('{"v":1}', FORMAT_BY_SHAPE, undefined, kernel), { [RECEIVED]: { v: 1 } });
  assert.equal(decode('no json', FORMAT_BY_SHAPE, undefined, kernel), 'json_malformed');
  assert.equal(kernel.counter(COUNTER_PIPELINE_RECOGNISED), 1);
});

test('a line that cannot be read is counted, and those around it are stored', () => {
  const kernel = new TestKernel();
  decode('m v=1\nbroken\nm v=x\nn v=2', FORMAT_LINE_PROTOCOL, undefined, kernel);
  assert.equal(kernel.counter(COUNTER_PIPELINE_SKIPPED), 2);
});

const cayenne: readonly [what: string, payload: string, expected: ReadingsByTime | string][] = [
  ['two temperatures', '03 67 0110 05 67 00ff', { [RECEIVED]: { temperature_3: 27.2, temperature_5: 25.5 } }],
  ['below zero', '01 67 ffd7', { [RECEIVED]: { temperature_1: -4.1 } }],
  [
    'an accelerometer',
    '06 71 04d2 fb2e 0000',
    { [RECEIVED]: { 'accelerometer_6.x': 1.234, 'accelerometer_6.y': -1.234, 'accelerometer_6.z': 0 } },
  ],
  [
    'a place',
    '01 88 06765f f2960a 0003e8',
    { [RECEIVED]: { 'gps_1.latitude': 42.3519, 'gps_1.longitude': -87.9094, 'gps_1.altitude': 10 } },
  ],
  ['light above 32767', '02 65 c350', { [RECEIVED]: { luminosity_2: 50000 } }],
  ['pressure above 3276.7', '02 73 e000', { [RECEIVED]: { barometric_pressure_2: 5734.4 } }],
  ['humidity and switches', '01 68 65 02 00 01 03 66 00', { [RECEIVED]: { relative_humidity_1: 50.5, digital_in_2: 1, presence_3: 0 } }],
  ['a time', '00 85 6b0d3b10 01 67 0110', { [TEN]: { temperature_1: 27.2 } }],
  ['a type that nobody defined, after one that is', '01 67 0110 02 f0 0102', { [RECEIVED]: { temperature_1: 27.2 } }],
  ['a type that nobody defined', '02 f0 0102', 'cayenne_type_unknown'],
  ['a channel twice', '01 67 0110 01 67 0111', 'metric_duplicate'],
  ['a value that is cut', '01 67 01', 'cayenne_malformed'],
  ['nothing', '', 'payload_empty'],
];

for (const [what, payload, expected] of cayenne) {
  test(`Cayenne LPP is read: ${what}`, () => {
    assert.deepEqual(decode(hex(payload), FORMAT_CAYENNE), expected);
  });
}

const door: RecordContext = { profile: 0, prefix: 'hall.', name: 'door' };
const values: readonly [payload: string, expected: ReadingsByTime | string][] = [
  ['47.3', { [RECEIVED]: { 'hall.door': 47.3 } }],
  [' +5.25\n', { [RECEIVED]: { 'hall.door': 5.25 } }],
  ['-1e-3', { [RECEIVED]: { 'hall.door': -0.001 } }],
  ['12\0', { [RECEIVED]: { 'hall.door': 12 } }],
  ['ON', { [RECEIVED]: { 'hall.door': 1 } }],
  ['off', { [RECEIVED]: { 'hall.door': 0 } }],
  ['True', { [RECEIVED]: { 'hall.door': 1 } }],
  ['FALSE', { [RECEIVED]: { 'hall.door': 0 } }],
  ['21,5', { [RECEIVED]: { 'hall.door': '21,5' } }],
  ['open wide', { [RECEIVED]: { 'hall.door': 'open wide' } }],
  ['nan', {}],
  ['', {}],
  ['"closed"', { [RECEIVED]: { 'hall.door': 'closed' } }],
  ['{"t":1}', { [RECEIVED]: { 'hall.t': 1 } }],
  ['{not json', { [RECEIVED]: { 'hall.door': '{not json' } }],
  ['1e999', 'number_out_of_range'],
];

for (const [payload, expected] of values) {
  test(`a value of plain text is read: ${JSON.stringify(payload)}`, () => {
    assert.deepEqual(decode(payload, FORMAT_TEXT, door), expected);
  });
}

test('a text that is not UTF-8 is kept as a dead letter', () => {
  assert.equal(decode(hex('61ff62'), FORMAT_TEXT, door), 'text_utf8_malformed');
});

test('every payload cut at every byte is refused or read, and never read past its end', () => {
  const payloads: [Uint8Array, number][] = [
    ...lines.map(([, payload]): [Uint8Array, number] => [Buffer.from(payload), FORMAT_LINE_PROTOCOL]),
    ...cayenne.map(([, payload]): [Uint8Array, number] => [hex(payload), FORMAT_CAYENNE]),
    ...values.map(([payload]): [Uint8Array, number] => [Buffer.from(payload), FORMAT_TEXT]),
  ];
  const kernel = new TestKernel();
  for (const [payload, format] of payloads) {
    for (let cut = 0; cut < payload.length; cut++) {
      const first = { device: 7, receiveUs: RECEIVED_MS * 1000, payload: payload.subarray(0, cut), format };
      kernel.run([first, { ...first, device: 8, payload: '9=9,9 9="9"' }]);
      const found = kernel.take();
      assert.ok(![...found.readings, ...found.texts].some(({ metric, device }) => device === 7 && metric.includes('9=9')));
    }
  }
});
