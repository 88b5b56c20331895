import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_SPARKPLUG } from '../../assembly/abi/block.js';
import {
  COUNTER_PIPELINE_ALIASES_UNKNOWN,
  COUNTER_PIPELINE_NULLS,
  COUNTER_PIPELINE_REBIRTHS_WANTED,
  COUNTER_PIPELINE_SKIPPED,
  COUNTER_PIPELINE_STORED,
} from '../../assembly/abi/counters.js';
import { Random } from '../support/random.js';
import { field, metric, NINE_MS, payload } from '../support/sparkplug-payloads.js';
import { RECEIVED_US, type Reading, SparkplugDecoder } from './sparkplug-decoder.js';

const NBIRTH = 'spBv1.0/plant-1/NBIRTH/edge-07';
const NDATA = 'spBv1.0/plant-1/NDATA/edge-07';
const DBIRTH = 'spBv1.0/plant-1/DBIRTH/edge-07/pump-3';
const DDATA = 'spBv1.0/plant-1/DDATA/edge-07/pump-3';
const NINE_US = NINE_MS * 1000;

/** Written by sparkplug-payload 1.0.3: a birth of three metrics, data by alias, data by name. */
const BIRTH = Buffer.from(
  '08a098b7dda23412310a0b54656d7065726174757265100118a098b7dda23420094a120a07656e67556e69741207080c420343656c650000ac4112160a0752756e6e696e67100218a098b7dda234200b700012160a064379636c6573100318a098b7dda2342003509b031801',
  'hex',
);
const BY_ALIAS = Buffer.from(
  '0880edbadda234121010011880edbadda2342009650000b24112 0d10021880edbadda234200b700112111003188ce9badda234200350ffffffff0f1802'.replace(
    ' ',
    '',
  ),
  'hex',
);
const BY_NAME = Buffer.from(
  '0880edbadda234121b0a0b54656d70657261747572651880edbadda2342009650000b24112140a044d6f64651880edbadda234200c7a0365636f1803',
  'hex',
);

test('Sparkplug: a birth, data by its aliases, and data by name', () => {
  const decoder = new SparkplugDecoder();
  assert.deepEqual(decoder.send(DBIRTH, BIRTH), [
    ['Temperature', 21.5, NINE_US - 60e6],
    ['Running', 0, NINE_US - 60e6],
    ['Cycles', 411, NINE_US - 60e6],
  ]);
  assert.deepEqual(decoder.send(DDATA, BY_ALIAS), [
    ['Temperature', 22.25, NINE_US],
    ['Running', 1, NINE_US],
    ['Cycles', -1, NINE_US - 500e3],
  ]);
  assert.deepEqual(new SparkplugDecoder().send(DDATA, BY_NAME), [
    ['Temperature', 22.25, NINE_US],
    ['Mode', 'eco', NINE_US],
  ]);
});

test('Sparkplug: the same names, with the prefix of a device that is not registered by itself', () => {
  const decoder = new SparkplugDecoder();
  const names = (found: Reading[] | string): string[] => (typeof found === 'string' ? [found] : found.map(([name]) => name));
  decoder.send(DBIRTH, BIRTH, { prefix: 'pump-3.' });
  const other = DDATA.replace('pump-3', 'pump-4');
  assert.equal(
    decoder.send(other, BY_ALIAS, { prefix: 'pump-4.' }),
    'sparkplug_alias_unknown',
    'aliases are those of the one that was born',
  );
  assert.deepEqual(names(decoder.send(DDATA, BY_ALIAS, { prefix: 'pump-3.' })), ['pump-3.Temperature', 'pump-3.Running', 'pump-3.Cycles']);
  assert.equal(decoder.send(DDATA, BY_ALIAS, { device: 8 }), 'sparkplug_alias_unknown', 'and under the number that it was born under');
});

