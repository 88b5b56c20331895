import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { rolesOf } from '../config/settings/process.js';
import type { Config } from '../config/table.js';
import { SnapshotKeeper } from '../control/offline/snapshot-keeper.js';
import { chooseLog } from '../log/choice.js';
import { assertPortsFree, type WantedPort } from '../plane/free-ports.js';
import { type ConnectionShares, connectionShares } from '../reactor/open-files.js';
import { LogMarkFile } from '../state/log-mark.js';
import { MarkedOwnership } from '../state/log-ownership.js';
import { readOrCreateText } from '../state/read-or-create-text.js';
import { SnapshotFile } from '../state/snapshot-file.js';
import { makeStateFolder } from '../state/state-folder.js';
import { lockStateFolder } from '../state/state-lock.js';
import { ControlDatabase } from '../store/control-database.js';
import { startSupervised } from '../store/embedded/supervised.js';
import type { HeldLines } from '../telemetry/held-lines.js';
import { createLog } from '../telemetry/log.js';
import type { Report } from '../telemetry/report.js';
import { type Opened, type Opening, openDatabase, openOrStandIn } from './opening.js';

export interface StartOptions {
  readonly config: Config;
  /** Aborts when the appliance need not come up any more. */
  readonly stopping: AbortSignal;
  /** Where the log waits for what people read first; undefined: it does not wait. */
  readonly heldLog: HeldLines | undefined;
}

/** What every part of a starting appliance is made of. */
export interface StartContext extends Opening, Opened {
  readonly log: Logger;
  /** Names this run of this process to others that meet it at the database. */
  readonly owner: string;
  readonly shares: ConnectionShares;
  /** What was started, to be ended in the opposite order. */
  readonly cleanups: (() => Promise<unknown>)[];
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
  const event: Report = (level, name, fields) => log[level](fields, name);
  const database = new ControlDatabase(databaseUrl, event);
  cleanups.push(() => database.close());
  const logMark = new LogMarkFile(stateFolder);
  const mark = config.log.kind === 'none' ? undefined : logMark;
  const choice = chooseLog(config, {
    nodeName: () => readOrCreateText(stateFolder, 'node-name', newName),
    ownership: (topic) => new MarkedOwnership(logMark, { stateFolder, topic }),
  });
  const snapshots = mark && !choice.kafka ? new SnapshotKeeper(new SnapshotFile(stateFolder), event) : undefined;
  cleanups.push(async () => snapshots?.close());
  const shares = connectionShares(config.listen.httpConnections, config.listen.gateways);
  const context = { config, log, choice, shares, owner: newName(), databaseUrl, database, mark, snapshots, cleanups, event };
  // On a first start a database that is not there is a mistake in its address more often than an outage.
  const opened = hasRunBefore ? await openOrStandIn(context, stopping) : await openDatabase(context);
  return { ...context, ...opened };
}

function wantedPorts({ listen, process: settings }: Config): WantedPort[] {
  const http = { port: listen.httpPort, setting: 'SPILLWAY_HTTP_PORT' };
  const more = (port: number | undefined, setting: string) => (port === undefined ? [] : [{ port, setting }]);
  const https = more(listen.httpsPort, 'SPILLWAY_HTTPS_PORT');
  if (!rolesOf(settings).has('gateway')) return [http, ...https];
  return [
    http,
    ...https,
    { port: listen.mqttPort, setting: 'SPILLWAY_MQTT_PORT' },
    ...more(listen.mqttsPort, 'SPILLWAY_MQTTS_PORT'),
    ...more(listen.mqttWsPort, 'SPILLWAY_MQTT_WS_PORT'),
    ...more(listen.mqttWssPort, 'SPILLWAY_MQTT_WSS_PORT'),
    ...more(listen.coapPort, 'SPILLWAY_COAP_PORT').map((wanted) => ({ ...wanted, isUdp: true })),
    ...more(listen.coapsPort, 'SPILLWAY_COAPS_PORT').map((wanted) => ({ ...wanted, isUdp: true })),
  ];
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
