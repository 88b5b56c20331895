import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FORMAT_CBOR, FORMAT_JSON, FORMAT_SPARKPLUG, FORMAT_TEXT } from '../../assembly/abi/block.js';
import {
  COUNTER_PIPELINE_CLAMPED,
  COUNTER_PIPELINE_DEFAULTED,
  COUNTER_PIPELINE_FIELD_FAULTS,
  COUNTER_PIPELINE_FLAGGED,
} from '../../assembly/abi/counters.js';
import { MEMBER_IS_SEQ, MEMBER_IS_TS, MEMBER_OPEN, PROFILE_NOTHING, PROFILE_TASMOTA } from '../../assembly/abi/profiles.js';
import { WANTED_SCHEMAS_MAX } from '../../assembly/abi/schemas.js';
import type { RecordContext } from '../../src/contract/record-context.js';
import type { SchemaField, SchemaPlan } from '../../src/contract/schemas/schema-plan.js';
import { readFirmware, takeFirmware } from '../../src/host/firmware-reports.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const RECEIVED_US = Date.UTC(2026, 10, 30, 9, 0, 1) * 1000;
const TS_MS = Date.UTC(2026, 10, 30, 9);

type More = Partial<Omit<SchemaPlan, 'fields'>>;

/** Readings of messages by one schema, in the order of metrics' names; or their reasons. */
class Judge {
  readonly kernel = new TestKernel();
  #device = 0;

  constructor(fields: readonly SchemaField[], more: More = {}) {
    this.kernel.schemas.set(1, { number: 1, mode: 'strict', others: 'read', ...more, fields });
  }

  /** Each message is of a device of its own, so that none is a duplicate. */
  of(payload: unknown, context: Partial<RecordContext> = {}, format = 0): Record<string, unknown> | string {
    const device = ++this.#device;
    const bytes = payload instanceof Uint8Array ? payload : Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload));
    this.kernel.run([{ device, receiveUs: RECEIVED_US, format, payload: bytes, context: { profile: 0, schema: 1, ...context } }]);
    const { readings, texts, deads } = this.kernel.take();
    if (deads.length > 0) return deads.map(({ reason }) => reason).join();
    return Object.fromEntries([...readings, ...texts].map(({ metric, value }) => [metric, value]));
  }
}

const number = (name: string, more: Partial<SchemaField> = {}): SchemaField => ({ name, type: 'number', ...more });

test('a message of a version that is not laid waits for it, and all that its block has are asked for together', () => {
  const kernel = new TestKernel();
  for (const schema of [5, 6]) kernel.schemas.set(schema, { number: schema, mode: 'flexible', others: 'read', fields: [number('v')] });
  const record = (schema: number | undefined, device: number) => {
    const context = schema === undefined ? {} : { context: { profile: 0, schema } };
    return { device, receiveUs: RECEIVED_US, payload: Buffer.from('{"v":1}'), ...context };
  };
  kernel.run([record(undefined, 1), record(5, 2), record(6, 3), record(5, 4), record(7, 5)]);
  assert.deepEqual(kernel.wanted, [[5, 6, 7]]);
  const { readings, deads } = kernel.take();
  assert.deepEqual(
    [readings.map(({ device }) => device), deads.map(({ device, reason }) => [device, reason])],
    [[1, 2, 3, 4], [[5, 'schema_version_missing']]],
  );
  kernel.run([record(7, 6)]);
  assert.deepEqual(kernel.wanted.length, 1, 'that there is no such version is remembered');
  const many = Array.from({ length: WANTED_SCHEMAS_MAX + 1 }, (_, index) => record(100 + index, 7));
  kernel.run(many);
  assert.deepEqual(
    kernel.wanted.slice(1).map(({ length }) => length),
    [WANTED_SCHEMAS_MAX, 1],
  );
});

