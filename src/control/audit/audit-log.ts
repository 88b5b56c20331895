import type { Database } from '../../contract/database.js';
import { type Call, callersTenant } from '../../http/caller.js';
import type { Report } from '../../telemetry/report.js';
import type { auditEvents } from './events.js';
import { writeRecords } from './record.js';

export interface AuditQuery {
  readonly tenant: string | undefined;
  readonly actor: string | undefined;
  readonly action: string | undefined;
  readonly target: string | undefined;
  readonly fromMs: number | undefined;
  readonly toMs: number | undefined;
  readonly limit: number;
  /** Entries that are older than this one. */
  readonly before: string | undefined;
}

export interface AuditEntry {
  readonly id: string;
  readonly at: Date;
  readonly actor_kind: 'key' | 'person' | 'claim';
  readonly actor_id: string;
  readonly actor_name: string;
  readonly actor_role: string;
  readonly address: string;
  readonly action: string;
  readonly path: string;
  readonly tenant_id: string | null;
  readonly target: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** Entries that are removed in one statement. */
const REMOVED_AT_ONCE = 10_000;
/** Changes that wait for a database that is away. */
const WAITING_MAX = 1000;

/** Who changed what, and when. */
export class AuditLog {
  readonly #database: Database;
  readonly #event: Report<keyof typeof auditEvents>;
  #waiting: Call[] = [];
  #writing: Promise<void> | undefined;

  constructor(database: Database, event: Report<keyof typeof auditEvents>) {
    this.#database = database;
    this.#event = event;
  }

  /**
   * Notes a change that its call has not noted in its own transaction: what was called, and by whom. Where the database does not take it
   * now, it is tried again; never rejects.
   */
  readonly changed = async (call: Call): Promise<void> => {
    if (this.#waiting.length >= WAITING_MAX) this.#lose(this.#waiting.shift()!, `${WAITING_MAX} others wait`);
    this.#waiting.push(call);
    await this.writeWaiting();
  };

  /** One at a time: a second writer would note the first entry once more. */
  writeWaiting(): Promise<void> {
    this.#writing ??= this.#write().finally(() => {
      this.#writing = undefined;
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting[0]) {
      const call = this.#waiting[0];
      try {
        const tenant = call.principal?.tenant ?? null;
        await this.#database.run((sql) => sql.begin((tx) => writeRecords(tx, call, [{ tenant, target: call.path }])));
      } catch (error) {
        this.#event('warn', 'audit-entry-waits', { action: `${call.method} ${call.path}`, cause: (error as Error).message });
        return;
      }
      this.#waiting = this.#waiting.filter((other) => other !== call);
    }
  }

  /** Newest first, of the caller's tenant alone where it has one. */
  list(query: AuditQuery): Promise<AuditEntry[]> {
    const { actor = null, action = null, target = null, fromMs, toMs, limit, before = null } = query;
    const tenant = callersTenant() ?? query.tenant ?? null;
    const timeOf = (ms: number | undefined) => (ms === undefined ? null : new Date(ms));
    const [from, to] = [timeOf(fromMs), timeOf(toMs)] as const;
    return this.#database.run(
      (sql): PromiseLike<AuditEntry[]> => sql<AuditEntry[]>`
        select id::text, at, actor_kind, actor_id, actor_name, actor_role, address, action, path, tenant_id, target, before, after
        from audit_log
        where (${tenant}::text is null or tenant_id = ${tenant}::text)
          and (${actor}::text is null or actor_name = ${actor}::text or actor_id = ${actor}::text)
          and (${action}::text is null or position(${action}::text in action) > 0)
          and (${target}::text is null or position(${target}::text in target) > 0)
          and (${from}::timestamptz is null or at >= ${from}::timestamptz) and (${to}::timestamptz is null or at < ${to}::timestamptz)
          and (${before}::bigint is null or id < ${before}::bigint)
        order by audit_log.id desc limit ${limit}`,
    );
  }

  /** Removes entries that are older than so many days; answers how many. */
  async sweep(days: number): Promise<number> {
    let removed = 0;
    while (true) {
      const { count } = await this.#database.run(
        (sql) => sql`delete from audit_log where id in (
          select id from audit_log where at < now() - make_interval(days => ${days}::int) order by id limit ${REMOVED_AT_ONCE})`,
      );
      removed += count;
      if (count < REMOVED_AT_ONCE) return removed;
    }
  }

  #lose(call: Call, cause: string): void {
    this.#event('error', 'audit-entry-lost', { action: `${call.method} ${call.path}`, by: call.principal?.name ?? '', cause });
  }
}
