import { readFileSync } from 'node:fs';
import { CODE_NAME_BYTES } from '../../assembly/abi/codes.js';
import { GATEWAY_END } from '../../assembly/abi/gateway.js';
import { ABI_VERSION } from '../../assembly/abi/limits.js';
import { CODE_NAMES_OFFSET, COUNTERS_MAX, COUNTERS_OFFSET } from '../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { refusalCodes } from '../contract/codes.js';

/** Thrown when an assertion inside a kernel fails: the instance's state can no longer be trusted. */
export class KernelAbort extends Error {
  constructor(kernel: string, message: string, file: string, line: number) {
    super(`kernel ${kernel} stopped: ${message} (${file}:${line})`);
    this.name = 'KernelAbort';
  }
}

const PAGE_BYTES = 65536;
const MEMORY_PAGES_MAX = 65536;

/** Linear memory for one kernel: zeroed, shared, and resident only where it is touched. */
export function kernelMemory(endOffset: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: Math.ceil(endOffset / PAGE_BYTES), maximum: MEMORY_PAGES_MAX, shared: true });
}

/** A kernel's memory as the host reads and writes it. */
export class KernelMemory {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly counters: BigUint64Array;
  readonly #buffer: Buffer;

  constructor(memory: WebAssembly.Memory) {
    this.bytes = new Uint8Array(memory.buffer);
    this.view = new DataView(memory.buffer);
    this.#buffer = Buffer.from(memory.buffer);
    this.counters = new BigUint64Array(memory.buffer, COUNTERS_OFFSET, COUNTERS_MAX);
  }

  slice(offset: number, length: number): Uint8Array {
    return this.bytes.slice(offset, offset + length);
  }

  /** Not copied: the kernel may use the bytes for something else once it runs again. */
  peek(offset: number, length: number): Buffer {
    return this.#buffer.subarray(offset, offset + length);
  }
}

/** Instantiates `dist/assembly/{name}.wasm` over `memory`, after checking that both sides read the same abi. */
export function loadKernel<Exports>(name: 'gateway' | 'pipeline' | 'trial', memory: WebAssembly.Memory): Exports {
  const module = new WebAssembly.Module(readFileSync(new URL(`../../assembly/${name}.wasm`, import.meta.url)));
  const bytes = new Uint8Array(memory.buffer);
  const text = (pointer: number) => readString(memory, pointer);
  const instance = new WebAssembly.Instance(module, {
    env: {
      memory,
      abort(message: number, file: number, line: number) {
        throw new KernelAbort(name, text(message), text(file), line);
      },
    },
  });
  const exports = instance.exports as unknown as Exports & { abiVersion(): number };
  const expected = ABI_VERSION + (name === 'gateway' ? GATEWAY_END : PIPELINE_END);
  if (exports.abiVersion() !== expected) {
    throw new Error(
      `cannot load kernel ${name}: it was built with abi ${exports.abiVersion()}, this program with ${expected}; run npm run build`,
    );
  }
  for (const { number, name: codeName } of refusalCodes) {
    const at = CODE_NAMES_OFFSET + number * CODE_NAME_BYTES;
    bytes[at] = codeName.length;
    bytes.set(Buffer.from(codeName, 'ascii'), at + 1);
  }
  return exports;
}

/** An AssemblyScript string: UTF-16 code units, byte length in the header before it. */
function readString(memory: WebAssembly.Memory, pointer: number): string {
  if (pointer === 0) return '';
  const bytes = new DataView(memory.buffer).getUint32(pointer - 4, true);
  return Buffer.from(memory.buffer, pointer, bytes).toString('utf16le');
}
