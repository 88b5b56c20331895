import { z } from 'zod';
import type { LogOwner } from '../contract/log-owner.js';
import { StartFailure } from '../contract/start-failure.js';
import { AtomicTextFile } from './atomic-text-file.js';

/** What the log beside it holds: numbers up to these, of this database. */
export interface LogMark {
  /** Null: the operator lets whatever database comes next take the log over. */
  readonly database: string | null;
  readonly devices: number;
  readonly metrics: number;
  /** Databases whose records the log may hold as well: `log adopt` took them over. */
  readonly adopted: readonly string[];
  /** Owners of records that were refused, which the next `log adopt` takes over. */
  readonly refused: readonly LogOwner[];
}

export const MARK_NAME = 'log-database.json';

const number = z.int().nonnegative();
const databases = z.array(z.string());
/** Lists that a mark of an earlier release lacks are empty. */
const written = z.object({
  database: z.string().nullable(),
  devices: number,
  metrics: number,
  adopted: databases.default([]),
  refused: z.array(z.object({ database: z.string(), devices: number, metrics: number, adopted: databases })).default([]),
});

/** The mark of the log in a state folder. */
export class LogMarkFile {
  readonly #folder: string;
  readonly #text: AtomicTextFile;
  #last: LogMark | undefined;

  constructor(folder: string) {
    this.#folder = folder;
    this.#text = new AtomicTextFile(folder, MARK_NAME);
  }

  /** As it was read or written last. */
  get last(): LogMark {
    if (!this.#last) throw new Error('the mark is used before it was read or written');
    return this.#last;
  }

  /** Undefined: there is none. */
  read(): LogMark | undefined {
    const text = this.#text.read();
    if (text === undefined) return undefined;
    try {
      this.#last = written.parse(JSON.parse(text));
    } catch (error) {
      const cause = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
      throw new StartFailure(
        'log_mark_damaged',
        `cannot read ${MARK_NAME} in ${this.#folder}: ${cause}`,
        'restore the file from a backup, or npx spillway log set-aside, which begins a new log and keeps the old one',
      );
    }
    return this.#last;
  }

  write(mark: LogMark): void {
    this.#text.write(`${JSON.stringify(mark)}\n`);
    this.#last = mark;
  }

  /** Before a number of a device or a metric comes into the log or a checkpoint: it is never given to another one. */
  raise(kind: 'devices' | 'metrics', number: number): void {
    const { last } = this;
    if (number > last[kind]) this.write({ ...last, [kind]: number });
  }
}
