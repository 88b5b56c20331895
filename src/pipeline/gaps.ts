import type { BlockSource } from '../contract/block-source.js';
import { type Progress, ProgressWord } from '../host/progress.js';
import type { Auditor } from './auditor.js';

/** Offsets at which the log holds nothing that can be run; `code` says why, mostly a name of src/log/block.ts. */
export type Gap = { readonly from: bigint; readonly to: bigint; readonly code: string } & (
  | {
      readonly kind: 'lost';
      /** At least so many were there. */
      readonly messages: number;
      /** Bytes that were kept, and where. */
      readonly bytes: number;
      readonly kept: string;
    }
  /** An earlier process has passed the gap: the database has its rows, or that process has reported it. The state lacks it. */
  | { readonly kind: 'stored before' }
  /** Its bytes cannot be kept now, so the partition does not pass. It is tried again. */
  | { readonly kind: 'held'; readonly cause: string }
);

export interface GapsPorts {
  readonly partition: number;
  readonly log: BlockSource;
  readonly progress: Progress;
  readonly auditor: Auditor;
  /** Rows up to here are in the database. */
  readonly committed: bigint;
  told(gap: Gap): void;
}

/** Code of a gap that is no damage: what was there is gone. */
export const BLOCK_MISSING = 'block_missing';

const RETRY_MS = 1000;

/**
 * Passes over what cannot be run. Nothing is passed before its bytes are kept, it is told and counted, each once: the batch
 * after it moves the committed offset over it.
 */
export class Gaps {
  readonly #ports: GapsPorts;
  #retryMs = Number.NEGATIVE_INFINITY;
  #heldAt: bigint | undefined;

  constructor(ports: GapsPorts) {
    this.#ports = ports;
  }

  /** Where to continue after the gap at `position`; undefined: not yet. */
  pass(position: bigint, limit: bigint, code: string, nowMs: number): bigint | undefined {
    if (nowMs < this.#retryMs) return undefined;
    const { partition, log, committed, told } = this.#ports;
    const to = log.resume(partition, position, limit);
    if (to <= position) return undefined;
    if (to <= committed) {
      // What retention removed was committed long ago.
      if (code !== BLOCK_MISSING) told({ kind: 'stored before', from: position, to, code });
      return to;
    }
    const from = position > committed ? position : committed;
    return this.#lose(from, to, code, nowMs) ? to : undefined;
  }

  /** A record that is no sound block: its bytes stay in the topic. `messages` is what its header said. */
  passRecord(position: bigint, code: string, messages: number): void {
    const to = position + 1n;
    if (to > this.#ports.committed) this.#count(position, to, code, { messages, bytes: 0, folder: '' });
    else this.#ports.told({ kind: 'stored before', from: position, to, code });
  }

  #lose(from: bigint, to: bigint, code: string, nowMs: number): boolean {
    const { partition, log, told } = this.#ports;
    try {
      const kept = log.unit === 'byte' ? log.keepAside(partition, from, to) : { messages: 0, bytes: 0, folder: '' };
      this.#count(from, to, code, kept);
      return true;
    } catch (error) {
      // Only what a disk says: it may have room later.
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      this.#retryMs = nowMs + RETRY_MS;
      if (this.#heldAt !== from) told({ kind: 'held', from, to, code, cause: (error as Error).message });
      this.#heldAt = from;
      return false;
    }
  }

  #count(from: bigint, to: bigint, code: string, kept: { messages: number; bytes: number; folder: string }): void {
    const { partition, progress, auditor, told } = this.#ports;
    const messages = Math.max(1, kept.messages);
    progress.add(partition, ProgressWord.gaps, 1);
    progress.add(partition, ProgressWord.gapBytes, Number(progress.bytesOf(partition, to - from)));
    auditor.gap(to, messages);
    told({ kind: 'lost', from, to, code, messages, bytes: kept.bytes, kept: kept.bytes > 0 ? kept.folder : '' });
  }
}
