import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { CODEC_MESSAGES_MAX } from '../../assembly/abi/codecs.js';
import type { CodecPlan } from '../../src/contract/codecs/codec-plan.js';
import type { SchemaField, SchemaPlan } from '../../src/contract/schemas/schema-plan.js';
import { codecPlan, compileCodec, waterFrame, waterMeter } from '../support/codec-modules.js';
import { TestKernel } from '../support/pipeline-kernel.js';

const RECEIVED_US = Date.UTC(2026, 10, 30, 9) * 1000;
const HOUR_US = 3_600_000_000;

let meter: CodecPlan;
before(async () => {
  meter = codecPlan(await waterMeter());
});

/** A kernel whose schema version 1 names the codec. */
function kernelWith(codec: CodecPlan, fields: readonly SchemaField[] = [], more: Partial<SchemaPlan> = {}): TestKernel {
  const kernel = new TestKernel();
  kernel.schemas.set(1, { number: 1, mode: 'strict', others: 'read', codec, fields, ...more });
  return kernel;
}

function record(device: number, payload: Uint8Array | string, prefix?: string) {
  return { device, receiveUs: RECEIVED_US, payload, context: { profile: 0, schema: 1, ...(prefix !== undefined && { prefix }) } };
}

function rowsOf(kernel: TestKernel): unknown[] {
  const { readings, texts } = kernel.take();
  return [...readings, ...texts].map(({ device, metric, tsUs, value }) => [device, metric, tsUs - RECEIVED_US, value]);
}

/** The reason of the one dead letter that a payload becomes. */
async function reasonOf(source: string, payload: string | Uint8Array = 'x', fuelMax?: number): Promise<string> {
  const codec = codecPlan(await compileCodec(source), fuelMax === undefined ? {} : { fuelMax });
  const kernel = kernelWith(codec);
  kernel.run([record(1, payload), record(2, payload)]);
  const { deads, readings } = kernel.take();
  assert.deepEqual([deads.length, readings], [2, []]);
  return [...new Set(deads.map(({ reason }) => reason))].join();
}

const codecOf = (body: string) => `// A codec.
  import { alloc, emitNumber, emitText } from "./spillway";
  export { alloc };
  let seen: i32 = 0;
  ${body}`;

test('a codec decodes what no plan describes, with times, a sequence number and samples', () => {
  const kernel = kernelWith(meter);
  kernel.run([record(7, waterFrame({ counter: 5, litres: 1000, celsius: -1.25, flags: 1, ageSeconds: 60, steps: [3, 250] }))]);
  const at = -60_000_000;
  assert.deepEqual(rowsOf(kernel), [
    [7, 'litres', at - 2 * HOUR_US, 747],
    [7, 'litres', at - HOUR_US, 997],
    [7, 'litres', at, 1000],
    [7, 'temperature', at, -1.25],
    [7, 'state', at, 'leak'],
  ]);
});

test('the schema of the codec applies: names, units, ranges; and so does the sequence number', () => {
  const fields: SchemaField[] = [
    { name: 'litres', metric: 'volume', type: 'number', scale: 0.001 },
    { name: 'temperature', type: 'number', min: 0, max: 60, outside: 'reject' },
  ];
  const kernel = kernelWith(meter, fields, { others: 'skip' });
  kernel.run([record(1, waterFrame({ litres: 1500 })), record(1, waterFrame({ litres: 1500 })), record(2, waterFrame({ celsius: 90 }))]);
  const { readings, texts, deads } = kernel.take();
  assert.deepEqual(
    [readings.map(({ metric, value }) => [metric, value]), texts],
    [
      [
        ['volume', 1.5],
        ['temperature', 12.5],
      ],
      [],
    ],
  );
  assert.deepEqual(
    deads.map(({ reason }) => reason),
    ['field_out_of_range'],
  );
});

test('messages of codecs and others stand in one block, in their order, and more of them than a list holds', () => {
  const kernel = kernelWith(meter);
  const messages = 2 * CODEC_MESSAGES_MAX + 10;
  const records = Array.from({ length: messages }, (_, index) =>
    index % 3 === 0
      ? { device: 1, receiveUs: RECEIVED_US + index, payload: `{"metrics":{"litres":${index}}}` }
      : record(2, waterFrame({ counter: index, litres: index })),
  );
  kernel.run(records);
  const { readings, records: run, deads } = kernel.take();
  assert.deepEqual([run, deads.length], [messages, 0]);
  const litres = readings.filter(({ metric }) => metric === 'litres').map(({ value }) => value as number);
  assert.deepEqual(
    litres.toSorted((a, b) => a - b),
    Array.from({ length: messages }, (_, index) => index),
  );
});

