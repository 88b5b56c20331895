import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { rolesOf } from '../config/settings/process.js';
import type { Config } from '../config/table.js';
import type { NumberRange } from '../contract/database-identity.js';
import { listenWaiting, type WaitingServer } from '../http/waiting-server.js';
import { chooseLog, type LogChoice } from '../log/choice.js';
import { assertPortsFree, type WantedPort } from '../plane/free-ports.js';
import { type ConnectionShares, connectionShares } from '../reactor/open-files.js';
import { LogMarkFile } from '../state/log-mark.js';
import { pairLogWithDatabase } from '../state/log-pairing.js';
import { readOrCreateText } from '../state/read-or-create-text.js';
import { makeStateFolder } from '../state/state-folder.js';
import { lockStateFolder } from '../state/state-lock.js';
import { awaitDatabase } from '../store/await-database.js';
import { ControlDatabase } from '../store/control-database.js';
import { prepareDatabase } from '../store/database.js';
import { startSupervised } from '../store/embedded/supervised.js';
import { StoredIdentity } from '../store/identity.js';
import type { HeldLines } from '../telemetry/held-lines.js';
import { createLog } from '../telemetry/log.js';
import type { Report } from '../telemetry/report.js';

export interface StartOptions {
  readonly config: Config;
  /** Aborts when the appliance need not come up any more. */
  readonly stopping: AbortSignal;
  /** Where the log waits for what people read first; undefined: it does not wait. */
  readonly heldLog: HeldLines | undefined;
}

/** What every part of a starting appliance is made of. */
export interface StartContext {
  readonly config: Config;
  readonly log: Logger;
  readonly choice: LogChoice;
  /** Names this run of this process to others that meet it at the database. */
  readonly owner: string;
  readonly databaseUrl: string;
  readonly database: ControlDatabase;
  readonly databaseId: string;
  readonly lostDevices: readonly NumberRange[];
  /** Marks the log with what it will hold, before it holds it. Undefined: there is no log. */
  readonly mark: LogMarkFile | undefined;
  readonly shares: ConnectionShares;
  /** Committed offsets by partition. */
  readonly committed: readonly bigint[];
  /** What was started, to be ended in the opposite order. */
  readonly cleanups: (() => Promise<unknown>)[];
  readonly event: Report;
}

/** The state folder for this process alone, and the database at this build's schema. */
export async function prepare({ config, stopping, heldLog }: StartOptions, cleanups: StartContext['cleanups']): Promise<StartContext> {
  const { stateFolder } = config.process;
  const log = createLog(config.process.logLevel, heldLog);
  if (config.log.kind === 'none')
    log.warn('what is acknowledged is kept nowhere until it is stored: SPILLWAY_LOG=none is for benches only');
  makeStateFolder(stateFolder);
  const hasRunBefore = existsSync(join(stateFolder, 'admin-key')) || existsSync(join(stateFolder, 'log', 'log.json'));
  cleanups.push(await lockStateFolder(stateFolder));
  await assertPortsFree(config.listen.bind, wantedPorts(config));
  const databaseUrl = config.store.databaseUrl ?? (await embeddedUrl(stateFolder, cleanups, log));
  const choice = chooseLog(config, () => readOrCreateText(stateFolder, 'node-name', newName));
  const event: StartContext['event'] = (level, name, fields) => log[level](fields, name);
  const prepareOnce = () => prepareDatabase(databaseUrl, choice.consumerGroup, config.log.partitions, { event });
  // On a first start a database that is not there is a mistake in its address more often than an outage.
  const committed = await (hasRunBefore ? whileWaiting(config, event, stopping, prepareOnce) : prepareOnce());
  const database = new ControlDatabase(databaseUrl, event);
  cleanups.push(() => database.close());
  const identity = new StoredIdentity(database);
  const mark = config.log.kind === 'none' ? undefined : new LogMarkFile(stateFolder);
  const isLogShared = choice.kafka !== undefined;
  const databaseId = mark ? await pairLogWithDatabase({ stateFolder, mark, identity, isLogShared, event }) : (await identity.read()).id;
  const lostDevices = await identity.lostDevices();
  const shares = connectionShares(config.listen.httpConnections, config.listen.gateways);
  return {
    config,
    log,
    choice,
    shares,
    owner: newName(),
    databaseUrl,
    database,
    databaseId,
    lostDevices,
    mark,
    committed,
    cleanups,
    event,
  };
}

/** Waits for the database and meanwhile says so to those who ask. No device is let in: whose numbers it has only the database tells. */
async function whileWaiting<Result>(
  { listen }: Config,
  event: StartContext['event'],
  signal: AbortSignal,
  attempt: () => Promise<Result>,
): Promise<Result> {
  let server: WaitingServer | undefined;
  let reason = '';
  const waiting = async (cause: string) => {
    reason = cause;
    server ??= await listenWaiting(listen.bind, listen.httpPort, () => reason);
    event('warn', 'database-awaited', { cause, http_port: server.port });
  };
  try {
    return await awaitDatabase(attempt, { waiting, signal });
  } finally {
    await server?.close();
  }
}

function wantedPorts({ listen, process: settings }: Config): WantedPort[] {
  const http = { port: listen.httpPort, setting: 'SPILLWAY_HTTP_PORT' };
  if (!rolesOf(settings).has('gateway')) return [http];
  const mqtts = listen.mqttsPort === undefined ? [] : [{ port: listen.mqttsPort, setting: 'SPILLWAY_MQTTS_PORT' }];
  return [http, { port: listen.mqttPort, setting: 'SPILLWAY_MQTT_PORT' }, ...mqtts];
}

async function embeddedUrl(stateFolder: string, cleanups: StartContext['cleanups'], log: Logger): Promise<string> {
  const server = await startSupervised(join(stateFolder, 'postgres'), (level, name, fields) => log[level](fields, name));
  cleanups.push(() => server.stop());
  return server.url;
}

/** Names one process among others. */
function newName(): string {
  return randomBytes(8).toString('hex');
}
