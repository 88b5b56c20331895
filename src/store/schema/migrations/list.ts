import { registryReadingsOffsets } from './0001-registry-readings-offsets.js';
import { segmentsForLargeBatches } from './0002-segments-for-large-batches.js';
import { deadLettersOfRows } from './0003-dead-letters-of-rows.js';
import { ownersOfOffsets } from './0004-owners-of-offsets.js';
import { positionsOfTopics } from './0005-positions-of-topics.js';
import { announcedBatches } from './0006-announced-batches.js';
import { tokensReplacedDevicesDeleted } from './0007-tokens-replaced-devices-deleted.js';
import { adminKeysRevoked } from './0008-admin-keys-revoked.js';
import { identityOfTheDatabase } from './0009-identity-of-the-database.js';
import { textsInRawMetrics } from './0010-texts-in-raw-metrics.js';
import { deadLettersByDevice } from './0011-dead-letters-by-device.js';
import { deadLettersTriedAgain } from './0012-dead-letters-tried-again.js';
import { topicRules } from './0013-topic-rules.js';
import { deadLettersCounted } from './0014-dead-letters-counted.js';
import { tagsOfMetrics } from './0015-tags-of-metrics.js';
import { payloadSchemas } from './0016-payload-schemas.js';
import { whoNamedMetrics } from './0017-who-named-metrics.js';
import { deviceDetailsGroups } from './0018-device-details-groups.js';
import { whoMayUseTopics } from './0019-who-may-use-topics.js';
import { payloadCodecs } from './0020-payload-codecs.js';
import { credentialsOfDevices } from './0021-credentials-of-devices.js';
import { rolesOfKeysAuditLog } from './0022-roles-of-keys-audit-log.js';
import { issuersOfTokens } from './0023-issuers-of-tokens.js';
import { claimCodes } from './0024-claim-codes.js';
import { unitsOfSeries } from './0025-units-of-series.js';
import { devicePacks } from './0026-device-packs.js';
import { authoritiesOfDevices } from './0027-authorities-of-devices.js';
import { timeZones } from './0028-time-zones.js';
import type { Migration } from './migration.js';

/** Every step, in the order in which a database takes them. */
export const migrations: readonly Migration[] = [
  registryReadingsOffsets,
  segmentsForLargeBatches,
  deadLettersOfRows,
  ownersOfOffsets,
  positionsOfTopics,
  announcedBatches,
  tokensReplacedDevicesDeleted,
  adminKeysRevoked,
  identityOfTheDatabase,
  textsInRawMetrics,
  deadLettersByDevice,
  deadLettersTriedAgain,
  topicRules,
  deadLettersCounted,
  tagsOfMetrics,
  payloadSchemas,
  whoNamedMetrics,
  deviceDetailsGroups,
  whoMayUseTopics,
  payloadCodecs,
  credentialsOfDevices,
  rolesOfKeysAuditLog,
  issuersOfTokens,
  claimCodes,
  unitsOfSeries,
  devicePacks,
  authoritiesOfDevices,
  timeZones,
];
