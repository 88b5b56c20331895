import type { NumberRange } from '../contract/database-identity.js';
import type { SharedRegistries } from '../control/changes/shared-registries.js';
import { Admission } from '../control/offline/admission.js';
import type { DatabaseAbsence } from '../control/offline/database-absence.js';
import { FORMAT } from '../control/offline/snapshot.js';
import type { ThreadedDataPlane } from '../plane/data-plane.js';
import { awaitDatabase } from '../store/await-database.js';
import { takeOffsets } from '../store/offsets.js';
import { SCHEMA_VERSION } from '../store/schema/migrate.js';
import { openDatabase } from './opening.js';
import type { StartContext } from './start-context.js';

type Parts = SharedRegistries & { readonly plane: ThreadedDataPlane };

/** From now on a start can be made without the database. */
export function keepSnapshot(
  context: StartContext,
  { plane, registry, metricNames, keys, topicRules, identities, schemas, timeZones }: Parts,
  lostDevices: readonly NumberRange[],
): void {
  const { choice, config, databaseId: database, snapshots } = context;
  if (!snapshots) return;
  keys.changed = snapshots.keysChanged;
  topicRules.changed = snapshots.topicRulesChanged;
  identities.changed = snapshots.identityChanged;
  schemas.changed = snapshots.schemaChanged;
  timeZones.changed = snapshots.timeZonesChanged;
  const header = { format: FORMAT, database, schema: SCHEMA_VERSION, group: choice.consumerGroup, partitions: config.log.partitions };
  const offsets = () => plane.lag().map(({ committedOffset }) => committedOffset);
  void snapshots.begin({ header, lostDevices, registry, metricNames, keys, topicRules, identities, schemas, timeZones, offsets });
}

/** Waits for the database that is away, and commits what came meanwhile once it is known to be the one that the log belongs to. */
export function takeUp(
  context: StartContext,
  parts: Parts & { readonly absence: DatabaseAbsence; readonly ensureKey: () => Promise<void> },
  failed: (error: Error) => void,
): void {
  const { choice, config, database, event, owner, cleanups } = context;
  const { plane, registry, metricNames, keys, topicRules, identities, schemas, timeZones, absence, ensureKey } = parts;
  const ending = new AbortController();
  cleanups.push(async () => ending.abort());
  const numbers = Array.from({ length: config.log.partitions }, (_, number) => number);
  const admission = new Admission({
    open: () => openDatabase(context),
    hold: (isHeld) => database.hold(isHeld),
    reload: [
      () => schemas.refresh(),
      () => timeZones.refresh(),
      () => registry.refresh(),
      () => keys.refresh(),
      () => topicRules.refresh(),
      () => identities.refresh(),
      ensureKey,
    ],
    reloadMetrics: () => metricNames.reload(),
    claim: async () => {
      const taken = await database.run((sql) => takeOffsets(sql, choice.consumerGroup, owner, numbers));
      return numbers.map((number) => ({ number, ...taken[number]! }));
    },
    admit: (owned, lostDevices, isOther) => plane.admit(owned, lostDevices, isOther),
    isEnding: () => ending.signal.aborted,
  });
  const waiting = async (cause: string) => absence.because(cause);
  awaitDatabase(() => admission.attempt(), { waiting, signal: ending.signal }).then(
    (admitted) => {
      if (!admitted) return;
      event('info', 'database-taken-up', { seconds: absence.seconds, again: admitted.again });
      keepSnapshot(context, parts, admitted.lostDevices);
    },
    (error: Error) => {
      if (!ending.signal.aborted) failed(error);
    },
  );
}
