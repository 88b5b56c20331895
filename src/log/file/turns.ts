import type { Report } from '../../telemetry/report.js';
import type { fileLogEvents } from './events.js';
import type { FileLog } from './file-log.js';
import type { Intake } from './intake.js';

/** Why the log takes nothing in: the code of the system call that fails, such as ENOSPC, and what it said. */
export interface LogTrouble {
  readonly code: string;
  readonly message: string;
}

export interface TurnsOptions {
  readonly log: FileLog;
  readonly intake: Intake;
  readonly report: Report<keyof typeof fileLogEvents>;
  /** Called when the log begins to fail, when it fails for another reason, and with `undefined` when it works again. */
  tell(trouble: LogTrouble | undefined): void;
}

const RETRY_MS_MIN = 100;
/** Short, as devices wait for it: a disk that has room again is noticed within this. */
const RETRY_MS_MAX = 1000;

/** The turns of the log over a disk that may fail: what could not be made durable is tried again until it is. */
export class Turns {
  readonly #options: TurnsOptions;
  #failures = 0;
  #code = '';

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** How long to wait before the next turn while the log fails, ms. */
  get retryMs(): number {
    return Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(this.#failures - 1, 10));
  }

  /**
   * One turn; answers the blocks that became durable. On failure nothing was released, so no device gets an answer
   * until a later turn goes through.
   */
  run(): number {
    const { log, intake } = this.#options;
    try {
      if (this.#failures > 0) log.rewind();
      const blocks = intake.turn();
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
