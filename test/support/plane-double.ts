import type { Acknowledgement } from '../../src/contract/acknowledgement.js';
import { type BrokerCounts, NOTHING_COUNTED } from '../../src/contract/broker/session-views.js';
import type { CapturedMessage, CaptureListener, TurnedAway } from '../../src/contract/captures.js';
import type { CodecRuns } from '../../src/contract/codecs/codec-plan.js';
import type {
  AwaitedMessages,
  DataPlane,
  HandedMessage,
  Intake,
  LatestPoint,
  LatestPoints,
  PartitionLag,
  PlaneCounters,
  Point,
  ThreadCpu,
} from '../../src/contract/data-plane.js';
import type { DeviceEntry } from '../../src/contract/devices.js';
import type { EdgeSignal } from '../../src/contract/edge-signal.js';
import type { IdentityNews } from '../../src/contract/identity/news.js';
import type { DeviceAccount, DeviceTotals, PlaneAudits, RefusedMessages, RefusedTopic } from '../../src/contract/ledger.js';
import type { OverRate } from '../../src/contract/limits/over-rate.js';
import type { SchemaResolution } from '../../src/contract/schemas/schema-port.js';
import type { BrokerAnswer, BrokerQuestion } from '../../src/contract/threads/broker.js';
import type { IdentityQuestion, QuestionOf } from '../../src/contract/threads/gateway.js';
import type { TopicRule } from '../../src/contract/topic-rules/topic-rule.js';
import type { UnitReport } from '../../src/contract/unit-report.js';
import type { MessageVerdict, Verdict } from '../../src/contract/verdict.js';

/** A data plane in memory: it remembers what it was told, and a test decides what it answers. */
export class PlaneDouble implements DataPlane {
  readonly published: DeviceEntry[] = [];
  readonly deleted: number[] = [];
  /** By tenant, as they were set last. */
  readonly identity: IdentityNews[] = [];
  readonly topicRules = new Map<string, readonly TopicRule[]>();
  readonly packsOff = new Map<string, readonly string[]>();
  readonly overRates = new Map<number, OverRate>();
  readonly ingested: HandedMessage[] = [];
  readonly watched = new Map<number, number>();
  readonly captured = new Map<number, number>();
  doorWatches = 0;
  readonly connected = new Set<number>();
  mqttPort = 1883;
  points: LatestPoint[] = [];
  /** Devices of which memory does not hold everything. */
  unheld: number[] = [];
  reason: string | undefined;
  acknowledged: Acknowledgement | undefined;
  fenced = 0;
  /** Partitions that nobody answers for. */
  notRunning: number[] = [];
  logTrouble: Intake['logTrouble'];
  onIngest: (device: number, payload: Uint8Array) => Promise<number> = () => Promise.resolve(0);
  /** Undefined: no verdict comes. */
  onVerdict: (payload: Uint8Array) => Verdict | undefined = () => ({ code: 0, stored: 1, duplicate: 0, skipped: 0, skippedCode: 0 });
  /** Whether the partitions of all devices are run by another process. */
  isElsewhere = false;
  /** Undefined: no device connects here. */
  onBrokerAsked: (question: BrokerQuestion) => Promise<BrokerAnswer> | undefined = () => undefined;
  counted: BrokerCounts = NOTHING_COUNTED;
  onPublish: () => Promise<void> = () => Promise.resolve();
  totals: PlaneCounters = {
    received: 0,
    accepted: 0,
    refused: 0,
    refusedByCode: {},
    acked: 0,
    connections: 0,
    connectionsByTransport: {},
    dtls: { open: 0, shaking: 0, established: 0, dropped: 0, evicted: 0, moved: 0 },
    records: 0,
    stored: 0,
    duplicate: 0,
    extraSamples: 0,
    dead: 0,
    rowsRefused: 0,
    lettersRefused: 0,
    deadByCode: {},
    readings: 0,
    textReadings: 0,
    rounded: 0,
    skipped: 0,
    zoneless: { receipt: 0, time_zone: 0 },
    recognised: 0,
    schemaFields: {},
    sparkplug: {},
    bytesIn: 0,
    undelivered: 0,
    blocks: 0,
    byCode: {},
  };
  partitions: PartitionLag[] = [];
  cpu: ThreadCpu[] = [];
  audited: PlaneAudits = { gateways: [], partitions: [] };
  books: DeviceTotals[] = [];
  refusedLast: RefusedTopic[] = [];
  readonly seen = new Map<number, number>();
  /** By device: the schema version that gateways stamp. */
  readonly schemas = new Map<number, number>();
  /** The same of time zones. */
  readonly timeZones = new Map<number, number>();
  refusedBooks: RefusedMessages[] = [];
  accountOf: DeviceAccount | undefined = {
    stored: 0,
    duplicate: 0,
    dead: {},
    inFlight: 0,
    refused: {},
    reboots: 0,
    rebootMs: undefined,
    runs: [],
    runsForgotten: 0,
    leftOut: 0,
    sinceMs: undefined,
  };
  readonly #askers = new Map<IdentityQuestion['kind'], (question: never) => Promise<void>>();
  readonly #doorListeners: ((turnedAway: readonly TurnedAway[]) => void)[] = [];
  readonly #captureListeners: CaptureListener[] = [];
  readonly #listeners: ((points: readonly Point[]) => void)[] = [];

