import type { ISql } from 'postgres';
import type { Database } from '../../contract/database.js';
import { byTenant, letterBytes, type Tally, tallyKey } from './tallies.js';

/** Letters that are removed in one transaction. */
const BATCH = 1000;
/** Batches of one sweep; the next sweep continues. */
const BATCHES_MAX = 100;
const DAY_MS = 86_400_000;
const MIB = 1_048_576;

/** How much is kept. */
export interface LetterLimits {
  readonly daysMax: number;
  readonly lettersMax: number;
  readonly mibMax: number;
  readonly tenantLettersMax: number;
  readonly tenantMibMax: number;
}

/** Letters that one sweep removed for one limit. */
export interface Removal {
  readonly limit: 'days' | 'letters' | 'bytes';
  /** Undefined: of all tenants. */
  readonly tenant: string | undefined;
  readonly letters: number;
  readonly bytes: number;
}

/** What is to be removed, oldest first: letters that are older than a time, or so many letters or bytes. */
interface Surplus extends Pick<Removal, 'limit' | 'tenant'> {
  readonly beforeMs?: number;
  readonly letters?: number;
  readonly bytes?: number;
}

export interface RetentionOptions {
  readonly database: Database;
  readonly limits: LetterLimits;
  /** The topic in which a letter has to be before it may be removed; undefined: letters are not published. */
  readonly topic?: string | undefined;
  readonly isStopped: () => boolean;
  readonly rest: (ms: number) => Promise<void>;
}

/**
 * Removes dead letters beyond the limits, oldest first, in small transactions with as long a rest after each as it took. A letter that
 * another transaction holds, as one that is being marked as tried again, is left for the next sweep. Only counted letters are removed.
 */
export class LetterRetention {
  readonly #options: RetentionOptions;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Removes what is too old, or else what `tallies` say is too much; answers nothing once nothing exceeds a limit. */
  async sweep(tallies: readonly Tally[], nowMs: number): Promise<Removal[]> {
    const { limits } = this.#options;
    // One after another: what one removes is not in the tallies that the next would go by.
    const stages = [
      [{ limit: 'days', tenant: undefined, beforeMs: nowMs - limits.daysMax * DAY_MS } as const],
      tenantSurpluses(tallies, limits),
      surplusesOf(undefined, sumOf(tallies), limits.lettersMax, limits.mibMax),
    ];
    for (const surpluses of stages) {
      const removals = await this.#removeAll(surpluses);
      if (removals.length > 0) return removals;
    }
    return [];
  }

  async #removeAll(surpluses: readonly Surplus[]): Promise<Removal[]> {
    const removals: Removal[] = [];
    let batches = 0;
    for (const surplus of surpluses) {
      let { letters, bytes } = { letters: 0, bytes: 0 };
      while (batches++ < BATCHES_MAX && !this.#options.isStopped() && isLeft(surplus, letters, bytes)) {
        const startedMs = performance.now();
        const gone = await this.#remove(surplus, letters, bytes);
        if (gone.letters === 0) break;
        letters += gone.letters;
        bytes += gone.bytes;
        await this.#options.rest(performance.now() - startedMs);
      }
      if (letters > 0) removals.push({ limit: surplus.limit, tenant: surplus.tenant, letters, bytes });
    }
    return removals;
  }

  async #remove(surplus: Surplus, goneLetters: number, goneBytes: number): Promise<{ letters: number; bytes: number }> {
    const limit = Math.min(BATCH, (surplus.letters ?? Number.POSITIVE_INFINITY) - goneLetters);
    const bytes = surplus.bytes === undefined ? null : surplus.bytes - goneBytes;
    const rows = await this.#options.database.run((sql) =>
      sql.begin(async (tx) => {
        // The COPY of dead letters waits for neither, and nobody for this one for long.
        await tx`set local lock_timeout = '1s'`;
        await tx`set local statement_timeout = '30s'`;
        return tx<{ letters: number; bytes: number }[]>`
          with oldest as materialized (
            select dead_letters.id, received_at, ${letterBytes(tx)} as bytes ${this.#from(tx, surplus)}
            order by received_at, dead_letters.id limit ${limit} for update of dead_letters skip locked
          ), doomed as (
            select id from (select id, sum(bytes) over (order by received_at, id) - bytes as before from oldest) summed
            where ${bytes}::float8 is null or before < ${bytes}::float8
          ), gone as (
            delete from dead_letters using doomed where dead_letters.id = doomed.id
            returning device_id, reason, ${letterBytes(tx)} as bytes
          ), put as (
            insert into dead_letter_tallies as tally (tenant_id, device_class, reason, removed, removed_bytes)
            select ${tallyKey(tx)}, count(*), sum(bytes) from gone left join devices device on device.id = gone.device_id group by 1, 2, 3
            on conflict (tenant_id, device_class, reason) do update
            set removed = tally.removed + excluded.removed, removed_bytes = tally.removed_bytes + excluded.removed_bytes
          )
          select count(*)::int as letters, coalesce(sum(bytes), 0)::float8 as bytes from gone`;
      }),
    );
    return rows[0] ?? { letters: 0, bytes: 0 };
  }

  #from(sql: ISql, { tenant, beforeMs }: Surplus) {
    const { topic } = this.#options;
    return sql`from dead_letters join dead_letter_positions counted using (partition_id)
      ${topic === undefined ? sql`` : sql`join topic_positions published on published.topic = ${topic} and published.partition_id = counted.partition_id`}
      ${tenant === undefined ? sql`` : sql`left join devices device on device.id = dead_letters.device_id`}
      where dead_letters.id <= counted.counted_id
      ${topic === undefined ? sql`` : sql`and dead_letters.id <= published.published_id`}
      ${tenant === undefined ? sql`` : sql`and coalesce(device.tenant_id, '') = ${tenant}`}
      ${beforeMs === undefined ? sql`` : sql`and received_at < ${new Date(beforeMs)}`}`;
  }
}

function tenantSurpluses(tallies: readonly Tally[], { tenantLettersMax, tenantMibMax }: LetterLimits): Surplus[] {
  return [...byTenant(tallies)].flatMap(([tenant, own]) => surplusesOf(tenant, sumOf(own), tenantLettersMax, tenantMibMax));
}

function sumOf(tallies: readonly Tally[]): { readonly letters: number; readonly bytes: number } {
  return tallies.reduce((sum, tally) => ({ letters: sum.letters + tally.letters, bytes: sum.bytes + tally.bytes }), {
    letters: 0,
    bytes: 0,
  });
}

function surplusesOf(tenant: string | undefined, kept: ReturnType<typeof sumOf>, lettersMax: number, mibMax: number): Surplus[] {
  if (kept.letters > lettersMax) return [{ limit: 'letters', tenant, letters: kept.letters - lettersMax }];
  return kept.bytes > mibMax * MIB ? [{ limit: 'bytes', tenant, bytes: kept.bytes - mibMax * MIB }] : [];
}

function isLeft({ letters, bytes }: Surplus, goneLetters: number, goneBytes: number): boolean {
  if (letters !== undefined) return goneLetters < letters;
  return bytes === undefined || goneBytes < bytes;
}
