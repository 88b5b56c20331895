import { join } from 'node:path';
import { plainHttpBind } from '../config/settings/listen.js';
import type { Config } from '../config/table.js';
import type { DatabaseIdentity, NumberRange } from '../contract/database-identity.js';
import { readSnapshot, type Snapshot, unfitness } from '../control/offline/snapshot.js';
import type { SnapshotKeeper } from '../control/offline/snapshot-keeper.js';
import { listenWaiting, type WaitingServer } from '../http/waiting-server.js';
import type { LogChoice } from '../log/choice.js';
import type { LogMarkFile } from '../state/log-mark.js';
import { pairLogWithDatabase, refuseOtherDatabase } from '../state/log-pairing.js';
import { shortfallOf } from '../state/log-reach.js';
import { SnapshotFile } from '../state/snapshot-file.js';
import { awaitDatabase, isOutage } from '../store/await-database.js';
import type { ControlDatabase } from '../store/control-database.js';
import { prepareDatabase } from '../store/database.js';
import { StoredIdentity } from '../store/identity.js';
import { SCHEMA_VERSION } from '../store/schema/migrate.js';
import type { Report } from '../telemetry/report.js';

/** What the database is opened with. */
export interface Opening {
  readonly config: Config;
  readonly choice: LogChoice;
  readonly databaseUrl: string;
  readonly database: ControlDatabase;
  /** Marks the log with what it will hold, before it holds it. Undefined: there is no log. */
  readonly mark: LogMarkFile | undefined;
  /** Keeps what a start without the database needs. Undefined: the log is not one of files, and its starts wait for the database. */
  readonly snapshots: SnapshotKeeper | undefined;
  readonly event: Report;
}

/** What is known of the database. */
export interface Opened {
  readonly databaseId: string;
  readonly lostDevices: readonly NumberRange[];
  /** Committed offsets by partition. */
  readonly committed: readonly bigint[];
  /** What it is known to hold, where it is away and the start is made without it. */
  readonly standIn?: Snapshot | undefined;
}

/** The database at this build's schema, which the log belongs to. It may be called again after it failed. */
export async function openDatabase({ choice, config, database, databaseUrl, event, mark }: Opening): Promise<Opened> {
  const { stateFolder } = config.process;
  const check = (found: DatabaseIdentity | undefined) => mark && refuseOtherDatabase({ stateFolder, topic: choice.topic }, mark, found);
  const committed = await prepareDatabase(databaseUrl, choice.consumerGroup, config.log.partitions, { event, check });
  await database.look();
  const identity = new StoredIdentity(database.unheld);
  const { topic, readOwners } = choice;
  const shared = topic !== undefined && readOwners ? { topic, owners: () => readOwners(event) } : undefined;
  const databaseId = mark ? await pairLogWithDatabase({ stateFolder, mark, identity, shared, event }) : (await identity.read()).id;
  return { committed, databaseId, lostDevices: await identity.lostDevices() };
}

/** Without the database, what is known of it; where that does not do, waits. */
export async function openOrStandIn(context: Opening, stopping: AbortSignal): Promise<Opened> {
  const { config, database, event } = context;
  try {
    return await openDatabase(context);
  } catch (error) {
    if (!isOutage(error)) throw error;
    const standIn = usableSnapshot(context);
    if (!standIn) return whileWaiting(config, event, stopping, () => openDatabase(context));
    database.hold(true);
    event('warn', 'started-without-database', { cause: (error as Error).message, devices: standIn.devices.length });
    return { standIn, committed: standIn.committed, databaseId: standIn.database, lostDevices: standIn.lostDevices };
  }
}

function usableSnapshot({ choice, config, event, mark, snapshots }: Opening): Snapshot | undefined {
  if (!mark || !snapshots) return undefined;
  const { stateFolder } = config.process;
  try {
    const database = mark.read()?.database ?? null;
    const wanted = { database, schema: SCHEMA_VERSION, group: choice.consumerGroup, partitions: config.log.partitions };
    const snapshot = readSnapshot(new SnapshotFile(stateFolder).read());
    const cause = snapshot && (unfitness(snapshot, wanted) ?? shortfallOf(join(stateFolder, 'log'), snapshot.committed));
    if (cause === undefined) return snapshot;
    event('warn', 'snapshot-not-used', { cause });
  } catch (error) {
    event('warn', 'snapshot-not-used', { cause: (error as Error).message });
  }
}

/** Waits for the database and meanwhile says so to those who ask. No device is let in: whose numbers it has only the database tells. */
async function whileWaiting<Result>(
  { listen }: Config,
  event: Report,
  signal: AbortSignal,
  attempt: () => Promise<Result>,
): Promise<Result> {
  let server: WaitingServer | undefined;
  let reason = '';
  const waiting = async (cause: string) => {
    reason = cause;
    server ??= await listenWaiting(plainHttpBind(listen), listen.httpPort, () => reason);
    event('warn', 'database-awaited', { cause, http_port: server.port });
  };
  try {
    return await awaitDatabase(attempt, { waiting, signal });
  } finally {
    await server?.close();
  }
}