  async publishDevices(entries: readonly DeviceEntry[]): Promise<void> {
    await this.onPublish();
    // What reaches a thread is a clone: an entry that drags a larger buffer along would show here.
    this.published.push(...structuredClone(entries));
  }

  async publishSchemas(resolution: SchemaResolution): Promise<void> {
    const { devices, numbers, timeZones } = structuredClone(resolution);
    devices.forEach((device, index) => {
      this.schemas.set(device, numbers[index] as number);
      this.timeZones.set(device, timeZones[index] as number);
    });
  }

  /** What a partition reports of a device's firmware. */
  reportFirmware: (device: number, version: string) => void = () => {};

  onFirmware(listener: (device: number, version: string) => void): void {
    this.reportFirmware = listener;
  }

  /** What a partition reports of the units that messages state. */
  reportUnit: (report: UnitReport) => void = () => {};

  onUnit(listener: (report: UnitReport) => void): void {
    this.reportUnit = listener;
  }

  /** What a partition reports of edge nodes. */
  reportEdge: (signal: EdgeSignal) => void = () => {};

  onEdgeSignal(listener: (signal: EdgeSignal) => void): void {
    this.reportEdge = listener;
  }

  /** What a partition reports of codecs. */
  reportCodecRuns: (runs: readonly CodecRuns[]) => void = () => {};

  onCodecRuns(listener: (runs: readonly CodecRuns[]) => void): void {
    this.reportCodecRuns = listener;
  }

  async deleteDevices(numbers: readonly number[]): Promise<void> {
    this.deleted.push(...numbers);
  }

  /** What a gateway device that may register others does. */
  nameSubdevice: (gateway: number, id: string) => void = () => {};

  onIdentityAsked<Kind extends IdentityQuestion['kind']>(kind: Kind, listener: (question: QuestionOf<Kind>) => Promise<void>): void {
    this.#askers.set(kind, listener);
  }

  /** As a gateway that cannot judge a client. */
  async askIdentity(question: IdentityQuestion): Promise<void> {
    await this.#askers.get(question.kind)?.(question as never);
  }

  onSubdevice(listener: (gateway: number, id: string) => void): void {
    this.nameSubdevice = listener;
  }

  async publishIdentity(news: readonly IdentityNews[]): Promise<void> {
    this.identity.push(...structuredClone(news));
  }

  setTopicRules(tenant: string, rules: readonly TopicRule[], off: readonly string[]): void {
    this.packsOff.set(tenant, off);
    this.topicRules.set(tenant, structuredClone(rules));
  }

  overRate(device: number): OverRate | undefined {
    return this.overRates.get(device);
  }

