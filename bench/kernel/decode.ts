import assert from 'node:assert/strict';
import { CODE_NONE } from '../../assembly/abi/codes.js';
import { DECODED_AT_VALUE, DECODED_OFFSET, DECODED_READING_BYTES, INPUT_OFFSET } from '../../assembly/abi/pipeline.js';
import { STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { fillPowers } from '../../src/host/powers.js';
import { fillProfiles } from '../../src/host/profiles.js';

interface Exports {
  addMetric(nameBytes: number, number: number): void;
  decodeProbe(offset: number, bytes: number, receiveUs: number): number;
  decodedCount(): number;
  decodedTsUs(): number;
  decodedSeq(): number;
}

const RECEIVE_US = 1_700_000_100_000_000;
const MESSAGES = 4096;
const SLOT_BYTES = 128;
const RUN_MS = 250;
const RUNS = 4;

interface Sample {
  tsMs: number;
  temperature: number;
  humidity: number;
  seq: number;
}

/** Two metrics, a time in ms and a sequence number, with digits that differ from message to message. */
function sample(index: number): Sample {
  const wave = Math.sin(index / 97);
  return {
    tsMs: 1_700_000_000_000 + index * 17,
    temperature: Math.round((20 + 25 * wave) * 100) / 100,
    humidity: Math.round((55 - 45 * wave) * 10) / 10,
    seq: index * 7,
  };
}

function text({ tsMs, temperature, humidity, seq }: Sample): string {
  return `{"ts":${tsMs},"metrics":{"temperature":${temperature},"humidity":${humidity}},"seq":${seq}}`;
}

/** Nanoseconds to decode one typical message: the best of a few runs, so that a busy neighbour counts less. */
export function benchDecode(): { nsPerMessage: number; messages: number } {
  const wasmMemory = kernelMemory(PIPELINE_END);
  const kernel = loadKernel<Exports>('pipeline', wasmMemory);
  const memory = new KernelMemory(wasmMemory);
  fillPowers(memory);
  fillProfiles(memory);
  ['temperature', 'humidity'].forEach((name, index) => {
    memory.bytes.set(Buffer.from(name), STAGE_OFFSET);
    kernel.addMetric(name.length, index + 1);
  });
  const sizes = new Uint32Array(MESSAGES);
  for (let i = 0; i < MESSAGES; i++) {
    const payload = Buffer.from(text(sample(i)));
    memory.bytes.set(payload, INPUT_OFFSET + i * SLOT_BYTES);
    sizes[i] = payload.length;
  }
  const decode = (index: number) => kernel.decodeProbe(INPUT_OFFSET + index * SLOT_BYTES, sizes[index] as number, RECEIVE_US);
  check(kernel, memory, decode);

  let messages = 0;
  let nsPerMessage = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const start = performance.now();
    let passes = 0;
    let refused = 0;
    while (performance.now() - start < RUN_MS) {
      for (let i = 0; i < MESSAGES; i++) refused += decode(i);
      passes++;
    }
    assert.equal(refused, 0);
    messages += passes * MESSAGES;
    nsPerMessage = Math.min(nsPerMessage, ((performance.now() - start) * 1e6) / (passes * MESSAGES));
  }
  return { nsPerMessage, messages };
}

function check(kernel: Exports, memory: KernelMemory, decode: (index: number) => number): void {
  for (let i = 0; i < MESSAGES; i++) {
    const expected = sample(i);
    assert.equal(decode(i), CODE_NONE);
    assert.equal(kernel.decodedCount(), 2);
    assert.equal(kernel.decodedTsUs(), expected.tsMs * 1000);
    assert.equal(kernel.decodedSeq(), expected.seq);
    assert.equal(memory.view.getFloat64(DECODED_OFFSET + DECODED_AT_VALUE, true), expected.temperature);
    const second = DECODED_OFFSET + DECODED_READING_BYTES;
    assert.equal(memory.view.getFloat64(second + DECODED_AT_VALUE, true), expected.humidity);
  }
}
