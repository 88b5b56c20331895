import type { ReservedSql } from 'postgres';
import type { ThreadEvent } from '../../contract/threads/shared.js';
import type { RowBatch } from '../../contract/threads/store.js';
import { type CopyConnection, copy } from '../write/copy.js';
import { CopyRows } from '../write/copy-rows.js';
import { type BisectionPorts, bisect, type Refusal } from './bisection.js';
import { COPY_REFUSED, letterOf, lettersStream } from './refused-row.js';
import { verdictOn } from './sqlstate.js';
import { CHECK_NOW, Staging } from './staging.js';

/** The rows of a batch that were not stored as such. */
export interface RefusedRows {
  /** Rows of readings and texts that are dead letters now. */
  readonly rows: number;
  /** Dead letters that the database refused; `events` have the first of them. */
  readonly letters: number;
  readonly events: readonly Omit<ThreadEvent, 'kind'>[];
}

export const NOTHING_REFUSED: RefusedRows = { rows: 0, letters: 0, events: [] };

/** Letters that wait for their COPY; an operator's mistake may refuse every row of a batch. */
const LETTERS_WAITING_MAX = 4096;
/** RefusedRows dead letters of one batch that are reported with their bytes; the counter and the log have the others. */
const LETTER_EVENTS_MAX = 100;
const EVENT_PAYLOAD_BYTES_MAX = 4096;
/** After so many refused attempts the server itself looks at row after row. */
const REFUSED_ATTEMPTS_MAX = 128;
/** Rows of one staged piece: they take a second or so, and meanwhile the connection carries no bytes. */
const STAGED_ROWS_MAX = 16_384;
/** Statements for fewer rows than this are those of a small batch. */
const MANY_ROWS_MIN = 4096;

/** The COPY of a table for a batch of many rows and of few. */
export interface Statements {
  readonly many: string;
  readonly few: string;
}

interface Into extends Statements {
  /** Of the column `value`, where the table has one. */
  readonly valueType: 'float8' | 'text';
}

const LETTERS: Into = { many: COPY_REFUSED, few: COPY_REFUSED, valueType: 'text' };

/** The statement before a piece, by the result of the piece before it. */
const SAVEPOINT = {
  none: 'savepoint piece',
  held: 'release savepoint piece; savepoint piece',
  failed: 'rollback to savepoint piece',
} as const;

/**
 * Stores a batch whose rows the server did not take all, in one transaction that the caller began: each piece under a
 * savepoint, what is refused alone as a dead letter. Anything else that fails is thrown, and the transaction is lost.
 */
export class Isolation {
  readonly #sql: ReservedSql;
  readonly #connection: CopyConnection;
  readonly #batch: RowBatch;
  readonly #late: boolean;
  #savepoint: keyof typeof SAVEPOINT = 'none';
  #letters: Buffer[] = [];
  #first: Refusal | undefined;
  #attempts = 0;
  #refusedAttempts = 0;
  #staging: Staging | undefined;
  #rows = 0;
  #lost = 0;
  readonly #events: Omit<ThreadEvent, 'kind'>[] = [];

  /** `late`: checks that a trigger defers to the commit are made with each piece, at the price of one more statement. */
  constructor(sql: ReservedSql, batch: RowBatch, connection: CopyConnection, late: boolean) {
    this.#sql = sql;
    this.#batch = batch;
    this.#connection = connection;
    this.#late = late;
  }

  /** Stores what can be stored of a stream of the batch's. */
  async store(table: 'readings' | 'texts' | 'deads', rows: CopyRows, statements: Statements): Promise<void> {
    if (await Staging.possible(this.#sql)) this.#staging = new Staging(this.#sql, this.#connection, this.#late);
    await this.#bisect(rows, { ...statements, valueType: table === 'readings' ? 'float8' : 'text' }, async (row, why) => {
      if (table === 'deads') this.#reportLostDeadLetter(rows.fields(row), why);
      else await this.#deadLetter(letterOf(table, rows.fields(row), this.#batch, why));
    });
  }

  /** Makes dead letters of all rows of a stream: the server takes each of the rows, but refuses the transaction. */
  async deadLetterAll(table: 'readings' | 'texts', rows: CopyRows, why: Refusal): Promise<void> {
    this.#first ??= why;
    for (let row = 0; row < rows.count; row++) await this.#deadLetter(letterOf(table, rows.fields(row), this.#batch, why));
  }

