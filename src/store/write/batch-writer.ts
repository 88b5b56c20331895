import type { BatchPart, RowBatch } from '../../contract/threads/store.js';
import type { Notice } from '../client/notices.js';
import type { Refusal } from '../refused/bisection.js';
import { Isolation, NOTHING_REFUSED, type RefusedRows } from '../refused/isolation.js';
import { verdictOn } from '../refused/sqlstate.js';
import { CHECK_NOW } from '../refused/staging.js';
import { openDialect } from '../schema/detect.js';
import type { Dialect } from '../schema/dialect.js';
import { partsOf } from './batch-parts.js';
import { copy } from './copy.js';
import { CopyRows } from './copy-rows.js';
import { Session } from './session.js';

/** Another process commits the same partition: this one must stop writing. */
export class FencedError extends Error {
  /** The database names another owner; otherwise only its offset differs. */
  readonly isHeldByAnother: boolean;

  constructor(group: string, batch: RowBatch, found: string, isHeldByAnother: boolean) {
    const holder = isHeldByAnother ? ', held by another process' : '';
    super(
      `cannot commit partition ${batch.partition} of ${group} from ${batch.from} to ${batch.to}: the database has it at ${found}${holder}; ` +
        'another Spillway writes to the same database, or the database was restored from a backup: stop the other one, then start again',
    );
    this.name = 'FencedError';
    this.isHeldByAnother = isHeldByAnother;
  }
}

const COPY_DEADS =
  'copy dead_letters (partition_id, log_offset, device_id, received_at, reason, payload, format, context) from stdin (format binary)';

const TABLES = ['readings', 'texts', 'deads'] as const;

interface Opened {
  readonly session: Session;
  readonly dialect: Dialect;
}

/** Writes row batches over one connection, which it opens when needed. One batch at a time. */
export class BatchWriter {
  readonly #url: string;
  readonly #group: string;
  readonly #owner: string;
  readonly #noticed: ((notice: Notice) => void) | undefined;
  #session: Session | undefined;
  #open: Opened | undefined;
  /** The refused rows of a batch whose commit was sent: if the answer is lost, the database holds these. */
  #sent: { readonly batch: RowBatch; readonly refused: RefusedRows } | undefined;

  constructor(url: string, group: string, owner: string, noticed?: (notice: Notice) => void) {
    this.#noticed = noticed;
    this.#url = url;
    this.#group = group;
    this.#owner = owner;
  }

