import type { MessagePort } from 'node:worker_threads';
import type { CheckpointStore } from '../checkpoint-store.js';
import type { SharedState, StopThread, ThreadEvent, ThreadReady } from './shared.js';

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
