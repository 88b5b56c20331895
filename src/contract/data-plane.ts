import type { Acknowledgement } from './acknowledgement.js';
import type { BrokerCounts } from './broker/session-views.js';
import type { MessageCaptures } from './captures.js';
import type { CodecPort } from './codecs/codec-plan.js';
import type { DeviceEntry } from './devices.js';
import type { EdgePort } from './edge-signal.js';
import type { IdentityNews } from './identity/news.js';
import type { DeviceAccount, DeviceTotals, PlaneAudits, RefusedMessages, RefusedTopic } from './ledger.js';
import type { OverRate } from './limits/over-rate.js';
import type { SchemaPort } from './schemas/schema-port.js';
import type { BrokerAnswer, BrokerQuestion } from './threads/broker.js';
import type { IdentityQuestion, QuestionOf } from './threads/gateway.js';
import type { TopicRule } from './topic-rules/topic-rule.js';
import type { UnitPort } from './unit-report.js';
import type { AwaitedVerdict, VerdictPort } from './verdict.js';

/** One reading as the control plane sees it: numbers of device and metric, not their names. */
export interface Point {
  readonly device: number;
  readonly metric: number;
  /** Event time, ms of the Unix epoch, with a fraction for microseconds. */
  readonly tsMs: number;
  /** A boolean is 1 or 0. */
  readonly value: number | string;
  readonly receivedMs: number;
}

/** The latest reading of a series. */
export interface LatestPoint extends Omit<Point, 'value'> {
  /** Undefined: a text for which memory has no room. The database has it, or will as soon as it is committed. */
  readonly value: number | string | undefined;
}

export interface KnownPoints {
  readonly points: readonly LatestPoint[];
  /** Devices of which memory has no room for some latest value: the database has to be asked for those. */
  readonly unheld: readonly number[];
}

/** Clients of CoAP over DTLS. */
export interface DtlsCounters {
  /** Associations and handshakes that there are now. */
  readonly open: number;
  readonly shaking: number;
  /** Handshakes that were done; those that failed are refusals. */
  readonly established: number;
  /** Records that nobody could use. */
  readonly dropped: number;
  /** Associations given up because they were idle, or to make room. */
  readonly evicted: number;
  /** Clients that went on from another address by their connection ids. */
  readonly moved: number;
}

/** Sums over all kernels, by the names that /metrics shows. */
export interface PlaneCounters {
  readonly received: number;
  readonly accepted: number;
  readonly refused: number;
  /** The refused messages by code name. */
  readonly refusedByCode: Readonly<Record<string, number>>;
  readonly acked: number;
  readonly connections: number;
  /** Of them: `mqtt`, `mqtts`, `ws`, `wss`, and `ws-http` for WebSockets on the HTTP port. */
  readonly connectionsByTransport: Readonly<Record<string, number>>;
  readonly dtls: DtlsCounters;
  readonly records: number;
  readonly stored: number;
  readonly duplicate: number;
  /** Samples of records besides the first of each: each of them is stored, a duplicate, or dead by itself. */
  readonly extraSamples: number;
  readonly dead: number;
  /** The dead letters by code name. */
  readonly deadByCode: Readonly<Record<string, number>>;
  /** Rows of stored messages that the database refused: each became a dead letter. A message of several rows may have some stored and some here. */
  readonly rowsRefused: number;
  /** Dead letters that the database refused: only events and the log have them. */
  readonly lettersRefused: number;
  readonly readings: number;
  readonly textReadings: number;
  /** Of the readings, whole numbers that a 64-bit float cannot hold: the one next to each is stored. */
  readonly rounded: number;
  /** Values of stored messages that could not be read or kept, and were left out. */
  readonly skipped: number;
  /** Times of stored messages that name no zone: the receive time stands in their place, or they are read in a time zone of the registry's. */
  readonly zoneless: Readonly<Record<'receipt' | 'time_zone', number>>;
  /** Stored messages whose format nobody named and their bytes showed. */
  readonly recognised: number;
  /** Values of stored messages by what their schema made of them: set to an end of their range, counted outside of it, given by default, left out. */
  readonly schemaFields: Readonly<Record<string, number>>;
  /** What edge nodes of Sparkplug did, by event. */
  readonly sparkplug: Readonly<Record<string, number>>;
  readonly bytesIn: number;
  readonly blocks: number;
  /** Messages for subscribers that a gateway did not send: the client does not read, or takes none of their size. */
  readonly undelivered: number;
  /** Refusals and dead letters by code name. */
  readonly byCode: Readonly<Record<string, number>>;
}

/** Whether devices are read, and what stops that. */
export interface Intake {
  readonly gateways: number;
  /** Gateways that read no device now, because the log takes nothing from them. */
  readonly paused: number;
  /** How often a gateway stopped reading. */
  readonly pauses: number;
  /** Bytes of the log that may wait for the store before the log takes nothing in. */
  readonly backlogBytesMax: number;
  /** Of a log in Kafka. */
  readonly topic: string | undefined;
  /** Why nothing becomes durable: the code of the failing system call and what it said, which begins with the code; undefined while all is well. */
  readonly logTrouble: { readonly code: string; readonly message: string } | undefined;
}

