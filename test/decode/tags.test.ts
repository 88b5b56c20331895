import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encode as encodeMsgpack } from '@msgpack/msgpack';
import { encode as encodeCbor } from 'cbor2';
import { FORMAT_BY_SHAPE, FORMAT_CBOR, FORMAT_JSON, FORMAT_LINE_PROTOCOL, FORMAT_MSGPACK } from '../../assembly/abi/block.js';
import { METRIC_NAME_BYTES_MAX } from '../../assembly/abi/limits.js';
import { PROFILE_TELEGRAF } from '../../assembly/abi/profiles.js';
import { metricName, splitMetricName } from '../../src/contract/metric-name.js';
import type { RecordContext } from '../../src/contract/record-context.js';
import { decodedReadings, type ReadingsByTime } from '../support/decoded-readings.js';
import { TestKernel } from '../support/pipeline-kernel.js';
import { Random } from '../support/random.js';

const RECEIVED_MS = Date.UTC(2026, 10, 30, 9, 0, 1);
const RECEIVED = new Date(RECEIVED_MS).toISOString();
const TELEGRAF: RecordContext = { profile: PROFILE_TELEGRAF };

function decode(payload: string | Uint8Array, format: number, context?: RecordContext, kernel = new TestKernel()): ReadingsByTime | string {
  return decodedReadings(payload, RECEIVED_MS, { format, context, kernel });
}

type Tags = Readonly<Record<string, unknown>>;
const document = (tags: Tags, v = 1) => ({ fields: { v }, name: 'm', tags });
const encoders: readonly [name: string, format: number, encode: (value: unknown) => string | Uint8Array][] = [
  ['JSON', FORMAT_JSON, JSON.stringify],
  ['CBOR', FORMAT_CBOR, encodeCbor],
  ['MessagePack', FORMAT_MSGPACK, encodeMsgpack],
];

const cases: readonly [what: string, tags: Tags, expected: string][] = [
  ['none', {}, 'm.v'],
  ['one', { cpu: 'cpu0' }, 'm.v{cpu=cpu0}'],
  ['by the bytes of their keys', { b: '2', ä: '4', aa: '1', a: '0', B: '3' }, 'm.v{B=3,a=0,aa=1,b=2,ä=4}'],
  ['above and below the first plane', { '\u{10000}': 'x', '\uffee': 'y' }, 'm.v{\uffee=y,\u{10000}=x}'],
  ['what stands for something else', { 'a,b': 'c=d', '{}': '\\' }, 'm.v{a\\,b=c\\=d,\\{\\}=\\\\}'],
  ['empty', { a: '', b: 'x', '': 'y' }, 'm.v{b=x}'],
  ['no texts', { a: 7, b: true, c: false, d: null, e: -12 }, 'm.v{a=7,b=true,c=false,e=-12}'],
];

for (const [format, number, encode] of encoders) {
  for (const [what, tags, expected] of cases) {
    test(`tags of ${format} end the names of metrics: ${what}`, () => {
      assert.deepEqual(decode(encode(document(tags)), number, TELEGRAF), { [RECEIVED]: { [expected]: 1 } });
    });
  }

  test(`tags of ${format} that lie before the fields count the same`, () => {
    const payload = encode({ tags: { cpu: 'cpu1' }, name: 'cpu', fields: { v: 2 } });
    assert.deepEqual(decode(payload, number, TELEGRAF), { [RECEIVED]: { 'cpu.v{cpu=cpu1}': 2 } });
  });

  test(`tags of ${format} of which no name can be made cost the readings, which become a dead letter`, () => {
    assert.equal(decode(encode(document({ a: 'x'.repeat(METRIC_NAME_BYTES_MAX) })), number, TELEGRAF), 'metric_name_invalid');
    assert.equal(decode(encode(document({ a: { b: 1 } })), number, TELEGRAF), 'metric_name_invalid');
    assert.equal(decode(encode(document({ a: 'line\nend' })), number, TELEGRAF), 'metric_name_invalid');
  });
}

