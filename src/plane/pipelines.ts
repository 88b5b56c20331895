import { MessageChannel } from 'node:worker_threads';
import { COUNTERS_MAX } from '../../assembly/abi/regions.js';
import { PIPELINE_END } from '../../assembly/abi/state.js';
import type { CheckpointConfig } from '../config/settings/checkpoints.js';
import type { LogConfig } from '../config/settings/log.js';
import type { StoreConfig } from '../config/settings/store.js';
import type { CheckpointStore } from '../contract/checkpoint-store.js';
import { CountedDevices } from '../contract/counted-devices.js';
import type { KnownPoints, LatestPoints } from '../contract/data-plane.js';
import type { DatabaseTrouble } from '../contract/database.js';
import type { NumberRange } from '../contract/database-identity.js';
import type { DeviceAccount, DeviceTotals, PartitionAudit } from '../contract/ledger.js';
import { partitionOf } from '../contract/partition.js';
import type { SchemaSource } from '../contract/schemas/schema-port.js';
import type { CheckpointStart, FromCheckpoint, ToCheckpoint } from '../contract/threads/checkpoint.js';
import type { FromPipeline, OwnedPartition, PipelineStart, ToPipeline } from '../contract/threads/pipeline.js';
import type { SharedState, ThreadEvent } from '../contract/threads/shared.js';
import type { FromStore, RowBatch, StoreStart, ToStore } from '../contract/threads/store.js';
import type { TimeZoneSource } from '../contract/time-zone.js';
import type { AwaitedVerdict, MessageVerdict } from '../contract/verdict.js';
import { Doorbell, pipelineDoorbell } from '../host/doorbell.js';
import { KernelMemory, kernelMemory } from '../host/kernel.js';
import { readVerdicts } from '../host/verdicts.js';
import type { AcceptedMessages } from './accepted-messages.js';
import { AwaitedVerdicts } from './awaited-verdicts.js';
import { readAccount, readDeviceTotals } from './ledger-readings.js';
import { PartitionQuestions } from './partition-questions.js';
import { PipelineReports } from './pipeline-reports.js';
import { readPoints } from './points.js';
import { type Stoppable, stopThread, type ThreadRoster } from './thread-roster.js';
import type { Thread } from './worker.js';

export interface PipelinesOptions {
  readonly entries: { readonly pipeline: URL; readonly checkpoint: URL; readonly store: URL };
  readonly log: LogConfig;
  readonly store: StoreConfig;
  readonly checkpoints: CheckpointConfig;
  readonly logFolder: string;
  readonly checkpointFolder: string;
  /** Where checkpoints go as well, and come from. */
  readonly checkpointStore: CheckpointStore | undefined;
  readonly consumerGroup: string;
  /** Devices that the database has lost: their messages in the log become dead letters. */
  readonly lostDevices: readonly NumberRange[];
  /** Whether nothing is written until `admit`. */
  readonly isHeld: boolean;
  /** Who holds the partitions' offsets in the database; another owner's commits are refused. */
  readonly owner: string;
  /** Null: rows are counted and thrown away. */
  readonly databaseUrl: string | null;
  readonly schemas: SchemaSource;
  readonly timeZones: TimeZoneSource;
  /** Metric names with their numbers, as they stand. */
  metrics(): readonly (readonly [name: string, number: number])[];
  addMetrics(names: readonly string[], device: number | undefined): Promise<readonly (readonly [name: string, number: number])[] | 'full'>;
  /** Resolves when the batch's rows, which lie in this memory, are safe in a topic; rejects when they may not be. Absent: there is none. */
  readonly publish?: ((batch: RowBatch, memory: SharedArrayBuffer) => Promise<void>) | undefined;
  /** Why the database cannot be used, as the control plane finds. */
  databaseTrouble(): DatabaseTrouble | undefined;
  event(thread: string, event: ThreadEvent): void;
  /** Another process has claimed a partition that was run here: all partitions were revoked at their present offsets. */
  fenced(cause: string): void;
}

/** What the checkpoint thread may take to bring the last checkpoints into the object store, however late it is, ms. */
const STORE_MS_MAX = 6000;

