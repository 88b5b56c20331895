import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  COUNTER_PIPELINE_BIRTHS,
  COUNTER_PIPELINE_BIRTHS_UNTRACKED,
  COUNTER_PIPELINE_DEATHS,
  COUNTER_PIPELINE_EDGE_GAPS,
} from '../../assembly/abi/counters.js';
import { BIRTHS_AT_DEFINITIONS_END, BLOCK_CLASS_MAX, DEVICE_BIRTHS_MAX, DEVICE_BLOCKS_BYTES_MAX } from '../../assembly/abi/sparkplug.js';
import { BIRTHS_OFFSET } from '../../assembly/abi/state.js';
import { SparkplugDecoder } from '../decode/sparkplug-decoder.js';
import { adopt, checkpointOf } from '../support/checkpoints.js';
import { TestKernel } from '../support/pipeline-kernel.js';
import { Random } from '../support/random.js';
import { field, metric, payload } from '../support/sparkplug-payloads.js';

const topic = (type: string, device = ''): string => `spBv1.0/g/${type}/edge${device === '' ? '' : `/${device}`}`;
const defined = (alias: number): Buffer => metric(field(1, `m${alias}`), field(2, alias), field(4, 3), field(10, alias));
const named = (alias: number): Buffer => metric(field(2, alias), field(10, alias));
const value = metric(field(1, 'v'), field(4, 3), field(10, 1));

test('births survive a checkpoint and the death of the one that was born', () => {
  const decoder = new SparkplugDecoder();
  decoder.send(topic('NBIRTH'), payload(0, defined(1), defined(2)));
  decoder.send(topic('DBIRTH', 'd'), payload(1, defined(3)));
  decoder.send(topic('NDEATH'), payload(undefined, metric(field(1, 'bdSeq'), field(11, 0))));
  assert.deepEqual(decoder.signals(), [`born ${topic('NBIRTH')}`, `born ${topic('DBIRTH', 'd')}`, `died ${topic('NDEATH')}`]);
  assert.deepEqual(
    [COUNTER_PIPELINE_BIRTHS, COUNTER_PIPELINE_DEATHS].map((counter) => decoder.kernel.counter(counter)),
    [2, 1],
  );
  const next = new TestKernel();
  adopt(next, checkpointOf(decoder.kernel), decoder.kernel);
  assert.ok(Buffer.from(checkpointOf(next)).equals(checkpointOf(decoder.kernel)));
  const restarted = new SparkplugDecoder(next);
  const data = payload(2, named(2), named(1));
  const found = restarted.send(topic('NDATA'), data);
  assert.deepEqual(typeof found === 'string' ? found : found.map(([name]) => name), ['m1', 'm2']);
  assert.deepEqual(decoder.send(topic('NDATA'), data), found);
});

test('a rebirth takes the place of the birth before', () => {
  const decoder = new SparkplugDecoder();
  decoder.send(topic('NBIRTH'), payload(0, defined(1), defined(2)));
  decoder.send(topic('NBIRTH'), payload(0, metric(field(1, 'other'), field(2, 1), field(4, 3), field(10, 5))));
  assert.equal(decoder.send(topic('NDATA'), payload(1, named(2))), 'sparkplug_alias_unknown');
  const found = decoder.send(topic('NDATA'), payload(2, named(1)));
  assert.deepEqual(typeof found === 'string' ? found : found.map(([name]) => name), ['other']);
});

test('births in any order of aliases are found by alias, and rebirths reuse the room of those before', () => {
  const random = new Random();
  const decoder = new SparkplugDecoder();
  for (let round = 0; round < 60; round++) {
    const aliases = [...new Set(Array.from({ length: random.pick([1, 3, 30, 300]) }, () => random.below(5000)))];
    const device = random.pick(['a', 'b', 'c']);
    const born = decoder.send(topic('DBIRTH', device), payload(round & 255, ...aliases.map(defined)));
    assert.equal(born.length, aliases.length, `seed ${random.seed}`);
    const asked = Array.from({ length: 5 }, () => random.pick(aliases));
    const found = decoder.send(topic('DDATA', device), payload((round + 1) & 255, ...[...new Set(asked)].map(named)));
    assert.deepEqual(
      new Set(typeof found === 'string' ? found : found.map(([name]) => name)),
      new Set(asked.map((alias) => `m${alias}`)),
      `seed ${random.seed}`,
    );
  }
  const used = decoder.kernel.memory.view.getUint32(BIRTHS_OFFSET + BIRTHS_AT_DEFINITIONS_END, true);
  assert.ok(used < 3 * 4 * 16_384, `${used} bytes`);
  assert.equal(decoder.kernel.counter(COUNTER_PIPELINE_BIRTHS_UNTRACKED), 0);
});