  /**
   * Commits a batch's rows and its offset together, exactly once however often it is called: after
   * an answer that was lost the batch may be committed already, which the offset shows. Rows that the server refuses for what
   * they hold become dead letters in the same transaction, and the answer counts them. Throws any other error of the
   * server or the connection, or FencedError. `memory` is the partition's; it is only read.
   */
  async write(batch: RowBatch, memory: SharedArrayBuffer): Promise<RefusedRows> {
    try {
      this.#open ??= await this.#connect();
      return await this.#commit(this.#open, batch, memory);
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /**
   * Writes down where the batch ends, before its rows are published: after a crash its blocks make the same batch again. False: it
   * is committed already. Throws as `write` does.
   */
  async announce(batch: RowBatch): Promise<boolean> {
    try {
      this.#open ??= await this.#connect();
      const { session } = this.#open;
      await session.sql.unsafe('begin; set local synchronous_commit = on');
      const isOpen = await this.#move(session, batch, 'announced_offset');
      await session.sql.unsafe('commit');
      return isOpen;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Changes with every byte to or from the server. */
  get traffic(): number {
    return this.#session?.traffic ?? 0;
  }

  /** What is being written fails; the next batch has a new connection. */
  abandon(): void {
    this.#session?.abandon();
  }

  async close(): Promise<void> {
    const session = this.#session;
    this.#open = undefined;
    this.#session = undefined;
    await session?.close();
  }

  /** Connects and detects the dialect, which may have changed since the last connection. */
  async #connect(): Promise<Opened> {
    const session = new Session(this.#url, this.#noticed);
    this.#session = session;
    await session.open();
    return { session, dialect: await openDialect(session.sql) };
  }

  /** Commits the batch as a whole. If the server refuses rows of it, finds each such row, however late the server refuses it. */
  async #commit(opened: Opened, batch: RowBatch, memory: SharedArrayBuffer): Promise<RefusedRows> {
    let why = await this.#attempt(opened, batch, memory, '', () => this.#copyWhole(opened, batch, memory));
    for (const attempt of ['pieces', 'pieces checked late', 'dead-letter all'] as const) {
      if (!('sqlstate' in why)) return why;
      const refusal = why;
      // Checks that are deferred to the end of the transaction are made with the piece that breaks them.
      why = await this.#attempt(opened, batch, memory, `; ${CHECK_NOW}`, () => this.#copyIsolated(opened, batch, memory, attempt, refusal));
    }
    if ('sqlstate' in why) throw Object.assign(new Error(why.message), { code: why.sqlstate });
    return why;
  }

  /** Answers the refusal when it is the rows' fault: then nothing of the batch is stored, and no transaction is open. */
  async #attempt(
    opened: Opened,
    batch: RowBatch,
    memory: SharedArrayBuffer,
    settings: string,
    rows: () => Promise<RefusedRows>,
  ): Promise<RefusedRows | Refusal> {
    try {
      return await this.#transaction(opened, batch, memory, settings, rows);
    } catch (error) {
      if (verdictOn(error) !== 'data') throw error;
      await opened.session.sql.unsafe('rollback');
      const { code, message } = error as { code: string; message: string };
      return { sqlstate: code, message };
    }
  }

  /**
   * The offset goes first: its row lock keeps any other writer of the partition waiting until this
   * transaction ends, and a batch that was committed before costs no rows. The commit waits for the
   * database's disk, whatever its default is: a server that is killed and comes back must not have
   * forgotten an offset after which the pipeline has continued.
   */
  async #transaction(
    { session, dialect }: Opened,
    batch: RowBatch,
    memory: SharedArrayBuffer,
    settings: string,
    rows: () => Promise<RefusedRows>,
  ): Promise<RefusedRows> {
    await session.sql.unsafe(`begin; set local synchronous_commit = on${settings}`);
    if (!(await this.#move(session, batch, 'committed_offset'))) {
      await session.sql.unsafe('rollback');
      return this.#sent?.batch === batch ? this.#sent.refused : NOTHING_REFUSED;
    }
    await markReplayed(session, batch, memory);
    const refused = await rows();
    this.#sent = { batch, refused };
    await session.sql.unsafe('commit');
    const events = (await dialect.committed?.(session.sql)) ?? [];
    return events.length === 0 ? refused : { ...refused, events: [...refused.events, ...events] };
  }

  async #copyWhole({ session, dialect }: Opened, batch: RowBatch, memory: SharedArrayBuffer): Promise<RefusedRows> {
    for (const [table, part] of streamsOf(batch, memory)) {
      const statement = table === 'deads' ? COPY_DEADS : await dialect.copyStatement(table, { ...batch, ...part }, session.sql);
      await copy(session.sql, statement, [bytesOf(part, table)], session);
    }
    return NOTHING_REFUSED;
  }

  /**
   * `pieces checked late`: the commit was refused although every piece was taken, because a trigger defers its check to the commit.
   * `dead-letter all`: the commit was refused again, for a reason that cannot be found before it. All rows of the batch become dead
   * letters with the state of that refusal.
   */
  async #copyIsolated(
    { session, dialect }: Opened,
    batch: RowBatch,
    memory: SharedArrayBuffer,
    attempt: 'pieces' | 'pieces checked late' | 'dead-letter all',
    why: Refusal,
  ): Promise<RefusedRows> {
    const isolation = new Isolation(session.sql, batch, session, attempt !== 'pieces');
    for (const [table, part] of streamsOf(batch, memory)) {
      const rows = new CopyRows(bytesOf(part, table), part[table].rows);
      if (table === 'deads') await isolation.store(table, rows, { many: COPY_DEADS, few: COPY_DEADS });
      else if (attempt === 'dead-letter all') await isolation.deadLetterAll(table, rows, why);
      else {
        await dialect.makeRoom?.(session.sql, table, rows.hoursUs());
        const many = await dialect.copyStatement(table, { ...batch, ...part }, session.sql);
        const few = await dialect.copyStatement(table, { ...batch, [table]: { ...part[table], rows: 1 } }, session.sql);
        await isolation.store(table, rows, { many, few });
      }
    }
    return isolation.finish();
  }

  /** Moves the offset to the end of the batch; false when the batch is committed already. */
  async #move(session: Session, batch: RowBatch, offset: 'committed_offset' | 'announced_offset'): Promise<boolean> {
    const [from, to] = [String(batch.from), String(batch.to)];
    const updated = await session.sql`
      update pipeline_offsets set ${session.sql(offset)} = ${to}, updated_at = now()
      where consumer_group = ${this.#group} and partition_id = ${batch.partition} and committed_offset = ${from}
        and owner = ${this.#owner}`;
    if (updated.count === 1) return true;
    const [row] = await session.sql`
      select committed_offset::text as found, owner = ${this.#owner} as is_own from pipeline_offsets
      where consumer_group = ${this.#group} and partition_id = ${batch.partition}`;
    if (row && BigInt(row.found) >= batch.to) return false;
    throw new FencedError(this.#group, batch, row ? String(row.found) : 'no offset at all', row !== undefined && !row.is_own);
  }
}

/** Dead letters whose messages are in the batch were tried again, whatever became of them: in one transaction with its rows. */
async function markReplayed({ sql }: Session, batch: RowBatch, memory: SharedArrayBuffer): Promise<void> {
  for (const { memory: shared, replayed } of partsOf(batch, memory)) {
    if (replayed.letters === 0) continue;
    const ids = `{${new BigInt64Array(shared, replayed.offset, replayed.letters).join()}}`;
    await sql`update dead_letters set replayed_at = now() where id = any(${ids}::text::bigint[])`;
  }
}

/** The streams of a batch that have rows, by table and then in the order of its parts. */
function* streamsOf(batch: RowBatch, memory: SharedArrayBuffer): Generator<readonly [(typeof TABLES)[number], BatchPart]> {
  const parts = partsOf(batch, memory);
  for (const table of TABLES) for (const part of parts) if (part[table].rows > 0) yield [table, part];
}

function bytesOf(part: BatchPart, table: (typeof TABLES)[number]): Uint8Array {
  return new Uint8Array(part.memory, part[table].offset, part[table].bytes);
}
