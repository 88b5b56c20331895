import { z } from 'zod';
import { DEVICES_MAX } from '../../../assembly/abi/limits.js';
import { bulkAnswer } from '../../contract/answers/devices.js';
import { ApiFailure } from '../../contract/api-errors.js';
import { adminOnly, type KeyCheck } from '../../http/auth.js';
import { json, type Request } from '../../http/exchange.js';
import { ADMIN_BODY, parseBody } from '../../http/input.js';
import type { RouteDoc } from '../../http/route-doc.js';
import type { Route } from '../../http/router.js';
import { planFleet } from './fleet.js';
import { registerFleet } from './fleet-registration.js';
import { deviceClassSchema, firmwareSchema, tenantSchema, tokenSchema } from './input.js';
import type { Registry } from './registry.js';

/** Devices of one call that get a token each: all of them stand in the answer. */
const OWN_TOKENS_MAX = 100_000;
/** Ids that are named of those that were there already. */
const EXISTING_IDS_MAX = 1000;

const count = (max: number) => z.int('must be a whole number').min(1, 'must be at least 1').max(max, `must be at most ${max}`);

const fleetSchema = z.strictObject({
  count: count(DEVICES_MAX),
  id_format: z.string('must be a string').max(512, 'must have at most 512 characters').default('dev-%06d'),
  token: tokenSchema.optional(),
  tenant: tenantSchema,
  via_format: z.string('must be a string').max(512, 'must have at most 512 characters').nullish(),
  per_gateway: count(DEVICES_MAX).default(500),
  device_class: deviceClassSchema.nullish(),
  firmware_version: firmwareSchema.nullish(),
});

const doc: RouteDoc = {
  summary: 'Registers numbered devices, behind gateways where that is wanted',
  auth: 'operator',
  scope: 'tenant',
  request: fleetSchema,
  answers: { 201: bulkAnswer },
  codes: ['token_too_short', 'devices_exhausted', 'state_unwritable'],
};

export function fleetRoutes(registry: Registry, keys: KeyCheck): Route[] {
  const admit = adminOnly(keys);
  return [{ method: 'POST', pattern: '/v1/devices/bulk', doc, body: ADMIN_BODY, admit, handle: (request) => register(registry, request) }];
}

async function register(registry: Registry, { body }: Request) {
  const attempt = 'register devices';
  const input = parseBody(body, fleetSchema, attempt);
  if (input instanceof ApiFailure) return input;
  const { tenant, token } = input;
  if (token === undefined && input.count > OWN_TOKENS_MAX) {
    return new ApiFailure('body_invalid', attempt, `count must be at most ${OWN_TOKENS_MAX} when no token is given`);
  }
  const fleet = planFleet({
    count: input.count,
    idFormat: input.id_format,
    viaFormat: input.via_format ?? undefined,
    perGateway: input.per_gateway,
  });
  if (fleet instanceof ApiFailure) return fleet;
  const kind = { deviceClass: input.device_class ?? null, firmwareVersion: input.firmware_version ?? null };
  const registered = await registerFleet(registry, tenant, fleet, { token, kind });
  if (registered instanceof ApiFailure) return registered;
  return json(201, {
    created: registered.created,
    gateways_created: registered.gatewaysCreated,
    // They keep their tokens and gateways, whatever this call says.
    existing: registered.kept.length,
    existing_ids: registered.kept.slice(0, EXISTING_IDS_MAX),
    first: fleet.devices[0],
    last: fleet.devices.at(-1),
    tenant,
    ...(token === undefined
      ? { devices: registered.tokens.map((own) => ({ device_id: own.id, auth_token: own.token })) }
      : { auth_token: token }),
  });
}
