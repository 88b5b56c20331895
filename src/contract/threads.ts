import type { MessagePort } from 'node:worker_threads';
import type { CheckpointStore } from './checkpoint-store.js';
import type { DeviceEntry } from './devices.js';
import type { GatewayAudit, PartitionAudit } from './ledger.js';

/**
 * What the threads say to each other. Bytes of messages never travel here: they lie in shared
 * memory, and these messages carry offsets, counts and the rare control event.
 */

/** Shared by all threads of a process: doorbells and progress (src/host). */
export interface SharedState {
  readonly doorbells: SharedArrayBuffer;
  readonly progress: SharedArrayBuffer;
}

/** First message of every thread; `tid` is the kernel's thread id on Linux, else 0. */
export interface ThreadReady {
  readonly kind: 'ready';
  readonly tid: number;
}
/** A thread ends by itself after this, its work drained. */
export interface StopThread {
  readonly kind: 'stop';
}
/** An event for the operator's log. */
export interface ThreadEvent {
  readonly kind: 'event';
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly name: string;
  readonly fields: Record<string, string | number | boolean>;
}

// Gateway -------------------------------------------------------------------------------------

export interface GatewayStart {
  readonly index: number;
  readonly memory: WebAssembly.Memory;
  /** Block ring to the log thread. */
  readonly ring: SharedArrayBuffer;
  /** From which all gateways number their sessions (src/host). */
  readonly sessions: SharedArrayBuffer;
  readonly shared: SharedState;
  readonly partitions: number;
  readonly bind: string;
  /** MQTT over TLS, if it is wanted. */
  readonly tls?: TlsListener | undefined;
  readonly reactor: ReactorChoice;
}
/** All PEM; with `clientCa` clients have to show a certificate of one of these authorities. */
export interface TlsListener {
  readonly port: number;
  readonly cert: string;
  readonly key: string;
  readonly clientCa?: string;
}
/** `auto`: the native one where its addon loads. */
export type ReactorChoice = 'auto' | 'native' | 'portable';
export type ToGateway =
  /** Adds or replaces devices. A device that is no longer active is disconnected. */
  | { readonly kind: 'devices'; readonly token: number; readonly entries: readonly DeviceEntry[] }
  | { readonly kind: 'listen'; readonly port: number; readonly tlsPort: number }
  /** The device has a newer session at another gateway: this one ends, if it still lives. */
  | { readonly kind: 'taken-over'; readonly device: number; readonly session: number }
  /** Why the log takes nothing in, a code of the table; 0: it does. Meanwhile a gateway without room lets nobody in. */
  | { readonly kind: 'log'; readonly code: number }
  /** A message that came over HTTP; answered by `ingested` or `ingest-refused` with the same token. */
  | { readonly kind: 'ingest'; readonly token: number; readonly device: number; readonly flags: number; readonly payload: Uint8Array }
  | StopThread;
export type FromGateway =
  | ThreadReady
  | ThreadEvent
  /** Devices published under this token may connect from now on. */
  | { readonly kind: 'devices-known'; readonly token: number }
  /** `tlsPort` is 0 without TLS. */
  | { readonly kind: 'listening'; readonly port: number; readonly tlsPort: number }
  | { readonly kind: 'listen-failed'; readonly message: string }
  /** The blocks that hold these messages are durable. */
  | { readonly kind: 'ingested'; readonly tokens: readonly number[] }
  | { readonly kind: 'ingest-refused'; readonly token: number; readonly code: number }
  /** Sessions are numbered over all gateways, in the order in which they began. */
  | { readonly kind: 'connected'; readonly device: number; readonly session: number; readonly atMs: number }
  | { readonly kind: 'disconnected'; readonly device: number; readonly session: number; readonly atMs: number; readonly code: number }
  | { readonly kind: 'audited'; readonly audit: GatewayAudit };

// Log -----------------------------------------------------------------------------------------

export interface LogStart {
  readonly folder: string;
  readonly partitions: number;
  readonly retentionHours: number;
  /** Bytes of all partitions; above it committed segments go before their time. */
  readonly retentionBytesMax: number;
  /** Bytes that the store has not committed; at this many nothing more is taken in. */
  readonly backlogBytesMax: number;
  readonly gateways: readonly { readonly memory: WebAssembly.Memory; readonly ring: SharedArrayBuffer }[];
  readonly shared: SharedState;
}
export type ToLog =
  /** The gateways take nothing in any more: what they have is taken whatever the backlog. */
  { readonly kind: 'drain' } | StopThread;
export type FromLog =
  | ThreadReady
  | ThreadEvent
  /** Whether blocks become durable; while `failing`, `code` (ENOSPC, EIO, …) and `message` say why not. */
  | { readonly kind: 'health'; readonly log: 'up' | 'failing'; readonly code: string; readonly message: string };

// Pipeline ------------------------------------------------------------------------------------

/** A partition that this process runs. */
export interface OwnedPartition {
  readonly number: number;
  /** Rows up to here are in the database. */
  readonly committed: bigint;
  /** Where the first batch has to end: it was announced to end there, and its rows may be in a topic. Undefined: it was not. */
  readonly announced?: bigint | undefined;
}

