import type { Appliance } from '../cli/appliance.js';
import { plainHttpBind } from '../config/settings/listen.js';
import { authority, reachableHost } from '../contract/host-address.js';
import { Codecs } from '../control/codecs/codecs.js';
import { Identities } from '../control/identity/identities.js';
import { AdminKeys } from '../control/keys/admin-keys.js';
import { MetricNames } from '../control/metrics/metric-names.js';
import { DatabaseAbsence } from '../control/offline/database-absence.js';
import { Schemas } from '../control/schemas/schemas.js';
import { TimeZones } from '../control/time-zones/time-zones.js';
import { TopicRules } from '../control/topic-rules/topic-rules.js';
import { readOrCreateText } from '../state/read-or-create-text.js';
import { secretBox } from '../state/secret-box.js';
import { startControl } from './control.js';
import { startPlane } from './data-plane.js';
import { keepSnapshot, takeUp } from './offline.js';
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
  const { database, standIn } = context;
  let stopped!: (error?: Error) => void;
  const ended = new Promise<void>((resolve, reject) => {
    stopped = (error) => (error ? reject(error) : resolve());
  });
  ended.catch(() => {});

  const nameOptions = { limits: config.metrics };
  const metricNames = standIn ? MetricNames.restore(database, standIn.metrics, nameOptions) : await MetricNames.load(database, nameOptions);
  const codecs = new Codecs(database);
  const schemaOptions = { database, codecs, event: context.event };
  // Before the data plane: a log that is run again has messages of old versions.
  const schemas = standIn ? Schemas.restore(schemaOptions, standIn.schemas) : await Schemas.load(schemaOptions);
  const timeZones = standIn ? TimeZones.restore(database, standIn.timeZones) : await TimeZones.load(database);
  const readings = publishReadings(context);
  const absence = standIn && new DatabaseAbsence();
  const plane = await startPlane(context, { metricNames, schemas, timeZones, readings, absence }, (error) => stopped(error));
  const keys = standIn ? AdminKeys.restore(database, standIn.keys) : await AdminKeys.load(database);
  const rulesOptions = { database, publish: plane.setTopicRules.bind(plane), event: context.event };
  // Before a device connects: by the built-in rules alone a topic may mean something else.
  const topicRules = standIn ? TopicRules.restore(rulesOptions, standIn.topicRules) : await TopicRules.load(rulesOptions);
  const identityOptions = { database, box: secretBox(config.process), publish: plane.publishIdentity.bind(plane), event: context.event };
  const identities = standIn ? await Identities.restore(identityOptions, standIn.identities) : await Identities.load(identityOptions);
  const registry = await openRegistry(context, plane, { metricNames, keys, topicRules, identities, schemas, timeZones }, readings);
  let adminKeyIsNew = false;
  const makeKey = () => {
    adminKeyIsNew = true;
    return AdminKeys.generate();
  };
  const adminKey = config.process.adminKey ?? readOrCreateText(config.process.stateFolder, 'admin-key', makeKey);
  const ensureKey = async () => {
    if (!(await keys.ensure(adminKey, 'first'))) context.event('warn', 'admin-key-revoked', {});
  };
  if (!absence) await ensureKey();
  const parts = { plane, registry, metricNames, keys, topicRules, identities, schemas, timeZones };
  const http = await startControl(context, { ...parts, codecs }, readings);
  await plane.listen();
  if (absence) takeUp(context, { ...parts, absence, ensureKey }, (error) => stopped(error));
  else keepSnapshot(context, parts, context.lostDevices);

  let ending: Promise<void> | undefined;
  return {
    httpUrl: `http://${authority(reachableHost(plainHttpBind(config.listen)), http.port)}`,
    httpPort: http.port,
    httpsPort: http.httpsPort,
    ports: plane.ports,
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
