import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Appliance } from '../../src/cli/appliance.js';
import type { Config } from '../../src/config/table.js';
import { FleetDouble, startHttpDouble } from './http-double.js';
import { startMqttDouble } from './mqtt-double.js';

/** Answers what the command line asks of an appliance, over real sockets; registry and messages live in memory. */
export async function startApplianceDouble(config: Config): Promise<Appliance & { fleet: FleetDouble; dropConnections(): void }> {
  if (process.env.DOUBLE_FAILS === 'start')
    throw Object.assign(new Error('cannot open the log: it is locked'), { wayOut: 'stop the other one' });
  const adminKey = config.process.adminKey ?? 'double-key';
  const adminKeyIsNew = config.process.adminKey === undefined && !existsSync(join(config.process.stateFolder, 'admin-key'));
  mkdirSync(config.process.stateFolder, { recursive: true });
  writeFileSync(join(config.process.stateFolder, 'admin-key'), `${adminKey}\n`, { mode: 0o600 });
  const fleet = new FleetDouble(process.env.DOUBLE_KEEPS_FLEET ? join(config.process.stateFolder, 'fleet.json') : undefined);
  const http = await startHttpDouble(fleet, adminKey, config.listen.httpPort);
  const mqtt = await startMqttDouble(fleet, config.listen.mqttPort);
  let end = () => {};
  let fail = (_: Error) => {};
  const stopped = new Promise<void>((resolve, reject) => {
    end = resolve;
    fail = reject;
  });
  if (process.env.DOUBLE_FAILS === 'later') setTimeout(() => fail(new Error('kernel pipeline stopped')), 50);
  const dropConnections = () => {
    for (const socket of mqtt.sockets) socket.destroy();
  };
  const stop = async () => {
    fleet.save();
    http.server.close();
    http.server.closeAllConnections();
    mqtt.server.close();
    dropConnections();
    // A double that takes its time lets a test press Ctrl-C again.
    if (process.env.DOUBLE_STOP_MS) await new Promise((resolve) => setTimeout(resolve, Number(process.env.DOUBLE_STOP_MS)));
    end();
  };
  return {
    // An address that is no URL makes whoever prints it fail.
    httpUrl: process.env.DOUBLE_FAILS === 'greeting' ? `http://::1:${http.port}` : `http://127.0.0.1:${http.port}`,
    httpPort: http.port,
    ports: { mqtt: mqtt.port },
    adminKey,
    adminKeyIsNew,
    stop,
    stopped,
    fleet,
    dropConnections,
  };
}
