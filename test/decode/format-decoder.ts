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
  INPUT_BYTES,
  INPUT_OFFSET,
  SAMPLE_AT_FLAGS,
  SAMPLE_AT_READINGS_END,
  SAMPLE_AT_SEQ,
  SAMPLE_AT_TS_US,
  SAMPLE_BYTES,
  SAMPLE_HAS_SEQ,
  SAMPLE_HAS_TS,
  SAMPLES_OFFSET,
} from '../../assembly/abi/pipeline.js';
import { Decoder, type Value } from './decoder.js';

/** What a message says of one moment; a field that is absent is undefined. */
export interface Sample {
  readings: [metric: string, value: Value][];
  tsUs?: number | undefined;
  seq?: number | undefined;
}

export interface DecodedMessage {
  code: number;
  samples: Sample[];
  nulls: number;
  /** Values that were left out, and whole numbers that were rounded. */
  skipped: number;
  rounded: number;
}

/** What may lie after a payload in memory: none of it may change what the payload means. */
const POISONS = [0x00, 0xff, 0x61, 0xa1, 0x81, 0x18, 0xc1, 0x7f, 0xf5].map((byte) => Buffer.alloc(64, byte));

/** Decodes payloads of one format in a kernel of its own. */
export class FormatDecoder {
  readonly decoder = new Decoder();
  readonly #format: number;
  readonly #context: Uint8Array;

  /** `context`: as encodeContext writes it; empty: none. */
  constructor(format: number, context: Uint8Array = new Uint8Array(0)) {
    this.#format = format;
    this.#context = context;
  }

  /** Decodes once, with `after` behind the payload, at the very end of the input region: answers the code. */
  probe(payload: Uint8Array, receiveUs: number, after: Uint8Array = POISONS[0] as Buffer): number {
    const { kernel, memory } = this.decoder;
    const at = INPUT_OFFSET + INPUT_BYTES - payload.length - after.length;
    memory.bytes.set(payload, at);
    memory.bytes.set(after, at + payload.length);
    const contextBytes = this.#context.length;
    if (contextBytes === 0) return kernel.decodeFormatProbe(this.#format, at, payload.length, receiveUs);
    memory.bytes.set(this.#context, at - contextBytes);
    return kernel.decodeInContextProbe(1, this.#format, at - contextBytes, contextBytes + payload.length, receiveUs);
  }

  /** Decodes as the pipeline does: once more after each round of new names. */
  decode(payload: Uint8Array, receiveUs: number, after?: Uint8Array): DecodedMessage {
    const { kernel } = this.decoder;
    for (let round = 0; round < 4; round++) {
      const code = this.probe(payload, receiveUs, after);
      if (code !== CODE_NONE || kernel.unknownMetrics() === 0) return this.#decoded(code);
      for (const name of this.decoder.unknownNames()) this.decoder.addMetric(name);
      kernel.clearUnknownMetrics();
    }
    throw new Error('the kernel goes on asking for metrics');
  }

  /** The same with each poison after it; all answers. */
  decodePoisoned(payload: Uint8Array, receiveUs: number): DecodedMessage[] {
    return POISONS.map((after) => this.decode(payload, receiveUs, after));
  }

  #decoded(code: number): DecodedMessage {
    const { kernel, memory } = this.decoder;
    const counts = { nulls: kernel.decodedNulls(), skipped: kernel.decodedSkipped(), rounded: kernel.decodedRounded() };
    if (code !== CODE_NONE) return { code, samples: [], ...counts };
    const samples = kernel.decodedSampleCount();
    if (samples === 0) {
      const tsUs = kernel.decodedHasTs() ? kernel.decodedTsUs() : undefined;
      const seq = kernel.decodedHasSeq() ? kernel.decodedSeq() : undefined;
      return { code, samples: [sample(this.#readings(0, kernel.decodedCount()), tsUs, seq)], ...counts };
    }
    let from = 0;
    const list = Array.from({ length: samples }, (_, index) => {
      const at = SAMPLES_OFFSET + index * SAMPLE_BYTES;
      const to = memory.view.getUint32(at + SAMPLE_AT_READINGS_END, true);
      const flags = memory.view.getUint32(at + SAMPLE_AT_FLAGS, true);
      const word = (offset: number) => Number(memory.view.getBigUint64(at + offset, true));
      const readings = this.#readings(from, to);
      from = to;
      const tsUs = (flags & SAMPLE_HAS_TS) !== 0 ? word(SAMPLE_AT_TS_US) : undefined;
      return sample(readings, tsUs, (flags & SAMPLE_HAS_SEQ) !== 0 ? word(SAMPLE_AT_SEQ) : undefined);
    });
    return { code, samples: list, ...counts };
  }

  #readings(from: number, to: number): Sample['readings'] {
    return Array.from({ length: to - from }, (_, index) => this.#reading(from + index));
  }

  #reading(index: number): [string, Value] {
    const { memory, names } = this.decoder;
    const at = DECODED_OFFSET + index * DECODED_READING_BYTES;
    const name = names[memory.view.getUint32(at + DECODED_AT_METRIC, true)] as string;
    if (memory.view.getUint32(at + DECODED_AT_KIND, true) === DECODED_NUMBER) {
      return [name, memory.view.getFloat64(at + DECODED_AT_VALUE, true)];
    }
    const textAt = memory.view.getUint32(at + DECODED_AT_TEXT_OFFSET, true);
    const textBytes = memory.view.getUint32(at + DECODED_AT_TEXT_BYTES, true);
    return [name, Buffer.from(memory.bytes.subarray(textAt, textAt + textBytes)).toString()];
  }
}

function sample(readings: Sample['readings'], tsUs: number | undefined, seq: number | undefined): Sample {
  return { readings, ...(tsUs === undefined ? {} : { tsUs }), ...(seq === undefined ? {} : { seq }) };
}