test('what a message before it left in the memory or in variables of a codec is not there for the next one', async () => {
  const source = codecOf(`
    const kept = memory.data(8);
    export function decode(at: usize, bytes: i32): i32 {
      seen++;
      store<i32>(kept, load<i32>(kept) + 1);
      if (load<u8>(at) == 0x67) memory.grow(2);
      emitNumber('seen', seen);
      emitNumber('kept', load<i32>(kept));
      emitNumber('pages', memory.size());
      return 0;
    }`);
  const kernel = kernelWith(codecPlan(await compileCodec(source)));
  kernel.run(['a', 'g', 'b'].map((payload, index) => record(index + 1, payload)));
  const pages = new Map<number, number>();
  for (const { device, metric, value } of kernel.take().readings) {
    if (metric === 'pages') pages.set(device, value as number);
    else assert.equal(value, 1, metric);
  }
  assert.equal(pages.get(2), (pages.get(1) as number) + 2);
  assert.equal(pages.get(3), pages.get(1));
});

test('each fault of a codec is a dead letter with a code of its own, and the messages after it are decoded', async () => {
  const decode = (body: string) => codecOf(`export function decode(at: usize, bytes: i32): i32 { ${body} }`);
  assert.equal(await reasonOf(decode('return load<i32>(0xfffffff0);')), 'codec_trapped');
  assert.equal(await reasonOf(decode('return 1 / (bytes - 1);')), 'codec_trapped');
  assert.equal(await reasonOf(decode('assert(bytes == 2); return 0;')), 'codec_trapped');
  assert.equal(
    await reasonOf(
      codecOf(
        'function deep(n: i32): i32 { return n == 0 ? 0 : 1 + deep(n - 1) * 3; } export function decode(at: usize, bytes: i32): i32 { return deep(1000); }',
      ),
    ),
    'codec_trapped',
  );
  assert.equal(await reasonOf(decode('while (true) seen++; return 0;')), 'codec_fuel_exhausted');
  assert.equal(await reasonOf(decode('for (;;) memory.fill(0, 0, 60000); return 0;')), 'codec_fuel_exhausted');
  assert.equal(await reasonOf(decode('return 7;')), 'codec_refused');
  assert.equal(
    await reasonOf(decode("for (let i = 0; i < 400; i++) emitText('t' + i.toString(), 'x'.repeat(600)); return 0;"), 'x', 50_000_000),
    'codec_output_oversize',
  );
  assert.equal(await reasonOf(decode("emitNumber('n'.repeat(300), 1); return 0;")), 'codec_output_invalid');
  assert.equal(await reasonOf(decode('return 0;')), 'metrics_missing');
  assert.equal(await reasonOf(decode("emitNumber('a', 1); emitNumber('a', 2); return 0;")), 'metric_duplicate');
  const malformed = `
    // @ts-ignore: decorator
    @external('spillway', 'emit_text')
    declare function emitTextAt(nameAt: usize, nameBytes: i32, textAt: usize, textBytes: i32): void;`;
  assert.equal(
    await reasonOf(malformed + decode('emitTextAt(at, 1, at, 2); return 0;'), Buffer.from([0x61, 0xff])),
    'codec_output_invalid',
  );
  assert.equal(await reasonOf(malformed + decode('emitTextAt(at, 1, 0x7fffffff, 2); return 0;')), 'codec_output_invalid');
});

test('a run takes the same fuel each time, and the limit is met exactly', async () => {
  const source = codecOf(
    "export function decode(at: usize, bytes: i32): i32 { for (let i = 0; i < 100; i++) seen += i; emitNumber('seen', seen); return 0; }",
  );
  const wasm = await compileCodec(source);
  const kernel = kernelWith(codecPlan(wasm));
  kernel.run([record(1, 'a')]);
  const first = kernel.codecs.take();
  kernel.run([record(2, 'a')]);
  assert.deepEqual(kernel.codecs.take(), first);
  const fuel = first?.[0]?.fuel as number;
  assert.ok(fuel > 300 && fuel < 5000, `${fuel}`);
  for (const [fuelMax, deads] of [
    [fuel, 0],
    [fuel - 1, 1],
  ] as const) {
    const tight = kernelWith(codecPlan(wasm, { fuelMax }));
    tight.run([record(1, 'a')]);
    assert.equal(tight.take().deads.length, deads);
  }
});

test('names of a codec are new metrics as others are, take a prefix, and are refused one by one', () => {
  const kernel = kernelWith(meter);
  kernel.run([record(1, waterFrame(), 'cellar.')]);
  assert.deepEqual(kernel.names, ['cellar.litres', 'cellar.temperature', 'cellar.state']);
  const denied = kernelWith(meter);
  denied.run([record(1, waterFrame())], { deny: true });
  assert.deepEqual(
    denied.take().deads.map(({ reason }) => reason),
    ['metric_unknown'],
  );
});

test('the log run again gives the same rows', () => {
  const [one, other] = [kernelWith(meter), kernelWith(meter)];
  const records = Array.from({ length: 20 }, (_, index) => record(index % 3, waterFrame({ counter: index, litres: index, steps: [1, 2] })));
  one.run(records);
  other.run(records);
  assert.deepEqual(rowsOf(one), rowsOf(other));
});
