import { CODE_LOG_FAILING, CODE_LOG_FULL, CODE_NONE, CODE_SHUTTING_DOWN } from '../../assembly/abi/codes.js';
import { MIB } from '../../assembly/abi/limits.js';
import { intakeLimits, type LimitConfig } from '../config/settings/limits.js';
import { gatewayPorts, type ListenConfig, proxiesOf } from '../config/settings/listen.js';
import type { Acknowledgement } from '../contract/acknowledgement.js';
import type { MessageExchange } from '../contract/broker/exchange.js';
import type { BrokerCounts, BrokerLimits } from '../contract/broker/session-views.js';
import type { CaptureListener, TurnedAway } from '../contract/captures.js';
import type {
  AwaitedMessages,
  DataPlane,
  HandedMessage,
  Intake,
  LatestPoints,
  PartitionLag,
  PlaneCounters,
  Point,
  ThreadCpu,
} from '../contract/data-plane.js';
import type { NumberRange } from '../contract/database-identity.js';
import type { DeviceEntry } from '../contract/devices.js';
import type { IdentityNews } from '../contract/identity/news.js';
import type { DeviceAccount, DeviceTotals, PlaneAudits, RefusedMessages, RefusedTopic } from '../contract/ledger.js';
import type { LogPart, OpenLog, PartitionAssignment } from '../contract/log-port.js';
import type { SchemaResolution } from '../contract/schemas/schema-port.js';
import type { BrokerAnswer, BrokerQuestion } from '../contract/threads/broker.js';
import type { GatewayPorts, IdentityQuestion, QuestionOf } from '../contract/threads/gateway.js';
import type { FromLog, LogStart } from '../contract/threads/log.js';
import type { OwnedPartition } from '../contract/threads/pipeline.js';
import type { SharedState } from '../contract/threads/shared.js';
import type { TlsMaterial } from '../contract/tls-material.js';
import type { TopicRule } from '../contract/topic-rules/topic-rule.js';
import { DOORBELLS, Doorbell, LOG_DOORBELL } from '../host/doorbell.js';
import { Progress, ProgressWord } from '../host/progress.js';
import { RecordRing } from '../host/record-ring.js';
import { Broker } from './broker.js';
import { Door, type TurnedAwayListener } from './door.js';
import { Gateways } from './gateways.js';
import { readRefused } from './ledger-readings.js';
import { PartitionWatch } from './partition-watch.js';
import { Pipelines, type PipelinesOptions } from './pipelines.js';
import { readCounters, readIntake, readLag } from './plane-readings.js';
import { RefusedTopics } from './refused-topics.js';
import { type Stoppable, stopThread, ThreadRoster } from './thread-roster.js';

export interface DataPlaneOptions extends Omit<PipelinesOptions, 'entries' | 'fenced' | 'isHeld'> {
  readonly entries: PipelinesOptions['entries'] & { readonly broker: URL; readonly gateway: URL; readonly log: URL };
  /** Where MQTT sessions outlive the process; undefined: they end with it. */
  readonly sessionFolder: string | undefined;
  readonly broker: BrokerLimits;
  readonly exchange: MessageExchange | undefined;
  readonly listen: ListenConfig;
  readonly limits: LimitConfig;
  /** How long draining may take, of partitions that go to others too, before the threads are ended where they stand. */
  readonly stopSeconds: number;
  readonly tls: TlsMaterial | undefined;
  /** Of each gateway. */
  readonly connectionsMax: number;
  /** Whether devices connect here. */
  readonly runsGateways: boolean;
  /** Opens another log than that in the folder; it says which partitions are this process's, and when. */
  readonly openLog?: OpenLog | undefined;
  /** Whether partitions are run here. */
  readonly runsPipelines: boolean;
  /** Where the blocks of another log go. */
  readonly topic: string | undefined;
  /** Of the database: checkpoints with the numbers of another one are refused. */
  readonly databaseId: string;
  /** Committed offsets by partition, as they are now. */
  readonly committed: readonly bigint[];
  /** Makes this process the one that commits these partitions; answers where they stand, in the same order. */
  take(partitions: readonly number[]): Promise<readonly Omit<OwnedPartition, 'number'>[]>;
  /** Why the database is not there, where the plane starts without it; `admit` follows once it is. Absent: it is there. */
  readonly awaited?: (() => string) | undefined;
  /** A thread died: the process must not go on. */
  failed(error: Error): void;
}