/** Field of the value, value, datatype, and what it is read as. Int8 to Int32 as the libraries of JavaScript and of Python write them. */
const scalars: readonly [what: string, type: number, value: Buffer, expected: number | string | undefined][] = [
  ['Int8 -5, sparkplug-payload', 1, field(10, 0xfffffffb), -5],
  ['Int8 -5, pysparkplug and mqtt-spb-wrapper', 1, field(10, 0xfb), -5],
  ['Int16 -300, sparkplug-payload', 2, field(10, 0xfffffed4), -300],
  ['Int16 -300, pysparkplug and mqtt-spb-wrapper', 2, field(10, 0xfed4), -300],
  ['Int32 -1', 3, field(10, 0xffffffff), -1],
  ['Int32 -1 in long_value', 3, field(11, -1n), -1],
  ['Int64 -1', 4, field(11, -1n), -1],
  ['Int64, the least', 4, field(11, -(2n ** 63n)), -(2 ** 63)],
  ['UInt8', 5, field(10, 255), 255],
  ['UInt16', 6, field(10, 65535), 65535],
  ['UInt32 in int_value', 7, field(10, 0xffffffff), 4294967295],
  ['UInt32 in long_value', 7, field(11, 0xffffffff), 4294967295],
  ['UInt64, the largest', 8, field(11, 2n ** 64n - 1n), 2 ** 64],
  ['Float', 9, Buffer.from('65cdcccc3d', 'hex'), 0.10000000149011612],
  ['Float that is not a number', 9, Buffer.from('650000c07f', 'hex'), undefined],
  ['Double', 10, Buffer.from('699a9999999999b93f', 'hex'), 0.1],
  ['Double that is infinite', 10, Buffer.from('69000000000000f07f', 'hex'), undefined],
  ['Boolean', 11, field(14, 1), 1],
  ['String', 12, field(15, 'ü'), 'ü'],
  ['DateTime', 13, field(11, NINE_MS), NINE_MS],
  ['Text', 14, field(15, ''), ''],
  ['UUID', 15, field(15, '6ba7b810-9dad-11d1-80b4-00c04fd430c8'), '6ba7b810-9dad-11d1-80b4-00c04fd430c8'],
  ['Bytes', 17, field(16, Buffer.from([1, 2])), undefined],
  ['File', 18, field(16, Buffer.from([1, 2])), undefined],
  ['a text that is not UTF-8', 12, field(15, Buffer.from([0xff])), undefined],
  ['a text where a number belongs', 3, field(15, 'x'), undefined],
  ['a datatype of a later version', 99, field(10, 1), undefined],
  ['no datatype, a whole number', 0, field(10, 5), 5],
  ['no datatype, a number that could be negative', 0, field(10, 0xffffffff), undefined],
  ['no datatype, a float', 0, Buffer.from('650000ac41', 'hex'), 21.5],
];

test('Sparkplug: every datatype, in the field that each library puts it', () => {
  for (const [what, type, value, expected] of scalars) {
    const decoder = new SparkplugDecoder();
    const one = metric(field(1, 'v'), ...(type === 0 ? [] : [field(4, type)]), value);
    const found = decoder.send(NDATA, payload(1, one, metric(field(1, 'beside'), field(4, 11), field(14, 1))));
    const readings = expected === undefined ? [] : [['v', expected, NINE_US]];
    assert.deepEqual(typeof found === 'string' ? found : [...found].sort().toReversed(), [...readings, ['beside', 1, NINE_US]], what);
    assert.equal(decoder.kernel.counter(COUNTER_PIPELINE_SKIPPED), expected === undefined ? 1 : 0, what);
  }
});

const arrays: readonly [what: string, type: number, hex: string, expected: readonly (number | string)[] | undefined][] = [
  ['Int8', 22, 'fb05', [-5, 5]],
  ['Int16', 23, 'd4fe0100', [-300, 1]],
  ['Int32', 24, 'ffffffff', [-1]],
  ['Int64', 25, 'ffffffffffffffff', [-1]],
  ['UInt8', 26, 'fb', [251]],
  ['UInt16', 27, 'ffff', [65535]],
  ['UInt32', 28, 'ffffffff', [4294967295]],
  ['UInt64', 29, 'ffffffffffffffff', [2 ** 64]],
  ['Float', 30, '0000ac41cdcccc3d', [21.5, 0.10000000149011612]],
  ['Double', 31, '9a9999999999b93f', [0.1]],
  ['Boolean', 32, '0a000000a080', [1, 0, 1, 0, 0, 0, 0, 0, 1, 0]],
  ['String', 33, '610000c3bc00', ['a', '', 'ü']],
  ['DateTime', 34, '80b66edda2010000', [0x1a2dd6eb680]],
  ['elements that end', 23, 'd4fe01', undefined],
  ['fewer booleans than it says', 32, '09000000ff', undefined],
  ['a text without its end', 33, '61', undefined],
  ['none', 24, '', []],
];