test('one client cannot take the room of all: births of one device number are limited, and those of others are not', () => {
  const decoder = new SparkplugDecoder();
  const untracked = (): number => decoder.kernel.counter(COUNTER_PIPELINE_BIRTHS_UNTRACKED);
  const metrics = Array.from({ length: 9000 }, (_, index) => metric(field(1, String(index)), field(2, index)));
  const large = payload(0, ...metrics);
  for (let device = 0; device < DEVICE_BLOCKS_BYTES_MAX / 2 ** 18; device++) decoder.send(topic('DBIRTH', `d${device}`), large);
  assert.equal(untracked(), 0);
  decoder.send(topic('DBIRTH', 'one more'), large);
  assert.equal(untracked(), 1);
  decoder.send(topic('DBIRTH', 'd0'), payload(0, defined(1)));
  decoder.send(topic('DBIRTH', 'one more'), payload(0, defined(1)));
  assert.equal(untracked(), 1, 'a smaller birth leaves room for another');
  const records = Array.from({ length: DEVICE_BIRTHS_MAX + 1 }, (_, device) => {
    return {
      device: 9,
      receiveUs: 1_796_029_201_000_000,
      payload: payload(0),
      format: 7,
      context: { profile: 0, topic: topic('DBIRTH', `e${device}`) },
    };
  });
  for (let from = 0; from < records.length; from += 1000) decoder.kernel.run(records.slice(from, from + 1000));
  assert.equal(untracked(), 2);
  decoder.send(topic('DBIRTH', 'd'), payload(0, defined(1)), { device: 10 });
  assert.equal(untracked(), 2);
});

test('the death of an earlier session is none of the one after it', () => {
  const decoder = new SparkplugDecoder();
  const bdSeq = (number: number): Buffer => metric(field(1, 'bdSeq'), field(4, 4), field(11, number));
  decoder.send(topic('NBIRTH'), payload(0, bdSeq(4)));
  decoder.send(topic('NDEATH'), payload(undefined, bdSeq(3)));
  decoder.send(topic('NDEATH'), payload(undefined, bdSeq(4)));
  decoder.send(topic('NDEATH'), payload(undefined));
  assert.deepEqual(decoder.signals(), [`born ${topic('NBIRTH')}`, `died ${topic('NDEATH')}`, `died ${topic('NDEATH')}`]);
});

test('the largest birth fits its block', () => {
  const decoder = new SparkplugDecoder();
  const metrics = Array.from({ length: 9000 }, (_, index) => metric(field(1, String(index)), field(2, 9000 - index)));
  assert.deepEqual(decoder.send(topic('NBIRTH'), payload(0, ...metrics)), []);
  const used = decoder.kernel.memory.view.getUint32(BIRTHS_OFFSET + BIRTHS_AT_DEFINITIONS_END, true);
  assert.ok(used > 9000 * 16 && used <= 2 ** BLOCK_CLASS_MAX);
  assert.deepEqual(decoder.send(topic('NDATA'), payload(1, metric(field(2, 1), field(4, 3), field(10, 4)))).length, 1);
});

test('a number that is left out is a gap, is counted, and asks for a rebirth; one that comes again is none', () => {
  const decoder = new SparkplugDecoder();
  const gaps = (): number => decoder.kernel.counter(COUNTER_PIPELINE_EDGE_GAPS);
  decoder.send(topic('NBIRTH'), payload(254, value));
  for (const seq of [255, 0, 0, 1]) decoder.send(topic('NDATA'), payload(seq, value));
  decoder.send(topic('DDATA', 'd'), payload(2, value), { prefix: 'd.' });
  assert.equal(gaps(), 0);
  decoder.signals();
  decoder.send(topic('NDATA'), payload(4, value));
  assert.equal(gaps(), 1);
  assert.deepEqual(decoder.signals(), [`rebirth-wanted ${topic('NDATA')}`]);
  decoder.send(topic('NDATA'), payload(5, value));
  assert.equal(gaps(), 1);
});

test('the sequence of an edge node whose devices are registered by themselves is not followed', () => {
  const decoder = new SparkplugDecoder();
  decoder.send(topic('NBIRTH'), payload(0, value));
  decoder.send(topic('DBIRTH', 'd'), payload(1, value), { device: 8 });
  decoder.send(topic('NDATA'), payload(2, value));
  decoder.send(topic('DDATA', 'd'), payload(3, value), { device: 8 });
  decoder.send(topic('NDATA'), payload(9, value));
  assert.equal(decoder.kernel.counter(COUNTER_PIPELINE_EDGE_GAPS), 0);
});

test('a replay changes the state as the first run did, and neither counts nor signals', () => {
  const steady = new SparkplugDecoder();
  const replayed = new SparkplugDecoder();
  const messages: [string, Buffer][] = [
    [topic('NBIRTH'), payload(0, defined(1))],
    [topic('NDATA'), payload(1, named(1))],
    [topic('NDATA'), payload(5, named(2))],
  ];
  for (const [at, bytes] of messages) {
    steady.send(at, bytes);
    const record = { device: 7, receiveUs: 1_796_029_201_000_000, payload: bytes, format: 7, context: { profile: 0, topic: at } };
    replayed.kernel.run([record], { replay: true });
  }
  assert.ok(Buffer.from(checkpointOf(steady.kernel)).equals(checkpointOf(replayed.kernel)));
  assert.deepEqual([replayed.signals(), replayed.kernel.counter(COUNTER_PIPELINE_BIRTHS)], [[], 0]);
  assert.equal(steady.signals().length, 2);
});