  /** Stores the letters that wait and ends the savepoint; the caller commits. */
  async finish(): Promise<RefusedRows> {
    await this.#storeLetters();
    const { partition, from, to } = this.#batch;
    const fields = { partition, from: String(from), to: String(to), rows: this.#rows, letters: this.#lost, attempts: this.#attempts };
    // The first refusal stands for all: each dead letter has its own.
    if (this.#first) {
      const { sqlstate, message } = this.#first;
      this.#events.unshift({ level: 'error', name: 'store-rows-refused', fields: { ...fields, sqlstate, message } });
    }
    return { rows: this.#rows, letters: this.#lost, events: this.#events };
  }

  async #bisect(rows: CopyRows, into: Into, refused: (row: number, why: Refusal) => Promise<void>): Promise<void> {
    const note = async (row: number, why: Refusal) => {
      this.#first ??= why;
      await refused(row, why);
    };
    await bisect(rows.count, {
      attempt: (from, to) => {
        const fits = to - from > 1 && to - from <= STAGED_ROWS_MAX;
        const staged = fits && this.#refusedAttempts >= REFUSED_ATTEMPTS_MAX ? this.#staging : undefined;
        return this.#attempt(() => (staged ? this.#stage(staged, rows, from, to, into, note) : this.#copy(rows, from, to, into)));
      },
      refused: note,
    });
    // The next statement needs a transaction that has not failed. Letters that were stored in between have ended the savepoint already.
    if (this.#savepoint === 'failed') await this.#sql.unsafe('rollback to savepoint piece; release savepoint piece');
    if (this.#savepoint === 'held') await this.#sql.unsafe('release savepoint piece');
    this.#savepoint = 'none';
  }

  async #attempt(work: () => Promise<void>): Promise<Refusal | undefined> {
    this.#attempts++;
    try {
      await work();
      return undefined;
    } catch (error) {
      if (verdictOn(error) !== 'data') throw error;
      this.#refusedAttempts++;
      this.#savepoint = 'failed';
      const { code, message } = error as { code: string; message: string };
      return { sqlstate: code, message };
    }
  }

  async #copy(rows: CopyRows, from: number, to: number, { many, few }: Into): Promise<void> {
    const statement = to - from < MANY_ROWS_MIN ? few : many;
    await copy(this.#sql, `${SAVEPOINT[this.#savepoint]}; ${statement}`, rows.cut(from, to), this.#connection);
    if (this.#late) await this.#sql.unsafe(CHECK_NOW);
    this.#savepoint = 'held';
  }

  async #stage(staging: Staging, rows: CopyRows, from: number, to: number, into: Into, refused: BisectionPorts['refused']): Promise<void> {
    const found = await staging.store(SAVEPOINT[this.#savepoint], into.few, into.valueType, rows.cut(from, to));
    this.#savepoint = 'held';
    for (const { row, why } of found) await refused(from + row, why);
  }

  async #deadLetter(letter: Buffer): Promise<void> {
    this.#rows++;
    this.#letters.push(letter);
    if (this.#letters.length === LETTERS_WAITING_MAX) await this.#storeLetters();
  }

  async #storeLetters(): Promise<void> {
    const letters = this.#letters;
    if (letters.length === 0) return;
    this.#letters = [];
    const rows = new CopyRows(lettersStream(letters), letters.length);
    await this.#bisect(rows, LETTERS, async (row, why) => this.#reportLostDeadLetter(rows.fields(row), why));
  }

  /** Reports a dead letter that even its table refuses. The log has the message until retention removes it, and the event says where. */
  #reportLostDeadLetter(fields: readonly (Uint8Array | undefined)[], why: Refusal): void {
    this.#lost++;
    if (this.#lost > LETTER_EVENTS_MAX) return;
    const [, offset, device, , reason, payload] = fields as Uint8Array[];
    const bytes = Buffer.from(payload ?? []);
    this.#events.push({
      level: 'error',
      name: 'dead-letter-refused',
      fields: {
        partition: this.#batch.partition,
        offset: String(Buffer.from(offset ?? []).readBigInt64BE(0)),
        device: Buffer.from(device ?? []).readInt32BE(0),
        reason: Buffer.from(reason ?? []).toString(),
        payload: bytes.subarray(0, EVENT_PAYLOAD_BYTES_MAX).toString('base64'),
        payloadBytes: bytes.length,
        sqlstate: why.sqlstate,
        message: why.message,
      },
    });
  }
}
