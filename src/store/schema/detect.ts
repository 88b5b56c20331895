import type { Sql, TransactionSql } from 'postgres';
import { chooseDialect, findCapabilities } from './capabilities.js';
import type { Dialect, DialectName } from './dialect.js';
import { postgresDialect } from './postgres/postgres.js';
import { timescaleDialect } from './timescale/timescale.js';

/**
 * The dialect of the database: that of its tables, or the best the server offers when there are none
 * yet. Throws for tables that neither dialect made, so that the two are never mixed.
 */
export async function openDialect(sql: Sql | TransactionSql): Promise<Dialect> {
  const found = await findCapabilities(sql);
  const choice = chooseDialect(found);
  if (!choice) {
    throw new Error(
      'cannot use the table readings: it is neither partitioned nor a hypertable; if the extension timescaledb was removed from this ' +
        'database, restore the database from a backup or begin with a new one',
    );
  }
  return choice.dialect === 'timescale'
    ? timescaleDialect(found, choice)
    : postgresDialect({ serverVersion: found.postgres, why: choice.why });
}

/** The dialect of the tables, which are made in this transaction where there are none: with the extension, if that is to be theirs. */
export async function chooseTables(sql: TransactionSql): Promise<DialectName> {
  const { name } = await openDialect(sql);
  if (name !== 'timescale') return name;
  await sql.unsafe('create extension if not exists timescaledb');
  // The licence is known only now, and one without compression makes it a plain database after all.
  return (await openDialect(sql)).name;
}