/** What a disk says that has no room: no block, no quota, no larger file. */
const FULL = ['ENOSPC', 'EDQUOT', 'EFBIG'];
/** Room for the records of one partition between the log and its pipeline. What finds none is copied once more, into memory of its own. */
const FEED_BYTES = 8 * MIB;

/** Starts the data plane's threads, wires them to each other, and speaks for them. */
export class ThreadedDataPlane implements DataPlane {
  readonly #options: DataPlaneOptions;
  readonly #progress: Progress;
  readonly #shared: SharedState;
  readonly #roster: ThreadRoster;
  readonly #gateways: Gateways;
  readonly #broker: Broker;
  readonly #refusedTopics: RefusedTopics;
  readonly #door: Door;
  readonly #pipelines: Pipelines;
  readonly #log: LogPart;
  #ports: GatewayPorts = { mqtt: 0 };
  #logTrouble: Intake['logTrouble'];
  #opened = false;
  #fenced = 0;
  #acknowledgement: Acknowledgement | undefined;
  readonly #watch: PartitionWatch;
  #awaited: DataPlaneOptions['awaited'];
  /** By partition: where the log stood at the start. */
  #openedAt: readonly bigint[] = [];
  #stopping = false;
  readonly overRate = (device: number) => this.#gateways.overRates.of(device);