export interface PipelineStart {
  readonly index: number;
  readonly logFolder: string;
  /** Record rings by partition number, where blocks come from in place of the folder; absent: the folder. */
  readonly feeds?: readonly (SharedArrayBuffer | undefined)[] | undefined;
  readonly partitions: readonly (OwnedPartition & { readonly memory: WebAssembly.Memory })[];
  readonly shared: SharedState;
  readonly batchAgeMsMax: number;
  /** To and from the store thread. */
  readonly store: MessagePort;
  /** Where checkpoints are read at start; the checkpoint thread writes there. */
  readonly checkpointFolder: string;
  readonly checkpointEveryMs: number;
  /** To and from the checkpoint thread. */
  readonly checkpoints: MessagePort;
}
export type ToPipeline =
  /** Metric names and their numbers; sent at start and in answer to `unknown-metrics`. */
  | { readonly kind: 'metrics'; readonly entries: readonly (readonly [name: string, number: number])[] }
  /** The registry takes no more names: treat those asked for as unknown. */
  | { readonly kind: 'metrics-denied'; readonly partition: number }
  | { readonly kind: 'watch'; readonly device: number; readonly on: boolean }
  | { readonly kind: 'latest'; readonly token: number; readonly devices: readonly number[] }
  | { readonly kind: 'account'; readonly token: number; readonly device: number }
  /** Nothing comes behind these offsets any more, whatever the log holds. */
  | { readonly kind: 'ends'; readonly ends: ReadonlyMap<number, bigint> }
  | StopThread;
export type FromPipeline =
  | ThreadReady
  | ThreadEvent
  /** State is rebuilt up to the committed offset of every partition. */
  | { readonly kind: 'caught-up' }
  /** The partition stands still: its log cannot be read on. Nothing is lost, nothing is skipped. */
  | { readonly kind: 'halted'; readonly partition: number; readonly message: string }
  | { readonly kind: 'unknown-metrics'; readonly partition: number; readonly names: readonly string[] }
  /** Points as laid out in assembly/abi/pipeline.ts (POINT_BYTES each). */
  | { readonly kind: 'live'; readonly points: Uint8Array }
  | { readonly kind: 'latest'; readonly token: number; readonly points: Uint8Array }
  /** As laid out in assembly/abi/state.ts (STATEMENT_AT_…); empty: nothing is known of the device. */
  | { readonly kind: 'account'; readonly token: number; readonly statement: Uint8Array }
  | { readonly kind: 'audited'; readonly audit: PartitionAudit };

// Checkpoints ---------------------------------------------------------------------------------

export interface CheckpointStart {
  readonly folder: string;
  /** Where checkpoints go as well; what it has and the folder has not is in the folder once the thread is ready. */
  readonly store?: CheckpointStore | undefined;
  /** Those that the pipelines run, and up to where the database has their rows. */
  readonly partitions: readonly { readonly number: number; readonly committed: bigint }[];
  readonly pipelines: readonly MessagePort[];
  readonly shared: SharedState;
}
export type PipelineToCheckpoint =
  /** The pipeline needs an image of so many bytes. */
  | { readonly kind: 'make-room'; readonly bytes: number }
  /** The image is the checkpoint thread's until it answers. `copyMs`: how long the pipeline stood still for it. */
  | {
      readonly kind: 'write';
      readonly partition: number;
      readonly offset: bigint;
      readonly image: SharedArrayBuffer;
      readonly bytes: number;
      readonly copyMs: number;
    }
  /** The rows of everything that the written one knows are committed. */
  | { readonly kind: 'publish'; readonly partition: number; readonly offset: bigint };
export type CheckpointToPipeline =
  /** Its pages are resident: the pipeline does not wait for them when it copies. */
  | { readonly kind: 'room'; readonly image: SharedArrayBuffer }
  | { readonly kind: 'written' | 'published' | 'failed'; readonly partition: number };
export type ToCheckpoint = StopThread;
export type FromCheckpoint = ThreadReady | ThreadEvent;

// Store ---------------------------------------------------------------------------------------

export interface StoreStart {
  /** `null`: batches are counted and thrown away (benches only). */
  readonly databaseUrl: string | null;
  readonly consumerGroup: string;
  /** Who holds the offsets of these partitions in the database. */
  readonly owner: string;
  /** Whether rows are published before they are committed; the main thread does it, where the client library runs. */
  readonly publishes: boolean;
  readonly pipelines: readonly MessagePort[];
  /** By partition number; undefined: it is not this process's. */
  readonly memories: readonly (WebAssembly.Memory | undefined)[];
  readonly shared: SharedState;
}
/**
 * Rows of whole blocks of one partition; its three streams are ready for COPY (FORMAT binary). Readings are sorted by
 * (device_id, metric_id, ts) as PostgreSQL compares them; texts and dead letters are in the order in which they came.
 */
export interface RowBatch {
  readonly kind: 'batch';
  readonly partition: number;
  readonly slot: number;
  /** Log offsets: the first block's, and that of the first block after the batch. */
  readonly from: bigint;
  readonly to: bigint;
  /** Receive time of the batch's last message, µs. */
  readonly lastReceiveUs: number;
  readonly records: number;
  /** The rows of `readings` lie in the order of (device_id, metric_id, ts). */
  readonly sorted: boolean;
  readonly readings: CopyStream;
  readonly texts: CopyStream;
  readonly deads: CopyStream;
}
/** One COPY stream inside the partition's memory: header, rows and trailer included. */
export interface CopyStream {
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
}
export type PipelineToStore = RowBatch;
export type StoreToPipeline = { readonly kind: 'committed'; readonly partition: number; readonly slot: number };
export type ToStore =
  /** The rows of the partition's batch are published; or why they are not, or not all. */
  { readonly kind: 'published'; readonly partition: number; readonly trouble: string | undefined } | StopThread;
export type FromStore =
  | ThreadReady
  | ThreadEvent
  | { readonly kind: 'health'; readonly database: 'up' | 'down'; readonly message: string }
  /** Another process has taken the partition: nothing of it is committed here any more. */
  | { readonly kind: 'fenced'; readonly partition: number; readonly message: string }
  /** Rows to publish, one batch of a partition at a time; its memory stays as it is until the answer. */
  | { readonly kind: 'publish'; readonly batch: RowBatch };
