import { MessageChannel } from 'node:worker_threads';
import * as abi from '../../assembly/abi.js';
import type { DataPlane, PartitionLag, PlaneCounters, Point, ThreadCpu } from '../contract/data-plane.js';
import type { DeviceEntry } from '../contract/devices.js';
import type {
  FromGateway,
  FromLog,
  FromPipeline,
  FromStore,
  GatewayStart,
  LogStart,
  PipelineStart,
  ReactorChoice,
  SharedState,
  StoreStart,
  ThreadEvent,
  TlsListener,
  ToGateway,
  ToLog,
  ToPipeline,
  ToStore,
} from '../contract/threads.js';
import { BlockRing } from './block-ring.js';
import { DOORBELLS, Doorbell, gatewayDoorbell, LOG_DOORBELL, pipelineDoorbell } from './doorbell.js';
import { KernelMemory, kernelMemory } from './kernel.js';
import { readCounters, readLag, readPoints } from './plane-readings.js';
import { Progress, ProgressWord } from './progress.js';
import { threadCpuSeconds } from './thread-cpu.js';
import { threadId } from './thread-id.js';
import { Thread } from './worker.js';

export interface DataPlaneOptions {
  readonly entries: { readonly gateway: URL; readonly log: URL; readonly pipeline: URL; readonly store: URL };
  readonly bind: string;
  readonly mqttPort: number;
  /** MQTT over TLS, if it is wanted. */
  readonly tls?: TlsListener | undefined;
  readonly reactor: ReactorChoice;
  readonly partitions: number;
  readonly logFolder: string;
  readonly logRetentionHours: number;
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

/** How long a drain may take before the threads are ended where they stand, ms. */
const DRAIN_MS_MAX = 15_000;

/** Starts the data plane's threads, wires them to each other, and speaks for them. */
export class ThreadedDataPlane implements DataPlane {
  readonly connected = new Set<number>();
  readonly #options: DataPlaneOptions;
  readonly #progress: Progress;
  readonly #shared: SharedState;
  readonly #gatewayMemory = kernelMemory(abi.GATEWAY_END);
  readonly #ring = BlockRing.memory(abi.BLOCK_SLOTS);
  readonly #partitionMemories: WebAssembly.Memory[];
  readonly #counters: { gateway: BigUint64Array; pipelines: BigUint64Array[] };
  readonly #log: Thread<ToLog, FromLog>;
  #gateway!: Thread<ToGateway, FromGateway>;
  #pipeline!: Thread<ToPipeline, FromPipeline>;
  #store!: Thread<ToStore, FromStore>;
  readonly #threads: { readonly name: string; readonly tid: number; terminate(): Promise<void> }[] = [];
  readonly #pipelineBell: Doorbell;
  readonly #ingests = new Map<number, (code: number) => void>();
  readonly #latests = new Map<number, (points: Point[]) => void>();
  readonly #publishes = new Map<number, () => void>();
  readonly #watches = new Map<number, number>();
  readonly #liveListeners: ((points: readonly Point[]) => void)[] = [];
  #token = 0;
  #mqttPort = 0;
  #mqttsPort = 0;
  #listening: { resolve(port: number): void; reject(error: Error): void } | undefined;
  #caughtUp = false;
  #database: 'up' | 'down' = 'up';
  #databaseMessage = '';
  #halted: string | undefined;
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
    this.#counters = {
      gateway: new KernelMemory(this.#gatewayMemory).counters,
      pipelines: this.#partitionMemories.map((memory) => new KernelMemory(memory).counters),
    };
    const log: LogStart = {
      folder: options.logFolder,
      partitions: options.partitions,
      retentionHours: options.logRetentionHours,
      gateways: [{ memory: this.#gatewayMemory, ring: this.#ring }],
      shared: this.#shared,
    };
    this.#log = this.#thread('log', options.entries.log, log, [], (message) => options.event('log', message as ThreadEvent));
  }

  /** Starts every thread; `listen` lets devices in. When one does not come up, the others are ended again. */
  static async start(options: DataPlaneOptions): Promise<ThreadedDataPlane> {
    const plane = new ThreadedDataPlane(options);
    try {
      await plane.#log.ready;
      plane.#startStoreAndPipeline();
      plane.#startGateway();
      await Promise.all([plane.#store.ready, plane.#pipeline.ready, plane.#gateway.ready]);
    } catch (error) {
      plane.#stopping = true;
      await Promise.all(plane.#threads.map((thread) => thread.terminate()));
      throw error;
    }
    plane.#toPipeline({ kind: 'metrics', entries: options.metrics });
    return plane;
  }

  #startGateway(): void {
    const gateway: GatewayStart = {
      index: 0,
      memory: this.#gatewayMemory,
      ring: this.#ring,
      shared: this.#shared,
      partitions: this.#options.partitions,
      bind: this.#options.bind,
      mqttPort: this.#options.mqttPort,
      tls: this.#options.tls,
      reactor: this.#options.reactor,
    };
    this.#gateway = this.#thread('gateway-0', this.#options.entries.gateway, gateway, [], (message: FromGateway) =>
      this.#fromGateway(message),
    );
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
    this.#store = this.#thread('store', options.entries.store, store, [storePort], (message: FromStore) => this.#fromStore(message));
    const pipeline: PipelineStart = {
      index: 0,
      logFolder: options.logFolder,
      partitions: memories.map((memory, number) => ({ number, memory, committed: options.committed[number] as bigint })),
      shared: this.#shared,
      batchAgeMsMax: options.batchAgeMsMax,
      store: pipelinePort,
    };
    this.#pipeline = this.#thread('pipeline-0', options.entries.pipeline, pipeline, [pipelinePort], (message: FromPipeline) =>
      this.#fromPipeline(message),
    );
  }

  #thread<In, Out extends { readonly kind: string }>(
    name: string,
    entry: URL,
    data: unknown,
    transfer: MessagePortList,
    receive: (message: Out) => void,
  ): Thread<In, Out> {
    const thread = new Thread<In, Out>(name, entry, data, transfer, receive);
    this.#threads.push(thread);
    thread.ended.catch((error: unknown) => {
      if (!this.#stopping) this.#options.failed(error instanceof Error ? error : new Error(String(error)));
    });
    return thread;
  }

  /** Lets devices in; answers the port. */
  async listen(): Promise<number> {
    this.#mqttPort = await new Promise<number>((resolve, reject) => {
      this.#listening = { resolve, reject };
      this.#gateway.post({ kind: 'listen' });
    });
    return this.#mqttPort;
  }

