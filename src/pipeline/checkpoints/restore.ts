import { SHAPES_BYTES, SHAPES_OFFSET } from '../../../assembly/abi/pipeline.js';
import {
  ACCOUNTS_BYTES,
  ACCOUNTS_OFFSET,
  SOURCES_BYTES,
  SOURCES_OFFSET,
  STATE_HEAD_BYTES,
  STATE_HEAD_OFFSET,
  STATE_INDEX_OFFSET,
} from '../../../assembly/abi/state.js';
import type { KernelMemory } from '../../host/kernel.js';
import type { PipelineKernel } from '../kernel.js';
import type { CheckpointFolder } from './folder.js';
import { type CheckpointMeta, type CheckpointReader, checkCheckpoint, placeCheckpoint } from './format.js';
import { type RefusalName, refusals } from './refusals.js';

export interface Restored {
  readonly meta: CheckpointMeta;
  readonly bytes: number;
  /** Offset of the checkpoint before it, if there is one. */
  readonly older: bigint | undefined;
}

/** Reports to the operator which checkpoint was not used, and why. */
export type ReportRefusal = (offset: bigint, name: RefusalName, cause: string) => void;

/**
 * Brings the newest checkpoint that can be used into a kernel without state; undefined: there is none, and the
 * kernel is as it was. A refused one is removed, because a log that grows may make it look usable again, and for
 * it would take the place of one that is; only one that the disk did not give out stays.
 */
export function restoreCheckpoint(
  folder: CheckpointFolder,
  reader: CheckpointReader,
  memory: KernelMemory,
  kernel: PipelineKernel,
  refused: ReportRefusal,
): Restored | undefined {
  const offsets = tried(() => folder.list(reader.partition)) ?? [];
  for (const [index, offset] of offsets.entries()) {
    let cause = '';
    const bytes = tried(
      () => folder.read(reader.partition, offset),
      (message) => {
        cause = `: ${message}`;
      },
    );
    const meta = bytes === undefined ? 'checkpoint_unreadable' : bring(bytes, offset, reader, memory, kernel);
    if (bytes !== undefined && typeof meta !== 'string') return { meta, bytes: bytes.length, older: offsets[index + 1] };
    const name = meta as RefusalName;
    refused(offset, name, refusals[name] + cause);
    if (name !== 'checkpoint_unreadable') tried(() => folder.remove(reader.partition, offset));
  }
  return undefined;
}

function bring(
  bytes: Uint8Array,
  offset: bigint,
  reader: CheckpointReader,
  memory: KernelMemory,
  kernel: PipelineKernel,
): CheckpointMeta | RefusalName {
  const meta = checkCheckpoint(bytes, reader);
  if (typeof meta === 'string') return meta;
  if (meta.offset !== offset) return 'checkpoint_malformed';
  placeCheckpoint(bytes, memory);
  if (kernel.adoptState()) return meta;
  clearState(memory);
  kernel.adoptState();
  return 'checkpoint_malformed';
}

/** What a kernel that adopts it takes for no state at all. */
function clearState({ bytes }: KernelMemory): void {
  for (const [offset, length] of [
    [STATE_INDEX_OFFSET, ACCOUNTS_OFFSET + ACCOUNTS_BYTES - STATE_INDEX_OFFSET],
    [SHAPES_OFFSET, SHAPES_BYTES],
    [STATE_HEAD_OFFSET, STATE_HEAD_BYTES],
    [SOURCES_OFFSET, SOURCES_BYTES],
  ] as const) {
    bytes.fill(0, offset, offset + length);
  }
}

/** The file's bytes, or undefined when the disk fails: a start continues without them. */
function tried<Value>(read: () => Value, failed: (message: string) => void = () => {}): Value | undefined {
  try {
    return read();
  } catch (error) {
    failed(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}