  ingest(messages: readonly HandedMessage[]): Promise<readonly number[]> {
    return Promise.all(messages.map((message) => this.#ingest(message)));
  }

  ingestAwaited(messages: readonly HandedMessage[]): AwaitedMessages {
    const durable = messages.map((message) => this.#ingest(message));
    const awaited = messages.map(({ payload }, index) => {
      if (this.isElsewhere) return undefined;
      let giveUp = () => {};
      const given = new Promise<undefined>((resolve) => {
        giveUp = () => resolve(undefined);
      });
      return { verdict: durable[index]!.then(() => this.onVerdict(payload) ?? given), giveUp, withdraw: giveUp };
    });
    return { durable: Promise.all(durable), awaited };
  }

  #ingest(message: HandedMessage): Promise<number> {
    this.ingested.push({ ...message, payload: Uint8Array.from(message.payload) });
    return this.onIngest(message.device, message.payload);
  }

  /** Reports verdicts that nobody here waits for. */
  reportStray: (verdicts: readonly MessageVerdict[]) => void = () => {};
  /** Verdicts of other processes. */
  readonly delivered: MessageVerdict[] = [];

  onStrayVerdicts(listener: (verdicts: readonly MessageVerdict[]) => void): void {
    this.reportStray = listener;
  }

  deliverVerdicts(verdicts: readonly MessageVerdict[]): void {
    this.delivered.push(...verdicts);
  }

  async latest(devices: readonly number[]): Promise<LatestPoints> {
    const isAsked = (device: number) => devices.includes(device);
    const points = this.points.filter(({ device }) => isAsked(device));
    return { points, unheld: this.unheld.filter(isAsked), notRunning: this.notRunning };
  }

  isConnected(device: number): boolean {
    return this.connected.has(device);
  }

  askBroker(question: BrokerQuestion): Promise<BrokerAnswer> | undefined {
    return this.onBrokerAsked(question);
  }

  brokerCounts(): BrokerCounts {
    return this.counted;
  }

  watch(device: number, on: boolean): void {
    this.watched.set(device, (this.watched.get(device) ?? 0) + (on ? 1 : -1));
  }

  capture(device: number, on: boolean): void {
    this.captured.set(device, (this.captured.get(device) ?? 0) + (on ? 1 : -1));
  }

  onCaptured(listener: CaptureListener): void {
    this.#captureListeners.push(listener);
  }

  watchDoor(on: boolean): void {
    this.doorWatches += on ? 1 : -1;
  }

  onTurnedAway(listener: (turnedAway: readonly TurnedAway[]) => void): void {
    this.#doorListeners.push(listener);
  }

  noteTurnedAway(turnedAway: TurnedAway): void {
    this.turnAway(turnedAway);
  }

  turnAway(...turnedAway: TurnedAway[]): void {
    for (const listener of this.#doorListeners) listener(turnedAway);
  }

  emitCaptured(messages: readonly CapturedMessage[], skipped = 0): void {
    for (const listener of this.#captureListeners) listener(messages, skipped);
  }

  onLive(listener: (points: readonly Point[]) => void): void {
    this.#listeners.push(listener);
  }

  emit(...points: Point[]): void {
    for (const listener of this.#listeners) listener(points);
  }

  counters(): PlaneCounters {
    return this.totals;
  }

  audits(): PlaneAudits {
    return this.audited;
  }

  async account(): Promise<DeviceAccount | undefined> {
    return this.accountOf;
  }

  deviceTotals(): Iterable<DeviceTotals> {
    return this.books;
  }

  refusedMessages(): Iterable<RefusedMessages> {
    return this.refusedBooks;
  }

  refusedTopics(): Iterable<RefusedTopic> {
    return this.refusedLast.splice(0);
  }

  seenMs(device: number): number | undefined {
    return this.seen.get(device);
  }

  intake(): Intake {
    return { gateways: 2, paused: 1, pauses: 7, backlogBytesMax: 1000, topic: undefined, logTrouble: this.logTrouble };
  }

  lag(): PartitionLag[] {
    return this.partitions;
  }

  threads(): ThreadCpu[] {
    return this.cpu;
  }

  acknowledgement(): Acknowledgement | undefined {
    return this.acknowledged;
  }

  stalled(): string | undefined {
    return undefined;
  }

  uncompressed(): string | undefined {
    return undefined;
  }

  notReady(): string | undefined {
    return this.reason;
  }
}