test('fields are renamed and scaled, exactly where the schema divides', () => {
  const judge = new Judge([
    number('t', { metric: 'temperature', scale: 5, offset: -160, divisor: 9 }),
    number('p', { scale: 0.1 }),
    number('raw'),
  ]);
  assert.deepEqual(judge.of({ metrics: { t: 70.7, p: 10135, raw: 7 } }), { temperature: 21.5, p: 10135 * 0.1, raw: 7 });
  assert.deepEqual(judge.of({ t: 32, note: 'x' }), { temperature: 0, note: 'x' });
  assert.equal(judge.of({ t: 1e308 }), 'number_out_of_range');
});

test('a value outside its range is a dead letter, the end of the range, or a reading that is counted', () => {
  const of = (outside: SchemaField['outside']) => new Judge([number('v', { min: -40, max: 85, ...(outside && { outside }) })]);
  for (const value of [-40, 0, 85]) assert.deepEqual(of(undefined).of({ v: value }), { v: value });
  for (const value of [-40.1, 85.1]) assert.equal(of(undefined).of({ v: value }), 'field_out_of_range');
  const clamp = of('clamp');
  assert.deepEqual([clamp.of({ v: -41 }), clamp.of({ v: 99 }), clamp.of({ v: 20 })], [{ v: -40 }, { v: 85 }, { v: 20 }]);
  assert.equal(clamp.kernel.counter(COUNTER_PIPELINE_CLAMPED), 2);
  const flag = of('flag');
  assert.deepEqual([flag.of({ v: -41 }), flag.of({ v: 20 })], [{ v: -41 }, { v: 20 }]);
  assert.equal(flag.kernel.counter(COUNTER_PIPELINE_FLAGGED), 1);
  const scaled = new Judge([number('v', { scale: 10, max: 100, min: 0 })]);
  assert.deepEqual([scaled.of({ v: 10 }), scaled.of({ v: 11 })], [{ v: 100 }, 'field_out_of_range']);
});

test('types: what a field takes, and numbers in quotes where it says so', () => {
  const of = (type: SchemaField['type'], readsText: boolean, value: unknown) =>
    new Judge([{ name: 'v', type, readsText }]).of({ v: value });
  const bad = 'field_type_invalid';
  for (const [type, value, plain, quoted] of [
    ['number', 1.5, 1.5, 1.5],
    ['number', '1.5', bad, 1.5],
    ['number', '1.5 °C', bad, bad],
    ['number', ' 1.5', bad, bad],
    ['number', '', bad, bad],
    ['number', '1e999', bad, 'number_out_of_range'],
    ['number', '-12345678901234567890', bad, -12345678901234567000],
    ['number', true, 1, 1],
    ['integer', 7, 7, 7],
    ['integer', 7.5, bad, bad],
    ['integer', '7', bad, 7],
    ['boolean', true, 1, 1],
    ['boolean', 0, 0, 0],
    ['boolean', 2, bad, bad],
    ['boolean', '1', bad, 1],
    ['text', 'on', 'on', 'on'],
    ['text', '12', '12', '12'],
    ['text', 12, bad, bad],
    ['any', 12, 12, 12],
    ['any', '12', '12', 12],
    ['any', 'on', 'on', 'on'],
  ] as const) {
    const expected = (one: unknown) => (typeof one === 'string' && one !== value ? one : { v: one });
    assert.deepEqual(of(type, false, value), expected(plain), `${type} ${value}`);
    assert.deepEqual(of(type, true, value), expected(quoted), `${type} ${value} in quotes`);
  }
});

test('strict: a required field must be there, and any fault refuses the message', () => {
  const judge = new Judge([number('v', { isRequired: true, max: 9 }), number('w', { max: 9 })]);
  assert.deepEqual(judge.of({ v: 1 }), { v: 1 });
  assert.equal(judge.of({ w: 1 }), 'field_missing');
  assert.equal(judge.of({ v: null, w: 1 }), 'field_missing');
  assert.equal(judge.of({ metrics: { v: null } }), 'field_missing');
  assert.equal(judge.of({ v: 1, w: 10 }), 'field_out_of_range');
  assert.equal(judge.of('{"v":1,"w":1e999}'), 'number_out_of_range');
  assert.equal(judge.of([{ v: 1 }, { v: 2 }, { w: 3 }]), 'field_missing', 'no sample of a refused message is stored');
});