  private constructor(options: DataPlaneOptions) {
    this.#options = options;
    this.#awaited = options.awaited;
    this.#shared = { doorbells: Doorbell.memory(DOORBELLS), progress: Progress.memory(options.log.partitions) };
    this.#progress = new Progress(this.#shared.progress);
    // Before the log opens: what is committed is a floor under the offsets that it gives out.
    this.#setCommitted(options.committed.keys(), options.committed);
    const database = firstHalf(options.databaseId);
    for (const partition of options.committed.keys()) this.#progress.set(partition, ProgressWord.database, database);
    const { kind } = options.log;
    if (kind === 'file') this.#acknowledgement = { log: kind, copies: 1, copiesConfigured: 1, copiesMin: 1 };
    if (kind === 'none') this.#acknowledgement = { log: kind, copies: 0, copiesConfigured: 0, copiesMin: 0 };
    this.#watch = new PartitionWatch({ isAssigned: options.openLog !== undefined && options.runsPipelines });
    this.#roster = new ThreadRoster(options.failed);
    this.#gateways = new Gateways({
      count: options.runsGateways ? options.listen.gateways : 0,
      entry: options.entries.gateway,
      bind: options.listen.bind,
      partitions: options.log.partitions,
      shared: this.#shared,
      tls: options.tls,
      proxies: proxiesOf(options.listen),
      reactor: options.listen.reactor,
      connections: { max: options.connectionsMax, unauthenticatedMax: options.listen.unauthenticatedPerAddress },
      limits: intakeLimits(options.limits, options.listen.gateways),
      keepsNotTaken: options.listen.mqttRefusedPublish === 'keep',
      keepAliveSecondsMax: options.listen.mqttKeepAliveMax,
      isRegistryPartial: options.awaited !== undefined,
      event: options.event,
    });
    const { entries, sessionFolder, broker, exchange, event } = options;
    const gateways = this.#gateways.blocks.length;
    this.#broker = new Broker({ entry: entries.broker, gateways, folder: sessionFolder, limits: broker, exchange, event });
    this.#refusedTopics = new RefusedTopics(this.#gateways.memories);
    this.#door = new Door(this.#gateways);
    this.#pipelines = new Pipelines(
      { ...options, isHeld: options.awaited !== undefined, fenced: (cause) => this.#wasFenced(cause) },
      this.#shared,
      this.#roster,
    );
    const log: LogStart = {
      folder: options.logFolder,
      partitions: options.log.partitions,
      retentionHours: options.log.retentionHours,
      retentionBytesMax: options.log.retentionGib * 1024 * MIB,
      backlogBytesMax: options.log.backlogMib * MIB,
      gateways: this.#gateways.blocks,
      shared: this.#shared,
    };
    this.#log = this.#openLog(log);
  }

  /** Starts every thread; `listen` lets devices in. When one does not come up, the others are ended again. */
  static async start(options: DataPlaneOptions): Promise<ThreadedDataPlane> {
    // All partitions of the file log are this process's until its end. They are claimed before the log opens: another process that
    // ran them cannot commit from here on, so the offsets that the log opens with stand still. Without the database they are claimed
    // when it is there, and until then nothing is written.
    const owned = options.openLog ? undefined : options.awaited ? unclaimed(options) : await claim(options, [...options.committed.keys()]);
    const plane = new ThreadedDataPlane(owned ? { ...options, committed: owned.map(({ committed }) => committed) } : options);
    try {
      await plane.#log.ready;
      plane.#opened = true;
      plane.#openedAt = options.committed.map((_, partition) => plane.#progress.mark(partition).offset);
      if (options.runsGateways) await plane.#broker.start(plane.#roster);
      await Promise.all([plane.#gateways.start(plane.#roster, plane.#broker.ports), owned && plane.#pipelines.start(owned)]);
    } catch (error) {
      plane.#stopping = true;
      await Promise.all([plane.#roster.terminate(), plane.#log.terminate()]);
      throw error;
    }
    return plane;
  }

  #openLog(start: LogStart): LogPart {
    const receive = (message: FromLog) => this.#fromLog(message);
    if (!this.#options.openLog) return this.#roster.add('log', this.#options.entries.log, start, [], receive);
    const log = this.#options.openLog(start, this.#options.runsPipelines ? this.#assignment() : undefined, receive);
    log.ended.catch((error: unknown) => {
      if (!this.#stopping && this.#opened) this.#options.failed(error instanceof Error ? error : new Error(String(error)));
    });
    return log;
  }

  async #claim(numbers: readonly number[]): Promise<OwnedPartition[]> {
    const owned = await claim(this.#options, numbers);
    this.#setCommitted(
      numbers,
      owned.map(({ committed }) => committed),
    );
    return owned;
  }

  #assignment(): PartitionAssignment {
    const { partitions } = this.#options.log;
    return {
      claim: (numbers) => this.#claim(numbers),
      start: async (owned) => {
        if (this.#stopping) return [];
        const numbers = owned.map(({ number }) => number);
        const rings = Array.from({ length: partitions }, (_, number) =>
          numbers.includes(number) ? RecordRing.memory(FEED_BYTES) : undefined,
        );
        await this.#pipelines.start(owned, rings);
        this.#watch.assigned();
        return rings;
      },
      revoke: async (ends) => {
        this.#watch.revoked();
        if (await this.#pipelines.stop(performance.now() + this.#options.stopSeconds * 1000, ends)) return;
        this.#options.event('main', { kind: 'event', level: 'warn', name: 'partitions-not-drained', fields: {} });
      },
    };
  }

  #setCommitted(partitions: Iterable<number>, committed: readonly bigint[]): void {
    [...partitions].forEach((partition, index) => {
      this.#progress.set(partition, ProgressWord.committed, committed[index] as bigint);
    });
  }

  /**
   * The database is there, and these partitions are this process's: rows are committed from now on. True: what had been run was begun
   * anew, as the database stands elsewhere than was thought, or (`isOther`) numbers mean something else in it.
   */
  async admit(owned: readonly OwnedPartition[], lostDevices: readonly NumberRange[], isOther: boolean): Promise<boolean> {
    const { lostDevices: assumed } = this.#options;
    const isAsAssumed =
      !isOther &&
      JSON.stringify(lostDevices) === JSON.stringify(assumed) &&
      owned.every(({ number, committed, announced }) => announced === undefined && committed === this.#options.committed[number]);
    if (isAsAssumed) this.#pipelines.admit();
    else {
      this.#setCommitted(
        owned.map(({ number }) => number),
        owned.map(({ committed }) => committed),
      );
      await this.#pipelines.admitAnew(
        owned.map((one) => ({ ...one, openedAt: this.#openedAt[one.number] })),
        lostDevices,
      );
    }
    this.#awaited = undefined;
    this.#gateways.registryIsWhole();
    return !isAsAssumed;
  }

  /** Takes note of how far other processes are with the partitions that they run. */
  follow(committed: readonly bigint[]): void {
    committed.forEach((offset, partition) => {
      if (!this.#pipelines.owns(partition)) this.#progress.set(partition, ProgressWord.committed, offset);
    });
  }

  /** Lets devices in, where gateways are run. All rules about topics and all service clients have been published. */
  async listen(): Promise<void> {
    if (!this.#options.runsGateways) return;
    await this.#broker.publishIdentity([], true);
    this.#ports = await this.#gateways.listen(gatewayPorts(this.#options.listen));
  }

  async publishDevices(entries: readonly DeviceEntry[]): Promise<void> {
    if (this.#options.runsGateways) await this.#gateways.publishDevices(entries);
  }

  async deleteDevices(numbers: readonly number[]): Promise<void> {
    if (!this.#options.runsGateways) return;
    await this.#gateways.deleteDevices(numbers);
    this.#broker.devicesDeleted(numbers);
  }

  async publishSchemas(resolution: SchemaResolution): Promise<void> {
    if (this.#options.runsGateways) await this.#gateways.publishSchemas(resolution);
  }

  onCodecRuns: DataPlane['onCodecRuns'] = (listener) => this.#pipelines.reports.onCodecRuns(listener);
  onEdgeSignal: DataPlane['onEdgeSignal'] = (listener) => this.#pipelines.reports.onEdgeSignal(listener);
  onFirmware: DataPlane['onFirmware'] = (listener) => this.#pipelines.reports.onFirmware(listener);
  onStrayVerdicts: DataPlane['onStrayVerdicts'] = (listener) => this.#pipelines.onStrayVerdicts(listener);
  deliverVerdicts: DataPlane['deliverVerdicts'] = (verdicts) => this.#pipelines.deliverVerdicts(verdicts);
  onUnit: DataPlane['onUnit'] = (listener) => this.#pipelines.reports.onUnit(listener);

  askBroker(question: BrokerQuestion): Promise<BrokerAnswer> | undefined {
    return this.#options.runsGateways ? this.#broker.ask(question) : undefined;
  }

  brokerCounts(): BrokerCounts {
    return this.#broker.counts;
  }

  ingest(messages: readonly HandedMessage[]): Promise<readonly number[]> {
    return this.#gateways.ingest(messages);
  }

  ingestAwaited(messages: readonly HandedMessage[]): AwaitedMessages {
    const awaited = messages.map(({ device, payload }) => this.#pipelines.expectVerdict(device, payload));
    return { durable: this.#gateways.ingest(messages, (index) => awaited[index] !== undefined), awaited };
  }

  onSubdevice(listener: (gateway: number, id: string) => void): void {
    this.#gateways.onSubdevice(listener);
  }

  onIdentityAsked<Kind extends IdentityQuestion['kind']>(kind: Kind, listener: (question: QuestionOf<Kind>) => Promise<void>): void {
    this.#gateways.onIdentityAsked(kind, listener);
  }

  async publishIdentity(news: readonly IdentityNews[]): Promise<void> {
    // First: what a gateway grants meanwhile by older rules, the broker refuses.
    await this.#broker.publishIdentity(news, false);
    await this.#gateways.publishIdentity(news);
  }

  /** Connections over TLS that come from now on are shown this material; it holds together. */
  renewTls(material: TlsMaterial): void {
    this.#gateways.renewTls(material);
  }

  setTopicRules(tenant: string, rules: readonly TopicRule[], off: readonly string[]): void {
    this.#gateways.setTopicRules(tenant, rules, off);
  }

  isConnected(device: number): boolean {
    return this.#gateways.isConnected(device);
  }

  latest(devices: readonly number[]): Promise<LatestPoints> {
    return this.#pipelines.latest(devices);
  }

  account(device: number): Promise<DeviceAccount | undefined> {
    return this.#pipelines.account(device, this.#gateways.memories, this.#gateways.accepted);
  }

  audits(): PlaneAudits {
    return { gateways: this.#gateways.audits(), partitions: this.#pipelines.audits };
  }

  deviceTotals(): Iterable<DeviceTotals> {
    return this.#pipelines.deviceTotals(this.#gateways.accepted);
  }

  refusedMessages(): Iterable<RefusedMessages> {
    return readRefused(this.#gateways.memories);
  }

  refusedTopics(): Iterable<RefusedTopic> {
    return this.#refusedTopics.news();
  }

  seenMs(device: number): number | undefined {
    return this.#gateways.seenMs(device);
  }

  watch(device: number, on: boolean): void {
    this.#pipelines.watch(device, on);
  }

  capture(device: number, on: boolean): void {
    this.#pipelines.capture(device, on);
  }

  onCaptured(listener: CaptureListener): void {
    this.#pipelines.reports.onCaptured(listener);
  }

  watchDoor(on: boolean): void {
    this.#door.watch(on);
  }

  noteTurnedAway(turnedAway: TurnedAway): void {
    this.#door.note(turnedAway);
  }

  onTurnedAway(listener: TurnedAwayListener): void {
    this.#door.onTurnedAway(listener);
  }

  onLive(listener: (points: readonly Point[]) => void): void {
    this.#pipelines.reports.onLive(listener);
  }

  get mqttPort(): number {
    return this.#ports.mqtt;
  }

  /** Where devices connect; 0 for MQTT: nowhere. */
  get ports(): GatewayPorts {
    return this.#ports;
  }

  counters(): PlaneCounters {
    return readCounters(this.#gateways.counters, this.#pipelines.counters, this.#progress);
  }

  lag(): PartitionLag[] {
    return Array.from({ length: this.#options.log.partitions }, (_, partition) =>
      readLag(this.#progress, partition, this.#pipelines.owns(partition)),
    );
  }

  intake(): Intake {
    const { log, topic } = this.#options;
    return readIntake(this.#gateways.counters, { backlogBytesMax: log.backlogMib * MIB, logTrouble: this.#logTrouble, topic });
  }

  threads(): ThreadCpu[] {
    return this.#roster.cpu();
  }

  get fenced(): number {
    return this.#fenced;
  }

  notReady(): string | undefined {
    if (this.#stopping) return 'the appliance is shutting down';
    if (this.#options.runsGateways && this.#ports.mqtt === 0) return 'the gateway does not listen yet';
    if (this.#logTrouble) return `log: failing, ${this.#logTrouble.message}`;
    if (this.#awaited) return this.#awaited();
    return this.#watch.unassigned ?? this.#pipelines.trouble ?? this.stalled();
  }

  uncompressed(): string | undefined {
    return this.#pipelines.uncompressed;
  }

  acknowledgement(): Acknowledgement | undefined {
    return this.#acknowledgement;
  }

  stalled(): string | undefined {
    const isExcused =
      this.#awaited !== undefined || this.#stopping || this.#logTrouble !== undefined || this.#pipelines.trouble !== undefined;
    return this.#watch.stalled(this.lag(), isExcused);
  }

  /** Stops taking in, drains gateway, log, pipeline and store in the order of the flow; true when all is committed. */
  async stop(): Promise<boolean> {
    this.#stopping = true;
    this.#roster.expectEnd();
    const deadlineMs = performance.now() + this.#options.stopSeconds * 1000;
    const logBell = new Doorbell(this.#shared.doorbells, LOG_DOORBELL);
    this.#door.close();
    this.#log.post({ kind: 'drain' });
    logBell.ring();
    let drained = await this.#gateways.stop(deadlineMs);
    drained = (await this.#broker.stop(deadlineMs)) && drained;
    drained = (await this.#pipelines.stop(deadlineMs)) && drained;
    drained = (await stopThread(this.#log as unknown as Stoppable, deadlineMs, logBell)) && drained;
    this.#gateways.refuseWaiting(CODE_SHUTTING_DOWN);
    return drained;
  }

  #wasFenced(cause: string): void {
    this.#fenced++;
    if (this.#stopping) return;
    if (this.#log.fenced) this.#log.fenced(cause);
    else this.#options.failed(new Error(cause));
  }

  #fromLog(message: FromLog): void {
    if (message.kind === 'event') this.#options.event('log', message);
    else if (message.kind === 'acknowledgement') this.#acknowledgement = message.acknowledgement;
    else if (message.kind === 'health') {
      const { code, message: text } = message;
      this.#logTrouble = message.log === 'failing' ? { code, message: text } : undefined;
      this.#gateways.logChanged(message.log === 'up' ? CODE_NONE : FULL.includes(code) ? CODE_LOG_FULL : CODE_LOG_FAILING);
    }
  }
}

/** Makes this process the one that commits these partitions. */
async function claim({ take }: DataPlaneOptions, numbers: readonly number[]): Promise<OwnedPartition[]> {
  const taken = await take(numbers);
  return numbers.map((number, index) => ({ number, ...(taken[index] as (typeof taken)[number]) }));
}

/** The partitions as they were when the database was last there. */
function unclaimed({ committed }: DataPlaneOptions): OwnedPartition[] {
  return committed.map((offset, number) => ({ number, committed: offset }));
}

/** Of a UUID, as a signed number: the words of Progress are that. */
function firstHalf(uuid: string): bigint {
  return BigInt.asIntN(64, BigInt(`0x${uuid.replaceAll('-', '').slice(0, 16)}`));
}
