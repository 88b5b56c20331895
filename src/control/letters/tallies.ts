import type { ISql } from 'postgres';
import type { Database } from '../../contract/database.js';

/** Letters that are counted in one transaction. */
const PAGE = 20_000;

/** Dead letters of one tenant, class of devices and reason: those that are kept, and those that were removed. */
export interface Tally {
  /** Empty: of devices that are in no registry. */
  readonly tenant: string;
  /** Empty: of devices without a class. */
  readonly deviceClass: string;
  readonly reason: string;
  /** Kept at present; below 0 where devices changed their class between the count and the removal: sums over classes are exact. */
  readonly letters: number;
  readonly bytes: number;
  readonly removed: number;
  readonly removedBytes: number;
  /** Letters a minute, of the hours past. */
  readonly usual: number;
}

/**
 * The numbers of dead letters, kept beside them in the database. Letters are counted after they are committed, in the order of their
 * ids, which within a partition is that of their commits: the COPY that writes them does not wait for it, and no letter counts twice.
 */
export class LetterTallies {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Counts the next letters of the partition; answers whether there may be more. */
  async count(partition: number): Promise<boolean> {
    return this.#database.run((sql) =>
      sql.begin(async (tx) => {
        await tx`insert into dead_letter_positions (partition_id, counted_id) values (${partition}, 0) on conflict do nothing`;
        const [{ counted_id: from }] = (await tx`
          select counted_id::text from dead_letter_positions where partition_id = ${partition} for update`) as unknown as [
          { counted_id: string },
        ];
        const [page] = await tx<{ letters: number; last: string | null }[]>`
          with fresh as (
            select id, device_id, reason, ${letterBytes(tx)} as bytes from dead_letters
            where partition_id = ${partition} and dead_letters.id > ${from}::text::bigint order by dead_letters.id limit ${PAGE}
          ), put as (
            insert into dead_letter_tallies as tally (tenant_id, device_class, reason, counted, counted_bytes)
            select ${tallyKey(tx)}, count(*), sum(bytes) from fresh left join devices device on device.id = fresh.device_id group by 1, 2, 3
            on conflict (tenant_id, device_class, reason) do update
            set counted = tally.counted + excluded.counted, counted_bytes = tally.counted_bytes + excluded.counted_bytes
          )
          select count(*)::int as letters, max(id)::text as last from fresh`;
        if (!page?.last) return false;
        await tx`update dead_letter_positions set counted_id = ${page.last}::text::bigint where partition_id = ${partition}`;
        return page.letters === PAGE;
      }),
    );
  }

  /** Makes the tallies say again what the table holds: an operator may have taken letters away by hand. Reads all letters. */
  async recount(): Promise<void> {
    await this.#database.run((sql) =>
      sql.begin(async (tx) => {
        await tx`select 1 from dead_letter_positions order by partition_id for update`;
        await tx`
          with held as (
            select ${tallyKey(tx)}, count(*) as letters, sum(${letterBytes(tx)}) as bytes
            from dead_letters join dead_letter_positions position using (partition_id) left join devices device on device.id = device_id
            where dead_letters.id <= position.counted_id group by 1, 2, 3
          ), keys (tenant_id, device_class, reason, letters, bytes) as (
            select * from held
            union all
            select tenant_id, device_class, reason, 0, 0 from dead_letter_tallies
          )
          insert into dead_letter_tallies as tally (tenant_id, device_class, reason, counted, counted_bytes)
          select tenant_id, device_class, reason, sum(letters), sum(bytes) from keys group by 1, 2, 3
          on conflict (tenant_id, device_class, reason) do update
          set counted = tally.removed + excluded.counted, counted_bytes = tally.removed_bytes + excluded.counted_bytes`;
      }),
    );
  }

  /** Writes down what is usual, for the next process that looks. */
  async keepUsual(tallies: readonly Pick<Tally, 'tenant' | 'deviceClass' | 'reason' | 'usual'>[]): Promise<void> {
    if (tallies.length === 0) return;
    await this.#database.run(
      (sql) => sql`
      update dead_letter_tallies tally set usual = kept.usual
      from jsonb_to_recordset(${sql.json(tallies as never)}) as kept (tenant text, "deviceClass" text, reason text, usual float8)
      where tally.tenant_id = kept.tenant and tally.device_class = kept."deviceClass" and tally.reason = kept.reason`,
    );
  }

  async read(): Promise<Tally[]> {
    return this.#database.run(
      (sql) => sql<Tally[]>`
      select tenant_id as tenant, device_class as "deviceClass", reason, (counted - removed)::float8 as letters,
        (counted_bytes - removed_bytes)::float8 as bytes, removed::float8, removed_bytes::float8 as "removedBytes", usual
      from dead_letter_tallies order by tenant_id, device_class, reason`,
    );
  }
}

export function byTenant(tallies: readonly Tally[]): Map<string, Tally[]> {
  const tenants = new Map<string, Tally[]>();
  for (const tally of tallies) {
    const own = tenants.get(tally.tenant);
    if (own) own.push(tally);
    else tenants.set(tally.tenant, [tally]);
  }
  return tenants;
}

/** What a letter takes: its payload, and what its topic said of it. */
export function letterBytes(sql: ISql) {
  return sql`coalesce(octet_length(payload), 0) + coalesce(octet_length(context), 0)`;
}

/** The first columns of a tally, of letters that are joined with `device`. */
export function tallyKey(sql: ISql) {
  return sql`coalesce(device.tenant_id, ''), coalesce(device.device_class, ''), reason`;
}