test('flexible: a fault costs the field alone, but of a critical one the message', () => {
  const critical = { isRequired: true, isCritical: true } as const;
  const judge = new Judge([number('v', { ...critical, max: 9 }), number('w', { isRequired: true, max: 9 })], { mode: 'flexible' });
  assert.deepEqual(judge.of({ v: 1 }), { v: 1 });
  assert.deepEqual(judge.of({ v: 1, w: 10 }), { v: 1 });
  assert.equal(judge.kernel.counter(COUNTER_PIPELINE_FIELD_FAULTS), 1);
  assert.equal(judge.of({ v: 10, w: 1 }), 'field_out_of_range');
  assert.equal(judge.of({ w: 1 }), 'field_missing');
  const only = new Judge([number('w', { max: 9 })], { mode: 'flexible' });
  assert.equal(only.of({ w: 10 }), 'field_out_of_range', 'a message of which nothing is left is not passed over in silence');
});

test('a sample without a field has its default, and none that has it', () => {
  const judge = new Judge([number('v'), number('w', { default: 7, max: 3 }), { name: 's', type: 'text', metric: 'state', default: 'off' }]);
  assert.deepEqual(judge.of({ v: 1 }), { v: 1, w: 7, state: 'off' });
  assert.deepEqual(judge.of({ v: 1, w: 2, s: 'on' }), { v: 1, w: 2, state: 'on' });
  assert.equal(judge.kernel.counter(COUNTER_PIPELINE_DEFAULTED), 2);
  const bad = new Judge([number('v'), number('w', { default: 7, max: 3 })], { mode: 'flexible' });
  assert.deepEqual(bad.of({ v: 1, w: 4 }), { v: 1 }, 'a default does not stand in for a fault');
});

test('metrics that the schema does not name: stored, left out, or a fault in strict mode', () => {
  const of = (others: SchemaPlan['others'], mode: SchemaPlan['mode'] = 'strict') => new Judge([number('v')], { others, mode });
  const payload = { v: 1, other: 2, note: 'x' };
  assert.deepEqual(of('read').of(payload), payload);
  const skip = of('skip');
  assert.deepEqual([skip.of(payload), skip.of({ other: 2 })], [{ v: 1 }, {}]);
  assert.deepEqual(skip.kernel.names, ['v'], 'what is not stored needs no number');
  const refuse = of('refuse');
  assert.equal(refuse.of(payload), 'field_unexpected');
  assert.deepEqual(refuse.of({ v: 1 }), { v: 1 });
  assert.deepEqual(refuse.kernel.names, ['v']);
  assert.deepEqual(of('refuse', 'flexible').of(payload), { v: 1 });
});

test('what a schema leaves out does not become the shape of messages that have no schema', () => {
  const judge = new Judge([number('v')], { others: 'skip' });
  for (let i = 0; i < 20; i++) assert.deepEqual(judge.of({ metrics: { v: i, other: i } }), { v: i });
  for (let i = 0; i < 20; i++) assert.deepEqual(judge.of({ metrics: { v: i, other: i } }, { schema: 0 }), { v: i, other: i });
  for (let i = 0; i < 20; i++) assert.deepEqual(judge.of({ metrics: { v: i, other: i } }), { v: i });
});

test('two readings never become one metric', () => {
  const fields = [number('t', { metric: 'temperature' })];
  const strict = new Judge(fields);
  assert.equal(strict.of({ t: 1, temperature: 2 }), 'metric_duplicate');
  assert.deepEqual(strict.of({ temperature: 2 }), { temperature: 2 });
  const flexible = new Judge(fields, { mode: 'flexible' });
  assert.deepEqual(flexible.of({ t: 1, temperature: 2 }), { temperature: 1 });
  assert.deepEqual(flexible.of({ temperature: 2, t: 1 }), { temperature: 2 });
  const swapped = new Judge([number('a', { metric: 'b' }), number('b', { metric: 'a' })]);
  assert.deepEqual(swapped.of({ a: 1, b: 2 }), { b: 1, a: 2 });
  const defaulted = new Judge([number('t', { metric: 'temperature', default: 0, isRequired: true })]);
  assert.deepEqual(defaulted.of({ temperature: 2 }), { temperature: 2 });
});

