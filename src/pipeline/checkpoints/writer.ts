import type { CheckpointToPipeline, PipelineToCheckpoint } from '../../contract/threads/checkpoint.js';
import type { ThreadEvent } from '../../contract/threads/shared.js';
import type { Report } from '../../telemetry/report.js';
import type { checkpointEvents } from './events.js';
import type { CheckpointFolder } from './folder.js';
import { sealCheckpoint } from './format.js';

/** A disk that keeps failing is reported once, then again after so many attempts. */
const REPORT_EVERY = 6;

/**
 * Writes checkpoints aside and publishes each when a message says that the database has caught up with it. A checkpoint
 * that the disk refuses is reported and dropped: the pipeline comes with a newer one, and the log has everything.
 */
export class CheckpointWriter {
  readonly #folder: CheckpointFolder;
  readonly #report: Report<keyof typeof checkpointEvents>;
  readonly #failures = new Map<number, number>();
  /** What was written and not yet published, by partition. */
  readonly #written = new Map<number, ThreadEvent['fields']>();

  constructor(folder: CheckpointFolder, report: Report<keyof typeof checkpointEvents>) {
    this.#folder = folder;
    this.#report = report;
  }

  obey(request: PipelineToCheckpoint): CheckpointToPipeline {
    if (request.kind === 'make-room') return { kind: 'room', image: roomOf(request.bytes) };
    const { kind, partition, offset } = request;
    try {
      if (kind === 'write') this.#write(request);
      else this.#publish(partition, offset);
      return { kind: kind === 'write' ? 'written' : 'published', partition };
    } catch (error) {
      const { message, syscall } = error as NodeJS.ErrnoException;
      // Only the disk may fail; a broken invariant stops the process.
      if (syscall === undefined) throw error;
      this.#failed(partition, offset, message);
      return { kind: 'failed', partition };
    }
  }

  #write({ partition, offset, image, bytes, copyMs }: PipelineToCheckpoint & { kind: 'write' }): void {
    const startedMs = performance.now();
    const checkpoint = new Uint8Array(image, 0, bytes);
    sealCheckpoint(checkpoint);
    this.#folder.write(partition, offset, checkpoint);
    const writeMs = Math.round(performance.now() - startedMs);
    this.#written.set(partition, { partition, offset: String(offset), bytes, copyMs: Math.round(copyMs * 10) / 10, writeMs });
  }

  #publish(partition: number, offset: bigint): void {
    this.#folder.publish(partition, offset);
    const failures = this.#failures.get(partition) ?? 0;
    this.#failures.delete(partition);
    this.#report(failures > 0 ? 'info' : 'debug', 'checkpoint-written', { ...this.#written.get(partition), failures });
  }

  #failed(partition: number, offset: bigint, message: string): void {
    const failures = this.#failures.get(partition) ?? 0;
    this.#failures.set(partition, failures + 1);
    if (failures % REPORT_EVERY === 0) {
      this.#report('warn', 'checkpoint-failed', { partition, offset: String(offset), message, failures: failures + 1 });
    }
    try {
      this.#folder.discardAside(partition);
    } catch {
      // The next one tries again.
    }
  }
}

function roomOf(bytes: number): SharedArrayBuffer {
  const image = new SharedArrayBuffer(bytes);
  // Written with something other than the zeros that untouched memory is full of, so that it is touched.
  new Uint8Array(image).fill(1);
  return image;
}
