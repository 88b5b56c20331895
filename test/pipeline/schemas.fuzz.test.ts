import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SchemaField, SchemaPlan } from '../../src/contract/schemas/schema-plan.js';
import { TestKernel } from '../support/pipeline-kernel.js';
import { fuzzScale, Random } from '../support/random.js';
import { applyPlan, type Values } from './schema-model.js';

const RECEIVED_US = Date.UTC(2026, 10, 30, 9, 0, 1) * 1000;
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const TYPES = ['number', 'integer', 'boolean', 'text', 'any'] as const;
const VALUES: readonly (number | string)[] = [0, 1, 2.5, -7, 40, 1e300, '3', '-2.5e1', 'on', ''];

function fieldOf(random: Random, name: string, metric: string): SchemaField {
  const type = random.pick(TYPES);
  return {
    name,
    type,
    ...(metric !== name && { metric }),
    ...(random.chance(0.3) && { isRequired: true }),
    ...(random.chance(0.3) && { isCritical: true }),
    ...(random.chance(0.3) && { readsText: true }),
    ...(random.chance(0.3) && { scale: random.pick([0.1, 5, 1e10]), offset: random.pick([-160, 0.5]), divisor: random.pick([1, 9]) }),
    ...(random.chance(0.4) && { min: -5, outside: random.pick(['reject', 'clamp', 'flag'] as const) }),
    ...(random.chance(0.4) && { max: 30 }),
    ...(random.chance(0.3) && { default: random.pick([7, 'none']) }),
  };
}

function planOf(random: Random, number: number): SchemaPlan {
  const names = NAMES.filter(() => random.chance(0.5));
  // Some are stored under a metric of their own, some under one that messages may have as well.
  const targets = NAMES.filter((name) => !names.includes(name));
  const fields = names.map((name) => {
    const metric = random.chance(0.2) ? `${name}.renamed` : random.chance(0.3) ? (targets.pop() ?? name) : name;
    return fieldOf(random, name, metric);
  });
  const [mode, others] = [random.pick(['strict', 'flexible'] as const), random.pick(['read', 'skip', 'refuse'] as const)];
  return { number, mode, others, fields };
}

function sampleOf(random: Random): Values {
  const names = NAMES.filter(() => random.chance(0.6)).sort(() => (random.chance(0.5) ? 1 : -1));
  return Object.fromEntries(names.map((name) => [name, random.pick(VALUES)]));
}

test('a schema makes of a message what a plain model of it does', () => {
  const random = new Random();
  const kernel = new TestKernel();
  let device = 0;
  for (let number = 1; number <= 400 * fuzzScale; number++) {
    const plan = planOf(random, number);
    kernel.schemas.set(number, plan);
    for (let i = 0; i < 20; i++) {
      const sample = sampleOf(random);
      const payload = Buffer.from(JSON.stringify({ metrics: sample }));
      if (Object.keys(sample).length === 0) continue;
      kernel.run([{ device: ++device, receiveUs: RECEIVED_US, payload, context: { profile: 0, schema: number } }]);
      const { readings, texts, deads } = kernel.take();
      const stored = [...readings, ...texts].map(({ metric, value }) => [metric, value] as const);
      const made = deads.length > 0 ? deads.map(({ reason }) => reason).join() : Object.fromEntries(stored);
      assert.deepEqual(made, applyPlan(plan, sample), `SEED=${random.seed}: ${JSON.stringify({ plan, sample })}`);
    }
  }
});

test('a log that is run again gives the same rows, although its devices have other versions by then', () => {
  const random = new Random(16);
  const plans = [1, 2, 3].map((number) => planOf(random, number));
  const records = Array.from({ length: 200 }, (_, index) => {
    const payload = Buffer.from(JSON.stringify({ seq: index, metrics: { a: 1, ...sampleOf(random) } }));
    // The version that the gateway stamped: it went from 1 to 3 while the messages came.
    const context = { profile: 0, schema: 1 + Math.floor(index / 70) };
    return { device: 1 + (index % 5), receiveUs: RECEIVED_US + index, payload, context };
  });
  const run = (batches: number) => {
    const kernel = new TestKernel();
    for (const plan of plans) kernel.schemas.set(plan.number, plan);
    for (let at = 0; at < records.length; at += batches) kernel.run(records.slice(at, at + batches));
    const { readings, texts, deads } = kernel.take();
    const rows = [...readings, ...texts].map(({ device, metric, tsUs, value }) => [device, metric, tsUs, value].join());
    return { rows: rows.sort(), deads: deads.map(({ device, reason, receivedUs }) => [device, reason, receivedUs].join()) };
  };
  const first = run(records.length);
  assert.ok(first.rows.length > 0);
  assert.deepEqual(run(7), first);
});
