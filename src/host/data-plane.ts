import { MessageChannel } from 'node:worker_threads';
import * as abi from '../../assembly/abi.js';
import type { DataPlane, Intake, PartitionLag, PlaneCounters, Point, ThreadCpu } from '../contract/data-plane.js';
import type { DeviceEntry } from '../contract/devices.js';
import type { DeviceAccount, DeviceTotals, PartitionAudit, PlaneAudits, RefusedMessages } from '../contract/ledger.js';
import { partitionOf } from '../contract/partition.js';
import type {
  CheckpointStart,
  FromCheckpoint,
  FromLog,
  FromPipeline,
  FromStore,
  LogStart,
  PipelineStart,
  ReactorChoice,
  SharedState,
  StoreStart,
  ThreadEvent,
  TlsListener,
  ToCheckpoint,
  ToLog,
  ToPipeline,
  ToStore,
} from '../contract/threads.js';
import { DOORBELLS, Doorbell, LOG_DOORBELL, pipelineDoorbell } from './doorbell.js';
import { Gateways } from './gateways.js';
import { KernelMemory, kernelMemory } from './kernel.js';
import { readAccount, readDeviceTotals, readRefused } from './ledger-readings.js';
import { readCounters, readIntake, readLag, readPoints } from './plane-readings.js';
import { Progress, ProgressWord } from './progress.js';
import { RecordRing } from './record-ring.js';
import { type Stoppable, stopThread, ThreadRoster } from './thread-roster.js';
import type { Thread } from './worker.js';

export interface DataPlaneOptions {
  readonly entries: { readonly gateway: URL; readonly log: URL; readonly pipeline: URL; readonly checkpoint: URL; readonly store: URL };
  readonly bind: string;
  readonly mqttPort: number;
  /** MQTT over TLS, if it is wanted. */
  readonly tls?: TlsListener | undefined;
  readonly reactor: ReactorChoice;
  readonly gateways: number;
  readonly partitions: number;
  readonly logFolder: string;
  /** Opens another log than that in the folder; it fills `feeds`, a record ring a partition. */
  readonly openLog?: ((start: LogStart, feeds: readonly SharedArrayBuffer[], receive: (message: FromLog) => void) => LogPart) | undefined;
  readonly checkpointFolder: string;
  readonly checkpointSeconds: number;
  readonly logRetentionHours: number;
  readonly logRetentionGib: number;
  readonly logBacklogMib: number;
  readonly batchAgeMsMax: number;
  readonly consumerGroup: string;
  /** `null`: rows are thrown away. */
  readonly databaseUrl: string | null;
  /** Committed offsets by partition. */
  readonly committed: readonly bigint[];
  readonly metrics: readonly (readonly [name: string, number: number])[];
  /** Registers metric names that a kernel met for the first time. */
  addMetrics(names: readonly string[]): Promise<readonly (readonly [name: string, number: number])[] | 'full'>;
  event(thread: string, event: ThreadEvent): void;
  /** A thread died: the process must not go on. */
  failed(error: Error): void;
}

/** What a disk says that has no room: no block, no quota, no larger file. */
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** The log as the data plane sees it: a thread, or what stands for one. */
export type LogPart = Pick<Thread<ToLog, FromLog>, 'ready' | 'ended' | 'post' | 'terminate'>;

/** Room for the records of one partition between the log and its pipeline. */
const FEED_BYTES = 2 * abi.MIB;
/** How long a drain may take before the threads are ended where they stand, ms. */
const DRAIN_MS_MAX = 15_000;