  publishDevices(entries: readonly DeviceEntry[]): Promise<void> {
    const token = ++this.#token;
    return new Promise((resolve) => {
      this.#publishes.set(token, resolve);
      this.#gateway.post({ kind: 'devices', token, entries });
    });
  }

  ingest(device: number, payload: Uint8Array): Promise<number> {
    const token = ++this.#token;
    return new Promise((resolve) => {
      this.#ingests.set(token, resolve);
      this.#gateway.post({ kind: 'ingest', token, device, flags: abi.FLAG_TRANSPORT_HTTP, payload });
    });
  }

  latest(devices: readonly number[]): Promise<Point[]> {
    const token = ++this.#token;
    return new Promise((resolve) => {
      this.#latests.set(token, resolve);
      this.#toPipeline({ kind: 'latest', token, devices });
    });
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
    return readCounters(this.#counters.gateway, this.#counters.pipelines);
  }

  lag(): PartitionLag[] {
    return this.#partitionMemories.map((_, partition) => readLag(this.#progress, partition));
  }

  threads(): ThreadCpu[] {
    return [
      { name: 'main', cpuSeconds: threadCpuSeconds(threadId()) },
      ...this.#threads.map(({ name, tid }) => ({ name, cpuSeconds: threadCpuSeconds(tid) })),
    ];
  }

  notReady(): string | undefined {
    if (this.#stopping) return 'the appliance is shutting down';
    if (this.#mqttPort === 0) return 'the gateway does not listen yet';
    if (this.#halted) return this.#halted;
    if (!this.#caughtUp) return 'state is being rebuilt from the log';
    if (this.#database === 'down') return `the database is down: ${this.#databaseMessage}`;
    return undefined;
  }

  /** Stops taking in, drains gateway, log, pipeline and store in the order of the flow; true when all is committed. */
  async stop(): Promise<boolean> {
    this.#stopping = true;
    const deadline = performance.now() + DRAIN_MS_MAX;
    let drained = true;
    const end = async (thread: Thread<{ kind: 'stop' }, never>, bell?: Doorbell) => {
      thread.post({ kind: 'stop' });
      bell?.ring();
      drained = (await endedBy(thread, deadline)) && drained;
    };
    type Stoppable = Thread<{ kind: 'stop' }, never>;
    await end(this.#gateway as unknown as Stoppable, new Doorbell(this.#shared.doorbells, gatewayDoorbell(0)));
    await end(this.#pipeline as unknown as Stoppable, this.#pipelineBell);
    await end(this.#store as unknown as Stoppable);
    await end(this.#log as unknown as Stoppable, new Doorbell(this.#shared.doorbells, LOG_DOORBELL));
    for (const resolve of this.#ingests.values()) resolve(abi.CODE_SHUTTING_DOWN);
    return drained;
  }

  #toPipeline(message: ToPipeline): void {
    this.#pipeline.post(message);
    this.#pipelineBell.ring();
  }

  #fromGateway(message: FromGateway): void {
    switch (message.kind) {
      case 'event':
        this.#options.event('gateway-0', message);
        return;
      case 'listening':
        this.#mqttsPort = message.tlsPort;
        this.#listening?.resolve(message.port);
        return;
      case 'listen-failed':
        this.#listening?.reject(new Error(message.message));
        return;
      case 'ingested':
        for (const token of message.tokens) take(this.#ingests, token)?.(abi.CODE_NONE);
        return;
      case 'ingest-refused':
        take(this.#ingests, message.token)?.(message.code);
        return;
      case 'devices-known':
        take(this.#publishes, message.token)?.();
        return;
      case 'connected':
        this.connected.add(message.device);
        return;
      case 'disconnected':
        this.connected.delete(message.device);
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

type MessagePortList = ConstructorParameters<typeof Thread>[3];

function take<Value>(map: Map<number, Value>, key: number): Value | undefined {
  const value = map.get(key);
  map.delete(key);
  return value;
}

async function endedBy(thread: Thread<never, never>, deadline: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), Math.max(0, deadline - performance.now()));
  });
  const ended = await Promise.race([
    thread.ended.then(
      () => 'ended',
      () => 'failed',
    ),
    late,
  ]);
  clearTimeout(timer);
  if (ended === 'late') await thread.terminate();
  return ended === 'ended';
}
