import type { Report } from '../../telemetry/report.js';
import type { BlockAppender } from './block-appender.js';
import type { fileLogEvents } from './events.js';
import type { FileLog } from './file-log.js';

/** Why the log takes nothing in: the code of the system call that fails, such as ENOSPC, and its message. */
export interface LogTrouble {
  readonly code: string;
  readonly message: string;
}

export interface AppendRetryOptions {
  readonly log: FileLog;
  readonly appender: BlockAppender;
  readonly report: Report<keyof typeof fileLogEvents>;
  /** Called when the log begins to fail, when it fails for another reason, and with `undefined` when it works again. */
  tell(trouble: LogTrouble | undefined): void;
}

const RETRY_MS_MIN = 100;
/** Short, because devices wait: a disk that has room again is noticed within this time. */
const RETRY_MS_MAX = 1000;

/** Appends over a disk that may fail: blocks that could not be made durable are tried again until they are. */
export class AppendRetry {
  readonly #options: AppendRetryOptions;
  #failures = 0;
  #code = '';

  constructor(options: AppendRetryOptions) {
    this.#options = options;
  }

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** How long to wait before the next append while the log fails, ms. */
  get retryMs(): number {
    return Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.#failures - 1, 10));
  }

  /**
   * Appends the blocks that wait; answers how many became durable. On failure no block is released, so no device gets an
   * answer until a later append succeeds.
   */
  run(): number {
    const { log, appender } = this.#options;
    try {
      if (this.#failures > 0) log.rewind();
      const blocks = appender.append();
      this.#succeeded();
      return blocks;
    } catch (error) {
      // Only the disk is worth trying again; a broken invariant stops the process before it spreads.
      if ((error as NodeJS.ErrnoException).syscall === undefined) throw error;
      this.#failed(error as NodeJS.ErrnoException);
      return 0;
    }
  }

  #failed({ code = 'unknown', message }: NodeJS.ErrnoException): void {
    this.#failures++;
    if (code === this.#code) return;
    this.#code = code;
    this.#options.report('error', 'log-failing', { code, message });
    this.#options.tell({ code, message });
  }

  #succeeded(): void {
    if (this.#failures === 0) return;
    this.#options.report('info', 'log-recovered', { failures: this.#failures });
    this.#failures = 0;
    this.#code = '';
    this.#options.tell(undefined);
  }
}
