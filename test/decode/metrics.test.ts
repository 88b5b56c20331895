import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CODE_JSON_MALFORMED, CODE_METRIC_DUPLICATE, CODE_METRIC_UNKNOWN, CODE_NONE } from '../../assembly/abi/codes.js';
import { METRICS_MAX } from '../../assembly/abi/limits.js';
import { KernelAbort } from '../../src/host/kernel.js';
import { RECEIVE_US } from '../cases/payloads.js';
import { Random } from '../support/random.js';
import { Decoder } from './decoder.js';

const probe = (decoder: Decoder, text: string) => decoder.probe(Buffer.from(text), RECEIVE_US);
const metrics = (names: string[]) => `{"metrics":{${names.map((name) => `${JSON.stringify(name)}:1`).join()}}}`;

test('names that are not known are listed once, over several messages', () => {
  const decoder = new Decoder();
  decoder.addMetric('known');
  assert.equal(probe(decoder, metrics(['x', 'known', 'y'])), CODE_NONE);
  assert.equal(decoder.kernel.unknownMetrics(), 2);
  assert.equal(probe(decoder, metrics(['y', 'z'])), CODE_NONE);
  assert.equal(decoder.kernel.unknownMetrics(), 2);
  assert.equal(probe(decoder, metrics(['known'])), CODE_NONE);
  assert.equal(decoder.kernel.unknownMetrics(), 0);
  assert.deepEqual(decoder.unknownNames(), ['x', 'y', 'z']);
  decoder.kernel.clearUnknownMetrics();
  assert.deepEqual(decoder.unknownNames(), []);
});

test('a refused message takes back the names that it listed, and only those', () => {
  const decoder = new Decoder();
  const random = new Random();
  const kept: string[] = [];
  for (let round = 0; round < 200; round++) {
    const names = Array.from({ length: 1 + random.below(20) }, () => `n${random.below(2000)}`);
    const unique = [...new Set(names)];
    assert.equal(probe(decoder, metrics(unique).slice(0, -2).concat('!}}')), CODE_JSON_MALFORMED);
    assert.equal(decoder.kernel.unknownMetrics(), 0);
    assert.deepEqual(decoder.unknownNames(), kept, `seed ${random.seed}`);
    if (random.chance(0.5)) continue;
    assert.equal(probe(decoder, metrics(unique)), CODE_NONE);
    assert.equal(decoder.kernel.unknownMetrics(), unique.length);
    kept.push(...unique.filter((name) => !kept.includes(name)));
    assert.deepEqual(decoder.unknownNames(), kept, `seed ${random.seed}`);
  }
});

test('an unknown name is refused while new ones are denied', () => {
  const decoder = new Decoder();
  decoder.addMetric('known');
  decoder.kernel.denyUnknownMetrics(1);
  assert.equal(probe(decoder, metrics(['known', 'new'])), CODE_METRIC_UNKNOWN);
  assert.equal(probe(decoder, metrics(['known'])), CODE_NONE);
  assert.deepEqual(decoder.unknownNames(), []);
  decoder.kernel.denyUnknownMetrics(0);
  // A name that was denied stays so for a while; nobody is asked for it again.
  assert.equal(probe(decoder, metrics(['known', 'new'])), CODE_METRIC_UNKNOWN);
  assert.equal(probe(decoder, metrics(['known', 'other'])), CODE_NONE);
  assert.deepEqual(decoder.unknownNames(), ['other']);
});

test('more names than the list holds are learnt in rounds', () => {
  const decoder = new Decoder();
  const messages = Array.from({ length: 20 }, (_, i) =>
    metrics(Array.from({ length: 1000 }, (_, j) => `metric ${i * 1000 + j} ${'x'.repeat(80)}`)),
  );
  let rounds = 0;
  for (let open = messages; open.length > 0; rounds++) {
    assert.ok(rounds < 20);
    open = open.filter((message) => {
      assert.equal(probe(decoder, message), CODE_NONE);
      return decoder.kernel.unknownMetrics() > 0;
    });
    for (const name of decoder.unknownNames()) decoder.addMetric(name);
    decoder.kernel.clearUnknownMetrics();
  }
  assert.ok(rounds > 3);
  assert.equal(decoder.names.length, 20_001);
});

test('the largest number of metrics is distinguished', () => {
  const decoder = new Decoder();
  for (let i = 1; i <= METRICS_MAX; i++) decoder.addMetric(`site/${i % 7}/${i}`);
  const random = new Random();
  for (let round = 0; round < 50; round++) {
    const wanted = new Set(Array.from({ length: 500 }, () => 1 + random.below(METRICS_MAX)));
    const decoded = decoder.decode(metrics([...wanted].map((i) => `site/${i % 7}/${i}`)), RECEIVE_US);
    assert.deepEqual(
      decoded.readings.map(([name]) => name),
      [...wanted].map((i) => `site/${i % 7}/${i}`),
      `seed ${random.seed}`,
    );
  }
});

test('a metric added again under its number changes nothing, under another it stops the kernel', () => {
  const decoder = new Decoder();
  const number = decoder.addMetric('a');
  decoder.kernel.addMetric(1, number);
  assert.deepEqual(decoder.decode(metrics(['a']), RECEIVE_US).readings, [['a', 1]]);
  assert.throws(() => decoder.kernel.addMetric(1, number + 1), KernelAbort);
});

test('duplicates are still found when the count of messages starts over', () => {
  const decoder = new Decoder();
  for (const name of ['a', 'b']) decoder.addMetric(name);
  decoder.kernel.setMessageCount(0);
  assert.equal(probe(decoder, metrics(['a', 'b'])), CODE_NONE);
  decoder.kernel.setMessageCount(0xffffffff);
  for (let i = 0; i < 3; i++) assert.equal(probe(decoder, metrics(['a', 'b'])), CODE_NONE);
  assert.equal(probe(decoder, '{"metrics":{"a":1,"a":1}}'), CODE_METRIC_DUPLICATE);
});
