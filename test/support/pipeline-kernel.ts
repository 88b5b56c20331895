import assert from 'node:assert/strict';
import { BLOCK_DONE, BLOCK_NEEDS_CODECS, BLOCK_NEEDS_METRICS, BLOCK_NEEDS_PART, BLOCK_NEEDS_SCHEMAS } from '../../assembly/abi/block.js';
import { POSTGRES_EPOCH_US } from '../../assembly/abi/limits.js';
import {
  BATCH_AT_DEADS,
  BATCH_AT_DEADS_BYTES,
  BATCH_AT_READINGS,
  BATCH_AT_READINGS_BYTES,
  BATCH_AT_RECORDS,
  BATCH_AT_SLOT,
  BATCH_AT_TEXTS,
  BATCH_AT_TEXTS_BYTES,
  BATCH_BYTES,
  BATCH_HEAD_OFFSET,
  BATCH_READINGS_BYTES,
  BATCH_TEXT_BYTES,
  BATCHES_OFFSET,
  INPUT_OFFSET,
} from '../../assembly/abi/pipeline.js';
import { STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { codecFailure } from '../../src/contract/codecs/codec-codes.js';
import type { SchemaPlan } from '../../src/contract/schemas/schema-plan.js';
import { KernelMemory, kernelMemory, loadKernel } from '../../src/host/kernel.js';
import { KernelCodecs } from '../../src/host/kernel-codecs.js';
import { LaidSchemas, wantedSchemas, zoneOfKey } from '../../src/host/laid-schemas.js';
import { fillPowers } from '../../src/host/powers.js';
import { fillProfiles } from '../../src/host/profiles.js';
import { metricsOf, schemaImage } from '../../src/host/schema-image.js';
import { timeZoneImage } from '../../src/host/time-zone-image.js';
import type { PipelineKernel } from '../../src/pipeline/kernel.js';
import { unknownNames } from '../../src/pipeline/unknown-names.js';
import { sealBlock, type TestRecord } from './blocks.js';

export interface ReadingRow {
  device: number;
  metric: string;
  tsUs: number;
  value: number | string;
}

export interface DeadRow {
  partition: number;
  logOffset: number;
  device: number;
  receivedUs: number;
  reason: string;
  payload: Buffer;
  /** Absent: the payload's shape tells. */
  format?: number;
  context?: Buffer;
}

interface TakenRows {
  readonly readings: ReadingRow[];
  readonly texts: ReadingRow[];
  readonly deads: DeadRow[];
  readonly records: number;
}

const NEEDS = [BLOCK_NEEDS_METRICS, BLOCK_NEEDS_SCHEMAS, BLOCK_NEEDS_CODECS, BLOCK_NEEDS_PART];

/** A pipeline kernel without threads: blocks in, rows out. Metric names are numbered from 1 as they come. */
export class TestKernel {
  readonly memory: KernelMemory;
  readonly kernel: PipelineKernel;
  readonly partition: number;
  readonly laid: LaidSchemas;
  readonly codecs: KernelCodecs;
  readonly names: string[] = [];
  /** Versions that there are, by number: laid when a message names them. */
  readonly schemas = new Map<number, SchemaPlan>();
  /** Names of time zones, by number. */
  readonly timeZones = new Map<number, string>();
  /** How often the kernel waited for versions, and for which. */
  readonly wanted: number[][] = [];
  logOffset = 0;
  #parts: TakenRows[] = [];
  /** Of the batch that was taken last. */
  takenParts = 0;

  constructor(partition = 0) {
    const memory = kernelMemory(PIPELINE_END);
    this.kernel = loadKernel<PipelineKernel>('pipeline', memory);
    this.memory = new KernelMemory(memory);
    this.partition = partition;
    this.laid = new LaidSchemas(this.memory, this.kernel);
    this.codecs = new KernelCodecs(this.memory, codecFailure);
    fillPowers(this.memory);
    fillProfiles(this.memory);
    this.kernel.setPartition(partition);
    this.kernel.openBatch(0);
  }

  /** Runs one block of these records; answers what the kernel answered. */
  run(records: readonly TestRecord[], { replay = false, deny = false } = {}): number {
    return this.runBlock(sealBlock(this.partition, records), { replay, deny });
  }

  runBlock(block: Uint8Array, { replay = false, deny = false } = {}): number {
    this.memory.bytes.set(block, INPUT_OFFSET);
    let result = this.kernel.processBlocks(0, block.length, this.logOffset, replay, false);
    while (NEEDS.includes(result)) {
      if (result === BLOCK_NEEDS_CODECS) this.codecs.answer();
      else if (result === BLOCK_NEEDS_PART) this.#parts.push(this.#takeOpen());
      else if (result === BLOCK_NEEDS_SCHEMAS) this.#laySchemas();
      else if (!deny) for (const name of unknownNames(this.memory)) this.addMetric(name);
      result = this.kernel.processBlocks(0, block.length, this.logOffset, replay, deny);
    }
    if (result === BLOCK_DONE) this.logOffset += block.length;
    return result;
  }

  #laySchemas(): void {
    const numbers = wantedSchemas(this.memory);
    this.wanted.push(numbers);
    const plans = numbers.map((number) => this.schemas.get(number));
    this.codecs.add(plans.flatMap((plan) => plan?.codec ?? []));
    for (const name of plans.flatMap((plan) => (plan ? metricsOf(plan) : []))) if (!this.names.includes(name)) this.addMetric(name);
    const numberOf = (metric: string) => this.names.indexOf(metric) + 1 || undefined;
    const zoneOf = (number: number) => this.timeZones.get(zoneOfKey(number) ?? 0);
    const imageOf = (number: number, plan: SchemaPlan | undefined) => {
      const zone = zoneOf(number);
      return zone === undefined ? plan && schemaImage(plan, numberOf) : timeZoneImage(zone);
    };
    this.laid.lay(new Map(numbers.map((number, index) => [number, imageOf(number, plans[index])])));
  }

  addMetric(name: string): void {
    this.names.push(name);
    const bytes = Buffer.from(name);
    this.memory.bytes.set(bytes, STAGE_OFFSET);
    this.kernel.addMetric(bytes.length, this.names.length);
  }

  counter(counter: number): number {
    return Number(this.memory.counters[counter]);
  }

  /** Seals the batch, parses its three streams, those of its parts first, and opens the next. */
  take(): TakenRows {
    const all = [...this.#parts, this.#takeOpen()];
    this.takenParts = this.#parts.length;
    this.#parts = [];
    return {
      readings: all.flatMap(({ readings }) => readings),
      texts: all.flatMap(({ texts }) => texts),
      deads: all.flatMap(({ deads }) => deads),
      records: all.reduce((sum, { records }) => sum + records, 0),
    };
  }

  #takeOpen(): TakenRows {
    this.kernel.sealBatch();
    const word = (at: number) => this.memory.view.getUint32(BATCH_HEAD_OFFSET + at, true);
    const base = BATCHES_OFFSET + word(BATCH_AT_SLOT) * BATCH_BYTES;
    const rows = (offset: number, bytes: number, count: number) => {
      const parsed = parseCopy(this.memory.slice(offset, word(bytes)));
      assert.equal(parsed.length, word(count));
      return parsed;
    };
    const reading = (fields: Buffer[], value: (field: Buffer) => number | string): ReadingRow => ({
      device: (fields[0] as Buffer).readInt32BE(),
      metric: this.names[(fields[1] as Buffer).readInt32BE() - 1] as string,
      tsUs: postgresUs(fields[2] as Buffer),
      value: value(fields[3] as Buffer),
    });
    const textsAt = base + BATCH_READINGS_BYTES;
    const taken = {
      readings: rows(base, BATCH_AT_READINGS_BYTES, BATCH_AT_READINGS).map((row) => reading(row, (field) => field.readDoubleBE())),
      texts: rows(textsAt, BATCH_AT_TEXTS_BYTES, BATCH_AT_TEXTS).map((row) => reading(row, (field) => field.toString('utf8'))),
      deads: rows(textsAt + BATCH_TEXT_BYTES, BATCH_AT_DEADS_BYTES, BATCH_AT_DEADS).map((row) => deadRow(row)),
      records: word(BATCH_AT_RECORDS),
    };
    this.kernel.openBatch(0);
    return taken;
  }
}

