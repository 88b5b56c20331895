import type { Appliance } from '../cli/appliance.js';
import { authority, reachableHost } from '../contract/host-address.js';
import { AdminKeys } from '../control/keys/admin-keys.js';
import { MetricNames } from '../control/metrics/metric-names.js';
import { readOrCreateText } from '../state/read-or-create-text.js';
import { startControl } from './control.js';
import { startPlane } from './data-plane.js';
import { openRegistry } from './registries.js';
import { prepare, type StartContext, type StartOptions } from './start-context.js';
import { publishReadings } from './topics.js';

/** Brings the whole appliance up; what was started is stopped again when a later part fails. */
export async function startAppliance(options: StartOptions): Promise<Appliance> {
  const cleanups: StartContext['cleanups'] = [];
  const cleanUp = async () => {
    for (let last = cleanups.pop(); last; last = cleanups.pop()) await last();
  };
  try {
    return await bringUp(options, cleanups, cleanUp);
  } catch (error) {
    options.heldLog?.release();
    await cleanUp();
    throw error;
  }
}

async function bringUp(options: StartOptions, cleanups: StartContext['cleanups'], cleanUp: () => Promise<void>): Promise<Appliance> {
  const { config, heldLog } = options;
  const context = await prepare(options, cleanups);
  let stopped!: (error?: Error) => void;
  const ended = new Promise<void>((resolve, reject) => {
    stopped = (error) => (error ? reject(error) : resolve());
  });
  ended.catch(() => {});

  const metricNames = await MetricNames.load(context.database);
  const readings = publishReadings(context);
  const plane = await startPlane(context, metricNames, readings, (error) => stopped(error));
  const keys = await AdminKeys.load(context.database);
  const registry = await openRegistry(context, plane, { metricNames, keys }, readings);
  let adminKeyIsNew = false;
  const makeKey = () => {
    adminKeyIsNew = true;
    return AdminKeys.generate();
  };
  const adminKey = config.process.adminKey ?? readOrCreateText(config.process.stateFolder, 'admin-key', makeKey);
  if (!(await keys.ensure(adminKey, 'first'))) context.event('warn', 'admin-key-revoked', {});
  const http = await startControl(context, { plane, registry, metricNames, keys }, readings);
  const mqttPort = await plane.listen();

  let ending: Promise<void> | undefined;
  return {
    httpUrl: `http://${authority(reachableHost(config.listen.bind), http.port)}`,
    httpPort: http.port,
    mqttPort,
    mqttsPort: plane.mqttsPort,
    adminKey,
    adminKeyIsNew,
    databaseUrl: context.databaseUrl,
    showLog: () => heldLog?.release(),
    stopped: ended,
    stop: () => {
      ending ??= cleanUp().then(() => stopped());
      return ending;
    },
  };
}
