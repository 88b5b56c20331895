import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { CODEC_ITEMS_BYTES_MAX } from '../../../assembly/abi/codecs.js';
import { CODE_NONE } from '../../../assembly/abi/codes.js';
import { CODEC_FUEL_MAX, CODEC_PAGES_DEFAULT } from '../../../src/contract/codecs/codec-abi.js';
import { codecCodes } from '../../../src/contract/codecs/codec-codes.js';
import { problemOf } from '../../../src/control/codecs/codecs.js';
import { signed, unsigned } from '../../../src/control/codecs/module/binary.js';
import { meteredModule } from '../../../src/control/codecs/module/metered-module.js';
import { CodecInstance } from '../../../src/host/codec-instance.js';
import { CodecOutput } from '../../../src/host/codec-output.js';
import { codecPlan, compileCodec, rustWaterMeter, waterFrame, waterMeter } from '../../support/codec-modules.js';
import { Random } from '../../support/random.js';

const HEAD = "import { alloc } from './spillway'; export { alloc };";
const DECODE = 'export function decode(at: usize, bytes: i32): i32 { return 0; }';
const refusedOf = (wasm: Uint8Array, pages = CODEC_PAGES_DEFAULT) => problemOf(wasm, pages, CODEC_FUEL_MAX);

let sound: Uint8Array;
before(async () => {
  sound = await waterMeter();
});

test('the example is a codec, and the module that is run has its limits', () => {
  assert.equal(refusedOf(sound), undefined);
  const metered = meteredModule(sound, 3);
  const { memory } = new WebAssembly.Instance(new WebAssembly.Module(metered), { spillway: offered, env: { abort() {} } }).exports as {
    memory: { grow(pages: number): number };
  };
  assert.throws(() => memory.grow(3), RangeError);
  assert.deepEqual(meteredModule(sound, 3), metered, 'the same each time');
});

const offered = Object.fromEntries(
  ['emit_number', 'emit_text', 'emit_time', 'emit_sequence', 'next_sample', 'received_at'].map((name) => [name, () => 0]),
);

test('a module that may not be a codec is refused by what it holds', async () => {
  const refused = async (source: string, ...flags: string[]) => refusedOf(await compileCodec(source, flags)) ?? 'it is taken';
  const decode = (before: string, body: string) =>
    `${HEAD} ${before} export function decode(at: usize, bytes: i32): i32 { ${body} return 0; }`;
  const declared = (module: string, name: string, type: string) =>
    `@external('${module}', '${name}') declare function f(a: ${type}): void;`;
  assert.match(await refused(HEAD), /exports no function decode\(i32 i32\) -> i32/);
  assert.match(await refused(`${HEAD} export function decode(at: usize): i32 { return 0; }`), /exports no function decode/);
  assert.match(await refused(DECODE), /exports no function alloc\(i32\) -> i32/);
  const writing = decode(declared('wasi_snapshot_preview1', 'fd_write', 'i32'), 'f(1);');
  assert.match(await refused(writing), /imports wasi_snapshot_preview1\.fd_write, which is not offered/);
  assert.match(await refused(decode(declared('spillway', 'emit_time', 'i64'), 'f(1);')), /imports spillway\.emit_time with other types/);
  assert.match(await refused(decode('', ''), '--initialMemory', '17'), /begins with 17 pages, and the limit is 16/);
  const vectors = decode('', 'store<i32>(0, i32x4.extract_lane(v128.load(at), 0));');
  assert.match(await refused(vectors, '--enable', 'simd'), /uses SIMD, which codecs may not/);
  const endless = `${decode('', '')} export function _initialize(): void { for (;;) store<i32>(0, 1); }`;
  assert.match(await refused(endless, '--exportStart', 'begin'), /cannot be brought up: /);
  assert.match(refusedOf(Buffer.from('no module')) ?? '', /no valid WebAssembly module/);
  assert.match(refusedOf(sound.subarray(0, sound.length - 3)) ?? '', /no valid WebAssembly module/);
});

test('a start function is refused with what to do instead', async () => {
  const source = `${HEAD} ${DECODE} let n: i32 = 0; for (let i = 0; i < 3; i++) n += load<i32>(i); export function m(): i32 { return n; }`;
  assert.equal(refusedOf(await compileCodec(source)), undefined, 'exported, it is called once');
  assert.match(refusedOf(await compileCodec(source, [], [])) ?? '', /has a start function: let it export _initialize/);
});

test('a codec of which bytes were changed is refused, or runs within its limits', (t) => {
  const random = new Random();
  t.diagnostic(`seed ${random.seed}`);
  const output = new CodecOutput(new Uint8Array(CODEC_ITEMS_BYTES_MAX));
  const codes = new Map<number, number>();
  const frame = waterFrame({ steps: [1, 2, 3] });
  let refused = 0;
  for (let attempt = 0; attempt < 400; attempt++) {
    const changed = Uint8Array.from(sound);
    for (let changes = 1 + (attempt % 3); changes > 0; changes--) changed[random.below(changed.length)] = random.below(256);
    if (refusedOf(changed) === undefined) {
      output.begin(0);
      const code = new CodecInstance(codecPlan(changed), output).run(frame, 0);
      codes.set(code, (codes.get(code) ?? 0) + 1);
    } else refused++;
  }
  const run = [...codes.values()].reduce((sum, times) => sum + times, 0);
  assert.ok(refused > 20 && run > 20, `${refused} were refused, ${run} ran`);
  const known = [CODE_NONE, ...codecCodes.map(({ number }) => number)];
  assert.deepEqual(
    [...codes.keys()].filter((code) => !known.includes(code)),
    [],
  );
});

test('numbers are written as LEB128 has them', () => {
  assert.deepEqual([0, 127, 128, 624485].map(unsigned), [[0], [127], [0x80, 1], [0xe5, 0x8e, 0x26]]);
  assert.deepEqual([0, 63, 64, 128, 8191, 8192].map(signed), [[0], [63], [0xc0, 0], [0x80, 1], [0xff, 0x3f], [0x80, 0xc0, 0]]);
});

test('the example in Rust gives what that in AssemblyScript gives, where the compiler has the target', async (t) => {
  const wasm = rustWaterMeter();
  if (!wasm) t.diagnostic('rustc has no target wasm32-unknown-unknown: the example is not built');
  const plans = [sound, ...(wasm ? [wasm] : [])].map((module) => codecPlan(module));
  const outputs = plans.map((plan) => {
    const bytes = new Uint8Array(CODEC_ITEMS_BYTES_MAX);
    const output = new CodecOutput(bytes);
    output.begin(0);
    const code = new CodecInstance(plan, output).run(waterFrame({ celsius: -3, flags: 2, ageSeconds: 9, steps: [1, 200] }), 1e15);
    return [code, Buffer.from(bytes.subarray(0, output.length)).toString('latin1')];
  });
  assert.equal(outputs[0]?.[0], CODE_NONE);
  for (const output of outputs) assert.deepEqual(output, outputs[0]);
});