test('the content format: what the sender named, then the schema, then the topic rule, then the shape', () => {
  const cbor = Buffer.from('a16176 01'.replace(' ', ''), 'hex');
  const judge = new Judge([number('v')], { format: 'cbor' });
  assert.deepEqual(judge.of(cbor), { v: 1 });
  assert.deepEqual(judge.of(cbor, { isFormatOfRule: true }, FORMAT_TEXT), { v: 1 });
  assert.deepEqual(judge.of('{"v":2}', {}, FORMAT_JSON), { v: 2 });
  assert.equal(judge.of('{"v":2}'), 'cbor_malformed');
  assert.equal(judge.of(cbor, { isFormatOfRule: true }, FORMAT_SPARKPLUG), 'protobuf_malformed');
  assert.deepEqual(new Judge([]).of(cbor, { isFormatOfRule: true }, FORMAT_CBOR), { v: 1 });
});

test('a schema names the members of its documents, in every format, in place of the plain profile alone', () => {
  const members = {
    members: {
      when: { action: MEMBER_IS_TS },
      n: { action: MEMBER_IS_SEQ },
      data: { action: MEMBER_OPEN, members: { deep: { action: MEMBER_OPEN } } },
    },
  };
  const judge = new Judge([number('t')], { members });
  const payload = Buffer.from(JSON.stringify({ when: TS_MS, n: 7, data: { t: 1, deep: { x: 2 }, ts: 3 }, readings: { y: 4 } }));
  assert.deepEqual(judge.of(payload), { t: 1, x: 2, ts: 3, 'readings.y': 4 });
  const { kernel } = judge;
  kernel.run([{ device: 99, receiveUs: RECEIVED_US, payload, context: { profile: 0, schema: 1 } }]);
  assert.ok(kernel.take().readings.every(({ tsUs }) => tsUs === TS_MS * 1000));
  const tasmota = { profile: PROFILE_TASMOTA, topic: 'tele/x/SENSOR' };
  assert.deepEqual(judge.of({ Time: new Date(TS_MS).toISOString(), when: 5, t: 1 }, tasmota), { when: 5, t: 1 });
  const map = Buffer.from('a26464617461a161740164776865 6e1b0000019ad3d5f800'.replace(' ', ''), 'hex');
  assert.deepEqual(judge.of(map, {}, FORMAT_CBOR), { t: 1 });
});

test('what says of itself that it has no readings lacks none', () => {
  const judge = new Judge([number('v', { isRequired: true })]);
  assert.deepEqual(judge.of('Online', { profile: PROFILE_NOTHING, topic: 'tele/x/LWT' }), {});
  assert.deepEqual(judge.of('', { isRetained: true, topic: 'x' }), {});
});

test('each sample of a message is judged by itself, and keeps its time', () => {
  const { kernel, ...judge } = new Judge([number('v', { scale: 2 }), number('w', { default: 0 })], { others: 'skip' });
  assert.ok(judge);
  const payload = Buffer.from(
    JSON.stringify([
      { ts: TS_MS, v: 1, x: 1 },
      { ts: TS_MS + 1, v: 2, w: 3 },
      { ts: TS_MS + 2, x: 1 },
    ]),
  );
  kernel.run([{ device: 1, receiveUs: RECEIVED_US, payload, context: { profile: 0, schema: 1 } }]);
  assert.deepEqual(
    kernel.take().readings.map(({ metric, tsUs, value }) => [metric, tsUs / 1000 - TS_MS, value]),
    [
      ['v', 0, 2],
      ['v', 1, 4],
      ['w', 0, 0],
      ['w', 1, 3],
      ['w', 2, 0],
    ],
  );
});

