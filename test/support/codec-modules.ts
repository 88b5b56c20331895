import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import asc from 'assemblyscript/asc';
import { CODEC_FUEL_DEFAULT, CODEC_PAGES_DEFAULT } from '../../src/contract/codecs/codec-abi.js';
import type { CodecPlan } from '../../src/contract/codecs/codec-plan.js';
import { meteredModule } from '../../src/control/codecs/module/metered-module.js';

const folder = new URL('../../../test/codecs/assemblyscript/', import.meta.url);

/** Compiles AssemblyScript to a module; `start`: what becomes of code outside functions. `import` of `./spillway` finds what codecs share. */
export async function compileCodec(
  source: string,
  flags: readonly string[] = [],
  start: readonly string[] = ['--exportStart', '_initialize'],
): Promise<Uint8Array> {
  let module: Uint8Array | undefined;
  const options = ['codec.ts', '--outFile', 'codec.wasm', '--runtime', 'stub', '-O2', '--noColors', ...start, ...flags];
  const { error, stderr } = await asc.main(options, {
    readFile: (name) => (name === 'codec.ts' ? source : name === 'spillway.ts' ? readFileSync(new URL(name, folder), 'utf8') : null),
    writeFile: (_, contents) => {
      module = contents as Uint8Array;
    },
    listFiles: () => [],
  });
  assert.ok(module, `${error?.message}\n${stderr}`);
  return module;
}

/** The example in AssemblyScript. */
export async function waterMeter(): Promise<Uint8Array> {
  return compileCodec(readFileSync(new URL('water-meter.ts', folder), 'utf8'));
}

/** The example in Rust; undefined: the compiler has no target for it. */
export function rustWaterMeter(): Uint8Array | undefined {
  const to = mkdtempSync(join(tmpdir(), 'spillway-codec-'));
  const [source, module] = [fileURLToPath(new URL('../rust/water_meter.rs', folder)), join(to, 'water-meter.wasm')];
  const options = ['--edition', '2021', '--crate-type', 'cdylib', '--target', 'wasm32-unknown-unknown', '-C', 'opt-level=s'];
  try {
    execFileSync('rustc', [...options, '-C', 'panic=abort', '-C', 'link-arg=-zstack-size=16384', '-o', module, source], {
      stdio: 'ignore',
    });
    return readFileSync(module);
  } catch {
    return undefined;
  } finally {
    rmSync(to, { recursive: true });
  }
}

/** A frame of the water meter, as its device writes it. */
export function waterFrame({ counter = 1, litres = 1000, celsius = 12.5, flags = 0, ageSeconds = 0, steps = [] as number[] } = {}): Buffer {
  const frame = Buffer.alloc(13);
  frame.writeUInt8(0x57, 0);
  frame.writeUInt8(flags, 1);
  frame.writeUInt16BE(counter, 2);
  frame.writeUInt32BE(litres, 4);
  frame.writeInt16BE(Math.round(celsius * 100), 8);
  frame.writeUInt16BE(ageSeconds, 10);
  frame.writeUInt8(steps.length, 12);
  return Buffer.concat([frame, Buffer.from(steps)]);
}

export function codecPlan(wasm: Uint8Array, { number = 1, name = 'meter@1', fuelMax = CODEC_FUEL_DEFAULT } = {}): CodecPlan {
  return { number, name, module: new WebAssembly.Module(meteredModule(wasm, CODEC_PAGES_DEFAULT)), fuelMax };
}
