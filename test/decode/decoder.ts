import { CODE_NONE } from '../../assembly/abi/codes.js';
import {
  DECODED_AT_KIND,
  DECODED_AT_METRIC,
  DECODED_AT_TEXT_BYTES,
  DECODED_AT_TEXT_OFFSET,
  DECODED_AT_VALUE,
  DECODED_NUMBER,
  DECODED_OFFSET,
  DECODED_READING_BYTES,
  INPUT_OFFSET,
  UNKNOWN_METRICS_OFFSET,
} from '../../assembly/abi/pipeline.js';
import { STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { fillPowers } from '../../src/host/powers.js';
import { fillProfiles } from '../../src/host/profiles.js';

interface Exports {
  addMetric(nameBytes: number, number: number): void;
  clearUnknownMetrics(): void;
  denyUnknownMetrics(deny: number): void;
  setMessageCount(count: number): void;
  decodeProbe(offset: number, bytes: number, receiveUs: number): number;
  decodeByShapeProbe(offset: number, bytes: number, receiveUs: number): number;
  decodeFormatProbe(format: number, offset: number, bytes: number, receiveUs: number): number;
  decodeInContextProbe(device: number, format: number, offset: number, bytes: number, receiveUs: number): number;
  learnShapeProbe(offset: number, bytes: number): number;
  decodedCount(): number;
  decodedHasTs(): number;
  decodedTsUs(): number;
  decodedHasSeq(): number;
  decodedSeq(): number;
  decodedNulls(): number;
  decodedRounded(): number;
  decodedSampleCount(): number;
  decodedSkipped(): number;
  unknownMetrics(): number;
}

export type Value = number | string;

export interface Decoded {
  code: number;
  readings: [metric: string, value: Value][];
  tsUs: number | undefined;
  seq: number | undefined;
  nulls: number;
}

/** A pipeline kernel of which only the decoder is used, playing the host that knows metric names. */
export class Decoder {
  readonly kernel: Exports;
  readonly memory: KernelMemory;
  readonly names: string[] = [''];
  readonly #numbers = new Map<string, number>();

  constructor() {
    const memory = kernelMemory(PIPELINE_END);
    this.kernel = loadKernel<Exports>('pipeline', memory);
    this.memory = new KernelMemory(memory);
    fillPowers(this.memory);
    fillProfiles(this.memory);
  }

  addMetric(name: string): number {
    const known = this.#numbers.get(name);
    if (known !== undefined) return known;
    const bytes = Buffer.from(name);
    this.memory.bytes.set(bytes, STAGE_OFFSET);
    const number = this.names.push(name) - 1;
    this.kernel.addMetric(bytes.length, number);
    this.#numbers.set(name, number);
    return number;
  }

  /** Names in the unknown list, in order. */
  unknownNames(): string[] {
    const { view, bytes } = this.memory;
    const names: string[] = [];
    let at = UNKNOWN_METRICS_OFFSET + 4;
    for (let rest = view.getUint32(UNKNOWN_METRICS_OFFSET, true); rest > 0; rest--) {
      const length = view.getUint16(at, true);
      names.push(Buffer.from(bytes.subarray(at + 2, at + 2 + length)).toString());
      at += 2 + length;
    }
    return names;
  }

  /** Lays the payload down with `after` behind it, decodes it once, and answers its code. */
  probe(payload: Uint8Array, receiveUs: number, after?: Uint8Array): number {
    this.memory.bytes.set(payload, INPUT_OFFSET);
    if (after) this.memory.bytes.set(after, INPUT_OFFSET + payload.length);
    return this.kernel.decodeProbe(INPUT_OFFSET, payload.length, receiveUs);
  }

  /** Decodes a payload as the pipeline does: once more after each round of new names. */
  decode(payload: Uint8Array | string, receiveUs: number, after?: Uint8Array): Decoded {
    const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload;
    for (let round = 0; round < 3; round++) {
      const code = this.probe(bytes, receiveUs, after);
      if (code !== CODE_NONE || this.kernel.unknownMetrics() === 0) return this.#decoded(code);
      for (const name of this.unknownNames()) this.addMetric(name);
      this.kernel.clearUnknownMetrics();
    }
    throw new Error('the kernel goes on asking for metrics');
  }

  /** Decodes a good payload in full, and learns its shape; false: it has none. */
  learnShape(payload: Uint8Array, receiveUs: number): boolean {
    this.decode(payload, receiveUs);
    // The kernel learns only now and then.
    for (let times = 0; times < 8; times++) if (this.kernel.learnShapeProbe(INPUT_OFFSET, payload.length) !== 0) return true;
    return false;
  }

  /** Decodes a payload by the shape that was learned last; undefined: it is not of that shape. */
  decodeByShape(payload: Uint8Array, receiveUs: number, after?: Uint8Array): Decoded | undefined {
    this.memory.bytes.set(payload, INPUT_OFFSET);
    if (after) this.memory.bytes.set(after, INPUT_OFFSET + payload.length);
    const hit = this.kernel.decodeByShapeProbe(INPUT_OFFSET, payload.length, receiveUs);
    return hit === 0 ? undefined : this.#decoded(CODE_NONE);
  }

  #decoded(code: number): Decoded {
    const { kernel } = this;
    const readings: Decoded['readings'] = [];
    for (let i = 0; i < (code === CODE_NONE ? kernel.decodedCount() : 0); i++) readings.push(this.#reading(i));
    return {
      code,
      readings,
      tsUs: kernel.decodedHasTs() ? kernel.decodedTsUs() : undefined,
      seq: kernel.decodedHasSeq() ? kernel.decodedSeq() : undefined,
      nulls: kernel.decodedNulls(),
    };
  }

  #reading(index: number): [string, Value] {
    const { view, bytes } = this.memory;
    const at = DECODED_OFFSET + index * DECODED_READING_BYTES;
    const name = this.names[view.getUint32(at + DECODED_AT_METRIC, true)] as string;
    if (view.getUint32(at + DECODED_AT_KIND, true) === DECODED_NUMBER) {
      return [name, view.getFloat64(at + DECODED_AT_VALUE, true)];
    }
    const textAt = view.getUint32(at + DECODED_AT_TEXT_OFFSET, true);
    const textBytes = view.getUint32(at + DECODED_AT_TEXT_BYTES, true);
    return [name, Buffer.from(bytes.subarray(textAt, textAt + textBytes)).toString()];
  }
}
