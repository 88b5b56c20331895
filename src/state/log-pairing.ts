import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { DatabaseIdentity, IdentityPort } from '../contract/database-identity.js';
import type { LoggedOwner } from '../contract/log-owner.js';
import type { Report } from '../telemetry/report.js';
import type { stateEvents } from './events.js';
import type { LogMark, LogMarkFile } from './log-mark.js';
import { type LogPlace, mismatch } from './log-mismatch.js';
import { isOf, noteRefused, whoseIs } from './log-ownership.js';

export interface PairingOptions {
  readonly stateFolder: string;
  readonly mark: LogMarkFile;
  readonly identity: IdentityPort;
  /** Undefined: the log is in the state folder, of this process alone. */
  readonly shared: SharedLog | undefined;
  readonly event: Report<keyof typeof stateEvents>;
}

/** A log that other processes share, and with it the database's id: none of them may renew it. */
export interface SharedLog {
  readonly topic: string;
  /** Whose its last records are. */
  owners(): Promise<readonly LoggedOwner[]>;
}

type Numbers = Pick<DatabaseIdentity, 'devices' | 'metrics'>;

/**
 * Makes sure that the log and the database belong together, before either is used: the log holds numbers of devices, and another
 * database would give its readings to devices of its own, across tenants. Answers the id that both have. Throws StartFailure.
 */
export async function pairLogWithDatabase(options: PairingOptions): Promise<string> {
  const { mark, identity, stateFolder, shared } = options;
  // The records before the database: the numbers that they hold by then are among those that it gave out.
  const records = (await shared?.owners()) ?? [];
  const database = await identity.read();
  const found = mark.read();
  const marked = found && !namesNoLog(found) ? found : undefined;
  const place = { stateFolder, topic: shared?.topic };
  if (marked) refuseMarked(place, marked, database);
  const adopted = adoptedBy(database.id, marked?.adopted ?? [], records);
  refuseRecords(place, { mark, records, adopted, database });
  const held = highest([marked, ...records.map(({ owner }) => owner)]);
  await skipLost(options, held, database);
  const id = marked || shared ? database.id : await pairUnmarked(options, database);
  mark.write({ database: id, ...highest([database, held]), adopted, refused: [] });
  if (database.takesUnmarkedLog) await identity.noteMarkedLog();
  return id;
}

/** Refuses a database that the log does not belong to, before anything is written to it. `found`: undefined where it has no identity. */
export function refuseOtherDatabase(place: LogPlace, mark: LogMarkFile, found: DatabaseIdentity | undefined): void {
  const marked = mark.read();
  if (marked) refuseMarked(place, marked, found);
}

function refuseMarked(place: LogPlace, { database }: LogMark, found: DatabaseIdentity | undefined): void {
  if (database !== null && database !== found?.id) throw mismatch(place, `it is of database ${database}`, found);
}

/** A start that was refused leaves such a mark in an empty state folder: for `log adopt`, and for nothing else. */
function namesNoLog({ database, adopted, refused }: LogMark): boolean {
  return database === null && adopted.length === 0 && refused.length > 0;
}

/** Processes of the same database write along what they have adopted, so that not each of them has to be told. */
function adoptedBy(id: string, adopted: readonly string[], records: readonly LoggedOwner[]): readonly string[] {
  const written = records.flatMap(({ owner }) => (owner.database === id ? owner.adopted : []));
  return [...new Set([...adopted, ...written])].filter((other) => other !== id);
}

interface RecordCheck {
  readonly mark: LogMarkFile;
  readonly records: readonly LoggedOwner[];
  readonly adopted: readonly string[];
  readonly database: DatabaseIdentity;
}

function refuseRecords(place: LogPlace, { mark, records, adopted, database }: RecordCheck): void {
  const strange = records.filter(({ owner }) => !isOf(owner, { database: database.id, adopted }));
  const [first] = strange;
  if (!first) return;
  for (const record of strange) noteRefused(mark, record);
  throw mismatch(place, whoseIs(first), database);
}

function highest(numbers: readonly (Numbers | undefined)[]): Numbers {
  const of = (kind: keyof Numbers) => Math.max(0, ...numbers.map((one) => one?.[kind] ?? 0));
  return { devices: of('devices'), metrics: of('metrics') };
}

/** A log with numbers that its database has not given out: the database was restored from a backup, or is another one's copy. */
async function skipLost({ identity, event }: PairingOptions, held: Numbers, database: DatabaseIdentity): Promise<void> {
  if (held.devices <= database.devices && held.metrics <= database.metrics) return;
  await identity.skipNumbers(held);
  const lost = { devicesLost: Math.max(0, held.devices - database.devices), metricsLost: Math.max(0, held.metrics - database.metrics) };
  event('warn', 'database-older-than-log', lost);
}

/** A log of a release that marked none, or no log yet. */
async function pairUnmarked({ stateFolder, identity }: PairingOptions, database: DatabaseIdentity): Promise<string> {
  if (hasBlocks(join(stateFolder, 'log'))) {
    if (database.takesUnmarkedLog) return database.id;
    throw mismatch({ stateFolder, topic: undefined }, 'it is of an earlier release and names no database', database);
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
