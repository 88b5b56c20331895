import type { Sql, TransactionSql } from 'postgres';
import type { Dialect } from './dialect.js';
import { postgresDialect } from './postgres.js';

/** The dialect of the database: that of its tables, or the best the server offers when there are none yet. */
export async function openDialect(sql: Sql | TransactionSql): Promise<Dialect> {
  const [row] = await sql`select current_setting('server_version') as version`;
  return postgresDialect({ serverVersion: String(row?.version) });
}
