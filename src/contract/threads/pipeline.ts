import type { MessagePort } from 'node:worker_threads';
import type { CodecPlan, CodecRuns } from '../codecs/codec-plan.js';
import type { NumberRange } from '../database-identity.js';
import type { EdgeSignal } from '../edge-signal.js';
import type { PartitionAudit } from '../ledger.js';
import type { SharedState, StopThread, ThreadEvent, ThreadReady } from './shared.js';

/** A partition that this process runs. */
export interface OwnedPartition {
  readonly number: number;
  /** Rows up to here are in the database. */
  readonly committed: bigint;
  /** Where the first batch has to end: it was announced to end there, and its rows may be in a topic. Undefined: it was not. */
  readonly announced?: bigint | undefined;
  /** Where its log stood at the start of the process, where it ran since then and begins anew. */
  readonly openedAt?: bigint | undefined;
}

export interface PipelineStart {
  readonly index: number;
  readonly logFolder: string;
  /** Record rings by partition number, where blocks come from in place of the folder; absent: the folder. */
  readonly recordRings?: readonly (SharedArrayBuffer | undefined)[] | undefined;
  readonly partitions: readonly (OwnedPartition & { readonly memory: WebAssembly.Memory })[];
  /** Devices that the database has lost. */
  readonly lostDevices: readonly NumberRange[];
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
  /** Schema versions as schemaImage makes them, and the metrics that they speak of; undefined: there is no such version. */
  | {
      readonly kind: 'schemas';
      readonly metrics: readonly (readonly [name: string, number: number])[];
      readonly images: ReadonlyMap<number, Uint8Array | undefined>;
      /** Codecs that the versions name. */
      readonly codecs: readonly CodecPlan[];
    }
  | { readonly kind: 'watch'; readonly device: number; readonly on: boolean }
  | { readonly kind: 'capture'; readonly device: number; readonly on: boolean }
  | { readonly kind: 'latest'; readonly token: number; readonly devices: readonly number[] }
  | { readonly kind: 'account'; readonly token: number; readonly device: number }
  /** Nothing comes after these offsets any more, whatever the log holds. */
  | { readonly kind: 'ends'; readonly ends: ReadonlyMap<number, bigint> }
  | StopThread;
export type FromPipeline =
  | ThreadReady
  | ThreadEvent
  /** State is rebuilt up to the committed offset of every partition. */
  | { readonly kind: 'caught-up' }
  /** The partition stands still: its log cannot be read on. Nothing is lost, nothing is skipped. */
  | { readonly kind: 'halted'; readonly partition: number; readonly message: string }
  | { readonly kind: 'unknown-metrics'; readonly partition: number; readonly device: number; readonly names: readonly string[] }
  /** Schema versions that the partition has met and that are not laid there: it waits for `schemas`. */
  | { readonly kind: 'unknown-schemas'; readonly partition: number; readonly numbers: readonly number[] }
  /** Versions of firmware that devices reported, as laid out in assembly/abi/pipeline.ts (FIRMWARE_…). */
  | { readonly kind: 'firmware'; readonly reports: Uint8Array }
  /** Units that messages stated, as laid out in assembly/abi/pipeline.ts (UNIT_…). */
  | { readonly kind: 'units'; readonly reports: Uint8Array }
  /** What edge nodes of Sparkplug did since the last report. */
  | { readonly kind: 'edge-signals'; readonly signals: readonly EdgeSignal[] }
  /** What codecs did since the last report. */
  | { readonly kind: 'codec-runs'; readonly runs: readonly CodecRuns[] }
  /** Points with their texts, as laid out in assembly/abi/pipeline.ts (POINT_AT_…). */
  | { readonly kind: 'live'; readonly points: Uint8Array }
  /** Messages of captured devices as laid out in assembly/abi/pipeline.ts (CAPTURE_AT_…), and how many found no room. */
  | { readonly kind: 'captured'; readonly entries: Uint8Array; readonly skipped: number }
  | { readonly kind: 'latest'; readonly token: number; readonly points: Uint8Array }
  /** As laid out in assembly/abi/state.ts (STATEMENT_AT_…); empty: nothing is known of the device. */
  | { readonly kind: 'account'; readonly token: number; readonly statement: Uint8Array }
  /** What became of messages whose senders wait for it, as laid out in assembly/abi/verdicts.ts. */
  | { readonly kind: 'verdicts'; readonly verdicts: Uint8Array }
  | { readonly kind: 'audited'; readonly audit: PartitionAudit };
