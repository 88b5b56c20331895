import assert from 'node:assert/strict';
import {
  COUNTER_PIPELINE_DEAD,
  COUNTER_PIPELINE_DUPLICATE,
  COUNTER_PIPELINE_RECORDS,
  COUNTER_PIPELINE_STORED,
} from '../../assembly/abi/counters.js';
import { BATCH_SLOTS } from '../../assembly/abi/pipeline.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import type { RowBatch } from '../../src/contract/threads/store.js';
import { kernelMemory } from '../../src/host/kernel.js';
import { Progress, ProgressWord } from '../../src/host/progress.js';
import { AppendRetry } from '../../src/log/file/append-retry.js';
import { BlockAppender } from '../../src/log/file/block-appender.js';
import { FileLog } from '../../src/log/file/file-log.js';
import { LogReader } from '../../src/log/file/reader.js';
import { Retention } from '../../src/log/file/retention.js';
import { Partition } from '../../src/pipeline/partition.js';
import type { ModelDisk } from '../log/file/model-disk.js';
import { ModelGateway } from './model-gateway.js';
import type { ModelStore } from './model-store.js';

const FOLDER = '/log';
/** A few blocks each, so that every run rolls over and removes segments. */
const SEGMENT_BYTES_MAX = 3000;

export interface ApplianceOptions {
  readonly disk: ModelDisk;
  readonly store: ModelStore;
  readonly gateways: number;
  readonly retentionHours: number;
  readonly logBytesMax: number;
  trace(line: string): void;
}

/** How the store takes a batch: it commits and says so, refuses, or commits and the answer is lost. */
export type StoreAnswer = 'commits' | 'refuses' | 'loses the answer';

/** One life of the appliance's process: the real log, the real kernels and partitions, a model of what is around them. */
export class SimulatedAppliance {
  readonly gateways: readonly ModelGateway[];
  readonly progress: Progress;
  readonly partitions: readonly Partition[];
  readonly #options: ApplianceOptions;
  readonly #appends: AppendRetry;
  readonly #retention: Retention;
  /** Batches at the store, by partition, oldest first. */
  readonly #batches: RowBatch[][];
  readonly #unknownMetrics = new Map<number, string[]>();

  /** Throws what the disk throws: then the process has not come up. */
  constructor(options: ApplianceOptions) {
    const { disk, store, trace } = options;
    this.#options = options;
    const count = store.offsets.length;
    this.progress = new Progress(Progress.memory(count));
    store.offsets.forEach((offset, partition) => {
      this.progress.set(partition, ProgressWord.committed, offset);
    });
    const report = (_level: string, name: string, fields: Record<string, unknown>) => {
      trace(`${name} ${JSON.stringify(fields)}`);
      assert.notEqual(name, 'log-behind-store', 'the log lost what the store has');
    };
    const floors = [...store.offsets];
    const log = FileLog.open({ folder: FOLDER, partitions: count, floors, report, disk, segmentBytesMax: SEGMENT_BYTES_MAX });
    this.gateways = Array.from({ length: options.gateways }, () => new ModelGateway(count));
    const appender = new BlockAppender(log, this.gateways, this.progress);
    this.#appends = new AppendRetry({ log, appender, report, tell: (trouble) => trace(`the log: ${trouble?.code ?? 'up'}`) });
    this.#retention = new Retention(log, this.progress, { hours: options.retentionHours, bytesMax: options.logBytesMax }, report);
    const reader = new LogReader(FOLDER, disk);
    this.#batches = store.offsets.map(() => []);
    this.partitions = store.offsets.map((offset, number) => this.#openPartition(number, offset, reader));
  }

  appendToLog(): void {
    const blocks = this.#appends.run();
    if (blocks > 0) this.#options.trace(`${blocks} blocks durable`);
  }

  durable(partition: number): bigint {
    return this.progress.get(partition, ProgressWord.durable);
  }

  removeOld(nowUs: number): void {
    this.#retention.run(BigInt(nowUs));
  }

  pipelineStep(number: number, nowMs: number): boolean {
    return (this.partitions[number] as Partition).step(nowMs);
  }

  answerMetrics(number: number): void {
    const names = this.#unknownMetrics.get(number);
    if (!names) return;
    this.#unknownMetrics.delete(number);
    for (const partition of this.partitions) {
      for (const name of names) partition.addMetric(name, this.#options.store.numberOf(name));
      partition.metricsAnswered(false);
    }
  }

  sealBatch(number: number): void {
    const { batches } = this.partitions[number] as Partition;
    if (batches.pending && batches.committing < BATCH_SLOTS) this.#batches[number]?.push(batches.seal());
  }

  storeStep(number: number, answer: StoreAnswer): void {
    const batch = this.#batches[number]?.[0];
    const partition = this.partitions[number] as Partition;
    if (!batch || answer === 'refuses') return;
    this.#options.store.commit(batch, partition.memory.bytes);
    this.#options.trace(`partition ${number} committed up to ${batch.to}, the store ${answer}`);
    if (answer === 'loses the answer') return;
    this.#batches[number]?.shift();
    this.progress.set(number, ProgressWord.committedUs, BigInt(batch.lastReceiveUs));
    this.progress.set(number, ProgressWord.committed, batch.to);
    partition.batches.release(batch.slot);
  }

  /** Whether all that was received is answered, run and committed. */
  get drained(): boolean {
    return this.gateways.every(({ inFlight }) => inFlight === 0) && this.partitions.every(({ drained }) => drained);
  }

  /** What every life has to account for, whenever it is asked. */
  assertAccounts(): void {
    for (const gateway of this.gateways) assert.equal(gateway.received, gateway.acknowledged + gateway.inFlight);
    for (const { memory } of this.partitions) {
      const count = (counter: number) => Number(memory.counters[counter]);
      const [stored, duplicate, dead] = [COUNTER_PIPELINE_STORED, COUNTER_PIPELINE_DUPLICATE, COUNTER_PIPELINE_DEAD].map(count);
      assert.equal(count(COUNTER_PIPELINE_RECORDS), Number(stored) + Number(duplicate) + Number(dead));
    }
  }

  #openPartition(number: number, offset: bigint, reader: LogReader): Partition {
    const { store, trace } = this.#options;
    const partition = new Partition(number, kernelMemory(PIPELINE_END), offset, reader, this.progress, {
      batch: (batch) => void this.#batches[batch.partition]?.push(batch),
      unknownSchemas: () => assert.fail('no message has a schema'),
      unknownMetrics: (unknownOf, _device, names) => void this.#unknownMetrics.set(unknownOf, names),
      halted: (_, message) => assert.fail(message),
      audited: () => {},
      missing: () => assert.fail('no record is missing'),
      gap: (gapOf, { kind, from, to, code }) => trace(`partition ${gapOf} passes over ${from} to ${to}, ${code}, ${kind}`),
    });
    store.metrics.forEach((name, index) => {
      partition.addMetric(name, index + 1);
    });
    return partition;
  }
}