/** Starts the data plane's threads, wires them to each other, and speaks for them. */
export class ThreadedDataPlane implements DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #progress: Progress;
  readonly #shared: SharedState;
  readonly #partitionMemories: WebAssembly.Memory[];
  readonly #kernelMemories: KernelMemory[];
  readonly #pipelineCounters: BigUint64Array[];
  readonly #roster: ThreadRoster;
  readonly #gateways: Gateways;
  readonly #log: LogPart;
  readonly #feeds: readonly SharedArrayBuffer[] | undefined;
  #pipeline!: Thread<ToPipeline, FromPipeline>;
  #store!: Thread<ToStore, FromStore>;
  #checkpoint!: Thread<ToCheckpoint, FromCheckpoint>;
  readonly #pipelineBell: Doorbell;
  readonly #latests = new Map<number, (points: Point[]) => void>();
  readonly #accounts = new Map<number, (statement: Uint8Array) => void>();
  readonly #audits = new Map<number, PartitionAudit>();
  readonly #watches = new Map<number, number>();
  readonly #liveListeners: ((points: readonly Point[]) => void)[] = [];
  #token = 0;
  #mqttPort = 0;
  #mqttsPort = 0;
  #caughtUp = false;
  #database: 'up' | 'down' = 'up';
  #databaseMessage = '';
  #halted: string | undefined;
  #logTrouble: Intake['logTrouble'];
  #opened = false;
  #stopping = false;

  private constructor(options: DataPlaneOptions) {
    this.#options = options;
    this.#shared = { doorbells: Doorbell.memory(DOORBELLS), progress: Progress.memory(options.partitions) };
    this.#progress = new Progress(this.#shared.progress);
    // Before the log opens: what is committed is a floor under the offsets that it gives out.
    options.committed.forEach((committed, partition) => {
      this.#progress.set(partition, ProgressWord.committed, committed);
    });
    this.#pipelineBell = new Doorbell(this.#shared.doorbells, pipelineDoorbell(0));
    this.#partitionMemories = Array.from({ length: options.partitions }, () => kernelMemory(abi.PIPELINE_END));
    this.#kernelMemories = this.#partitionMemories.map((memory) => new KernelMemory(memory));
    this.#pipelineCounters = this.#kernelMemories.map(({ counters }) => counters);
    this.#roster = new ThreadRoster(options.failed);
    this.#gateways = new Gateways({
      count: options.gateways,
      entry: options.entries.gateway,
      bind: options.bind,
      partitions: options.partitions,
      shared: this.#shared,
      tls: options.tls,
      reactor: options.reactor,
      event: options.event,
    });
    const log: LogStart = {
      folder: options.logFolder,
      partitions: options.partitions,
      retentionHours: options.logRetentionHours,
      retentionBytesMax: options.logRetentionGib * 1024 * abi.MIB,
      backlogBytesMax: options.logBacklogMib * abi.MIB,
      gateways: this.#gateways.outlets,
      shared: this.#shared,
    };
    this.#feeds = options.openLog && options.committed.map(() => RecordRing.memory(FEED_BYTES));
    this.#log = this.#openLog(log);
  }

  /** Starts every thread; `listen` lets devices in. When one does not come up, the others are ended again. */
  static async start(options: DataPlaneOptions): Promise<ThreadedDataPlane> {
    const plane = new ThreadedDataPlane(options);
    try {
      await plane.#log.ready;
      plane.#opened = true;
      plane.#startStoreAndPipeline();
      await Promise.all([plane.#store.ready, plane.#checkpoint.ready, plane.#pipeline.ready, plane.#gateways.start(plane.#roster)]);
    } catch (error) {
      plane.#stopping = true;
      await Promise.all([plane.#roster.terminate(), plane.#log.terminate()]);
      throw error;
    }
    plane.#toPipeline({ kind: 'metrics', entries: options.metrics });
    return plane;
  }

  #openLog(start: LogStart): LogPart {
    const receive = (message: FromLog) => this.#fromLog(message);
    if (!this.#options.openLog || !this.#feeds) return this.#roster.add('log', this.#options.entries.log, start, [], receive);
    const log = this.#options.openLog(start, this.#feeds, receive);
    log.ended.catch((error: unknown) => {
      if (!this.#stopping && this.#opened) this.#options.failed(error instanceof Error ? error : new Error(String(error)));
    });
    return log;
  }

  #startStoreAndPipeline(): void {
    const { port1: storePort, port2: pipelinePort } = new MessageChannel();
    const { options, memories } = { options: this.#options, memories: this.#partitionMemories };
    const store: StoreStart = {
      databaseUrl: options.databaseUrl,
      consumerGroup: options.consumerGroup,
      pipelines: [storePort],
      memories,
      shared: this.#shared,
    };
    this.#store = this.#roster.add('store', options.entries.store, store, [storePort], (message: FromStore) => this.#fromStore(message));
    const { port1: checkpointPort, port2: checkpoints } = new MessageChannel();
    const checkpoint: CheckpointStart = { folder: options.checkpointFolder, pipelines: [checkpointPort], shared: this.#shared };
    this.#checkpoint = this.#roster.add('checkpoint', options.entries.checkpoint, checkpoint, [checkpointPort], (message: FromCheckpoint) =>
      options.event('checkpoint', message as ThreadEvent),
    );
    const pipeline: PipelineStart = {
      index: 0,
      logFolder: options.logFolder,
      feeds: this.#feeds,
      partitions: memories.map((memory, number) => ({ number, memory, committed: options.committed[number] as bigint })),
      shared: this.#shared,
      batchAgeMsMax: options.batchAgeMsMax,
      store: pipelinePort,
      checkpointFolder: options.checkpointFolder,
      checkpointEveryMs: options.checkpointSeconds * 1000,
      checkpoints,
    };
    this.#pipeline = this.#roster.add(
      'pipeline-0',
      options.entries.pipeline,
      pipeline,
      [pipelinePort, checkpoints],
      (message: FromPipeline) => this.#fromPipeline(message),
    );
  }

  /** Lets devices in; answers the port. */
  async listen(): Promise<number> {
    const { port, tlsPort } = await this.#gateways.listen(this.#options.mqttPort);
    [this.#mqttPort, this.#mqttsPort] = [port, tlsPort];
    return this.#mqttPort;
  }

  publishDevices(entries: readonly DeviceEntry[]): Promise<void> {
    return this.#gateways.publishDevices(entries);
  }

  ingest(device: number, payload: Uint8Array): Promise<number> {
    return this.#gateways.ingest(device, payload);
  }

  isConnected(device: number): boolean {
    return this.#gateways.isConnected(device);
  }

  latest(devices: readonly number[]): Promise<Point[]> {
    const token = ++this.#token;
    return new Promise((resolve) => {
      this.#latests.set(token, resolve);
      this.#toPipeline({ kind: 'latest', token, devices });
    });
  }

  account(device: number): Promise<DeviceAccount> {
    const token = ++this.#token;
    const pipeline = this.#kernelMemories[partitionOf(device, this.#kernelMemories.length)] as KernelMemory;
    return new Promise((resolve) => {
      const { memories, accepted } = this.#gateways;
      this.#accounts.set(token, (statement) => resolve(readAccount(device, statement, pipeline, memories, accepted)));
      this.#toPipeline({ kind: 'account', token, device });
    });
  }

  audits(): PlaneAudits {
    return { gateways: this.#gateways.audits(), partitions: [...this.#audits.values()] };
  }

  deviceTotals(): Iterable<DeviceTotals> {
    return readDeviceTotals(this.#kernelMemories, this.#gateways.accepted);
  }

  refusedMessages(): Iterable<RefusedMessages> {
    return readRefused(this.#gateways.memories);
  }

  watch(device: number, on: boolean): void {
    const watches = (this.#watches.get(device) ?? 0) + (on ? 1 : -1);
    if (watches > 0) this.#watches.set(device, watches);
    else this.#watches.delete(device);
    if (on ? watches === 1 : watches === 0) this.#toPipeline({ kind: 'watch', device, on });
  }

  onLive(listener: (points: readonly Point[]) => void): void {
    this.#liveListeners.push(listener);
  }

  /** The port of MQTT over TLS; 0: there is none. */
  get mqttsPort(): number {
    return this.#mqttsPort;
  }

  get mqttPort(): number {
    return this.#mqttPort;
  }

  counters(): PlaneCounters {
    return readCounters(this.#gateways.counters, this.#pipelineCounters, this.#progress);
  }

  lag(): PartitionLag[] {
    return this.#partitionMemories.map((_, partition) => readLag(this.#progress, partition));
  }

  intake(): Intake {
    return readIntake(this.#gateways.counters, this.#options.logBacklogMib * abi.MIB, this.#logTrouble);
  }

  threads(): ThreadCpu[] {
    return this.#roster.cpu();
  }

  notReady(): string | undefined {
    if (this.#stopping) return 'the appliance is shutting down';
    if (this.#mqttPort === 0) return 'the gateway does not listen yet';
    if (this.#halted) return this.#halted;
    if (!this.#caughtUp) return 'state is being rebuilt from the log';
    if (this.#logTrouble) return `log: failing, ${this.#logTrouble.message}`;
    if (this.#database === 'down') return `the database is down: ${this.#databaseMessage}`;
    return undefined;
  }

  /** Stops taking in, drains gateway, log, pipeline and store in the order of the flow; true when all is committed. */
  async stop(): Promise<boolean> {
    this.#stopping = true;
    this.#roster.expectEnd();
    const deadlineMs = performance.now() + DRAIN_MS_MAX;
    const end = (thread: unknown, bell?: Doorbell) => stopThread(thread as Stoppable, deadlineMs, bell);
    const logBell = new Doorbell(this.#shared.doorbells, LOG_DOORBELL);
    this.#log.post({ kind: 'drain' });
    logBell.ring();
    let drained = await this.#gateways.stop(deadlineMs);
    drained = (await end(this.#pipeline, this.#pipelineBell)) && drained;
    drained = (await end(this.#checkpoint)) && drained;
    drained = (await end(this.#store)) && drained;
    drained = (await end(this.#log, logBell)) && drained;
    this.#gateways.refuseWaiting(abi.CODE_SHUTTING_DOWN);
    return drained;
  }

  #toPipeline(message: ToPipeline): void {
    this.#pipeline.post(message);
    this.#pipelineBell.ring();
  }

  #fromLog(message: FromLog): void {
    if (message.kind === 'event') this.#options.event('log', message);
    else if (message.kind === 'health') {
      const { code, message: text } = message;
      this.#logTrouble = message.log === 'failing' ? { code, message: text } : undefined;
      this.#gateways.logChanged(message.log === 'up' ? abi.CODE_NONE : FULL.includes(code) ? abi.CODE_LOG_FULL : abi.CODE_LOG_FAILING);
    }
  }

  #fromPipeline(message: FromPipeline): void {
    switch (message.kind) {
      case 'event':
        this.#options.event('pipeline-0', message);
        return;
      case 'caught-up':
        this.#caughtUp = true;
        return;
      case 'halted':
        this.#halted = message.message;
        this.#options.event('pipeline-0', {
          kind: 'event',
          level: 'error',
          name: 'partition_halted',
          fields: { partition: message.partition, message: message.message },
        });
        return;
      case 'unknown-metrics':
        void this.#answerUnknownMetrics(message.partition, message.names);
        return;
      case 'live': {
        const points = readPoints(message.points);
        for (const listener of this.#liveListeners) listener(points);
        return;
      }
      case 'latest':
        take(this.#latests, message.token)?.(readPoints(message.points));
        return;
      case 'account':
        take(this.#accounts, message.token)?.(message.statement);
        return;
      case 'audited':
        this.#audits.set(message.audit.partition, message.audit);
    }
  }

  /** Until the registry answers, the partition stands still and its messages wait in the log. */
  async #answerUnknownMetrics(partition: number, names: readonly string[]): Promise<void> {
    for (let delayMs = 100; !this.#stopping; delayMs = Math.min(delayMs * 2, 5000)) {
      try {
        const entries = await this.#options.addMetrics(names);
        this.#toPipeline(entries === 'full' ? { kind: 'metrics-denied', partition } : { kind: 'metrics', entries });
        return;
      } catch (error) {
        const fields = { partition, cause: error instanceof Error ? error.message : String(error) };
        this.#options.event('main', { kind: 'event', level: 'error', name: 'metrics_not_registered', fields });
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
    }
  }

  #fromStore(message: FromStore): void {
    if (message.kind === 'event') this.#options.event('store', message);
    else if (message.kind === 'health') {
      this.#database = message.database;
      this.#databaseMessage = message.message;
    }
  }
}

function take<Value>(map: Map<number, Value>, key: number): Value | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}
