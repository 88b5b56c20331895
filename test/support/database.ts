import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import postgres from 'postgres';
import { startEmbedded } from '../../src/store/embedded.js';
import { migrate } from '../../src/store/migrations.js';

/** A migrated database on an embedded server of its own. One a test file is enough: it takes seconds. */
export interface TestDatabase {
  readonly url: string;
  readonly sql: postgres.Sql;
  /** Where the server keeps its cluster. */
  readonly folder: string;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

export async function startTestDatabase(): Promise<TestDatabase> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-database-'));
  const server = await startEmbedded(folder, { sync: false });
  const sql = postgres(server.url, { max: 4, onnotice: () => {} });
  await migrate(sql);
  const stop = async () => {
    await sql.end({ timeout: 1 });
    // A test may have stopped and started the server itself: what runs now is found by its lock file.
    await (await startEmbedded(folder, { sync: false })).stop();
    rmSync(folder, { recursive: true, force: true });
  };
  return { url: server.url, sql, folder, stop };
}