test('series of one device are told apart by their tags within a batch', () => {
  const metrics = ['cpu0', 'cpu1'].map((cpu, index) => ({ ...document({ cpu }, index), name: 'cpu' }));
  assert.deepEqual(decode(JSON.stringify({ metrics }), FORMAT_BY_SHAPE), { [RECEIVED]: { 'cpu.v{cpu=cpu0}': 0, 'cpu.v{cpu=cpu1}': 1 } });
  assert.deepEqual(decode('cpu,cpu=cpu0 v=0\ncpu,cpu=cpu1 v=1\nmem v=2', FORMAT_LINE_PROTOCOL), {
    [RECEIVED]: { 'cpu.v{cpu=cpu0}': 0, 'cpu.v{cpu=cpu1}': 1, 'mem.v': 2 },
  });
});

test('of a key that is there twice the last value counts', () => {
  assert.deepEqual(decode('{"name":"m","fields":{"v":1},"tags":{"a":"1","b":"2","a":"3"}}', FORMAT_JSON, TELEGRAF), {
    [RECEIVED]: { 'm.v{a=3,b=2}': 1 },
  });
  assert.deepEqual(decode('m,a=1,b=2,a=3 v=1', FORMAT_LINE_PROTOCOL), { [RECEIVED]: { 'm.v{a=3,b=2}': 1 } });
});

test('the tag that names the device by a rule is left out', () => {
  const context = { ...TELEGRAF, ownTag: 'site' };
  assert.deepEqual(decode(JSON.stringify(document({ site: 'north', rack: '7' })), FORMAT_JSON, context), {
    [RECEIVED]: { 'm.v{rack=7}': 1 },
  });
  assert.deepEqual(decode('m,site=north,rack=7 v=1', FORMAT_LINE_PROTOCOL, context), { [RECEIVED]: { 'm.v{rack=7}': 1 } });
});

test('a host that the topic names is left out, and no other tag of the same value', () => {
  const context = { ...TELEGRAF, topic: 'telegraf/web1/cpu' };
  assert.deepEqual(decode('m,host=web1,peer=web1 v=1', FORMAT_LINE_PROTOCOL, context), { [RECEIVED]: { 'm.v{peer=web1}': 1 } });
});

test('the first host that a device names is its own; another one makes other series', () => {
  const kernel = new TestKernel();
  const of = (host: string, v: number) => decode(`m,host=${host} v=${v}`, FORMAT_LINE_PROTOCOL, undefined, kernel);
  assert.deepEqual(of('web1', 1), { [RECEIVED]: { 'm.v': 1 } });
  assert.deepEqual(of('web2', 2), { [RECEIVED]: { 'm.v{host=web2}': 2 } });
  assert.deepEqual(of('web1', 3), { [RECEIVED]: { 'm.v': 3 } });
});

test('a host that one device owns is no reason to leave it out for another that sends the same bytes', () => {
  const kernel = new TestKernel();
  const batch = (host: string, v: number) => JSON.stringify({ metrics: [{ name: 'm', fields: { v }, tags: { host } }] });
  const run = (device: number, host: string, v: number) => {
    kernel.run([{ device, receiveUs: RECEIVED_MS * 1000, payload: batch(host, v), format: FORMAT_BY_SHAPE }]);
    return kernel.take().readings.map(({ metric, value }) => [metric, value]);
  };
  run(2, 'web2', 0);
  for (let v = 1; v <= 20; v++) assert.deepEqual(run(1, 'web1', v), [['m.v', v]]);
  assert.deepEqual(run(2, 'web1', 21), [['m.v{host=web1}', 21]]);
});

test('names with tags are those of the control plane, and split into what they were made of', () => {
  const random = new Random(20261130);
  const alphabet = ['a', 'b', 'B', ',', '=', '{', '}', '\\', 'é', '温', '\u{1f321}', '-'];
  const text = () => Array.from({ length: random.below(5) }, () => random.pick(alphabet)).join('');
  const kernel = new TestKernel();
  for (let round = 0; round < 400; round++) {
    const tags = Array.from({ length: random.below(6) }, () => [text(), text()] as const).filter(([key]) => key !== '__proto__');
    const object = Object.fromEntries(tags);
    const expected = metricName('m.v', Object.entries(object));
    const [, format, encode] = encoders[round % encoders.length]!;
    assert.deepEqual(decode(encode(document(object)), format, TELEGRAF, kernel), { [RECEIVED]: { [expected]: 1 } }, JSON.stringify(tags));
    const kept = Object.entries(object).filter(([key, value]) => key !== '' && value !== '');
    assert.deepEqual(splitMetricName(expected), { name: 'm.v', tags: Object.fromEntries(kept) });
  }
});
