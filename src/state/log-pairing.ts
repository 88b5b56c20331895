import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseIdentity, IdentityPort } from '../contract/database-identity.js';
import { StartFailure } from '../contract/start-failure.js';
import type { Report } from '../telemetry/report.js';
import type { stateEvents } from './events.js';
import type { LogMark, LogMarkFile } from './log-mark.js';

export interface PairingOptions {
  readonly stateFolder: string;
  readonly mark: LogMarkFile;
  readonly identity: IdentityPort;
  /** Other processes share the log, and with it the database's id: none of them may renew it. */
  readonly isLogShared: boolean;
  readonly event: Report<keyof typeof stateEvents>;
}

/**
 * Makes sure that the log and the database belong together, before either is used: the log holds numbers of devices, and another
 * database would give its readings to devices of its own, across tenants. Answers the id that both have. Throws StartFailure.
 */
export async function pairLogWithDatabase(options: PairingOptions): Promise<string> {
  const { mark, identity } = options;
  const database = await identity.read();
  const found = mark.read();
  const id = found ? await pairMarked(options, found, database) : await pairUnmarked(options, database);
  const { devices, metrics } = database;
  mark.write({ database: id, devices: Math.max(devices, found?.devices ?? 0), metrics: Math.max(metrics, found?.metrics ?? 0) });
  if (database.takesUnmarkedLog) await identity.noteMarkedLog();
  return id;
}

/** Refuses a database that the log does not belong to, before anything is written to it. `found`: undefined where it has no identity. */
export function refuseOtherDatabase(stateFolder: string, mark: LogMarkFile, found: DatabaseIdentity | undefined): void {
  const database = mark.read()?.database ?? null;
  if (database !== null && database !== found?.id) throw mismatch(stateFolder, `of database ${database}`, found);
}

async function pairMarked(options: PairingOptions, mark: LogMark, database: DatabaseIdentity): Promise<string> {
  const { stateFolder, identity, event } = options;
  if (mark.database !== null && mark.database !== database.id) throw mismatch(stateFolder, `of database ${mark.database}`, database);
  // Of the same id and behind: the database was restored from a backup.
  if (mark.devices > database.devices || mark.metrics > database.metrics) {
    await identity.skipNumbers(mark);
    const lost = { devicesLost: Math.max(0, mark.devices - database.devices), metricsLost: Math.max(0, mark.metrics - database.metrics) };
    event('warn', 'database-older-than-log', lost);
  }
  return database.id;
}

/** A log of a release that marked none, or no log yet. */
async function pairUnmarked({ stateFolder, identity, isLogShared }: PairingOptions, database: DatabaseIdentity): Promise<string> {
  if (isLogShared) return database.id;
  if (hasBlocks(join(stateFolder, 'log'))) {
    if (database.takesUnmarkedLog) return database.id;
    throw mismatch(stateFolder, 'of an earlier release and names no database', database);
  }
  // A new log: should the database have had another one, that one does not come back unnoticed, with what it held back.
  return identity.renew();
}

function hasBlocks(log: string): boolean {
  return foldersIn(log).some((partition) => {
    const folder = join(log, partition);
    return readdirSync(folder).some((name) => name.endsWith('.log') && statSync(join(folder, name)).size > 0);
  });
}

function foldersIn(folder: string): string[] {
  const found = statSync(folder, { throwIfNoEntry: false });
  return found ? readdirSync(folder, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? entry.name : [])) : [];
}

function mismatch(stateFolder: string, whose: string, database: DatabaseIdentity | undefined): StartFailure {
  const other = database ? `is ${database.id}, in which the same numbers are other devices` : 'has none of its devices';
  return new StartFailure(
    'log_of_other_database',
    `cannot open the log in ${stateFolder}: it is ${whose}, and the database in use ${other}`,
    'start it with its own database (SPILLWAY_DATABASE_URL, or postgres/ in the state folder); or npx spillway log set-aside, which keeps the old ' +
      `log apart and begins a new one; or, where devices up to number ${database?.devices ?? 0} are the same in both, npx spillway log adopt`,
  );
}
