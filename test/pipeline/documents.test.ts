import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_NDJSON } from '../../assembly/abi/block.js';
import {
  COUNTER_PIPELINE_DUPLICATE,
  COUNTER_PIPELINE_EXTRA_SAMPLES,
  COUNTER_PIPELINE_RECORDS,
  COUNTER_PIPELINE_SKIPPED,
  COUNTER_PIPELINE_STORED,
  COUNTER_PIPELINE_ZONELESS,
} from '../../assembly/abi/counters.js';
import { PROFILE_NOT_TAKEN, PROFILE_NOTHING } from '../../assembly/abi/profiles.js';
import { profiles } from '../../src/contract/profiles.js';
import type { RecordContext } from '../../src/contract/record-context.js';
import { decodedReadings, type ReadingsByTime } from '../support/decoded-readings.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const RECEIVED_US = Date.UTC(2026, 10, 30, 9, 0, 1) * 1000;
const TEN = '2026-11-30T09:00:00.000Z';
const RECEIVED = '2026-11-30T09:00:01.000Z';

function stampOf(us: number): string {
  return new Date(us / 1000).toISOString();
}

function decode(payload: string, context?: RecordContext, format?: number, kernel = new TestKernel()): ReadingsByTime | string {
  return decodedReadings(payload, RECEIVED_US / 1000, { context, kernel, ...(format !== undefined && { format }) });
}

const profileOf = (name: string): RecordContext => ({ profile: profiles.find((profile) => profile.name === name)?.number ?? -1 });