test('a message that is sent again is a duplicate by whichever version it is read', () => {
  const kernel = new TestKernel();
  for (const schema of [1, 2]) {
    kernel.schemas.set(schema, { number: schema, mode: 'strict', others: 'read', fields: [number('v', { scale: schema })] });
  }
  const send = (schema: number, payload: string, more: Partial<RecordContext> = {}) => {
    const context = schema === 0 && Object.keys(more).length === 0 ? {} : { context: { profile: 0, schema, ...more } };
    kernel.run([{ device: 1, receiveUs: RECEIVED_US, flags: 4, payload: Buffer.from(payload), ...context }]);
    return kernel.take().readings.length;
  };
  const routed = { topic: 'a/b' };
  for (const [index, more] of [{}, routed].entries()) {
    const payload = `{"v":${index}}`;
    assert.deepEqual([send(0, payload, more), send(1, payload, more), send(2, payload, { ...more })], [1, 0, 0]);
    assert.equal(send(2, payload, { ...routed, isFormatOfRule: true }), index === 0 ? 1 : 0);
  }
  const numbered = `{"ts":${TS_MS},"seq":1,"v":5}`;
  assert.deepEqual([send(1, numbered), send(2, numbered)], [1, 0]);
});

test('a firmware version is reported once, until another comes that is not older', () => {
  const fields = [{ name: 'metadata.firmware', type: 'any' } as const];
  const { kernel } = new Judge(fields, { firmwareField: 'metadata.firmware', others: 'skip', mode: 'flexible' });
  const send = (device: number, firmware: unknown, ts = TS_MS) => {
    const payload = Buffer.from(JSON.stringify({ ts, metadata: { firmware } }));
    kernel.run([{ device, receiveUs: RECEIVED_US, payload, context: { profile: 0, schema: 1 } }]);
  };
  const reports = () =>
    Array.from(readFirmware(takeFirmware(kernel.memory) ?? new Uint8Array()), ({ device, version }) => [device, version]);
  send(1, '1.0.0');
  send(2, '1.0.0');
  send(1, '1.0.0', TS_MS + 1);
  assert.deepEqual(reports(), [
    [1, '1.0.0'],
    [2, '1.0.0'],
  ]);
  send(1, '1.1.0', TS_MS + 2);
  send(1, '0.9.0', TS_MS + 1);
  send(2, 3, TS_MS + 2);
  send(2, 'x'.repeat(200), TS_MS + 3);
  assert.deepEqual(reports(), [
    [1, '1.1.0'],
    [2, '3'],
  ]);
  assert.deepEqual(reports(), []);
});

test('a message is stored whatever absent fields its neighbours have: a block of them is stored in parts', () => {
  const fields = Array.from({ length: 200 }, (_, field) => number(`f${field}`, { default: field }));
  const { kernel } = new Judge([...fields, { name: 'note', type: 'text', default: 'x'.repeat(100) }]);
  const count = 600;
  const records = Array.from({ length: count }, (_, index) => {
    return { device: index + 1, receiveUs: RECEIVED_US, payload: Buffer.from('{"f7":1}'), context: { profile: 0, schema: 1 } };
  });
  kernel.run(records, { replay: true });
  assert.equal(kernel.take().records, 0, 'a replay has no rows');
  kernel.run(records.map((record) => ({ ...record, receiveUs: RECEIVED_US + 120_000_000 })));
  const { readings, texts, deads, records: run } = kernel.take();
  assert.deepEqual([readings.length, texts.length, deads, run], [count * 200, count, [], count]);
  assert.ok(kernel.takenParts > 1, `${kernel.takenParts}`);
  assert.deepEqual(new Set(readings.map(({ device }) => device)).size, count);
  assert.equal(
    readings.reduce((sum, { value }) => sum + Number(value), 0),
    count * ((199 * 200) / 2 - 7 + 1),
  );
});

test('a message that has more of its own than a batch takes of one is refused, alone', () => {
  const texts = Array.from({ length: 100 }, (_, field) => ({ name: `t${field}`, type: 'text', default: 'x'.repeat(8000) }) as const);
  const judge = new Judge([number('v'), ...texts]);
  assert.equal(judge.of({ v: 1 }), 'readings_too_many');
  assert.equal(Object.keys(judge.of({ v: 1, ...Object.fromEntries(texts.slice(0, 50).map(({ name }) => [name, 'y'])) })).length, 101);
});