test('Sparkplug: arrays, each element by its place', () => {
  for (const [what, type, hex, expected] of arrays) {
    const one = metric(field(1, 'v'), field(4, type), field(16, Buffer.from(hex, 'hex')));
    const found = new SparkplugDecoder().send(NDATA, payload(1, one, metric(field(1, 'beside'), field(4, 11), field(14, 1))));
    assert.ok(Array.isArray(found), what);
    const values = found.filter(([name]) => name !== 'beside').map(([name, value]) => [name, value]);
    assert.deepEqual(
      values,
      (expected ?? []).map((value, index) => [`v.${index}`, value]),
      what,
    );
  }
});

test('Sparkplug: data sets and templates as sparkplug-payload writes them, flattened to dotted names', () => {
  const dataset = Buffer.from(
    '0880edbadda23412380a016420108a01300802120178120179180a180c22100a0921000000000000f83f0a0332016122100a092100000000000000400a033201621801',
    'hex',
  );
  assert.deepEqual(new SparkplugDecoder().send(NDATA, dataset), [
    ['d.0.x', 1.5, NINE_US],
    ['d.1.x', 2, NINE_US],
    ['d.0.y', 'a', NINE_US],
    ['d.1.y', 'b', NINE_US],
  ]);
  const template = Buffer.from('0880edbadda23412260a0174201392011e0a0131120b0a016d200350f9ffffff0f1a070a01701003180322015228001801', 'hex');
  assert.deepEqual(new SparkplugDecoder().send(NDATA, template), [
    ['t.m', -7, NINE_US],
    ['t.p', 3, NINE_US],
  ]);
  const definition = metric(field(1, 'T'), field(4, 19), field(18, Buffer.concat([field(2, field(1, 'm')), field(5, 1)])));
  assert.deepEqual(new SparkplugDecoder().send(NBIRTH, payload(0, definition)), [], 'a definition has no values');
  const inner = Buffer.concat([
    field(1, 'deep'),
    field(4, 19),
    field(18, field(2, Buffer.concat([field(1, 'v'), field(4, 3), field(10, 1)]))),
  ]);
  assert.deepEqual(new SparkplugDecoder().send(NDATA, payload(1, metric(field(1, 't'), field(4, 19), field(18, field(2, inner))))), [
    ['t.deep.v', 1, NINE_US],
  ]);
});

test('Sparkplug: nulls are counted, and commands and bdSeq are no readings', () => {
  const decoder = new SparkplugDecoder();
  const found = decoder.send(
    NBIRTH,
    payload(
      0,
      metric(field(1, 'bdSeq'), field(4, 4), field(11, 7)),
      metric(field(1, 'Node Control/Rebirth'), field(4, 11), field(14, 0)),
      metric(field(1, 'Device Control/Reboot'), field(4, 11), field(14, 0)),
      metric(field(1, 'empty'), field(4, 3), field(7, 1)),
      metric(field(1, 'absent'), field(2, 5), field(4, 3)),
      metric(field(1, 'v'), field(4, 3), field(10, 1)),
    ),
  );
  assert.deepEqual(found, [['v', 1, NINE_US]]);
  assert.deepEqual([decoder.kernel.counter(COUNTER_PIPELINE_NULLS), decoder.kernel.counter(COUNTER_PIPELINE_SKIPPED)], [2, 0]);
  assert.deepEqual(
    decoder.send(NDATA, payload(1, metric(field(2, 5), field(10, 0xffffffff)))),
    [['absent', -1, NINE_US]],
    'its datatype is that of its birth',
  );
});