const documents: [what: string, payload: string, expected: ReadingsByTime | string, context?: RecordContext][] = [
  [
    'flat',
    '{"ts":1796029200000,"temperature":21.4,"open":true,"mode":"eco","fault":null,"seq":42}',
    { [TEN]: { temperature: 21.4, open: 1, mode: 'eco' } },
  ],
  [
    'nested',
    '{"ts":1796029200,"motor":{"bearing":{"temperature":61.5,"vibration":[2.4,2.6]},"rpm":1480},"mode":"auto"}',
    {
      [TEN]: {
        'motor.bearing.temperature': 61.5,
        'motor.bearing.vibration.0': 2.4,
        'motor.bearing.vibration.1': 2.6,
        'motor.rpm': 1480,
        mode: 'auto',
      },
    },
  ],
  ['our own with a nested metric', '{"metrics":{"a":{"b":1},"v":1}}', { [RECEIVED]: { 'a.b': 1, v: 1 } }],
  ['our own beside other members', '{"site":"x","metrics":{"v":[1,2]},"note":{"a":1}}', { [RECEIVED]: { 'v.0': 1, 'v.1': 2 } }],
  ['a number too large beside a good one', '{"metrics":{"v":1e400,"w":2}}', { [RECEIVED]: { w: 2 } }],
  ['a number too large alone', '{"v":1e400}', 'number_out_of_range'],
  ['a name twice', '{"a.b":1,"a":{"b":2}}', 'metric_duplicate'],
  ['a member twice', '{"v":1,"v":2}', 'metric_duplicate'],
  ['time twice', '{"ts":1796029200,"ts":1796029200,"v":1}', 'json_duplicate_key'],
  ['nothing', '{}', 'metrics_missing'],
  ['nulls alone', '{"fault":null}', {}],
  ['an empty array', '[]', 'metrics_missing'],
  ['not JSON', '{"v":1', 'json_malformed'],
  ['something after it', '{"v":1} x', 'json_malformed'],
  ['a time that is none', '{"ts":"soon","v":1}', 'ts_malformed'],
  ['a timestamp that is none', '{"timestamp":"soon","v":1}', { [RECEIVED]: { timestamp: 'soon', v: 1 } }],
  ['a timestamp beside a time', '{"timestamp":1796029140,"ts":1796029200,"v":1}', { [TEN]: { v: 1 } }],
  [
    'values that are no object',
    '{"values":5,"readings":[1,2],"v":1}',
    { [RECEIVED]: { values: 5, 'readings.0': 1, 'readings.1': 2, v: 1 } },
  ],
  ['a time without a zone', '{"ts":"2026-11-30T10:00:00","metrics":{"v":1}}', { [RECEIVED]: { v: 1 } }],
  ['a bare number', '47.3', { [RECEIVED]: { value: 47.3 } }],
  ['a bare number and a line end', ' 47.3\r\n', { [RECEIVED]: { value: 47.3 } }],
  ['a bare number with a comma', '47,3', 'json_malformed'],
  ['a bare text', '"on"', { [RECEIVED]: { value: 'on' } }],
  ['a bare text that is not plain', '"\\u00fcber"', { [RECEIVED]: { value: 'über' } }],
  ['a bare literal', 'true', { [RECEIVED]: { value: 1 } }],
  [
    'SenML under a prefix, of which nobody names the format',
    ' [{"bn":"urn:dev:ow:1:","bt":1796029200,"n":"t","u":"Cel","v":21.5},{"n":"h","v":48}] ',
    { [TEN]: { 'hall.t': 21.5, 'hall.h': 48 } },
    { profile: 0, prefix: 'hall.' },
  ],
  [
    'an array under a prefix that is no SenML',
    '[{"v":1,"t":2}]',
    { [RECEIVED]: { 'hall.v': 1, 'hall.t': 2 } },
    { profile: 0, prefix: 'hall.' },
  ],
  ['a bracket alone under a prefix', '[', 'json_malformed', { profile: 0, prefix: 'hall.' }],
  ['half a pack under a prefix', '[{"bn":"a","n":"t","v":1]', 'json_malformed', { profile: 0, prefix: 'hall.' }],
  ['a bare value that the topic names', '47.3', { [RECEIVED]: { 'boiler.water': 47.3 } }, { profile: 0, prefix: 'boiler.', name: 'water' }],
  ['an array of numbers', '[1,2]', { [RECEIVED]: { 'value.0': 1, 'value.1': 2 } }],
  [
    'messages in an array',
    '[{"ts":1796029140000,"metrics":{"temperature":21.2},"seq":41},{"ts":1796029200000,"metrics":{"temperature":21.4},"seq":42}]',
    { '2026-11-30T08:59:00.000Z': { temperature: 21.2 }, [TEN]: { temperature: 21.4 } },
  ],
  ['messages on lines', '{"ts":1796029140,"v":1}\n{"ts":1796029200,"v":2}\n', { '2026-11-30T08:59:00.000Z': { v: 1 }, [TEN]: { v: 2 } }],
  ['ThingsBoard', '{"ts":1796029200000,"values":{"temperature":21.4,"humidity":48.2}}', { [TEN]: { temperature: 21.4, humidity: 48.2 } }],
  ['ThingsBoard without times', '[{"temperature":21.4},{"humidity":48.2}]', { [RECEIVED]: { temperature: 21.4, humidity: 48.2 } }],
  [
    'ThingsBoard in an array',
    '[{"ts":1796029140000,"values":{"temperature":21.2}},{"ts":1796029200000,"values":{"temperature":21.4}}]',
    { '2026-11-30T08:59:00.000Z': { temperature: 21.2 }, [TEN]: { temperature: 21.4 } },
  ],
  [
    'readings and metadata',
    '{"timestamp":"2026-11-30T10:00:00+01:00","readings":{"t":1},"metadata":{"firmware":"1.4.2"}}',
    { [TEN]: { t: 1, 'metadata.firmware': '1.4.2' } },
  ],
  [
    'a batch of Telegraf',
    '{"metrics":[{"name":"cpu","fields":{"usage":1},"tags":{},"timestamp":1796029200},{"fields":{"free":2},"name":"disk","timestamp":1796029200}]}',
    { [TEN]: { 'cpu.usage': 1, 'disk.free': 2 } },
  ],
  [
    'Telegraf',
    '{"fields":{"usage_idle":96.5,"usage_user":2.1},"name":"cpu","tags":{"cpu":"cpu-total","host":"edge-07"},"timestamp":1796029200}',
    { [TEN]: { 'cpu.usage_idle{cpu=cpu-total}': 96.5, 'cpu.usage_user{cpu=cpu-total}': 2.1 } },
    profileOf('telegraf'),
  ],
  [
    'Tasmota',
    '{"Time":"2026-11-30T10:00:00","SHT3X":{"Temperature":21.4,"Humidity":48.2,"DewPoint":10.0},"ENERGY":{"TotalStartTime":"2026-01-02T03:04:05","Total":12.345,"Power":48},"TempUnit":"C"}',
    { [RECEIVED]: { 'SHT3X.Temperature': 21.4, 'SHT3X.Humidity': 48.2, 'SHT3X.DewPoint': 10, 'ENERGY.Total': 12.345, 'ENERGY.Power': 48 } },
    profileOf('tasmota'),
  ],
  [
    'Shelly',
    '{"src":"shellyplus1pm-02ab00000007","dst":"shellyplus1pm-02ab00000007/events","method":"NotifyStatus","params":{"ts":1796029200.12,"switch:0":{"id":0,"output":true,"apower":48.6,"aenergy":{"by_minute":[812.5],"minute_ts":1796029200,"total":12345.678},"temperature":{"tC":41.2,"tF":106.2}}}}',
    {
      '2026-11-30T09:00:00.120Z': {
        'switch:0.output': 1,
        'switch:0.apower': 48.6,
        'switch:0.aenergy.total': 12345.678,
        'switch:0.temperature.tC': 41.2,
      },
    },
    profileOf('shelly-rpc'),
  ],
  [
    'Zigbee2MQTT',
    '{"battery":97,"contact":true,"last_seen":"2026-11-30T09:00:00.000Z","update":{"state":"idle"},"voltage":3005}',
    { [TEN]: { battery: 97, contact: 1, 'update.state': 'idle', voltage: 3005 } },
    profileOf('zigbee2mqtt'),
  ],
  [
    'The Things Stack',
    '{"end_device_ids":{"device_id":"soil-0007"},"received_at":"2026-11-30T09:00:00.212345678Z","uplink_message":{"f_port":2,"f_cnt":4711,"frm_payload":"ANYBTwvM","decoded_payload":{"temperature":21.4,"soil_moisture":33.5},"rx_metadata":[{"rssi":-97}],"received_at":"2026-11-30T09:00:00.012345678Z"}}',
    { '2026-11-30T09:00:00.012Z': { temperature: 21.4, soil_moisture: 33.5 } },
    profileOf('the-things-stack'),
  ],
  [
    'ChirpStack',
    '{"deduplicationId":"5f0c2a7e","time":"2026-11-30T09:00:00.012345678+00:00","deviceInfo":{"devEui":"02ab00fffe000007"},"dr":5,"fCnt":4711,"data":"ANYBTwvM","object":{"temperature":21.4,"soil":{"moisture":33.5}},"rxInfo":[{"rssi":-97}]}',
    { '2026-11-30T09:00:00.012Z': { temperature: 21.4, 'soil.moisture': 33.5 } },
    profileOf('chirpstack'),
  ],
  ['ChirpStack without a codec', '{"time":"2026-11-30T09:00:00Z","fCnt":1,"data":"AA=="}', {}, profileOf('chirpstack')],
  [
    'OwnTracks',
    '{"_type":"location","acc":12,"batt":83,"conn":"m","lat":52.25,"lon":10.5,"t":"u","tid":"v3","tst":1796029200}',
    { [TEN]: { acc: 12, batt: 83, lat: 52.25, lon: 10.5 } },
    profileOf('owntracks'),
  ],
  ['OwnTracks, no location', '{"tst":1796029200,"desc":"home","_type":"waypoint"}', {}, profileOf('owntracks')],
  [
    'AWS shadow',
    '{"state":{"desired":{"temperature":1},"reported":{"temperature":21.4,"door":"closed","firmware":{"version":"1.4.2"}}},"clientToken":"a1"}',
    { [RECEIVED]: { temperature: 21.4, door: 'closed', 'firmware.version': '1.4.2' } },
    profileOf('aws-shadow'),
  ],
];

