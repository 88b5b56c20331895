import type { MessagePort } from 'node:worker_threads';
import type { SharedState, StopThread, ThreadEvent, ThreadReady } from './shared.js';

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
  /** Whether nothing may be written until `admit`: the database has not been looked at yet. */
  readonly isHeld: boolean;
}
/** Rows of a batch: three streams that are ready for COPY (FORMAT binary), and the letters that were tried again. */
export interface BatchStreams {
  readonly readings: CopyStream;
  readonly texts: CopyStream;
  readonly deads: CopyStream;
  /** Ids of the dead letters that some of its messages were: u64 each, from `offset` on in the memory of the streams. */
  readonly replayed: { readonly offset: number; readonly letters: number };
}

/** Rows that came before those of the batch's slot, in memory of their own: a slot held no more of a block. */
export interface BatchPart extends BatchStreams {
  readonly memory: SharedArrayBuffer;
}

/**
 * Rows of whole blocks of one partition; its three streams are ready for COPY (FORMAT binary). Readings are sorted by
 * (device_id, metric_id, ts) as PostgreSQL compares them; texts and dead letters are in the order in which they came.
 */
export interface RowBatch extends BatchStreams {
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
  /** In order, before the batch's own streams, which lie in the partition's memory; each is sorted by itself. Nearly always none. */
  readonly parts: readonly BatchPart[];
}
/** One COPY stream: header, rows and trailer included. */
export interface CopyStream {
  readonly offset: number;
  readonly bytes: number;
  readonly rows: number;
}
export type PipelineToStore = RowBatch;
export type StoreToPipeline = { readonly kind: 'committed'; readonly partition: number; readonly slot: number };
export type ToStore =
  /** The rows of the partition's batch are published; or why they are not, or not all. */
  | { readonly kind: 'published'; readonly partition: number; readonly trouble: string | undefined }
  /** The database is the right one, and the partitions are this process's. */
  | { readonly kind: 'admit' }
  | StopThread;
export type FromStore =
  | ThreadReady
  | ThreadEvent
  | { readonly kind: 'health'; readonly database: 'up' | 'down'; readonly message: string }
  /** Another process has taken the partition: nothing of it is committed here any more. */
  | { readonly kind: 'fenced'; readonly partition: number; readonly message: string }
  /** Rows to publish, one batch of a partition at a time; its memory stays as it is until the answer. */
  | { readonly kind: 'publish'; readonly batch: RowBatch };
