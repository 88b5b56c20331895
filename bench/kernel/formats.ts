import assert from 'node:assert/strict';
import { Decoder as CborX, Encoder as CborXEncoder } from 'cbor-x';
import { Packr } from 'msgpackr';
import { FORMAT_CBOR, FORMAT_JSON, FORMAT_MSGPACK } from '../../assembly/abi/block.js';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { INPUT_OFFSET } from '../../assembly/abi/pipeline.js';
import { STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { fillPowers } from '../../src/host/powers.js';
import { fillProfiles } from '../../src/host/profiles.js';
import { cpuMs } from './cpu-clock.js';

interface Exports {
  addMetric(nameBytes: number, number: number): void;
  decodeFormatProbe(format: number, offset: number, bytes: number, receiveUs: number): number;
  decodedCount(): number;
}

const RECEIVE_US = 1_700_000_100_000_000;
const FIELDS = [1, 3, 20, 200];
const RUN_MS = 60;
/** Different payloads, so that nothing is right because it was right before. */
const PAYLOADS = 16;

export interface FormatFigure {
  readonly format: string;
  readonly fields: number;
  readonly bytes: number;
  readonly kernelNs: number;
  /** The library for the format, and going through what it decoded. */
  readonly libraryNs: number;
}

// As other encoders write: no records, maps of the size that they have.
const plain = { useRecords: false, variableMapSize: true } as const;
const cborX = new CborX({ ...plain, mapsAsObjects: true });
const cborXEncoder = new CborXEncoder(plain);
const msgpackr = new Packr({ ...plain, mapsAsObjects: true });

const formats = [
  {
    name: 'json',
    format: FORMAT_JSON,
    encode: (value: object) => Buffer.from(JSON.stringify(value)),
    decode: (b: Buffer) => JSON.parse(b.toString()),
  },
  { name: 'cbor', format: FORMAT_CBOR, encode: (value: object) => cborXEncoder.encode(value), decode: (b: Buffer) => cborX.decode(b) },
  { name: 'msgpack', format: FORMAT_MSGPACK, encode: (value: object) => msgpackr.pack(value), decode: (b: Buffer) => msgpackr.unpack(b) },
];

function message(fields: number, index: number) {
  const value = (field: number) => (field % 3 === 2 ? index * 7 + field : Math.round(Math.sin(index + field) * 1e4) / 100);
  const metrics = Object.fromEntries(Array.from({ length: fields }, (_, field) => [`metric_${field}`, value(field)]));
  return { ts: 1_700_000_000_000 + index, metrics, seq: index };
}

/** Best of three, ns a message. */
function timed(decode: (index: number) => number, expected: number, runMs: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run++) {
    const start = cpuMs();
    let passes = 0;
    let sum = 0;
    while (cpuMs() - start < runMs) {
      for (let i = 0; i < PAYLOADS * 16; i++) sum += decode(i % PAYLOADS);
      passes++;
    }
    const messages = passes * PAYLOADS * 16;
    assert.equal(sum, expected * messages, 'every message has all its fields');
    best = Math.min(best, ((cpuMs() - start) * 1e6) / messages);
  }
  return best;
}

/** Numbers in an object, as whoever stores them has to visit them. */
function countNumbers(metrics: Record<string, unknown>): number {
  let count = 0;
  for (const name in metrics) if (typeof metrics[name] === 'number') count++;
  return count;
}

/** Each decoder beside the library for its format, in one run. */
export function measureFormats(scale: number): FormatFigure[] {
  const wasmMemory = kernelMemory(PIPELINE_END);
  const kernel = loadKernel<Exports>('pipeline', wasmMemory);
  const memory = new KernelMemory(wasmMemory);
  fillPowers(memory);
  fillProfiles(memory);
  for (let field = 0; field < Math.max(...FIELDS); field++) {
    const name = Buffer.from(`metric_${field}`);
    memory.bytes.set(name, STAGE_OFFSET);
    kernel.addMetric(name.length, field + 1);
  }
  return formats.flatMap(({ name, format, encode, decode }) =>
    FIELDS.map((fields) => {
      const payloads = Array.from({ length: PAYLOADS }, (_, index) => Buffer.from(encode(message(fields, index))));
      const room = Math.max(...payloads.map(({ length }) => length)) + 64;
      for (const [index, payload] of payloads.entries()) memory.bytes.set(payload, INPUT_OFFSET + index * room);
      const inKernel = (index: number) => {
        const code = kernel.decodeFormatProbe(format, INPUT_OFFSET + index * room, payloads[index]!.length, RECEIVE_US);
        return code === CODE_NONE ? kernel.decodedCount() : Number.NaN;
      };
      const inLibrary = (index: number) => countNumbers(decode(payloads[index]!).metrics);
      const [kernelNs, libraryNs] = [timed(inKernel, fields, RUN_MS * scale), timed(inLibrary, fields, RUN_MS * scale)];
      return { format: name, fields, bytes: payloads[0]!.length, kernelNs, libraryNs };
    }),
  );
}

/** One figure for the table of benches: a message of three fields in CBOR. The others are printed beside their libraries. */
export function benchFormats(scale = 1): { nsPerMessage: number; messages: number } {
  const figures = measureFormats(scale);
  for (const { format, fields, bytes, kernelNs, libraryNs } of figures) {
    const rate = ((bytes / kernelNs) * 1000).toFixed(0);
    console.log(
      `  ${format.padEnd(8)} ${String(fields).padStart(3)} fields ${kernelNs.toFixed(0).padStart(6)} ns, ${rate.padStart(5)} MB/s; library ${libraryNs.toFixed(0).padStart(6)} ns, ${(libraryNs / kernelNs).toFixed(1)}x`,
    );
  }
  const { kernelNs } = figures.find(({ format, fields }) => format === 'cbor' && fields === 3)!;
  return { nsPerMessage: kernelNs, messages: PAYLOADS };
}