const nothing: RecordContext = { profile: PROFILE_NOTHING };
documents.push(
  [
    'a component of Shelly',
    '{"id":0,"output":true,"apower":48.6,"aenergy":{"total":12.5,"by_minute":[1],"minute_ts":1796029200}}',
    { [RECEIVED]: { 'switch:0.output': 1, 'switch:0.apower': 48.6, 'switch:0.aenergy.total': 12.5 } },
    { ...profileOf('shelly-status'), prefix: 'switch:0.' },
  ],
  ['a document that is to be ignored', '{"unit_of_measurement":"C","a":1}', {}, nothing],
  ['a text that is to be ignored', 'Online', {}, nothing],
  ['nothing that is to be ignored', '', {}, nothing],
  ['an empty retained message', '', {}, { ...profileOf('zigbee2mqtt'), isRetained: true }],
  [
    'lines of Telegraf',
    'cpu,host=edge-07 usage_idle=96.5 1796029200000000000\n',
    { [TEN]: { 'edge-07.cpu.usage_idle': 96.5 } },
    { ...profileOf('telegraf'), prefix: 'edge-07.' },
  ],
  ['what came on a topic that is not taken', '{"v":1}', 'topic_not_taken', { profile: PROFILE_NOT_TAKEN, topic: 'a/b' }],
  ['nothing on a topic that is not taken', '', 'topic_not_taken', { profile: PROFILE_NOT_TAKEN, topic: 'a/b', isRetained: true }],
  ['an empty message', '', 'payload_empty', profileOf('zigbee2mqtt')],
);