function postgresUs(field: Buffer): number {
  return Number(field.readBigInt64BE() + BigInt(POSTGRES_EPOCH_US));
}

function deadRow(fields: Buffer[]): DeadRow {
  const [partition, logOffset, device, receivedUs, reason, payload, format, context] = fields as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
  ];
  return {
    partition: partition.readInt32BE(),
    logOffset: Number(logOffset.readBigInt64BE()),
    device: device.readInt32BE(),
    receivedUs: postgresUs(receivedUs),
    reason: reason.toString('ascii'),
    payload,
    ...(format.readInt16BE() !== 0 && { format: format.readInt16BE() }),
    ...(context.length > 0 && { context }),
  };
}

/** Fields of every tuple of a binary COPY stream, empty where they are null; checks header and trailer. */
export function parseCopy(stream: Uint8Array): Buffer[][] {
  const bytes = Buffer.from(stream);
  assert.equal(bytes.subarray(0, 11).toString('latin1'), 'PGCOPY\n\xff\r\n\0');
  assert.deepEqual(bytes.subarray(11, 19), Buffer.alloc(8));
  const rows: Buffer[][] = [];
  let at = 19;
  for (;;) {
    const fields = bytes.readInt16BE(at);
    at += 2;
    if (fields === -1) break;
    const row: Buffer[] = [];
    for (let field = 0; field < fields; field++) {
      const length = bytes.readInt32BE(at);
      const end = at + 4 + Math.max(length, 0);
      row.push(bytes.subarray(at + 4, end));
      at = end;
    }
    rows.push(row);
  }
  assert.equal(at, bytes.length, 'nothing follows the trailer');
  return rows;
}
