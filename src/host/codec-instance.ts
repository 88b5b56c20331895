import { CODEC_NEXT_SAMPLE, CODEC_SEQUENCE, CODEC_TIME } from '../../assembly/abi/codecs.js';
import { CODE_CODEC_FUEL_EXHAUSTED, CODE_CODEC_REFUSED, CODE_CODEC_TRAPPED, CODE_NONE } from '../../assembly/abi/codes.js';
import {
  CALL_DEPTH_MAX,
  CODEC_ALLOC,
  CODEC_DECODE,
  CODEC_INITIALIZE,
  CODEC_MEMORY,
  METER_DEPTH,
  METER_FUEL,
  METER_GLOBAL,
} from '../contract/codecs/codec-abi.js';
import type { CodecPlan } from '../contract/codecs/codec-plan.js';
import { type CodecOutput, CodecOutputError } from './codec-output.js';

/** The memory of a codec is its own, and grows. */
interface CodecMemory {
  readonly buffer: ArrayBuffer;
}

interface Exports {
  alloc(bytes: number): number;
  decode(at: number, bytes: number): number;
  _initialize?(): void;
}

/** A codec, and the state that it had before its first message: each message is decoded by it as if it were the first. */
export class CodecInstance {
  readonly #plan: CodecPlan;
  readonly #output: CodecOutput;
  #exports!: Exports;
  #memory!: CodecMemory;
  #fuel!: WebAssembly.Global;
  #depth!: WebAssembly.Global;
  #globals: readonly (readonly [global: WebAssembly.Global, value: number | bigint])[] = [];
  /** Its memory at the beginning, up to the last byte that is not 0. */
  #initial: Uint8Array = new Uint8Array(0);
  #bytes: Uint8Array = new Uint8Array(0);
  #receivedUs = 0;
  #isFresh = false;

  /** Throws where the module cannot be brought up: its data lies outside its memory, or _initialize fails. */
  constructor(plan: CodecPlan, output: CodecOutput) {
    this.#plan = plan;
    this.#output = output;
    this.#instantiate();
  }

  /** Fuel that the last run took. */
  get fuelUsed(): number {
    return this.#plan.fuelMax - Math.max(0, Number(this.#fuel.value));
  }

  /** Lays the items of a message into the output; answers CODE_NONE, or why there are none that count. */
  run(payload: Uint8Array, receivedUs: number): number {
    this.#receivedUs = receivedUs;
    try {
      this.#reset();
      const at = this.#exports.alloc(payload.length) >>> 0;
      const bytes = this.#grown();
      if (at + payload.length > bytes.length) return CODE_CODEC_TRAPPED;
      bytes.set(payload, at);
      return this.#exports.decode(at, payload.length) === 0 ? CODE_NONE : CODE_CODEC_REFUSED;
    } catch (error) {
      if (error instanceof CodecOutputError) return error.code;
      return Number(this.#fuel.value) < 0 ? CODE_CODEC_FUEL_EXHAUSTED : CODE_CODEC_TRAPPED;
    }
  }

  #instantiate(): void {
    const { exports } = new WebAssembly.Instance(this.#plan.module, { spillway: this.#offered(), env: { abort: trap } });
    this.#exports = { alloc: exports[CODEC_ALLOC], decode: exports[CODEC_DECODE], _initialize: exports[CODEC_INITIALIZE] } as Exports;
    this.#memory = exports[CODEC_MEMORY] as CodecMemory;
    this.#fuel = exports[METER_FUEL] as WebAssembly.Global;
    this.#depth = exports[METER_DEPTH] as WebAssembly.Global;
    this.#fuelUp();
    this.#exports._initialize?.();
    const globals = Object.entries(exports).filter(([name]) => name.startsWith(METER_GLOBAL));
    this.#globals = globals.map(([, global]) => [global as WebAssembly.Global, (global as WebAssembly.Global).value]);
    this.#bytes = new Uint8Array(this.#memory.buffer);
    this.#initial = this.#bytes.slice(0, this.#bytes.findLastIndex((byte) => byte !== 0) + 1);
    this.#isFresh = true;
  }

  #offered(): Record<string, unknown> {
    const output = this.#output;
    return {
      emit_number: (nameAt: number, nameBytes: number, value: number) => output.number(this.#grown(), nameAt, nameBytes, value),
      emit_text: (nameAt: number, nameBytes: number, textAt: number, textBytes: number) =>
        output.text(this.#grown(), nameAt, nameBytes, textAt, textBytes),
      emit_time: (us: number) => output.mark(CODEC_TIME, us),
      emit_sequence: (value: number) => output.mark(CODEC_SEQUENCE, value),
      next_sample: () => output.mark(CODEC_NEXT_SAMPLE, 0),
      received_at: () => this.#receivedUs,
    };
  }

  /** Its memory, which has another buffer once it grew. */
  #grown(): Uint8Array {
    if (this.#bytes.buffer !== this.#memory.buffer) {
      this.#bytes = new Uint8Array(this.#memory.buffer);
      this.#isFresh = false;
    }
    return this.#bytes;
  }

  #reset(): void {
    const pages = this.#bytes;
    // A memory that grew does not shrink.
    if (this.#grown() !== pages || !this.#isFresh) this.#instantiate();
    else {
      pages.set(this.#initial);
      pages.fill(0, this.#initial.length);
      for (const [global, value] of this.#globals) global.value = value;
    }
    this.#fuelUp();
  }

  #fuelUp(): void {
    this.#fuel.value = this.#plan.fuelMax;
    this.#depth.value = CALL_DEPTH_MAX;
  }
}

function trap(): never {
  throw new Error('the codec ended itself');
}
