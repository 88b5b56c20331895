import type { DeviceEntry } from '../contract/devices.js';
import { ChangeFeed } from '../control/changes/change-feed.js';
import { followRegistries, type SharedRegistries } from '../control/changes/shared-registries.js';
import { Registry, type RegistryOptions } from '../control/registry/registry.js';
import { namesIn, type PublishedReadings } from '../control/topics/publishers.js';
import type { ThreadedDataPlane } from '../plane/data-plane.js';
import { partitionsHere } from './data-plane.js';
import type { StartContext } from './start-context.js';

const PUBLISH_DEVICES_MAX = 10_000;

/** The devices of the deployment, known to the gateways of this process. */
export async function openRegistry(
  context: StartContext,
  plane: ThreadedDataPlane,
  { metricNames, keys, topicRules, identities, schemas, timeZones }: Omit<SharedRegistries, 'registry'>,
  readings: PublishedReadings | undefined,
): Promise<Registry> {
  const { log, choice, owner, database, mark, standIn, snapshots, cleanups } = context;
  const changes = choice.kafka && new ChangeFeed(database, owner);
  const options: RegistryOptions = {
    database,
    ...(snapshots ? { keep: snapshots.devicesChanged, forget: snapshots.devicesDeleted } : {}),
    // A gateway lets a device in from its registration on, and the log has its number.
    reserve: (number) => mark?.raise('devices', number),
    publish: (entries) => plane.publishDevices(entries),
    retract: (numbers) => plane.deleteDevices(numbers),
    proofs: identities.proofs,
    timeZones,
    schemaOf: (device) => schemas.numberOf(device),
    publishSchemas: (resolution) => plane.publishSchemas(resolution),
    ...(changes ? { tell: (from: number, to: number) => changes.tell({ kind: 'devices', from, to }) } : {}),
  };
  const registry = standIn ? Registry.restore(options, standIn.devices, standIn.deleted) : await Registry.load(options);
  schemas.assign = (tenant) => registry.assignSchemas(tenant);
  timeZones.assign = (tenant) => registry.assignSchemas(tenant);
  readings?.begin({ registry, names: namesIn(registry, metricNames), partitions: () => partitionsHere(plane) });
  await publishAll(plane, registry.entries());
  if (changes) {
    const failed = (error: Error) => log.error({ cause: error.message }, 'changes-not-followed');
    const unfollow = await followRegistries(changes, { registry, metricNames, keys, topicRules, identities, schemas, timeZones }, failed);
    cleanups.push(async () => unfollow());
  }
  return registry;
}

async function publishAll(plane: ThreadedDataPlane, entries: Iterable<DeviceEntry>): Promise<void> {
  let batch: DeviceEntry[] = [];
  for (const entry of entries) {
    if (batch.push(entry) === PUBLISH_DEVICES_MAX) {
      await plane.publishDevices(batch);
      batch = [];
    }
  }
  if (batch.length > 0) await plane.publishDevices(batch);
}