export interface PartitionLag {
  readonly partition: number;
  /** Whether this process runs it. */
  readonly isHere: boolean;
  /** Offsets are bytes of the partition's log; in Kafka they count records. */
  readonly startOffset: bigint;
  readonly durableOffset: bigint;
  readonly processedOffset: bigint;
  readonly committedOffset: bigint;
  /** Behind the last block that the newest checkpoint knows, and when it was taken; undefined: there is none. */
  readonly checkpointOffset: bigint | undefined;
  readonly checkpointMs: number | undefined;
  /** The same of the newest one in the object store; undefined: there is none, or no store. */
  readonly storedOffset: bigint | undefined;
  readonly storedMs: number | undefined;
  /** durable - committed. */
  readonly lagBytes: number;
  /** Receive time of the newest durable message minus that of the newest committed one. */
  readonly lagMs: number;
  /** Messages whose rows were committed since the start. */
  readonly committedRecords: number;
  /** Gaps of the log that were passed since the start, and bytes in them. */
  readonly gaps: number;
  readonly gapBytes: number;
}

/** Latest readings of the devices asked about. */
export interface LatestPoints extends KnownPoints {
  /** Partitions of such devices that nobody answered for. */
  readonly notRunning: readonly number[];
}

/** What partitions know of devices. */
export interface DeviceViews {
  latest(devices: readonly number[]): Promise<LatestPoints>;
  /** Counted: a device is watched until each `true` was followed by a `false`. */
  watch(device: number, on: boolean): void;
  onLive(listener: (points: readonly Point[]) => void): void;
}

export interface ThreadCpu {
  readonly name: string;
  /** CPU seconds since start, user and system; undefined where the platform does not tell. */
  readonly cpuSeconds: number | undefined;
}

/** A message that is handed in over HTTP; it is copied. */
export interface HandedMessage {
  /** Its number. */
  readonly device: number;
  readonly payload: Uint8Array;
  /** FORMAT_… */
  readonly format: number;
  /** Bytes of a record context; empty: its topic says nothing. */
  readonly context: Uint8Array;
  /** A number of the request that the message came in, for the rate of its device; absent: no rate holds for it. */
  readonly body?: number | undefined;
}

export interface AwaitedMessages {
  /** As ingest. */
  readonly durable: Promise<readonly number[]>;
  /** One a message; undefined: another process runs the partition of its device and none is known, or none does. */
  readonly awaited: readonly (AwaitedVerdict | undefined)[];
}

/** The MQTT sessions of this process. */
export interface MessageBroker {
  /** The answer is of the question's kind. Undefined: no device connects to this process. */
  askBroker(question: BrokerQuestion): Promise<BrokerAnswer> | undefined;
  brokerCounts(): BrokerCounts;
}

/** What the control plane may ask of the data plane of its process. `app` wires it to the threads. */
export interface DataPlane extends DeviceViews, MessageCaptures, SchemaPort, MessageBroker, CodecPort, EdgePort, UnitPort, VerdictPort {
  /** Resolves when every gateway knows the devices. */
  publishDevices(entries: readonly DeviceEntry[]): Promise<void>;
  /** Resolves when no gateway lets the devices in any more, and those that were connected are cut off. */
  deleteDevices(numbers: readonly number[]): Promise<void>;
  /** Resolves to a code for each message once it is durable in the log (0) or refused. */
  ingest(messages: readonly HandedMessage[]): Promise<readonly number[]>;
  /** The last time that the device was over a rate at a gateway of this process, if that is known. */
  overRate(device: number): OverRate | undefined;
  /** As ingest, for a sender that waits for what the pipeline makes of the messages as well. */
  ingestAwaited(messages: readonly HandedMessage[]): AwaitedMessages;
  /** Resolves when every gateway acts on what is new of who may connect and use which topics. */
  publishIdentity(news: readonly IdentityNews[]): Promise<void>;
  /** Replaces the topic rules of a tenant in all gateways. */
  setTopicRules(tenant: string, rules: readonly TopicRule[], off: readonly string[]): void;
  /** The listener is called when a gateway device, which may register others, names one that is not registered. */
  onSubdevice(listener: (gateway: number, id: string) => void): void;
  /**
   * The listener is called when a gateway cannot judge a client without knowing more. It resolves when all that could be found out was
   * published, and never rejects.
   */
  onIdentityAsked<Kind extends IdentityQuestion['kind']>(kind: Kind, listener: (question: QuestionOf<Kind>) => Promise<void>): void;
  /** Whether the device has a live MQTT connection. */
  isConnected(device: number): boolean;
  /** The port that devices connect to; 0 before the gateway listens. */
  readonly mqttPort: number;
  counters(): PlaneCounters;
  /** The last audit of every gateway and partition that had one. */
  audits(): PlaneAudits;
  /** Resolves to what became of a device's messages; undefined: its partition is not run here. */
  account(device: number): Promise<DeviceAccount | undefined>;
  /** Counts of all devices that the pipelines know, read while they count on. */
  deviceTotals(): Iterable<DeviceTotals>;
  refusedMessages(): Iterable<RefusedMessages>;
  /** What gateways refused last of devices, each once. */
  refusedTopics(): Iterable<RefusedTopic>;
  /** When a device last connected, disconnected or posted a message at this process, ms; undefined: it did not since the start. */
  seenMs(device: number): number | undefined;
  lag(): PartitionLag[];
  intake(): Intake;
  threads(): ThreadCpu[];
  /** How often another process had taken a partition that this one still ran. */
  readonly fenced: number;
  /** Why readings take more room in the database than they should; undefined: they do not. */
  uncompressed(): string | undefined;
  /** Why the plane is not ready, or undefined when it takes messages in and commits them. */
  notReady(): string | undefined;
  /** What an acknowledgement means now; undefined while the log has not said so. */
  acknowledgement(): Acknowledgement | undefined;
  /** Which partitions of this process have lag and do not move although nothing is known to hold them up; undefined: none. */
  stalled(): string | undefined;
}