for (const [what, payload, expected, context] of documents) {
  test(`a document is read to its readings: ${what}`, () => {
    assert.deepEqual(decode(payload, context), expected);
  });
}

test('sequence numbers of devices that are not registered are not taken for those of their gateway', () => {
  const kernel = new TestKernel();
  const payload = (value: number) => `{"ts":1796029200,"metrics":{"v":${value}},"seq":7}`;
  for (const [prefix, value] of [
    ['a.', 1],
    ['b.', 2],
    ['c.', 2],
  ] as const) {
    assert.deepEqual(decode(payload(value), { profile: 0, prefix, isUnsequenced: true }, 0, kernel), { [TEN]: { [`${prefix}v`]: value } });
  }
});

test('a device that repeats the members of its document is read the same by their places', () => {
  const kernel = new TestKernel();
  for (let i = 0; i < 40; i++) {
    const ts = new Date(RECEIVED_US / 1000 - 1000 + i).toISOString();
    const payload = `{"ts":"${ts}","temperature":${i}.5,"motor":{"rpm":${1000 + i},"on":true},"seq":${i}}`;
    assert.deepEqual(decode(payload, undefined, 0, kernel), { [ts]: { temperature: i + 0.5, 'motor.rpm': 1000 + i, 'motor.on': 1 } });
  }
  assert.equal(kernel.counter(COUNTER_PIPELINE_STORED), 40);
});

test('each sample of a message is counted and deduplicated as a message of its own', () => {
  const kernel = new TestKernel();
  const sample = (seq: number) => `{"ts":${1796029100 + seq},"metrics":{"v":${seq}},"seq":${seq}}`;
  decode(`[${sample(1)},${sample(2)}]`, undefined, 0, kernel);
  assert.deepEqual(decode(`[${sample(2)},${sample(3)}]`, undefined, 0, kernel), { [stampOf((1796029100 + 3) * 1e6)]: { v: 3 } });
  const counted = [COUNTER_PIPELINE_RECORDS, COUNTER_PIPELINE_EXTRA_SAMPLES, COUNTER_PIPELINE_STORED, COUNTER_PIPELINE_DUPLICATE];
  assert.deepEqual(
    counted.map((counter) => kernel.counter(counter)),
    [2, 2, 3, 1],
  );
});