interface Threads {
  readonly pipeline: Thread<ToPipeline, FromPipeline>;
  readonly store: Thread<ToStore, FromStore>;
  readonly checkpoint: Thread<ToCheckpoint, FromCheckpoint>;
}

/**
 * The threads that read the log: pipeline, store and checkpoints, for the partitions that are this process's at present.
 * They are started with a set of partitions and ended with it: what the next owner needs is in the database, in the log
 * and in the checkpoint.
 */
export class Pipelines {
  readonly #options: PipelinesOptions;
  readonly #shared: SharedState;
  readonly #roster: ThreadRoster;
  readonly #questions: PartitionQuestions;
  readonly #bell: Doorbell;
  /** By partition; undefined: it is not this process's. */
  #memories: (KernelMemory | undefined)[];
  /** What those counted that are no more. */
  readonly #former = new BigUint64Array(COUNTERS_MAX);
  #threads: Threads | undefined;
  /** Settles when a start has come to its end. */
  #starting: Promise<void> | undefined;
  /** Settles when threads that had to be given up are gone. */
  #abandoning: Promise<void> | undefined;
  readonly #latests = new Map<number, (known: KnownPoints | undefined) => void>();
  readonly #accounts = new Map<number, (statement: Uint8Array | undefined) => void>();
  readonly #audits = new Map<number, PartitionAudit>();
  readonly #verdicts = new AwaitedVerdicts();
  #relay: ((verdicts: readonly MessageVerdict[]) => void) | undefined;
  readonly #watches = new CountedDevices((device, on) => this.#toPipeline({ kind: 'watch', device, on }));
  readonly #captures = new CountedDevices((device, on) => this.#toPipeline({ kind: 'capture', device, on }));
  /** What threads report of messages, for whoever listens. */
  readonly reports = new PipelineReports();
  #token = 0;
  #isCaughtUp = false;
  #isEnding = false;
  #halted: string | undefined;
  #isUncompressed = false;
  /** Nothing is written until `admit`: the database has not been looked at yet. */
  #isHeld: boolean;
  #lostDevices: readonly NumberRange[];
  /** As the store finds. */
  #storeTrouble: DatabaseTrouble | undefined;
  /** By partition: why its batch is not in the topic. */
  readonly #unpublished = new Map<number, string>();

  constructor(options: PipelinesOptions, shared: SharedState, roster: ThreadRoster) {
    this.#options = options;
    this.#shared = shared;
    this.#roster = roster;
    this.#questions = new PartitionQuestions(options);
    this.#bell = new Doorbell(shared.doorbells, pipelineDoorbell(0));
    this.#isHeld = options.isHeld;
    this.#lostDevices = options.lostDevices;
    this.#memories = Array.from({ length: options.log.partitions });
  }

  /** Runs these partitions, none twice; resolves when the threads run. `recordRings`: record rings by partition number. */
  async start(owned: readonly OwnedPartition[], recordRings?: readonly (SharedArrayBuffer | undefined)[]): Promise<void> {
    const starting = this.#start(owned, recordRings);
    this.#starting = starting;
    try {
      await starting;
    } finally {
      this.#starting = undefined;
    }
  }