test('Sparkplug: data without datatypes has those of its birth, by alias and by name', () => {
  const decoder = new SparkplugDecoder();
  const born = ['a', 'b', 'c'].map((name, index) => metric(field(1, name), field(2, 9 - index), field(4, 3), field(10, 1)));
  decoder.send(NBIRTH, payload(0, ...born, metric(field(1, 'd'), field(4, 1), field(10, 1))));
  const minus = field(10, 0xffffffff);
  const found = decoder.send(
    NDATA,
    payload(1, metric(field(1, 'c'), minus), metric(field(2, 9), minus), metric(field(1, 'd'), minus), metric(field(2, 8), minus)),
  );
  assert.deepEqual(
    found,
    [
      ['c', -1, NINE_US],
      ['a', -1, NINE_US],
      ['d', -1, NINE_US],
      ['b', -1, NINE_US],
    ].toSorted(),
  );
});

test('Sparkplug: times of metrics, of the payload, and none; one that cannot be costs its metric', () => {
  const decoder = new SparkplugDecoder();
  const v = [field(4, 3), field(10, 1)];
  const found = decoder.send(
    NDATA,
    payload(
      1,
      metric(field(1, 'a'), field(3, NINE_MS - 5000), ...v),
      metric(field(1, 'b'), ...v),
      metric(field(1, 'c'), field(3, 0), ...v),
      metric(field(1, 'd'), field(3, 1), ...v),
      metric(field(1, 'e'), field(3, 2n ** 63n), ...v),
    ),
  );
  assert.deepEqual(found, [
    ['a', 1, NINE_US - 5e6],
    ['b', 1, NINE_US],
    ['c', 1, NINE_US],
  ]);
  assert.equal(decoder.kernel.counter(COUNTER_PIPELINE_SKIPPED), 2);
  assert.deepEqual(decoder.send(NDATA, Buffer.concat([field(1, 0), metric(field(1, 'a'), ...v)])), [['a', 1, RECEIVED_US]]);
  assert.equal(decoder.send(NDATA, Buffer.concat([field(1, 1), metric(field(1, 'a'), ...v)])), 'ts_out_of_range');
});

test('Sparkplug: historical values keep their time, and the newest value stays the newest', () => {
  const decoder = new SparkplugDecoder();
  const at = (ms: number, value: number, ...more: Buffer[]): Buffer =>
    metric(field(1, 'v'), field(3, ms), field(4, 3), ...more, field(10, value));
  const historical = field(5, 1);
  assert.deepEqual(decoder.send(NDATA, payload(1, at(NINE_MS, 3), at(NINE_MS - 2000, 1, historical), at(NINE_MS - 1000, 2, historical))), [
    ['v', 1, NINE_US - 2e6],
    ['v', 2, NINE_US - 1e6],
    ['v', 3, NINE_US],
  ]);
  assert.ok(decoder.kernel.kernel.latest(7) > 0);
  // The same metric several times at one moment: each value is kept.
  assert.deepEqual(decoder.send(NDATA, payload(2, at(NINE_MS, 4), at(NINE_MS, 5))), [
    ['v', 4, NINE_US],
    ['v', 5, NINE_US],
  ]);
});

test('Sparkplug: an alias that no birth defines is no reading, is counted, and asks for one rebirth a minute', () => {
  const decoder = new SparkplugDecoder();
  assert.equal(decoder.send(DDATA, BY_ALIAS), 'sparkplug_alias_unknown');
  assert.deepEqual(decoder.signals(), [`rebirth-wanted ${DDATA}`]);
  const half = payload(3, metric(field(2, 1), field(4, 3), field(10, 1)), metric(field(1, 'v'), field(4, 3), field(10, 2)));
  assert.deepEqual(decoder.send(DDATA, half, { receiveUs: RECEIVED_US + 1e6 }), [['v', 2, NINE_US]], 'what has a name is stored');
  assert.deepEqual(decoder.signals(), []);
  assert.equal(decoder.send(NDATA, BY_ALIAS, { receiveUs: RECEIVED_US + 61e6 }), 'sparkplug_alias_unknown');
  assert.deepEqual(decoder.signals(), [`rebirth-wanted ${NDATA}`]);
  assert.deepEqual(
    [COUNTER_PIPELINE_ALIASES_UNKNOWN, COUNTER_PIPELINE_REBIRTHS_WANTED].map((counter) => decoder.kernel.counter(counter)),
    [7, 2],
  );
  decoder.send(DBIRTH, BIRTH);
  assert.equal(decoder.send(DDATA, BY_ALIAS).length, 3);
});

