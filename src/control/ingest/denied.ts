import { CODE_TOPIC_FORBIDDEN } from '../../../assembly/abi/codes.js';
import type { TenantAcl } from '../../contract/acl/tenant-acl.js';
import type { ApiFailure } from '../../contract/api-errors.js';
import { ownTopic } from '../../contract/topic-rules/own-topics.js';
import type { Device } from '../registry/device.js';
import { failureOf } from './failure.js';

/** Rules that deny telemetry. */
export type DenyingRules = Pick<TenantAcl, 'denies'>;

/** The refusal of a message that rules deny the device; `topic` null: it has none, and counts as one on the device's own topic. */
export function denied(
  acl: DenyingRules,
  { tenant, id, deviceClass }: Device,
  topic: string | null,
  attempt: string,
): ApiFailure | undefined {
  const isDenied = acl.denies({ kind: 'device', tenant, name: id, deviceClass }, topic ?? ownTopic(id));
  return isDenied ? failureOf(CODE_TOPIC_FORBIDDEN, attempt) : undefined;
}