test('the same document again within a minute is one duplicate, however many samples it has', () => {
  const kernel = new TestKernel();
  const payload = '[{"ts":1796029140,"v":1},{"ts":1796029200,"v":2}]';
  decode(payload, undefined, 0, kernel);
  assert.deepEqual(decode(payload, undefined, 0, kernel), {});
  assert.deepEqual([kernel.counter(COUNTER_PIPELINE_STORED), kernel.counter(COUNTER_PIPELINE_DUPLICATE)], [2, 2]);
});

test('values that cannot be kept and times without a zone are counted', () => {
  const kernel = new TestKernel();
  const long = 'x'.repeat(8193);
  assert.deepEqual(decode(`{"ts":"2026-11-30T10:00:00","a":1e999,"b":"${long}","c":"\\u0000","":4,"d":1}`, undefined, 0, kernel), {
    [RECEIVED]: { d: 1 },
  });
  assert.deepEqual([kernel.counter(COUNTER_PIPELINE_SKIPPED), kernel.counter(COUNTER_PIPELINE_ZONELESS)], [4, 1]);
});

test('a metric that the limit keeps out costs itself, not the message', () => {
  const kernel = new TestKernel();
  kernel.addMetric('a');
  kernel.run([{ device: 7, receiveUs: RECEIVED_US, payload: '{"metrics":{"a":1,"b":2}}' }], { deny: true });
  assert.deepEqual(
    kernel.take().readings.map(({ metric }) => metric),
    ['a'],
  );
});

test('documents nest to the limit and no deeper', () => {
  const nested = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  assert.deepEqual(decode(nested(32)), { [RECEIVED]: { [Array.from({ length: 32 }, () => 'a').join('.')]: 1 } });
  assert.equal(decode(nested(33)), 'json_depth_exceeded');
});

test('a name longer than a metric may be costs its value alone', () => {
  assert.deepEqual(decode(`{"${'n'.repeat(100)}":{"${'m'.repeat(156)}":1,"x":2},"v":3}`), {
    [RECEIVED]: { [`${'n'.repeat(100)}.x`]: 2, v: 3 },
  });
});

test('a document with more samples or readings than a message may have is kept whole as a dead letter', () => {
  const samples = Array.from({ length: 4097 }, () => '{"v":1}').join();
  assert.equal(decode(`[${samples}]`), 'metrics_too_many');
  const wide = Array.from({ length: 1025 }, (_, index) => `"m${index}":1`).join();
  assert.equal(decode(`{${wide}}`), 'metrics_too_many');
});

test('every payload cut at every byte is refused or read, and never read past its end', () => {
  for (const [, payload, , context] of documents) {
    const bytes = Buffer.from(payload);
    for (let cut = 0; cut < bytes.length; cut++) {
      const kernel = new TestKernel();
      const after = '"x":12345}]'; // What lies there must not be read.
      kernel.run([
        { device: 7, receiveUs: RECEIVED_US, payload: bytes.subarray(0, cut).toString('latin1'), ...(context && { context }) },
        { device: 8, receiveUs: RECEIVED_US, payload: after },
      ]);
      const { readings } = kernel.take();
      assert.ok(
        readings.every(({ metric }) => metric !== 'x'),
        payload.slice(0, cut),
      );
    }
  }
});

test('documents on lines are read where the format says so', () => {
  assert.deepEqual(decode('{"v":1}\n{"w":2}', undefined, FORMAT_NDJSON), { [RECEIVED]: { v: 1, w: 2 } });
  assert.equal(decode('{"v":1}\n{"w":', undefined, FORMAT_NDJSON), 'json_malformed');
});