test('Sparkplug: topics that say nothing of data, and payloads that cannot be read', () => {
  const one = payload(1, metric(field(1, 'v'), field(4, 3), field(10, 1)));
  for (const topic of [
    'spBv1.0/g/NCMD/e',
    'spBv1.0/g/DCMD/e/d',
    'spBv1.0/g/NDATA',
    'spBv1.0/g/NDATA/e/d',
    'spBv1.0/g/DDATA/e',
    'spBv1.0/g/DDATA/e/d/x',
    'spAv1.0/g/NDATA/e',
    'spBv1.0/g/XBIRTH/e',
    'spBv1.0/',
  ]) {
    assert.equal(new SparkplugDecoder().send(topic, one), 'sparkplug_topic_invalid', topic);
  }
  const decoder = new SparkplugDecoder();
  assert.deepEqual(decoder.send('spBv1.0/STATE/host', Buffer.from('{"online":true}')), []);
  assert.equal(decoder.kernel.counter(COUNTER_PIPELINE_STORED), 1);
  const compressed = Buffer.concat([field(5, Buffer.from([1, 2, 3])), field(4, 'SPBV1.0_COMPRESSED')]);
  assert.equal(decoder.send(NDATA, compressed), 'sparkplug_compressed');
  assert.equal(decoder.send(NDATA, Buffer.from('hello')), 'protobuf_malformed');
  assert.deepEqual(decoder.send(NDATA, Buffer.alloc(0)), []);
  decoder.kernel.run([{ device: 7, receiveUs: RECEIVED_US, payload: one, format: FORMAT_SPARKPLUG }]);
  assert.equal(decoder.kernel.take().readings.length, 1, 'without a topic, metrics with names are data');
});

test('Sparkplug: payloads cut at every byte are read to their end and no further, and no bytes stop the kernel', () => {
  const random = new Random();
  const known = [
    BIRTH,
    BY_ALIAS,
    BY_NAME,
    ...scalars.map(([, type, value]) => payload(1, metric(field(1, 'v'), field(4, type), value))),
    ...arrays.map(([, type, hex]) => payload(1, metric(field(1, 'v'), field(4, type), field(16, Buffer.from(hex, 'hex'))))),
  ];
  const decoder = new SparkplugDecoder();
  decoder.send(DBIRTH, BIRTH);
  for (const bytes of known) {
    for (let cut = 0; cut < bytes.length; cut++) {
      const alone = decoder.send(NDATA, bytes.subarray(0, cut), { device: 8 });
      const records = [bytes.subarray(0, cut), bytes.subarray(cut)].map((part, index) => {
        return {
          device: 9 + index,
          receiveUs: RECEIVED_US,
          payload: part,
          format: FORMAT_SPARKPLUG,
          context: { profile: 0, topic: NDATA },
        };
      });
      decoder.kernel.run(records);
      const { readings, texts, deads } = decoder.kernel.take();
      const own = [...readings, ...texts].filter(({ device }) => device === 9).map(({ metric: name, value, tsUs }) => [name, value, tsUs]);
      assert.deepEqual(deads.find(({ device }) => device === 9)?.reason ?? own, alone, `${bytes.toString('hex')} cut at ${cut}`);
    }
  }
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.concat([random.pick(known), random.pick(known)]);
    for (let edits = random.int(1, 6); edits > 0; edits--) bytes[random.below(bytes.length)] = random.below(256);
    const found = decoder.send(random.pick([NBIRTH, NDATA, DBIRTH, DDATA]), bytes.subarray(0, random.int(0, bytes.length)));
    assert.ok(typeof found === 'string' || Array.isArray(found), `seed ${random.seed}`);
  }
});

test('Sparkplug: an empty retained message does nothing, whatever came before it', () => {
  const decoder = new SparkplugDecoder();
  decoder.send(NBIRTH, payload(0, metric(field(1, 'v'), field(4, 3), field(10, 1))));
  decoder.signals();
  const context = { profile: 0, topic: NDATA, isRetained: true };
  decoder.kernel.run([{ device: 8, receiveUs: RECEIVED_US, payload: '', format: FORMAT_SPARKPLUG, context }]);
  assert.deepEqual(decoder.signals(), []);
});
