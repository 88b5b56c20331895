import assert from 'node:assert/strict';
import { FLAG_DUP, FORMAT_SPARKPLUG } from '../../assembly/abi/block.js';
import { SHAPES_BYTES, SHAPES_OFFSET } from '../../assembly/abi/pipeline.js';
import {
  ACCOUNTS_OFFSET,
  BASES_OFFSET,
  BIRTHS_OFFSET,
  FINGERPRINTS_BYTES,
  FINGERPRINTS_OFFSET,
  PIPELINE_END,
  RUN_PAGES_OFFSET,
  SERIES_INDEX_OFFSET,
  STATE_HEAD_OFFSET,
  STATE_INDEX_OFFSET,
  TEXT_PAGES_BYTES,
  TEXT_PAGES_OFFSET,
} from '../../assembly/abi/state.js';
import {
  type CheckpointMeta,
  checkpointBytes,
  layCheckpoint,
  placeCheckpoint,
  sealCheckpoint,
} from '../../src/pipeline/checkpoints/format.js';
import type { TestRecord } from './blocks.js';
import type { TestKernel } from './pipeline-kernel.js';
import type { Random } from './random.js';
import { field, metric, payload } from './sparkplug-payloads.js';

export const PARTITIONS = 4;
const NOW_US = 1_790_000_000_000_000;

/** The kernel's state as a sealed checkpoint at its place in the log. */
export function checkpointOf(kernel: TestKernel, meta: Partial<CheckpointMeta> = {}): Uint8Array {
  assert.ok(kernel.kernel.describeState());
  const bytes = new Uint8Array(checkpointBytes(kernel.memory));
  const own = {
    partition: kernel.partition,
    partitions: PARTITIONS,
    offset: BigInt(kernel.logOffset),
    lastUs: NOW_US,
    takenMs: 1,
    database: 0n,
  };
  assert.equal(layCheckpoint(bytes, kernel.memory, { ...own, ...meta }), bytes.length);
  sealCheckpoint(bytes);
  return bytes;
}

/** Takes a checkpoint up in a kernel without state, which then knows the metrics of the one that it was taken of. */
export function adopt(kernel: TestKernel, checkpoint: Uint8Array, from: TestKernel): void {
  placeCheckpoint(checkpoint, kernel.memory);
  assert.ok(kernel.kernel.adoptState());
  for (const name of from.names) kernel.addMetric(name);
  kernel.logOffset = from.logOffset;
}

/** All of the state: indexes, tables and what lies in no table. */
export function assertSameState(a: TestKernel, b: TestKernel, what: string): void {
  assert.ok(a.kernel.describeState() && b.kernel.describeState());
  for (const [name, offset, end] of [
    ['devices', STATE_INDEX_OFFSET, RUN_PAGES_OFFSET],
    ['run pages', RUN_PAGES_OFFSET, SERIES_INDEX_OFFSET],
    ['series', SERIES_INDEX_OFFSET, FINGERPRINTS_OFFSET],
    ['fingerprints', FINGERPRINTS_OFFSET, FINGERPRINTS_OFFSET + FINGERPRINTS_BYTES],
    ['accounts and dead letters', ACCOUNTS_OFFSET, BASES_OFFSET],
    ['texts', TEXT_PAGES_OFFSET, TEXT_PAGES_OFFSET + TEXT_PAGES_BYTES],
    ['shapes', SHAPES_OFFSET, SHAPES_OFFSET + SHAPES_BYTES],
    ['births', BIRTHS_OFFSET, STATE_HEAD_OFFSET],
    ['head and sections', STATE_HEAD_OFFSET, PIPELINE_END],
  ] as const) {
    assert.equal(Buffer.compare(a.memory.bytes.subarray(offset, end), b.memory.bytes.subarray(offset, end)), 0, `${what}: ${name}`);
  }
}

/** Devices that send, skip, send again, reboot, lose their clock and change what they send. */
export class RandomLoad {
  readonly #random: Random;
  readonly #devices: number;
  readonly #next = new Map<number, number>();
  readonly #sent: TestRecord[] = [];
  #nowUs = NOW_US;

  constructor(random: Random, devices: number) {
    this.#random = random;
    this.#devices = devices;
  }

  block(): TestRecord[] {
    return Array.from({ length: this.#random.int(1, 60) }, () => this.#record());
  }

  #record(): TestRecord {
    const random = this.#random;
    this.#nowUs += random.chance(0.002) ? 90_000_000 : random.below(50_000);
    const again = this.#sent.length > 0 && random.chance(0.15) ? random.pick(this.#sent) : undefined;
    const record = again ? { ...again, receiveUs: this.#nowUs, flags: random.chance(0.5) ? FLAG_DUP : 0 } : this.#fresh();
    if (this.#sent.push(record) > 500) this.#sent.shift();
    return record;
  }

  #fresh(): TestRecord {
    const random = this.#random;
    // Few speak often, so that some have many runs and most have few.
    const device = 1 + Math.floor(this.#devices * random.pick([1, 0.1, 0.01]) * (random.below(1000) / 1000));
    if (random.chance(0.02)) return { device, receiveUs: this.#nowUs, payload: '{"metrics":' };
    if (random.chance(0.05)) return this.#sparkplug(device);
    const reboots = random.chance(0.01);
    const seq = reboots ? 0 : (this.#next.get(device) ?? 0) + (random.chance(0.2) ? random.int(2, 5) : 1);
    this.#next.set(device, seq);
    const names = random.pick(['abc', 'ab', 'cab', 'd', `m${random.below(40)}`]);
    const metrics = Object.fromEntries(
      [...names].map((name) => [
        name,
        random.chance(0.1) ? `text ${random.below(9)}`.repeat(random.pick([1, 1, 12])) : random.below(1e6) / 100,
      ]),
    );
    const ts = random.chance(0.8) ? { ts: Math.floor(this.#nowUs / 1000) - random.below(5000) } : {};
    const json = JSON.stringify({ ...ts, metrics, ...(random.chance(0.8) ? { seq } : {}) });
    return { device, receiveUs: this.#nowUs, payload: json };
  }

  /** A birth, data by aliases that it may define, or a death. */
  #sparkplug(device: number): TestRecord {
    const random = this.#random;
    const type = random.pick(['BIRTH', 'DATA', 'DATA', 'DEATH']);
    const metrics = Array.from({ length: random.int(1, 6) }, (_, index) => {
      const name = type === 'BIRTH' ? [field(1, `s${index}`), field(4, 3)] : [];
      return metric(...name, field(2, index), field(10, random.below(1000)));
    });
    const topic = `spBv1.0/g/${random.pick(['N', 'D'])}${type}/e`;
    const context = { profile: 0, topic: topic.includes('/D') ? `${topic}/d${random.below(3)}` : topic };
    return { device, receiveUs: this.#nowUs, payload: payload(random.below(256), ...metrics), format: FORMAT_SPARKPLUG, context };
  }
}