  async #start(owned: readonly OwnedPartition[], recordRings?: readonly (SharedArrayBuffer | undefined)[]): Promise<void> {
    await this.#abandoning;
    const [options, shared] = [this.#options, this.#shared];
    const memories = Array.from({ length: options.log.partitions }, (_, number) =>
      owned.some((one) => one.number === number) ? kernelMemory(PIPELINE_END) : undefined,
    );
    this.#memories = memories.map((memory) => memory && new KernelMemory(memory));
    [this.#isCaughtUp, this.#isEnding, this.#halted] = [false, false, undefined];
    const { port1: storePort, port2: store } = new MessageChannel();
    const { port1: checkpointPort, port2: checkpoints } = new MessageChannel();
    const { databaseUrl, consumerGroup, owner, checkpointFolder, checkpointStore } = options;
    const publishes = options.publish !== undefined;
    const isHeld = this.#isHeld;
    const storeStart: StoreStart = { databaseUrl, consumerGroup, owner, publishes, pipelines: [storePort], memories, shared, isHeld };
    const checkpointStart: CheckpointStart = {
      folder: checkpointFolder,
      store: checkpointStore,
      partitions: owned,
      pipelines: [checkpointPort],
      shared,
    };
    const pipelineStart: PipelineStart = {
      index: 0,
      logFolder: options.logFolder,
      recordRings,
      partitions: owned.map((one) => ({ ...one, memory: memories[one.number] as WebAssembly.Memory })),
      lostDevices: this.#lostDevices,
      shared,
      batchAgeMsMax: options.store.batchAgeMsMax,
      store,
      checkpointFolder,
      checkpointEveryMs: options.checkpoints.seconds * 1000,
      checkpoints,
    };
    const { entries } = options;
    const checkpoint = this.#roster.add<ToCheckpoint, FromCheckpoint>(
      ...(['checkpoint', entries.checkpoint, checkpointStart, [checkpointPort]] as const),
      (message) => options.event('checkpoint', message as ThreadEvent),
    );
    // Before it is ready it brings what the store has into the folder, where the pipeline finds it.
    if (checkpointStore) await checkpoint.ready;
    this.#threads = {
      checkpoint,
      store: this.#roster.add('store', entries.store, storeStart, [storePort], (message: FromStore) => this.#fromStore(message)),
      pipeline: this.#roster.add('pipeline-0', entries.pipeline, pipelineStart, [store, checkpoints], (message: FromPipeline) =>
        this.#fromPipeline(message),
      ),
    };
    await Promise.all(Object.values(this.#threads).map(({ ready }) => ready));
    this.#toPipeline({ kind: 'metrics', entries: options.metrics() });
    for (const device of this.#watches.all) this.#toPipeline({ kind: 'watch', device, on: true });
    for (const device of this.#captures.all) this.#toPipeline({ kind: 'capture', device, on: true });
  }

  /** From now on the database is written to. */
  admit(): void {
    this.#isHeld = false;
    this.#threads?.store.post({ kind: 'admit' });
  }

  /** Ends what runs, which has committed nothing, and begins anew from where the database says that the partitions stand. It is written to then. */
  async admitAnew(owned: readonly OwnedPartition[], lostDevices: readonly NumberRange[]): Promise<void> {
    await this.#abandon('counted again');
    this.#isHeld = false;
    this.#lostDevices = lostDevices;
    await this.start(owned);
  }

  /**
   * Lets the partitions go: what is durable, or what lies before `ends`, is committed and their state written down first.
   * False when that took too long.
   */
  async stop(deadlineMs: number, ends: ReadonlyMap<number, bigint> = new Map()): Promise<boolean> {
    // The caller of `start` gets the error of a failed start.
    await this.#starting?.catch(() => {});
    await this.#abandoning;
    const threads = this.#threads;
    if (!threads) return true;
    this.#isEnding = true;
    // Nothing that they have can be committed.
    if (this.#isHeld) {
      await this.#abandon();
      return false;
    }
    this.#toPipeline({ kind: 'ends', ends });
    const end = async (thread: unknown, bell?: Doorbell, untilMs = deadlineMs) => {
      this.#roster.retire(thread as Thread<never, never>);
      return stopThread(thread as Stoppable, untilMs, bell);
    };
    let isDrained = await end(threads.pipeline, this.#bell);
    // Everything is in the folder; a store that takes it too slowly leaves nothing undone.
    const storedMs = this.#options.checkpointStore ? performance.now() + STORE_MS_MAX : 0;
    isDrained = (await end(threads.checkpoint, undefined, Math.max(deadlineMs, storedMs))) && isDrained;
    isDrained = (await end(threads.store)) && isDrained;
    this.#forget(threads);
    return isDrained;
  }

  /** Ends the threads where they stand: what they have not committed is another process's to commit, and waits in the log. */
  async #abandon(counts: 'kept' | 'counted again' = 'kept'): Promise<void> {
    await this.#starting?.catch(() => {});
    const threads = this.#threads;
    if (!threads) return;
    const all = Object.values(threads) as unknown as Thread<never, never>[];
    for (const thread of all) this.#roster.retire(thread);
    await Promise.all(all.map((thread) => thread.terminate()));
    if (counts === 'counted again') for (const { counters } of this.#owned()) counters.fill(0n);
    this.#forget(threads);
  }

  /** Why not all is well with the partitions at hand; undefined: it is, or there are none. */
  get trouble(): string | undefined {
    if (this.#halted) return this.#halted;
    if ((this.#threads || this.#starting) && !this.#isCaughtUp) return 'state is being rebuilt from the log';
    const [unpublished] = this.#unpublished.values();
    return this.#databaseTrouble() ?? unpublished;
  }

  /** Why readings take more room than they should; undefined: they do not. */
  get uncompressed(): string | undefined {
    return this.#isUncompressed
      ? 'readings are stored uncompressed: TimescaleDB does not compress rows as they are copied; the event database-notice says why'
      : undefined;
  }

  owns(partition: number): boolean {
    return this.#memories[partition] !== undefined;
  }

  /** Of all partitions that were ever run here. */
  get counters(): readonly BigUint64Array[] {
    return [this.#former, ...this.#owned().map(({ counters }) => counters)];
  }

  get audits(): PartitionAudit[] {
    return [...this.#audits.values()];
  }

  async latest(devices: readonly number[]): Promise<LatestPoints> {
    const partition = (device: number) => partitionOf(device, this.#options.log.partitions);
    const asked = [...new Set(devices.map(partition))];
    const notRunning = asked.filter((one) => !this.#threads || !this.owns(one));
    if (notRunning.length === asked.length) return { points: [], unheld: [], notRunning };
    const known = await this.#latest(devices.filter((device) => !notRunning.includes(partition(device))));
    return known ? { ...known, notRunning } : { points: [], unheld: [], notRunning: asked };
  }

  /** Waits for the verdict on a message before it is handed in; undefined: its partition is not run here, and no other process is known. */
  expectVerdict(device: number, payload: Uint8Array): AwaitedVerdict | undefined {
    const isHere = this.#threads !== undefined && this.owns(partitionOf(device, this.#options.log.partitions));
    return isHere || this.#relay ? this.#verdicts.expect(device, payload) : undefined;
  }

  onStrayVerdicts(listener: (verdicts: readonly MessageVerdict[]) => void): void {
    this.#relay = listener;
  }

  deliverVerdicts(verdicts: readonly MessageVerdict[]): void {
    this.#verdicts.deliver(verdicts);
  }

  async account(device: number, gateways: readonly KernelMemory[], accepted: AcceptedMessages): Promise<DeviceAccount | undefined> {
    const memory = this.#memories[partitionOf(device, this.#options.log.partitions)];
    const statement = memory && this.#threads ? await this.#statement(device) : undefined;
    return statement && readAccount(device, statement, memory, gateways, accepted);
  }

  deviceTotals(accepted: AcceptedMessages): Iterable<DeviceTotals> {
    return readDeviceTotals(this.#owned(), accepted);
  }

  watch(device: number, on: boolean): void {
    this.#watches.want(device, on);
  }

  capture(device: number, on: boolean): void {
    this.#captures.want(device, on);
  }

  #owned(): KernelMemory[] {
    return this.#memories.filter((memory) => memory !== undefined);
  }

  /** Undefined: the partitions were revoked before the answer. */
  #latest(devices: readonly number[]): Promise<KnownPoints | undefined> {
    const token = ++this.#token;
    return new Promise((resolve) => {
      this.#latests.set(token, resolve);
      this.#toPipeline({ kind: 'latest', token, devices });
    });
  }

  #statement(device: number): Promise<Uint8Array | undefined> {
    const token = ++this.#token;
    return new Promise((resolve) => {
      this.#accounts.set(token, resolve);
      this.#toPipeline({ kind: 'account', token, device });
    });
  }

  /** Counts stay, whoever asked is answered, and the memory goes. */
  #forget(threads: Threads): void {
    if (this.#threads !== threads) return;
    this.#threads = undefined;
    for (const { counters } of this.#owned()) {
      counters.forEach((count, index) => {
        this.#former[index] = (this.#former[index] as bigint) + count;
      });
    }
    this.#memories = this.#memories.map(() => undefined);
    this.#audits.clear();
    this.#unpublished.clear();
    for (const resolve of this.#latests.values()) resolve(undefined);
    for (const resolve of this.#accounts.values()) resolve(undefined);
    this.#latests.clear();
    this.#accounts.clear();
    this.#verdicts.giveUpAll();
  }

  #toPipeline(message: ToPipeline): void {
    this.#threads?.pipeline.post(message);
    this.#bell.ring();
  }

  #fromPipeline(message: FromPipeline): void {
    switch (message.kind) {
      case 'event':
        this.#options.event('pipeline-0', message);
        return;
      case 'caught-up':
        this.#isCaughtUp = true;
        return;
      case 'halted': {
        const { partition, message: cause } = message;
        this.#halted = cause;
        this.#options.event('pipeline-0', {
          kind: 'event',
          level: 'error',
          name: 'partition-halted',
          fields: { partition, message: cause },
        });
        return;
      }
      case 'unknown-metrics':
        void this.#answer((isOver) => this.#questions.number(message, isOver));
        return;
      case 'unknown-schemas':
        void this.#answer((isOver) => this.#questions.schemas(message.partition, message.numbers, isOver));
        return;
      case 'latest':
        take(this.#latests, message.token)?.(readPoints(message.points));
        return;
      case 'account':
        take(this.#accounts, message.token)?.(message.statement);
        return;
      case 'verdicts':
        this.#relayStray(this.#verdicts.deliver(readVerdicts(message.verdicts)));
        return;
      case 'audited':
        this.#audits.set(message.audit.partition, message.audit);
        return;
      case 'ready':
        return;
      default:
        this.reports.take(message);
    }
  }

  #relayStray(verdicts: readonly MessageVerdict[]): void {
    if (verdicts.length > 0) this.#relay?.(verdicts);
  }

  #fromStore(message: FromStore): void {
    if (message.kind === 'event') {
      if (message.name === 'store-chunks-uncompressed') this.#isUncompressed = true;
      if (message.name === 'store-chunks-compressed') this.#isUncompressed = false;
      this.#options.event('store', message);
    } else if (message.kind === 'health')
      this.#storeTrouble = message.database === 'down' ? { cause: message.message, foundMs: performance.now() } : undefined;
    else if (message.kind === 'publish') void this.#publish(message.batch);
    else if (message.kind === 'fenced' && !this.#abandoning) {
      this.#abandoning = this.#abandon().finally(() => {
        this.#abandoning = undefined;
      });
      this.#options.fenced(message.message);
    }
  }

  /** The batch's memory is the store's until this answers, and stays where it is even when the threads are ended meanwhile. */
  async #publish(batch: RowBatch): Promise<void> {
    const { partition } = batch;
    const [threads, memory] = [this.#threads, this.#memories[partition]];
    if (!memory) return;
    const trouble = await this.#options.publish?.(batch, memory.bytes.buffer as SharedArrayBuffer).then(
      () => undefined,
      (error: Error) => error.message,
    );
    if (threads !== this.#threads) return;
    if (trouble === undefined) this.#unpublished.delete(partition);
    else this.#unpublished.set(partition, trouble);
    threads?.store.post({ kind: 'published', partition, trouble });
  }

  /** Passes an answer on to the threads that asked for it. */
  async #answer(ask: (isOver: () => boolean) => Promise<ToPipeline | undefined>): Promise<void> {
    const threads = this.#threads;
    const answer = await ask(() => this.#isEnding || threads !== this.#threads);
    if (answer) this.#toPipeline(answer);
  }

  /** The newest cause: the first sign of an outage is often no more than a connection that closed. */
  #databaseTrouble(): string | undefined {
    const [store, control] = [this.#storeTrouble, this.#options.databaseTrouble()];
    const newest = store && control ? (store.foundMs > control.foundMs ? store : control) : (store ?? control);
    return newest && `the database is unavailable: ${newest.cause}`;
  }
}

function take<Value>(map: Map<number, Value>, key: number): Value | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}
