import { z } from 'zod';
import { JSON_DEPTH_MAX } from '../../../assembly/abi/limits.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { callersGroup, callersTenant, seesTenant } from '../../http/caller.js';
import type { Request } from '../../http/exchange.js';
import { FORBIDDEN_TENANT, labelSchema, parseQuery, textSchema } from '../../http/input.js';
import { DEVICE_STATUSES, type Device } from './device.js';
import { deviceIdProblem, tenantIdProblem, tokenProblem } from './device-id.js';
import { METADATA_BYTES_MAX } from './device-patch.js';
import type { Registry } from './registry.js';

export const TENANT_DEFAULT = 'default';
const FIRMWARE_BYTES_MAX = 64;

export const deviceIdSchema = textSchema(deviceIdProblem);
/** The tenant that a call is about; a caller of one tenant means that one, and may not name another. */
export const tenantSchema = textSchema(tenantIdProblem)
  .superRefine((tenant, context) => {
    if (!seesTenant(tenant)) context.addIssue({ code: 'custom', message: FORBIDDEN_TENANT });
  })
  .default(() => callersTenant() ?? TENANT_DEFAULT);
export const tokenSchema = textSchema(tokenProblem);
export const deviceClassSchema = labelSchema;
/** A version of firmware, as devices write it. */
export const firmwareSchema = textSchema(firmwareProblem);
export const statusSchema = z.enum(DEVICE_STATUSES, `must be one of ${DEVICE_STATUSES.join(', ')}`);
export const tenantQuery = z.object({ tenant: tenantSchema });

/** An object of free members that PostgreSQL can keep as jsonb. */
export const metadataSchema = z.custom<Readonly<Record<string, unknown>>>().superRefine((value: unknown, context) => {
  const problem = metadataProblem(value);
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
});

function metadataProblem(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'must be an object';
  if (!shallow(value, JSON_DEPTH_MAX)) return `must not nest deeper than ${JSON_DEPTH_MAX} levels`;
  const written = JSON.stringify(value);
  if (Buffer.byteLength(written) > METADATA_BYTES_MAX) return `must not be longer than ${METADATA_BYTES_MAX} bytes`;
  // jsonb has no NUL and no lone surrogates; JSON.stringify writes both as escapes.
  return /(?<!\\)(\\\\)*\\u(0000|d[89a-f])/.test(written) ? 'must not hold NUL or lone surrogates' : undefined;
}

function shallow(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => shallow(member, levels - 1));
}

/** The device that the path and `?tenant` name; `attempt` is a verb: "read". */
export function deviceOf(registry: Pick<Registry, 'get' | 'groups' | 'unknown'>, request: Request, attempt: string): Device | ApiFailure {
  const id = request.params[0]!;
  const query = parseQuery(request.query, tenantQuery, `${attempt} device ${id}`);
  if (query instanceof ApiFailure) return query;
  const device = registry.get(query.tenant, id);
  if (device && isSeen(registry, device)) return device;
  return device
    ? new ApiFailure('device_unknown', `${attempt} device ${id}`)
    : registry.unknown('device_unknown', `${attempt} device ${id}`);
}

/** Whether the caller may see the device: whose key is of a group sees no other. */
function isSeen({ groups }: Pick<Registry, 'groups'>, { tenant, details }: Device): boolean {
  const group = callersGroup();
  if (group === undefined) return true;
  const seen = groups.of(tenant).subtree(group);
  return details.groups.some((number) => seen.has(number));
}

export function firmwareProblem(version: string): string | undefined {
  if (version === '' || Buffer.byteLength(version) > FIRMWARE_BYTES_MAX) return `must have 1 to ${FIRMWARE_BYTES_MAX} bytes`;
  return /\p{Cc}|\p{Surrogate}/u.test(version) ? 'must not hold control characters or lone surrogates' : undefined;
}
