import { BLOCK_DONE, BLOCK_NEEDS_CODECS, BLOCK_NEEDS_METRICS, BLOCK_NEEDS_PART, BLOCK_NEEDS_SCHEMAS } from '../../assembly/abi/block.js';
import { INPUT_OFFSET } from '../../assembly/abi/pipeline.js';
import { STAGE_BYTES, STAGE_OFFSET } from '../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import { codecFailure } from '../contract/codecs/codec-codes.js';
import type { SchemaPlan } from '../contract/schemas/schema-plan.js';
import type { RowBatch } from '../contract/threads/store.js';
import { KernelMemory, kernelMemory, loadKernel } from '../host/kernel.js';
import { KernelCodecs } from '../host/kernel-codecs.js';
import { LaidSchemas, wantedSchemas, zoneOfKey } from '../host/laid-schemas.js';
import { fillPowers } from '../host/powers.js';
import { fillProfiles } from '../host/profiles.js';
import { metricsOf, schemaImage } from '../host/schema-image.js';
import { type BlockRecord, sealBlock } from '../host/seal-block.js';
import { timeZoneImage } from '../host/time-zone-image.js';
import { readUnits, takeUnits } from '../host/unit-reports.js';
import { Batches } from './batches.js';
import type { PipelineKernel } from './kernel.js';
import { unknownNames } from './unknown-names.js';

const PARTITION = 0;
const NEEDS = [BLOCK_NEEDS_METRICS, BLOCK_NEEDS_SCHEMAS, BLOCK_NEEDS_CODECS, BLOCK_NEEDS_PART];

/** A pipeline kernel apart from log and store: it shows what would become of messages, and its rows go nowhere. */
export class TrialKernel {
  /** Names of the metrics that it has met; the first has number 1. */
  readonly names: string[] = [];
  readonly #memory: KernelMemory;
  readonly #kernel: PipelineKernel;
  readonly #schemas: LaidSchemas;
  readonly #codecs: KernelCodecs;
  readonly #batches: Batches;
  readonly #timeZoneOf: (number: number) => string | undefined;
  #end = 0n;

  /** `timeZoneOf`: name of the time zone of this number, as messages name it. */
  constructor(timeZoneOf: (number: number) => string | undefined = () => undefined) {
    this.#timeZoneOf = timeZoneOf;
    const memory = kernelMemory(PIPELINE_END);
    this.#kernel = loadKernel<PipelineKernel>('pipeline', memory);
    this.#memory = new KernelMemory(memory);
    fillPowers(this.#memory);
    fillProfiles(this.#memory);
    this.#kernel.setPartition(PARTITION);
    this.#schemas = new LaidSchemas(this.#memory, this.#kernel);
    this.#codecs = new KernelCodecs(this.#memory, codecFailure);
    this.#batches = new Batches(PARTITION, this.#kernel, this.#memory, 0n);
  }

  /**
   * Runs one block of the messages, and hands the batch of their rows to `read` with the memory that they lie in: there is another one at
   * the next call. Throws where the kernel does not run the block.
   */
  run<Result>(records: readonly BlockRecord[], read: (batch: RowBatch, memory: SharedArrayBuffer) => Result): Result {
    const block = sealBlock(PARTITION, records);
    this.#memory.bytes.set(block, INPUT_OFFSET);
    const process = () => this.#kernel.processBlocks(0, block.length, Number(this.#end), false, false);
    let answer = process();
    for (; NEEDS.includes(answer); answer = process()) {
      if (answer === BLOCK_NEEDS_CODECS) this.#codecs.answer();
      else if (answer === BLOCK_NEEDS_PART) this.#batches.sealPart();
      else if (answer === BLOCK_NEEDS_METRICS) for (const name of unknownNames(this.#memory)) this.#addMetric(name);
      else this.#schemas.lay(new Map(wantedSchemas(this.#memory).map((number) => [number, this.#timeZoneImage(number)])));
    }
    if (answer !== BLOCK_DONE) throw new Error(`cannot try a message: the kernel answered ${answer}`);
    this.#end += BigInt(block.length);
    this.#batches.extend(this.#end, 0, 0);
    const batch = this.#batches.seal();
    const result = read(batch, this.#memory.bytes.buffer as unknown as SharedArrayBuffer);
    this.#batches.release(batch.slot);
    return result;
  }

  /** Messages that name these versions are read by them from now on, and those that name others become dead letters. */
  setSchemas(plans: readonly SchemaPlan[]): void {
    this.#schemas.clear();
    this.#codecs.add(plans.flatMap(({ codec }) => codec ?? []));
    for (const name of plans.flatMap(metricsOf)) if (!this.names.includes(name)) this.#addMetric(name);
    const numberOf = (metric: string) => this.names.indexOf(metric) + 1 || undefined;
    this.#schemas.lay(new Map(plans.map((plan) => [plan.number, schemaImage(plan, numberOf)])));
  }

  /** Units that the messages since the last call stated, by number of the metric. */
  takeUnits(): ReadonlyMap<number, string> {
    const reports = takeUnits(this.#memory) ?? new Uint8Array();
    return new Map(Array.from(readUnits(reports), ({ metric, unit }) => [metric, unit]));
  }

  /** Fuel that codecs took since the last call. */
  takeFuel(): number {
    return (this.#codecs.take() ?? []).reduce((sum, { fuel }) => sum + fuel, 0);
  }

  /** A schema version that was not laid is none here. */
  #timeZoneImage(number: number): Uint8Array | undefined {
    const zone = zoneOfKey(number);
    const name = zone === undefined ? undefined : this.#timeZoneOf(zone);
    return name === undefined ? undefined : timeZoneImage(name);
  }

  #addMetric(name: string): void {
    const stage = this.#memory.bytes.subarray(STAGE_OFFSET, STAGE_OFFSET + STAGE_BYTES);
    const { written } = new TextEncoder().encodeInto(name, stage);
    this.#kernel.addMetric(written, this.names.push(name));
  }
}
